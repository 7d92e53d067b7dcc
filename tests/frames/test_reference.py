"""The fast way to frames gives what a slow and obvious way gives, however the records came."""

import json
from datetime import UTC, datetime

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from argyle_nb.frames.uploads import flatten, signals_frame, uploads_frame
from argyle_nb.models import DOCUMENT_TYPES, STATUSES
from tests.support.records import as_uploads, form

LEVELS = [(80, "high"), (50, "medium"), (30, "low"), (0, "very low")]


def time_of(text):
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)


def forms_in(value):
    """Collect every form at any depth of the known wrappers."""
    if isinstance(value, list):
        return [found for item in value for found in forms_in(item)]
    if "signals" in value or "form_authenticity" in value:
        return [value]
    inner = [value[key] for key in ("form_analysis", "doc_analysis", "response") if key in value]
    return [found for item in inner for found in forms_in(item)]


def upload_row(item):
    metadata, processing = item.get("metadata") or {}, item.get("processing") or {}
    score = metadata.get("ocr_authenticity_score")
    score = None if score is None else int(float(score))
    analysis = metadata.get("ocr_authenticity") or None
    forms = None if analysis is None else forms_in(analysis)
    if score is None and forms:
        score = min(f["form_authenticity"]["score"] for f in forms)
    codes = [f["form_authenticity"]["reason_codes"] for f in forms or []]
    return {
        "id": item["id"],
        "account": item.get("account"),
        "user": None,
        "external_id": None,
        "document_type": item.get("document_type"),
        "requested_document_type": None,
        "file_name": item.get("file_name"),
        "file_url": item.get("file_url"),
        "processing_classification": processing.get("classification"),
        "processing_ocr": processing.get("ocr"),
        "processing_authenticity": processing.get("authenticity"),
        "ocr_authenticity_score": score,
        "authenticity_level": next(
            (w for low, w in LEVELS if score is not None and score >= low), None
        ),
        "authenticity_status": "LOW" if forms else None,
        "detect_status": None,
        "is_image_based_pdf": None,
        "signal_count": None if forms is None else sum(len(f["signals"]) for f in forms),
        "reason_code_count": None if forms is None else sum(map(len, codes)),
        "created_at": time_of(item.get("created_at")),
        "updated_at": time_of(item.get("updated_at")),
    }


def signal_rows(item):
    analysis = (item.get("metadata") or {}).get("ocr_authenticity") or []
    for number, found in enumerate(forms_in(analysis), start=1):
        head = {
            "upload_id": item["id"],
            "document_type": item.get("document_type"),
            "form": number,
            "form_type": found["form_type"],
            "form_score": found["form_authenticity"]["score"],
            "form_authenticity_status": found["form_authenticity"]["authenticity_status"],
        }
        for signal in found["signals"]:
            row = head | {"finding_type": "signal", "identifier": signal["identifier"]}
            row |= {name: signal[name] for name in ("display_name", "page_number")}
            row["occurrences"] = signal["signal_count"]
            for occurrence, data in enumerate(signal["supporting_data"], start=1):
                told = {value["key"]: value["value"] for value in data["values"]}
                yield row | {"occurrence": occurrence} | told
        for reason in found["form_authenticity"]["reason_codes"]:
            yield head | {
                "finding_type": "reason_code",
                "identifier": reason["code"],
                "display_name": reason["description"],
                "reason_confidence": reason["confidence"],
            }


def cells_of(frame):
    """Give a frame's rows as plain values, ``None`` for every kind of missing."""
    plain = frame.astype(object).to_dict("records")
    return [{k: None if pd.isna(v) else v for k, v in row.items()} for row in plain]


def expected_cells(rows, columns):
    return [{name: row.get(name) for name in columns} for row in rows]


def wrapped(forms):
    """Put forms at each of the known depths."""
    document = {"uploaded_doc_type": "PAYSTUB", "form_analysis": forms}
    return st.sampled_from(
        [document, {"doc_analysis": [document]}, [document], {"response": document}]
    )


texts = st.text(max_size=6)
times = st.sampled_from(
    [None, "2024-07-08T13:43:49.864Z", "2024-07-08T13:43:49.864033Z", "1999-12-31T23:59:59Z"]
)
forms = st.lists(
    st.builds(
        lambda count: form(signals=form()["signals"] * count),
        st.integers(0, 3),
    ),
    max_size=2,
)
scores = st.none() | st.integers(0, 100).flatmap(lambda n: st.sampled_from([n, float(n), str(n)]))
metadata = (
    st.none()
    | st.just({})
    | st.fixed_dictionaries(
        {},
        optional={
            "employment": st.none(),
            "ocr_data": st.sampled_from([None, {}, {"employee": {"name": "Ada"}}]),
            "ocr_authenticity": st.none() | st.just({}) | forms.flatmap(wrapped),
            "ocr_authenticity_score": scores,
        },
    )
)
statuses = st.none() | st.sampled_from([*STATUSES, "paused"])
items = st.fixed_dictionaries(
    {"id": st.uuids().map(str)},
    optional={
        "account": st.none() | st.uuids().map(str),
        "document_type": st.none() | st.sampled_from([*DOCUMENT_TYPES, "1098"]),
        "file_name": st.none() | texts,
        "file_url": st.none() | texts,
        "metadata": metadata,
        "processing": st.none()
        | st.fixed_dictionaries(
            {}, optional={"classification": statuses, "ocr": statuses, "authenticity": statuses}
        ),
        "created_at": times,
        "updated_at": times,
        "a_field_of_tomorrow": st.just({"x": [1]}),
    },
)
ways = st.sampled_from(["dicts", "page", "bare list", "singles", "objects", "mixture"])


def in_the_way(records, way):
    """Hand the records over as asked."""
    page = {"next": None, "previous": None, "results": records}
    singles = [json.dumps(item).encode() for item in records]
    return {
        "dicts": records,
        "page": json.dumps(page).encode(),
        "bare list": json.dumps(records).encode(),
        "singles": singles,
        "objects": as_uploads(records),
        "mixture": [*records[:1], *singles[1:2], json.dumps(records[2:]).encode()],
    }[way]


@given(st.lists(items, max_size=6), ways)
def test_uploads_are_what_the_obvious_way_gives(records, way):
    frame = uploads_frame(in_the_way(records, way))
    assert cells_of(frame) == expected_cells(map(upload_row, records), frame.columns)


@given(st.lists(items, max_size=6), ways)
def test_signals_are_what_the_obvious_way_gives(records, way):
    frame = signals_frame(in_the_way(records, way))
    rows = [row for item in records for row in signal_rows(item)]
    assert cells_of(frame) == expected_cells(rows, frame.columns)


@given(st.lists(items, max_size=4), ways)
def test_one_pass_gives_both_frames(records, way):
    both = flatten(in_the_way(records, way))
    pd.testing.assert_frame_equal(both.uploads, uploads_frame(records))
    pd.testing.assert_frame_equal(both.signals, signals_frame(records))


@given(st.lists(items, min_size=1, max_size=4), st.integers(0, 3), ways)
def test_one_bad_record_is_listed_and_the_rest_is_kept(records, place, way):
    bad = {"id": "the-bad-one", "metadata": {"ocr_authenticity_score": "n/a"}}
    mixed = [*records[:place], bad, *records[place:]]
    frame = uploads_frame(in_the_way(mixed, way), errors="collect")
    assert frame["id"].tolist() == [item["id"] for item in records]
    [told] = frame.attrs["unreadable"]
    assert told["record"] == "the-bad-one"
