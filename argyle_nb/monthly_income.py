"""What the documents say somebody earns a month, beside what was stated: `income`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from rapidfuzz import fuzz

from argyle_nb.cross_checks import (
    PERIODS,
    forms_of,
    ids_beside,
    is_w2_form,
    known_of,
    normalized_names,
    owners,
    period_bounds,
    was_not_read,
)
from argyle_nb.errors import ConfigurationError
from argyle_nb.frames.columns import need_columns
from argyle_nb.frames.ocr import amount_of

COLUMNS = {
    "borrower": "string",
    "employer": "string",
    "monthly_from_pay": "Float64",
    "monthly_from_year_to_date": "Float64",
    "monthly_from_w2": "Float64",
    "lowest": "Float64",
    "basis": "string",
    "stated": "Float64",
    "difference": "Float64",
    "agrees": "boolean",
    "lowest_score": "Int16",
    "upload_ids": "string",
    "not_used": "string",
}
MONTHLY = ("monthly_from_pay", "monthly_from_year_to_date", "monthly_from_w2")


# Frequency -> pay dates a year, and the words for it.
PAY_DATES = {"WEEKLY": 52, "BIWEEKLY": 26, "SEMIMONTHLY": 24, "MONTHLY": 12}
WORDS = dict(zip(PAY_DATES, ("weekly", "every two weeks", "twice a month", "monthly"), strict=True))
# Days of a period -> frequency; 14 days are two weeks.
BY_LENGTH = {
    days: name
    for name, (least, most, _) in reversed(PERIODS.items())
    for days in range(least, most + 1)
}
OFF_PACE = "variable pay or hired after January"
# A stub may be handed out some days before it is paid; a day more is for time zones.
DAYS_AHEAD = 8
# Of each word of two employers' names, out of 100: what OCR misreads, not north and south.
WORD_SIMILARITY = 80
MIDDLE_OF_MONTH = 15
# Of two jobs held at one time, the latest paystubs are no further apart.
PRESENT = pd.Timedelta(days=62)
OF_1099 = "a 1099 says nothing of monthly pay"


def income(
    ocr: pd.DataFrame,
    uploads: pd.DataFrame,
    stated: pd.DataFrame | None = None,
    tolerance: float = 0.10,
    *,
    borrower: str = "external_id",
) -> pd.DataFrame:
    """Work out what the documents say each borrower earns a month, beside the stated income.

    These are sums of what was read, for comparison. They are not what a lender may count on: that
    takes rules and documents that no OCR field holds.

    Parameters
    ----------
    ocr
        From `ocr_frame`, long; a wide one does not tell the currency.
    uploads
        From `uploads_frame`.
    stated
        One row per borrower: the column named by ``borrower``, and ``monthly_income`` (a number,
        or text such as ``"$5,200"``; gross, of all jobs together). A column ``currency`` is read
        if it is there.
    tolerance
        By what share figures may differ, 0 or more and below 1.
    borrower
        Column of ``uploads`` (and ``stated``) that names the borrower; where it is missing, the
        user, then the account. One borrower may have several users: each of Argyle's document
        verifications makes a new one.

    Returns
    -------
    pandas.DataFrame
        One row per borrower and employer (spellings of one employer are put together); a
        borrower of whom no document could be used has one row, too.

        - ``borrower, employer`` (string; **personal data**).
        - ``monthly_from_pay`` (Float64, USD): gross pay of the latest paystub, weekly x 52/12,
          every two weeks x 26/12, twice a month x 2, monthly x 1.
        - ``monthly_from_year_to_date``: gross pay of the year to date, divided by the pay dates
          so far, times the pay dates of a year, / 12.
        - ``monthly_from_w2``: box 1 of the latest year / 12.
        - ``lowest``: the lowest of the three, and ``basis`` (string): what they rest on. Where
          the year to date is off the pay by more than the tolerance, it says *variable pay or
          hired after January*, which is no sign of fraud.
        - ``stated`` (Float64), ``difference`` (Float64, share of the documented amount by which
          the stated one is above it), ``agrees`` (boolean): true up to the tolerance above the
          lowest amount, false above the highest, missing between them, where the documents
          themselves differ, and above the highest where the borrower also has a 1099, or documents
          of another employer of which none could be used. Incomes of several employers are
          compared as a whole. The lowest is of the jobs paid at present: those with a paystub
          within 62 days of the borrower's latest, or, without any paystub, the W-2s of the latest
          year. The highest is of all jobs, and of the two latest paystubs of each, of which one
          may be a bonus.
        - ``lowest_score`` (Int16), ``upload_ids`` (string, separated by commas).
        - ``not_used`` (string): which documents or stated amounts were not used, and why.

        ``attrs["not_used"]`` counts the reasons.

    Raises
    ------
    ConfigurationError
        When a column is not there, the tolerance is not a share, or IDs of ``stated`` were read as
        numbers and so lost leading zeros that those of uploads have.

    Notes
    -----
    Source of the factors: Fannie Mae, Selling Guide, B3-3.1-03, *How is base income calculated?*
    The year to date is divided by pay dates because elapsed months overstate the pace: a year's
    first pay date may be its second day.

    Examples
    --------
    >>> from argyle_nb.frames.ocr import ocr_frame
    >>> from argyle_nb.frames.uploads import uploads_frame
    >>> paid = {"current_pay": {"amount": "1200.00", "currency": "USD"}}
    >>> stub = {"employer": {"name": "Oak Inc."}, "earnings": {"totals": [paid]},
    ...     "paystub_details": {"pay_date": "2026-03-13", "pay_frequency": "BI_WEEKLY"}}
    >>> papers = [{"id": "u1", "account": "a1", "metadata": {"ocr_data": stub},
    ...     "created_at": "2026-03-20T10:00:00Z"}]
    >>> said = pd.DataFrame({"external_id": ["a1"], "monthly_income": [4000]})
    >>> table = income(ocr_frame(papers), uploads_frame(papers), said)
    >>> table[["monthly_from_pay", "difference", "agrees"]].values.tolist()
    [[2600.0, 0.5385, False]]
    """
    if not isinstance(tolerance, (int, float)) or not 0 <= tolerance < 1:
        raise ConfigurationError(
            f"tolerance must be a share from 0 to below 1, such as 0.10, not {tolerance!r}."
        )
    papers = _papers(ocr, uploads, borrower)
    table = _by_job(papers, tolerance)
    counted = {str(reason): n for reason, n in papers["reason"].value_counts().items()}
    if unread := int(was_not_read(ocr, uploads).sum()):
        counted["no OCR data"] = unread
    if stated is not None:
        said = _stated(stated, borrower, owners(uploads, borrower)["user"], counted)
        table = _beside_stated(table, said, tolerance, counted)
    table = table.reindex(columns=list(COLUMNS)).astype(COLUMNS)
    table = table.sort_values(["borrower", "employer"], ignore_index=True)
    table.attrs["not_used"] = counted
    return table


def _papers(ocr: pd.DataFrame, uploads: pd.DataFrame, borrower: str) -> pd.DataFrame:
    """Give the forms that are about pay, each with its job, and with a reason if it has no use."""
    papers = forms_of(ocr, uploads, borrower).join(known_of(uploads), on="upload_id")
    papers["job"] = _jobs(papers)
    papers["is_w2"] = is_w2_form(papers)
    length = (papers["pay_period_end_date"] - papers["pay_period_start_date"]).dt.days + 1
    # Where none was read, it is the one of the period's length.
    read = papers["pay_frequency"].str.upper().str.replace(r"[^A-Z]", "", regex=True)
    papers["frequency"] = read.fillna(length.map(BY_LENGTH).astype("string"))
    papers["year"] = pd.to_numeric(papers["year"], errors="coerce")
    papers["reason"] = _reasons(papers, ocr, length)
    ytd, gross = papers["gross_pay_ytd"], papers["gross_pay"]
    # The rest of such a stub is of use.
    papers["gross_pay_ytd"] = ytd.mask((ytd < gross).fillna(value=False))
    return papers


def _reasons(papers: pd.DataFrame, ocr: pd.DataFrame, length: pd.Series[Any]) -> pd.Series[str]:
    """Say of each form why it is not used, if it is not."""
    is_w2, paid = papers["is_w2"], papers["pay_date"]
    least, most, shift = period_bounds(papers["frequency"])
    days = length.to_numpy(dtype=np.float64, na_value=np.nan)
    currency = ocr.get("currency", pd.Series(pd.NA, ocr.index))
    foreign = ocr.loc[_is_foreign(currency), "upload_id"]
    sent = papers["sent_at"].dt.tz_localize(None)
    late = (paid - sent) > pd.Timedelta(days=DAYS_AHEAD)
    wrong_order = (days < 1) | (paid < papers["pay_period_start_date"])
    checks = {
        "an amount in another currency than USD": papers["upload_id"].isin(foreign),
        OF_1099: papers["form_type"].str.contains("1099"),
        "the wages (box 1) were not read": is_w2 & papers["wages"].isna(),
        "the year was not read": is_w2 & papers["year"].isna(),
        "wages of 0 or less": is_w2 & (papers["wages"] <= 0),
        "gross pay was not read": ~is_w2 & papers["gross_pay"].isna(),
        "gross pay of 0 or less": ~is_w2 & (papers["gross_pay"] <= 0),
        "the pay date was not read": ~is_w2 & paid.isna(),
        "dates in the wrong order": ~is_w2 & wrong_order,
        "a pay date after the upload": ~is_w2 & late,
        "the pay frequency was not read": ~is_w2 & papers["frequency"].isna(),
        "a pay frequency without a rule": ~is_w2 & ~papers["frequency"].isin(PAY_DATES),
        "its pay frequency does not fit its period": ~is_w2
        & ((days < least - shift) | (days > most + shift)),
    }
    return _first_true(checks)


def _is_foreign(currency: pd.Series[Any]) -> pd.Series[bool]:
    """Mark what is told to be in another currency than US dollars."""
    return ~currency.astype("string").str.strip().str.upper().fillna("").isin(["USD", ""])


def _first_true(checks: dict[str, pd.Series[Any]]) -> pd.Series[str]:
    """Give the words of the first check that is true of each row."""
    table = pd.DataFrame(checks).fillna(value=False).astype(bool)
    words: pd.Series[str] = table.idxmax(axis=1).astype("string").where(table.any(axis=1))
    return words


def _jobs(papers: pd.DataFrame) -> list[str]:
    """Give a key of borrower and employer; a name that OCR misread is that of the first like it."""
    names = normalized_names(papers["employer"]).fillna("")
    pairs = pd.DataFrame({"user": papers["user"], "name": names}).drop_duplicates()
    same: dict[tuple[str, str], str] = {}
    for user, of_user in pairs[pairs["user"].duplicated(keep=False)].groupby("user")["name"]:
        kept: list[str] = []
        for name in of_user:
            first = next((other for other in kept if _are_alike(name, other)), name)
            kept += [name] if first is name else []
            same[str(user), name] = first
    keys = zip(papers["user"], names, strict=True)
    jobs = pd.Series([same.get(key, key[1]) for key in keys], papers.index, dtype="string")
    named = jobs.where(jobs != "").groupby(papers["user"])
    # Who has one job has no other on the paper whose employer was not read.
    jobs = jobs.mask((jobs == "") & (named.transform("nunique") == 1), named.transform("first"))
    return list(papers["user"] + "\n" + jobs)


def _are_alike(one: str, other: str) -> bool:
    words, others = one.split(), other.split()
    if len(words) != len(others):
        return "".join(words) == "".join(others)  # Wal-Mart is Walmart
    return bool(words) and all(
        fuzz.ratio(a, b) >= WORD_SIMILARITY for a, b in zip(words, others, strict=True)
    )


def _by_job(papers: pd.DataFrame, tolerance: float) -> pd.DataFrame:
    """Give a row per job, with its monthly amounts and what they rest on."""
    jobs = papers.groupby("job", sort=False)
    table = pd.DataFrame(
        {
            "borrower": jobs["user"].first(),
            "employer": jobs["employer"].first(),
            "lowest_score": jobs["score"].min(),
            "upload_ids": papers.drop_duplicates(["job", "upload_id"])
            .groupby("job")["upload_id"]
            .agg(", ".join),
            "not_used": _counted(papers),
        }
    )
    a_year = papers["frequency"].map(PAY_DATES).astype("Float64")
    used = papers.assign(a_year=a_year)[papers["reason"].isna()]
    stubs = used[~used["is_w2"]]

    def latest(rows: pd.DataFrame, by: str) -> pd.DataFrame:
        last = rows.sort_values(by, kind="stable").drop_duplicates("job", keep="last")
        return last.set_index("job").reindex(table.index)

    # What is paid beside the pay of the same day is a bonus.
    stubs = stubs.sort_values(["pay_date", "gross_pay"], kind="stable")
    pay = latest(stubs, "pay_date")
    years = stubs["pay_date"].dt.year
    this_year = stubs[years == years.groupby(stubs["job"]).transform("max")]
    to_date = latest(this_year.dropna(subset=["gross_pay_ytd"]), "pay_date")
    w2 = latest(used[used["is_w2"]], "year")
    table["paid"], table["year"] = pay["pay_date"], w2["year"]
    two = stubs.groupby("job").tail(2)
    table["varied"] = (two["gross_pay"] * two["a_year"] / 12).groupby(two["job"]).max()
    so_far = _pay_dates_so_far(to_date)
    amounts = (
        pay["gross_pay"] * pay["a_year"],
        to_date["gross_pay_ytd"] / so_far * to_date["a_year"],
        w2["wages"],
    )
    for name, amount in zip(MONTHLY, amounts, strict=True):
        table[name] = (amount.astype("Float64") / 12).round(2)
    table["lowest"] = table[list(MONTHLY)].min(axis=1)
    has_1099 = papers.loc[papers["reason"] == OF_1099, "job"]
    table["may_earn_more"] = table["lowest"].isna() | table.index.isin(has_1099)
    words = pay["frequency"].map(WORDS)
    off = (table[MONTHLY[1]] / table[MONTHLY[0]] - 1).abs() > tolerance
    parts = (
        "pay of " + pay["pay_date"].dt.strftime("%Y-%m-%d").astype("string") + ", " + words,
        "year to date over " + so_far.astype("Int64").astype("string") + " pay dates",
        "W-2 of " + w2["year"].astype("Int64").astype("string"),
    )
    table["basis"] = _joined(
        *parts, pd.Series(OFF_PACE, table.index).where(off.fillna(value=False))
    )
    return table


def _joined(*parts: pd.Series[Any]) -> list[str | None]:
    """Join the texts of each row that are there."""
    rows = zip(*parts, strict=True)
    return ["; ".join(text for text in row if not pd.isna(text)) or None for row in rows]


def _counted(papers: pd.DataFrame) -> pd.Series[str]:
    """Write the reasons of each job in one text, with the number of documents."""
    counts = papers.groupby(["job", "reason"]).size().reset_index(name="n")
    texts = counts["reason"] + " (" + counts["n"].astype("string") + ")"
    told: pd.Series[str] = texts.groupby(counts["job"]).agg("; ".join)
    return told


def _pay_dates_so_far(stubs: pd.DataFrame) -> pd.Series[Any]:
    """Count the pay dates of the year up to a stub's, itself included."""
    paid, frequency = stubs["pay_date"].dt, stubs["frequency"]
    week, month = (
        frequency.map(days).astype("Float64")
        for days in ({"WEEKLY": 7, "BIWEEKLY": 14}, {"SEMIMONTHLY": 2, "MONTHLY": 1})
    )
    by_week: pd.Series[Any] = (paid.day_of_year.astype("Float64") - 1) // week + 1
    in_second_half = (paid.day > MIDDLE_OF_MONTH).astype("Float64")
    by_month = month * (paid.month - 1).astype("Float64") + 1 + (month - 1) * in_second_half
    return by_week.fillna(by_month)


def _beside_stated(
    table: pd.DataFrame, said: pd.DataFrame, tolerance: float, counted: dict[str, int]
) -> pd.DataFrame:
    """Compare the stated incomes with the documents of all of a borrower's present jobs."""
    without = said.index.difference(pd.Index(table["borrower"]))
    alone = pd.DataFrame({"borrower": without, "not_used": "no document on pay"})
    table = pd.concat([table.reset_index(drop=True), alone], ignore_index=True)
    counted |= {"no document on pay": len(without)} if len(without) else {}
    borrowers = table["borrower"]
    amounts = table[[*MONTHLY, "varied"]].astype("Float64")
    lowest, highest = (
        some.groupby(borrowers).transform("sum", min_count=1)
        for some in (amounts.min(axis=1).where(_is_present(table)), amounts.max(axis=1))
    )
    table["stated"] = borrowers.map(said["stated"]).astype("Float64")
    reason = borrowers.map(said["reason"])
    table["not_used"] = _joined(table["not_used"], reason)
    amount = table["stated"].mask(reason.notna())
    table["difference"] = (amount / lowest - 1).round(4)
    may_earn_more = table["may_earn_more"].astype("boolean").groupby(borrowers).transform("any")
    agrees = amount <= lowest * (1 + tolerance)
    table["agrees"] = agrees.mask(~agrees & ((amount <= highest * (1 + tolerance)) | may_earn_more))
    return table


def _is_present(table: pd.DataFrame) -> pd.Series[bool]:
    """Mark the jobs that are paid at present; without a paystub, those of the latest W-2s."""
    paid, year = (table[name].groupby(table["borrower"]) for name in ("paid", "year"))
    last_paid = paid.transform("max")
    of_stubs = table["paid"] >= last_paid - PRESENT
    of_w2s = (last_paid.isna() & (table["year"] == year.transform("max"))).fillna(value=False)
    present: pd.Series[bool] = of_stubs | of_w2s
    return present


def _stated(
    stated: pd.DataFrame, borrower: str, of_uploads: pd.Series[str], counted: dict[str, int]
) -> pd.DataFrame:
    """Give the stated amount of each borrower, and why one is not used."""
    need_columns(stated, (borrower, "monthly_income"), "stated")
    ids = ids_beside(stated[borrower], of_uploads, f"stated.{borrower}")
    if nameless := int(ids.isna().sum()):
        counted["a stated income that names no borrower"] = nameless
    said = stated[ids.notna()].set_index(ids.dropna())
    read = [amount_of(str(value)) for value in said["monthly_income"]]
    table = pd.DataFrame({"stated": pd.array(read, dtype="Float64")}, index=said.index)
    several = table.groupby(level=0)["stated"].transform("nunique") > 1
    currency = said["currency"] if "currency" in said else pd.Series("USD", said.index)
    checks = {
        "a stated income in another currency than USD": _is_foreign(currency),
        "several stated incomes": several,
        "a stated income that is no amount": table["stated"].isna(),
        "a stated income of 0 or less": table["stated"] <= 0,
    }
    table["reason"] = _first_true(checks)
    table = table[~table.index.duplicated()]
    counted |= {str(reason): n for reason, n in table["reason"].value_counts().items()}
    return table
