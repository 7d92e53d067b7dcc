"""Names and codes of the fonts of a PDF."""

from __future__ import annotations

import pytest
from argyle_nb.sandbox.inspection.pdf_fonts import family_of, read_to_unicode


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("ABCDEF+Arial-BoldMT", "arial"),
        ("ArialMT", "arial"),
        ("Helvetica-Oblique", "helvetica"),
        ("Arial,Bold", "arial"),
        ("TimesNewRomanPSMT", "timesnew"),
        ("TimesNewRomanPS-BoldMT", "timesnew"),
        ("Bookman-Demi", "bookman-demi"),
    ],
)
def test_bold_and_regular_of_one_face_are_one_family(name: str, family: str) -> None:
    assert family_of(name) == family


def test_a_to_unicode_map_gives_characters_and_ranges() -> None:
    data = b"beginbfchar <0003> <0020> endbfchar beginbfrange <0010> <0012> <0030> endbfrange"
    assert read_to_unicode(data) == {3: " ", 16: "0", 17: "1", 18: "2"}
