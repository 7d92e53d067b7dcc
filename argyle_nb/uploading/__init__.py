"""Documents on their way from a notebook to their scores, without a widget."""

from argyle_nb.uploading.files import QueuedFile, files_of
from argyle_nb.uploading.finding import Found, UserFinder
from argyle_nb.uploading.guessing import guess_type
from argyle_nb.uploading.queue import UploadQueue

__all__ = [
    "Found",
    "QueuedFile",
    "UploadQueue",
    "UserFinder",
    "files_of",
    "guess_type",
]
