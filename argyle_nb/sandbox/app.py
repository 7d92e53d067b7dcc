"""The application: paths behind the door, and errors as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from argyle_nb.sandbox.accounts_api import AccountsApi
from argyle_nb.sandbox.endpoints import UploadsApi
from argyle_nb.sandbox.guard import Guard
from argyle_nb.sandbox.openapi import description
from argyle_nb.sandbox.problems import Json, Problem, method_not_allowed, not_found, server_error
from argyle_nb.sandbox.routing import host, route
from argyle_nb.sandbox.users_api import UsersApi
from argyle_nb.sandbox.webhooks_api import WebhooksApi

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp

    from argyle_nb.sandbox.endpoints import OcrProfile
    from argyle_nb.sandbox.guard import Credentials
    from argyle_nb.sandbox.limits import TokenBucket
    from argyle_nb.sandbox.store import Store

ABOUT = "A local stand-in for the Argyle User Uploads API. Its scores are its own, not Ocrolus's."


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
    """Put the local server together.

    Parameters
    ----------
    store
        What it remembers.
    port
        The port it is reached by; part of the only two addresses it answers to.
    credentials
        The key it asks for.
    ocr
        Which processing its uploads get.
    bucket
        The budget of requests; ``None`` for no limit.
    wake
        Called after an upload, so that its processing begins.
    null_style
        ``"null"`` or ``"empty"``: how absent metadata are printed.
    """
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
    return Guard(app, hosts=hosts, credentials=credentials, bucket=bucket)


async def _about(_: Request) -> Response:
    return Json({"name": "argyle_nb local sandbox", "about": ABOUT})


async def _describe(request: Request) -> Response:
    return Json(description(f"http://{host(request)}"))


async def _answer_problem(_: Request, problem: Problem) -> Response:
    return problem.response()


async def _answer_error(_: Request, __: Exception) -> Response:
    return server_error().response()


async def _answer_http(request: Request, error: HTTPException) -> Response:
    if error.status_code == 405:  # noqa: PLR2004
        return method_not_allowed(request.method, error.headers).response()
    return not_found().response()
