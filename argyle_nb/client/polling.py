"""Waiting: uploads are looked at in rounds, in as few requests as it takes, until they rest."""

from __future__ import annotations

import sys
import threading
import time
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from argyle_nb import notebook
from argyle_nb.client.pagination import UPLOADS, pages
from argyle_nb.client.responses import read_as
from argyle_nb.errors import (
    ArgyleError,
    AuthenticationError,
    ConfigurationError,
    DecodeError,
    NotFoundError,
    TransportError,
)
from argyle_nb.models import UserUpload, checked_id, decode, decode_each, is_uuid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import pandas as pd

    from argyle_nb.client.transport import Transport

    ProgressCallback = Callable[[int, int], None]
    Waitable = Iterable[UserUpload | str] | UserUpload | str | pd.DataFrame | pd.Series[str]

FIRST_POLL_SECONDS, LONGEST_POLL_SECONDS = 1.0, 15.0
STEADY_SECONDS = 30.0
# What was taken in just now may not be shown at once.
APPEARS_SECONDS = 10.0

STAGES = ("classification", "ocr", "authenticity")
COMPLETE = "complete"
# A stage failed, and there is no score.
PROCESSING_FAILED = "processing failed"

_GROWTH = 1.5
_AT_ONCE = 8
# A page of a list is many times larger than one upload, so it has to show several.
_WORTH_A_PAGE = 5
_PATIENCE = 3
# A bar that comes and goes at once is only in the way.
BAR_AFTER_SECONDS = 1.5
# So many that did not finish are named in the warning.
_NAMED = 5


@dataclass
class PolledUpload:
    """One upload, and when its stages last moved and were last seen, on the monotonic clock."""

    upload: UserUpload
    moved_at: float
    seen_at: float
    unseen: bool = False
    failures: int = 0
    trouble: str | None = None
    gone: bool = False

    @property
    def may_appear(self) -> bool:
        """Whether it was taken in so lately that Argyle need not show it yet."""
        never_seen = self.unseen and self.upload.created_at is None
        return never_seen and time.monotonic() < self.moved_at + APPEARS_SECONDS

    @property
    def given_up(self) -> bool:
        """Whether it cannot be looked at."""
        return self.gone or self.failures >= _PATIENCE

    @property
    def moves(self) -> bool:
        """Whether more is expected of it."""
        moves = self.unseen or may_move(self.upload, self.moved_at, self.seen_at)
        return moves and not self.given_up

    @property
    def rests_because(self) -> str:
        """Say why nothing more is expected; empty while it moves."""
        if self.moves:
            return ""
        if self.gone:
            return "not found at Argyle (404)"
        return str(self.trouble) if self.given_up else _how_it_rests(self.upload)

    def see(self, newest: UserUpload) -> None:
        """Take down its newest state."""
        self.seen_at, self.failures, self.trouble = time.monotonic(), 0, None
        self.unseen = False
        if newest.stages != self.upload.stages:
            self.moved_at = self.seen_at
        self.upload = with_known(newest, self.upload)

    def fail(self, error: ArgyleError) -> None:
        """Take down that it could not be looked at."""
        self.gone = isinstance(error, NotFoundError) and not self.may_appear
        self.failures += 1
        self.trouble = f"status not read: {error}"


class Poller:
    """Looks at uploads that move, in rounds."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._deadline = float("inf")
        self._listing_pays = True
        self._lost_rounds = 0
        self._lost = False
        self.watched: dict[str, PolledUpload] = {}

    def add(self, uploads: Iterable[UserUpload], *, unseen: bool = False) -> None:
        """Look at more uploads; what rests is asked for only where it is ``unseen``."""
        now = time.monotonic()
        self.watched |= {upload.id: PolledUpload(upload, now, now, unseen) for upload in uploads}

    @property
    def moving(self) -> list[PolledUpload]:
        """Those of which more is expected."""
        return [watched for watched in self.watched.values() if watched.moves]

    @property
    def is_lost(self) -> bool:
        """Whether nothing was reached several times in a row."""
        return self._lost_rounds >= _PATIENCE

    def run(self, tell: ProgressCallback, deadline: float) -> None:
        """Look until nothing moves, nothing is reached, or the time is over."""
        pause = FIRST_POLL_SECONDS
        while True:
            moving = self.moving
            tell(len(self.watched) - len(moving), len(self.watched))
            left = deadline - time.monotonic()
            if not moving or left <= 0 or self.is_lost:
                return
            time.sleep(min(pause, left))
            pause = min(pause * _GROWTH, LONGEST_POLL_SECONDS)
            self.look(deadline)

    def look(self, deadline: float) -> None:
        """Look once at all that move, as far as the deadline (of the monotonic clock) allows."""
        moving = self.moving
        self._lost, self._deadline = False, deadline
        wanted = {watched.upload.id: watched for watched in moving}
        if self._listing_pays and len(wanted) >= _WORTH_A_PAGE:
            self._list(wanted)
        with ThreadPoolExecutor(_AT_ONCE) as workers:
            try:
                list(workers.map(self._ask, wanted.values()))
            except BaseException:
                self._lost = True  # what waits for its turn is not asked for
                raise
        self._lost_rounds = self._lost_rounds + 1 if self._lost else 0

    def _list(self, wanted: dict[str, PolledUpload]) -> None:
        """Look at pages of the list as long as each shows several, and strike off what they show.

        That costs one page at most more than asking for each, in whatever order the list comes.
        """
        shown, filters = 0, _shared([watched.upload for watched in wanted.values()])
        try:
            for number, records in enumerate(self._pages(filters), 1):
                for upload, _ in decode_each(records.items(), UserUpload, []):
                    # What can't be read is asked for by itself, if it is waited for.
                    if watched := wanted.pop(upload.id, None):
                        watched.see(upload)
                        shown += 1
                self._listing_pays = shown >= number * _WORTH_A_PAGE
                if not wanted or not self._listing_pays or time.monotonic() > self._deadline:
                    return
        except AuthenticationError:
            raise
        except ArgyleError:
            self._listing_pays = False  # asking for each will tell what is wrong

    def _pages(self, filters: Mapping[str, str | None]) -> Iterator[Mapping[int, msgspec.Raw]]:
        seconds = max(0.0, self._deadline - time.monotonic())
        return (raws for _, raws in pages(self._transport, UPLOADS, filters, seconds=seconds))

    def _ask(self, watched: PolledUpload) -> None:
        """Ask for one upload; only an error that befalls all of them is raised."""
        if self._lost or time.monotonic() > self._deadline:
            return
        try:
            watched.see(self._got(watched.upload.id))
        except AuthenticationError:
            raise
        except TransportError as error:
            self._lost, watched.trouble = True, f"status not read: {error}"
        except ArgyleError as error:
            watched.fail(error)

    def _got(self, upload_id: str) -> UserUpload:
        left = max(0.0, self._deadline - time.monotonic())
        answer = self._transport.get(f"{UPLOADS}/{checked_id('id', upload_id)}", seconds=left)
        upload = read_as(lambda body: decode(body, UserUpload), answer, self._transport.settings)
        if upload.id != upload_id:
            raise DecodeError(upload_id, "$.id", "another upload was returned")
        return upload


def may_move(upload: UserUpload, moved_at: float, seen_at: float | None = None) -> bool:
    """Tell whether an upload's processing may go on; the moments are of the monotonic clock."""
    if upload.at_rest:
        return False
    still_for = (time.monotonic() if seen_at is None else seen_at) - moved_at
    return "in_progress" in upload.stages or still_for < STEADY_SECONDS


def with_known(newest: UserUpload, known: UserUpload) -> UserUpload:
    """Carry over what only this package knows of an upload."""
    return msgspec.structs.replace(
        newest, user=known.user, requested_document_type=known.requested_document_type
    )


def _shared(uploads: Sequence[UserUpload]) -> dict[str, str | None]:
    """Narrow the list down where all uploads have the same user or account."""
    users = {upload.user for upload in uploads}
    accounts = {upload.account for upload in uploads}
    return {
        name: values.pop()
        for name, values in (("user", users), ("account", accounts))
        if len(values) == 1
    }


def _how_it_rests(upload: UserUpload) -> str:
    stages = dict(zip(STAGES, upload.stages, strict=True))
    if "failed" in upload.stages:
        return _how_it_failed(upload, stages)
    if denied := [name for name, status in stages.items() if status == "unauthorized"]:
        return f"not enabled for this key (status: unauthorized): {', '.join(denied)}"
    if not any(upload.stages):
        return "Argyle returned no processing status"
    if not upload.at_rest:
        return f"no further processing within {STEADY_SECONDS:.0f} s (status: idle)"
    return COMPLETE


def _how_it_failed(upload: UserUpload, stages: Mapping[str, str | None]) -> str:
    """Tell a failure from a score that came all the same, as counts of scores do."""
    with suppress(DecodeError):
        if upload.ocr_authenticity_score is not None:
            failed = [name for name, status in stages.items() if status == "failed"]
            return f"scored although {', '.join(failed)} failed"
    return PROCESSING_FAILED


class Waited(list[UserUpload]):
    """Uploads as they stand after waiting, in the order given.

    Parameters
    ----------
    uploads
        The newest state of each, finished or not.
    reasons
        Upload id -> why waiting for it ended, in words.
    unfinished
        Those whose processing did not finish; wait for them again later.

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
        reasons = "; ".join(f"{count} {reason}" for reason, count in counts.most_common())
        return f"<{_counted(len(self))}: {reasons}>" if reasons else f"<{_counted(len(self))}>"

    def _repr_html_(self) -> str:
        ended = Counter(self.reasons.values()).most_common()
        uploads = [
            (upload.id, upload.document_type, upload.shown_score, self.reasons.get(upload.id))
            for upload in self
        ]
        names = ("Upload ID", "Document type", "Authenticity score", "Processing")
        tables = [notebook.table(names, uploads, of=len(self))] if uploads else []
        return notebook.result(_counted(len(self)), dict(ended), tables)


def wait_for(
    transport: Transport,
    given: Waitable,
    timeout: float,
    progress: bool | ProgressCallback = True,
) -> Waited:
    """Wait until the processing of uploads rests."""
    poller, deadline = Poller(transport), time.monotonic() + timeout
    for upload, unseen in _watched(given):
        poller.add([upload], unseen=unseen)
    with _teller(progress) as tell:
        if any(watched.unseen for watched in poller.moving):
            poller.look(deadline)  # most may rest already
        poller.run(tell, deadline)
    all_watched = list(poller.watched.values())
    reasons = {watched.upload.id: _reason(watched, timeout) for watched in all_watched}
    open_ = [watched.upload for watched in all_watched if watched.moves or watched.given_up]
    _warn_of(open_, reasons)
    return Waited([watched.upload for watched in all_watched], reasons, open_)


def _reason(watched: PolledUpload, timeout: float) -> str:
    still = watched.trouble or f"still processing after {timeout:.0f} s"
    return watched.rests_because or still


def _warn_of(uploads: Sequence[UserUpload], reasons: Mapping[str, str]) -> None:
    if not uploads:
        return
    named = [f"{upload.id} ({reasons[upload.id]})" for upload in uploads[:_NAMED]]
    more = f", and {len(uploads) - _NAMED} more" if len(uploads) > _NAMED else ""
    warnings.warn(
        f"Processing did not finish for {_counted(len(uploads))}: {', '.join(named)}{more}. "
        "Unfinished uploads are listed in `result.unfinished`. To keep waiting: "
        "client.wait(result.unfinished).",
        stacklevel=4,
    )


def _counted(number: int) -> str:
    return f"{number} upload" if number == 1 else f"{number} uploads"


@contextmanager
def _teller(progress: bool | ProgressCallback) -> Iterator[ProgressCallback]:
    if not progress or callable(progress):
        yield progress or (lambda *_: None)
        return
    with progress_bar("finished") as bar:

        def tell(rested: int, total: int) -> None:
            bar.total = total
            bar.update(rested - bar.n)

        yield tell


@contextmanager
def progress_bar(what: str) -> Iterator[Any]:
    """Count uploads in a bar, in notebooks and terminals and where it takes more than a moment."""
    from tqdm.auto import tqdm  # noqa: PLC0415 - heavy, and only for those who look

    bar = tqdm(unit=" uploads", desc=what, delay=BAR_AFTER_SECONDS, disable=bar_is_hidden())
    with bar:
        yield bar


def bar_is_hidden() -> bool | None:
    """Hide a bar where it cannot move; a notebook is no terminal, and shows one all the same.

    ``None`` leaves it to tqdm, which looks whether stderr is a terminal. Another thread than the
    main one must not display anything in a notebook.
    """
    if threading.current_thread() is not threading.main_thread():
        return True
    python = sys.modules.get("IPython")
    return False if python and hasattr(python.get_ipython(), "kernel") else None


def _watched(given: Waitable) -> Iterator[tuple[UserUpload, bool]]:
    """Read what shall be waited for, and say whether no more than its id is known."""
    columns = getattr(given, "columns", None)
    if columns is not None:
        yield from ((upload, True) for upload in _uploads_of_frame(given, list(columns)))
        return
    if isinstance(given, (str, UserUpload)):
        given = [given]
    # A column of a frame misses the ids of what was not taken.
    for one in getattr(given, "dropna", lambda: given)():
        if isinstance(one, UserUpload):
            yield one, False
        elif isinstance(one, str):
            yield UserUpload(str(checked_id("id", one))), True
        else:
            raise ConfigurationError(
                f"Can't wait for {type(one).__name__}. Pass uploads, upload IDs, or a table with a "
                "column upload_id or id."
            )


def _uploads_of_frame(frame: Any, columns: Sequence[str]) -> Iterator[UserUpload]:
    """Read the frame of `upload_batch` or of `uploads_frame`; what has no id was not taken."""
    name = next((name for name in ("upload_id", "id") if name in columns), None)
    if name is None:
        raise ConfigurationError(
            f"The table has no column upload_id or id (found: {', '.join(map(str, columns))}). "
            "Pass the result of upload_batch or uploads_frame."
        )
    kind = "requested_document_type" if name == "id" else "document_type"
    rows = frame[frame[name].notna()].reindex(columns=[name, "user", kind])
    for upload_id, user, document_type in rows.itertuples(index=False):
        yield UserUpload(
            str(checked_id("id", str(upload_id))),
            user=user if isinstance(user, str) and is_uuid(user) else None,
            requested_document_type=document_type if isinstance(document_type, str) else None,
        )
