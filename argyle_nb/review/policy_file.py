"""The TOML file of a decision policy: read with every fault named, written whole or not at all."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import tomli_w

from argyle_nb.errors import ConfigurationError
from argyle_nb.models import DOCUMENT_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

FIELDS_NEEDED = ("who", "when", "why", "cut_offs")
FIELDS = (*FIELDS_NEEDED, "levels", "costs")
CUT_OFF_FIELDS = ("pass_from", "reject_below")
COST_FIELDS = ("review", "missed_fraud", "rejected_genuine", "currency")


def read_policy_table(path: Path) -> dict[str, Any]:
    """Read the file and see that it has the fields of a policy and no others.

    Raises
    ------
    ConfigurationError
        Naming the file, the field and what belongs there.

    Examples
    --------
    >>> _ = (folder / "policy.toml").write_text('who = "ada"')
    >>> read_policy_table(folder / "policy.toml")
    Traceback (most recent call last):
    argyle_nb.errors.ConfigurationError: policy.toml: when is missing
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read ({error.strerror})") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{path} is not TOML in UTF-8: {error}") from None
    try:
        _check_fields(table)
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from None
    return table


def write_policy_table(path: Path, table: Mapping[str, Any]) -> None:
    r"""Write the file through a temporary name.

    Raises
    ------
    ConfigurationError
        When the file cannot be written.

    Examples
    --------
    >>> write_policy_table(folder / "policy.toml", {"who": "ada"})
    >>> (folder / "policy.toml").read_text()
    'who = "ada"\n'
    """
    temporary = path.with_name(f"{path.name}.part")
    try:
        temporary.write_text(tomli_w.dumps(table), encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written ({error.strerror})") from None


def _check_fields(table: Mapping[str, Any]) -> None:
    _check_names(table, "", FIELDS, FIELDS_NEEDED)
    cut_offs = table["cut_offs"]
    _check_names(cut_offs, "cut_offs.", DOCUMENT_TYPES, ())
    for document_type, cuts in cut_offs.items():
        _check_names(cuts, f"cut_offs.{document_type}.", CUT_OFF_FIELDS, CUT_OFF_FIELDS)
    if "costs" in table:
        _check_names(table["costs"], "costs.", COST_FIELDS, COST_FIELDS[:3])


def _check_names(table: Any, where: str, known: Iterable[str], needed: Iterable[str]) -> None:
    if not isinstance(table, dict):
        raise ConfigurationError(f"{where.rstrip('.')} must be a table")
    for name in table:
        if name not in known:
            raise ConfigurationError(f"{where}{name} is unknown: there are {', '.join(known)}")
    for name in needed:
        if name not in table:
            raise ConfigurationError(f"{where}{name} is missing")
