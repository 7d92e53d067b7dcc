"""The objects of the local server's own OpenAPI description: what is sent and what comes back.

Every object that comes back has exactly the properties listed here, all of them.
"""

from __future__ import annotations

from typing import Any

from argyle_nb.sandbox.limits import MAX_PARTS
from argyle_nb.sandbox.objects import PAYROLL_DATA
from argyle_nb.sandbox.outbox import EVENTS, EVERY_EVENT
from argyle_nb.sandbox.validation import (
    ADDRESS_FIELDS,
    BIRTH_DATE_RANGES,
    DOCUMENT_TYPES,
    EMAIL,
    END_USER_FIELDS,
    MAX_EXTERNAL_ID,
    PHONE,
    REFRESH_STATUSES,
    TEXT_FIELDS,
)
from argyle_nb.sandbox.webhooks_api import MAX_TEXT, MAX_URL

Schema = dict[str, Any]

PROCESSING_STATUSES = ("unauthorized", "idle", "in_progress", "completed", "failed")

STRING: Schema = {"type": "string"}
UUID: Schema = {"type": "string", "format": "uuid"}
INTEGER: Schema = {"type": "integer"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
STRINGS: Schema = {"type": "array", "items": STRING}
OBJECT: Schema = {"type": "object"}
ANYTHING: Schema = {}
WITHOUT_NULL_CHARACTERS: Schema = {"type": "string", "pattern": "^[^\\x00]*$"}
NOT_BLANK: Schema = {"type": "string", "pattern": "^[^\\x00]*[^\\s\\x00-\\x1f][^\\x00]*$"}
LOOPBACK_URL = (
    r"^http://(127\.0\.0\.1|localhost|\[::1\])(:([1-9][0-9]{0,3}|[1-5][0-9]{4}))?"
    r"(/[A-Za-z0-9._~/?=&-]*)?$"
)


def nullable(schema: Schema) -> Schema:
    """Return the schema with null allowed."""
    return {**schema, "nullable": True}


def always_null(schema: Schema) -> Schema:
    """Return the schema of a property that this server never fills."""
    return {**schema, "nullable": True, "enum": [None]}


def choice(*allowed: str) -> Schema:
    """Return a string that has one of the values."""
    return {"type": "string", "enum": list(allowed)}


def reference(name: str) -> Schema:
    """Return a pointer to one of `schemas`."""
    return {"$ref": f"#/components/schemas/{name}"}


def exactly(**properties: Schema) -> Schema:
    """Return an object that has all of these properties and no others."""
    return {
        "type": "object",
        "required": list(properties),
        "properties": properties,
        "additionalProperties": False,
    }


def optionally(**properties: Schema) -> Schema:
    """Return an object that may have these properties; others are passed over."""
    return {"type": "object", "properties": properties}


def schemas() -> dict[str, Schema]:
    """Return all named objects."""
    return {
        "UserUpload": _upload(),
        "UserUploadForm": _upload_form(),
        "User": _user(),
        "UserProfile": _user_profile(),
        "NewUser": exactly(user_token=STRING, id=UUID),
        "Account": _account(),
        "AvailabilityItem": exactly(
            status=choice("synced"),
            updated_at=MOMENT,
            files_count=INTEGER,
            in_progress_count=INTEGER,
        ),
        "Webhook": _webhook(),
        "WebhookSubscription": _webhook_subscription(),
        "About": exactly(name=STRING, about=STRING),
        "Detail": exactly(detail=STRING),
        "FieldErrors": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {**STRINGS, "minItems": 1},
        },
    }


def page_of(name: str) -> Schema:
    """Return the envelope of a list."""
    link = nullable({"type": "string", "format": "uri"})
    results = {"type": "array", "items": reference(name), "maxItems": 200}
    return exactly(next=link, previous=link, results=results)


def _upload() -> Schema:
    status = choice(*PROCESSING_STATUSES)
    return exactly(
        id=UUID,
        account=UUID,
        document_type=choice(*DOCUMENT_TYPES),
        file_url={"type": "string", "format": "uri"},
        file_name=STRING,
        metadata=exactly(
            employment=nullable({"type": "object", "maxProperties": 0, "deprecated": True}),
            ocr_data=nullable(OBJECT),
            ocr_authenticity=nullable(OBJECT),
            ocr_authenticity_score=nullable({"type": "integer", "minimum": 0, "maximum": 100}),
        ),
        processing=exactly(classification=status, ocr=status, authenticity=status),
        created_at=MOMENT,
        updated_at=MOMENT,
    )


def _upload_form() -> Schema:
    return {
        "type": "object",
        "required": ["user", "document_type", "upload"],
        "properties": {
            "user": UUID,
            "document_type": choice(*DOCUMENT_TYPES),
            "upload": {"type": "string", "format": "binary"},
        },
        "maxProperties": MAX_PARTS,
    }


def _user() -> Schema:
    return exactly(
        id=UUID,
        created_at=MOMENT,
        items_connected={**STRINGS, "maxItems": 0},
        employers_connected={**STRINGS, "maxItems": 0},
        external_metadata=ANYTHING,
        external_id=nullable(STRING),
        **dict.fromkeys(TEXT_FIELDS, nullable(STRING)),
        address=exactly(**dict.fromkeys(ADDRESS_FIELDS, nullable(STRING))),
        birth_date=exactly(**dict.fromkeys(BIRTH_DATE_RANGES, nullable(INTEGER))),
    )


def _user_profile() -> Schema:
    text = nullable(WITHOUT_NULL_CHARACTERS)
    end_user = optionally(**dict.fromkeys(END_USER_FIELDS, text))
    return optionally(
        first_name=text,
        last_name=text,
        email=nullable({"type": "string", "pattern": f"^{EMAIL}$"}),
        phone_number=nullable({"type": "string", "pattern": f"^{PHONE}$"}),
        ssn=text,
        address=nullable(optionally(**dict.fromkeys(ADDRESS_FIELDS, text))),
        birth_date=nullable(optionally(**_birth_date())),
        external_metadata=ANYTHING,
        open_banking=nullable(optionally(end_user=nullable(end_user))),
        external_id={**text, "maxLength": MAX_EXTERNAL_ID},
    )


def _birth_date() -> dict[str, Schema]:
    return {
        name: nullable({"type": "integer", "minimum": least, "maximum": most})
        for name, (least, most) in BIRTH_DATE_RANGES.items()
    }


def _account() -> Schema:
    return exactly(
        id=UUID,
        user=UUID,
        employers={**STRINGS, "maxItems": 0},
        item=STRING,
        source=choice("doc_upload_item"),
        created_at=MOMENT,
        updated_at=MOMENT,
        scanned_at=always_null(MOMENT),
        connection=_status("connecting"),
        direct_deposit_switch=_status("idle"),
        availability=exactly(
            **dict.fromkeys(PAYROLL_DATA, always_null(OBJECT)),
            user_uploads=reference("AvailabilityItem"),
        ),
        ongoing_refresh=exactly(status=choice(*REFRESH_STATUSES)),
    )


def _status(status: str) -> Schema:
    return exactly(
        status=choice(status),
        error_code=always_null(STRING),
        error_message=always_null(STRING),
        updated_at=MOMENT,
    )


def _webhook() -> Schema:
    return exactly(
        id=UUID,
        created_at=MOMENT,
        updated_at=MOMENT,
        events={"type": "array", "items": choice(*EVENTS, EVERY_EVENT), "minItems": 1},
        name=STRING,
        secret=always_null(STRING),
        url=STRING,
        config=nullable(_webhook_config()),
    )


def _webhook_subscription() -> Schema:
    text = {**NOT_BLANK, "maxLength": MAX_TEXT}
    several = {"type": "array", "items": choice(*EVENTS, EVERY_EVENT), "minItems": 1}
    return {
        "type": "object",
        "required": ["events", "name", "url"],
        "properties": {
            "events": {"oneOf": [choice(EVERY_EVENT), several]},
            "name": text,
            "url": {"type": "string", "pattern": LOOPBACK_URL, "maxLength": MAX_URL},
            "secret": nullable(text),
            "config": nullable(_webhook_config()),
        },
    }


def _webhook_config() -> Schema:
    return {
        "type": "object",
        "properties": {"include_resource": {"type": "boolean"}},
        "additionalProperties": False,
    }
