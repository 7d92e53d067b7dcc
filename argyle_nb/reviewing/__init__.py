"""Judging documents one by one: what to show, what was said, and who comes next."""

from argyle_nb.reviewing.cases import Case, open_case
from argyle_nb.reviewing.desk import Progress, ReviewDesk

__all__ = ["Case", "Progress", "ReviewDesk", "open_case"]
