"""Faults on purpose, seen from the other end of a real socket."""

from __future__ import annotations

import base64
import socket
import threading
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
import requests

from argyle_nb.errors import ConfigurationError
from argyle_nb.sandbox import Faults, Sandbox
from argyle_nb.sandbox.faults import RATES, RandomDraws
from argyle_nb.sandbox.inspection import Inspection
from argyle_nb.sandbox.processing import ProcessingState, failing, next_state
from argyle_nb.sandbox.validation import PageQuery
from tests.support.servers import until

PDF = b"%PDF-1.7\n% an invented paystub\n"


class Faulty:
    """A sandbox with faults, a user made behind its back, and a plain client."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.store = sandbox._running.store
        self.user = self.store.create_user({})
        self.key = (sandbox.api_key_id, sandbox.api_key_secret)

    def __call__(self, method, path, **options):
        return requests.request(
            method, self.sandbox.url + path, auth=self.key, timeout=60, **options
        )

    def upload(self):
        data = {"user": self.user, "document_type": "paystubs"}
        return self("POST", "/v2/user-uploads", data=data, files={"upload": ("stub.pdf", PDF)})

    def kept(self):
        return self.store.page("user-uploads", PageQuery(limit=200)).rows

    def raw_get(self, path="/v2/users"):
        """Send one whole request and return all that comes back."""
        address = urlsplit(self.sandbox.url)
        token = base64.b64encode(":".join(self.key).encode()).decode()
        head = f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Basic {token}\r\n"
        with socket.create_connection((address.hostname, address.port), timeout=60) as connection:
            connection.sendall(head.encode() + b"\r\n")
            return b"".join(iter(lambda: connection.recv(65536), b""))


@contextmanager
def faulty(folder, ocr="off", **knobs):
    sandbox = Sandbox(folder, stage_seconds=0, ocr=ocr, faults=Faults(**knobs))
    sandbox._inspect = lambda _path, _type: Inspection("paystubs", None, {}, {}, 90)
    with sandbox:
        yield Faulty(sandbox)


# Nothing unless asked for


def test_nothing_fails_by_default(tmp_path):
    with Sandbox(tmp_path) as sandbox:
        api = Faulty(sandbox)
        assert [api.upload().status_code for _ in range(20)] == [200] * 20
        assert sandbox._faults is None


def test_faults_of_rate_zero_change_nothing(tmp_path):
    with faulty(tmp_path, status_rates={503: 0.0}) as api:
        assert [api.upload().status_code for _ in range(20)] == [200] * 20
        assert len(api.kept()) == 20


def test_no_header_and_no_parameter_switches_a_fault_on(tmp_path):
    headers = {f"X-{name.replace('_', '-')}": "1" for name in (*RATES, "fault", "faults")}
    params = {"fault": "reset_before=1", "faults": "503"}
    with Sandbox(tmp_path) as sandbox:
        answer = Faulty(sandbox)("GET", "/v2/users", headers=headers, params=params)
    assert answer.status_code == 200


# One by one


def test_a_reset_before_leaves_nothing_behind(tmp_path):
    with faulty(tmp_path, reset_before=1) as api:
        with pytest.raises(requests.ConnectionError):
            api.upload()
        with pytest.raises(ConnectionResetError):
            api.raw_get()
        assert api.kept() == []


def test_a_reset_after_leaves_the_document_behind(tmp_path):
    with faulty(tmp_path, reset_after=1) as api:
        with pytest.raises(requests.ConnectionError):
            api.upload()
        with pytest.raises(ConnectionResetError):
            api.raw_get()
        (row,) = api.kept()
        assert api.store.document(row["document"]).read_bytes() == PDF


def test_truncated_json_says_its_whole_length_and_stops_in_the_middle(tmp_path):
    with faulty(tmp_path, truncated_json=1) as api:
        with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
            api.upload()
        assert len(api.kept()) == 1
        head, _, body = api.raw_get().partition(b"\r\n\r\n")
    told = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    assert head.startswith(b"HTTP/1.1 200")
    assert 0 < len(body) == told // 2
    assert body.startswith(b'{"next":')


def test_only_json_of_status_200_is_truncated(tmp_path):
    with faulty(tmp_path, truncated_json=1) as api:
        user = api.store.create_user({})
        assert api("GET", "/v2/users/unknown").json() == {"detail": "Not found."}
        assert api("DELETE", f"/v2/users/{user}").status_code == 204


def test_a_gateway_page_hides_an_upload_that_succeeded(tmp_path):
    with faulty(tmp_path, html_error=1) as api:
        answer = api.upload()
        assert len(api.kept()) == 1
    assert answer.status_code == 502
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.text.startswith("<html>")


@pytest.mark.parametrize("status", [400, 418, 429, 500, 503, 599])
def test_a_status_is_answered_instead_of_the_upload(tmp_path, status):
    with faulty(tmp_path, status_rates={status: 1}) as api:
        answer = api.upload()
        assert api.kept() == []
    assert answer.status_code == status
    assert "detail" in answer.json()
    assert answer.headers.get("retry-after") == ("1" if status == 429 else None)


def test_latency_delays_every_request_and_they_wait_side_by_side(tmp_path):
    with faulty(tmp_path, latency_seconds=0.4) as api:
        began = time.monotonic()
        threads = [threading.Thread(target=api, args=("GET", "/v2/users")) for _ in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        one_after_another = 40 * 0.4
        assert 0.4 <= time.monotonic() - began < one_after_another / 2


def test_a_slow_body_trickles_and_is_whole(tmp_path):
    with faulty(tmp_path, slow_body_seconds=1.5) as api:
        began = time.monotonic()
        with requests.get(
            api.sandbox.url + "/v2/users", auth=api.key, stream=True, timeout=60
        ) as answer:
            moments = [time.monotonic() for _ in answer.iter_content(1)]
        assert len(moments) == int(answer.headers["content-length"])
    assert moments[-1] - began >= 1.4
    assert moments[-1] - moments[0] > 0.2  # the first byte did not wait for the last


def test_a_slow_document_is_byte_for_byte_the_document(tmp_path):
    with faulty(tmp_path, slow_body_seconds=0.2) as api:
        upload = api.upload().json()
        assert requests.get(upload["file_url"], auth=api.key, timeout=60).content == PDF


def test_other_connections_go_on_after_a_reset(tmp_path):
    with faulty(tmp_path, reset_after=0.5, seed=3) as api:
        ends = [_ends_well(api) for _ in range(30)]
        assert len(api.kept()) == 30
    assert 5 < ends.count(True) < 25


def _ends_well(api):
    try:
        return api.upload().status_code == 200
    except requests.ConnectionError:
        return False


# Rates and seeds


def statuses(folder, seed):
    with faulty(folder, status_rates={503: 0.3, 429: 0.3}, seed=seed) as api:
        return [api("GET", "/v2/users").status_code for _ in range(60)]


def test_the_same_seed_fails_the_same_requests_and_another_seed_others(tmp_path):
    first = statuses(tmp_path / "a", 7)
    assert first == statuses(tmp_path / "b", 7)
    assert first != statuses(tmp_path / "c", 8)
    assert set(first) == {200, 429, 503}


def test_one_rate_does_not_shift_the_draws_of_another():
    alone = Faults(seed=5, reset_after=0.5).draws("reset_after")
    beside = Faults(seed=5, reset_after=0.5, html_error=0.9).draws("reset_after")
    assert [alone.draw() for _ in range(50)] == [beside.draw() for _ in range(50)]


@pytest.mark.parametrize(("rate", "least", "most"), [(0, 0, 0), (0.25, 400, 600), (1, 2000, 2000)])
def test_a_rate_is_kept_however_many_threads_draw(rate, least, most):
    dice = RandomDraws(rate, "a seed")
    drawn = []
    threads = [
        threading.Thread(target=lambda: drawn.extend(dice.draw() for _ in range(500)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(drawn) == 2000
    assert least <= sum(drawn) <= most


@pytest.mark.parametrize(
    "knobs",
    [
        *({name: value} for name in RATES for value in (-0.1, 1.1, float("nan"), "often")),
        {"latency_seconds": -1},
        {"slow_body_seconds": float("inf")},
        {"status_rates": {503: 2}},
        {"status_rates": {200: 0.1}},
        {"status_rates": {600: 0.1}},
    ],
)
def test_a_value_out_of_range_is_refused_with_the_cure(knobs):
    with pytest.raises(ConfigurationError, match=r"Use (0 or more|a probability|statuses)"):
        Faults(**knobs)


# Processing


def test_every_upload_stops_where_its_stage_failed(tmp_path):
    with faulty(tmp_path, ocr="full", processing_failures=0.4, seed=1) as api:
        for _ in range(30):
            api.upload()
        until(lambda: all(_failed_or_done(row) for row in api.kept()))
        ends = {(row["classification"], row["ocr"], row["authenticity"]) for row in api.kept()}
    assert ends == {
        ("failed", "idle", "idle"),
        ("completed", "failed", "idle"),
        ("completed", "completed", "failed"),
        ("completed", "completed", "completed"),
    }


def _failed_or_done(row):
    stages = (row["classification"], row["ocr"], row["authenticity"])
    return "failed" in stages or stages[2] == "completed"


def test_a_stage_that_has_not_begun_does_not_fail():
    idle = ProcessingState("paystubs", "idle", "idle", "idle")
    begun = failing(next_state, lambda: True)("an upload", idle, {})
    assert begun.classification == "in_progress"
