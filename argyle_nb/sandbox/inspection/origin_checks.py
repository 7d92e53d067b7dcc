"""What the history of a file tells: editors, generators, rewriting, contradicting dates."""

from __future__ import annotations

from datetime import timedelta

from argyle_nb.sandbox.inspection.provenance import (
    EDITORS,
    GENERATORS,
    LONG_AFTER,
    PRINTERS,
    REWRITERS,
    TOOL_BOXES,
    WEB_LIBRARIES,
    WRITERS,
    Origin,
    first_match,
)
from argyle_nb.sandbox.inspection.scoring import Signal

CLOCK_SLACK = timedelta(minutes=5)


def origin_signals(origin: Origin, earlier: list[Origin]) -> list[Signal]:
    """Check who made and who changed a file.

    Parameters
    ----------
    origin
        What the file says now.
    earlier
        What its former revisions said, oldest first.
    """
    everyone = Origin(
        producers=tuple(dict.fromkeys(n for o in (*earlier, origin) for n in o.producers)),
        creators=tuple(dict.fromkeys(n for o in (*earlier, origin) for n in o.creators)),
    )
    return [*_software(everyone), *_dates(origin)]


def _software(everyone: Origin) -> list[Signal]:
    names = everyone.names
    if generator := first_match(GENERATORS, names):
        return [_signal("sbx_paystub_generator", generator, everyone)]
    if editor := first_match(EDITORS, names):
        return [_signal("sbx_edited_by_software", editor, everyone)]
    found = []
    for identifier, pattern in (
        ("sbx_word_processor", WRITERS),
        ("sbx_tool_box", TOOL_BOXES),
        ("sbx_web_library", WEB_LIBRARIES),
        ("sbx_rewritten", REWRITERS),
        ("sbx_printed_to_pdf", PRINTERS),
    ):
        if name := first_match(pattern, names):
            found.append(_signal(identifier, name, everyone))
    return found[:1]


def _dates(origin: Origin) -> list[Signal]:
    if origin.bad_date:
        return [
            Signal("sbx_file_dates_contradict", evidence=[{"problem": "a date that is no date"}])
        ]
    if origin.created is None or origin.modified is None:
        return []
    evidence: dict[str, str | None] = {
        "created": origin.created.isoformat(),
        "modified": origin.modified.isoformat(),
    }
    if origin.modified < origin.created - CLOCK_SLACK:
        return [Signal("sbx_file_dates_contradict", evidence=[evidence])]
    if origin.modified - origin.created > LONG_AFTER:
        return [Signal("sbx_changed_long_after", evidence=[evidence])]
    return []


def _signal(identifier: str, name: str, everyone: Origin) -> Signal:
    others = [other for other in (*everyone.creators, *everyone.producers) if other != name]
    origin = others[0] if others else None
    return Signal(identifier, evidence=[{"edit_source": name, "doc_origin": origin}])
