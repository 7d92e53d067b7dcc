"""`Client`: one method for each call of the Argyle API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

import msgspec

from argyle_nb import notebook
from argyle_nb.client.pagination import UPLOADS, pages
from argyle_nb.client.polling import Poller, Waited, wait_for
from argyle_nb.client.responses import read_as
from argyle_nb.client.transfer import digest_document, save_document, send_file
from argyle_nb.client.transport import Transport
from argyle_nb.config import LOCAL, Settings, make_settings, secret_argument
from argyle_nb.errors import ApiError, warn_of_unreadable
from argyle_nb.models import (
    Account,
    User,
    UserUpload,
    checked_filters,
    checked_id,
    checked_type,
    decode,
    decode_each,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Mapping
    from pathlib import Path

    import requests

    from argyle_nb.client.polling import Waitable
    from argyle_nb.client.transfer import Digest
    from argyle_nb.documents import Document
    from argyle_nb.errors import DecodeError

T = TypeVar("T", Account, User, UserUpload)

USERS, ACCOUNTS = "/v2/users", "/v2/accounts"

_NAMES = {Account: "accounts", User: "users", UserUpload: "uploads"}


class Client:
    """A connection to one Argyle environment.

    Parameters
    ----------
    api_key_id, api_key_secret
        API key ID and secret; a key belongs to one environment.
    environment
        ``"sandbox"`` (https://api-sandbox.argyle.com), ``"production"``
        (https://api.argyle.com) or a URL.

    Raises
    ------
    ConfigurationError
        For an invalid key or address.

    Notes
    -----
    Source of every call: Argyle API reference, user uploads, users and accounts. Calls of one
    client may be made from several threads.

    Examples
    --------
    >>> Client("id", "secret", environment="sandbox")
    Client(environment='sandbox', base_url='https://api-sandbox.argyle.com')
    """

    def __init__(
        self, api_key_id: str, api_key_secret: str, *, environment: str = "sandbox"
    ) -> None:
        api_key_id, api_key_secret = secret_argument(api_key_id), secret_argument(api_key_secret)
        self._start(make_settings(api_key_id, api_key_secret, environment))

    @classmethod
    def from_settings(cls, settings: Settings) -> Client:
        """Make a client from settings.

        Parameters
        ----------
        settings
            Address, key and environment, as `connect` finds them.
        """
        client = cls.__new__(cls)
        client._start(settings)  # noqa: SLF001 - our own class
        return client

    def _start(self, settings: Settings) -> None:
        self.settings = settings
        self._transport = Transport(settings)
        self.clock = self._transport.clock

    def __repr__(self) -> str:
        # A traceback may show a client that was never made.
        where: Settings | None = vars(self).get("settings")
        if where is None:
            return "Client()"
        return f"Client(environment={where.environment!r}, base_url={where.base_url!r})"

    def _repr_html_(self) -> str:
        where: Settings | None = vars(self).get("settings")
        if where is None:
            return notebook.result("Client, not connected")
        facts = {"Environment": where.environment, "Address": where.base_url}
        title = "Local sandbox" if where.environment == LOCAL else "Connection to Argyle"
        return notebook.result(title, facts, note="The API key is never shown.")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close open connections; the client can still be used."""
        self._transport.close()

    def create_user(self, **fields: Any) -> User:
        """Create a user.

        Parameters
        ----------
        **fields
            Any of Argyle's: ``external_id`` (100 characters at most), ``email``, ``first_name``,
            ``last_name``, ``phone_number``, ...; none is required.

        Returns
        -------
        User
            With its new ID.

        Raises
        ------
        ValidationError
            When Argyle rejects a field.

        Examples
        --------
        >>> client.create_user(external_id="loan-77").external_id
        'loan-77'
        """
        created = self._decoded(self._transport.post_json(USERS, fields), User)
        known = {name: fields.get(name) for name in ("external_id", "email")}
        return msgspec.structs.replace(created, **known)

    def list_users(
        self, *, external_id: str | None = None, errors: Literal["warn", "raise"] = "warn"
    ) -> Iterator[User]:
        """List users, pages fetched as needed.

        Parameters
        ----------
        external_id
            Only users with exactly this external ID; several may share it.
        errors
            As for `list_uploads`.

        Examples
        --------
        >>> [user.external_id for user in client.list_users(external_id="loan-00")]
        []
        """
        users = self._records(USERS, User, errors, external_id=external_id)
        # A server that overlooked the filter would return other users.
        return (user for user in users if external_id in (None, user.external_id))

    def get_user(self, user_id: str) -> User:
        """Get one user by user ID.

        Parameters
        ----------
        user_id
            Argyle's ID, not your external ID.

        Raises
        ------
        NotFoundError
            When this environment has no such user.

        Examples
        --------
        >>> made = client.create_user(external_id="loan-78")
        >>> client.get_user(made.id).external_id
        'loan-78'
        """
        answer = self._transport.get(f"{USERS}/{checked_id('user', user_id)}")
        return self._decoded(answer, User)

    def list_accounts(
        self, *, user: str | None = None, errors: Literal["warn", "raise"] = "warn"
    ) -> Iterator[Account]:
        """List accounts, which say which user an upload belongs to.

        Parameters
        ----------
        user
            User ID; only this user's accounts.
        errors
            As for `list_uploads`.

        Examples
        --------
        >>> users_of_accounts = {a.id: a.user for a in client.list_accounts()}
        """
        return self._records(ACCOUNTS, Account, errors, user=checked_id("user", user))

    def get_account(self, account_id: str) -> Account:
        """Get one account by account ID.

        Parameters
        ----------
        account_id
            As in the column ``account`` of `uploads_frame`.

        Raises
        ------
        NotFoundError
            When this environment has no such account.

        Examples
        --------
        >>> client.get_account(upload.account).user  # doctest: +SKIP
        """
        answer = self._transport.get(f"{ACCOUNTS}/{checked_id('account', account_id)}")
        return self._decoded(answer, Account)

    def list_uploads(
        self,
        *,
        user: str | None = None,
        account: str | None = None,
        document_type: str | None = None,
        errors: Literal["warn", "raise"] = "warn",
    ) -> Iterator[UserUpload]:
        """List uploads, pages of 200 fetched as needed.

        Parameters
        ----------
        user, account
            User ID, account ID; only their uploads. Argyle's object does not name its user: the
            results have one when this filter is given.
        document_type
            One of the six types, as for `upload`.
        errors
            ``"warn"`` leaves out uploads that can't be read, and names them in one warning at the
            end; ``"raise"`` stops at the first.

        Raises
        ------
        ValidationError
            For an invalid type or ID, before anything is sent.
        ApiError
            When a page links to another origin, or back to an earlier page (pagination loop), when
            the list does not end after 20,000 pages (4 million uploads), and when a page is cut off
            before the link to the next one: the uploads before that have been given.
        DecodeError
            When a response is not a page of results; with ``errors="raise"`` also for an upload
            that can't be read.

        Warns
        -----
        UserWarning
            When uploads can't be read.

        Examples
        --------
        >>> for upload in client.list_uploads(document_type="paystubs"):
        ...     print(upload.id, upload.ocr_authenticity_score)  # doctest: +SKIP
        """
        uploads = self._records(
            UPLOADS, UserUpload, errors, **checked_filters(user, account, document_type)
        )
        return (_with_user(upload, user) for upload in uploads)

    def upload_pages(
        self,
        *,
        user: str | None = None,
        account: str | None = None,
        document_type: str | None = None,
        after: str | None = None,
    ) -> Iterator[bytes]:
        """List uploads as raw pages of JSON, each with every field that Argyle sent.

        Parameters
        ----------
        user, account, document_type
            As for `list_uploads`.
        after
            The ``next`` link of a page read earlier with the same filters; resumes after it.

        Raises
        ------
        ValidationError, ApiError
            As for `list_uploads`.

        Examples
        --------
        >>> next(client.upload_pages())[:1]
        b'{'
        """
        filters = checked_filters(user, account, document_type)
        return (answer for answer, _ in pages(self._transport, UPLOADS, filters, after))

    def get_upload(self, upload_id: str) -> UserUpload:
        """Get one upload by upload ID.

        Parameters
        ----------
        upload_id
            As in the column ``id`` of `uploads_frame`.

        Raises
        ------
        NotFoundError
            When this environment has no such upload.

        Examples
        --------
        >>> client.get_upload("01320596-2c3d-189c-53e7-a8ce6d625b33")  # doctest: +SKIP
        """
        answer = self._transport.get(f"{UPLOADS}/{checked_id('id', upload_id)}")
        return self._decoded(answer, UserUpload)

    def upload(
        self,
        file: Path | str | Document,
        *,
        document_type: str,
        user: str,
        progress: Callable[[int, int], None] | None = None,
    ) -> UserUpload:
        """Upload one document, streamed from disk.

        Parameters
        ----------
        file
            A PDF, JPEG, PNG or HEIC.
        document_type
            ``"paystubs"``, ``"W-2"``, ``"1099"``, ``"proof-of-identity"``,
            ``"proof-of-address"`` or ``"miscellaneous"``; spellings such as ``"W2"`` too.
        user
            The user ID (not the external ID).
        progress
            Called with (bytes sent, total bytes).

        Returns
        -------
        UserUpload
            As Argyle returned it, with ``user`` and ``requested_document_type`` filled in.

        Raises
        ------
        DocumentError, ValidationError
            Before anything is sent: the file, the type or the ID is invalid.
        ValidationError, AuthenticationError, RateLimitError
            Argyle rejected it.
        TransportError
            Nothing was sent.
        AmbiguousUploadError
            Not confirmed: it may be stored, or not. It is not sent again.

        Examples
        --------
        >>> client.upload("paystub.pdf", document_type="paystubs", user=user.id)  # doctest: +SKIP
        """
        document_type = checked_type(document_type)
        checked_id("user", user)
        fields = {"user": user, "document_type": document_type}
        upload = send_file(self._transport, UPLOADS, file, fields, progress)
        return msgspec.structs.replace(upload, user=user, requested_document_type=document_type)

    def wait(
        self,
        uploads: Waitable,
        *,
        timeout: float = 600.0,
        progress: bool | Callable[[int, int], None] = True,
    ) -> Waited:
        """Wait until processing of these uploads finishes.

        Their status is read after 1 s (at once where only the ID is known), then less and less
        often, in the end every 15 s; in pages of the list where that takes fewer requests. Besides
        complete uploads, three kinds count as finished: ``failed``; ``unauthorized``, which Argyle
        does not process; and what stays ``idle`` for 30 s, as Argyle does not say whether that
        means "not yet" or "never".

        Parameters
        ----------
        uploads
            Uploads of this client, or upload IDs; one of them, or many, in any mixture. Or the
            table of `upload_batch` (its column ``upload_id``; documents that were not uploaded are
            left out) or of `uploads_frame` (``id``), or such a column alone.
        timeout
            Seconds.
        progress
            ``True`` shows a bar in notebooks and terminals where it takes more than a moment,
            ``False`` never does; or a function, called with (finished, total).

        Returns
        -------
        Waited
            A list: the newest state of each, once, in the order given. ``.reasons`` says for each
            upload ID why waiting for it ended; ``.unfinished`` lists those that did not finish: out
            of time, not found at Argyle, or unreadable three times in a row.

        Raises
        ------
        AuthenticationError
            When Argyle rejects the key.
        ValidationError
            For an invalid ID, before anything is sent.
        ConfigurationError
            For a table without a column of upload IDs, and for anything but uploads and IDs.

        Warns
        -----
        UserWarning
            Names the uploads whose processing did not finish, and why.

        Examples
        --------
        >>> sent = anb.upload_batch(client, "scans")  # doctest: +SKIP
        >>> client.wait(sent)  # doctest: +SKIP
        <39 uploads: 32 complete; 6 scored although ocr failed; 1 processing failed>
        >>> client.wait([])
        <0 uploads>
        """
        return wait_for(self._transport, uploads, timeout, progress)

    def download(self, upload: UserUpload, folder: Path | str) -> Path:
        """Download the original document.

        Parameters
        ----------
        upload
            What to download; its ``file_name`` is never used as a path.
        folder
            Created if missing.

        Returns
        -------
        Path
            ``<folder>/<upload ID>.<pdf, jpg, png or heic by content>``, whole or not at all.

        Raises
        ------
        ApiError
            When the download is not a document, is too large, or its link leads to an unsafe
            address.
        TransportError
            When the download is incomplete.
        DocumentError
            When the file can't be written.

        Examples
        --------
        >>> client.download(upload, "downloads")  # doctest: +SKIP
        """
        with self._opened(upload) as answer:
            return save_document(answer, folder, upload.id)

    def digest(self, upload: UserUpload, sizes: Container[int] | None = None) -> Digest:
        """Hash the original document, without saving it.

        Parameters
        ----------
        upload
            What to download and hash.
        sizes
            Sizes in bytes. A document that the answer says has another size is not downloaded, and
            its hash is ``None``.

        Returns
        -------
        Digest
            ``bytes``, its size, and ``sha256``.

        Raises
        ------
        ApiError, TransportError
            As for `download`.

        Examples
        --------
        >>> client.digest(upload).sha256  # doctest: +SKIP
        """
        with self._opened(upload) as answer:
            return digest_document(answer, upload.id, sizes)

    def list_known(self, user: str) -> tuple[list[UserUpload], list[DecodeError]]:
        """List a user's uploads and, apart, those that can't be read.

        Parameters
        ----------
        user
            User ID.

        Returns
        -------
        tuple of list of UserUpload and list of DecodeError
            Every upload is in one of the two.

        Raises
        ------
        ApiError, TransportError
            When the list can't be read to its end.

        Examples
        --------
        >>> client.list_known("018051aa-f7a9-a0db-2f38-6cfa325e9d69")
        ([], [])
        """
        rejected: list[DecodeError] = []
        filters = checked_filters(user, None, None)
        return list(self._decoded_each(UPLOADS, UserUpload, rejected, filters)), rejected

    def _opened(self, upload: UserUpload) -> requests.Response:
        if not upload.file_url:
            raise ApiError(f"Upload {upload.id}: no file_url yet. Get the upload again later.")
        checked_id("id", upload.id)
        return self._transport.open_download(upload.file_url)

    def watch(self) -> Poller:
        """Give what looks at uploads in rounds, as `wait` does, without waiting.

        Examples
        --------
        >>> client.watch().moving
        []
        """
        return Poller(self._transport)

    def _decoded(self, answer: bytes, kind: type[T]) -> T:
        return read_as(lambda body: decode(body, kind), answer, self.settings)

    def _records(self, path: str, kind: type[T], errors: str, **filters: str | None) -> Iterator[T]:
        rejected: list[DecodeError] | None = None if errors == "raise" else []
        try:
            yield from self._decoded_each(path, kind, rejected, filters)
        finally:
            if rejected:
                warn_of_unreadable(rejected, _NAMES[kind], stacklevel=3)

    def _decoded_each(
        self,
        path: str,
        kind: type[T],
        rejected: list[DecodeError] | None,
        filters: Mapping[str, str | None],
    ) -> Iterator[T]:
        for _, fresh in pages(self._transport, path, filters):
            yield from [one for one, _ in decode_each(fresh.items(), kind, rejected)]


def _with_user(upload: UserUpload, user: str | None) -> UserUpload:
    return msgspec.structs.replace(upload, user=user) if user else upload
