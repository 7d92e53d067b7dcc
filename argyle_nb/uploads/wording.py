"""What a panel says of an upload that Argyle is reading or has read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from argyle_nb.client.polling import COMPLETE, STAGES
from argyle_nb.errors import ArgyleError
from argyle_nb.frames.rows import READ, rows_of
from argyle_nb.levels import PRESETS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from argyle_nb.frames.authenticity import FormAnalysis, ReasonCode, Signal
    from argyle_nb.models import UserUpload

_STEPS = {"completed": "done", "in_progress": "under way", "idle": "not begun"}


class Outcome(NamedTuple):
    """What came of an upload: in words, and its score, level and signals where it has them."""

    words: str
    score: int | None = None
    level: str = ""
    signals: tuple[str, ...] = ()


def under_way(upload: UserUpload) -> str:
    """Say how far Argyle is with reading an upload.

    Examples
    --------
    >>> from argyle_nb.models import UserUpload
    >>> under_way(UserUpload("u1"))
    'Argyle reads it'
    """
    steps = zip(STAGES, upload.stages, strict=True)
    told = [f"{stage} {_STEPS.get(str(step), step)}" for stage, step in steps if step]
    return "Argyle reads it: " + ", ".join(told) if told else "Argyle reads it"


def outcome(upload: UserUpload, reason: str) -> Outcome:
    """Say what reading an upload found; the level is named by Argyle's own table.

    Parameters
    ----------
    upload
        The newest answer.
    reason
        Why nothing more is expected of it.

    Examples
    --------
    >>> from argyle_nb.models import UserUpload
    >>> outcome(UserUpload("u1", document_type="miscellaneous"), "complete").words
    'stored as miscellaneous; no authenticity score'
    """
    kind = upload.document_type or upload.requested_document_type or "an unknown type"
    try:
        score = upload.ocr_authenticity_score
        level = "" if score is None else PRESETS["argyle"].level_of(score)
        signals = _signals_of(upload)
    except (ArgyleError, ValueError) as error:
        return Outcome(f"stored as {kind}; its score cannot be read ({error})")
    if score is not None:
        found = {0: "no signals", 1: "1 signal"}.get(len(signals), f"{len(signals)} signals")
        words = f"{kind}: score {score}, {level} authenticity, {found}"
        return Outcome(words, score, level, signals)
    why = f" ({reason})" if reason != COMPLETE else ""
    return Outcome(f"stored as {kind}; no authenticity score{why}")


def _signals_of(upload: UserUpload) -> tuple[str, ...]:
    # A data frame of one upload takes over a hundred times as long.
    found = [forms for batch in READ.batches(upload) for forms in rows_of(batch).forms]
    names = [name for forms in found for form in forms or () for name in _names_in(form)]
    # A signal and its reason code often have the same name in other letters.
    return tuple({name.casefold(): name for name in reversed(names)}.values())[::-1]


def _names_in(form: FormAnalysis[Signal, ReasonCode]) -> Iterator[str]:
    pairs = [(signal.display_name, signal.identifier) for signal in form.signals or ()]
    pairs += [(code.description, code.code) for code in form.reason_codes]
    for name, short in pairs:
        if (shown := short if name is None else name) is not None:
            yield shown
