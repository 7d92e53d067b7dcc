"""The order in which a page is painted: a value left out and put in at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.payroll_papers import look, merged, new_canvas, paystub, put, replaced, signals

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Texts = list[tuple[float, float, str]]

ROWS = (
    ("Earnings Statement", "Current", "YTD"),
    ("Regular Pay", "1,911.76", "7,501.88"),
    ("Gross Pay", "1,911.76", "7,501.88"),
    ("Federal Income Tax", "151.17", "600.00"),
    ("Union Dues", "146.25", "573.90"),
    ("Retirement", "76.47", "300.08"),
    ("Net Pay", "1,537.87", "6,027.90"),
)
TABLE: Texts = [
    (x, 700.0 - 14 * row, text)
    for row, texts in enumerate(ROWS)
    for x, text in zip((40, 300, 450), texts, strict=True)
]
TAX = TABLE[10]

ORDERS: dict[str, Callable[[tuple[float, float, str]], object]] = {
    "line by line": lambda text: (-text[1], text[0]),
    "from the foot": lambda text: (text[1], text[0]),
    "column by column": lambda text: (text[0], -text[1]),
    "labels after values": lambda text: (text[0] == 40, -text[1], text[0]),
}


def painted(texts: Texts) -> bytes:
    buffer, canvas = new_canvas()
    for x, y, text in texts:
        put(canvas, x, y, text)
    canvas.save()
    return buffer.getvalue()


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_a_page_may_be_painted_in_any_order(
    tmp_path: Path, order: Callable[[tuple[float, float, str]], object]
) -> None:
    assert signals(look(tmp_path, painted(sorted(TABLE, key=order)))) == {}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_in_any_order_a_value_that_comes_when_all_is_done_was_put_there_later(
    tmp_path: Path, order: Callable[[tuple[float, float, str]], object]
) -> None:
    texts = sorted((text for text in TABLE if text is not TAX), key=order)
    found = signals(look(tmp_path, painted([*texts, TAX])))
    assert [item["tampered_text"] for item in found["other_edits"]] == ["151.17"]


def test_a_first_name_put_in_place_of_another_is_named(tmp_path: Path) -> None:
    without = replaced(
        paystub(), "(Otis R. Plumleigh)", "(        R. Plumleigh)", incremental=False
    )
    data = merged(without, lambda canvas: put(canvas, 40, 700, "Anna", "Helvetica-Bold"))
    (found,) = signals(look(tmp_path, data))["other_edits"]
    assert found["tampered_text"].startswith("Anna")


def test_a_foot_with_a_date_is_painted_last_and_honest(tmp_path: Path) -> None:
    data = painted([*TABLE, (40, 60, "Page 1 of 1"), (300, 40, "Printed on 03/05/2026 at 1:02 PM")])
    assert signals(look(tmp_path, data)) == {}


def test_where_other_values_come_out_of_turn_as_well_nothing_is_told(tmp_path: Path) -> None:
    last = TABLE[::5]
    texts = [text for text in TABLE if text not in (*last, TAX)]
    assert signals(look(tmp_path, painted([*last, *texts, TAX]))) == {}
