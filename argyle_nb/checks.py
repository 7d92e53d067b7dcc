"""What can be refused before anything is sent: ids and types that cannot exist."""

from __future__ import annotations

from argyle_nb.errors import ValidationError
from argyle_nb.models import DOCUMENT_TYPES, is_uuid


def checked_filters(
    user: str | None, account: str | None, document_type: str | None
) -> dict[str, str | None]:
    """Give the filters of a list of uploads, or refuse one that cannot match."""
    return {
        "user": checked_id("user", user),
        "account": checked_id("account", account),
        "document_type": None if document_type is None else checked_type(document_type),
    }


def checked_id(name: str, value: str | None) -> str | None:
    """Give an id, or refuse what has not the shape of one.

    Examples
    --------
    >>> checked_id("user", "01856c65-43b6-8b5d-b32a-56b8fbda5c28")
    '01856c65-43b6-8b5d-b32a-56b8fbda5c28'
    """
    if value is None or is_uuid(value):
        return value
    raise ValidationError(
        f"{name} must be an id such as 01856c65-43b6-8b5d-b32a-56b8fbda5c28, not {value!r}"
        + ("; look it up with client.list_users(external_id=...)" if name == "user" else ""),
        fields={name: ["Not a valid id."]},
    )


def checked_type(document_type: str) -> str:
    """Give a document type, or refuse one that Argyle does not know.

    Examples
    --------
    >>> checked_type("W-2")
    'W-2'
    """
    if document_type not in DOCUMENT_TYPES:
        raise ValidationError(
            f"document_type {document_type!r} is not one of {', '.join(DOCUMENT_TYPES)}",
            fields={"document_type": [f'"{document_type}" is not a valid choice.']},
        )
    return document_type
