"""Rows of the store as the objects that Argyle's API reference prints."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from argyle_nb.sandbox.validation import ADDRESS_FIELDS, BIRTH_DATE_RANGES, TEXT_FIELDS, timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from argyle_nb.sandbox.store import Row

# What stands where there is no data: the published examples print both.
NULL_STYLES: dict[str, dict[str, Any] | None] = {"null": None, "empty": {}}
PAYROLL_DATA = (
    "shifts",
    "gigs",
    "paystubs",
    "payroll_documents",
    "identities",
    "ratings",
    "vehicles",
    "deposit_destinations",
    "user_forms",
)


def upload_object(row: Row, host: str, null_style: str = "null") -> dict[str, Any]:
    """Return a user upload; `null_style` says how missing metadata are printed."""
    return {
        "id": row["id"],
        "account": row["account_id"],
        "document_type": row["document_type"],
        "file_url": f"http://{host}/v2/user-uploads/{row['id']}/file",
        "file_name": row["file_name"],
        "metadata": _metadata(row, NULL_STYLES[null_style]),
        "processing": {
            "classification": row["classification"],
            "ocr": row["ocr"],
            "authenticity": row["authenticity"],
        },
        "created_at": timestamp(row["created_at"]),
        "updated_at": timestamp(row["updated_at"]),
    }


def _metadata(row: Row, missing: dict[str, Any] | None) -> dict[str, Any]:
    findings = json.loads(row["findings"] or "{}")
    ocr_data = findings.get("ocr_data") if row["ocr"] == "completed" else None
    authentic = findings if row["authenticity"] == "completed" else {}
    authenticity = authentic.get("ocr_authenticity")
    return {
        "employment": missing,
        "ocr_data": missing if ocr_data is None else ocr_data,
        "ocr_authenticity": missing if authenticity is None else authenticity,
        "ocr_authenticity_score": authentic.get("ocr_authenticity_score"),
    }


def user_object(row: Row) -> dict[str, Any]:
    """Return a user."""
    profile = json.loads(row["profile"])
    return {
        "id": row["id"],
        "created_at": timestamp(row["created_at"]),
        "items_connected": [],
        "employers_connected": [],
        "external_metadata": profile.get("external_metadata"),
        "external_id": row["external_id"],
        **_pick(profile, TEXT_FIELDS),
        "address": _pick(profile.get("address") or {}, ADDRESS_FIELDS),
        "birth_date": _pick(profile.get("birth_date") or {}, BIRTH_DATE_RANGES),
    }


def _pick(values: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: values.get(name) for name in names}


def webhook_object(row: Row) -> dict[str, Any]:
    """Return a webhook; its secret is never told, as in the examples of Argyle's reference."""
    created_at = timestamp(row["created_at"])
    return {
        "id": row["id"],
        "created_at": created_at,
        "updated_at": created_at,
        "events": json.loads(row["events"]),
        "name": row["name"],
        "secret": None,
        "url": row["url"],
        "config": json.loads(row["config"] or "null"),
    }


def account_object(row: Row) -> dict[str, Any]:
    """Return an account that was made by uploading documents.

    It was never connected to a payroll system, hence `scanned_at` is null and the refresh idle.
    """
    created_at = timestamp(row["created_at"])
    uploaded_at = timestamp(row["uploaded_at"] or row["created_at"])
    return {
        "id": row["id"],
        "user": row["user_id"],
        "employers": [],
        "item": row["item"],
        "source": "doc_upload_item",
        "created_at": created_at,
        "updated_at": uploaded_at,
        "scanned_at": None,
        "connection": _status("connecting", created_at),
        "direct_deposit_switch": _status("idle", created_at),
        "availability": {
            **dict.fromkeys(PAYROLL_DATA),
            "user_uploads": {
                "status": "synced",
                "updated_at": uploaded_at,
                "files_count": row["files_count"],
                "in_progress_count": 0,
            },
        },
        "ongoing_refresh": {"status": row["ongoing_refresh"]},
    }


def _status(status: str, updated_at: str) -> dict[str, Any]:
    return {
        "status": status,
        "error_code": None,
        "error_message": None,
        "updated_at": updated_at,
    }
