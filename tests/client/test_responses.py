"""What an answer means: bodies within limits, and each status its error."""

from __future__ import annotations

import base64
import gzip
import html
import itertools
import json
import time
from urllib.parse import quote, quote_plus

import pytest

from argyle_nb.client import responses
from argyle_nb.client.client import Client
from argyle_nb.errors import (
    ApiError,
    AuthenticationError,
    DecodeError,
    NotFoundError,
    TransportError,
    ValidationError,
)
from tests.support.servers import KEY_ID, SECRET, Answer, HostileServer, client_of, refused

BASIC = "Basic " + base64.b64encode(f"{KEY_ID}:{SECRET}".encode()).decode()


def read(server):
    with client_of(server) as client:
        return list(client.list_uploads())


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, AuthenticationError),
        (403, AuthenticationError),
        (404, NotFoundError),
        (400, ValidationError),
        (422, ValidationError),
        (302, ApiError),
        (418, ApiError),
    ],
)
def test_each_status_has_its_error(status, kind):
    with HostileServer(Answer(status, b'{"detail": "no"}')) as server, refused(kind) as caught:
        read(server)
    assert caught.value.status == status
    assert caught.value.request == "GET /v2/user-uploads"


@pytest.mark.parametrize("body", [b"<html>", b'{"results": ', b"", b'{"results": 7}', b"\xff"])
def test_an_answer_that_is_no_page_is_a_decode_error(body):
    with HostileServer(Answer(body=body)) as server, refused(DecodeError):
        read(server)


def test_an_answer_without_end_is_cut_off(monkeypatch):
    monkeypatch.setattr(responses, "MAX_ANSWER_BYTES", 1_000_000)
    endless = Answer(body=itertools.repeat(b" " * 65536))
    with HostileServer(endless) as server, refused(ApiError, "larger than 1 MB"):
        read(server)


def test_a_redirect_is_read_within_limits_too(monkeypatch):
    """It would be read to its end, unpacked, before anybody asked for it."""
    monkeypatch.setattr(responses, "MAX_ANSWER_BYTES", 1_000_000)
    bomb = gzip.compress(bytes(2_000_000))
    headers = {"Location": "/v2/there", "Content-Encoding": "gzip"}
    with HostileServer(Answer(302, bomb, headers)) as server, refused(ApiError, "larger than 1 MB"):
        read(server)


def test_an_answer_that_drips_is_cut_off(monkeypatch):
    monkeypatch.setattr(responses, "ANSWER_SECONDS", 0.2)

    def drip():
        while True:
            time.sleep(0.02)
            yield b" "

    with HostileServer(lambda _: Answer(body=drip())) as server, refused(TransportError, "Timeout"):
        read(server)


def test_bytes_of_an_answer_do_not_show_themselves():
    assert repr(responses.RedactedBytes(b"a name")) == "<6 bytes>"


def test_a_service_that_sends_the_key_back_does_not_get_it_printed():
    def echo(seen):
        return Answer(400, json.dumps({"you sent": [f"{seen.headers} {KEY_ID} {SECRET}"]}).encode())

    with HostileServer(echo) as server, refused(ValidationError, "you sent") as caught:
        read(server)
    assert BASIC.split()[1] not in str(caught.value) + repr(vars(caught.value))


ODD_KEY, ODD_SECRET = "id/4+a=b&c", "s%cr3t/+=\"<>&'x"
SPELLINGS = {
    "as it is": str,
    "in a URL": quote,
    "in a URL, whole": lambda text: quote(text, safe=""),
    "in a form": quote_plus,
    "in lower case": lambda text: quote(text, safe="").replace("%2F", "%2f").replace("%2B", "%2b"),
    "in a URL in a URL": lambda text: quote(quote(text, safe=""), safe=""),
    "each character of it": lambda text: "".join(f"%{ord(c):02X}" for c in text),
    "in HTML": html.escape,
    "in HTML by numbers": lambda text: "".join(f"&#{ord(c)};" for c in text),
    "in base64": lambda text: base64.b64encode(text.encode()).decode(),
    "in base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "in base64 without its end": lambda text: base64.b64encode(text.encode()).decode().rstrip("="),
    "in base64 in a URL": lambda text: quote(base64.b64encode(text.encode()).decode(), safe=""),
    "in base64 in lines": lambda text: base64.encodebytes(b"user " * 14 + text.encode()).decode(),
    "in base64 behind more": lambda text: base64.b64encode(f"a{text}".encode()).decode(),
    "in base64 before more": lambda text: base64.b64encode(f"ab{text}cd".encode()).decode(),
    "the header in base64": lambda text: base64.b64encode(
        f"Authorization: Basic {base64.b64encode(text.encode()).decode()}".encode()
    ).decode(),
    "in hex": lambda text: text.encode().hex(),
    "in hex in capitals": lambda text: text.encode().hex().upper(),
    "in capitals": str.upper,
    "in lines": "\r\n ".join,
    "in UTF-16": lambda text: text.encode("utf-16-le").decode(),
    "in UTF-32": lambda text: text.encode("utf-32-be").decode(),
    "in JSON": lambda text: "".join(f"\\u{ord(c):04x}" for c in text),
    "in JSON in JSON": lambda text: "".join(f"\\\\u{ord(c):04X}" for c in text),
    "in Python": lambda text: "".join(f"\\x{ord(c):02x}" for c in text),
    "in HTML in HTML": lambda text: html.escape("".join(f"&#x{ord(c):x};" for c in text)),
    "in HTML in a URL": lambda text: quote("".join(f"&#{ord(c)};" for c in text)),
    "in a mail": lambda text: "".join(f"={ord(c):02X}" for c in text),
}
# What cannot be told from its surroundings is not shown, and neither are those.
HIDDEN = "before <key>(:<key>)?(%3D)* after|left out because it contains the API key|no explanation"


@pytest.mark.parametrize("part", [ODD_KEY, ODD_SECRET, f"{ODD_KEY}:{ODD_SECRET}"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_key_is_blotted_out_however_it_is_spelled(spelling, part):
    said = SPELLINGS[spelling](part)
    told = f"before {said} after"
    for body in (json.dumps({"detail": told}), json.dumps({told: [told]}), f"<p>{told}</p>"):
        with (
            HostileServer(Answer(400, body.encode())) as server,
            refused(ValidationError, HIDDEN) as caught,
            Client(ODD_KEY, ODD_SECRET, environment=server.url) as client,
        ):
            list(client.list_users())
        shown = str(caught.value) + repr(vars(caught.value))
        assert said not in shown
        assert json.dumps(said)[1:-1] not in shown


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_name_of_json_tells_the_key_where_a_page_cannot_be_read(spelling):
    said = json.dumps(SPELLINGS[spelling](ODD_SECRET))
    for body in (f"{{{said}: 1}}", f'{{"a": [{{{said}: {{{said}: NaN'):
        with (
            HostileServer(Answer(body=body.encode())) as server,
            refused(DecodeError, "<key>|left out because it contains the API key") as caught,
            Client(ODD_KEY, ODD_SECRET, environment=server.url) as client,
        ):
            list(client.list_users())
        assert said[1:-1] not in str(caught.value) + repr(vars(caught.value))


def test_where_escapes_cannot_be_read_nothing_is_shown():
    body = json.dumps({"detail": f"&#{'1' * 9000};"}).encode()
    with HostileServer(Answer(400, body)) as server, refused(ValidationError, "left out"):
        read(server)


def test_what_merely_looks_encoded_is_shown():
    body = {"detail": "50% of &lt;b&gt; \\u0041 =3D QUJDREVGR0hJSktMTU5PUA== 4142434445464748"}
    answer = Answer(400, json.dumps(body).encode())
    with HostileServer(answer) as server, refused(ValidationError) as caught:
        read(server)
    assert body["detail"] in str(caught.value)


UUID_ID, LONG_SECRET = "018051aa-f7a9-a0db-2f38-6cfa325e9d69", "Zx9" + "aA0-" * 15 + "q"


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("part", [UUID_ID, LONG_SECRET, f"{UUID_ID}:{LONG_SECRET}"])
def test_an_answer_full_of_what_nearly_is_the_key_is_read_at_once(part, spelling):
    """A pattern that may match a character in two ways would try 2^36 of them."""
    near = " ".join(SPELLINGS[spelling](part[:end] + "!") for end in range(len(part)))
    body = json.dumps({"detail": f"{near} {part} is revoked " * 10}).encode()
    with (
        HostileServer(Answer(401, body)) as server,
        refused(AuthenticationError) as caught,
        Client(UUID_ID, LONG_SECRET, environment=server.url) as client,
    ):
        list(client.list_users())
    assert part not in str(caught.value) + repr(vars(caught.value))


def test_what_the_service_says_stays_on_one_line():
    body = json.dumps({"detail": "first\nsecond\x1b[31m" + "x" * 10_000}).encode()
    with HostileServer(Answer(400, body)) as server, refused(ValidationError) as caught:
        read(server)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400
