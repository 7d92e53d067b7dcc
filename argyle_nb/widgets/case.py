"""A document and what is known of it, fetched for a panel and handed to its page in slices."""

from __future__ import annotations

import threading
from dataclasses import asdict
from typing import TYPE_CHECKING, cast

from argyle_nb.review.queue import signal_lines

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from argyle_nb.review.queue import ReviewCase
    from argyle_nb.widgets.panel import Answer

# A slice costs a way there and back; what is much larger would keep the page from all else.
SLICE_BYTES = 2 * 1024 * 1024

_FETCHED_AT_ONCE = 4
_MOST_HELD_BYTES = 200_000_000
_FIELD = ("field", "value", "ocr_confidence")


class DocumentCache:
    """The documents that are wanted now, each fetched on a thread of its own.

    A slow handler would hold up every other widget.
    """

    def __init__(self, fetch: Callable[[str], ReviewCase], ready: Callable[[str], None]) -> None:
        self._fetch, self._ready = fetch, ready
        self._lock = threading.Lock()
        self._wanted: tuple[str, ...] = ()
        self._cases: dict[str, ReviewCase | None] = {}

    def keep_only(self, *uploads: str) -> None:
        """Let go of all others, and fetch these in their order."""
        with self._lock:
            self._wanted = tuple(dict.fromkeys(upload for upload in uploads if upload))
            for other in set(self._cases).difference(self._wanted):
                del self._cases[other]
            self._go_on()

    def find(self, upload: str, *, again: bool = False) -> ReviewCase | None:
        """Give a document that was fetched; with ``again``, one with a problem is fetched anew."""
        with self._lock:
            case = self._cases.get(upload)
            if case and case.problem and again:
                self._begin(upload)
                return None
            return case

    def _go_on(self) -> None:
        """Begin what is wanted next, while not too much is here or on its way."""
        for upload in self._wanted:
            on_its_way = sum(case is None for case in self._cases.values())
            held = sum(len(case.content) for case in self._cases.values() if case)
            if on_its_way >= _FETCHED_AT_ONCE or (self._cases and held > _MOST_HELD_BYTES):
                return
            if upload not in self._cases:
                self._begin(upload)

    def _begin(self, upload: str) -> None:
        self._cases[upload] = None
        name = f"argyle_nb fetch {upload}"
        threading.Thread(target=self._run, args=(upload,), name=name, daemon=True).start()

    def _run(self, upload: str) -> None:
        case = self._fetch(upload)
        with self._lock:
            if upload in self._cases:
                self._cases[upload] = case
            self._go_on()
        self._ready(upload)


def slice_of(case: ReviewCase | None, upload: str, offset: int) -> Answer:
    """Give one slice of the content; empty where it is not here."""
    content = case.content if case else b""
    part = content[offset : offset + SLICE_BYTES]
    return {"upload": upload, "offset": offset, "buffer": part}


def facts_of(case: ReviewCase) -> Answer:
    """Give what the page shows beside the document."""
    return {
        "upload": case.upload_id,
        "file_name": case.file_name or "",
        "document_type": case.document_type or "",
        "score": case.score,
        "level": case.level or "",
        "levels": case.levels,
        "no_score": case.no_score,
        "standing": case.standing,
        "alike": list(case.alike),
        "signals": [asdict(line) for line in signal_lines(case.signals)],
        "fields": texts_of(case.fields[list(_FIELD)]),
        "ocr": case.ocr,
        "size": len(case.content),
        "slice": SLICE_BYTES,
        "media_type": case.media_type,
        "sha256": case.sha256 if case.content else "",
        "problem": case.problem,
    }


def texts_of(frame: pd.DataFrame) -> list[Answer]:
    """Give each row as texts, so that nothing depends on how a number travels."""
    return cast("list[Answer]", frame.astype("string").fillna("").to_dict("records"))
