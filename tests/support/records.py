"""Records in the shape of the published API, for tests that need no server."""

from collections.abc import Iterator
from typing import Any

from argyle_nb.frames.records import UPLOADS
from argyle_nb.models import UserUpload


def record(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A processed paystub; give any top-level field to change it."""
    return {
        "id": f"01320596-2c3d-189c-53e7-{number:012x}",
        "account": "01856c65-43b6-8b5d-b32a-56b8fbda5c28",
        "document_type": "paystubs",
        "file_url": "www.argyle.com/storagename",
        "file_name": "most_recent_paystub.pdf",
        "metadata": {
            "employment": None,
            "ocr_data": {"employee": {"name": "Ada Sample"}},
            "ocr_authenticity": analysis(),
            "ocr_authenticity_score": 85,
        },
        "processing": stages("completed", "completed", "completed"),
        "created_at": "2024-07-08T13:43:49.864Z",
        "updated_at": "2024-07-08T13:43:51.868Z",
    } | changes


def stages(classification: str, ocr: str, authenticity: str) -> dict[str, str]:
    return {"classification": classification, "ocr": ocr, "authenticity": authenticity}


def scored(number: int, score: Any, **changes: Any) -> dict[str, Any]:
    return record(number, metadata={"ocr_authenticity_score": score}, **changes)


def unscored(number: int, *states: str, **changes: Any) -> dict[str, Any]:
    return record(number, metadata=None, processing=stages(*states), **changes)


def analysis() -> dict[str, Any]:
    """One document analysis with one form, one signal of two occurrences, one reason code."""
    return {
        "uploaded_doc_uuid": "83f6c264-0000-0000-0000-000000000000",
        "uploaded_doc_type": "PAYSTUB",
        "detect_status": "COMPLETED",
        "is_image_based_pdf": False,
        "form_analysis": [form()],
    }


def form(**changes: Any) -> dict[str, Any]:
    return {
        "form_type": "PAYSTUB",
        "form_uuid": "cbc5507d-b5e4-4ae0-bae3-4cda69c66476",
        "signals": [
            {
                "identifier": "dollar_amount_edits",
                "display_name": "Dollar Amount Edits",
                "signal_count": 2,
                "page_number": 1,
                "supporting_data": [
                    supporting("net_pay", "1,000.00", "10,000.00"),
                    supporting("gross_pay", "1,500.00", "15,000.00"),
                ],
            }
        ],
        "visualizations": [],
        "form_authenticity": {
            "version": "1.0",
            "score": 70,
            "reason_codes": [
                {"code": "006-L", "confidence": "LOW", "description": "fields misaligned"}
            ],
            "authenticity_status": "LOW",
        },
    } | changes


def supporting(field_name: str, original_text: str, tampered_text: str) -> dict[str, Any]:
    items = {
        "field_name": field_name,
        "original_text": original_text,
        "tampered_text": tampered_text,
    }
    return {
        "values": [{"key": key, "value": value, "data_type": "str"} for key, value in items.items()]
    }


def as_uploads(records: Any) -> Iterator[UserUpload]:
    """Uploads as the client gives them, from whatever `uploads_frame` takes."""
    for batch in UPLOADS.batches(records):
        yield from batch.records
