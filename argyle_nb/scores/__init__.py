"""Scores -> counts -> statistics.

A score is a whole number from 0 to 100, so the counts of each score, with the counts of uploads
that have none and the reason why, hold everything a statistic of the distribution needs. Only
`count_scores` touches rows; all the rest works on a small table, exactly.
"""

from argyle_nb.scores.counting import count_scores
from argyle_nb.scores.counts import ScoreCounts
from argyle_nb.scores.reasons import (
    REASONS,
    REASONS_BEFORE,
    SCORES,
    checked_scores,
    no_score_reasons,
)
from argyle_nb.scores.statistics import ecdf_margin, wilson

__all__ = [
    "REASONS",
    "REASONS_BEFORE",
    "SCORES",
    "ScoreCounts",
    "checked_scores",
    "count_scores",
    "ecdf_margin",
    "no_score_reasons",
    "wilson",
]
