"""``/v2/webhooks`` of the local server, and the targets it takes."""

from __future__ import annotations

import pytest
import requests
from hypothesis import example, given
from hypothesis import strategies as st

from argyle_nb.sandbox import Sandbox
from argyle_nb.sandbox.deliveries import loopback_target
from tests.support.webhook_client import ADDED, REMOVED, SECRET, Api


@pytest.fixture(scope="module")
def register(tmp_path_factory):
    """A sandbox whose webhooks are told nothing, because nothing happens."""
    with Sandbox(tmp_path_factory.mktemp("register")) as sandbox:
        api = Api(sandbox)
        with api.session:
            yield api


def test_a_webhook_is_answered_with_the_published_fields_and_without_its_secret(register):
    config = {"include_resource": True}
    url = "http://127.0.0.1:9/hook"
    webhook = register.subscribe(url, [ADDED, REMOVED, ADDED], secret=SECRET, config=config)
    assert webhook == {
        "id": webhook["id"],
        "created_at": webhook["created_at"],
        "updated_at": webhook["created_at"],
        "events": [ADDED, REMOVED],
        "name": "mine",
        "secret": None,
        "url": url,
        "config": config,
    }
    assert register("GET", f"/v2/webhooks/{webhook['id']}").json() == webhook


@pytest.mark.parametrize("every", ["*", ["*"]])
def test_all_events_may_be_asked_for_at_once(register, every):
    webhook = register.subscribe("http://localhost:9", every)
    assert (webhook["events"], webhook["config"]) == (["*"], None)


def test_webhooks_are_listed_newest_first_in_pages(register):
    ids = [register.subscribe("http://127.0.0.1:9")["id"] for _ in range(3)]
    first = register("GET", "/v2/webhooks?limit=2").json()
    second = requests.get(first["next"], auth=register.session.auth, timeout=60).json()
    listed = [webhook["id"] for webhook in first["results"] + second["results"]]
    assert listed[:3] == ids[::-1]


def test_a_deleted_webhook_is_gone(register):
    path = f"/v2/webhooks/{register.subscribe('http://127.0.0.1:9')['id']}"
    assert (register("DELETE", path).status_code, register("DELETE", path).status_code) == (
        204,
        404,
    )
    assert register("GET", path).status_code == 404


def test_what_is_required_is_asked_for(register):
    answer = register("POST", "/v2/webhooks", json={"secret": None})
    assert answer.status_code == 400
    assert set(answer.json()) == {"events", "name", "url"}
    assert {message for (message,) in answer.json().values()} == {"This field is required."}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("events", []),
        ("events", "user_uploads.added"),
        ("events", ["accounts.connected"]),
        ("events", [ADDED, {"event": ADDED}]),
        ("name", ""),
        ("name", 7),
        ("name", "\ud800"),
        ("name", "x" * 256),
        ("url", 7),
        ("url", "http://127.0.0.1/" + "x" * 2048),
        ("secret", ""),
        ("secret", ["a"]),
        ("config", "yes"),
        ("config", {"include_resource": "yes"}),
        ("config", {"days_synced": 3}),
    ],
)
def test_a_wrong_field_is_refused_by_name(register, field, value):
    body = {"events": "*", "name": "mine", "url": "http://127.0.0.1:9", field: value}
    answer = register("POST", "/v2/webhooks", json=body)
    assert answer.status_code == 400
    assert list(answer.json()) == [field]


def test_a_body_that_is_no_object_is_refused(register):
    assert register("POST", "/v2/webhooks", json=[]).status_code == 400


@pytest.mark.parametrize(
    "url",
    [
        "http://argyle.com/hook",
        "https://127.0.0.1/hook",
        "ftp://127.0.0.1/",
        "//127.0.0.1/",
        "127.0.0.1:80",
        "http://127.0.0.1.example.com/",
        "http://127.0.0.1@example.com/",
        "http://user:key@127.0.0.1/",
        "http://example.com#@127.0.0.1/",
        "http://example.com\\@127.0.0.1/",
        "http://localhost.example.com/",
        "http://localhostx/",
        "http://0.0.0.0/",
        "http://127.1/",
        "http://127.0.0.2/",
        "http://2130706433/",
        "http://0x7f.0.0.1/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::1%25eth0]/",
        "http://[::1/",
        "http://169.254.169.254/",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:0/",
        "http://127.0.0.1/a b",
        "http://127.0.0.1/\r\nX-Injected: 1",
        "http://127.0.0.1/é",
        "http://\uff11\uff12\uff17.0.0.1/",
        "http:///hook",
        "",
    ],
)
def test_only_targets_on_this_machine_are_taken(register, url):
    answer = register("POST", "/v2/webhooks", json={"events": "*", "name": "mine", "url": url})
    assert answer.status_code == 400
    assert list(answer.json()) == ["url"]


@pytest.mark.parametrize(
    ("url", "address", "port", "path"),
    [
        ("http://127.0.0.1", "127.0.0.1", 80, "/"),
        ("http://localhost:8000/a?b=c#d", "127.0.0.1", 8000, "/a?b=c"),
        ("HTTP://LOCALHOST/", "127.0.0.1", 80, "/"),
        ("http://[::1]:5/a", "::1", 5, "/a"),
    ],
)
def test_targets_on_this_machine_are_reached_by_number(url, address, port, path):
    target = loopback_target(url)
    assert (target.address, target.port, target.path) == (address, port, path)


@given(st.one_of(st.text(), st.from_regex(r"http://[\[\]a-z0-9.:@%\\/?#]{0,30}")))
@example("http://127.0.0.1\\@example.com")
def test_no_text_whatever_leads_off_this_machine(url):
    try:
        target = loopback_target(url)
    except ValueError:
        return
    assert target.address in ("127.0.0.1", "::1")
    assert target.path.startswith("/")
