"""Users by their external id: looked up, and created once if nobody has it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from argyle_nb.errors import ArgyleError, RateLimitError
from argyle_nb.models import is_uuid

if TYPE_CHECKING:
    from argyle_nb.client.client import Client
    from argyle_nb.uploads.journal import Journal


def find_or_create_user(client: Client, journal: Journal, external_id: str) -> str:
    """Give the id of the user with an external id; a user is created if nobody has it.

    Parameters
    ----------
    client
        Whose users.
    journal
        Keeps two runs that use it from creating the same user at once.
    external_id
        Exactly; where several users share it, the oldest counts.

    Returns
    -------
    str
        The user's id.

    Raises
    ------
    ApiError, TransportError
        When the service cannot be asked.

    Examples
    --------
    >>> from argyle_nb.uploads.journal import Journal
    >>> journal = Journal(folder / "journal.sqlite")
    >>> one = find_or_create_user(client, journal, "loan-78")
    >>> one == find_or_create_user(client, journal, "loan-78")
    True
    """
    with journal.exclusive(external_id):
        found = [
            (str(user.created_at or ""), user.id)
            for user in client.list_users(external_id=external_id)
        ]
        return min(found)[1] if found else client.create_user(external_id=external_id).id


class Users:
    """Remembers who was found; threads that need the same user ask once.

    Parameters
    ----------
    client, journal
        As for `find_or_create_user`.
    """

    def __init__(self, client: Client, journal: Journal) -> None:
        self._client, self._journal = client, journal
        self._lock = threading.Lock()
        self._asking: dict[str, threading.Lock] = {}
        self._found: dict[str, str] = {}
        self._failed: dict[str, ArgyleError] = {}

    def id_of(self, user: str) -> str:
        """Give the id for what a manifest names: an id, or an external id.

        Raises
        ------
        ApiError, TransportError
            When the service cannot be asked; it is not asked for this user again, except after
            429.
        """
        if is_uuid(user):
            return user.lower()
        with self._lock:
            asking = self._asking.setdefault(user, threading.Lock())
        with asking:
            if user in self._failed:
                raise self._failed[user]
            try:
                if user not in self._found:
                    self._found[user] = find_or_create_user(self._client, self._journal, user)
            except RateLimitError:
                raise
            except ArgyleError as error:
                self._failed[user] = error
                raise
            return self._found[user]
