"""A Jupyter toolkit for the Argyle User Uploads API: upload, retrieve, flatten, analyze, report.

The public names are loaded when first used, so that importing this package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    __version__: str

    from argyle_nb import charts, review
    from argyle_nb.archive import Archive, fetch
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
    from argyle_nb.monthly_income import income
    from argyle_nb.report import Report, compare_reports, export_report, read_report
    from argyle_nb.review import ReviewLog
    from argyle_nb.review.alarms import check
    from argyle_nb.review.outcomes import OutcomeCounts, count_outcomes
    from argyle_nb.review.policy import Policy, Thresholds
    from argyle_nb.review.verdicts import Costs, VerdictCounts, count_verdicts
    from argyle_nb.scores import ScoreCounts, count_scores
    from argyle_nb.scores.filters import find_uploads
    from argyle_nb.scores.signals import explain, score_by_signal_count, signal_pairs, signal_pareto
    from argyle_nb.shared_values import Links, links
    from argyle_nb.uploads import audit, upload_batch
    from argyle_nb.uploads.folders import manifest
    from argyle_nb.widgets.explore import ScoreExplorer
    from argyle_nb.widgets.review import ReviewQueue
    from argyle_nb.widgets.upload import UploadPanel

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
    "DecodeError",
    "DocumentError",
    "Links",
    "NotFoundError",
    "OutcomeCounts",
    "Policy",
    "RateLimitError",
    "Report",
    "ReviewLog",
    "ReviewQueue",
    "ScoreCounts",
    "ScoreExplorer",
    "ServerError",
    "Thresholds",
    "TransportError",
    "UploadPanel",
    "UserUpload",
    "ValidationError",
    "VerdictCounts",
    "audit",
    "charts",
    "check",
    "compare_reports",
    "connect",
    "consistency",
    "count_outcomes",
    "count_scores",
    "count_verdicts",
    "explain",
    "export_report",
    "fetch",
    "find_uploads",
    "flatten",
    "income",
    "inspect_document",
    "links",
    "login",
    "manifest",
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

_NAMES = {
    "archive": ("Archive", "fetch"),
    "charts": ("charts",),
    "client.client": ("Client",),
    "client.webhooks": ("verify_webhook",),
    "config": ("login",),
    "connection": ("connect",),
    "cross_checks": ("consistency",),
    "documents": ("inspect_document",),
    "errors": (
        "AmbiguousUploadError",
        "ApiError",
        "ArgyleError",
        "AuthenticationError",
        "ConfigurationError",
        "DecodeError",
        "DocumentError",
        "NotFoundError",
        "RateLimitError",
        "ServerError",
        "TransportError",
        "ValidationError",
    ),
    "frames": ("flatten", "ocr_frame", "signals_frame", "uploads_frame"),
    "models": ("DOCUMENT_TYPES", "UserUpload"),
    "monthly_income": ("income",),
    "report": ("Report", "compare_reports", "export_report", "read_report"),
    "review": ("ReviewLog", "review"),
    "review.alarms": ("check",),
    "review.outcomes": ("OutcomeCounts", "count_outcomes"),
    "review.policy": ("Thresholds", "Policy"),
    "review.verdicts": ("Costs", "VerdictCounts", "count_verdicts"),
    "scores": ("ScoreCounts", "count_scores"),
    "scores.filters": ("find_uploads",),
    "scores.signals": ("explain", "score_by_signal_count", "signal_pairs", "signal_pareto"),
    "shared_values": ("Links", "links"),
    "uploads": ("audit", "upload_batch"),
    "uploads.folders": ("manifest",),
    "widgets.explore": ("ScoreExplorer",),
    "widgets.review": ("ReviewQueue",),
    "widgets.upload": ("UploadPanel",),
}
_MODULES = {name: module for module, names in _NAMES.items() for name in names}

# A type checker that saw `__getattr__` would take any name for one of ours.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name == "__version__":
            from importlib.metadata import version  # noqa: PLC0415 - few ask

            return version("argyle-nb")
        if name not in _MODULES:
            raise AttributeError(f"module 'argyle_nb' has no attribute {name!r}")
        module = import_module(f"argyle_nb.{_MODULES[name]}")
        return module if name == _MODULES[name] else getattr(module, name)


def __dir__() -> list[str]:
    return sorted(__all__)
