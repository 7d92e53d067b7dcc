"""The notebook's user interface: what a script could do as well, made visible."""

from argyle_nb.widgets.explore import ScoreExplorer
from argyle_nb.widgets.review import ReviewQueue
from argyle_nb.widgets.upload import UploadPanel

__all__ = ["ReviewQueue", "ScoreExplorer", "UploadPanel"]
