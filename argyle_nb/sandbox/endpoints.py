"""``/v2/user-uploads`` and the documents behind it (source: Argyle API reference, user uploads)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, RedirectResponse, Response

from argyle_nb.sandbox import limits
from argyle_nb.sandbox.forms import received_form
from argyle_nb.sandbox.media import media_type
from argyle_nb.sandbox.objects import upload_object
from argyle_nb.sandbox.problems import Json, invalid, not_found, too_large
from argyle_nb.sandbox.routing import found, host, page_response, route
from argyle_nb.sandbox.store import NewUpload
from argyle_nb.sandbox.validation import document_type_value, page_query, uuid_value

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from starlette.requests import Request
    from starlette.routing import Route
    from starlette.types import Receive, Scope, Send

    from argyle_nb.sandbox.forms import Document, Form
    from argyle_nb.sandbox.store import Row, Store

    OcrProfile = Literal["off", "classification", "full"]

# Profile -> first statuses of classification, ocr and authenticity.
FIRST_STATUSES = {
    "off": ("unauthorized", "unauthorized", "unauthorized"),
    "classification": ("idle", "unauthorized", "unauthorized"),
    "full": ("idle", "idle", "idle"),
}

_FILTERS = {
    "account": ("account_id", uuid_value),
    "user": ("user_id", uuid_value),
    "document_type": ("document_type", document_type_value),
}


class UploadsApi:
    """Take, list and give back documents.

    Parameters
    ----------
    store
        Where they are kept.
    ocr
        The profile of this server: which processing its uploads get.
    wake
        Called after an upload, so that its processing begins.
    null_style
        ``"null"`` or ``"empty"``: how absent metadata are printed.
    """

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
        query = page_query("user-uploads", request.query_params, _FILTERS)
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

    def _keep(self, form: Form) -> Row:
        upload = self._checked(form)
        row = self._store.add_upload(upload)
        if row is None:
            raise invalid({"user": [_no_such_user(upload.user)]})
        return row

    def _checked(self, form: Form) -> NewUpload:
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


def _upload_problem(form: Form) -> str | None:
    if "upload" in form.fields:
        return "The submitted data was not a file. Check the encoding type on the form."
    if form.document is None:
        return "No file was submitted."
    if form.upload_parts > 1:
        return "One request takes one document."
    return _document_problem(form.document)


def _document_problem(document: Document) -> str | None:
    if document.size == 0:
        return "The submitted file is empty."
    if document.size > limits.MAX_UPLOAD_BYTES:
        raise too_large(limits.MAX_UPLOAD_BYTES)
    if media_type(document.head) is None:
        return "The file is no PDF, JPEG, PNG or HEIC document."
    return None
