"""``/v2/users`` (source: Argyle API reference, users)."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from argyle_nb.sandbox.forms import json_body
from argyle_nb.sandbox.objects import user_object
from argyle_nb.sandbox.problems import Json, not_found
from argyle_nb.sandbox.routing import found, page_response, path_id, route
from argyle_nb.sandbox.validation import any_text, page_query, user_profile

if TYPE_CHECKING:
    from typing import Any

    from starlette.requests import Request
    from starlette.routing import Route

    from argyle_nb.sandbox.store import Store

_FILTERS = {"external_id": ("external_id", any_text)}
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
        query = page_query("users", request.query_params, _FILTERS)
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
