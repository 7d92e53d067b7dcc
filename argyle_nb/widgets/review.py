"""`ReviewQueue`: a document beside what is known of it, and one key for each verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from argyle_nb.review.queue import ReviewSession
from argyle_nb.widgets.case import DocumentCache, facts_of, slice_of, texts_of
from argyle_nb.widgets.panel import Panel, Question, read_static

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from argyle_nb.client.client import Client
    from argyle_nb.review import ReviewLog
    from argyle_nb.widgets.panel import Answer


class _ReviewQuestion(Question):
    kind: Literal["open", "judge", "skip", "back", "case", "slice"]
    reviewer: str | None = None
    upload: str = ""
    verdict: str = ""
    note: str = ""
    offset: int = 0
    again: bool = False


class ReviewQueue(Panel):
    """Judge documents one after the other, by mouse or with the keys g, f, u and n.

    The document is fetched through the client and shown by the browser; no file of it stays
    behind, and nothing of it is saved with the notebook. Each verdict is a new row of the review
    log, with the reviewer and the time. The queue goes on where the reviewer stopped.

    Parameters
    ----------
    client
        From `connect`.
    frame
        From `uploads_frame`; its order is the order of the queue.
    reviewer
        Who judges; can be written in the panel.
    log
        The `ReviewLog` or its file; ``~/.local/share/argyle_nb/reviews.sqlite`` by default.
    sample
        From `argyle_nb.review.sample`: which documents, in which order. Only then can the verdicts
        speak for all uploads; the sample is kept in the log.

    Raises
    ------
    ConfigurationError
        When there is no document to review, or the log cannot be used.

    Examples
    --------
    >>> queue = ReviewQueue(client, frame, reviewer="ada", log=folder / "reviews.sqlite")
    >>> queue
    ReviewQueue(4 documents, 4 without a verdict of this reviewer)
    >>> queue.log.frame()["verdict"].tolist()
    []
    """

    _esm = read_static("panel.js", "case.js", "review.js")
    _css = read_static("panel.css", "case.css", "review.css")
    question = _ReviewQuestion
    changes = frozenset({"open", "judge", "skip", "back"})

    def __init__(
        self,
        client: Client,
        frame: pd.DataFrame,
        *,
        reviewer: str = "",
        log: ReviewLog | Path | str | None = None,
        sample: pd.DataFrame | None = None,
    ) -> None:
        self._session = ReviewSession(client, frame, log=log, sample=sample)
        self._reviewer = reviewer
        self._is_sample = sample is not None
        self._documents = DocumentCache(self._session.open, self._announce)
        super().__init__(self._progress())

    def __repr__(self) -> str:
        now = self._session.progress(self._reviewer)
        left = now.documents - sum(now.said.values())
        return f"ReviewQueue({now.documents} documents, {left} without a verdict of this reviewer)"

    @property
    def log(self) -> ReviewLog:
        """Where the verdicts are."""
        return self._session.log

    def _on_open(self, question: _ReviewQuestion) -> Answer:
        """Greet a reviewer; another name begins at that reviewer's first open document."""
        if question.reviewer is not None and question.reviewer.strip() != self._reviewer.strip():
            self._reviewer = question.reviewer
            self._session.restart()
        return self._state()

    def _on_judge(self, question: _ReviewQuestion) -> Answer:
        self._session.judge(question.upload, question.verdict, self._reviewer, question.note)
        return self._state()

    def _on_skip(self, _: _ReviewQuestion) -> Answer:
        self._session.skip(self._reviewer)
        return self._state()

    def _on_back(self, _: _ReviewQuestion) -> Answer:
        self._session.back(self._reviewer)
        return self._state()

    def _on_case(self, question: _ReviewQuestion) -> Answer:
        self._documents.keep_only(question.upload, self._session.upcoming(self._reviewer))
        case = self._documents.find(question.upload, again=question.again)
        return facts_of(case) if case else {"upload": question.upload, "fetching": True}

    def _on_slice(self, question: _ReviewQuestion) -> Answer:
        case = self._documents.find(question.upload)
        return slice_of(case, question.upload, question.offset)

    def _announce(self, upload: str) -> None:
        self._push({"about": "ready", "upload": upload})

    def _state(self) -> Answer:
        now = self._session.progress(self._reviewer)
        self.saved = self._progress()
        return self.saved | {
            "upload": now.upload_id,
            "reviewer": self._reviewer,
            "verdict": now.verdict,
            "note": now.note,
            "agreement": texts_of(self._session.agreement().reset_index()),
        }

    def _progress(self) -> Answer:
        """Give what is saved with the notebook: how far the queue is, nothing of a person."""
        now = self._session.progress(self._reviewer)
        return {
            "place": now.number,
            "documents": now.documents,
            "said": now.said,
            "sampled": self._is_sample,
        }
