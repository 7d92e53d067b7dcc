"""Where a URL leads, who gets the key, and what logs leave out.

The key goes to the configured origin and to https hosts under argyle.com, and nowhere else. The
question is asked anew for every request and every hop of a redirect.
"""

from __future__ import annotations

import ipaddress
import logging
import re
import socket
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from argyle_nb.config import HOST, is_loopback
from argyle_nb.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterator

LOGGERS = ("urllib3.connectionpool", "urllib3.util.retry")

_LINK, _NOT = "The download link of the document", "It was not followed."
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_QUERY = re.compile(r"\?[^\s'\"]*")
_PATH = re.compile(r"(?<![\w:/])/[^\s'\"]*")

_hidden: ContextVar[re.Pattern[str] | None] = ContextVar("hidden", default=None)


def origin_of(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of a URL, as the socket will see them."""
    try:
        parts: SplitResult = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ApiError("A link that is not a URL was not followed.") from None
    ordinary = url.isascii() and url.isprintable() and "\\" not in url and "@" not in parts.netloc
    host = parts.hostname or ""
    if not ordinary or not HOST.fullmatch(host) or parts.scheme not in ("http", "https"):
        raise ApiError("A link to an unexpected address was not followed, to protect your API key.")
    return parts.scheme, host, port or {"http": 80, "https": 443}[parts.scheme]


def shown_origin(url: str) -> str:
    """Scheme and host of a URL, without what may be secret in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}"


def absolute(url: str, base_url: str) -> str:
    """Complete an address that lacks a scheme or an origin.

    Argyle's published example of ``file_url`` is ``www.argyle.com/storagename``.
    """
    if url.startswith("//"):
        return f"https:{url}"
    if url.startswith("/"):
        return base_url + url
    return url if _SCHEME.match(url) else f"https://{url}"


def is_trusted(url: str, base_url: str) -> bool:
    """Tell whether the key of one origin may be sent to a URL."""
    if origin_of(url) == origin_of(base_url):
        return True
    if is_loopback(base_url):
        return False
    scheme, host, port = origin_of(url)
    return (scheme, port) == ("https", 443) and f".{host}".endswith(".argyle.com")


def check_same_origin(url: str, base_url: str) -> None:
    """Refuse a link to a further page that would lead to another origin."""
    if origin_of(url) != origin_of(base_url):
        raise ApiError(
            f"The link to the next page leads to {shown_origin(url)}, not to {base_url}. It was "
            "not followed, to protect your API key. Results are incomplete."
        )


def check_hop(url: str, base_url: str, *, looked_up_here: bool) -> None:
    """Refuse a step on the way to a document that leads where no document is.

    ``looked_up_here`` is false where a proxy looks up the host's name, elsewhere.
    """
    scheme, host, _ = origin_of(url)
    if origin_of(url) == origin_of(base_url):
        return
    if is_loopback(base_url):
        if not is_loopback(url):
            raise ApiError(
                f"{_LINK} leads to {shown_origin(url)}, not to the local sandbox. {_NOT}"
            )
        return
    if scheme != "https":
        raise ApiError(f"{_LINK} leads to {shown_origin(url)}, which is not https. {_NOT}")
    is_stranger = looked_up_here and not is_trusted(url, base_url)
    if _is_internal(host) or (is_stranger and _resolves_inside(host)):
        raise ApiError(f"{_LINK} leads into a private network ({host}). {_NOT}")


def _is_internal(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        # Short and hexadecimal forms of an address, such as 127.1, are read by the resolver.
        return f".{host}".endswith(".localhost") or host.rpartition(".")[2][:1].isdigit()
    return not address.is_global


def _resolves_inside(host: str) -> bool:
    """Look a name up; should it mean something else a moment later, its certificate must fit."""
    try:
        entries = socket.getaddrinfo(host, None)
    except (OSError, UnicodeError):
        return False  # connecting will say so
    return any(not ipaddress.ip_address(str(entry[4][0])).is_global for entry in entries)


@contextmanager
def quiet(*, path_too: bool) -> Iterator[None]:
    """Keep queries, and paths that are not ours and may name a person, out of the log."""
    token = _hidden.set(_PATH if path_too else _QUERY)
    try:
        yield
    finally:
        _hidden.reset(token)


def _redact(record: logging.LogRecord) -> bool:
    hidden = _hidden.get()
    if hidden and isinstance(record.args, tuple):
        record.args = tuple(_without(argument, hidden) for argument in record.args)
    return True


def _without(argument: Any, hidden: re.Pattern[str]) -> Any:
    return hidden.sub("<hidden>", argument) if isinstance(argument, str) else argument


for _name in LOGGERS:
    logging.getLogger(_name).addFilter(_redact)
