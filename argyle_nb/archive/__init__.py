"""What was fetched, kept: raw pages, every version seen, and frames of them on any machine."""

from argyle_nb.archive.archive import Archive

__all__ = ["Archive"]
