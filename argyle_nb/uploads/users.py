"""Whose a document is: what a manifest or a person writes, and the user that it names.

`Users` is for batches, which create a user for a new external id; `UserFinder` is for people, who
also write email addresses and parts of names, and creates nobody.
"""

from __future__ import annotations

import math
import threading
import time
import unicodedata
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Literal, NamedTuple

from argyle_nb.client.retry import nothing_was_stored
from argyle_nb.errors import ApiError, ArgyleError, RateLimitError, ValidationError, sentences
from argyle_nb.models import is_uuid
from argyle_nb.uploads.queue_threads import BackgroundQueue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from argyle_nb.client.client import Client
    from argyle_nb.models import User
    from argyle_nb.uploads.jobs import Borrower
    from argyle_nb.uploads.log import UploadLog

# Argyle finds users by external id only; by anything else these are looked through.
USERS_LOOKED_THROUGH = 1000
MOST_FOUND = 8
# macOS writes an accent as a sign of its own in the names of folders.
_FORMS: tuple[Literal["NFC", "NFD"], ...] = ("NFC", "NFD")
# Whoever types asks with each letter.
LISTED_AGAIN_SECONDS = 3.0

MatchKind = Literal["one", "shared", "nobody", "several", "not certain", "unknown id", "not asked"]
_WORDS: dict[MatchKind, str] = {
    "one": "Known user.",
    "shared": "Several users share this external ID. Enter the user ID of one of them.",
    "nobody": "New external ID. A user will be created.",
    "several": "Several users have this email address. Enter the user ID of one of them.",
    "not certain": (
        f"Only the first {USERS_LOOKED_THROUGH:,} users were checked, and others may have this "
        "email address. Enter a user ID or external ID instead."
    ),
    "unknown id": "User ID not found among the users checked. It will be sent as entered.",
    "not asked": "User search failed.",
}


def users_called(client: Client, external_id: str) -> list[User]:
    """List the users with an external id, also where its accents are written apart."""
    spellings = dict.fromkeys(unicodedata.normalize(form, external_id) for form in _FORMS)
    found = (
        user for name in spellings for user in client.list_users(external_id=name, errors="raise")
    )
    return list({user.id: user for user in found}.values())


def find_or_create_user(
    client: Client, upload_log: UploadLog, external_id: str, confirm_timeout: float
) -> FoundUser:
    """Give the user with an external id; a user is created if nobody has it.

    Argyle may list a new user late, and a response may be lost: for ``confirm_timeout`` seconds
    after a user was created, or may have been, no second one is.
    """
    name = unicodedata.normalize("NFC", external_id)
    with upload_log.exclusive(name):
        creation = _Creation(client, upload_log, name)
        owners = sorted(user.id for user in users_called(client, external_id))
        if len(owners) > 1:
            raise ValidationError(
                f"{len(owners)} users share this external ID ({', '.join(owners)}). Write the user "
                "ID of the right one in the user column."
            )
        if owners:
            creation.forget()
            return FoundUser(owners[0])
        if user := creation.user(confirm_timeout):
            return FoundUser(user)
        return FoundUser(creation.create(external_id), is_new=True)


class _Creation:
    """What the upload log knows of the creation of one user."""

    def __init__(self, client: Client, upload_log: UploadLog, name: str) -> None:
        self._client, self._log = client, upload_log
        self._key = (client.settings.log_scope, name)

    def user(self, confirm_timeout: float) -> str | None:
        """Give the id of a user who was created lately, or fail where one may have been."""
        rows = self._log.execute(
            "SELECT user, created_at FROM created_users WHERE (scope, external_id) = (?, ?)",
            self._key,
        )
        for user, created_at in rows:
            # Argyle's clock is read to the second, so it may seem to have gone back.
            left = confirm_timeout - abs(self._now() - created_at)
            if left <= 0:
                continue
            if not user:
                raise ApiError(
                    "A user with this external ID may have been created: that was not confirmed, "
                    "and Argyle doesn't list it yet. No second one was created. Run the batch "
                    f"again in {math.ceil(left)} seconds."
                )
            return str(user)
        return None

    def create(self, external_id: str) -> str:
        """Create the user; written down before, in case that no response comes."""
        self._note(None)
        try:
            user = self._client.create_user(external_id=external_id).id
        except ArgyleError as error:
            if nothing_was_stored(error):
                self.forget()
            else:
                self._note(None)  # it may have taken long
            raise
        self._note(user)
        return user

    def forget(self) -> None:
        """Forget the creation of a user whom Argyle lists, or who was certainly not created."""
        self._log.execute(
            "DELETE FROM created_users WHERE (scope, external_id) = (?, ?)", self._key
        )

    def _note(self, user: str | None) -> None:
        self._log.execute(
            "INSERT OR REPLACE INTO created_users VALUES (?, ?, ?, ?)",
            (*self._key, user, self._now()),
        )

    def _now(self) -> float:
        return self._client.clock.now() or time.time()


class FoundUser(NamedTuple):
    """A user's id, and whether this run has created the user."""

    id: str
    is_new: bool = False


class Users:
    """Remembers ids; threads that need the same user ask once, and after an error not again.

    A `ValidationError` without a status says that it is not certain who is meant.
    """

    def __init__(self, client: Client, upload_log: UploadLog, confirm_timeout: float) -> None:
        self._client, self._log = client, upload_log
        self._confirm_timeout = confirm_timeout
        self._lock, self._listing = threading.Lock(), threading.Lock()
        self._asking: dict[Borrower, threading.Lock] = {}
        self._found: dict[Borrower, FoundUser] = {}
        self._failed: dict[Borrower, ArgyleError] = {}
        self._listed: list[User] | None = None

    def user_of(self, borrower: Borrower) -> FoundUser:
        """Give Argyle's user for a borrower, whom nobody else can be."""
        if not borrower.external_id:
            return FoundUser(borrower.user)
        with self._lock:
            asking = self._asking.setdefault(borrower, threading.Lock())
        with asking:
            if borrower in self._failed:
                raise self._failed[borrower]
            try:
                if borrower not in self._found:
                    self._found[borrower] = self._find(borrower)
            except RateLimitError:
                raise
            except ArgyleError as error:
                self._failed[borrower] = error
                raise
            return self._found[borrower]

    def _find(self, borrower: Borrower) -> FoundUser:
        user, external_id = borrower
        if user:
            owners = users_called(self._client, external_id)
            if user not in [owner.id for owner in owners]:
                raise ValidationError(
                    "The user with this user ID has another external ID than this row. Correct one "
                    "of the two."
                )
            return FoundUser(user)
        if "@" in external_id or is_uuid(external_id):
            self._check_nobodys(external_id)
        return find_or_create_user(self._client, self._log, external_id, self._confirm_timeout)

    def _check_nobodys(self, external_id: str) -> None:
        """Refuse an external id that is the email address or the id of somebody else."""
        with self._listing:
            # Argyle finds nobody by an address.
            if self._listed is None:
                self._listed = list(self._client.list_users(errors="raise"))
        for user in self._listed:
            names = {"email address": user.email, "user ID": user.id}
            for kind, name in names.items():
                if (name or "").lower() == external_id.lower() and user.external_id != external_id:
                    raise ValidationError(
                        f"This external ID is the {kind} of the user {user.id}, whose external ID "
                        "is another or none. Write that user's ID in the user column."
                    )


@dataclass(frozen=True)
class UserMatch:
    """What was found for a text: the user that it names, and those that it may mean."""

    text: str = field(repr=False)  # it may be an email address
    users: tuple[User, ...] = ()  # the nearest first
    user: User | None = None
    kind: MatchKind = "nobody"
    trouble: str = ""

    @property
    def words(self) -> str:
        """What it says, for a person to read."""
        if self.kind == "nobody" and "@" in self.text:
            return (
                "No user has this email address. Enter a user ID or an external ID, which may be a "
                "new one."
            )
        return sentences(_WORDS[self.kind], self.trouble)


class UserFinder:
    """Looks for users. May be used from several threads."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._listed: _Listed | None = None
        self._searches = BackgroundQueue("users")

    def find(self, text: str, *, max_age: float = math.inf) -> UserMatch:
        """Look for a user by an id, an external id, an email address, or a part of them or a name.

        Argyle is asked for an external id, never for an email address. For all else the list
        of users is looked through, which is read again when it is older than ``max_age`` seconds or
        names nobody.
        """
        wanted = text.strip()
        listed = self._listed
        if listed is None or listed.age > max_age:
            listed = self._list()
        by_external_id: list[User] = []
        if wanted and "@" not in wanted and not is_uuid(wanted):
            by_external_id = users_called(self._client, wanted)
        match = _match_of(text, listed, by_external_id)
        if wanted and not match.user and listed.age > LISTED_AGAIN_SECONDS:
            match = _match_of(text, self._list(), by_external_id)
        return match

    def name_of(self, user: User) -> str:
        """Give a text that names this user and no other: the external id where that is certain."""
        name, listed = user.external_id or "", self._listed
        is_plain = name == name.strip() and name.isprintable() and not is_uuid(name)
        if not (name and is_plain and listed and listed.is_all):
            return user.id
        sharing = [one.id for one in listed.users.values() if one.external_id == name]
        return name if sharing == [user.id] else user.id

    def search(self, text: str, on_match: Callable[[UserMatch], None]) -> None:
        """Look for a user in the background; of the texts that wait only the newest is looked for.

        ``on_match`` hears ``"not asked"`` where `find` would raise.
        """
        self._searches.add_alone(lambda: on_match(self._match_or_trouble(text)))

    def _match_or_trouble(self, text: str) -> UserMatch:
        try:
            return self.find(text)
        except Exception as error:  # noqa: BLE001 - whoever waits for an answer gets one
            return UserMatch(text, kind="not asked", trouble=str(error))

    def _list(self) -> _Listed:
        # Nothing is locked while Argyle is asked: the newest list simply takes its place.
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


def _match_of(text: str, listed: _Listed, by_external_id: list[User]) -> UserMatch:
    wanted = text.strip()
    known = {user.id: user for user in by_external_id} | listed.users
    user: User | None = None
    kind: MatchKind
    if "@" in wanted:
        kind, user = _by_address(wanted, listed)
    elif is_uuid(wanted):
        user = known.get(wanted.lower())
        kind = "one" if user else "unknown id"
    else:
        user = by_external_id[0] if len(by_external_id) == 1 else None
        kind = "one" if user else "shared" if by_external_id else "nobody"
    return UserMatch(text, tuple(_near(wanted.lower(), known.values())), user, kind)


def _by_address(wanted: str, listed: _Listed) -> tuple[MatchKind, User | None]:
    """Name the user with an email address, or with an external id that looks like one."""
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


def _near(lower: str, users: Iterable[User]) -> list[User]:
    """Give the users that have this in one of their names; where one begins so, they come first."""
    texts = [(user, _texts(user)) for user in users]
    near = [(user, names) for user, names in texts if any(lower in name for name in names)]
    near.sort(key=lambda pair: not any(name.startswith(lower) for name in pair[1]))
    return [user for user, _ in near[:MOST_FOUND]]


def _texts(user: User) -> list[str]:
    name = f"{user.first_name or ''} {user.last_name or ''}"
    return [t.lower() for t in (user.external_id, user.email, name.strip(), user.id) if t]
