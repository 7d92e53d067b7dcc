"""A queue of documents to judge: the next one, what is known of it, and who said what."""

from __future__ import annotations

import hashlib
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from argyle_nb.documents import HEAD_BYTES, media_type_of
from argyle_nb.errors import ArgyleError, ConfigurationError, ValidationError
from argyle_nb.frames.ocr import ocr_frame
from argyle_nb.frames.uploads import signals_frame
from argyle_nb.levels import HIGHEST_SCORE, LOWEST_SCORE, level_preset
from argyle_nb.review.log import SAMPLE_COLUMNS, VERDICTS, ReviewLog, latest
from argyle_nb.review.reviewers import agreement

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from argyle_nb.client.client import Client


_CONFIDENCES = {"HIGH": 0, "MEDIUM": 1, "LOW": 2}
_OWN = ("verdict", "note")


@dataclass(frozen=True)
class ReviewCase:
    """One document with all that is known of it; what cannot be fetched or read is empty."""

    upload_id: str
    file_name: str | None = None
    document_type: str | None = None
    score: int | None = None
    level: str | None = None
    # By weight: reason codes by confidence, then signals by how often they occur.
    signals: pd.DataFrame = field(default_factory=lambda: signals_frame([]), repr=False)
    fields: pd.DataFrame = field(default_factory=lambda: ocr_frame([]), repr=False)
    content: bytes = field(default=b"", repr=False)
    media_type: str = ""  # by content
    problem: str = ""  # why something is missing

    @property
    def sha256(self) -> str:
        """The content's digest, hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


def open_case(client: Client, upload_id: str, *, levels: str = "argyle") -> ReviewCase:
    """Fetch a document and what is known of it; no file is left behind."""
    try:
        upload = client.get_upload(upload_id)
    except ArgyleError as error:
        return ReviewCase(upload_id, problem=str(error))
    problems: list[str] = []
    score = None
    with _noting(problems):
        score = upload.ocr_authenticity_score
    signals = signals_frame([])
    with _noting(problems):
        signals = in_order_of_weight(signals_frame([upload]))
    fields = ocr_frame([])
    with _noting(problems):
        fields = ocr_frame([upload])
    content = b""
    with _noting(problems), tempfile.TemporaryDirectory(prefix="argyle_nb_review_") as folder:
        content = client.download(upload, folder).read_bytes()
    return ReviewCase(
        upload_id,
        file_name=upload.file_name,
        document_type=upload.document_type,
        score=score,
        level=_level_of(score, levels),
        signals=signals,
        fields=fields,
        content=content,
        media_type=media_type_of(content[:HEAD_BYTES]) or "",
        problem="; ".join(problems),
    )


def in_order_of_weight(signals: pd.DataFrame) -> pd.DataFrame:
    """Put reason codes first, by confidence, then signals by how often they occur."""
    weights = pd.DataFrame(
        {
            "kind": signals["kind"].astype("string") != "reason_code",
            "confidence": signals["confidence"].astype("string").map(_CONFIDENCES).fillna(9),
            "fewer": -signals["signal_count"].astype("Float64").fillna(0),
        },
        index=signals.index,
    )
    in_order = weights.sort_values(["kind", "confidence", "fewer"], kind="stable")
    return signals.loc[in_order.index]


def _level_of(score: int | None, levels: str) -> str | None:
    if score is None or not LOWEST_SCORE <= score <= HIGHEST_SCORE:
        return None
    return level_preset(levels).level_of(score)


@contextmanager
def _noting(problems: list[str]) -> Iterator[None]:
    try:
        yield
    except (ArgyleError, OSError) as error:
        problems.append(str(error))


@dataclass(frozen=True)
class ReviewProgress:
    """How far one reviewer is."""

    upload_id: str  # of the document to judge; empty when each has a verdict
    number: int  # its place in the queue, from 1
    documents: int
    said: dict[str, int]  # documents of the queue by the reviewer's latest verdict
    verdict: str = ""  # what the reviewer said of this document before
    note: str = ""


class ReviewSession:
    """The documents to judge in their order, and the log that verdicts are added to.

    May be used from several threads. Verdicts of other reviewers are not shown beside a document,
    so that agreement means something.
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

    def open(self, upload_id: str) -> ReviewCase:
        """Fetch one document and what is known of it."""
        return open_case(self.client, upload_id, levels=self.levels)

    def judge(self, upload_id: str, verdict: str, reviewer: str, note: str = "") -> None:
        """Add a verdict to the log, and go on to the next document without one of this reviewer."""
        with self._lock:
            if upload_id not in self.order:
                raise ValidationError(
                    f"the verdict was not written: {upload_id} is not in the queue"
                )
            self.log.add(upload_id, verdict, reviewer=reviewer.strip(), note=note)
            self._place = self._open_after(self.order.index(upload_id), reviewer)

    def skip(self, reviewer: str) -> None:
        """Go on to the next document without a verdict of this reviewer."""
        with self._lock:
            place = self._here(reviewer)
            if place < len(self.order):
                self._place = self._open_after(place, reviewer)

    def back(self, reviewer: str) -> None:
        """Go back by one document, whether it has a verdict or not."""
        with self._lock:
            self._place = max(0, self._here(reviewer) - 1)

    def restart(self) -> None:
        """Begin again at the first document without a verdict, as for another reviewer."""
        with self._lock:
            self._place = None

    def progress(self, reviewer: str) -> ReviewProgress:
        """Say where this reviewer is, and what was said so far."""
        with self._lock:
            place = self._here(reviewer)
            mine = self._verdicts_of(reviewer)
        upload_id = self.order[place] if place < len(self.order) else ""
        verdicts = mine["verdict"].astype("string")
        said = {verdict: int((verdicts == verdict).sum()) for verdict in VERDICTS}
        here = mine[mine.index == upload_id]
        verdict, note = (str(here[name].iloc[0]) if len(here) else "" for name in _OWN)
        return ReviewProgress(upload_id, place + 1, len(self.order), said, verdict, note)

    def upcoming(self, reviewer: str) -> str:
        """Give the document after this one, to be fetched ahead; empty if there is none."""
        with self._lock:
            place = self._here(reviewer)
            after = self._open_after(place, reviewer) if place < len(self.order) else place
        return self.order[after] if after not in (place, len(self.order)) else ""

    def agreement(self) -> pd.DataFrame:
        """Compare the reviewers on the documents of this queue."""
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
    columns = list(SAMPLE_COLUMNS)
    ours = sample[columns].reset_index(drop=True)
    for _, earlier in log.samples().groupby("drawn_at"):
        if earlier[columns].reset_index(drop=True).equals(ours):
            return
    log.keep_sample(sample)
