"""Webhooks that Argyle sends: is one genuine, and what does it say."""

from __future__ import annotations

import hmac
import json
from typing import Any

from argyle_nb.errors import AuthenticationError, ConfigurationError, DecodeError

SIGNATURE_HEADER = "X-Argyle-Signature"


def verify_webhook(body: bytes, signature: str | None, secret: str) -> dict[str, Any]:
    """Check that a webhook was signed with your secret, and decode it.

    The signature is the hexadecimal HMAC-SHA512 of the raw body; it is compared in constant time.
    A valid webhook that was recorded and is sent again is still valid. An event only says that
    something happened, so read the upload itself, with `Client.get_upload`, before you act on it.

    Parameters
    ----------
    body
        The request's body, byte for byte as it arrived. JSON that was decoded and encoded again
        is not the same bytes.
    signature
        The request's header ``X-Argyle-Signature``; ``None`` when it had none.
    secret
        The ``secret`` that the webhook was created with.

    Returns
    -------
    dict
        ``event`` (``"user_uploads.added"``, ``"user_uploads.ocr_completed"``,
        ``"user_uploads.removed"`` or another of Argyle's), ``name`` (yours for the webhook) and
        ``data`` (for user uploads the ids ``account``, ``user`` and ``user_upload``).

    Raises
    ------
    AuthenticationError
        The signature is missing, or was not made with this secret for this body.
    ConfigurationError
        The secret is empty; with it anybody could sign.
    DecodeError
        The signature is right, but the body is no webhook.

    Notes
    -----
    Source: Argyle API guide, webhooks.

    Examples
    --------
    >>> import hmac
    >>> body = b'{"event": "user_uploads.added", "name": "mine", "data": {"user_upload": "u1"}}'
    >>> signature = hmac.new(b"a long random secret", body, "sha512").hexdigest()
    >>> verify_webhook(body, signature, "a long random secret")["event"]
    'user_uploads.added'
    >>> verify_webhook(body.replace(b"u1", b"u2"), signature, "a long random secret")
    Traceback (most recent call last):
    argyle_nb.errors.AuthenticationError: Invalid webhook signature: X-Argyle-Signature ...
    """
    if not secret:
        raise ConfigurationError(
            "The webhook secret is empty. Create the webhook with a secret and pass the same one "
            "here."
        )
    if not signature:
        raise AuthenticationError(
            f"Unsigned webhook: {SIGNATURE_HEADER} is missing. Reject the request. Argyle signs "
            "webhooks that were created with a secret."
        )
    expected = hmac.new(secret.encode(), body, "sha512").hexdigest()
    received = signature.strip().lower().encode(errors="replace")
    if not hmac.compare_digest(expected.encode(), received):
        raise AuthenticationError(
            f"Invalid webhook signature: {SIGNATURE_HEADER} doesn't match the body and secret. "
            "Reject the request. Check the secret, and pass the raw request body."
        )
    return _decoded(body)


def _decoded(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise DecodeError("webhook", "$", f"not JSON ({type(error).__name__})") from None
    if not isinstance(content, dict):
        raise DecodeError("webhook", "$", f"expected an object, found {type(content).__name__}")
    for name, kind in (("event", str), ("data", dict)):
        if not isinstance(content.get(name), kind):
            other = type(content.get(name)).__name__
            raise DecodeError("webhook", f"$.{name}", f"expected {kind.__name__}, found {other}")
    return content
