"""A queue of documents to judge: the next one, what is known of it, and who said what."""

from __future__ import annotations

import hashlib
import math
import re
import tempfile
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from argyle_nb.documents import HEAD_BYTES, media_type_of
from argyle_nb.errors import ArgyleError, ConfigurationError, ValidationError
from argyle_nb.frames.columns import need_columns
from argyle_nb.frames.ocr import ocr_frame
from argyle_nb.frames.uploads import SCORE, signals_frame, uploads_frame
from argyle_nb.levels import HIGHEST_SCORE, LOWEST_SCORE, level_preset
from argyle_nb.review.log import SAMPLE_COLUMNS, VERDICTS, ReviewLog
from argyle_nb.review.reviewers import agreement
from argyle_nb.scores import count_scores, no_score_reasons
from argyle_nb.scores.standing import told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy.typing as npt

    from argyle_nb.client.client import Client
    from argyle_nb.models import UserUpload
    from argyle_nb.scores import ScoreCounts


_CONFIDENCES = {"HIGH": 0, "MEDIUM": 1, "LOW": 2}
_KNOWN = ("external_id", "user", "account", "document_type", "file_name", SCORE)


@dataclass(frozen=True)
class ReviewCase:
    """One document with all that is known of it; what cannot be fetched or read is empty."""

    upload_id: str
    file_name: str | None = None
    document_type: str | None = None
    score: int | None = None
    level: str | None = None
    levels: str = ""  # the preset of the level
    # By weight: reason codes by confidence, then signals by how often they occur.
    signals: pd.DataFrame = field(default_factory=lambda: signals_frame([]), repr=False)
    fields: pd.DataFrame = field(default_factory=lambda: ocr_frame([]), repr=False)
    content: bytes = field(default=b"", repr=False)
    media_type: str = ""  # by content
    problem: str = ""  # why something is missing
    no_score: str = ""  # a no-score reason
    ocr: str = ""  # status of OCR
    standing: str = ""  # where the score stands among those of its like, in a sentence
    alike: tuple[int, ...] = ()  # how many of these have which score, in bars of 5 points

    @cached_property
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
        levels=level_preset(levels).name,
        signals=signals,
        fields=fields,
        content=content,
        media_type=media_type_of(content[:HEAD_BYTES]) or "",
        problem="; ".join(problems),
        no_score=_no_score_reason(upload) if score is None else "",
        ocr=upload.stages[1] or "",
    )


def _no_score_reason(upload: UserUpload) -> str:
    try:
        return str(no_score_reasons(uploads_frame([upload]))[0])
    except ArgyleError:
        return ""


def in_order_of_weight(signals: pd.DataFrame) -> pd.DataFrame:
    """Put reason codes first, by confidence, then signals by how often they occur."""
    weights = pd.DataFrame(
        {
            "kind": signals["finding_type"].astype("string") != "reason_code",
            "confidence": signals["reason_confidence"].astype("string").map(_CONFIDENCES).fillna(9),
            "fewer": -signals["occurrences"].astype("Float64").fillna(0),
        }
    ).reset_index(drop=True)
    in_order = weights.sort_values(["kind", "confidence", "fewer"], kind="stable")
    return signals.iloc[in_order.index]


def _level_of(score: float | None, levels: str) -> str | None:
    if score is None or not LOWEST_SCORE <= score <= HIGHEST_SCORE:
        return None
    return level_preset(levels).level_of(int(score))


@dataclass(frozen=True)
class SignalLine:
    """One signal in words: its reason code and all its pages are in one line."""

    name: str
    code: str
    confidence: str
    pages: tuple[int, ...]
    times: int
    changes: tuple[tuple[str, str, str], ...]  # field, from, to; empty where not told


def signal_lines(signals: pd.DataFrame) -> list[SignalLine]:
    """Give each signal once, in the order in which a signal or its reason code comes first.

    A reason code belongs to the signal whose name is its description; Argyle publishes no list of
    codes that would tell more.
    """
    rows = signals.astype("string").fillna("").to_dict("records")
    groups: dict[str, list[dict[Any, str]]] = {}
    for row in rows:
        name = row["display_name"] or row["identifier"]
        groups.setdefault(re.sub(r"[\W_]+", "", name).lower(), []).append(row)
    return [_signal_line(group) for group in groups.values()]


def _signal_line(rows: list[dict[Any, str]]) -> SignalLine:
    codes = [row for row in rows if row["finding_type"] == "reason_code"]
    signals = [row for row in rows if row["finding_type"] != "reason_code"]
    named = [row["display_name"] for row in (*signals, *codes) if row["display_name"]]
    return SignalLine(
        name=named[0] if named else rows[0]["identifier"].replace("_", " "),
        code=", ".join(dict.fromkeys(row["identifier"] for row in codes)),
        confidence=next((row["reason_confidence"] for row in codes), ""),
        pages=tuple(sorted({int(row["page_number"]) for row in signals if row["page_number"]})),
        times=sum(int(row["occurrences"] or 1) for row in signals if row["occurrence"] == "1"),
        changes=tuple(
            texts
            for row in signals
            if any(texts := (row["field_name"], row["original_text"], row["tampered_text"]))
        ),
    )


@contextmanager
def _noting(problems: list[str]) -> Iterator[None]:
    try:
        yield
    except (ArgyleError, OSError) as error:
        problems.append(str(error))


ORDERS = ("lowest score", "given")
# Which documents the list shows and the keys walk through.
SHOWN = ("all", "open", *VERDICTS)
_END = -1


@dataclass(frozen=True)
class ReviewProgress:
    """How far one reviewer is."""

    upload_id: str  # of the document to judge; empty at the end of the queue
    number: int  # its place in the order, from 1
    documents: int
    said: dict[str, int]  # documents of the queue by the reviewer's latest verdict
    verdict: str = ""  # what the reviewer said of this document before
    note: str = ""

    @property
    def open(self) -> int:
        """How many documents have no verdict of this reviewer."""
        return self.documents - sum(self.said.values())


@dataclass(frozen=True, eq=False)  # the same may be given twice, and one of them undone
class _GivenVerdict:
    """A verdict of this session; its reviewer may be another than the next one's."""

    reviewer: str
    place: int
    former: str  # what the reviewer had said before


class ReviewSession:
    """The documents to judge in their order, and the log that verdicts are added to.

    May be used from several threads. Verdicts of other reviewers are not shown beside a document,
    so that agreement means something. The lowest scores come first; a sample keeps its own order,
    for what was judged first must not depend on the score.
    """

    def __init__(
        self,
        client: Client,
        frame: pd.DataFrame,
        *,
        log: ReviewLog | Path | str | None = None,
        sample: pd.DataFrame | None = None,
        population: pd.DataFrame | None = None,
    ) -> None:
        self.client = client
        self.levels = str(frame.attrs.get("levels", "argyle"))
        self._table = _table_of(frame, sample, self.levels)
        self._counts = _counts_if_known(frame) if population is None else _counts_of(population)
        self._place_of = {upload: i for i, upload in enumerate(self._table["upload"])}
        self.log = log if isinstance(log, ReviewLog) else ReviewLog(log)
        if sample is not None:
            _keep_once(self.log, sample)
        self._lock = threading.RLock()
        self._verdicts = _OwnVerdicts(self.log, "", self._place_of)
        self._given: list[_GivenVerdict] = []
        self.shown = SHOWN[0]
        self._place: int | None = None
        self.sort(ORDERS[0] if sample is None else ORDERS[1])

    @property
    def order(self) -> list[str]:
        """The documents, the first to judge first."""
        return [self._upload(place) for place in self._order.tolist()]

    def open(self, upload_id: str) -> ReviewCase:
        """Fetch one document and what is known of it."""
        case = open_case(self.client, upload_id, levels=self.levels)
        if self._counts is None or case.score is None:
            return case
        known = {"document_type": [case.document_type], "file_name": [case.file_name]}
        try:
            one = pd.DataFrame(known | {SCORE: [case.score]})
            words, bars = told(self._counts.grouped_by, self._counts.scores, one)
        except ArgyleError:  # a score that is none has no place
            return case
        return replace(case, standing=words, alike=tuple(bars))

    def judge(self, upload_id: str, verdict: str, reviewer: str, note: str = "") -> None:
        """Add a verdict to the log, and go on to the next document."""
        with self._lock:
            place = self._place_of.get(upload_id)
            if place is None:
                raise ValidationError(
                    f"The verdict was not saved: {upload_id} is not in this queue."
                )
            former = self._said(reviewer, anew=True).verdict(place)
            self.log.add(upload_id, verdict, reviewer=reviewer.strip(), note=note)
            self._given.append(_GivenVerdict(reviewer.strip(), place, former))
            self._said(reviewer, anew=True)
            self._place = self._after(place, reviewer)

    def undo(self, reviewer: str) -> str:
        """Take the reviewer's last verdict back by a further row, and go to its document.

        What the reviewer had said of it before counts again. Gives the note of what was undone.
        """
        with self._lock:
            given = self._last_of(reviewer)
            if given is None:
                raise ValidationError("Nothing to undo: you gave no verdict in this panel.")
            upload, note = self._upload(given.place), self._said(reviewer).note(given.place)
            if given.former:
                self.log.add(upload, given.former, reviewer=given.reviewer)
            else:
                self.log.withdraw(upload, reviewer=given.reviewer)
            self._given.remove(given)
            self._said(reviewer, anew=True)
            self._place = given.place
        return note

    def last(self, reviewer: str) -> str:
        """Name the document whose verdict this reviewer would undo; empty if there is none."""
        with self._lock:
            given = self._last_of(reviewer)
            return self._upload(given.place) if given else ""

    def skip(self, upload_id: str, reviewer: str) -> None:
        """Go on from a document to the next one."""
        with self._lock:
            place = self._place_of.get(upload_id, self._here(reviewer))
            self._place = self._after(place, reviewer)

    def back(self, reviewer: str) -> None:
        """Go back by one document of those shown, whether it has a verdict or not."""
        with self._lock:
            here = self._here(reviewer)
            rank = len(self._order) if here == _END else int(self._rank[here])
            before = self._listed(reviewer)
            before = before[self._rank[before] < rank]
            self._place = int(before[-1]) if len(before) else here

    def go_to(self, upload_id: str) -> None:
        """Go to one document of the queue."""
        with self._lock:
            self._place = self._place_of.get(upload_id, self._place)

    def begin(self) -> None:
        """Go to the first document without a verdict."""
        with self._lock:
            self._place = None

    def restart(self) -> None:
        """Begin again as for another reviewer, who has nothing to undo."""
        with self._lock:
            self._verdicts.refresh()
            self._place = None
            self._given.clear()

    def sort(self, order: str) -> None:
        """Put the documents in another order; the one to judge stays."""
        with self._lock:
            self.order_by = order
            scores = np.array(self._table["score"], dtype=np.float64)
            places = np.arange(len(scores))
            self._order = np.argsort(scores, kind="stable") if order == ORDERS[0] else places
            self._rank = np.empty_like(self._order)
            self._rank[self._order] = places

    def show(self, shown: str, reviewer: str) -> None:
        """Walk only through documents of one kind; goes to the first of them."""
        with self._lock:
            self.shown = shown
            listed = self._listed(reviewer)
            if self._here(reviewer) not in listed:
                self._place = int(listed[0]) if len(listed) else _END

    def progress(self, reviewer: str) -> ReviewProgress:
        """Say where this reviewer is, and what was said so far."""
        with self._lock:
            mine, here = self._said(reviewer), self._here(reviewer)
            documents = len(self._order)
            if here == _END:
                return ReviewProgress("", documents + 1, documents, mine.counts())
            number = int(self._rank[here]) + 1
            own = (mine.verdict(here), mine.note(here))
            return ReviewProgress(self._upload(here), number, documents, mine.counts(), *own)

    def coming(self, reviewer: str, count: int) -> list[str]:
        """Give the document to judge and those after it, to be fetched ahead."""
        with self._lock:
            here = self._here(reviewer)
            if here == _END:
                return []
            return [self._upload(place) for place in (here, *self._next(here, reviewer, count))]

    def rows(self, uploads: list[str], reviewer: str) -> list[dict[str, Any]]:
        """Say of some documents what the table knows, their places and this reviewer's verdicts."""
        with self._lock:
            return self._rows_at([self._place_of[upload] for upload in uploads], reviewer)

    def listed(self, reviewer: str, start: int, count: int) -> tuple[int, list[dict[str, Any]]]:
        """Give a part of the documents shown, as `rows`, and how many there are."""
        with self._lock:
            listed = self._listed(reviewer)
            part = listed[start : start + count].tolist()
            return len(listed), self._rows_at(part, reviewer)

    def place_in_list(self, reviewer: str) -> int:
        """Say where in the list the document to judge stands, from 0; -1 if it is not there."""
        with self._lock:
            found = np.flatnonzero(self._listed(reviewer) == self._here(reviewer))
            return int(found[0]) if len(found) else -1

    def agreement(self) -> pd.DataFrame:
        """Compare the reviewers on the documents of this queue."""
        verdicts = self.log.frame()
        return agreement(verdicts[verdicts["upload_id"].isin(self._place_of)])

    def _rows_at(self, places: list[int], reviewer: str) -> list[dict[str, Any]]:
        mine = self._said(reviewer)
        return [
            {name: column[place] for name, column in self._table.items()}
            | {
                "number": int(self._rank[place]) + 1,
                "verdict": mine.verdict(place),
                "note": mine.note(place),
            }
            for place in places
        ]

    def _last_of(self, reviewer: str) -> _GivenVerdict | None:
        mine = (given for given in reversed(self._given) if given.reviewer == reviewer.strip())
        return next(mine, None)

    def _upload(self, place: int) -> str:
        return str(self._table["upload"][place])

    def _here(self, reviewer: str) -> int:
        if self._place is None:
            self._place = self._after(None, reviewer)
        return self._place

    def _after(self, place: int | None, reviewer: str) -> int:
        return next(iter(self._next(place, reviewer, 1)), _END)

    def _next(self, place: int | None, reviewer: str, count: int) -> list[int]:
        """Give the places to walk to from one; from the start without."""
        if place == _END:
            return []
        shown = "open" if self.shown == "all" else self.shown
        walk = self._listed(reviewer, shown)
        rank = -1 if place is None else self._rank[place]
        return cast("list[int]", walk[self._rank[walk] > rank][:count].tolist())

    def _listed(self, reviewer: str, shown: str | None = None) -> npt.NDArray[np.int64]:
        """Give the places of documents of one kind, in their order."""
        shown = shown or self.shown
        if shown == "all":
            return self._order
        codes = self._said(reviewer).codes[self._order]
        wanted = 0 if shown == "open" else VERDICTS.index(shown) + 1
        listed: npt.NDArray[np.int64] = self._order[codes == wanted]
        return listed

    def _said(self, reviewer: str, *, anew: bool = False) -> _OwnVerdicts:
        other = self._verdicts.reviewer != reviewer.strip()
        if other:
            self._verdicts = _OwnVerdicts(self.log, reviewer.strip(), self._place_of)
        if other or anew:
            self._verdicts.refresh()
        return self._verdicts


class _OwnVerdicts:
    """What one reviewer said last of each document; reads only what is new in the log."""

    def __init__(self, log: ReviewLog, reviewer: str, place_of: dict[str, int]) -> None:
        self.reviewer = reviewer
        self.codes = np.zeros(len(place_of), dtype=np.int8)  # 0 for none, else from `VERDICTS`
        self._log, self._place_of = log, place_of
        self._notes: dict[int, tuple[str, str]] = {}  # place -> when, note
        self._read = 0

    def refresh(self) -> None:
        for number, upload, verdict, when, note in self._log.rows_after(self._read, self.reviewer):
            self._read = number
            place = self._place_of.get(upload)
            # A file of verdicts may be added late, and older than what is there.
            if place is None or when < self._notes.get(place, ("", ""))[0]:
                continue
            self.codes[place] = VERDICTS.index(verdict) + 1 if verdict in VERDICTS else 0
            self._notes[place] = (when, note)

    def verdict(self, place: int) -> str:
        code = int(self.codes[place])
        return VERDICTS[code - 1] if code else ""

    def note(self, place: int) -> str:
        return self._notes.get(place, ("", ""))[1]

    def counts(self) -> dict[str, int]:
        counts = np.bincount(self.codes, minlength=len(VERDICTS) + 1)[1:]
        return dict(zip(VERDICTS, counts.tolist(), strict=True))


def _counts_of(population: pd.DataFrame) -> ScoreCounts:
    """Count what a score is compared with."""
    need_columns(population, ("document_type", "ocr_authenticity_score"), "population")
    return count_scores(population, by=["document_type", "media"], errors="collect")


def _counts_if_known(frame: pd.DataFrame) -> ScoreCounts | None:
    """Compare with the documents to review; without the columns for it, with nothing."""
    with suppress(ConfigurationError):
        return _counts_of(frame)
    return None


def _table_of(
    frame: pd.DataFrame, sample: pd.DataFrame | None, levels: str
) -> dict[str, list[Any]]:
    """Give what the table knows of each document once, in the order given."""
    if "id" not in frame:
        raise ConfigurationError(
            "Column id is missing. Pass the table returned by anb.uploads_frame."
        )
    column = frame["id"] if sample is None else sample["upload_id"]
    order = list(dict.fromkeys(column.dropna().astype(str)))
    if not order:
        raise ConfigurationError(
            "No documents to review: the uploads table or the sample is empty."
        )
    known = frame.assign(id=frame["id"].astype(str)).drop_duplicates("id").set_index("id")
    known = known.reindex(columns=list(_KNOWN), index=pd.Index(order))
    texts = known.drop(columns=SCORE).astype("string").fillna("")
    scores = pd.to_numeric(known[SCORE], errors="coerce").astype("Float64")
    numbers = scores.to_numpy(dtype=np.float64, na_value=np.nan).tolist()
    level_of = {number: _level_of(number, levels) for number in set(numbers)}
    told = texts.replace("", pd.NA)
    borrowers = told["external_id"].fillna(told["user"]).fillna(told["account"]).fillna("")
    return {
        "upload": order,
        "borrower": borrowers.tolist(),
        "document_type": texts["document_type"].tolist(),
        "file_name": texts["file_name"].tolist(),
        "score": [None if math.isnan(number) else number for number in numbers],
        "level": [level_of.get(number) or "" for number in numbers],
    }


def _keep_once(log: ReviewLog, sample: pd.DataFrame) -> None:
    columns = list(SAMPLE_COLUMNS)
    ours = sample[columns].reset_index(drop=True)
    for _, earlier in log.samples().groupby("drawn_at"):
        if earlier[columns].reset_index(drop=True).equals(ours):
            return
    log.keep_sample(sample)
