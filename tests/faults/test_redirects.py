"""Redirects: the document is found wherever it lies, and the key goes home only.

The real client talks to api.argyle.com through a real proxy and real TLS; the ledger of each host
is the judge.
"""

from __future__ import annotations

import base64
import itertools
import socket

import pytest
import requests

from argyle_nb.client import retry, transport
from argyle_nb.client.client import Client
from argyle_nb.errors import AmbiguousUploadError, ApiError, ArgyleError, TransportError
from argyle_nb.models import UserUpload
from tests.support.servers import KEY_ID, PDF, SECRET, UPLOAD_ID, USER_ID, Answer, refused

API, WWW, STORAGE, EVIL = "api.argyle.com", "www.argyle.com", "storage.example", "evil.example"
BASIC = "Basic " + base64.b64encode(f"{KEY_ID}:{SECRET}".encode()).decode()
DOCUMENT = Answer(body=PDF)


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(retry, "FIRST_PAUSE_SECONDS", 0.001)


@pytest.fixture
def argyle(internet):
    """A client of the production environment."""
    with Client(KEY_ID, SECRET, environment="production") as client:
        yield client


def to(location, status=302):
    return Answer(status, headers={"Location": location})


def fetch(client, folder, url=f"https://{API}/file"):
    return client.download(UserUpload(UPLOAD_ID, file_url=url), folder)


def key_was_seen(seen):
    return BASIC.split()[1] in str(seen) or KEY_ID in str(seen) or SECRET in str(seen)


def files(folder):
    return sorted(path.name for path in folder.iterdir())


# Steps that are taken, and who gets the key on them

TAKEN = {
    "the own origin": ("/there", API, True),
    "a sibling under argyle.com": (f"https://{WWW}/there", WWW, True),
    "a deep sibling in capitals": ("HTTPS://FILES.EU.ARGYLE.COM/a", "files.eu.argyle.com", True),
    "the bare domain": ("https://argyle.com/there", "argyle.com", True),
    "foreign storage": (f"https://{STORAGE}/signed?x=1", STORAGE, False),
    "a name that ends alike": ("https://evilargyle.com/there", "evilargyle.com", False),
    "a name that begins alike": (
        "https://argyle.com.evil.example/x",
        "argyle.com.evil.example",
        False,
    ),
    "another port of the own host": (f"https://{API}:8443/there", f"{API}:8443", False),
    "a link without a scheme": (f"//{EVIL}/there", EVIL, False),
    "a foreign path that reads like home": (f"https://{EVIL}/{API}/x", EVIL, False),
}


@pytest.mark.parametrize("step", TAKEN)
def test_a_step_is_taken_and_only_home_gets_the_key(internet, argyle, tmp_path, step):
    location, host, home = TAKEN[step]
    internet.hosts[API] = [to(location), DOCUMENT]
    internet.hosts[host] = internet.hosts.get(host, DOCUMENT)
    assert fetch(argyle, tmp_path).read_bytes() == PDF
    [seen] = internet.at(host)[-1:]
    assert (seen.headers.get("authorization") == BASIC) is home
    assert key_was_seen(seen) is home
    assert not any(key_was_seen(asked) for asked in internet.proxy.asked)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_every_kind_of_redirect_loses_the_key_abroad_and_finds_it_at_home(
    internet, argyle, tmp_path, status
):
    internet.hosts[API] = [to(f"https://{STORAGE}/a", status), DOCUMENT]
    internet.hosts[STORAGE] = to(f"https://{API}/b", status)
    assert fetch(argyle, tmp_path).read_bytes() == PDF
    assert [key_was_seen(seen) for seen in internet.seen] == [True, False, True]


# Steps that are refused before a socket opens

REFUSED = {
    "https to http": f"http://{API}/there",
    "user information": f"https://{API}@{EVIL}/there",
    "user information with a port": f"https://{API}:443@{EVIL}/there",
    "a backslash": f"https://{EVIL}\\@{API}/there",
    "a tab in the host": f"https://{EVIL}%09.argyle.com/there",
    "a letter of another alphabet": "https://api.argyle.c\u043em/there",
    "a file of this machine": "file:///etc/passwd",
    "a data link": "data:application/pdf,%25PDF-",
    "the metadata service": "https://169.254.169.254/latest/meta-data",
    "this machine": "https://127.0.0.1/there",
    "this machine, short": "https://127.1/there",
    "this machine as one number": "https://2130706433/there",
    "this machine, new style": "https://[::1]/there",
    "a private network": "https://10.0.0.8/there",
    "a name of this machine": "https://a.localhost/there",
}


@pytest.mark.parametrize("step", REFUSED)
def test_a_step_is_refused_before_a_socket_opens(internet, argyle, tmp_path, step):
    internet.hosts[API] = [to(REFUSED[step].encode().decode("latin-1")), DOCUMENT]
    with refused(ApiError):
        fetch(argyle, tmp_path)
    assert internet.proxy.asked == [f"{API}:443"]
    assert files(tmp_path) == []


@pytest.mark.parametrize("step", REFUSED)
def test_a_first_address_is_refused_just_the_same(internet, argyle, tmp_path, step):
    with refused(ApiError):
        fetch(argyle, tmp_path, url=REFUSED[step])
    assert internet.proxy.asked == []


@pytest.mark.parametrize("inside", ["127.0.0.2", "10.1.2.3", "169.254.169.254", "::1"])
def test_a_name_that_means_a_machine_inside_is_refused(
    internet, argyle, tmp_path, monkeypatch, inside
):
    monkeypatch.setenv("NO_PROXY", STORAGE)  # so that the name is looked up here
    monkeypatch.setattr(socket, "getaddrinfo", _resolver({STORAGE: inside}))
    internet.hosts[API] = to(f"https://{STORAGE}/there")
    with refused(ApiError, "private network"):
        fetch(argyle, tmp_path)
    assert internet.proxy.asked == [f"{API}:443"]


def _resolver(names):
    real = socket.getaddrinfo

    def lookup(host, port, *rest, **options):
        if host in names:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (names[host], port))]
        return real(host, port, *rest, **options)

    return lookup


def test_a_circle_ends(internet, argyle, tmp_path):
    internet.hosts[API] = to(f"https://{STORAGE}/a")
    internet.hosts[STORAGE] = to(f"https://{API}/file")
    with refused(ApiError, "redirected more than"):
        fetch(argyle, tmp_path)
    assert len(internet.seen) == transport.MAX_HOPS + 1


def test_the_longest_way_that_is_allowed_is_gone(internet, argyle, tmp_path):
    internet.hosts[API] = [*[to("/on")] * transport.MAX_HOPS, DOCUMENT]
    assert fetch(argyle, tmp_path).exists()


def test_a_published_address_without_a_scheme_is_followed(internet, argyle, tmp_path):
    internet.hosts[WWW] = DOCUMENT
    fetch(argyle, tmp_path, url=f"{WWW}/storagename")
    assert key_was_seen(internet.at(WWW))


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_stranger_that_refuses_is_named_without_its_path_and_words(
    internet, argyle, tmp_path, status
):
    """An expired link is no refused key: a batch must not stop for it."""
    internet.hosts[API] = to(f"https://{STORAGE}/ada_sample.pdf?signature=1")
    internet.hosts[STORAGE] = Answer(status, b"<Error>ada_sample.pdf has expired</Error>")
    with refused(ApiError, "https://storage.example returned") as caught:
        fetch(argyle, tmp_path)
    assert type(caught.value) is ApiError
    assert "ada_sample" not in str(caught.value) + str(vars(caught.value))


# What is sent is never sent on


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_document_never_follows_a_redirect(internet, argyle, pdf, status):
    internet.hosts[API] = to(f"https://{EVIL}/take", status)
    with refused(AmbiguousUploadError, "redirect"):
        argyle.upload(pdf, document_type="paystubs", user=USER_ID)
    assert [seen.method for seen in internet.seen] == ["POST"]
    assert internet.at(EVIL) == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_list_never_follows_a_redirect(internet, argyle, status):
    internet.hosts[API] = to(f"https://{EVIL}/v2/user-uploads", status)
    with refused(ApiError, "redirect"):
        list(argyle.list_uploads())
    assert internet.at(EVIL) == []


def test_a_person_never_follows_a_redirect(internet, argyle):
    internet.hosts[API] = to(f"https://{EVIL}/take", 307)
    with refused(ApiError, "redirect"):
        argyle.create_user(ssn="900-12-3456")
    assert internet.at(EVIL) == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_body_of_a_redirect_is_not_read(internet, argyle, tmp_path, status):
    """It has no end, and the document arrives all the same."""
    endless = Answer(status, itertools.repeat(b"x" * 65536), {"Location": f"https://{STORAGE}/a"})
    internet.hosts[API], internet.hosts[STORAGE] = endless, DOCUMENT
    assert fetch(argyle, tmp_path).read_bytes() == PDF


# What stands around: .netrc, proxies, certificates


def test_netrc_overrides_no_key_and_adds_none(internet, argyle, tmp_path, home):
    lines = [f"machine {host} login thief password thief" for host in (API, STORAGE)]
    (home / ".netrc").write_text("\n".join([*lines, "default login thief password thief\n"]))
    (home / ".netrc").chmod(0o600)
    internet.hosts[API] = to(f"https://{STORAGE}/there")
    internet.hosts[STORAGE] = DOCUMENT
    fetch(argyle, tmp_path)
    assert [seen.headers.get("authorization") for seen in internet.seen] == [BASIC, None]


def test_the_proxy_sees_hosts_but_neither_key_nor_path(internet, argyle, tmp_path):
    internet.hosts[API] = DOCUMENT
    fetch(argyle, tmp_path)
    assert internet.proxy.asked == [f"{API}:443"]


def test_a_host_of_no_proxy_is_reached_directly(internet, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", _resolver({"gateway.example": "127.0.0.1"}))
    monkeypatch.setenv("NO_PROXY", "gateway.example")
    port = internet._server.url.rpartition(":")[2]
    with (
        Client(KEY_ID, SECRET, environment=f"https://gateway.example:{port}") as client,
        refused(
            TransportError, "TLS certificate is not trusted"
        ),  # its certificate is of other names
    ):
        list(client.list_uploads())
    assert internet.proxy.asked == []


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_the_usual_variables_name_the_certificates(internet, monkeypatch, tmp_path, name):
    path = internet.variables()["REQUESTS_CA_BUNDLE"]
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    monkeypatch.setenv(name, path)
    internet.hosts[API] = DOCUMENT
    with Client(KEY_ID, SECRET, environment="production") as client:
        assert fetch(client, tmp_path).exists()


def test_a_server_with_a_certificate_of_nobody_gets_nothing(internet, monkeypatch, pdf):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with Client(KEY_ID, SECRET, environment="production") as client:
        with refused(TransportError, "REQUESTS_CA_BUNDLE"):
            list(client.list_uploads())
        with refused(TransportError, "REQUESTS_CA_BUNDLE"):
            client.upload(pdf, document_type="paystubs", user=USER_ID)
    assert internet.seen == []
    assert len(internet.proxy.asked) == 2  # what is wrong stays wrong, so nothing is tried again


def test_a_proxy_that_is_gone_is_told_from_an_upload_that_may_be_there(internet, argyle, pdf):
    internet.proxy.close()
    with refused(TransportError, "proxy"):
        argyle.upload(pdf, document_type="paystubs", user=USER_ID)


def test_a_secret_of_the_proxy_is_not_told(internet, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", f"http://somebody:{SECRET}@127.0.0.1:1")
    with Client(KEY_ID, SECRET, environment="production") as client, refused(TransportError):
        list(client.list_uploads())


# Take a guard away, and the ledger shows it


def test_without_the_credential_law_the_key_would_reach_strangers(
    internet, argyle, tmp_path, monkeypatch
):
    monkeypatch.setattr(transport, "is_trusted", lambda *_: True)
    internet.hosts[API] = to(f"https://{EVIL}/there")
    internet.hosts[EVIL] = DOCUMENT
    fetch(argyle, tmp_path)
    assert key_was_seen(internet.at(EVIL))


def test_without_the_look_at_each_hop_a_private_network_would_be_asked(
    internet, argyle, tmp_path, monkeypatch
):
    monkeypatch.setattr(transport, "check_hop", lambda *_, **__: None)
    internet.hosts[API] = to("https://10.0.0.8/there")
    with pytest.raises(ArgyleError):
        fetch(argyle, tmp_path)
    assert "10.0.0.8:443" in internet.proxy.asked


def test_without_the_ban_on_redirects_what_is_sent_would_reach_strangers(
    internet, argyle, monkeypatch
):
    real = requests.Session.request

    def following(self, *positional, **options):
        return real(self, *positional, **options | {"allow_redirects": True})

    seen = requests.Session.get_redirect_target
    monkeypatch.setattr(transport._Session, "get_redirect_target", seen)
    monkeypatch.setattr(requests.Session, "request", following)
    internet.hosts[API] = to(f"https://{EVIL}/take", 307)
    with pytest.raises(ArgyleError):
        argyle.create_user(ssn="900-12-3456")
    assert b"900-12-3456" in internet.at(EVIL)[0].body


def test_without_the_answer_to_netrc_a_password_would_reach_strangers(
    internet, argyle, tmp_path, monkeypatch, home
):
    monkeypatch.setattr(transport, "_NoAuth", lambda: None)
    (home / ".netrc").write_text(f"machine {STORAGE} login thief password thief\n")
    (home / ".netrc").chmod(0o600)
    internet.hosts[API] = to(f"https://{STORAGE}/there")
    internet.hosts[STORAGE] = DOCUMENT
    fetch(argyle, tmp_path)
    assert "authorization" in internet.at(STORAGE)[0].headers
