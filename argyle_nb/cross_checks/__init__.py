"""Whether the documents of one user agree with each other, and with themselves."""

from argyle_nb.cross_checks.consistency import CHECKS, consistency

__all__ = ["CHECKS", "consistency"]
