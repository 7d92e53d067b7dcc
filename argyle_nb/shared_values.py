"""What borrowers share who should share nothing: `links`, and groups of linked borrowers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from argyle_nb import notebook
from argyle_nb.cross_checks import (
    SIMILARITY,
    TEXTS,
    hashes_of,
    known_of,
    normalized_names,
    owners,
    similarities,
)
from argyle_nb.errors import ConfigurationError
from argyle_nb.frames.columns import need_columns
from argyle_nb.frames.ocr import INCOME_FIELDS, first_of
from argyle_nb.review.log import check_verdicts, settled
from argyle_nb.uploads.log import contents_of

if TYPE_CHECKING:
    import numpy.typing as npt

CONTENT, NUMBERS, ACCOUNT = "same content", "same numbers", "same account and SSN digits"
EMPLOYER = "same employer number under another name"
SSN, ADDRESS = "same SSN digits under another name", "same address"
KINDS = (CONTENT, NUMBERS, ACCOUNT, EMPLOYER, SSN, ADDRESS)
# One of these alone does not link: people share homes, payroll firms and four digits.
WEAK = (EMPLOYER, SSN, ADDRESS)
# Who work together share numbers, too, and the employer number: these do not confirm each other.
_OF_COWORKERS = {NUMBERS, EMPLOYER}
# Two who share two weak kinds may be a couple, or one person under two names.
LEAST_OF_WEAK = 3
# How many values there are: serial numbers of an SSN run from 0001 to 9999 (Social Security
# Administration), employer numbers have nine digits, a SHA-256 has 256 bits.
VALUES = {SSN: 9_999.0, EMPLOYER: 1e9, CONTENT: 2.0**256}
# Chance explains what it brings about in more than one of so many populations.
POPULATIONS = 100
COLUMNS: dict[str, Any] = {
    "kind": pd.CategoricalDtype(list(KINDS)),
    "value": "string",
    "borrowers": "int64",
    "uploads": "int64",
    "expected_by_chance": "float64",
    "times_expected": "float64",
    "chance_explains": "bool",
    "first_seen": "datetime64[ms, UTC]",
    "last_seen": "datetime64[ms, UTC]",
    "lowest_score": "Int16",
    "fraudulent": "Int64",
}
_GROUP_COLUMNS: dict[str, Any] = {
    "group": "int64",
    "borrowers": "int64",
    "uploads": "int64",
    "kinds": "string",
} | {name: COLUMNS[name] for name in ("first_seen", "last_seen", "lowest_score", "fraudulent")}
MASK = "***"
_NOT_COMPARED = (
    " Contents of files were not compared, since the SHA-256 of none of these uploads is known: "
    "pass contents=, such as the path of the upload log that they were sent with."
)
EMPLOYER_DIGITS = 9
_FORM = ["upload_id", "form"]
_NEC = "a_1099-nec-Part2-RecipientPii:recipientAddress"
_FIELDS = {
    "name": INCOME_FIELDS["employee"],
    "employer": INCOME_FIELDS["employer"],
    "ssn": TEXTS["ssn"],
    "number": ("employerIdNo", "a_1099-nec-Part1-PayerPii:payersTin"),
    "street": ("employee.address.line1", "employeeAddressLine1", f"{_NEC}:addressLine1"),
    "unit": ("employee.address.line2", "employeeAddressLine2", f"{_NEC}:addressLine2"),
    "postal_code": ("employee.address.postal_code", "employeeAddressZip", f"{_NEC}:zip"),
}
_ACCOUNT = r"net_pay\.distribution_details(?:\[\d+\])?\.account_number"
# Of a paystub; the boxes of a W-2 follow from each other by law.
_AMOUNTS = ("gross_pay", "net_pay", "gross_pay_ytd")
_NUMBERS = ["gross", "kept", "times"]


@dataclass(frozen=True, repr=False)
class Links:
    """Values that borrowers share; made by `links`.

    Parameters
    ----------
    table
        One row per shared value; columns as in `links`.
    members
        Who shares it, and in which documents: ``row`` (int64, of the table), ``borrower,
        upload_id`` (string; **personal data**), ``created_at, score, fraudulent``.
    compared
        How many borrowers were compared.
    not_used
        Reason -> how many values were left out.
    contents
        Of how many uploads the content was compared.

    Examples
    --------
    >>> from argyle_nb.frames.ocr import ocr_frame
    >>> links(ocr_frame([]), uploads)
    Links(0 shared values of 1 borrowers, contents not compared)
    """

    table: pd.DataFrame
    members: pd.DataFrame
    compared: int
    not_used: dict[str, int]
    contents: int = 0

    def __repr__(self) -> str:
        told = "" if self.contents else ", contents not compared"
        return f"Links({len(self.table):,} shared values of {self.compared:,} borrowers{told})"

    def _repr_html_(self) -> str:
        names = ["kind", "value", "borrowers", "expected_by_chance", "chance_explains"]
        rows = self.table[names].itertuples(index=False)
        heads = [notebook.heading(name) for name in names]
        return notebook.result(
            f"{len(self.table):,} values that some of {self.compared:,} borrowers share",
            self.not_used,
            tables=[notebook.table(heads, rows, of=len(self.table))],
            note="A shared value is a reason to look, not a proof; groups() leaves out what chance "
            f"explains.{'' if self.contents else _NOT_COMPARED}",
        )

    def groups(self) -> pd.DataFrame:
        """Put together the borrowers who are linked, directly or through others.

        A value links its borrowers unless chance explains it. An employer number, an address,
        the last four digits of an SSN, or numbers that chance explains never link alone; two of
        these do if at least three borrowers share both and chance does not explain that. Numbers
        and an employer number do not: coworkers share both.

        Returns
        -------
        pandas.DataFrame
            One row per group, the largest first: ``group`` (int64, from 1), ``borrowers,
            uploads`` (int64), ``kinds`` (string, separated by commas), ``first_seen, last_seen``
            (datetime64[ms, UTC]), ``lowest_score`` (Int16), ``fraudulent`` (Int64).

        Examples
        --------
        >>> from argyle_nb.frames.ocr import ocr_frame
        >>> links(ocr_frame([]), uploads).groups().empty
        True
        """
        linked = self._grouped()
        table = _summed(linked, "group")
        kind = self.table["kind"].astype("string").reindex(linked["row"]).to_numpy()
        kinds = linked.assign(kind=kind).drop_duplicates(["group", "kind"]).sort_values("kind")
        table["kinds"] = kinds.groupby("group")["kind"].agg(", ".join)
        return table.reset_index().reindex(columns=list(_GROUP_COLUMNS)).astype(_GROUP_COLUMNS)

    def group(self, number: int) -> pd.DataFrame:
        """List what the borrowers of one group share, in which documents.

        Parameters
        ----------
        number
            A number of the column ``group`` in `groups`, from 1.

        Returns
        -------
        pandas.DataFrame
            One row per document and value that at least two of them share, also of kinds
            that never link alone: ``kind`` (category), ``value`` (string, masked), ``row`` (int64,
            of the table), ``borrower, upload_id`` (string; **personal data**), ``created_at``
            (datetime64), ``score`` (Int16), ``fraudulent`` (boolean).

        Raises
        ------
        ConfigurationError
            When there is no such group.

        Examples
        --------
        >>> from argyle_nb.frames.ocr import ocr_frame
        >>> links(ocr_frame([]), uploads).group(1)
        Traceback (most recent call last):
        argyle_nb.errors.ConfigurationError: There is no group 1. There are 0 groups.
        """
        linked = self._grouped()
        if number not in set(linked["group"]):
            raise ConfigurationError(
                f"There is no group {number}. There are {linked['group'].nunique()} groups."
            )
        inside = self.members["borrower"].isin(linked.loc[linked["group"] == number, "borrower"])
        rows = self.members[inside]
        rows = rows[rows.groupby("row")["borrower"].transform("nunique") > 1]
        return self.table[["kind", "value"]].merge(rows, left_index=True, right_on="row")

    def _grouped(self) -> pd.DataFrame:
        """Give the members of the values that link, with their group, numbered by size."""
        linked = pd.concat([self._strong(), self._weak_pairs()], ignore_index=True)
        linked["group"] = _components(linked["borrower"], linked["value"])
        size = linked.groupby("group")["borrower"].transform("nunique")
        order = linked.assign(size=size).sort_values(["size", "group"], ascending=[False, True])
        linked["group"] = linked["group"].map(
            {group: number for number, group in enumerate(order["group"].unique(), 1)}
        )
        return linked

    def _strong(self) -> pd.DataFrame:
        row = self.members["row"]
        is_linking = ~(self.table["kind"].isin(WEAK) | self.table["chance_explains"])
        chosen = self.members[row.isin(self.table.index[is_linking])]
        return chosen.assign(value=chosen["row"].astype("string"))

    def _weak_pairs(self) -> pd.DataFrame:
        """Take two values of weak kinds that the same borrowers share for one value.

        So a house links those who share another thing too, not all who live there.
        """
        table = self.table
        is_weak = table["kind"].isin(WEAK) | ((table["kind"] == NUMBERS) & table["chance_explains"])
        weak = self.members.join(table.loc[is_weak, ["kind", "borrowers"]], on="row", how="inner")
        one = weak[["row", "borrower", "kind", "borrowers"]].drop_duplicates(["row", "borrower"])
        both = one.merge(one, on="borrower", suffixes=("", "_other"))
        both = both[both["kind"].cat.codes < both["kind_other"].cat.codes]
        both = both[~(both["kind"].isin(_OF_COWORKERS) & both["kind_other"].isin(_OF_COWORKERS))]
        both["value"] = both["row"].astype("string") + "+" + both["row_other"].astype("string")
        n = both.groupby("value")["borrower"].transform("size")
        expected = both["borrowers"] * both["borrowers_other"] / max(self.compared, 1)
        unlikely = _log_tail(n, expected) + np.log(max(both["value"].nunique(), 1))
        both = both[(n >= LEAST_OF_WEAK) & (unlikely <= -np.log(POPULATIONS))]
        parts = [both.assign(row=both[name]) for name in ("row", "row_other")]
        chosen: pd.DataFrame = pd.concat(parts)[["row", "borrower", "value"]]
        members: pd.DataFrame = chosen.merge(self.members, on=["row", "borrower"])
        return members


def links(
    ocr: pd.DataFrame,
    uploads: pd.DataFrame,
    contents: pd.DataFrame | str | Path | None = None,
    verdicts: pd.DataFrame | None = None,
    *,
    borrower: str = "external_id",
) -> Links:
    """Find values that several borrowers share, with how many would by chance.

    Papers of a ring are often one template, saved again under other names. But people share
    employers, homes, pay scales, and the last four digits of an SSN: among 16,719 borrowers 85%
    share theirs with another one. So a link is a reason to look at documents side by side.

    Parameters
    ----------
    ocr
        From `ocr_frame`, long.
    uploads
        From `uploads_frame`.
    contents
        ``upload_id, sha256`` of the files, or the path of an upload log, which knows them of what
        was sent from here; nothing is downloaded.
    verdicts
        From `ReviewLog.frame` or `ReviewLog.settled`, or any frame with ``upload_id`` and
        ``verdict``.
    borrower
        Column of ``uploads`` that names the borrower; where it is missing, the user, then the
        account. One borrower may have several users: each of Argyle's document verifications makes
        a new one.

    Returns
    -------
    Links
        Its ``table`` has one row per shared value, the least explained by chance first: ``kind``
        (category), ``value`` (string, masked), ``borrowers, uploads`` (int64),
        ``expected_by_chance`` (float64: how many borrowers would share it), ``times_expected``
        (float64: ``borrowers`` divided by that), ``chance_explains`` (bool: with so many values
        compared, one like this is met by chance in at least one of 100 populations),
        ``first_seen, last_seen`` (datetime64[ms, UTC], of the uploads), ``lowest_score`` (Int16),
        ``fraudulent`` (Int64: borrowers with a fraudulent verdict; missing without verdicts). Its
        method ``groups`` puts linked borrowers together.

        - ``same content``: the same file.
        - ``same numbers``: gross and net pay of a paystub, and the year to date, to the cent, under
          other names. Coworkers on one wage share them, and so do others on a usual wage: where
          most name one employer, or most with this gross pay have other numbers,
          ``expected_by_chance`` is the number of borrowers.
        - ``same account and SSN digits``: the last four digits of both, under other names.
        - ``same employer number under another name``: borrowers with the name that most borrowers
          give it are not counted. Payroll firms lend theirs to many employers.
        - ``same SSN digits under another name``: the last four.
        - ``same address``: street, unit and postal code.

    Raises
    ------
    ConfigurationError
        When a column is not there, or the upload log can't be read.
    ValidationError
        For an unknown verdict.

    Notes
    -----
    Of a value in parts the expected number is that of a permutation test, which deals out each part
    anew: all borrowers times the share of each part. The parts are account and SSN digits; street
    and postal code. Of numbers not borrowers are counted but employers with unlike names: net pay
    and the year to date follow from gross pay, so the expected number is that of the employers with
    this gross pay, times how often two employers with the same gross pay (another than this) also
    share the rest; at least the share of net pay as a part of gross pay, times that of the year to
    date as a multiple of it. Of the others it is the number of borrowers divided by the number of
    possible values.
    ``chance_explains`` bounds the tail of a Poisson distribution by Chernoff, times the values
    compared (Bonferroni); among few borrowers it takes more than two who share a value.

    Examples
    --------
    >>> from argyle_nb.frames.ocr import ocr_frame
    >>> from argyle_nb.frames.uploads import uploads_frame
    >>> papers = [{"id": "u1", "account": "a1"}, {"id": "u2", "account": "a2"}]
    >>> files = pd.DataFrame({"upload_id": ["u1", "u2"], "sha256": "5f0c" * 16})
    >>> found = links(ocr_frame(papers), uploads_frame(papers), files)
    >>> found.table[["kind", "value", "borrowers"]].values.tolist()
    [['same content', '5f0c5f0c...', 2]]
    """
    papers = _papers(ocr, uploads, borrower)
    files = _with_contents(papers, contents)
    not_used: dict[str, int] = {}
    found = [
        _shared(CONTENT, files, ["sha256"]),
        _of_several(_shared_numbers(_with_numbers(papers)), not_used),
        _of_several(_shared(ACCOUNT, _with_accounts(papers, ocr), ["account", "ssn"]), not_used),
        _shared(EMPLOYER, _beside_the_usual(papers), ["number"]),
        _of_several(_shared(SSN, papers, ["ssn"]), not_used),
        _shared(ADDRESS, papers, ["home", "postal_code"]),
    ]
    rows = pd.concat(found, ignore_index=True)
    rows = rows.join(_known_of(uploads, verdicts), on="upload_id")
    keys = ["kind", "value"]
    of_value = ["expected_by_chance", "tried", "employers"]
    table = _summed(rows, keys).join(rows.groupby(keys)[of_value].first())
    expected = table["expected_by_chance"]
    table["times_expected"] = table["borrowers"] / expected
    counted = table["employers"].fillna(table["borrowers"])  # in which chance has a hand
    unlikely = _log_tail(counted, counted / table["times_expected"]) + np.log(table["tried"])
    table["chance_explains"] = unlikely > -np.log(POPULATIONS)
    table = table.assign(unlikely=unlikely).sort_values("unlikely", kind="stable").reset_index()
    rows = rows.merge(table[keys].rename_axis("row").reset_index(), on=keys)
    table["value"] = [_masked(*key) for key in zip(table["kind"], table["value"], strict=True)]
    members = rows[["row", "borrower", "upload_id", "created_at", "score", "fraudulent"]]
    table = table.reindex(columns=list(COLUMNS)).astype(COLUMNS)
    members = members.drop_duplicates(["row", "upload_id"]).sort_values("row", ignore_index=True)
    compared, with_content = papers["borrower"].nunique(), files["upload_id"].nunique()
    return Links(table, members, compared, not_used, with_content)


def _papers(ocr: pd.DataFrame, uploads: pd.DataFrame, borrower: str) -> pd.DataFrame:
    """Give one row per form, and per upload of which nothing was read, with what may be shared."""
    need_columns(ocr, ("upload_id", "form", "field", "value", "amount"), "ocr")
    forms = pd.MultiIndex.from_frame(ocr[_FORM].drop_duplicates())
    read = pd.DataFrame(index=forms)
    for name, fields in _FIELDS.items():
        read[name] = first_of(ocr, fields, "value").reindex(forms).astype("string")
    for name in _AMOUNTS:
        amount = first_of(ocr, INCOME_FIELDS[name], "amount").reindex(forms).astype("Float64")
        read[name] = amount.mask(amount <= 0)
    for name in ("name", "employer"):
        read[name] = normalized_names(read[name])
    home = read["street"] + read["unit"].radd(" ").fillna("")
    read["home"] = normalized_names(home)
    read["postal_code"] = read["postal_code"].str.extract(r"(\d{5})", expand=False)
    read["ssn"] = read["ssn"].str.extract(r"(\d{4})\s*$", expand=False)
    number = read["number"].str.replace(r"\D", "", regex=True)
    read["number"] = number.where(number.str.len() == EMPLOYER_DIGITS)
    owned = owners(uploads, borrower)[["upload_id", "user"]].rename(columns={"user": "borrower"})
    return owned.merge(read.reset_index(), on="upload_id", how="left")


def _with_numbers(papers: pd.DataFrame) -> pd.DataFrame:
    """Take the amounts of a paystub apart: gross pay, and what is in proportion to it."""
    stubs = papers.dropna(subset=list(_AMOUNTS))
    gross, net, so_far = (stubs[name] for name in _AMOUNTS)
    texts = [stubs[name].map("{:,.2f}".format).astype("string") for name in _AMOUNTS]
    return stubs.assign(
        gross=texts[0],
        kept=(net / gross).round(4).astype("string"),
        times=(so_far / gross).round(3).astype("string"),
        amounts="gross " + texts[0] + ", net " + texts[1] + ", year to date " + texts[2],
    )


def _with_contents(
    papers: pd.DataFrame, contents: pd.DataFrame | str | Path | None
) -> pd.DataFrame:
    """Add the SHA-256 of each upload, as far as it is known."""
    if not isinstance(contents, pd.DataFrame):
        known = [] if contents is None else contents_of(Path(contents))
        contents = pd.DataFrame(known, columns=["upload_id", "sha256"])
    return papers.merge(hashes_of(contents).drop_duplicates("upload_id"), on="upload_id")


def _with_accounts(papers: pd.DataFrame, ocr: pd.DataFrame) -> pd.DataFrame:
    """Give a row for each account that a paystub is paid to."""
    rows = ocr[ocr["field"].str.fullmatch(_ACCOUNT).fillna(value=False)]
    last = rows["value"].str.replace(r"\D", "", regex=True).str[-4:]
    accounts = rows[_FORM].assign(account=last.where(last.str.len() > 2))  # noqa: PLR2004
    return papers.merge(accounts, on=_FORM)


def _beside_the_usual(papers: pd.DataFrame) -> pd.DataFrame:
    """Leave out who gives an employer number the name that most borrowers give it."""
    known = papers.dropna(subset=["number", "employer"])
    one = known.drop_duplicates(["number", "employer", "borrower"])
    usual = one.groupby("number")["employer"].agg(lambda names: names.mode().iloc[0])
    alike = _are_alike(known["employer"], known["number"].map(usual))
    share = pd.Series(alike, known.index).groupby(known["number"]).transform("mean")
    return known[~(alike & (share > 0.5))]  # noqa: PLR2004 - most


def _are_alike(names: pd.Series[Any], others: pd.Series[Any]) -> npt.NDArray[np.bool_]:
    """Tell where two names are one, as in `consistency`; a missing one is like none."""
    known = (names.fillna("") != "").to_numpy(dtype=bool)
    alike: npt.NDArray[np.bool_] = similarities(names.fillna(""), others.fillna("")) >= SIMILARITY
    return known & alike


def _shared(
    kind: str, rows: pd.DataFrame, parts: list[str], whole: str | None = None
) -> pd.DataFrame:
    """Give the rows whose value several borrowers have, and how many would by chance."""
    known = rows.dropna(subset=parts)
    value = known[whole] if whole else known[parts[0]].str.cat(known[parts[1:]], sep="\n")
    known = known.assign(kind=kind, value=value, tried=value.nunique())
    compared = known["borrower"].nunique()
    if len(parts) == 1:
        known["expected_by_chance"] = compared / VALUES[kind]
    else:
        shares = [known.groupby(name)["borrower"].transform("nunique") / compared for name in parts]
        known["expected_by_chance"] = compared * np.prod(shares, axis=0)
    columns = ["kind", "value", "borrower", "upload_id", "name", "expected_by_chance", "tried"]
    return known.loc[known.groupby("value")["borrower"].transform("nunique") > 1, columns]


def _shared_numbers(stubs: pd.DataFrame) -> pd.DataFrame:
    """Give the paystubs whose numbers are shared; employers are counted, not who works there."""
    rows = _shared(NUMBERS, stubs, ["kept", "times"], "amounts")
    one = rows.assign(employer=stubs["employer"]).drop_duplicates(["value", "borrower"])
    employers = one.groupby("value")["employer"].agg(_unlike)
    rows["employers"] = rows["value"].map(employers).astype("float64")
    at_gross = _employers_at(stubs).reindex(stubs.loc[rows.index, "gross"]).set_axis(rows.index)
    as_parts = rows["expected_by_chance"] / max(stubs["borrower"].nunique(), 1)
    chance = at_gross["alike"].clip(lower=as_parts)
    borrowers = rows.groupby("value")["borrower"].transform("nunique")
    expected = borrowers * at_gross["employers"] * chance / rows["employers"]
    # A gross pay that most have with other numbers is a usual wage.
    paid = stubs.groupby("gross")["borrower"].transform("nunique").reindex(rows.index)
    rows["employers"] = rows["employers"].where(2 * borrowers > paid, 1)
    rows["expected_by_chance"] = expected.where(rows["employers"] > 1, borrowers)
    return rows


def _employers_at(stubs: pd.DataFrame) -> pd.DataFrame:
    """Count the employers with each gross pay, and how often those with others share the rest.

    A name written in two ways counts twice, which makes chance likelier, not less.
    """
    one = stubs.dropna(subset="employer").drop_duplicates(["gross", "amounts", "employer"])
    employers = one.groupby("gross")["employer"].transform("nunique")
    sharing = one.groupby("amounts")["employer"].transform("size") - 1
    one = one.assign(alike=(sharing / (employers - 1)).where(employers > 1), employers=employers)
    found = one.groupby("gross")["alike"].agg(["sum", "count"])
    others = found.sum() - found
    alike = others["sum"] / others["count"].clip(lower=1)
    return pd.DataFrame({"employers": one.groupby("gross")["employers"].first(), "alike": alike})


def _unlike(names: pd.Series[str]) -> int:
    """Count unlike names of employers, one for each borrower; it is one if most have the usual."""
    left, found = names.dropna(), 0
    missing = len(names) - len(left)  # taken for the usual
    while len(left):
        is_usual = _are_alike(left, pd.Series(left.mode().iloc[0], left.index))
        if not found and 2 * (is_usual.sum() + missing) > len(names):
            return 1
        left, found = left[~is_usual], found + 1
    return max(found, 1)


def _of_several(rows: pd.DataFrame, not_used: dict[str, int]) -> pd.DataFrame:
    """Leave out values that people of one name share: one person with several users.

    A name that was not read is nobody else's.
    """
    known = rows.dropna(subset="name")
    known = known[known["name"] != ""]
    unlike = ~_are_alike(known["name"], known.groupby("value")["name"].transform("first"))
    several = rows["value"].isin(known.loc[unlike, "value"])
    if not several.all():
        words = f"{rows['kind'].iloc[0]}, of borrowers with one name"
        not_used[words] = rows.loc[~several, "value"].nunique()
    return rows[several]


def _known_of(uploads: pd.DataFrame, verdicts: pd.DataFrame | None) -> pd.DataFrame:
    """Give time, score and verdict of each upload."""
    table = known_of(uploads).rename(columns={"sent_at": "created_at"})
    table["fraudulent"] = pd.Series(pd.NA, table.index, dtype="boolean")
    if verdicts is not None:
        check_verdicts(verdicts)
        said = settled(verdicts) if "reviewer" in verdicts else verdicts
        caught = said.loc[said["verdict"].astype("string") == "fraudulent", "upload_id"]
        table["fraudulent"] = pd.array(table.index.isin(caught), dtype="boolean")
    return table


def _summed(rows: pd.DataFrame, by: str | list[str]) -> pd.DataFrame:
    """Give numbers, times, lowest score and verdicts of values or groups."""
    caught = rows["borrower"].where(rows["fraudulent"].fillna(value=False))
    table = (
        rows.assign(caught=caught)
        .groupby(by)
        .agg(
            borrowers=("borrower", "nunique"),
            uploads=("upload_id", "nunique"),
            first_seen=("created_at", "min"),
            last_seen=("created_at", "max"),
            lowest_score=("score", "min"),
            fraudulent=("caught", "nunique"),
        )
    )
    if rows["fraudulent"].isna().all():  # there are no verdicts
        table["fraudulent"] = pd.NA
    return table


def _log_tail(borrowers: pd.Series[Any], by_chance: pd.Series[Any]) -> npt.NDArray[np.float64]:
    """Bound the probability (its logarithm) of so many or more, by Chernoff for a Poisson."""
    n, expected = (part.to_numpy(dtype=np.float64) for part in (borrowers, by_chance))
    bound: npt.NDArray[np.float64] = n - expected + n * (np.log(expected) - np.log(n))
    return np.where(n > expected, bound, 0.0)


def _masked(kind: str, value: str) -> str:
    """Write a value so that it tells nobody who it is."""
    if kind == CONTENT:
        return f"{value[:8]}..."
    if kind == NUMBERS:
        return value
    return MASK + (value[-4:] if kind == EMPLOYER else "")


def _components(borrowers: pd.Series[str], values: pd.Series[str]) -> npt.NDArray[np.int32]:
    """Give a number to each group of borrowers who are linked by values."""
    from scipy.sparse import coo_array  # noqa: PLC0415 - importing it takes a while
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    one, other = (pd.factorize(column)[0] for column in (borrowers, values))
    other = other + len(one)
    edges = coo_array((np.ones(len(one)), (one, other)), shape=(2 * len(one), 2 * len(one)))
    groups: npt.NDArray[np.int32] = connected_components(edges, directed=False)[1][one]
    return groups
