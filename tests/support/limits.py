"""Limits that the system sets this process for a while, where it knows any."""

from contextlib import contextmanager

import pytest


@contextmanager
def limited(kind, most):
    """Let the system give no more than this; ``kind`` is ``"FSIZE"``, ``"NOFILE"`` or ``"AS"``.

    A file that may not grow any further is what a full disk is to whoever writes it.
    """
    resource = pytest.importorskip("resource")
    number = getattr(resource, f"RLIMIT_{kind}")
    soft, hard = resource.getrlimit(number)
    resource.setrlimit(number, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(number, (soft, hard))
