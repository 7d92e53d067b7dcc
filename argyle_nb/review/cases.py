"""One document with all that is known of it."""

from __future__ import annotations

import hashlib
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from argyle_nb.document_checks import HEAD_BYTES
from argyle_nb.documents import media_type_of
from argyle_nb.errors import ArgyleError
from argyle_nb.frames.ocr import ocr_frame
from argyle_nb.frames.uploads import signals_frame
from argyle_nb.levels import HIGHEST_SCORE, LOWEST_SCORE, level_preset

if TYPE_CHECKING:
    from collections.abc import Iterator

    from argyle_nb.client.client import Client

_CONFIDENCES = {"HIGH": 0, "MEDIUM": 1, "LOW": 2}


@dataclass(frozen=True)
class Case:
    """One document with all that is known of it.

    Parameters
    ----------
    upload_id
        The document.
    file_name, document_type, score, level
        As Argyle has them; ``None`` where it has none.
    signals
        From `signals_frame`: reason codes by confidence, then signals by how often they occur.
    fields
        From `ocr_frame`.
    content
        The document's bytes; empty if it could not be fetched.
    media_type
        By content: PDF, JPEG, PNG or HEIC; empty without content.
    problem
        Why something is missing, in words; empty if nothing is.

    Examples
    --------
    >>> case = open_case(client, upload.id)  # doctest: +SKIP
    """

    upload_id: str
    file_name: str | None = None
    document_type: str | None = None
    score: int | None = None
    level: str | None = None
    signals: pd.DataFrame = field(default_factory=lambda: signals_frame([]), repr=False)
    fields: pd.DataFrame = field(default_factory=lambda: ocr_frame([]), repr=False)
    content: bytes = field(default=b"", repr=False)
    media_type: str = ""
    problem: str = ""

    @property
    def sha256(self) -> str:
        """The content's digest, hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


def open_case(client: Client, upload_id: str, *, levels: str = "argyle") -> Case:
    """Fetch a document and what is known of it; no file is left behind.

    Parameters
    ----------
    client
        Whom to ask.
    upload_id
        The document.
    levels
        The preset of ``level``.

    Returns
    -------
    Case
        What could not be fetched or read is empty, and ``problem`` says why.

    Examples
    --------
    >>> open_case(client, "01320596-2c3d-189c-53e7-000000000001").content
    b''
    """
    try:
        upload = client.get_upload(upload_id)
    except ArgyleError as error:
        return Case(upload_id, problem=str(error))
    problems: list[str] = []
    score = None
    with _noting(problems):
        score = upload.ocr_authenticity_score
    signals = signals_frame([])
    with _noting(problems):
        signals = _in_order_of_weight(signals_frame([upload]))
    fields = ocr_frame([])
    with _noting(problems):
        fields = ocr_frame([upload])
    content = b""
    with _noting(problems), tempfile.TemporaryDirectory(prefix="argyle_nb_review_") as folder:
        content = client.download(upload, folder).read_bytes()
    return Case(
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


def _in_order_of_weight(signals: pd.DataFrame) -> pd.DataFrame:
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
