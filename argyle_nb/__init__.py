"""A Jupyter toolkit for the Argyle User Uploads API: upload, retrieve, flatten, analyse, report.

The public names are loaded when first used, so that importing this package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from argyle_nb import charts, review
    from argyle_nb.archive import Archive
    from argyle_nb.batch import audit, upload_batch
    from argyle_nb.client import Client
    from argyle_nb.config import login
    from argyle_nb.connection import connect
    from argyle_nb.cross_checks import consistency
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
    from argyle_nb.exploring import find_uploads
    from argyle_nb.frames import flatten, signals_frame, uploads_frame
    from argyle_nb.models import DOCUMENT_TYPES, UserUpload
    from argyle_nb.ocr import ocr_frame
    from argyle_nb.policy import CutOffs, Policy
    from argyle_nb.report import Report, compare_reports, export_report, read_report
    from argyle_nb.review import ReviewLog
    from argyle_nb.scores import ScoreCounts, count_scores
    from argyle_nb.signals import explain, score_by_signal_count, signal_pairs, signal_pareto
    from argyle_nb.verdicts import Costs, VerdictCounts, count_verdicts
    from argyle_nb.webhooks import verify_webhook
    from argyle_nb.widgets import ReviewQueue, ScoreExplorer, UploadPanel

__all__ = [
    "DOCUMENT_TYPES",
    "AmbiguousUploadError",
    "ApiError",
    "Archive",
    "ArgyleError",
    "AuthenticationError",
    "Client",
    "ConfigurationError",
    "Costs",
    "CutOffs",
    "DecodeError",
    "DocumentError",
    "NotFoundError",
    "Policy",
    "RateLimitError",
    "Report",
    "ReviewLog",
    "ReviewQueue",
    "ScoreCounts",
    "ScoreExplorer",
    "ServerError",
    "TransportError",
    "UploadPanel",
    "UserUpload",
    "ValidationError",
    "VerdictCounts",
    "audit",
    "charts",
    "compare_reports",
    "connect",
    "consistency",
    "count_scores",
    "count_verdicts",
    "explain",
    "export_report",
    "find_uploads",
    "flatten",
    "inspect_document",
    "login",
    "ocr_frame",
    "read_report",
    "review",
    "score_by_signal_count",
    "signal_pairs",
    "signal_pareto",
    "signals_frame",
    "upload_batch",
    "uploads_frame",
    "verify_webhook",
]

_ROOMS = {
    "DOCUMENT_TYPES": "models",
    "Archive": "archive",
    "Client": "client",
    "Costs": "verdicts",
    "CutOffs": "policy",
    "Policy": "policy",
    "Report": "report",
    "ReviewLog": "review",
    "ReviewQueue": "widgets",
    "ScoreCounts": "scores",
    "ScoreExplorer": "widgets",
    "UploadPanel": "widgets",
    "UserUpload": "models",
    "VerdictCounts": "verdicts",
    "audit": "batch",
    "compare_reports": "report",
    "connect": "connection",
    "consistency": "cross_checks",
    "count_scores": "scores",
    "count_verdicts": "verdicts",
    "explain": "signals",
    "export_report": "report",
    "find_uploads": "exploring",
    "flatten": "frames",
    "inspect_document": "documents",
    "login": "config",
    "ocr_frame": "ocr",
    "read_report": "report",
    "score_by_signal_count": "signals",
    "signal_pairs": "signals",
    "signal_pareto": "signals",
    "signals_frame": "frames",
    "upload_batch": "batch",
    "uploads_frame": "frames",
    "verify_webhook": "webhooks",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'argyle_nb' has no attribute {name!r}")
    if name in ("charts", "review"):
        return import_module(f"argyle_nb.{name}")
    return getattr(import_module(f"argyle_nb.{_ROOMS.get(name, 'errors')}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
