"""Looking at uploads from all sides: what is in view, its counts, and what cut-offs would do."""

from argyle_nb.exploring.finding import STATUSES, find_uploads
from argyle_nb.exploring.views import Explorer, Look, View

__all__ = ["STATUSES", "Explorer", "Look", "View", "find_uploads"]
