"""A request to Argyle: with the key, within time limits, never redirected unseen."""

from __future__ import annotations

import math
import time
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urljoin

import msgspec
import requests
from requests.auth import AuthBase, HTTPBasicAuth
from requests.utils import get_environ_proxies, select_proxy

from argyle_nb.client.deadlines import TimedAdapter
from argyle_nb.client.origins import (
    absolute,
    check_hop,
    check_same_origin,
    is_trusted,
    quiet,
    shown_origin,
)
from argyle_nb.client.responses import ANSWER_SECONDS, REDIRECTS, checked_body
from argyle_nb.client.retry import (
    BROKEN,
    REQUESTS_PER_SECOND,
    RateLimiter,
    certificate_refused,
    never_connected,
    nothing_was_stored,
    read_patiently,
)
from argyle_nb.config import CA_VARIABLES, LOCAL, ca_bundle, is_loopback
from argyle_nb.errors import AmbiguousUploadError, ApiError, TransportError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from argyle_nb.config import Settings

T = TypeVar("T")

CONNECT_SECONDS, READ_SECONDS = 10.0, 60.0
STALL_SECONDS = 120.0
MAX_HOPS = 5
CONNECTIONS_KEPT = 32


class ServerClock:
    """Argyle's clock, by the ``Date`` of its answers, carried on by our monotonic one."""

    def __init__(self) -> None:
        self._ahead: float | None = None

    def note(self, date: str | None) -> None:
        """Take the ``Date`` of an answer; one that cannot be read changes nothing."""
        try:
            seconds = parsedate_to_datetime(date or "").timestamp()
        except (ValueError, OverflowError):
            return
        self._ahead = seconds - time.monotonic()

    def now(self) -> float | None:
        """Seconds since 1970 at Argyle; ``None`` before its first answer."""
        return None if self._ahead is None else time.monotonic() + self._ahead


class _NoAuth(AuthBase):
    """Sends no credentials, and keeps requests from looking for some in ``.netrc``."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class _Session(requests.Session):
    """Sees no redirect in any answer; what it is not told to follow it would still read.

    It would do so at once, to the end, without a limit for time or size.
    """

    def get_redirect_target(self, _: requests.Response) -> None:
        """Give the address that an answer redirects to: none."""


class Transport:
    """Requests to one environment, with its key.

    Calls may come from several threads. All share one `RateLimiter`: together they stay below
    Argyle's limit, and one answer of 429 slows them all.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = ServerClock()
        self.rate_limiter = RateLimiter(
            math.inf if settings.environment == LOCAL else REQUESTS_PER_SECOND
        )
        self._auth = HTTPBasicAuth(settings.api_key_id, settings.api_key_secret.reveal())
        self._certificates = ca_bundle()
        self._reading = self._session()

    def close(self) -> None:
        """Close the kept connections."""
        self._reading.close()

    def get(
        self,
        url: str,
        params: Mapping[str, Any] | None = None,
        *,
        seconds: float = ANSWER_SECONDS,
    ) -> bytes:
        """Read an answer of the API; tried again on 429, 5xx and broken connections."""
        longest = max(seconds, 1.0)
        timeout = (CONNECT_SECONDS, min(READ_SECONDS, longest))

        def attempt() -> bytes:
            with self._send(self._reading, "GET", url, params=params, timeout=timeout) as answer:
                return checked_body(answer, self.settings, longest)

        return self._patiently(url, attempt, seconds)

    def post_json(self, path: str, value: Any) -> bytes:
        """Send a small JSON object; never tried again, never redirected."""
        body, headers = msgspec.json.encode(value), {"Content-Type": "application/json"}
        with self._session() as session:
            try:
                return self._exchange(session, "POST", path, data=body, headers=headers)
            except BROKEN as error:
                raise self._broken("POST", path, error) from None

    def post_document(self, path: str, body: Any, content_type: str, seconds: float) -> bytes:
        """Stream one document, on a connection of its own.

        A kept connection may have died unnoticed, and then nobody could tell whether the document
        was stored; so an upload never uses one, is never tried again and never redirected.
        """
        headers = {"Content-Type": content_type}
        # The first of the two also bounds how long a single write may stall.
        timeout = (STALL_SECONDS, seconds)
        with self._session() as session:
            try:
                return self._exchange(
                    session, "POST", path, data=body, headers=headers, timeout=timeout
                )
            except (*BROKEN, ApiError) as error:
                answered = isinstance(error, ApiError)
                if not nothing_was_stored(error):
                    what = str(error) if answered else type(error).__name__
                    raise AmbiguousUploadError(_ambiguous(path, what)) from None
                if answered:
                    raise
                raise self._broken("POST", path, error) from None

    def open_download(self, url: str) -> requests.Response:
        """Open a document's address, following redirects by hand; the caller closes the answer."""
        where = absolute(url, self.settings.base_url)
        for _ in range(MAX_HOPS + 1):
            self._check_hop(where)
            answer = self._patiently(where, partial(self._opened, where), ANSWER_SECONDS)
            if answer.status_code == requests.codes.ok:
                return answer
            with answer:
                where = urljoin(where, answer.headers.get("Location", ""))
        raise ApiError(
            f"The download link of the document was redirected more than {MAX_HOPS} times. It was "
            "not followed further."
        )

    def check_same_origin(self, url: str) -> None:
        """Refuse a link to a further page that would lead to another origin."""
        check_same_origin(url, self.settings.base_url)

    def is_trusted(self, url: str) -> bool:
        """Tell whether the key may be sent to a URL."""
        return is_trusted(url, self.settings.base_url)

    def _opened(self, url: str) -> requests.Response:
        """Give an open answer: the document, or a redirect."""
        answer = self._send(self._reading, "GET", url)
        if answer.status_code not in REDIRECTS | {requests.codes.ok}:
            with answer:
                checked_body(answer, self.settings)
        return answer

    def _patiently(self, where: str, attempt: Callable[[], T], seconds: float) -> T:
        try:
            return read_patiently(attempt, seconds)
        except BROKEN as error:
            raise self._broken("GET", where, error) from None

    def _exchange(
        self, session: requests.Session, method: str, where: str, **options: Any
    ) -> bytes:
        with self._send(session, method, where, **options) as answer:
            return checked_body(answer, self.settings)

    def _send(
        self, session: requests.Session, method: str, where: str, **options: Any
    ) -> requests.Response:
        url = self.settings.base_url + where if where.startswith("/") else where
        trusted = self.is_trusted(url)
        options.setdefault("timeout", (CONNECT_SECONDS, READ_SECONDS))
        self.rate_limiter.wait()
        with quiet(path_too=not trusted):
            answer = session.request(
                method,
                url,
                auth=self._auth if trusted else _NoAuth(),
                allow_redirects=False,
                stream=True,
                **options,
            )
        if trusted:
            self.clock.note(answer.headers.get("Date"))
            self.rate_limiter.heed(answer)
        return answer

    def _broken(self, method: str, where: str, error: Exception) -> TransportError:
        host = self.settings.base_url if where.startswith("/") else shown_origin(where)
        if certificate_refused(error):
            return TransportError(
                f"{host}: the TLS certificate is not trusted. If your company inspects TLS "
                f"traffic, set {CA_VARIABLES[0]} to its CA certificate file."
            )
        kind = type(error).__name__
        if method == "GET" or never_connected(error):
            what = f"can't be reached, or the connection dropped ({kind})"
        else:
            what = (
                f"the connection dropped ({kind}). The request may have succeeded; check before "
                "you repeat it"
            )
        return TransportError(f"{host}: {what}. Check your network, VPN and proxy.")

    def _session(self) -> requests.Session:
        session = _Session()
        # On loopback a proxy from the environment would only get in between.
        session.trust_env = not is_loopback(self.settings.base_url)
        session.verify = self._certificates or True
        session.headers["User-Agent"] = "argyle_nb"
        for scheme in ("https://", "http://"):
            session.mount(scheme, TimedAdapter(pool_maxsize=CONNECTIONS_KEPT))
        return session

    def _check_hop(self, url: str) -> None:
        proxies = get_environ_proxies(url, no_proxy=None) if self._reading.trust_env else {}
        looked_up_here = select_proxy(url, proxies) is None
        check_hop(url, self.settings.base_url, looked_up_here=looked_up_here)


def _ambiguous(path: str, what: str) -> str:
    return (
        f"POST {path}: not confirmed ({what.rstrip('.')}). The document may be stored. Check "
        "client.list_uploads(user=...) before you send it again."
    )
