"""One HTTP conversation: who gets the key, which answers are errors, what is tried again.

The credential law lives here and nowhere else: Authorization goes to the configured origin and
to https hosts under argyle.com, decided anew for every request and every hop of a redirect.
"""

from __future__ import annotations

import ipaddress
import re
import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urljoin, urlsplit

import msgspec
import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase, HTTPBasicAuth
from urllib3.exceptions import ConnectTimeoutError, InvalidHeader, NewConnectionError, ProxyError
from urllib3.exceptions import SSLError as UrllibSSLError
from urllib3.util.retry import Retry

from argyle_nb.answers import BROKEN, REDIRECTS, checked_body
from argyle_nb.config import HOST, is_loopback
from argyle_nb.errors import AmbiguousUploadError, ApiError, TransportError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from urllib3.response import BaseHTTPResponse

    from argyle_nb.config import Settings

CONNECT_SECONDS, READ_SECONDS = 10.0, 60.0
STALL_SECONDS = 120.0
RETRIES, BACKOFF_SECONDS = 4, 0.5
LONGEST_WAIT_SECONDS = 60.0
MAX_HOPS = 5

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_CLIENT_ERRORS = range(400, 500)
# Request time-out, conflict, too early: the document may be there all the same.
_UNCLEAR = frozenset({408, 409, 425})


class _NoAuth(AuthBase):
    """Sends no credentials, and keeps requests from looking for some in ``.netrc``."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class _PatientRetry(Retry):
    """Waits as `Retry-After` says, but never longer than a minute."""

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        try:
            seconds = super().get_retry_after(response)
        except InvalidHeader:
            return None
        return None if seconds is None else min(seconds, LONGEST_WAIT_SECONDS)


class Transport:
    """Requests to one environment, with its key.

    Parameters
    ----------
    settings
        Where and as whom.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._auth = HTTPBasicAuth(settings.api_key_id, settings.api_key_secret.reveal())
        self._reading = self._session(retries=RETRIES)

    def close(self) -> None:
        """Close the kept connections."""
        self._reading.close()

    def get(self, url: str, params: Mapping[str, Any] | None = None) -> bytes:
        """Read an answer of the API; tried again on 429, 5xx and refused connections."""
        return self._read("GET", url, params=params)

    def post_json(self, path: str, value: Any) -> bytes:
        """Send a small JSON object; never tried again once it left, never redirected."""
        body, headers = msgspec.json.encode(value), {"Content-Type": "application/json"}
        return self._read("POST", path, data=body, headers=headers)

    def post_document(self, path: str, body: Any, content_type: str, seconds: float) -> bytes:
        """Stream one document, on a connection of its own.

        A kept connection may have died unnoticed, and then nobody could tell whether the document
        was stored; so an upload never uses one, is never tried again and never redirected.

        Parameters
        ----------
        path
            The API's path.
        body
            An object with ``read``; it is never held in memory as a whole.
        content_type
            The multipart header with its boundary.
        seconds
            How long to wait for the answer after the last byte.

        Raises
        ------
        TransportError
            When certainly nothing was sent.
        AmbiguousUploadError
            When the document may or may not be stored.
        ApiError
            When the service refused it.
        """
        headers = {"Content-Type": content_type}
        # The first of the two also bounds how long a single write may stall.
        timeout = (STALL_SECONDS, seconds)
        session = self._session(retries=0)
        try:
            return self._exchange(
                session, "POST", path, data=body, headers=headers, timeout=timeout
            )
        except BROKEN as error:
            if _never_connected(error):
                raise self._broken("POST", path, error) from None
            raise AmbiguousUploadError(_ambiguous(path, type(error).__name__)) from None
        except ApiError as error:
            if error.status in _CLIENT_ERRORS and error.status not in _UNCLEAR:
                raise
            raise AmbiguousUploadError(_ambiguous(path, str(error))) from None
        finally:
            session.close()

    def open_download(self, url: str) -> requests.Response:
        """Open a document's address, following redirects by hand.

        Parameters
        ----------
        url
            Absolute, without a scheme (``www.argyle.com/x``, as published), or a path.

        Returns
        -------
        requests.Response
            Open, with its body unread; the caller closes it.

        Raises
        ------
        ApiError
            For an unsafe hop, too many hops, or a refusal.
        TransportError
            When a host cannot be reached.
        """
        where = self.absolute(url)
        for _ in range(MAX_HOPS + 1):
            self._check_hop(where)
            answer = self._opened(where)
            if answer.status_code == requests.codes.ok:
                return answer
            with answer:
                where = urljoin(where, answer.headers.get("Location", ""))
        raise ApiError(f"more than {MAX_HOPS} redirects: the document's address leads in a circle")

    def _opened(self, url: str) -> requests.Response:
        """Give an open answer: the document, or a redirect."""
        try:
            answer = self._send(self._reading, "GET", url)
            if answer.status_code not in REDIRECTS | {requests.codes.ok}:
                with answer:
                    checked_body(answer, self.settings)
        except BROKEN as error:
            raise self._broken("GET", url, error) from None
        return answer

    def absolute(self, url: str) -> str:
        """Complete an address that lacks a scheme or an origin.

        Argyle's published example of ``file_url`` is ``www.argyle.com/storagename``.
        """
        if url.startswith("//"):
            return f"https:{url}"
        if url.startswith("/"):
            return self.settings.base_url + url
        return url if _SCHEME.match(url) else f"https://{url}"

    def check_same_origin(self, url: str) -> None:
        """Refuse a link to a further page that would lead to another origin.

        Raises
        ------
        ApiError
            Before anything is sent; it names the origin.
        """
        if origin_of(url) != origin_of(self.settings.base_url):
            raise ApiError(
                f"the link to the next page leads to {_shown_origin(url)}, not to "
                f"{self.settings.base_url}; it was not followed, because the key would go along"
            )

    def is_trusted(self, url: str) -> bool:
        """Tell whether the key may be sent to a URL."""
        if origin_of(url) == origin_of(self.settings.base_url):
            return True
        if is_loopback(self.settings.base_url):
            return False
        scheme, host, port = origin_of(url)
        return (scheme, port) == ("https", 443) and f".{host}".endswith(".argyle.com")

    def _read(self, method: str, where: str, **options: Any) -> bytes:
        try:
            return self._exchange(self._reading, method, where, **options)
        except BROKEN as error:
            raise self._broken(method, where, error) from None

    def _exchange(
        self, session: requests.Session, method: str, where: str, **options: Any
    ) -> bytes:
        with self._send(session, method, where, **options) as answer:
            return checked_body(answer, self.settings)

    def _send(
        self, session: requests.Session, method: str, where: str, **options: Any
    ) -> requests.Response:
        url = self.settings.base_url + where if where.startswith("/") else where
        auth = self._auth if self.is_trusted(url) else _NoAuth()
        options.setdefault("timeout", (CONNECT_SECONDS, READ_SECONDS))
        return session.request(
            method, url, auth=auth, allow_redirects=False, stream=True, **options
        )

    def _broken(self, method: str, where: str, error: Exception) -> TransportError:
        host = self.settings.base_url if where.startswith("/") else _shown_origin(where)
        if method == "GET" or _never_connected(error):
            what = "could not be reached, or broke off"
        else:
            what = "broke off: it may have done what was asked, so look before you ask again"
        return TransportError(
            f"{host} {what} ({type(error).__name__}); check the network, VPN and proxy"
        )

    def _session(self, retries: int) -> requests.Session:
        session = requests.Session()
        # On loopback a proxy from the environment would only get in between.
        session.trust_env = not is_loopback(self.settings.base_url)
        session.headers["User-Agent"] = "argyle_nb"
        retry = _PatientRetry(
            total=retries,
            redirect=0,
            status_forcelist=(429, 500, 502, 503, 504),
            allowed_methods=("GET",),
            backoff_factor=BACKOFF_SECONDS,
            backoff_jitter=BACKOFF_SECONDS,
            raise_on_status=False,
            raise_on_redirect=False,
        )
        for scheme in ("https://", "http://"):
            session.mount(scheme, HTTPAdapter(max_retries=retry))
        return session

    def _check_hop(self, url: str) -> None:
        scheme, host, _ = origin_of(url)
        if is_loopback(self.settings.base_url):
            if not is_loopback(url):
                raise ApiError(f"the local sandbox does not send anybody to {_shown_origin(url)}")
            return
        if scheme != "https":
            raise ApiError(f"the document's address leads to {_shown_origin(url)}: https is needed")
        if _is_internal(host):
            raise ApiError(f"the document's address leads into a private network: {host}")


def origin_of(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of a URL, as the socket will see them.

    Raises
    ------
    ApiError
        For a URL without a host, with user information, or with characters that parsers read
        differently.

    Examples
    --------
    >>> origin_of("https://API.argyle.com/v2/users")
    ('https', 'api.argyle.com', 443)
    """
    try:
        parts: SplitResult = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ApiError("a link that is not a URL was not followed") from None
    plain = url.isascii() and url.isprintable() and "\\" not in url and "@" not in parts.netloc
    host = parts.hostname or ""
    if not plain or not HOST.fullmatch(host) or parts.scheme not in ("http", "https"):
        raise ApiError("a link with an unusual origin was not followed, to keep the key at home")
    return parts.scheme, host, port or {"http": 80, "https": 443}[parts.scheme]


def _never_connected(error: Exception) -> bool:
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(reason, UrllibSSLError):
        return isinstance(reason.args[0], ssl.SSLCertVerificationError)
    # What breaks at a proxy breaks before the request itself leaves: https is tunnelled.
    return isinstance(reason, (NewConnectionError, ConnectTimeoutError, ProxyError))


def _ambiguous(path: str, what: str) -> str:
    return (
        f"POST {path} ended without a clear answer ({what}): the document may be stored. "
        "List the user's uploads before you send it again"
    )


def _shown_origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}"


def _is_internal(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        # Short and hexadecimal forms of an address, such as 127.1, are read by the resolver.
        return f".{host}".endswith(".localhost") or host.rpartition(".")[2][:1].isdigit()
    return not address.is_global
