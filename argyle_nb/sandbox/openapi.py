"""The objects of the local server's own OpenAPI description: what is sent and what comes back.

Every object that comes back has exactly the properties listed here, all of them.
"""

from __future__ import annotations

from typing import Any

from argyle_nb.sandbox.endpoints import MAX_TEXT, MAX_URL
from argyle_nb.sandbox.forms import HEIC, JPEG, PDF, PNG
from argyle_nb.sandbox.limits import MAX_PARTS
from argyle_nb.sandbox.objects import PAYROLL_DATA
from argyle_nb.sandbox.outbox import EVENTS, EVERY_EVENT
from argyle_nb.sandbox.validation import (
    ADDRESS_FIELDS,
    BIRTH_DATE_RANGES,
    DEFAULT_LIMIT,
    DOCUMENT_TYPES,
    EMAIL,
    END_USER_FIELDS,
    MAX_EXTERNAL_ID,
    MAX_LIMIT,
    PHONE,
    REFRESH_STATUSES,
    TEXT_FIELDS,
)

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


DOCUMENTS = (PDF, JPEG, PNG, HEIC)

_INTRODUCTION = (
    "A local stand-in for the Argyle User Uploads API; its scores are its own, not Ocrolus's. "
    "Every GET may be a HEAD as well; any other method that is not listed is answered 405 with "
    "an Allow header. A fault of the server itself is answered 500 with a detail."
)

# What the door may answer before any operation is reached.
_DOOR = ("400", "401", "403", "429", "431", "503")
_BODY = ("408", "413", "415")

Operation = dict[str, Any]


def description(base_url: str) -> dict[str, Any]:
    """Return the whole description, OpenAPI 3.0."""
    return {
        "openapi": "3.0.3",
        "info": {"title": "argyle_nb local sandbox", "version": "2", "description": _INTRODUCTION},
        "servers": [{"url": base_url}],
        "security": [{"basicAuth": []}],
        "paths": _paths(),
        "components": {
            "securitySchemes": {"basicAuth": {"type": "http", "scheme": "basic"}},
            "schemas": schemas(),
            "responses": _refusals(),
        },
    }


def _paths() -> dict[str, Any]:
    return {
        **_own_paths(),
        **_user_paths(),
        **_account_paths(),
        **_upload_paths(),
        **_webhook_paths(),
    }


def _own_paths() -> dict[str, Any]:
    return {
        "/": {"get": _operation("about", "Say what this is", _json(reference("About")))},
        "/openapi.json": {"get": _operation("describe", "This description", _json(OBJECT))},
    }


def _user_paths() -> dict[str, Any]:
    example = {"external_id": "An invented customer", "birth_date": {"year": 1990}}
    content = {"schema": reference("UserProfile"), "example": example}
    profile = {"content": {"application/json": content}}
    one = _json(reference("User"))
    links = {
        **_links("getUser", "updateUser", "deleteUser"),
        **_links("listUserUploads", "listAccounts", user="id"),
    }
    created = _json(reference("NewUser"), links=links)
    return {
        "/v2/users": {
            "get": _list("users", "User", external_id=STRING),
            "post": _operation("createUser", "Create a user", created, *_BODY, body=profile),
        },
        "/v2/users/{id}": {
            "parameters": [_path_id()],
            "get": _operation("getUser", "Retrieve a user", one, "404"),
            "patch": _operation("updateUser", "Change a user", one, "404", *_BODY, body=profile),
            "delete": _operation("deleteUser", "Delete a user", _no_content(), "404"),
        },
    }


def _account_paths() -> dict[str, Any]:
    filters: dict[str, Schema] = {
        "user": UUID,
        "item": STRING,
        "ongoing_refresh_status": choice(*REFRESH_STATUSES),
    }
    one = _json(reference("Account"))
    return {
        "/v2/accounts": {"get": _list("accounts", "Account", **filters)},
        "/v2/accounts/{id}": {
            "parameters": [_path_id()],
            "get": _operation("getAccount", "Retrieve an account", one, "404"),
            "delete": _operation("deleteAccount", "Delete an account", _no_content(), "404"),
        },
    }


def _upload_paths() -> dict[str, Any]:
    filters = {"account": UUID, "user": UUID, "document_type": choice(*DOCUMENT_TYPES)}
    one = _json(reference("UserUpload"))
    links = {
        **_links("getUpload", "findDocument", "download"),
        **_links("getAccount", "deleteAccount", id="account"),
    }
    created = _json(reference("UserUpload"), links=links)
    return {
        "/v2/user-uploads": {
            "get": _list("user-uploads", "UserUpload", **filters),
            "post": _operation("upload", "Upload a document", created, *_BODY, body=_form()),
        },
        "/v2/user-uploads/{id}": {
            "parameters": [_path_id()],
            "get": _operation("getUpload", "Retrieve a user upload", one, "404"),
        },
        "/v2/user-uploads/{id}/file": {
            "parameters": [_path_id()],
            "get": _operation("findDocument", "Follow file_url", _redirect(), "404"),
        },
        "/downloads/{id}": {
            "parameters": [_path_id()],
            "get": _operation("download", "Download a document", _document(), "404"),
        },
    }


def _webhook_paths() -> dict[str, Any]:
    subscription = {"application/json": {"schema": reference("WebhookSubscription")}}
    body = {"required": True, "content": subscription}
    one = _json(reference("Webhook"))
    created = _json(reference("Webhook"), links=_links("getWebhook", "deleteWebhook"))
    return {
        "/v2/webhooks": {
            "get": _list("webhooks", "Webhook"),
            "post": _operation("createWebhook", "Subscribe", created, *_BODY, body=body),
        },
        "/v2/webhooks/{id}": {
            "parameters": [_path_id()],
            "get": _operation("getWebhook", "Retrieve a webhook", one, "404"),
            "delete": _operation("deleteWebhook", "Delete a webhook", _no_content(), "404"),
        },
    }


def _operation(
    name: str,
    summary: str,
    answer: dict[str, Any],
    *refusals: str,
    parameters: list[dict[str, Any]] | None = None,
    body: dict[str, Any] | None = None,
) -> Operation:
    refused = {status: _refused(status) for status in sorted({*_DOOR, *refusals})}
    operation: Operation = {"operationId": name, "summary": summary}
    operation["responses"] = {**answer, **refused}
    if parameters:
        operation["parameters"] = parameters
    if body:
        operation["requestBody"] = body
    return operation


def _list(resource: str, name: str, **filters: Schema) -> Operation:
    limit = {"type": "integer", "minimum": 1, "default": DEFAULT_LIMIT}
    parameters = [_query(parameter, schema) for parameter, schema in filters.items()]
    parameters += [
        {**_query("limit", limit), "description": f"More than {MAX_LIMIT} is as good as that."},
        {**_query("cursor", STRING), "description": "Of `next` or `previous`, or all of its URL."},
    ]
    summary = f"List {resource}, newest first"
    answer = _json(page_of(name))
    operation_id = f"list{name}s"
    return _operation(operation_id, summary, answer, "404", parameters=parameters)


def _query(name: str, schema: Schema) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "allowEmptyValue": True}


def _path_id() -> dict[str, Any]:
    return {"name": "id", "in": "path", "required": True, "schema": UUID}


def _form() -> dict[str, Any]:
    encoding = {"upload": {"contentType": ", ".join(DOCUMENTS)}}
    content = {"schema": reference("UserUploadForm"), "encoding": encoding}
    return {"required": True, "content": {"multipart/form-data": content}}


def _json(schema: Schema, *, links: dict[str, Any] | None = None) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": "Done.",
        "headers": _marked(),
        "content": {"application/json": {"schema": schema}},
    }
    return {"200": {**answer, "links": links} if links else answer}


def _no_content() -> dict[str, Any]:
    return {"204": {"description": "Gone, with all that belonged to it.", "headers": _marked()}}


def _redirect() -> dict[str, Any]:
    headers = {**_marked(), "Location": _header({"type": "string", "format": "uri"})}
    return {"302": {"description": "The document is there.", "headers": headers}}


def _document() -> dict[str, Any]:
    file = {"schema": {"type": "string", "format": "binary"}}
    headers = {
        **_marked(),
        "Content-Disposition": _header({"type": "string", "pattern": "^attachment; "}),
    }
    return {
        "200": {
            "description": "The document, byte for byte.",
            "headers": headers,
            "content": dict.fromkeys(DOCUMENTS, file),
        }
    }


def _marked() -> dict[str, Any]:
    return {"X-Sandbox": _header(STRING)}


def _header(schema: Schema) -> dict[str, Any]:
    return {"required": True, "schema": schema}


def _links(*operations: str, **parameters: str) -> dict[str, Any]:
    """Return where one may go on from a new object, with its id unless said otherwise."""
    given = parameters or {"id": "id"}
    from_body = {name: f"$response.body#/{source}" for name, source in given.items()}
    return {name: {"operationId": name, "parameters": from_body} for name in operations}


def _refused(status: str) -> dict[str, str]:
    return {"$ref": f"#/components/responses/{status}"}


def _refusals() -> dict[str, Any]:
    detail = {"application/json": {"schema": reference("Detail")}}
    either = {"anyOf": [reference("Detail"), reference("FieldErrors")]}
    plain = {"text/plain": {"schema": STRING}}
    challenge = {"WWW-Authenticate": _header(choice('Basic realm="api"'))}
    wait = {"Retry-After": _header({"type": "integer", "minimum": 1})}
    return {
        "400": _refusal(
            "Wrong fields by name, or a detail; plain text when the bytes are no HTTP at all.",
            {"application/json": {"schema": either}, **plain},
        ),
        "401": _refusal("No key, or not the right one.", detail, challenge),
        "403": _refusal("Not by this server's own address, or from a web page.", detail),
        "404": _refusal("No such object, or a cursor that was not made here.", detail),
        "408": _refusal("The body stopped coming.", detail),
        "413": _refusal("The body is too large.", detail),
        "415": _refusal("The body is of another media type.", detail),
        "429": _refusal("Too many requests a second.", detail, wait),
        "431": _refusal("The headers are too large.", detail),
        "503": _refusal("Too many connections at once; plain text.", plain),
    }


def _refusal(
    meaning: str, content: dict[str, Any], headers: dict[str, Any] | None = None
) -> dict[str, Any]:
    refusal = {"description": meaning, "content": content}
    return {**refusal, "headers": headers} if headers else refusal
