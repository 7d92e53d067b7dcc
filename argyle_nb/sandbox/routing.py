"""Routes, the id in a path, and the envelope of a page."""

from __future__ import annotations

from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.routing import Route

from argyle_nb.sandbox.problems import Json, not_found
from argyle_nb.sandbox.validation import canonical_id, encode_cursor

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from argyle_nb.sandbox.store import Row, StoredPage
    from argyle_nb.sandbox.validation import PageQuery

    Handler = Callable[[Request], Response] | Callable[[Request], Awaitable[Response]]


def route(path: str, **handlers: Handler) -> Route:
    """Make a route with one handler a method, such as ``route("/v2/users", get=…, post=…)``.

    Plain functions run in a thread, because they wait for the database.
    """

    async def endpoint(request: Request) -> Response:
        method = "get" if request.method == "HEAD" else request.method.lower()
        handler: Any = handlers[method]
        if iscoroutinefunction(handler):
            response: Response = await handler(request)
            return response
        return await run_in_threadpool(handler, request)

    return Route(path, endpoint, methods=[method.upper() for method in handlers])


def path_id(request: Request) -> str:
    """Return the id in the path; what does not look like one is never looked up."""
    identifier = canonical_id(request.path_params["id"])
    if identifier is None:
        raise not_found()
    return identifier


def host(request: Request) -> str:
    """Return host and port by which the client came; `AccessMiddleware` has checked them."""
    return request.headers["host"]


def page_response(
    request: Request,
    resource: str,
    query: PageQuery,
    page: StoredPage,
    results: list[dict[str, Any]],
) -> Json:
    """Return the envelope of a list, with whole URLs to the pages beside it."""

    def link(row: Row, *, newer: bool) -> str:
        beside = query.beside((row["created_at"], row["id"]), newer=newer)
        parameters = urlencode({"cursor": encode_cursor(resource, beside)})
        return f"http://{host(request)}/v2/{resource}?{parameters}"

    return Json(
        {
            "next": link(page.rows[-1], newer=False) if page.has_older else None,
            "previous": link(page.rows[0], newer=True) if page.has_newer else None,
            "results": results,
        }
    )
