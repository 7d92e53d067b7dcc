"""What a URL may tell of a person stays out of the HTTP library's log."""

from __future__ import annotations

import logging
import threading

import pytest

from argyle_nb.client.origins import LOGGERS, quiet


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
