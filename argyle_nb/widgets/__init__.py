"""The notebook's user interface: what a script could do as well, made visible."""

from argyle_nb.widgets.upload import UploadPanel

__all__ = ["UploadPanel"]
