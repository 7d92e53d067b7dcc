"""What scores are worth, judged by analysts' verdicts."""

from argyle_nb.verdicts.costs import Costs
from argyle_nb.verdicts.counting import count_verdicts
from argyle_nb.verdicts.counts import VerdictCounts

__all__ = ["Costs", "VerdictCounts", "count_verdicts"]
