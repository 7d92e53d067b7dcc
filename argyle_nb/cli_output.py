"""What the command line says."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from argyle_nb.errors import ConfigurationError

if TYPE_CHECKING:
    import pandas as pd

    from argyle_nb.report import Report


def say(text: str) -> None:
    """Tell a person, on stderr."""
    sys.stderr.write(f"{text}\n")


def write(text: str) -> None:
    """Tell the result, on stdout.

    Raises
    ------
    ConfigurationError
        When stdout leads to a full disk, or to a program that reads no more.

    Examples
    --------
    >>> write("2 uploads")
    2 uploads
    """
    if sys.stdout is None:  # it was closed before we began
        return
    encoding = sys.stdout.encoding or "utf-8"
    try:
        sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        sys.stdout.flush()
    except OSError as error:
        # Else the interpreter would try again when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise ConfigurationError(
            f"all was done, but its result cannot be written to stdout ({error.strerror})"
        ) from None


def write_json(told: dict[str, Any]) -> None:
    """Tell a program, on stdout.

    Examples
    --------
    >>> write_json({"uploads": 2})
    {"uploads": 2}
    """
    write(json.dumps(told, default=str))


def print_batch(sent: pd.DataFrame, *, environment: str, base_url: str) -> None:
    """Say how many files are in each state and where, and name those that were not taken.

    Examples
    --------
    >>> sent = pd.DataFrame({"state": ["done"], "file": "a.pdf", "reason": None})
    >>> print_batch(sent, environment="sandbox", base_url="https://api-sandbox.argyle.com")
    <BLANKLINE>
    1 files for sandbox (https://api-sandbox.argyle.com): 1 done
    """
    counts = sent["state"].value_counts()
    told = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    where = "the local sandbox" if environment == "local" else environment
    write(f"\n{len(sent)} files for {where} ({base_url}): {told}")
    for row in sent[sent["state"] != "done"].itertuples():
        write(f"  {row.state}: {Path(str(row.file)).name} {row.reason}")


def print_levels(frame: pd.DataFrame) -> None:
    """Show a table of document types and levels.

    Examples
    --------
    >>> print_levels(frame)  # doctest: +ELLIPSIS
    <BLANKLINE>
    Uploads per document type and authenticity level (argyle):
    ...
    """
    import pandas as pd  # noqa: PLC0415 - `--help` should not wait for pandas

    level = frame["authenticity_level"].cat.add_categories("no score").fillna("no score")
    table = pd.crosstab(
        frame["document_type"], level, margins=True, margins_name="all", dropna=False
    )
    preset = frame.attrs["levels"]
    write(f"\nUploads per document type and authenticity level ({preset}):")
    write(table.rename_axis(columns=None).to_string())


def print_report(report: Report) -> None:
    """Say how many uploads a report is on, and list its files.

    Examples
    --------
    >>> print_report(report)  # doctest: +SKIP
    """
    uploads = report.manifest["adds_up"]["listed"]
    left_out = report.manifest["left_out"]["rows"]["uploads"]
    write(f"\nReport on {uploads} of {uploads + left_out} uploads:")
    for path in report.files.values():
        write(f"  {path}")
