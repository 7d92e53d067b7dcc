"""What the HTTP library logs at DEBUG, without what a URL may tell of a person.

A query holds external ids, and the address of a stored document its signature. The library writes
both into its log; here they are blotted out, in our own requests only.
"""

from __future__ import annotations

import logging
import re
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

LOGGERS = ("urllib3.connectionpool", "urllib3.util.retry")

_QUERY = re.compile(r"\?[^\s'\"]*")
_PATH = re.compile(r"(?<![\w:/])/[^\s'\"]*")

_hidden: ContextVar[re.Pattern[str] | None] = ContextVar("hidden", default=None)


@contextmanager
def quiet(*, path_too: bool) -> Iterator[None]:
    """Keep queries, and the paths of strangers, out of the log.

    Parameters
    ----------
    path_too
        Whether the path is not ours, and may be a person's name.

    Examples
    --------
    >>> with quiet(path_too=False):
    ...     logging.getLogger("urllib3.connectionpool").debug("GET %s", "/v2/users?external_id=x")
    """
    token = _hidden.set(_PATH if path_too else _QUERY)
    try:
        yield
    finally:
        _hidden.reset(token)


def _blotted(record: logging.LogRecord) -> bool:
    hidden = _hidden.get()
    if hidden and isinstance(record.args, tuple):
        record.args = tuple(_without(argument, hidden) for argument in record.args)
    return True


def _without(argument: Any, hidden: re.Pattern[str]) -> Any:
    return hidden.sub("<hidden>", argument) if isinstance(argument, str) else argument


for _name in LOGGERS:
    logging.getLogger(_name).addFilter(_blotted)
