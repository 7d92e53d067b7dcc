"""One document after the other, as an analyst judges them."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from argyle_nb.errors import ConfigurationError, ValidationError
from argyle_nb.review.cases import Case, open_case
from argyle_nb.review.log import ReviewLog, latest
from argyle_nb.review.reviewers import agreement
from argyle_nb.review.verdict_files import VERDICTS

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from argyle_nb.client.client import Client

SAMPLED = ["upload_id", "stratum", "stratum_size", "sampling_rate"]
_SAID = ("verdict", "note")


@dataclass(frozen=True)
class Progress:
    """How far one reviewer is.

    Parameters
    ----------
    upload_id
        The document to judge; empty when each has a verdict.
    number
        Its place in the queue, the first is 1.
    documents
        How many are in the queue.
    said
        Verdict -> documents of the queue, by the reviewer's latest verdicts.
    verdict, note
        What the reviewer said of this document before; empty if nothing.

    Examples
    --------
    >>> ReviewDesk(client, frame, log=folder / "r.sqlite").progress("ada").number
    1
    """

    upload_id: str
    number: int
    documents: int
    said: dict[str, int]
    verdict: str = ""
    note: str = ""


class ReviewDesk:
    """The documents to judge in their order, and the log that verdicts are added to.

    May be used from several threads. Verdicts of other reviewers are not shown beside a document,
    so that agreement means something.

    Parameters
    ----------
    client
        Where the documents are.
    frame
        From `uploads_frame`; its order is the order of the queue.
    log
        The log or its file; `ReviewLog`'s own by default.
    sample
        From `argyle_nb.review.sample`: which documents, in which order. It is kept in the log, so
        that the verdicts can speak for all uploads.

    Raises
    ------
    ConfigurationError
        When the frame has no ``id``, or there is no document in the queue.

    Examples
    --------
    >>> desk = ReviewDesk(client, frame, log=folder / "reviews.sqlite")
    >>> desk.judge(desk.order[0], "genuine", "ada")
    >>> desk.progress("ada").number, desk.progress("ada").said["genuine"]
    (2, 1)
    """

    def __init__(
        self,
        client: Client,
        frame: pd.DataFrame,
        *,
        log: ReviewLog | Path | str | None = None,
        sample: pd.DataFrame | None = None,
    ) -> None:
        self.order = _ids(frame, sample)
        self.client = client
        self.levels = str(frame.attrs.get("levels", "argyle"))
        self.log = log if isinstance(log, ReviewLog) else ReviewLog(log)
        if sample is not None:
            _keep_once(self.log, sample)
        self._lock = threading.RLock()
        self._place: int | None = None

    def open(self, upload_id: str) -> Case:
        """Fetch one document and what is known of it.

        Examples
        --------
        >>> desk.open(desk.order[0]).media_type  # doctest: +SKIP
        'application/pdf'
        """
        return open_case(self.client, upload_id, levels=self.levels)

    def judge(self, upload_id: str, verdict: str, reviewer: str, note: str = "") -> None:
        """Add a verdict to the log, and go on to the next document without one of this reviewer.

        Parameters
        ----------
        upload_id
            A document of the queue.
        verdict
            ``"genuine"``, ``"fraudulent"`` or ``"unsure"``.
        reviewer
            Who says so.
        note
            Why; may hold personal data.

        Raises
        ------
        ValidationError
            For another verdict or document, or without a reviewer; nothing is written.
        """
        with self._lock:
            if upload_id not in self.order:
                raise ValidationError(
                    f"the verdict was not written: {upload_id} is not in the queue"
                )
            self.log.add(upload_id, verdict, reviewer=reviewer.strip(), note=note)
            self._place = self._open_after(self.order.index(upload_id), reviewer)

    def skip(self, reviewer: str) -> None:
        """Go on to the next document without a verdict of this reviewer.

        Examples
        --------
        >>> desk = ReviewDesk(client, frame, log=folder / "skips.sqlite")
        >>> desk.skip("ada")
        >>> desk.progress("ada").number
        2
        """
        with self._lock:
            place = self._here(reviewer)
            if place < len(self.order):
                self._place = self._open_after(place, reviewer)

    def back(self, reviewer: str) -> None:
        """Go back by one document, whether it has a verdict or not.

        Examples
        --------
        >>> desk = ReviewDesk(client, frame, log=folder / "backs.sqlite")
        >>> desk.back("ada")
        >>> desk.progress("ada").number
        1
        """
        with self._lock:
            self._place = max(0, self._here(reviewer) - 1)

    def restart(self) -> None:
        """Begin again at the first document without a verdict, as for another reviewer."""
        with self._lock:
            self._place = None

    def progress(self, reviewer: str) -> Progress:
        """Say where this reviewer is, and what was said so far.

        Examples
        --------
        >>> ReviewDesk(client, frame, log=folder / "new.sqlite").progress("ada").documents
        4
        """
        with self._lock:
            place = self._here(reviewer)
            mine = self._verdicts_of(reviewer)
        upload_id = self.order[place] if place < len(self.order) else ""
        verdicts = mine["verdict"].astype("string")
        said = {verdict: int((verdicts == verdict).sum()) for verdict in VERDICTS}
        here = mine[mine.index == upload_id]
        verdict, note = (str(here[name].iloc[0]) if len(here) else "" for name in _SAID)
        return Progress(upload_id, place + 1, len(self.order), said, verdict, note)

    def upcoming(self, reviewer: str) -> str:
        """Give the document after this one, to be fetched ahead; empty if there is none.

        Examples
        --------
        >>> desk = ReviewDesk(client, frame, log=folder / "ahead.sqlite")
        >>> desk.upcoming("ada") == desk.order[1]
        True
        """
        with self._lock:
            place = self._here(reviewer)
            after = self._open_after(place, reviewer) if place < len(self.order) else place
        return self.order[after] if after not in (place, len(self.order)) else ""

    def agreement(self) -> pd.DataFrame:
        """Compare the reviewers on the documents of this queue; see `argyle_nb.review.agreement`.

        Examples
        --------
        >>> len(ReviewDesk(client, frame, log=folder / "alone.sqlite").agreement())
        0
        """
        verdicts = self.log.frame()
        return agreement(verdicts[verdicts["upload_id"].isin(self.order)])

    def _here(self, reviewer: str) -> int:
        """Give the place of the document to judge; one behind the last where all are judged."""
        if self._place is None:
            self._place = self._open_after(-1, reviewer)
        return self._place

    def _open_after(self, place: int, reviewer: str) -> int:
        judged = set(self._verdicts_of(reviewer).index)
        after = [*range(place + 1, len(self.order)), *range(max(0, place + 1))]
        return next((i for i in after if self.order[i] not in judged), len(self.order))

    def _verdicts_of(self, reviewer: str) -> pd.DataFrame:
        verdicts = latest(self.log.frame())
        mine = verdicts[verdicts["reviewer"] == reviewer.strip()]
        return mine[mine["upload_id"].isin(self.order)].set_index("upload_id")


def _ids(frame: pd.DataFrame, sample: pd.DataFrame | None) -> list[str]:
    if "id" not in frame:
        raise ConfigurationError("no column id: give a frame of uploads_frame")
    column = frame["id"] if sample is None else sample["upload_id"]
    order = list(dict.fromkeys(column.dropna().astype(str)))
    if not order:
        raise ConfigurationError("there is no document to review: the frame or the sample is empty")
    return order


def _keep_once(log: ReviewLog, sample: pd.DataFrame) -> None:
    kept = log.samples()
    wanted = sample[SAMPLED].reset_index(drop=True)
    for _, one in kept.groupby("drawn_at"):
        if one[SAMPLED].reset_index(drop=True).equals(wanted):
            return
    log.keep_sample(sample)
