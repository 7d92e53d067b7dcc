"""Where a URL leads, what may be sent there, and what stays out of the log."""

from __future__ import annotations

import logging
import socket
import threading

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from argyle_nb.client.origins import (
    LOGGERS,
    absolute,
    check_hop,
    check_same_origin,
    is_trusted,
    origin_of,
    quiet,
    shown_origin,
)
from argyle_nb.errors import ApiError
from tests.support.servers import refused

PRODUCTION = "https://api.argyle.com"


# Who gets the key


@pytest.mark.parametrize(
    "url",
    [
        "https://api.argyle.com/v2/user-uploads",
        "https://API.ARGYLE.COM:443/x",
        "https://argyle.com/x",
        "https://www.argyle.com/storagename",
        "https://files.eu.argyle.com/x",
    ],
)
def test_the_key_is_trusted_to_argyle_over_https(url):
    assert is_trusted(url, PRODUCTION)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.argyle.com/x",
        "https://api.argyle.com:8443/x",
        "https://evilargyle.com",
        "https://argyle.com.evil.example",
        "https://api.argyle.com.",
        "https://evil.example/api.argyle.com",
        "https://evil.example?.argyle.com",
        "https://evil.example#.argyle.com",
        "https://127.0.0.1",
        "http://127.0.0.1:8000",
    ],
)
def test_the_key_is_not_trusted_to_anybody_else(url):
    assert not is_trusted(url, PRODUCTION)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.argyle.com@evil.example",
        "https://api.argyle.com:443@evil.example",
        "https://evil.example\\.argyle.com",
        "https://evil.example\\@api.argyle.com",
        "https://evil.example%2f.argyle.com",
        "https://evil.example%00.argyle.com",
        "https://[::1%25.argyle.com]",
        "https://evil.example\t.argyle.com",
        "https://evil.example\n.argyle.com",
        "https://аrgyle.com",  # noqa: RUF001 - a Cyrillic letter
        "https://evil。argyle.com",
        "https:///api.argyle.com",
        "//api.argyle.com",
        "ftp://api.argyle.com",
        "file:///etc/passwd",
        "https://api.argyle.com:port",
        "https://[api.argyle.com",
        "",
    ],
)
def test_an_odd_link_is_refused_outright(url):
    with refused(ApiError):
        is_trusted(url, PRODUCTION)


@given(
    st.sampled_from(["http", "https", "HTTPS", "ftp", ""]),
    st.lists(
        st.sampled_from(["argyle", "com", "api", "evil", "127", "0", "1"]) | st.text(max_size=4),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from([".", "@", "\\", "/", "?", "#", "%2e", ":", "。", "\t", " ", ";"]),
    st.sampled_from(["", ":443", ":80", ":8443", "@argyle.com", ".argyle.com", "/.argyle.com"]),
)
def test_whatever_is_trusted_is_connected_to_under_argyle(scheme, labels, glue, tail):
    url = f"{scheme}://{glue.join(labels)}{tail}"
    try:
        trusted = is_trusted(url, PRODUCTION)
    except ApiError:
        return
    if trusted:
        prepared = requests.Request("GET", url).prepare()
        pool = requests.adapters.HTTPAdapter().get_connection_with_tls_context(
            prepared, verify=True
        )
        assert (pool.scheme, pool.port or 443) == ("https", 443)
        assert f".{pool.host}".endswith(".argyle.com")
        pool.close()


def test_a_custom_origin_is_trusted_beside_argyle():
    custom = "https://proxy.example.com:8443"
    assert is_trusted("https://proxy.example.com:8443/x", custom)
    assert not is_trusted("https://proxy.example.com/x", custom)


def test_the_key_of_a_local_server_is_trusted_to_its_port_only():
    local = "http://127.0.0.1:8000"
    assert is_trusted("http://127.0.0.1:8000/x", local)
    for url in ("http://127.0.0.1:8001", "http://localhost:8000", "https://api.argyle.com"):
        assert not is_trusted(url, local)


def test_an_origin_is_scheme_host_and_port():
    assert origin_of("http://[::1]/x") == ("http", "::1", 80)
    assert origin_of("https://API.argyle.com") == ("https", "api.argyle.com", 443)


# Steps on the way to a document


def meaning(*addresses):
    """A resolver that knows one answer."""
    return lambda *_: [(0, 0, 0, "", (address, 0)) for address in addresses]


def test_a_name_of_the_world_is_a_step(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", meaning("1.1.1.1"))
    check_hop("https://storage.example/x", PRODUCTION, looked_up_here=True)


@pytest.mark.parametrize("inside", ["127.0.0.1", "10.0.0.1", "169.254.1.1", "::1", "fd00::1"])
def test_a_name_of_which_one_address_is_inside_is_none(monkeypatch, inside):
    monkeypatch.setattr(socket, "getaddrinfo", meaning("1.1.1.1", inside))
    with refused(ApiError, "private network"):
        check_hop("https://storage.example/x", PRODUCTION, looked_up_here=True)


@pytest.mark.parametrize("host", ["api.argyle.com", "www.argyle.com"])
def test_argyles_own_names_may_mean_a_gateway_inside(monkeypatch, host):
    monkeypatch.setattr(socket, "getaddrinfo", meaning("10.0.0.1"))
    check_hop(f"https://{host}/x", PRODUCTION, looked_up_here=True)


def test_a_name_that_a_proxy_looks_up_is_left_to_the_proxy(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", meaning("10.0.0.1"))
    check_hop("https://storage.example/x", PRODUCTION, looked_up_here=False)


def test_a_gateway_inside_that_was_configured_may_give_documents():
    check_hop("https://10.0.0.1:8443/x", "https://10.0.0.1:8443", looked_up_here=True)


def test_a_name_that_nobody_knows_is_left_to_the_connection(monkeypatch):
    def unknown(*_):
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    check_hop("https://storage.example/x", PRODUCTION, looked_up_here=True)


def test_what_is_shown_of_an_address_is_its_origin():
    assert shown_origin("https://storage.example/ada.pdf?signature=1") == "https://storage.example"


def test_a_next_link_stays_with_the_origin():
    check_same_origin("https://API.argyle.com:443/v2/users?cursor=b", PRODUCTION)
    with refused(ApiError, "https://www.argyle.com"):
        check_same_origin("https://www.argyle.com/v2/users", PRODUCTION)


@pytest.mark.parametrize(
    ("url", "completed"),
    [
        ("www.argyle.com/storagename", "https://www.argyle.com/storagename"),
        ("www.argyle.com/x?to=https://y.example", "https://www.argyle.com/x?to=https://y.example"),
        ("//www.argyle.com/x", "https://www.argyle.com/x"),
        ("/v2/x", "https://api.argyle.com/v2/x"),
        ("https://files.argyle.com/x", "https://files.argyle.com/x"),
    ],
)
def test_an_address_without_scheme_or_host_is_completed(url, completed):
    assert absolute(url, PRODUCTION) == completed


@pytest.fixture(params=LOGGERS)
def log(request, caplog):
    """Write a line as the library does, and give what is logged."""
    caplog.set_level(logging.DEBUG, request.param)

    def write(*arguments):
        pattern = " ".join(["%s"] * len(arguments))
        logging.getLogger(request.param).debug(pattern, *arguments)
        return caplog.messages[-1]

    return write


def test_a_query_is_hidden(log):
    with quiet(path_too=False):
        assert log("GET", "/v2/users?external_id=ada&limit=1", 200) == "GET /v2/users<hidden> 200"


def test_a_strangers_path_is_hidden_too(log):
    with quiet(path_too=True):
        assert log("GET", "/ada.pdf?signature=1", "HTTP/1.1") == "GET <hidden> HTTP/1.1"


def test_what_has_no_query_stays(log):
    with quiet(path_too=False):
        assert log("https", "api.argyle.com", "/v2/users") == "https api.argyle.com /v2/users"


def test_outside_of_our_own_requests_nothing_is_hidden(log):
    with quiet(path_too=True):
        pass
    assert log("GET", "/theirs?query=1") == "GET /theirs?query=1"


def test_another_thread_is_not_ours(log):
    told = []
    with quiet(path_too=True):
        other = threading.Thread(target=lambda: told.append(log("GET", "/theirs?query=1")))
        other.start()
        other.join()
    assert told == ["GET /theirs?query=1"]


def test_a_line_with_named_arguments_passes(caplog):
    caplog.set_level(logging.DEBUG, LOGGERS[0])
    with quiet(path_too=True):
        logging.getLogger(LOGGERS[0]).debug("%(a)s", {"a": 1})
    assert caplog.messages == ["1"]
