"""One HTTP conversation: who gets the key, which answers are errors, what is tried again.

The credential law lives here and nowhere else: Authorization goes to the configured origin and
to https hosts under argyle.com, decided anew for every request and every hop of a redirect.
"""

from __future__ import annotations

import ipaddress
import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urljoin, urlsplit

import msgspec
import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase, HTTPBasicAuth
from urllib3.exceptions import (
    ConnectTimeoutError,
    NameResolutionError,
    NewConnectionError,
)
from urllib3.exceptions import (
    SSLError as UrllibSSLError,
)
from urllib3.util.retry import Retry

from argyle_nb.config import is_loopback
from argyle_nb.errors import (
    AmbiguousUploadError,
    ApiError,
    AuthenticationError,
    NotFoundError,
    RateLimitError,
    ServerError,
    TransportError,
    ValidationError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from urllib3.response import BaseHTTPResponse

    from argyle_nb.config import Settings

CONNECT_SECONDS, READ_SECONDS = 10.0, 60.0
RETRIES = 4
LONGEST_WAIT_SECONDS = 60.0
MAX_HOPS = 5
MAX_ANSWER_BYTES = 64_000_000

_BLOCK_BYTES = 1 << 16
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_REFUSED_STATUSES = frozenset({400, 413, 415, 422})


class _NoAuth(AuthBase):
    """Sends no credentials, and keeps requests from looking for some in ``.netrc``."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class _PatientRetry(Retry):
    """Waits as `Retry-After` says, but never longer than a minute."""

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        seconds = super().get_retry_after(response)
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
        """Send a small JSON object; never tried again, never redirected."""
        return self._read("POST", path, json=value)

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
        timeout = (CONNECT_SECONDS, seconds)
        session = self._session(retries=0)
        try:
            return self._exchange(
                session, "POST", path, data=body, headers=headers, timeout=timeout
            )
        except requests.RequestException as error:
            if _never_connected(error):
                raise TransportError(self._unreachable(error)) from None
            raise AmbiguousUploadError(_ambiguous(path, type(error).__name__)) from None
        except ServerError as error:
            raise AmbiguousUploadError(_ambiguous(path, f"status {error.status}")) from None
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
        """
        where = self.absolute(url)
        for _ in range(MAX_HOPS + 1):
            self._check_hop(where)
            try:
                answer = self._send(self._reading, "GET", where)
            except requests.RequestException as error:
                raise TransportError(self._unreachable(error)) from None
            if answer.status_code not in _REDIRECTS:
                if answer.status_code != requests.codes.ok:
                    with answer:
                        raise_for_answer(answer, _bounded_body(answer), self.settings.environment)
                return answer
            with answer:
                where = urljoin(where, answer.headers.get("Location", ""))
        raise ApiError(f"more than {MAX_HOPS} redirects: the document's address leads in a circle")

    def absolute(self, url: str) -> str:
        """Complete an address that lacks a scheme or an origin.

        Argyle's published example of ``file_url`` is ``www.argyle.com/storagename``.
        """
        if url.startswith("//"):
            return f"https:{url}"
        if url.startswith("/"):
            return self.settings.base_url + url
        return url if "://" in url else f"https://{url}"

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
        except requests.RequestException as error:
            raise TransportError(self._unreachable(error)) from None

    def _exchange(
        self, session: requests.Session, method: str, where: str, **options: Any
    ) -> bytes:
        with self._send(session, method, where, **options) as answer:
            body = _bounded_body(answer)
            raise_for_answer(answer, body, self.settings.environment)
            return body

    def _send(
        self, session: requests.Session, method: str, where: str, **options: Any
    ) -> requests.Response:
        url = where if "://" in where else self.settings.base_url + where
        auth = self._auth if self.is_trusted(url) else _NoAuth()
        options.setdefault("timeout", (CONNECT_SECONDS, READ_SECONDS))
        return session.request(
            method, url, auth=auth, allow_redirects=False, stream=True, **options
        )

    def _unreachable(self, error: requests.RequestException) -> str:
        return (
            f"{self.settings.base_url} could not be reached ({type(error).__name__}): "
            "check the network, VPN and proxy, then try again"
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
            backoff_factor=0.5,
            backoff_jitter=0.5,
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
    suspicious = "\\" in url or "@" in parts.netloc or not url.isascii() or not url.isprintable()
    if suspicious or not parts.hostname or parts.scheme not in ("http", "https"):
        raise ApiError("a link with an unusual origin was not followed, to keep the key at home")
    return parts.scheme, parts.hostname, port or {"http": 80, "https": 443}[parts.scheme]


def raise_for_answer(answer: requests.Response, body: bytes, environment: str) -> None:
    """Turn an answer that is not 200 or 201 into an error of the tree."""
    status = answer.status_code
    if status in (requests.codes.ok, requests.codes.created):
        return
    request = f"{answer.request.method} {urlsplit(answer.request.url or '').path}"
    text = body.decode("utf-8", "replace")
    told = _told(body)
    details: dict[str, Any] = {"status": status, "body": text, "request": request}
    said = "; ".join(f"{name}: {' '.join(texts)}" for name, texts in told.items()) or text[:200]
    if status in (requests.codes.unauthorized, requests.codes.forbidden):
        raise AuthenticationError(
            f"{request}: {status} {said} (environment: {environment}). "
            "Keys belong to one environment: check the key and the environment",
            **details,
        )
    if status == requests.codes.not_found:
        raise NotFoundError(f"{request}: 404, not found in environment {environment}", **details)
    if status == requests.codes.too_many_requests:
        raise RateLimitError(f"{request}: 429, too many requests; wait and try again", **details)
    if status >= requests.codes.server_error:
        raise ServerError(f"{request}: {status}, the service failed; try again later", **details)
    if status in _REFUSED_STATUSES:
        raise ValidationError(f"{request}: refused with {status}: {said}", fields=told, **details)
    raise ApiError(f"{request}: unexpected answer {status}: {said}", **details)


def _told(body: bytes) -> dict[str, list[str]]:
    """Read ``{field: [messages]}`` or ``{"detail": message}``, and nothing from anything else."""
    try:
        value = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return {}
    if not isinstance(value, dict):
        return {}
    return {
        str(name): [str(text) for text in (texts if isinstance(texts, list) else [texts])]
        for name, texts in value.items()
    }


def _bounded_body(answer: requests.Response) -> bytes:
    blocks: list[bytes] = []
    size = 0
    for block in answer.iter_content(_BLOCK_BYTES):
        size += len(block)
        if size > MAX_ANSWER_BYTES:
            raise ApiError(f"an answer of more than {MAX_ANSWER_BYTES // 10**6} MB was cut off")
        blocks.append(block)
    return b"".join(blocks)


def _never_connected(error: requests.RequestException) -> bool:
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(reason, UrllibSSLError):
        return isinstance(reason.args[0], ssl.SSLCertVerificationError)
    return isinstance(reason, (NewConnectionError, NameResolutionError, ConnectTimeoutError))


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
        return host == "localhost" or host.endswith(".localhost")
    return not address.is_global
