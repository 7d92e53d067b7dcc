"""The local server's application: access, rate limit, safe headers, routes and error responses."""

from __future__ import annotations

import base64
import json
import logging
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from argyle_nb.sandbox.endpoints import AccountsApi, UploadsApi, UsersApi, WebhooksApi
from argyle_nb.sandbox.limits import MAX_HEADER_BYTES
from argyle_nb.sandbox.problems import (
    Json,
    Problem,
    bad_request,
    forbidden,
    headers_too_large,
    method_not_allowed,
    not_authenticated,
    not_found,
    server_error,
    throttled,
)
from argyle_nb.sandbox.routing import host, route

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from argyle_nb.sandbox.endpoints import OcrProfile
    from argyle_nb.sandbox.limits import TokenBucket
    from argyle_nb.sandbox.store import Store

KEY_PREFIX = "sbx_local_"
ADMITTED = "argyle_nb.sandbox.admitted"  # what to call, in a request's state, once its key is right
ABOUT = "Local sandbox of the Argyle User Uploads API. Scores are simulated, not from Ocrolus."
OPENAPI_FILE = Path(__file__).with_name("openapi.json")

_SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "X-Sandbox": "argyle_nb local sandbox",
}

logger = logging.getLogger("argyle_nb.sandbox")


@dataclass(frozen=True)
class Credentials:
    """The one API key of a local server."""

    api_key_id: str
    api_key_secret: str = field(repr=False)


def build_app(
    store: Store,
    *,
    port: int,
    credentials: Credentials,
    ocr: OcrProfile,
    bucket: TokenBucket | None,
    wake: Callable[[], None],
    null_style: str,
) -> ASGIApp:
    """Make the application; it calls `wake` after an upload, so that its processing begins."""
    apis = (
        UsersApi(store),
        AccountsApi(store),
        UploadsApi(store, ocr, wake, null_style),
        WebhooksApi(store),
    )
    app = Starlette(
        routes=[
            route("/", get=_about),
            route("/openapi.json", get=_describe),
            *(r for api in apis for r in api.routes()),
        ],
        exception_handlers={
            Problem: _answer_problem,  # type: ignore[dict-item]
            HTTPException: _answer_http,  # type: ignore[dict-item]
            Exception: _answer_error,
        },
    )
    app.router.redirect_slashes = False
    hosts = frozenset({f"127.0.0.1:{port}", f"localhost:{port}"})
    return AccessMiddleware(app, hosts=hosts, credentials=credentials, bucket=bucket)


async def _about(_: Request) -> Response:
    return Json({"name": "argyle_nb local sandbox", "about": ABOUT})


async def _describe(request: Request) -> Response:
    return Json(openapi_description(f"http://{host(request)}"))


def openapi_description(base_url: str) -> dict[str, Any]:
    """Return the OpenAPI description of the server at the address that the client used."""
    return {**json.loads(OPENAPI_FILE.read_bytes()), "servers": [{"url": base_url}]}


async def _answer_problem(_: Request, problem: Problem) -> Response:
    return problem.response()


async def _answer_error(_: Request, __: Exception) -> Response:
    return server_error().response()


async def _answer_http(request: Request, error: HTTPException) -> Response:
    if error.status_code == 405:  # noqa: PLR2004
        return method_not_allowed(request.method, error.headers).response()
    return not_found().response()


class AccessMiddleware:
    """Admits requests to this address, with the key, no web page's and within the rate limit.

    `hosts` are the exact values of the Host header that are served: another one comes from a web
    page whose own name was made to point here (DNS rebinding).
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: frozenset[str],
        credentials: Credentials,
        bucket: TokenBucket | None,
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._credentials = credentials
        self._bucket = bucket

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        started = False

        async def send_safely(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                MutableHeaders(scope=message).update(_SAFE_HEADERS)
            await send(message)

        try:
            await self._serve(scope, receive, send_safely)
        except ClientDisconnect:
            logger.info("%s %s: the client went away", scope["method"], scope["path"])
        except Exception:
            logger.exception("%s %s failed", scope["method"], scope["path"])
            if not started:
                await server_error().response()(scope, receive, send_safely)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            self._admit(Headers(scope=scope))
            scope.get("state", {}).get(ADMITTED, _nobody)()
        except Problem as problem:
            await problem.response()(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _admit(self, headers: Headers) -> None:
        if sum(len(name) + len(value) + 4 for name, value in headers.raw) > MAX_HEADER_BYTES:
            raise headers_too_large()
        if "content-length" in headers and "transfer-encoding" in headers:
            raise bad_request("Content-Length and Transfer-Encoding must not be sent together.")
        hosts = headers.getlist("host")
        if len(hosts) != 1 or hosts[0] not in self._hosts:
            raise forbidden("The local sandbox answers only requests to its own address.")
        if "origin" in headers:
            raise forbidden("The local sandbox does not answer web pages.")
        self._authenticate(headers.get("authorization", ""))
        wait_seconds = self._bucket.take() if self._bucket else 0
        if wait_seconds:
            raise throttled(wait_seconds)

    def _authenticate(self, authorization: str) -> None:
        key_id, secret = _basic_credentials(authorization)
        known = secrets.compare_digest(key_id, self._credentials.api_key_id.encode())
        right = secrets.compare_digest(secret, self._credentials.api_key_secret.encode())
        if known and right:
            return
        if key_id and not key_id.startswith(KEY_PREFIX.encode()):
            raise not_authenticated("Invalid environment.")
        raise not_authenticated("Invalid username/password.")


def _nobody() -> None:
    """Where the application runs without its server, nobody wants to know."""


def _basic_credentials(authorization: str) -> tuple[bytes, bytes]:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "basic":
        return b"", b""
    try:
        key_id, _, secret = base64.b64decode(token.strip(), validate=True).partition(b":")
    except ValueError:
        return b"", b""
    return key_id, secret
