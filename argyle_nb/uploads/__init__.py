"""Many documents, each uploaded once."""

from argyle_nb.uploads.audit import audit
from argyle_nb.uploads.batch import upload_batch
from argyle_nb.uploads.queue import UploadQueue

__all__ = [
    "UploadQueue",
    "audit",
    "upload_batch",
]
