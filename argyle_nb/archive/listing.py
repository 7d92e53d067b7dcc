"""A list of uploads as it comes: flattened by the page, users and accounts listed beside it."""

from __future__ import annotations

import threading
import time
import unicodedata
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from numbers import Integral
from queue import Queue
from typing import TYPE_CHECKING, Protocol, Self, TypeVar

import msgspec

from argyle_nb.errors import ApiError, ArgyleError, NotFoundError, ValidationError, sentences
from argyle_nb.frames.uploads import Borrowers, FramesBuilder
from argyle_nb.models import is_uuid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

    import pandas as pd

    from argyle_nb.client.client import Client
    from argyle_nb.errors import DecodeError
    from argyle_nb.frames.records import RowPage
    from argyle_nb.frames.uploads import Frames
    from argyle_nb.models import User

P = TypeVar("P")

# The next request leaves before the work on a page takes the interpreter's lock; without it each
# page waits for the lock, 5 ms at a time.
HEAD_START_SECONDS = 0.003


class ReadablePage(Protocol):
    """A page of uploads: its rows, and the errors of records without a row."""

    @property
    def rows(self) -> RowPage:
        """The rows of the page."""

    @property
    def rejected(self) -> list[DecodeError]:
        """The errors."""


def flatten_pages(
    pages: Iterable[ReadablePage],
    borrowers: Callable[[], Borrowers],
    sent: pd.DataFrame | None = None,
    levels: str = "argyle",
) -> Frames:
    """Flatten pages as they come; whose uploads they are is asked for behind the last."""
    builder = FramesBuilder(sent, levels)
    rejected: list[DecodeError] = []
    for page in pages:
        builder.add(page.rows)
        rejected += page.rejected
    return builder.finish(borrowers(), rejected)


def read_ahead(pages: Iterator[bytes]) -> Iterator[bytes]:
    """Let the next page be on its way while one is worked on; at most two lie waiting."""
    arrived: Queue[bytes | None] = Queue()
    room, stopped = threading.Semaphore(1), threading.Event()
    errors: list[BaseException] = []

    def read() -> None:
        try:
            # The thread that got a page asks for the next one itself: handing that to and fro
            # would let the work on the page come first.
            for page in pages:
                arrived.put(page)
                room.acquire()
                if stopped.is_set():
                    return
        except BaseException as error:  # noqa: BLE001 - raised again by whoever takes the pages
            errors.append(error)
        finally:
            arrived.put(None)

    reader = threading.Thread(target=read, name="argyle-pull", daemon=True)
    reader.start()
    try:
        while (page := arrived.get()) is not None:
            room.release()
            time.sleep(HEAD_START_SECONDS)
            yield page
    finally:
        stopped.set()
        room.release()
        reader.join()
    for error in errors:
        raise error


def of_user(rows: RowPage, user: str) -> RowPage:
    """Say whose the uploads of a page are that were listed for one user."""
    owned = [msgspec.structs.replace(row, user=user) for row in rows.rows]
    return replace(rows, rows=owned)


class BorrowerListing:
    """Users and accounts, each listed once by a thread of its own while uploads are listed.

    Of one borrower or account that alone is asked for; who a borrower is, before anything is
    listed. What Argyle refuses is told in a warning, for uploads are worth having without
    their borrowers.

    Parameters
    ----------
    client
        Who asks.
    user
        An external id, or Argyle's id of a user.
    account
        An id.

    Attributes
    ----------
    users
        The ids of the users whose uploads are meant; ``None`` alone for those of all.

    Raises
    ------
    NotFoundError
        When no user has this external id or id.
    ValidationError
        For a user that is neither a text nor a whole number.
    """

    def __init__(
        self, client: Client, *, user: str | int | None = None, account: str | None = None
    ) -> None:
        self._client, self._account = client, account
        self._stopped = threading.Event()
        self._workers = ThreadPoolExecutor(2, thread_name_prefix="argyle-borrowers")
        self._tasks: list[Future[None]] = []
        self._problems: list[str] = []
        self._borrowers = Borrowers()
        self.users: list[str | None] = [None]
        if user is not None:
            self.users = list(self._named(_name_of(user)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._workers.shutdown()

    def beside(self, pages: Iterable[P]) -> Iterator[P]:
        """Give the pages of uploads, and begin behind the first one.

        Whose uploads are on it had an account by then; and where uploads cannot be listed at all,
        nothing else is asked.
        """
        for page in pages:
            if not self._tasks:
                self._tasks = [self._workers.submit(task) for task in self._asked()]
            yield page

    def result(self) -> Borrowers:
        """Wait for the end of both lists."""
        for task in self._tasks:
            task.result()
        return self._borrowers

    def warn(self, uploads: pd.DataFrame) -> None:
        """Tell what could not be listed."""
        if not self._problems:
            return
        nameless = int(uploads["external_id"].isna().sum())
        warnings.warn(
            f"{nameless} of {len(uploads)} uploads have no external_id. "
            + sentences(*self._problems),
            stacklevel=3,
        )

    def _asked(self) -> list[Callable[[], None]]:
        if self.users != [None]:
            return []
        if self._account:
            return [lambda: self._told("the account's user", self._user_of_account)]
        return [
            lambda: self._told("accounts", self._all_accounts),
            lambda: self._told("users", self._all_users),
        ]

    def _told(self, what: str, task: Callable[[], None]) -> None:
        try:
            task()
        except ArgyleError as error:
            self._problems.append(f"{what} could not be read. {error}")

    def _named(self, name: str) -> list[str]:
        """Find the users with an id or an external id, which may look like an id of Argyle's."""
        if is_uuid(name):
            try:
                return self._known([self._client.get_user(name)])
            except NotFoundError:
                pass
            except ApiError as error:
                self._problems.append(f"the user could not be read. {error}")
                return [name]
        # A Mac takes accents apart, which is not how an upload writes them.
        names = dict.fromkeys([name, unicodedata.normalize("NFC", name)])
        users = [user for one in names for user in self._client.list_users(external_id=one)]
        if not users:
            where = self._client.settings.environment
            raise NotFoundError(
                f"No user has the external ID {name!r} in environment {where}. Check its spelling; "
                "upper and lower case matter."
            )
        return self._known(users)

    def _known(self, users: list[User]) -> list[str]:
        self._borrowers.external_ids.update({user.id: user.external_id for user in users})
        return [user.id for user in users]

    def _user_of_account(self) -> None:
        account = self._client.get_account(str(self._account))
        self._borrowers.users[account.id] = account.user
        if account.user:
            self._known([self._client.get_user(account.user)])

    def _all_accounts(self) -> None:
        for account in self._client.list_accounts():
            self._borrowers.users[account.id] = account.user
            if self._stopped.is_set():
                return

    def _all_users(self) -> None:
        for user in self._client.list_users():
            self._borrowers.external_ids[user.id] = user.external_id
            if self._stopped.is_set():
                return


def _name_of(user: object) -> str:
    """Give the text that names a borrower, who may be a number in a lender's table."""
    if isinstance(user, bool) or not isinstance(user, str | Integral):
        raise ValidationError(
            f"user must be text, not {user!r} ({type(user).__name__}). Pass the borrower's "
            "external ID or user ID, such as 'loan-77' or '1003'."
        )
    name = str(user)
    if not name.strip():
        raise ValidationError(
            "user is empty. Pass the borrower's external ID or user ID, or leave it out."
        )
    return name
