"""What was sent, written down before it is sent; shared by notebooks and processes."""

from argyle_nb.journal.journal import UNDECIDED, Entry, Journal, Key
from argyle_nb.journal.schema import SCHEMA_VERSION

__all__ = ["SCHEMA_VERSION", "UNDECIDED", "Entry", "Journal", "Key"]
