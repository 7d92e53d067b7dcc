"""Weights, scores, and the shape of an analysis."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argyle_nb.sandbox.inspection import scoring
from argyle_nb.sandbox.inspection.scoring import WEIGHTS, DetectedSignal, analysis, score, status

IDENTITY = ("employee_name_edits", "employee_taxpayer_id_edits", "employee_address_edits")


@pytest.mark.parametrize("identifier", IDENTITY)
def test_an_identity_edit_alone_is_of_the_lowest_level(identifier: str) -> None:
    assert score([DetectedSignal(identifier)]) < 30


@given(st.lists(st.sampled_from(sorted(WEIGHTS)), max_size=8), st.sampled_from(sorted(WEIGHTS)))
def test_one_more_signal_never_raises_the_score(found: list[str], more: str) -> None:
    before = score([DetectedSignal(name) for name in found])
    assert 0 <= score([DetectedSignal(name) for name in [*found, more]]) <= before <= 100


def test_a_signal_counts_once_however_often_it_is_found() -> None:
    once, twice = (
        [DetectedSignal("other_edits", 1)],
        [DetectedSignal("other_edits", 1), DetectedSignal("other_edits", 2)],
    )
    assert score(once) == score(twice)


def test_every_weight_is_told_in_the_module_docstring() -> None:
    told = scoring.__doc__ or ""
    assert [n for n, w in WEIGHTS.items() if f"{n} " not in told or w.why not in told] == []


@pytest.mark.parametrize(
    ("points", "level"), [(100, "HIGH"), (81, "HIGH"), (80, "MEDIUM"), (56, "MEDIUM"), (55, "LOW")]
)
def test_the_status_follows_the_tiers_of_ocrolus(points: int, level: str) -> None:
    assert status(points) == level


def test_an_analysis_has_the_shape_of_a_document_analysis() -> None:
    found = [
        DetectedSignal("earnings_edits", 1, [{"original_text": None, "tampered_text": "9.00"}])
    ]
    whole = analysis(found, form_type="PAYSTUB", image_based=False, identity="0f" * 32)
    (form,) = whole["form_analysis"]
    assert whole["uploaded_doc_uuid"] == "0f0f0f0f-0f0f-0f0f-0f0f-0f0f0f0f0f0f"
    assert form["visualizations"] == []
    assert form["signals"] == [
        {
            "identifier": "earnings_edits",
            "display_name": "Earnings Edits",
            "signal_count": 1,
            "page_number": 1,
            "supporting_data": [
                {
                    "values": [
                        {"key": "original_text", "value": "", "data_type": "null"},
                        {"key": "tampered_text", "value": "9.00", "data_type": "str"},
                    ]
                }
            ],
        }
    ]


def test_only_the_published_reason_code_is_not_marked_synthetic() -> None:
    codes = scoring.reason_codes([DetectedSignal(name) for name in WEIGHTS])
    assert [code["code"] for code in codes if not code["code"].startswith("SBX-")] == ["006-L"]
