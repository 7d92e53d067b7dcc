"""The fixed set of sample documents: ten borrowers, and what each sends in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """One sample document.

    ``user`` counts borrowers from 1. ``when`` is the pay date's number in 2026 for a paystub and
    the tax year for a form. ``how`` is a quirk of a genuine document, a kind of tampering, or the
    form a paper takes. ``filed_as`` names a wrong document type.
    """

    user: int
    kind: str
    when: int
    how: str
    filed_as: str = ""


LAYOUT_OF_USER = {
    1: "statement",
    2: "voucher",
    3: "ledger",
    4: "portal",
    5: "statement",
    6: "ledger",
    7: "voucher",
    8: "ledger",
    9: "voucher",
    10: "statement",
}

RECIPES = (
    Recipe(1, "paystub", 4, "plain"),
    Recipe(1, "paystub", 5, "touched"),
    Recipe(1, "w2", 2025, "plain"),
    Recipe(1, "id_card", 0, "photo"),
    Recipe(2, "paystub", 5, "amount_edited_incremental"),
    Recipe(2, "w2", 2025, "touched"),
    Recipe(2, "paystub", 6, "photo"),
    Recipe(2, "utility_bill", 0, "pdf"),
    Recipe(3, "paystub", 1, "plain"),
    Recipe(3, "paystub", 3, "sums_wrong"),
    Recipe(3, "w2", 2025, "identity_edited_incremental"),
    Recipe(3, "bank_letter", 0, "pdf"),
    Recipe(4, "paystub", 6, "printed"),
    Recipe(4, "paystub", 5, "protected"),
    Recipe(4, "w2", 2025, "packed"),
    Recipe(4, "id_card", 0, "pdf"),
    Recipe(4, "offer_letter", 0, "pdf"),
    Recipe(5, "paystub", 5, "covered_and_retyped"),
    Recipe(5, "w2", 2025, "covered_and_retyped"),
    Recipe(5, "voided_check", 0, "PNG"),
    Recipe(6, "1099", 2024, "plain"),
    Recipe(6, "1099", 2025, "amount_edited_incremental"),
    Recipe(6, "id_card", 0, "JPEG"),
    Recipe(7, "paystub", 4, "online_generator"),
    Recipe(7, "paystub", 5, "photo_patched"),
    Recipe(7, "w2", 2025, "impossible_dates"),
    Recipe(7, "utility_bill", 0, "pdf"),
    Recipe(8, "paystub", 3, "annotated"),
    Recipe(8, "paystub", 4, "retitled"),
    Recipe(8, "w2", 2025, "printed", filed_as="paystubs"),
    Recipe(9, "paystub", 4, "resaved_by_editor"),
    Recipe(9, "paystub", 5, "screenshot"),
    Recipe(9, "w2", 2025, "photo"),
    Recipe(10, "paystub", 2, "scanned_after_edit"),
    Recipe(10, "paystub", 4, "fonts_mixed"),
    Recipe(10, "paystub", 5, "impossible_dates"),
    Recipe(10, "w2", 2025, "scanned"),
    Recipe(10, "1099", 2025, "printed"),
    Recipe(10, "bank_letter", 0, "pdf"),
)

# A client has to refuse both before a byte is sent.
REFUSED = {
    "empty_scan.pdf": (b"", "paystubs", 9),
    "notes_renamed.pdf": (
        b"Call the employer back on Monday about the missing pay date.\n",
        "miscellaneous",
        6,
    ),
}
