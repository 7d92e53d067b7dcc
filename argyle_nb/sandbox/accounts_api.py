"""``/v2/accounts`` (source: Argyle API reference, accounts)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from argyle_nb.sandbox.objects import account_object
from argyle_nb.sandbox.problems import Json, not_found
from argyle_nb.sandbox.routing import found, page_response, path_id, route
from argyle_nb.sandbox.validation import REFRESH_STATUSES, any_text, choice, page_query, uuid_value

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import Route

    from argyle_nb.sandbox.store import Store

_FILTERS = {
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
        query = page_query("accounts", request.query_params, _FILTERS)
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
