"""Many documents, each uploaded once."""

from argyle_nb.uploads.batch import upload_batch
from argyle_nb.uploads.queue import UploadQueue
from argyle_nb.uploads.reconcile import audit

__all__ = [
    "UploadQueue",
    "audit",
    "upload_batch",
]
