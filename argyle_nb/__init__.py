"""A Jupyter toolkit for the Argyle User Uploads API: upload, retrieve, flatten, analyse, report.

The public names are loaded when first used, so that importing this package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from argyle_nb import charts
    from argyle_nb.archive import Archive
    from argyle_nb.batch import upload_batch
    from argyle_nb.client import Client
    from argyle_nb.config import login
    from argyle_nb.connection import connect
    from argyle_nb.documents import inspect_document
    from argyle_nb.errors import (
        AmbiguousUploadError,
        ApiError,
        ArgyleError,
        AuthenticationError,
        ConfigurationError,
        DecodeError,
        DocumentError,
        NotFoundError,
        RateLimitError,
        ServerError,
        TransportError,
        ValidationError,
    )
    from argyle_nb.frames import flatten, signals_frame, uploads_frame
    from argyle_nb.models import DOCUMENT_TYPES, UserUpload
    from argyle_nb.ocr import ocr_frame
    from argyle_nb.report import export_report
    from argyle_nb.scores import ScoreCounts, count_scores
    from argyle_nb.webhooks import verify_webhook
    from argyle_nb.widgets import UploadPanel

__all__ = [
    "DOCUMENT_TYPES",
    "AmbiguousUploadError",
    "ApiError",
    "Archive",
    "ArgyleError",
    "AuthenticationError",
    "Client",
    "ConfigurationError",
    "DecodeError",
    "DocumentError",
    "NotFoundError",
    "RateLimitError",
    "ScoreCounts",
    "ServerError",
    "TransportError",
    "UploadPanel",
    "UserUpload",
    "ValidationError",
    "charts",
    "connect",
    "count_scores",
    "export_report",
    "flatten",
    "inspect_document",
    "login",
    "ocr_frame",
    "signals_frame",
    "upload_batch",
    "uploads_frame",
    "verify_webhook",
]

_ROOMS = {
    "DOCUMENT_TYPES": "models",
    "Archive": "archive",
    "Client": "client",
    "ScoreCounts": "scores",
    "UploadPanel": "widgets",
    "UserUpload": "models",
    "connect": "connection",
    "count_scores": "scores",
    "export_report": "report",
    "flatten": "frames",
    "inspect_document": "documents",
    "login": "config",
    "ocr_frame": "ocr",
    "signals_frame": "frames",
    "upload_batch": "batch",
    "uploads_frame": "frames",
    "verify_webhook": "webhooks",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'argyle_nb' has no attribute {name!r}")
    if name == "charts":
        return import_module("argyle_nb.charts")
    return getattr(import_module(f"argyle_nb.{_ROOMS.get(name, 'errors')}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
