"""The endpoints of users, accounts, uploads and webhooks (source: Argyle API reference)."""

from __future__ import annotations

import json
import secrets
from abc import ABC, abstractmethod
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, RedirectResponse, Response

from argyle_nb.sandbox import limits
from argyle_nb.sandbox.deliveries import loopback_target
from argyle_nb.sandbox.forms import json_body, received_form
from argyle_nb.sandbox.objects import account_object, upload_object, user_object, webhook_object
from argyle_nb.sandbox.outbox import EVENTS, EVERY_EVENT
from argyle_nb.sandbox.problems import Json, invalid, not_found, too_large
from argyle_nb.sandbox.routing import host, page_response, path_id, route
from argyle_nb.sandbox.store import NewUpload
from argyle_nb.sandbox.validation import (
    REFRESH_STATUSES,
    at_most,
    checked,
    document_type,
    json_object,
    one_of,
    optional,
    page_query,
    required,
    user_profile,
    uuid,
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

# Profile -> first statuses of classification, ocr and authenticity.
FIRST_STATUSES = {
    "off": ("unauthorized", "unauthorized", "unauthorized"),
    "classification": ("idle", "unauthorized", "unauthorized"),
    "full": ("idle", "idle", "idle"),
}
MAX_TEXT = 255
MAX_URL = 2048


class _Resource(ABC):
    """What the lists have in common: one page, one object, and the deletion of one."""

    name: str
    filters: ClassVar[dict[str, tuple[str, Callable[[str], str]]]] = {}  # parameter: column, check

    def __init__(self, store: Store) -> None:
        self._store = store

    def page(self, request: Request) -> Response:
        """Return one page, newest first."""
        query = page_query(self.name, request.query_params, self.filters)
        page = self._store.page(self.name, query)
        results = [self.as_object(request, row) for row in page.rows]
        return page_response(request, self.name, query, page, results)

    def retrieve(self, request: Request) -> Response:
        """Return one object."""
        return Json(self.as_object(request, self.row(request)))

    def delete(self, request: Request) -> Response:
        """Delete one object with all that belongs to it, 204."""
        if not self._store.delete(self.name, path_id(request)):
            raise not_found()
        return Response(status_code=204)

    def row(self, request: Request) -> Row:
        """Return the row of the object that the path names."""
        row = self._store.get(self.name, path_id(request))
        if row is None:
            raise not_found()
        return row

    @abstractmethod
    def as_object(self, request: Request, row: Row) -> dict[str, Any]:
        """Return a row as the API prints it."""


class UsersApi(_Resource):
    """Create, list, read, change and delete users."""

    name = "users"
    filters: ClassVar = {"external_id": ("external_id", str)}

    def routes(self) -> list[Route]:
        """Return the paths served."""
        return [
            route("/v2/users", get=self.page, post=self.create),
            route("/v2/users/{id}", get=self.retrieve, patch=self.update, delete=self.delete),
        ]

    async def create(self, request: Request) -> Response:
        """Add a user; the answer is its id and a token, 200."""
        profile = user_profile(await json_body(request))
        user = await run_in_threadpool(self._store.create_user, profile)
        return Json({"user_token": f"sbx_local_{secrets.token_urlsafe(32)}", "id": user})

    async def update(self, request: Request) -> Response:
        """Change the fields that were sent and no others."""
        changes = user_profile(await json_body(request))
        return await run_in_threadpool(self._update, request, changes)

    def as_object(self, _: Request, row: Row) -> dict[str, Any]:
        """Return a user."""
        return user_object(row)

    def _update(self, request: Request, changes: dict[str, Any]) -> Response:
        row = self.row(request)
        self._store.update_user(row["id"], _merged(json.loads(row["profile"]), changes))
        return self.retrieve(request)


def _merged(profile: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    nested = {
        name: {**(profile.get(name) or {}), **changes[name]}
        for name in ("address", "birth_date")
        if changes.get(name)
    }
    return {**profile, **changes, **nested}


class AccountsApi(_Resource):
    """List, read and delete the accounts that uploads made."""

    name = "accounts"
    filters: ClassVar = {
        "user": ("user_id", uuid),
        "item": ("item", str),
        "ongoing_refresh_status": ("ongoing_refresh", one_of(*REFRESH_STATUSES)),
    }

    def routes(self) -> list[Route]:
        """Return the paths served."""
        return [
            route("/v2/accounts", get=self.page),
            route("/v2/accounts/{id}", get=self.retrieve, delete=self.delete),
        ]

    def as_object(self, _: Request, row: Row) -> dict[str, Any]:
        """Return an account."""
        return account_object(row)


class UploadsApi(_Resource):
    """Take, list and give back documents; `wake` is called after each new one."""

    name = "user-uploads"
    filters: ClassVar = {
        "account": ("account_id", uuid),
        "user": ("user_id", uuid),
        "document_type": ("document_type", document_type),
    }

    def __init__(
        self, store: Store, ocr: OcrProfile, wake: Callable[[], None], null_style: str
    ) -> None:
        super().__init__(store)
        self._null_style = null_style
        self._statuses = FIRST_STATUSES[ocr]
        self._wake = wake

    def routes(self) -> list[Route]:
        """Return the paths served."""
        return [
            route("/v2/user-uploads", get=self.page, post=self.create),
            route("/v2/user-uploads/{id}", get=self.retrieve),
            route("/v2/user-uploads/{id}/file", get=self.redirect),
            route("/downloads/{id}", get=self.download),
        ]

    def as_object(self, request: Request, row: Row) -> dict[str, Any]:
        """Return an upload; its `file_url` leads back by the address that the client used."""
        return upload_object(row, host(request), self._null_style)

    async def create(self, request: Request) -> Response:
        """Take one document of one user; the answer is the upload, 200."""
        async with received_form(request, self._store.open_incoming) as form:
            row = await run_in_threadpool(self._keep, form)
        self._wake()
        return Json(self.as_object(request, row))

    def redirect(self, request: Request) -> Response:
        """Send the client on from the static `file_url` to the download, 302."""
        row = self.row(request)
        return RedirectResponse(f"http://{host(request)}/downloads/{row['id']}", 302)

    def download(self, request: Request) -> Response:
        """Return the document, byte for byte."""
        row = self.row(request)
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

    def _keep(self, form: MultipartForm) -> Row:
        upload = self._checked(form)
        row = self._store.add_upload(upload)
        if row is None:
            raise invalid({"user": [_no_such_user(upload.user)]})
        return row

    def _checked(self, form: MultipartForm) -> NewUpload:
        user, requested_type = form.fields.get("user"), form.fields.get("document_type")
        values = checked(
            {
                "user": partial(required, self._known_user, user or None),
                "document_type": partial(required, document_type, requested_type or None),
                "upload": partial(_document, form),
            }
        )
        document: UploadedFile = values["upload"]
        return NewUpload(
            values["user"],
            values["document_type"],
            document.file_name,
            document.media_type,
            document.path,
            *self._statuses,
        )

    def _known_user(self, text: str) -> str:
        user = uuid(text)
        if self._store.get("users", user) is None:
            raise ValueError(_no_such_user(text))
        return user


def _no_such_user(user: str) -> str:
    return f'Invalid pk "{user}" - object does not exist.'


def _document(form: MultipartForm) -> UploadedFile:
    if "upload" in form.fields:
        raise ValueError("The submitted data was not a file. Check the encoding type on the form.")
    if form.document is None:
        raise ValueError("No file was submitted.")
    if form.upload_parts > 1:
        raise ValueError("Only one document per request.")
    if form.document.size == 0:
        raise ValueError("The submitted file is empty.")
    if form.document.size > limits.MAX_UPLOAD_BYTES:
        raise too_large(limits.MAX_UPLOAD_BYTES)
    if not form.document.media_type:
        raise ValueError("The file is not a PDF, JPEG, PNG or HEIC document.")
    return form.document


class _WholeFile(FileResponse):
    """A file that is always sent whole: Argyle's reference knows no parts of documents."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [header for header in scope["headers"] if header[0] != b"range"]
        await super().__call__({**scope, "headers": headers}, receive, send)


def attachment(file_name: str) -> str:
    """Return a Content-Disposition with an ASCII name for old clients (RFC 6266)."""
    ascii_name = "".join(c if c.isascii() and c not in '"\\%' else "_" for c in file_name)
    return f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(file_name, safe='')}"


class WebhooksApi(_Resource):
    """Create, list, read and delete webhooks: subscriptions to the events of uploads."""

    name = "webhooks"

    def routes(self) -> list[Route]:
        """Return the paths served."""
        return [
            route("/v2/webhooks", get=self.page, post=self.create),
            route("/v2/webhooks/{id}", get=self.retrieve, delete=self.delete),
        ]

    def as_object(self, _: Request, row: Row) -> dict[str, Any]:
        """Return a webhook."""
        return webhook_object(row)

    async def create(self, request: Request) -> Response:
        """Add a webhook; the answer is the webhook, 200."""
        subscription = _subscription(await json_body(request))
        return await run_in_threadpool(self._create, subscription)

    def _create(self, subscription: dict[str, Any]) -> Response:
        webhook = self._store.get(self.name, self._store.create_webhook(**subscription))
        if webhook is None:  # another server of this folder was quicker to delete it
            raise not_found()
        return Json(webhook_object(webhook))


def _subscription(body: Any) -> dict[str, Any]:
    sent = json_object(body)
    return checked(
        {
            "events": partial(required, _events, sent.get("events")),
            "name": partial(required, _text, sent.get("name")),
            "url": partial(required, _url, sent.get("url")),
            "secret": partial(optional, _text, sent.get("secret")),
            "config": partial(optional, _config, sent.get("config")),
        }
    )


def _events(value: Any) -> list[str]:
    if value == EVERY_EVENT:
        return [EVERY_EVENT]
    if not isinstance(value, list):
        raise ValueError('Expected a list of events, or "*".')  # noqa: TRY004 - a field's message
    if not value:
        raise ValueError("This list may not be empty.")
    unknown = [event for event in value if event not in (*EVENTS, EVERY_EVENT)]
    if unknown:
        raise ValueError(f"{json.dumps(unknown[0])} is not a valid choice.")
    return list(dict.fromkeys(value))


def _text(value: Any) -> str:
    if isinstance(value, str) and not value.strip():
        raise ValueError("This field may not be blank.")
    return at_most(MAX_TEXT, value)


def _url(value: Any) -> str:
    if isinstance(value, str) and len(value) <= MAX_URL:
        loopback_target(value)
    return at_most(MAX_URL, value)


def _config(value: Any) -> dict[str, Any]:
    # Of its options only this one is documented; user uploads have nothing to include.
    if not isinstance(value, dict) or set(value) - {"include_resource"}:
        raise ValueError('Expected a dictionary with "include_resource" and nothing else.')
    if not isinstance(value.get("include_resource", False), bool):
        raise ValueError("include_resource: Must be a valid boolean.")  # noqa: TRY004
    return value
