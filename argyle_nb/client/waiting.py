"""Waiting until processing rests: one poller for many uploads."""

from __future__ import annotations

import time
import warnings
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

from argyle_nb.client.polling import Watch
from argyle_nb.models import UserUpload

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from argyle_nb.client.polling import Progress, Watched
    from argyle_nb.client.transport import Transport

_NAMED = 5


class Waited(list[UserUpload]):
    """Uploads as they stand after waiting, in the order given.

    Parameters
    ----------
    uploads
        The newest state of each, at rest or not.
    reasons
        Upload id -> why waiting for it ended, in words.
    unfinished
        Those that did not come to rest; wait for them again later.

    Examples
    --------
    >>> waited = Waited([UserUpload("u1")], {"u1": "complete"}, [])
    >>> waited
    <1 upload: 1 complete>
    >>> waited.reasons["u1"], waited.unfinished
    ('complete', [])
    """

    def __init__(
        self,
        uploads: Iterable[UserUpload],
        reasons: Mapping[str, str],
        unfinished: Sequence[UserUpload],
    ) -> None:
        super().__init__(uploads)
        self.reasons = dict(reasons)
        self.unfinished = list(unfinished)

    def __repr__(self) -> str:
        counts = Counter(self.reasons.values())
        told = "; ".join(f"{count} {reason}" for reason, count in counts.most_common())
        return f"<{_counted(len(self))}: {told}>" if told else f"<{_counted(len(self))}>"


def wait_for(
    transport: Transport,
    uploads: Iterable[UserUpload],
    timeout: float,
    progress: bool | Progress = False,
) -> Waited:
    """Wait until the processing of uploads rests.

    Parameters
    ----------
    transport
        Who asks.
    uploads
        The states that are known; what rests already is not asked for.
    timeout
        Seconds.
    progress
        ``True`` for a bar, or called with (at rest, in all).

    Returns
    -------
    Waited
        The newest state of each, and why waiting for it ended.

    Raises
    ------
    AuthenticationError
        When the key is refused.

    Examples
    --------
    >>> wait_for(transport, [upload], timeout=60)  # doctest: +SKIP
    <1 upload: 1 complete>
    """
    watch = Watch(transport)
    watch.add(uploads)
    with _teller(progress) as tell:
        watch.run(tell, time.monotonic() + timeout)
    all_watched = list(watch.watched.values())
    reasons = {watched.upload.id: _reason(watched, timeout) for watched in all_watched}
    open_ = [watched.upload for watched in all_watched if watched.moves or watched.given_up]
    _warn_of(open_, reasons)
    return Waited([watched.upload for watched in all_watched], reasons, open_)


def _reason(watched: Watched, timeout: float) -> str:
    still = watched.trouble or f"still being processed after {timeout:.0f} s"
    return watched.rests_because or still


def _warn_of(uploads: Sequence[UserUpload], reasons: Mapping[str, str]) -> None:
    if not uploads:
        return
    named = [f"{upload.id} ({reasons[upload.id]})" for upload in uploads[:_NAMED]]
    more = f", and {len(uploads) - _NAMED} more" if len(uploads) > _NAMED else ""
    warnings.warn(
        f"{_counted(len(uploads))} did not come to rest: {', '.join(named)}{more}. "
        "They are in `.unfinished` of the result: wait for them again later",
        stacklevel=4,
    )


def _counted(number: int) -> str:
    return f"{number} upload" if number == 1 else f"{number} uploads"


@contextmanager
def _teller(progress: bool | Progress) -> Iterator[Progress]:
    if not progress or callable(progress):
        yield progress or (lambda *_: None)
        return
    from tqdm.auto import tqdm  # noqa: PLC0415 - heavy, and only for those who look

    with tqdm(unit="upload", desc="at rest") as bar:

        def tell(rested: int, total: int) -> None:
            bar.total = total
            bar.update(rested - bar.n)

        yield tell
