"""The Argyle API over HTTP: one method per call."""

from argyle_nb.client.client import Client

__all__ = [
    "Client",
]
