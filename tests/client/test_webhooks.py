"""Is a webhook genuine, and what does it say."""

from __future__ import annotations

import hashlib
import hmac
import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argyle_nb.client.webhooks import verify_webhook
from argyle_nb.errors import AuthenticationError, ConfigurationError, DecodeError

SECRET = "an invented secret"
EVENT = {
    "event": "user_uploads.ocr_completed",
    "name": "mine",
    "data": {
        "account": "01856c65-43b6-8b5d-b32a-56b8fbda5c28",
        "user": "018051aa-f7a9-a0db-2f38-6cfa325e9d69",
        "user_upload": "01320596-2c3d-189c-53e7-a8ce6d625b33",
    },
}
BODY = json.dumps(EVENT).encode()


def signed(body, secret=SECRET, algorithm=hashlib.sha512):
    return hmac.new(secret.encode(), body, algorithm).hexdigest()


def test_a_genuine_webhook_is_decoded():
    assert verify_webhook(BODY, signed(BODY), SECRET) == EVENT


def test_the_signature_is_the_one_that_other_programs_compute():
    """From ``openssl dgst -sha512 -hmac key`` of ``{"event":"e","data":{}}``."""
    body = b'{"event":"e","data":{}}'
    known = (
        "7cbd4ad5a2901dc1d3f6f6d65ceb42fd3d619675114649ff354b81736b9a82a8"
        "6831267043f0e4b9b51cce17e444b8efe79a55e93ff46b32cb610f305bd85ae7"
    )
    assert verify_webhook(body, known, "key") == {"event": "e", "data": {}}


@pytest.mark.parametrize("dress", [str.upper, lambda text: f" {text}\n"])
def test_case_and_blanks_around_the_signature_do_not_matter(dress):
    assert verify_webhook(BODY, dress(signed(BODY)), SECRET) == EVENT


@pytest.mark.parametrize(
    "signature",
    [
        signed(BODY, "another secret"),
        signed(BODY + b" "),
        signed(BODY, algorithm=hashlib.sha256),
        signed(BODY)[:-1],
        "sha512=" + signed(BODY),
        "é" * 128,
        "\ud800",
    ],
)
def test_a_signature_that_does_not_fit_is_refused(signature):
    with pytest.raises(AuthenticationError, match="doesn't match"):
        verify_webhook(BODY, signature, SECRET)


@pytest.mark.parametrize("signature", [None, ""])
def test_a_webhook_without_a_signature_is_refused(signature):
    with pytest.raises(AuthenticationError, match="X-Argyle-Signature is missing"):
        verify_webhook(BODY, signature, SECRET)


def test_an_empty_secret_is_refused_even_where_the_signature_fits():
    with pytest.raises(ConfigurationError, match="empty"):
        verify_webhook(BODY, signed(BODY, ""), "")


def test_no_error_tells_the_secret_or_the_right_signature():
    with pytest.raises(AuthenticationError) as caught:
        verify_webhook(BODY, "0" * 128, SECRET)
    told = f"{caught.value} {vars(caught.value)}"
    assert SECRET not in told
    assert signed(BODY) not in told


def test_the_comparison_in_constant_time_alone_decides(monkeypatch):
    monkeypatch.setattr(hmac, "compare_digest", lambda _, given: given == b"any")
    assert verify_webhook(BODY, "any", SECRET) == EVENT
    with pytest.raises(AuthenticationError):
        verify_webhook(BODY, signed(BODY), SECRET)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b"", r"\$: not JSON"),
        (b"\xff", r"\$: not JSON"),
        (b"[" * 100_000, r"\$: not JSON"),
        (b"[]", r"\$: expected an object"),
        (b'{"data":{}}', r"\$\.event: expected str, found NoneType"),
        (b'{"event":"e","data":[]}', r"\$\.data: expected dict, found list"),
    ],
)
def test_a_signed_body_that_is_no_webhook_is_named(body, path):
    with pytest.raises(DecodeError, match=path):
        verify_webhook(body, signed(body), SECRET)


@given(body=st.binary(max_size=200), signature=st.text(st.characters(), max_size=140))
def test_whatever_comes_without_the_secret_is_refused(body, signature):
    with pytest.raises(AuthenticationError):
        verify_webhook(body, signature, SECRET)


@given(body=st.binary(max_size=200))
def test_whatever_is_signed_is_decoded_or_refused_by_the_tree(body):
    with suppress(DecodeError):
        assert isinstance(verify_webhook(body, signed(body), SECRET)["event"], str)


@given(position=st.integers(0, len(BODY) - 1), bit=st.integers(0, 7))
def test_one_changed_bit_is_noticed(position, bit):
    changed = bytearray(BODY)
    changed[position] ^= 1 << bit
    with pytest.raises(AuthenticationError):
        verify_webhook(bytes(changed), signed(BODY), SECRET)
