"""Signals, their weights, and the simulated score: what the sandbox has for Ocrolus Detect.

The score is 100 minus the weights of the signals found, once per signal and never below 0. It falls
only for evidence that something was changed after the document was made, that the document
contradicts itself, that a paystub site made it, or that it shows a screen; what is not read, an
unknown layout, a missing text or the name of a program that makes, scans, prints, converts or
protects costs nothing. Nothing in it is random and nothing is learned. Identity edits weigh most,
because Argyle's table puts a tampered name, SSN or address in 0-29; amounts come next.

{table}
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

HIGH_FROM = 81
MEDIUM_FROM = 56
SURE = 45
LIKELY = 30


class Weight(NamedTuple):
    """What one signal costs, how it is called and why."""

    points: int
    title: str
    why: str


# The identifiers without `sbx_` are Ocrolus' own (Ocrolus reference, supporting data values).
WEIGHTS: dict[str, Weight] = {
    "employee_name_edits": Weight(78, "Employee Name Edits", "whose document it is was changed"),
    "employee_taxpayer_id_edits": Weight(78, "Employee Taxpayer ID Edits", "as the name"),
    "employee_address_edits": Weight(72, "Employee Address Edits", "identity, as the name"),
    "employer_name_edits": Weight(72, "Employer Name Edits", "who pays was changed"),
    "employer_id_edits": Weight(72, "Employer ID Edits", "as the employer's name"),
    "employer_address_edits": Weight(65, "Employer Address Edits", "part of who pays"),
    "account_number_edits": Weight(65, "Account Number Edits", "where the money goes was changed"),
    "earnings_edits": Weight(64, "Earnings Edits", "income was changed"),
    "dollar_amount_edits": Weight(64, "Dollar Amount Edits", "an amount was changed"),
    "deductions_edits": Weight(58, "Deductions Edits", "an amount that makes net pay"),
    "withholdings_edits": Weight(58, "Withholdings Edits", "an amount that makes net pay"),
    "date_edits": Weight(58, "Date Edits", "an old document made to look recent"),
    "pay_frequency_edits": Weight(55, "Pay Frequency Edits", "multiplies income"),
    "other_edits": Weight(45, "Other Edits", "text changed, meaning unknown"),
    "sbx_text_added": Weight(16, "Text Added After Saving", "may be a note or a signature"),
    "sbx_paystub_generator": Weight(62, "Online Paystub Generator", "anyone can enter any values"),
    "sbx_sums_do_not_add_up": Weight(
        44, "Totals Do Not Reconcile", "payroll software adds correctly"
    ),
    "sbx_taxes_do_not_fit": Weight(
        36, "Tax Withholding Inconsistent With Wages", "6.2% and 1.45% are law"
    ),
    "sbx_impossible_dates": Weight(40, "Impossible Dates", "no payment can have these dates"),
    "sbx_edited_by_software": Weight(42, "Edited By Software", "an editor saved a payroll file"),
    "sbx_file_dates_contradict": Weight(30, "File Dates Contradict", "changed before it was made"),
    "sbx_fonts_mixed_in_line": Weight(44, "Mixed Fonts In Field", "typed in another program"),
    "sbx_fields_misaligned": Weight(30, "Fields Misaligned", "set by hand, off its column or line"),
    "sbx_text_over_text": Weight(30, "Text Over Text", "something was painted over"),
    "sbx_copies_disagree": Weight(46, "Form Copies Differ", "all copies of a form are one print"),
    "sbx_flat_withholding": Weight(12, "Flat Withholding", "tax tables give no whole percentages"),
    "sbx_screenshot": Weight(40, "Screenshot", "a screen's size and even color"),
    "sbx_part_put_in": Weight(56, "Pasted Image Region", "dark print not saved with the rest"),
}
FIELDS_MISALIGNED = "006-L"
# A document that contradicts itself may be its maker's mistake: alone this leaves half the points.
CONTRADICTIONS = {
    "sbx_sums_do_not_add_up",
    "sbx_taxes_do_not_fit",
    "sbx_impossible_dates",
    "sbx_copies_disagree",
    "sbx_file_dates_contradict",
    "sbx_flat_withholding",
}
MOST_FOR_CONTRADICTIONS = 50


def _table() -> str:
    widest = max(len(name) for name in WEIGHTS)
    rule = f"{'=' * widest}  ====== {'=' * 40}"
    rows = [f"{name:{widest}}  {weight.points:>6} {weight.why}" for name, weight in WEIGHTS.items()]
    return "\n".join([rule, f"{'signal':{widest}}  points why", rule, *rows, rule])


__doc__ = (__doc__ or "").format(table=_table())


@dataclass
class DetectedSignal:
    """One kind of finding on one page, with its evidence."""

    identifier: str
    page: int | None = None
    evidence: list[dict[str, str | None]] = field(default_factory=list)


def found(identifier: str, page: int | None = None, **evidence: str | None) -> DetectedSignal:
    """Make a signal of one piece of evidence."""
    return DetectedSignal(identifier, page, [evidence])


def merge(signals: list[DetectedSignal]) -> list[DetectedSignal]:
    """Join signals of one kind and page, heaviest first."""
    joined: dict[tuple[str, int | None], DetectedSignal] = {}
    for signal in signals:
        into = joined.setdefault(
            (signal.identifier, signal.page), DetectedSignal(signal.identifier, signal.page)
        )
        into.evidence += [item for item in signal.evidence if item not in into.evidence]
    return sorted(joined.values(), key=lambda s: -WEIGHTS[s.identifier].points)


def score(signals: list[DetectedSignal]) -> int:
    """Return the authenticity score, 0 to 100, that the signals leave."""
    names = {signal.identifier for signal in signals}
    contradictions = sum(WEIGHTS[name].points for name in names & CONTRADICTIONS)
    changes = sum(WEIGHTS[name].points for name in names - CONTRADICTIONS)
    return max(0, 100 - changes - min(contradictions, MOST_FOR_CONTRADICTIONS))


def status(points: int) -> str:
    """Return HIGH from 81, MEDIUM from 56, else LOW (Ocrolus, authenticity status)."""
    if points >= HIGH_FROM:
        return "HIGH"
    return "MEDIUM" if points >= MEDIUM_FROM else "LOW"


def confidence(identifier: str) -> str:
    """Return how sure a signal is of itself: HIGH, MEDIUM or LOW, by its weight."""
    points = WEIGHTS[identifier].points
    if points >= SURE:
        return "HIGH"
    return "MEDIUM" if points >= LIKELY else "LOW"


def reason_codes(signals: list[DetectedSignal]) -> list[dict[str, str]]:
    """Return reason codes: `006-L` is Ocrolus' own, all others are marked SBX, for sandbox."""
    codes = []
    for name in dict.fromkeys(signal.identifier for signal in signals):
        level = confidence(name)
        code = f"SBX-{list(WEIGHTS).index(name) + 1:02d}-{level[0]}"
        if name == "sbx_fields_misaligned":
            code, level = FIELDS_MISALIGNED, "LOW"
        description = WEIGHTS[name].title.lower()
        codes.append({"code": code, "confidence": level, "description": description})
    return codes


def analysis(
    signals: list[DetectedSignal], *, form_type: str, image_based: bool, identity: str
) -> dict[str, Any]:
    """Write the findings as Detect's document analysis (Ocrolus Detect reference)."""
    ordered = merge(signals)
    points = score(ordered)
    form = {
        "form_type": form_type,
        "form_uuid": _uuid(identity[32:]),
        "signals": [_signal(signal) for signal in ordered if signal.identifier in WEIGHTS],
        "visualizations": [],
        "form_authenticity": {
            "version": "sandbox-1",
            "score": points,
            "reason_codes": reason_codes(ordered),
            "authenticity_status": status(points),
        },
    }
    return {
        "uploaded_doc_uuid": _uuid(identity),
        "uploaded_doc_type": "PAYSTUB" if form_type == "PAYSTUB" else "FORM",
        "mixed_uploaded_doc_uuid": None,
        "detect_status": "COMPLETED",
        "is_image_based_pdf": image_based,
        "form_analysis": [form],
    }


def _uuid(digits: str) -> str:
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32]))


def _signal(signal: DetectedSignal) -> dict[str, Any]:
    evidence = signal.evidence or [{}]
    return {
        "identifier": signal.identifier,
        "display_name": WEIGHTS[signal.identifier].title,
        "signal_count": len(evidence),
        "page_number": signal.page,
        "supporting_data": [{"values": _values(item)} for item in evidence],
    }


def _values(item: dict[str, str | None]) -> list[dict[str, str]]:
    return [
        {"key": key, "value": value or "", "data_type": "null" if value is None else "str"}
        for key, value in item.items()
    ]
