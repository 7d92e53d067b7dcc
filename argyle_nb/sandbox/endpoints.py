"""``/v2/users`` (source: Argyle API reference, users)."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, RedirectResponse, Response

from argyle_nb.sandbox import limits
from argyle_nb.sandbox.deliveries import loopback_target
from argyle_nb.sandbox.forms import json_body, media_type, received_form
from argyle_nb.sandbox.objects import account_object, upload_object, user_object
from argyle_nb.sandbox.outbox import EVENTS, EVERY_EVENT
from argyle_nb.sandbox.problems import Json, invalid, not_found, too_large
from argyle_nb.sandbox.routing import found, host, page_response, path_id, route
from argyle_nb.sandbox.store import NewUpload
from argyle_nb.sandbox.validation import (
    REFRESH_STATUSES,
    any_text,
    choice,
    document_type_value,
    page_query,
    timestamp,
    user_profile,
    uuid_value,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from starlette.requests import Request
    from starlette.routing import Route
    from starlette.types import Receive, Scope, Send

    from argyle_nb.sandbox.forms import MultipartForm, UploadedFile
    from argyle_nb.sandbox.store import Row, Store

    OcrProfile = Literal["off", "classification", "full"]


_USER_FILTERS = {"external_id": ("external_id", any_text)}
_NESTED = ("address", "birth_date")


class UsersApi:
    """Create, list, read, change and delete users."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> list[Route]:
        """Return the paths served."""
        return [
            route("/v2/users", get=self.list_users, post=self.create),
            route("/v2/users/{id}", get=self.retrieve, patch=self.update, delete=self.delete),
        ]

    async def create(self, request: Request) -> Response:
        """Add a user; the answer is its id and a token, 200."""
        profile = user_profile(await json_body(request))
        user = await run_in_threadpool(self._store.create_user, profile)
        return Json({"user_token": f"sbx_local_{secrets.token_urlsafe(32)}", "id": user})

    def list_users(self, request: Request) -> Response:
        """Return one page, newest first."""
        query = page_query("users", request.query_params, _USER_FILTERS)
        page = self._store.page("users", query)
        return page_response(request, "users", query, page, [user_object(r) for r in page.rows])

    def retrieve(self, request: Request) -> Response:
        """Return one user."""
        return Json(user_object(found(self._store, "users", request)))

    async def update(self, request: Request) -> Response:
        """Change the fields that were sent and no others."""
        changes = user_profile(await json_body(request))
        return await run_in_threadpool(self._update, request, changes)

    def delete(self, request: Request) -> Response:
        """Delete a user and all that belongs to it, 204."""
        if not self._store.delete_user(path_id(request)):
            raise not_found()
        return Response(status_code=204)

    def _update(self, request: Request, changes: dict[str, Any]) -> Response:
        row = found(self._store, "users", request)
        self._store.update_user(row["id"], _merged(json.loads(row["profile"]), changes))
        return self.retrieve(request)


def _merged(profile: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    nested = {
        name: {**(profile.get(name) or {}), **changes[name]}
        for name in _NESTED
        if changes.get(name)
    }
    return {**profile, **changes, **nested}


_ACCOUNT_FILTERS = {
    "user": ("user_id", uuid_value),
    "item": ("item", any_text),
    "ongoing_refresh_status": ("ongoing_refresh", choice(*REFRESH_STATUSES)),
}


class AccountsApi:
    """List, read and delete the accounts that uploads made."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> list[Route]:
        """Return the paths served."""
        return [
            route("/v2/accounts", get=self.list_accounts),
            route("/v2/accounts/{id}", get=self.retrieve, delete=self.delete),
        ]

    def list_accounts(self, request: Request) -> Response:
        """Return one page, newest first."""
        query = page_query("accounts", request.query_params, _ACCOUNT_FILTERS)
        page = self._store.page("accounts", query)
        results = [account_object(row) for row in page.rows]
        return page_response(request, "accounts", query, page, results)

    def retrieve(self, request: Request) -> Response:
        """Return one account."""
        return Json(account_object(found(self._store, "accounts", request)))

    def delete(self, request: Request) -> Response:
        """Delete an account and its uploads, 204."""
        if not self._store.delete_account(path_id(request)):
            raise not_found()
        return Response(status_code=204)


MAX_TEXT = 255
MAX_URL = 2048


class WebhooksApi:
    """Create, list, read and delete the subscriptions to what happens to uploads."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> list[Route]:
        """Return the paths served."""
        return [
            route("/v2/webhooks", get=self.list_webhooks, post=self.create),
            route("/v2/webhooks/{id}", get=self.retrieve, delete=self.delete),
        ]

    async def create(self, request: Request) -> Response:
        """Add a webhook; the answer is the webhook, 200."""
        body = _checked(await json_body(request))
        return await run_in_threadpool(self._create, body)

    def list_webhooks(self, request: Request) -> Response:
        """Return one page, newest first."""
        query = page_query("webhooks", request.query_params, {})
        page = self._store.page("webhooks", query)
        results = [webhook_object(row) for row in page.rows]
        return page_response(request, "webhooks", query, page, results)

    def retrieve(self, request: Request) -> Response:
        """Return one webhook."""
        return Json(webhook_object(found(self._store, "webhooks", request)))

    def delete(self, request: Request) -> Response:
        """Delete a webhook; what it had still to be told is not sent, 204."""
        if not self._store.delete_webhook(path_id(request)):
            raise not_found()
        return Response(status_code=204)

    def _create(self, body: dict[str, Any]) -> Response:
        identifier = self._store.create_webhook(
            body["name"],
            body["url"],
            events=_events(body["events"]),
            secret=body.get("secret"),
            config=body.get("config"),
        )
        webhook = self._store.get("webhooks", identifier)
        if webhook is None:
            raise not_found()
        return Json(webhook_object(webhook))


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


def _events(events: str | list[str]) -> list[str]:
    return [EVERY_EVENT] if events == EVERY_EVENT else list(dict.fromkeys(events))


def _checked(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise invalid({"non_field_errors": ["Invalid data. Expected a dictionary."]})
    errors = {name: check(body.get(name)) for name, check in _CHECKS.items()}
    wrong = {name: [message] for name, message in errors.items() if message}
    if wrong:
        raise invalid(wrong)
    return body


def _wrong_events(value: Any) -> str | None:
    if value == EVERY_EVENT:
        return None
    if not isinstance(value, list):
        return 'Expected a list of events, or "*".'
    if not value:
        return "This list may not be empty."
    unknown = [event for event in value if event not in (*EVENTS, EVERY_EVENT)]
    return f"{json.dumps(unknown[0])} is not a valid choice." if unknown else None


def _wrong_text(value: Any) -> str | None:
    if not isinstance(value, str):
        return "Not a valid string."
    if not value.strip():
        return "This field may not be blank."
    if len(value) > MAX_TEXT:
        return f"Ensure this field has no more than {MAX_TEXT} characters."
    if any("\ud800" <= character <= "\udfff" or character == "\0" for character in value):
        return "Null characters and lone surrogates are not allowed."
    return None


def _wrong_url(value: Any) -> str | None:
    if not isinstance(value, str):
        return "Not a valid string."
    if len(value) > MAX_URL:
        return f"Ensure this field has no more than {MAX_URL} characters."
    try:
        loopback_target(value)
    except ValueError as error:
        return str(error)
    return None


def _wrong_config(value: Any) -> str | None:
    # Of its options only this one is documented; user uploads have nothing to include.
    if not isinstance(value, dict) or set(value) - {"include_resource"}:
        return 'Expected a dictionary with "include_resource" and nothing else.'
    included = value.get("include_resource", False)
    return None if isinstance(included, bool) else "include_resource: Must be a valid boolean."


def _required(check: Callable[[Any], str | None]) -> Callable[[Any], str | None]:
    return lambda value: "This field is required." if value is None else check(value)


def _optional(check: Callable[[Any], str | None]) -> Callable[[Any], str | None]:
    return lambda value: None if value is None else check(value)


_CHECKS: dict[str, Callable[[Any], str | None]] = {
    "events": _required(_wrong_events),
    "name": _required(_wrong_text),
    "url": _required(_wrong_url),
    "secret": _optional(_wrong_text),
    "config": _optional(_wrong_config),
}


# Profile -> first statuses of classification, ocr and authenticity.
FIRST_STATUSES = {
    "off": ("unauthorized", "unauthorized", "unauthorized"),
    "classification": ("idle", "unauthorized", "unauthorized"),
    "full": ("idle", "idle", "idle"),
}

_UPLOAD_FILTERS = {
    "account": ("account_id", uuid_value),
    "user": ("user_id", uuid_value),
    "document_type": ("document_type", document_type_value),
}


class UploadsApi:
    """Take, list and give back documents."""

    def __init__(
        self, store: Store, ocr: OcrProfile, wake: Callable[[], None], null_style: str
    ) -> None:
        self._store = store
        self._null_style = null_style
        self._statuses = FIRST_STATUSES[ocr]
        self._wake = wake

    def routes(self) -> list[Route]:
        """Return the paths served."""
        return [
            route("/v2/user-uploads", get=self.list_uploads, post=self.create),
            route("/v2/user-uploads/{id}", get=self.retrieve),
            route("/v2/user-uploads/{id}/file", get=self.redirect),
            route("/downloads/{id}", get=self.download),
        ]

    async def create(self, request: Request) -> Response:
        """Take one document of one user; the answer is the upload, 200."""
        async with received_form(request, self._store.open_incoming) as form:
            row = await run_in_threadpool(self._keep, form)
        self._wake()
        return Json(self._object(request, row))

    def list_uploads(self, request: Request) -> Response:
        """Return one page, newest first."""
        query = page_query("user-uploads", request.query_params, _UPLOAD_FILTERS)
        page = self._store.page("user-uploads", query)
        results = [self._object(request, row) for row in page.rows]
        return page_response(request, "user-uploads", query, page, results)

    def retrieve(self, request: Request) -> Response:
        """Return one upload."""
        return Json(self._object(request, found(self._store, "user-uploads", request)))

    def redirect(self, request: Request) -> Response:
        """Send the client on from the static `file_url` to the download, 302."""
        row = found(self._store, "user-uploads", request)
        return RedirectResponse(f"http://{host(request)}/downloads/{row['id']}", 302)

    def download(self, request: Request) -> Response:
        """Return the document, byte for byte."""
        row = found(self._store, "user-uploads", request)
        path = self._store.document(row["document"])
        try:
            size_and_age = path.stat()
        except FileNotFoundError:
            raise not_found() from None
        headers = {
            "Accept-Ranges": "none",
            "Content-Disposition": attachment(row["file_name"]),
        }
        return _WholeFile(
            path, headers=headers, media_type=row["media_type"], stat_result=size_and_age
        )

    def _object(self, request: Request, row: Row) -> dict[str, Any]:
        return upload_object(row, host(request), self._null_style)

    def _keep(self, form: MultipartForm) -> Row:
        upload = self._checked(form)
        row = self._store.add_upload(upload)
        if row is None:
            raise invalid({"user": [_no_such_user(upload.user)]})
        return row

    def _checked(self, form: MultipartForm) -> NewUpload:
        errors = {
            "user": _user_problem(self._store, form.fields.get("user", "")),
            "document_type": _type_problem(form.fields.get("document_type", "")),
            "upload": _upload_problem(form),
        }
        wrong = {name: [message] for name, message in errors.items() if message}
        media = media_type(form.document.head) if form.document else None
        if wrong or form.document is None or media is None:
            raise invalid(wrong)
        return NewUpload(
            uuid_value(form.fields["user"]),
            form.fields["document_type"],
            form.document.file_name,
            media,
            form.document.path,
            *self._statuses,
        )


class _WholeFile(FileResponse):
    """A file that is always sent whole: Argyle's reference knows no parts of documents."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [header for header in scope["headers"] if header[0] != b"range"]
        await super().__call__({**scope, "headers": headers}, receive, send)


def attachment(file_name: str) -> str:
    """Return a Content-Disposition with an ASCII name for old clients (RFC 6266)."""
    plain = "".join(c if c.isascii() and c not in '"\\%' else "_" for c in file_name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file_name, safe='')}"


def _no_such_user(user: str) -> str:
    return f'Invalid pk "{user}" - object does not exist.'


def _user_problem(store: Store, user: str) -> str | None:
    if not user:
        return "This field is required."
    try:
        known = store.get("users", uuid_value(user)) is not None
    except ValueError as error:
        return str(error)
    return None if known else _no_such_user(user)


def _type_problem(document_type: str) -> str | None:
    if not document_type:
        return "This field is required."
    try:
        document_type_value(document_type)
    except ValueError as error:
        return str(error)
    return None


def _upload_problem(form: MultipartForm) -> str | None:
    if "upload" in form.fields:
        return "The submitted data was not a file. Check the encoding type on the form."
    if form.document is None:
        return "No file was submitted."
    if form.upload_parts > 1:
        return "One request takes one document."
    return _document_problem(form.document)


def _document_problem(document: UploadedFile) -> str | None:
    if document.size == 0:
        return "The submitted file is empty."
    if document.size > limits.MAX_UPLOAD_BYTES:
        raise too_large(limits.MAX_UPLOAD_BYTES)
    if media_type(document.head) is None:
        return "The file is no PDF, JPEG, PNG or HEIC document."
    return None
