"""A Jupyter toolkit for the Argyle User Uploads API: upload, retrieve, flatten, analyse, report.

The public names are loaded when first used, so that importing this package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from argyle_nb import charts, review
    from argyle_nb.archive import Archive
    from argyle_nb.client.client import Client
    from argyle_nb.client.webhooks import verify_webhook
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
    from argyle_nb.frames.ocr import ocr_frame
    from argyle_nb.frames.uploads import flatten, signals_frame, uploads_frame
    from argyle_nb.models import DOCUMENT_TYPES, UserUpload
    from argyle_nb.report import Report, compare_reports, export_report, read_report
    from argyle_nb.review import ReviewLog
    from argyle_nb.review.policy import CutOffs, Policy
    from argyle_nb.review.verdicts import Costs, VerdictCounts, count_verdicts
    from argyle_nb.scores import ScoreCounts, count_scores
    from argyle_nb.scores.filters import find_uploads
    from argyle_nb.scores.signals import explain, score_by_signal_count, signal_pairs, signal_pareto
    from argyle_nb.uploads import audit, upload_batch
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

_MODULES = {
    "Archive": "archive",
    "Client": "client",
    "Costs": "review.verdicts",
    "CutOffs": "review.policy",
    "DOCUMENT_TYPES": "models",
    "Policy": "review.policy",
    "Report": "report",
    "ReviewLog": "review",
    "ReviewQueue": "widgets",
    "ScoreCounts": "scores",
    "ScoreExplorer": "widgets",
    "UploadPanel": "widgets",
    "UserUpload": "models",
    "VerdictCounts": "review.verdicts",
    "audit": "uploads",
    "compare_reports": "report",
    "connect": "connection",
    "consistency": "cross_checks",
    "count_scores": "scores",
    "count_verdicts": "review.verdicts",
    "explain": "scores.signals",
    "export_report": "report",
    "find_uploads": "scores.filters",
    "flatten": "frames",
    "inspect_document": "documents",
    "login": "config",
    "ocr_frame": "frames",
    "read_report": "report",
    "score_by_signal_count": "scores.signals",
    "signal_pairs": "scores.signals",
    "signal_pareto": "scores.signals",
    "signals_frame": "frames",
    "upload_batch": "uploads",
    "uploads_frame": "frames",
    "verify_webhook": "client.webhooks",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'argyle_nb' has no attribute {name!r}")
    if name in ("charts", "review"):
        return import_module(f"argyle_nb.{name}")
    return getattr(import_module(f"argyle_nb.{_MODULES.get(name, 'errors')}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
