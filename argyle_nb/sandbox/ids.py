"""Identifiers and moments, as the API prints them."""

from __future__ import annotations

import re
import secrets
import time
from datetime import UTC, datetime

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def now_ms() -> int:
    """Milliseconds since 1970, UTC."""
    return time.time_ns() // 1_000_000


def timestamp(moment_ms: int) -> str:
    """Write a moment as the API does, such as ``2024-07-08T13:43:49.864Z``."""
    whole = datetime.fromtimestamp(moment_ms // 1000, UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{moment_ms % 1000:03d}Z"


def new_id(moment_ms: int) -> str:
    """Make an id of 8-4-4-4-12 hexadecimal digits whose first 48 bits are the moment."""
    digits = f"{moment_ms:012x}{secrets.token_hex(10)}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def canonical_id(text: str) -> str | None:
    """Return the id in lower case, or ``None`` when the text is no id at all."""
    lowered = text.lower()
    return lowered if _UUID.fullmatch(lowered) else None
