"""Names, social security numbers and files: one user is one person with papers of their own."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

import numpy as np

from argyle_nb.cross_checks.findings import findings
from argyle_nb.cross_checks.papers import owners
from argyle_nb.errors import ConfigurationError, install
from argyle_nb.frames.columns import need_columns

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

# Out of 100; a middle initial more or less keeps two names above it.
SIMILARITY = 85
LEGAL_FORMS = frozenset(
    {"inc", "incorporated", "llc", "ltd", "limited", "corp", "corporation", "co", "company", "lp"}
    | {"llp", "plc", "pllc"}
)


def plain(name: str) -> str:
    """Write a name in one way: without case, accents, punctuation and legal forms.

    Examples
    --------
    >>> plain("Cobalt Building Supply, Co."), plain("JOSÉ  O'Neil")
    ('cobalt building supply', 'jose o neil')
    """
    # Some letters, such as one in a square, fold only once they are taken apart.
    apart = unicodedata.normalize("NFKD", name)
    letters = unicodedata.normalize("NFKD", apart.casefold())
    kept = "".join(c if c.isalnum() else " " for c in letters if not unicodedata.combining(c))
    words = kept.split()
    return " ".join([word for word in words if word not in LEGAL_FORMS] or words)


def _plain_column(names: pd.Series[Any]) -> pd.Series[Any]:
    # Papers share names: each is written once.
    written = {name: plain(name) for name in names.dropna().unique()}
    return names.map(written, na_action="ignore").astype("string")


def check_names(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """Compare each document's name with the one that most documents of the user carry.

    Parameters
    ----------
    table
        From `papers`.
    column
        ``employee`` or ``employer``.

    Notes
    -----
    rapidfuzz's ``token_sort_ratio``: words in any order, similarity 0 to 100 by insertions and
    deletions.
    """
    try:
        from rapidfuzz import fuzz, process  # noqa: PLC0415 - an extra, only needed here
    except ImportError:
        raise ConfigurationError(f"comparing names needs rapidfuzz: {install('stats')}") from None
    pairs = _against_the_usual(table, column, _plain_column(table[column]))
    ones, others = pairs["plain"].tolist(), pairs["other_plain"].tolist()
    similar = process.cpdist(ones, others, scorer=fuzz.token_sort_ratio) if ones else np.array([])
    return findings(
        f"{column}_name",
        pairs.assign(
            difference=100.0 - similar,
            tolerance=f"similarity of {SIMILARITY} of 100, without case and legal form",
            agrees=similar >= SIMILARITY,
        ),
    )


def check_last_four(table: pd.DataFrame) -> pd.DataFrame:
    """Compare the last four digits of the social security number."""
    pairs = _against_the_usual(table, "ssn", table["ssn"])
    same = pairs["value"] == pairs["other_value"]
    return findings("ssn_last_four", pairs.assign(tolerance="none", agrees=same))


def check_contents(contents: pd.DataFrame | None, uploads: pd.DataFrame) -> pd.DataFrame:
    """List the files that several users sent, each against the first that another one sent.

    Parameters
    ----------
    contents
        ``upload_id, sha256``.
    uploads
        From `uploads_frame`.
    """
    if contents is None:
        return findings("same_content", {})
    need_columns(contents, ("upload_id", "sha256"), "contents")
    known = contents[["upload_id", "sha256"]].astype("string").dropna()
    owned = known.merge(owners(uploads), on="upload_id").sort_values("created_at", kind="stable")
    shared = owned[owned.groupby("sha256")["user"].transform("nunique") > 1]
    first = shared.drop_duplicates("sha256").set_index("sha256")
    pairs = shared.join(first.add_prefix("other_"), on="sha256")
    pairs = pairs[pairs["user"] != pairs["other_user"]]
    return findings(
        "same_content",
        pairs.assign(
            value=pairs["user"], other_value=pairs["other_user"], tolerance="none", agrees=False
        ),
    )


def _against_the_usual(
    table: pd.DataFrame, column: str, comparable: pd.Series[Any]
) -> pd.DataFrame:
    """Pair each document with the first that has what most of the user's documents have."""
    known = table[["upload_id", "user", column]].assign(plain=comparable).dropna()
    known = known.rename(columns={column: "value"})
    known["times"] = known.groupby(["user", "plain"])["plain"].transform("size")
    usual = known.sort_values("times", ascending=False, kind="stable").drop_duplicates("user")
    pairs = known.join(usual.set_index("user").add_prefix("other_"), on="user")
    return pairs[pairs["upload_id"] != pairs["other_upload_id"]]


def same_employer(table: pd.DataFrame) -> npt.NDArray[Any]:
    """Give a key that is the same for the papers of one user's one job.

    Examples
    --------
    >>> jobs = pd.DataFrame({"user": ["u", "u"], "employer": ["Oak Inc.", "OAK"]})
    >>> same_employer(jobs).tolist()
    ['u, oak', 'u, oak']
    """
    employer = _plain_column(table["employer"]).fillna("")
    keys: npt.NDArray[Any] = (table["user"] + ", " + employer).to_numpy()
    return keys
