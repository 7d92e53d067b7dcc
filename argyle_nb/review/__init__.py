"""Analysts' verdicts on documents: what to review, what was found, and who agrees with whom."""

from argyle_nb.review.log import VERDICTS, ReviewLog, check_verdicts, latest, settled
from argyle_nb.review.reviewers import agreement
from argyle_nb.review.sampling import sample

__all__ = [
    "VERDICTS",
    "ReviewLog",
    "agreement",
    "check_verdicts",
    "latest",
    "sample",
    "settled",
]
