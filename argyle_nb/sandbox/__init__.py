"""The local sandbox: the published API on 127.0.0.1, with its own inspection of documents.

It is for practice and tests, with simulated scores. It is neither Argyle nor Ocrolus, and nothing
leaves this computer.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from argyle_nb.sandbox.faults import Faults
    from argyle_nb.sandbox.server import Sandbox

__all__ = ["Faults", "Sandbox"]

_MODULES = {"Faults": "faults", "Sandbox": "server"}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # The server's libraries load only when it is used.
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
