"""The file that keeps keys: TOML, one table per profile, readable by its owner only."""

from __future__ import annotations

import json
import os
import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from argyle_nb.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

Profiles = dict[str, dict[str, str]]

_KEY_PREFIX = "api_key"


class KeyText(str):
    """A key's text, or a part of a key, that does not show itself where variables are shown.

    Some tracebacks print the arguments and variables of every call; notebooks keep them.

    Examples
    --------
    >>> {"secret": KeyText("s3cret")}
    {'secret': <key>}
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "<key>"


def read_profiles(path: Path) -> Profiles:
    """Read all profiles; none when there is no file.

    Raises
    ------
    ConfigurationError
        When others may read the file, or it is not TOML tables of texts.
    """
    try:
        _check_private(path)
        profiles = {name: _unshown(table) for name, table in _tables_in(path).items()}
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        # The parser's message quotes the file, which holds a secret.
        raise ConfigurationError(
            f"{path} is not readable TOML: mend it, or remove it and run anb.login()"
        ) from None
    for name, table in profiles.items():
        if not isinstance(table, dict) or not all(isinstance(v, str) for v in table.values()):
            raise ConfigurationError(f"{path}: [{name}] must be a table of texts")
    return profiles


def write_profiles(path: Path, profiles: Mapping[str, Mapping[str, str]]) -> None:
    """Write all profiles, whole or not at all.

    Raises
    ------
    ConfigurationError
        When the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # mkstemp makes a file that only its owner can read.
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(_as_toml(profiles))
            Path(temporary).replace(path)
        finally:
            Path(temporary).unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written ({error.strerror})") from None


def _tables_in(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _unshown(table: Any) -> Any:
    """Give a profile whose keys do not show themselves; what is no profile shows nothing."""
    if not isinstance(table, dict):
        return None
    return {
        name: KeyText(text) if isinstance(text, str) and name.startswith(_KEY_PREFIX) else text
        for name, text in table.items()
    }


def _check_private(path: Path) -> None:
    if os.name != "posix":
        return
    status = path.stat()
    if status.st_mode & 0o077 or status.st_uid != os.getuid():
        raise ConfigurationError(
            f"{path} can be read by others than you: run 'chmod 600 {path}' as its owner"
        )


def _as_toml(profiles: Mapping[str, Mapping[str, str]]) -> str:
    lines: list[str] = []
    for name, table in profiles.items():
        lines.append(f"[{_quoted(name)}]")
        lines += [f"{_quoted(key)} = {_quoted(value)}" for key, value in table.items()]
        lines.append("")
    return "\n".join(lines)


def _quoted(text: str) -> str:
    # JSON's escapes are TOML's, but for DEL and for the surrogates that plain ASCII would need.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
