"""The notebooks and sample documents that come with the package."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from argyle_nb.errors import ConfigurationError
from argyle_nb.platforms import check_writable
from argyle_nb.storage import atomic_write

if TYPE_CHECKING:
    from collections.abc import Iterator

_PATTERNS = ("notebooks/*.ipynb", "data/*.csv", "data/*.md", "data/documents/**/*")


class Copied(NamedTuple):
    """What a copy did, as paths relative to its folder."""

    new: list[str]
    kept: list[str]


def samples_folder() -> Path:
    """Find the folder of ``notebooks`` and ``data``: in an installation, or the checkout itself."""
    installed = Path(__file__).parent / "_samples"
    folder = installed if installed.is_dir() else Path(__file__).parents[1]
    if not (folder / "data" / "loans.csv").is_file():
        raise ConfigurationError(
            f"{folder}: the sample documents are missing. Install argyle-nb again."
        )
    return folder


def copy_samples(folder: Path) -> Copied:
    """Copy the notebooks and samples into a folder; a file that is there stays as it is.

    Files that differ from the samples are named, since they may be changed or of another version.
    """
    source, copied = samples_folder(), Copied([], [])
    check_writable(folder, "notebooks and samples")
    for name in _names(source):
        target = folder / name
        try:
            data = (source / name).read_bytes()
            if not os.path.lexists(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                with atomic_write(target, 0o666) as file:  # what the umask leaves of it
                    file.write(data)
                copied.new.append(name)
            elif not target.is_file() or target.read_bytes() != data:
                copied.kept.append(name)
        except OSError as error:
            raise ConfigurationError(
                f"{target}: can't be written ({error.strerror}). Choose another folder."
            ) from None
    return copied


def _names(source: Path) -> Iterator[str]:
    for pattern in _PATTERNS:
        for path in sorted(source.glob(pattern)):
            name = path.relative_to(source)
            if path.is_file() and not any(part.startswith(".") for part in name.parts):
                yield name.as_posix()
