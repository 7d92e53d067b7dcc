"""What else an archive can tell: what was read from the documents, and where they came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from argyle_nb.archive.versions import newest, pages_of
from argyle_nb.frames.ocr import ocr_frame

if TYPE_CHECKING:
    import pandas as pd

    from argyle_nb.archive.archive import Archive
    from argyle_nb.frames.uploads import Errors


def ocr(archive: Archive, *, wide: bool = False, errors: Errors = "raise") -> pd.DataFrame:
    """Give what was read from the newest version of each upload.

    Parameters
    ----------
    wide, errors
        As for `ocr_frame`.

    Returns
    -------
    pandas.DataFrame
        As `ocr_frame`. It holds personal data.

    Raises
    ------
    DecodeError
        As for `Archive.uploads`.

    Examples
    --------
    >>> from argyle_nb.archive import Archive
    >>> len(Archive(folder / "new").ocr())
    0
    """
    store = archive._store  # noqa: SLF001 - our own class
    readings = newest(store.entries())
    pages = pages_of(store, [reading.page for reading in readings])
    return ocr_frame(pages, wide=wide, errors=errors)


def sources(archive: Archive) -> list[str]:
    """Name the addresses, or the local sandboxes, whose answers are kept here.

    Examples
    --------
    >>> from argyle_nb.archive import Archive
    >>> _ = (archive := Archive(folder / "new")).pull(client)
    >>> archive.sources() == [client.settings.base_url]
    True
    """
    scopes = {entry.scope for entry in archive._store.entries()}  # noqa: SLF001 - our own class
    # Behind an address stands a mark of the key, which is nobody's business.
    return sorted({s.split(" ")[0] if s.startswith("http") else s for s in scopes})
