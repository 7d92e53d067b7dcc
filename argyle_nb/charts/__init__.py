"""Charts of scores: counts or uploads in, a matplotlib `Axes` out; nothing global is changed."""

from argyle_nb.charts.borrowers import income, links
from argyle_nb.charts.periods import compare, drift, levels
from argyle_nb.charts.scores import coverage, ecdf, histogram, ridgeline, threshold
from argyle_nb.charts.signals import score_by_signal_count, signal_pareto
from argyle_nb.charts.style import alt_text
from argyle_nb.charts.verdicts import catch_rate, cost, gains, precision_recall, roc

__all__ = [
    "alt_text",
    "catch_rate",
    "compare",
    "cost",
    "coverage",
    "drift",
    "ecdf",
    "gains",
    "histogram",
    "income",
    "levels",
    "links",
    "precision_recall",
    "ridgeline",
    "roc",
    "score_by_signal_count",
    "signal_pareto",
    "threshold",
]
