"""Users by their external id: looked up, and created once if nobody has it."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Literal, NamedTuple

from argyle_nb.errors import ArgyleError, RateLimitError
from argyle_nb.models import is_uuid
from argyle_nb.uploads.queue_threads import BackgroundQueue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from argyle_nb.client.client import Client
    from argyle_nb.models import User
    from argyle_nb.uploads.journal import Journal


def find_or_create_user(client: Client, journal: Journal, external_id: str) -> str:
    """Give the id of the user with an external id; a user is created if nobody has it."""
    with journal.exclusive(external_id):
        found = [
            (str(user.created_at or ""), user.id)
            for user in client.list_users(external_id=external_id)
        ]
        return min(found)[1] if found else client.create_user(external_id=external_id).id


class Users:
    """Remembers who was found; threads that need the same user ask once."""

    def __init__(self, client: Client, journal: Journal) -> None:
        self._client, self._journal = client, journal
        self._lock = threading.Lock()
        self._asking: dict[str, threading.Lock] = {}
        self._found: dict[str, str] = {}
        self._failed: dict[str, ArgyleError] = {}

    def id_of(self, user: str) -> str:
        """Give the id for what a manifest names: an id, or an external id."""
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


# Argyle finds users by external id only; by anything else these are looked through.
USERS_LOOKED_THROUGH = 1000
MOST_FOUND = 8
# Whoever types asks with each letter.
LISTED_AGAIN_SECONDS = 3.0

Says = Literal["one", "shared", "nobody", "several", "not certain", "unknown id", "not asked"]
_WORDS: dict[Says, str] = {
    "one": "a known user",
    "shared": "several users share this external id: the oldest gets it; choose another by id",
    "nobody": "nobody has this external id: a new user gets it",
    "several": "several users have this e-mail address: choose one by id",
    "not certain": (
        f"there are more users than the {USERS_LOOKED_THROUGH:,} that were looked through, and any "
        "of them may have this e-mail address: choose one by id or external id"
    ),
    "unknown id": "no user that was looked through has this id: it is taken as it is",
    "not asked": "users cannot be looked up",
}


@dataclass(frozen=True)
class UserMatch:
    """What was found for a text."""

    text: str = field(repr=False)  # it may be an e-mail address
    users: tuple[User, ...] = ()
    user: User | None = None
    says: Says = "nobody"
    trouble: str = ""

    @property
    def words(self) -> str:
        """What it says, for a person to read."""
        if self.says == "nobody" and "@" in self.text:
            return "no user has this e-mail address"
        return f"{_WORDS[self.says]}: {self.trouble}" if self.trouble else _WORDS[self.says]


class UserFinder:
    """Looks for users. May be used from several threads."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._listed: _Listed | None = None
        self._searches = BackgroundQueue("users")

    def find(self, text: str, *, max_age: float = math.inf) -> UserMatch:
        """Look for a user."""
        wanted = text.strip()
        listed = self._listed
        if listed is None or listed.age > max_age:
            listed = self._list()
        by_external_id: list[User] = []
        if wanted and "@" not in wanted and not is_uuid(wanted):
            by_external_id = list(self._client.list_users(external_id=wanted))
        found = _found(text, listed, by_external_id)
        if wanted and not found.user and listed.age > LISTED_AGAIN_SECONDS:
            found = _found(text, self._list(), by_external_id)
        return found

    def name_of(self, user: User) -> str:
        """Give a text that names this user and no other: the external id where that is certain."""
        name, listed = user.external_id or "", self._listed
        is_plain = name == name.strip() and name.isprintable() and not is_uuid(name)
        if not (name and is_plain and listed and listed.is_all):
            return user.id
        sharing = [one.id for one in listed.users.values() if one.external_id == name]
        return name if sharing == [user.id] else user.id

    def search(self, text: str, tell: Callable[[UserMatch], None]) -> None:
        """Look for a user in the background, one search at a time."""
        self._searches.add_alone(lambda: tell(self._found_or_trouble(text)))

    def _found_or_trouble(self, text: str) -> UserMatch:
        try:
            return self.find(text)
        except Exception as error:  # noqa: BLE001 - whoever waits for an answer gets one
            return UserMatch(text, says="not asked", trouble=str(error))

    def _list(self) -> _Listed:
        # Nothing is locked while the service is asked: the newest list simply takes its place.
        users = self._client.list_users()
        known = {user.id: user for user in islice(users, USERS_LOOKED_THROUGH)}
        self._listed = _Listed(known, next(users, None) is None, time.monotonic())
        return self._listed


class _Listed(NamedTuple):
    """The first users of the list by id, whether these are all, and when they were read."""

    users: dict[str, User]
    is_all: bool
    at: float

    @property
    def age(self) -> float:
        return time.monotonic() - self.at


def _found(text: str, listed: _Listed, by_external_id: list[User]) -> UserMatch:
    wanted = text.strip()
    known = {user.id: user for user in by_external_id} | listed.users
    user: User | None = None
    says: Says
    if "@" in wanted:
        says, user = _by_address(wanted, listed)
    elif is_uuid(wanted):
        user = known.get(wanted.lower())
        says = "one" if user else "unknown id"
    else:
        user = min(by_external_id, key=_age_order, default=None)
        says = ("one" if len(by_external_id) == 1 else "shared") if user else "nobody"
    return UserMatch(text, tuple(_near(wanted.lower(), known.values())), user, says)


def _by_address(wanted: str, listed: _Listed) -> tuple[Says, User | None]:
    """Name the user with an e-mail address, or with an external id that looks like one."""
    lower = wanted.lower()
    same = [
        user
        for user in listed.users.values()
        if user.external_id == wanted or (user.email or "").lower() == lower
    ]
    if len(same) > 1:
        return "several", None
    if not listed.is_all:
        return "not certain", None
    return ("one", same[0]) if same else ("nobody", None)


def _age_order(user: User) -> tuple[str, str]:
    return str(user.created_at or ""), user.id


def _near(lower: str, users: Iterable[User]) -> list[User]:
    """Give the users that have this in one of their names; where one begins so, they come first."""
    texts = [(user, _texts(user)) for user in users]
    near = [(user, names) for user, names in texts if any(lower in name for name in names)]
    near.sort(key=lambda pair: not any(name.startswith(lower) for name in pair[1]))
    return [user for user, _ in near[:MOST_FOUND]]


def _texts(user: User) -> list[str]:
    name = f"{user.first_name or ''} {user.last_name or ''}"
    return [t.lower() for t in (user.external_id, user.email, name.strip(), user.id) if t]
