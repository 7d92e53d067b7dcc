"""Many files: a manifest in, one row per file out; nothing twice, nothing lost."""

from argyle_nb.batch.audit import audit
from argyle_nb.batch.one import default_journal
from argyle_nb.batch.progress import Progress
from argyle_nb.batch.result import STATES, shown_state
from argyle_nb.batch.upload import upload_batch
from argyle_nb.batch.users import find_or_create_user

__all__ = [
    "STATES",
    "Progress",
    "audit",
    "default_journal",
    "find_or_create_user",
    "shown_state",
    "upload_batch",
]
