"""The one shape of what every check says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping

COLUMNS = {
    "user": "string",
    "check": "string",
    "upload_id": "string",
    "other_upload_id": "string",
    "value": "string",
    "other_value": "string",
    "difference": "Float64",
    "tolerance": "string",
    "agrees": "boolean",
}


def findings(check: str, columns: Mapping[str, Any] | pd.DataFrame) -> pd.DataFrame:
    """Make the rows of a check.

    Parameters
    ----------
    check
        Its name.
    columns
        The other columns; what is not given is missing.

    Examples
    --------
    >>> findings("net_of_gross", {"upload_id": ["u1"], "agrees": [True]}).loc[0, "check"]
    'net_of_gross'
    """
    table = pd.DataFrame(columns).reset_index(drop=True).assign(check=check)
    return table.reindex(columns=list(COLUMNS)).astype(COLUMNS)


def in_words(amounts: pd.Series[Any]) -> pd.Series[str]:
    """Write amounts with two decimals.

    Examples
    --------
    >>> in_words(pd.Series([1234.5], dtype="Float64")).tolist()
    ['1234.50']
    """
    return amounts.map(lambda amount: f"{amount:.2f}", na_action="ignore").astype("string")
