"""The local server's own OpenAPI description: all that it serves and every answer it gives.

``tests/test_sandbox_contract.py`` holds it against Argyle's published description, and
``tests/test_sandbox_conformance.py`` holds the server against it.
"""

from __future__ import annotations

from typing import Any

from argyle_nb.sandbox.cursors import DEFAULT_LIMIT, MAX_LIMIT
from argyle_nb.sandbox.media import HEIC, JPEG, PDF, PNG
from argyle_nb.sandbox.openapi_schemas import (
    OBJECT,
    STRING,
    UUID,
    Schema,
    choice,
    page_of,
    reference,
    schemas,
)
from argyle_nb.sandbox.validation import DOCUMENT_TYPES, REFRESH_STATUSES

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
    """Return the whole description, OpenAPI 3.0.

    Parameters
    ----------
    base_url
        The address the client used, such as ``http://127.0.0.1:40321``.
    """
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
