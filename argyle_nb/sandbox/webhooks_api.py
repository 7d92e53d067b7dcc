"""``/v2/webhooks`` (source: Argyle API guide, webhooks)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from argyle_nb.sandbox.deliveries import loopback_target
from argyle_nb.sandbox.forms import json_body
from argyle_nb.sandbox.ids import timestamp
from argyle_nb.sandbox.outbox import EVENTS, EVERY_EVENT
from argyle_nb.sandbox.problems import Json, invalid, not_found
from argyle_nb.sandbox.routing import found, page_response, path_id, route
from argyle_nb.sandbox.validation import page_query

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.routing import Route

    from argyle_nb.sandbox.store import Row, Store

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
