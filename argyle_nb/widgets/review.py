"""`ReviewQueue`: a document beside what is known of it, and one key for each verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from argyle_nb.notebook import AMBER, BLUE, GREY, RED
from argyle_nb.review.queue import ReviewSession
from argyle_nb.review.reviewers import remember_reviewer, remembered_reviewer
from argyle_nb.widgets.case import DocumentCache, facts_of, slice_of, texts_of
from argyle_nb.widgets.fallback import Fallback, counted, share_bar
from argyle_nb.widgets.panel import Panel, Question, read_static

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from argyle_nb.client.client import Client
    from argyle_nb.review import ReviewLog
    from argyle_nb.widgets.panel import Answer

# The page knows so many documents that come next: it goes on while its verdicts are written.
AHEAD = 40
# So many are fetched before they are wanted: at three verdicts a second they bridge three seconds
# in which nothing comes.
FETCHED_AHEAD = 10
_MOST_ROWS = 200
_COLORS = {"genuine": BLUE, "fraudulent": RED, "unsure": AMBER}


class _ReviewQuestion(Question):
    kind: Literal[
        "open",
        "judge",
        "undo",
        "skip",
        "back",
        "first",
        "go",
        "show",
        "sort",
        "rows",
        "agreement",
        "want",
        "case",
        "slice",
    ]
    reviewer: str | None = None
    upload: str = ""
    uploads: tuple[str, ...] = ()
    verdict: str = ""
    note: str = ""
    shown: Literal["all", "open", "genuine", "fraudulent", "unsure"] = "all"
    order: Literal["lowest score", "given"] = "lowest score"
    start: int = 0
    count: int = msgspec.field(default=_MOST_ROWS)
    offset: int = 0
    again: bool = False


class ReviewQueue(Panel):
    """Review documents one by one, by mouse or with the keys g, f, u, n and z.

    The keys are genuine, fraudulent, unsure, next and undo. The document is downloaded through the
    client and shown by the browser; no copy of it is left on disk, and nothing of it is saved with
    the notebook. Each verdict is a new row of the review log, with the reviewer and the time, and
    so is an undo. The queue resumes where the reviewer stopped.

    Parameters
    ----------
    client
        From `connect`.
    uploads
        From `uploads_frame`. The lowest scores come first, documents without a score last; the
        panel can show them in the order of the frame too.
    reviewer
        The reviewer's name. It can be entered in the panel, which saves it as the default, in
        ``reviewer.txt`` beside the upload log.
    log
        The `ReviewLog` or its file; by default ``reviews.sqlite`` beside the upload log.
    sample
        From `argyle_nb.review.sample`: which documents, in which order. Only with a sample can
        results be extrapolated to all uploads; the sample is saved in the log.
    population
        From `uploads_frame`: what each score is compared with, as in "Lower than 97% of 812 scored
        uploads"; by default ``uploads``. Needed where these are only a part, such as the low ones.

    Raises
    ------
    ConfigurationError
        If there is no document to review, or the log can't be used.

    Examples
    --------
    >>> queue = ReviewQueue(client, uploads, reviewer="ada", log=folder / "reviews.sqlite")
    >>> queue
    ReviewQueue(4 documents, 4 without a verdict of this reviewer)
    >>> queue.log.frame()["verdict"].tolist()
    []
    """

    _esm = read_static("panel.js", "case.js", "review.js")
    _css = read_static("panel.css", "case.css", "review.css")
    question = _ReviewQuestion
    changes = frozenset({"open", "judge", "undo", "skip", "back", "first", "go", "show", "sort"})

    def __init__(
        self,
        client: Client,
        uploads: pd.DataFrame,
        *,
        reviewer: str = "",
        log: ReviewLog | Path | str | None = None,
        sample: pd.DataFrame | None = None,
        population: pd.DataFrame | None = None,
    ) -> None:
        self._begin(ReviewSession(client, uploads, log=log, sample=sample, population=population))
        self._reviewer = reviewer or remembered_reviewer()
        self._is_sample = sample is not None
        super().__init__(self._progress())

    def _begin(self, session: ReviewSession) -> None:
        self._session = session
        self._documents = DocumentCache(session.open, self._announce)

    def __repr__(self) -> str:
        now = self._session.progress(self._reviewer)
        return (
            f"ReviewQueue({now.documents} documents, {now.open} without a verdict of this reviewer)"
        )

    @property
    def log(self) -> ReviewLog:
        """The review log that holds the verdicts."""
        return self._session.log

    def _on_open(self, question: _ReviewQuestion) -> Answer:
        """Greet a reviewer; another name begins at that reviewer's first open document."""
        if self._rename(question.reviewer):
            self._session.restart()
        return self._state()

    def _on_judge(self, question: _ReviewQuestion) -> Answer:
        # The verdict is of whoever's name stood there when it was given.
        self._rename(question.reviewer)
        self._session.judge(question.upload, question.verdict, self._reviewer, question.note)
        return self._state()

    def _on_undo(self, _: _ReviewQuestion) -> Answer:
        note = self._session.undo(self._reviewer)
        return self._state() | {"undone": note}

    def _on_skip(self, question: _ReviewQuestion) -> Answer:
        self._session.skip(question.upload, self._reviewer)
        return self._state()

    def _on_back(self, _: _ReviewQuestion) -> Answer:
        self._session.back(self._reviewer)
        return self._state()

    def _on_first(self, _: _ReviewQuestion) -> Answer:
        """Go to what was left out; those of one verdict alone would not hold it."""
        if self._session.shown != "open":
            self._session.show("all", self._reviewer)
        self._session.begin()
        return self._state()

    def _on_go(self, question: _ReviewQuestion) -> Answer:
        self._session.go_to(question.upload)
        return self._state()

    def _on_show(self, question: _ReviewQuestion) -> Answer:
        self._session.show(question.shown, self._reviewer)
        return self._state()

    def _on_sort(self, question: _ReviewQuestion) -> Answer:
        self._session.sort(question.order)
        return self._state()

    def _on_rows(self, question: _ReviewQuestion) -> Answer:
        count = min(question.count, _MOST_ROWS)
        total, rows = self._session.listed(self._reviewer, question.start, count)
        return {"start": question.start, "total": total, "rows": rows}

    def _on_agreement(self, _: _ReviewQuestion) -> Answer:
        return {"pairs": texts_of(self._session.agreement().reset_index())}

    def _on_want(self, question: _ReviewQuestion) -> Answer:
        """Fetch what the page will show next, and let go of all else."""
        uploads = question.uploads[: FETCHED_AHEAD + 2]
        self._documents.keep_only(*uploads)
        return {"here": [upload for upload in uploads if self._documents.find(upload)]}

    def _on_case(self, question: _ReviewQuestion) -> Answer:
        case = self._documents.find(question.upload, again=question.again)
        return facts_of(case) if case else {"upload": question.upload, "fetching": True}

    def _on_slice(self, question: _ReviewQuestion) -> Answer:
        case = self._documents.find(question.upload)
        return slice_of(case, question.upload, question.offset)

    def _announce(self, upload: str) -> None:
        self._push({"about": "ready", "upload": upload})

    def _rename(self, reviewer: str | None) -> bool:
        if reviewer is None or reviewer.strip() == self._reviewer.strip():
            return False
        self._reviewer = reviewer.strip()
        if self._reviewer:
            remember_reviewer(self._reviewer)
        return True

    def _state(self) -> Answer:
        session, reviewer = self._session, self._reviewer
        self.saved = self._progress()
        coming = session.coming(reviewer, AHEAD)
        total, _ = session.listed(reviewer, 0, 0)
        return self.saved | {
            "line": session.rows(coming, reviewer),
            "is_all": len(coming) <= AHEAD,
            "fetched_ahead": FETCHED_AHEAD,
            "reviewer": reviewer,
            "last": session.last(reviewer),
            "shown": session.shown,
            "order": session.order_by,
            "listed": total,
            "here": session.place_in_list(reviewer),
        }

    def _progress(self) -> dict[str, Any]:
        """Give what is saved with the notebook: how far the queue is, nothing of a person."""
        now = self._session.progress(self._reviewer)
        return {
            "place": now.number,
            "documents": now.documents,
            "said": now.said,
            "sampled": self._is_sample,
        }

    def _fallback(self) -> Fallback:
        said, documents = self.saved["said"], self.saved["documents"]
        numbers = said | {"no verdict": documents - sum(said.values())}
        colors = tuple(_COLORS.get(verdict, GREY) for verdict in numbers)
        sentences = [f"{sum(said.values()):,} of {counted(documents, 'document')} reviewed."]
        if not self.saved["sampled"]:
            sentences.append("Not a random sample: results apply to these documents only.")
        return Fallback(
            "Review queue",
            tuple(sentences),
            ("Verdict", "Documents"),
            tuple((verdict, f"{number:,}") for verdict, number in numbers.items()),
            colors,
            share_bar("Documents by verdict", list(numbers.values()), colors),
        )


class LateReviewQueue(ReviewQueue):
    """A review queue whose widget is there before anybody knows what to review."""

    def __init__(self) -> None:
        self._is_sample = False
        nothing = {"place": 0, "documents": 0, "said": {}, "sampled": False}
        super(ReviewQueue, self).__init__(nothing)

    def begin(self, client: Client, frame: pd.DataFrame, population: pd.DataFrame) -> None:
        """Let these uploads be reviewed, instead of others."""
        self._begin(ReviewSession(client, frame, population=population))
        self._reviewer = remembered_reviewer()
        self.saved = self._progress()
