"""A local Argyle: the published API on 127.0.0.1, with its own inspection of documents.

It is a stand-in for practice and tests. It is neither Argyle nor Ocrolus, and nothing leaves the
machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from argyle_nb.sandbox.server import Sandbox

__all__ = ["Sandbox"]


def __getattr__(name: str) -> Any:
    if name != "Sandbox":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from argyle_nb.sandbox.server import Sandbox  # noqa: PLC0415 - loads the server when used

    return Sandbox
