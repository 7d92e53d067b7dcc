"""Uploads fetched, and kept: raw pages, every version seen, and frames of them anywhere."""

from argyle_nb.archive.archive import Archive
from argyle_nb.archive.fetching import fetch

__all__ = ["Archive", "fetch"]
