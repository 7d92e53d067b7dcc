"""Do the documents of one user agree with each other: `consistency` and its checks."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from rapidfuzz import fuzz, process

from argyle_nb.errors import ConfigurationError
from argyle_nb.frames.columns import need_columns
from argyle_nb.frames.ocr import (
    INCOME_DATES,
    INCOME_FIELDS,
    days_of,
    first_of,
    totals_of,
)
from argyle_nb.models import SCORED_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

CHECKS = (
    "employee_name",
    "employer_name",
    "ssn_last_four",
    "pay_frequency",
    "year_to_date",
    "net_of_gross",
    "w2_wages",
    "same_content",
)
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
    "reason": "string",
}
# What is compared -> where OCR puts it, in paystubs, W-2 and 1099.
TEXTS = {
    "employer": INCOME_FIELDS["employer"],
    "employee": INCOME_FIELDS["employee"],
    "ssn": (
        "employee.taxpayer_id.last_4_digits",
        "employeeSocialSecurityNumber",
        "a_1099-nec-Part2-RecipientPii:recipientTin",
    ),
    "pay_frequency": INCOME_FIELDS["pay_frequency"],
    "year": ("year",),
}
_KIND_OF_FORM = "form_type"
DAYS = {name: INCOME_FIELDS[name] for name in INCOME_DATES}
AMOUNTS = {name: INCOME_FIELDS[name] for name in ("gross_pay", "gross_pay_ytd", "net_pay", "wages")}
AMOUNTS["deductions"] = totals_of("deductions", "current_pay")
# Lines that are in gross pay and not in net pay though nobody deducts them, and the other way
# round: what an employer pays for somebody is taxed as if it were paid out, what somebody laid out
# is paid back.
BESIDE_PAY = {
    "imputed": r"group.?term.?life|\bgtl\b|imputed|personal use|domestic partner",
    "reimbursed": r"reimburs|per diem|mileage|expense",
}
_FORM = ["upload_id", "form"]
_EARNING = r"earnings\.sub_?totals\[(\d+)\]\.(description|canonical_description|current_pay)"
_DEDUCTION = r"deductions\.sub_?totals\[\d+\]\.current_pay"
_LAST_FOUR = r"(\d{4})\s*$"
# Of names, out of 100; a middle initial more or less keeps two names above it.
SIMILARITY = 85
LEGAL_FORMS = frozenset(
    {"inc", "incorporated", "llc", "ltd", "limited", "corp", "corporation", "co", "company", "lp"}
    | {"llp", "plc", "pllc"}
)
# Frequency -> days of a period: least, most, and what holidays and weekends may shift.
PERIODS = {
    "WEEKLY": (7, 7, 1),
    "BIWEEKLY": (14, 14, 2),
    "SEMIMONTHLY": (13, 16, 3),
    "MONTHLY": (28, 31, 3),
}
# Sums of rounded lines, in the currency.
ROUNDING = 0.05
_BESIDE = (
    "",
    ", without imputed income",
    ", with reimbursements",
    ", without imputed income and with reimbursements",
)
# Where stubs between two are missing, each may have paid so many times the greater of the two.
EXTRA_PAY = 1.5
# Box 1 leaves out what was put aside before tax, and may hold what the last stub does not.
LEAST_WAGES, MOST_WAGES = 0.70, 1.10
DECEMBER = 12


def consistency(
    ocr: pd.DataFrame, uploads: pd.DataFrame, contents: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Check the documents of each user against each other, both values side by side.

    A score looks at one file. Papers that were made up without a trace still have to agree with
    the other documents of the same borrower. What differs is a reason to look, not a proof: people
    change jobs and names, and OCR misreads.

    Parameters
    ----------
    ocr
        From `ocr_frame`, long; a wide one holds neither social security numbers nor deductions.
    uploads
        From `uploads_frame`, which says whose each upload is; where the user is not known, the
        account stands for it.
    contents
        ``upload_id, sha256`` of the files, if you have them.

    Returns
    -------
    pandas.DataFrame
        One row per comparison, by user and check: ``user, upload_id,
        other_upload_id`` (string; missing where a document is compared with itself), ``check``
        (category of `CHECKS`), ``value, other_value`` (string; **personal data**), ``difference``
        (Float64: points of similarity, days, or the currency), ``tolerance`` (string, in words),
        ``agrees`` (boolean), ``reason`` (string). What could not be compared has a row too, one per
        document and check that is meant for it: ``agrees`` is missing there, and ``reason`` says
        what was not read or what there was nothing to compare with. ``attrs["not_checked"]`` lists
        the checks of which no comparison could be made.

        - ``employee_name, employer_name``: against the name most of the user's documents carry
          (rapidfuzz, similarity of 85 of 100, without case, accents and legal forms).
        - ``ssn_last_four``: the same for the last four digits, exactly.
        - ``pay_frequency``: the period's length, and the days from pay date to pay date of one
          job, which are a multiple of a period (1 day off if weekly, 2 if every two weeks, 3 if
          twice or once a month).
        - ``year_to_date``: from one paystub to the next of a job and year it rises by the gross
          pay (0.05); where stubs between are missing, by 1.5 times the greater pay for each at
          most.
        - ``net_of_gross``: net pay is gross less deductions (0.05). Imputed income, such as
          group-term life, may be part of gross pay, and reimbursements of net pay.
        - ``w2_wages``: box 1 is at least 0.70 of the year to date of the job's last paystub of
          that year, and at most 1.10 of it if that is of December.
        - ``same_content``: the same file from another user; only such rows are listed.

    Raises
    ------
    ConfigurationError
        When a column is not there.

    Notes
    -----
    The tolerances are our own judgement; no standard for them is published.

    Examples
    --------
    >>> from argyle_nb.frames.ocr import ocr_frame
    >>> stubs = [{"id": name, "account": "a1", "metadata": {"ocr_data": {
    ...     "employee": {"name": who}}}} for name, who in [("u1", "Ada Oak"), ("u2", "Bo Elm")]]
    >>> from argyle_nb.frames.uploads import uploads_frame
    >>> found = consistency(ocr_frame(stubs), uploads_frame(stubs))
    >>> compared = found[found["agrees"].notna()]
    >>> compared[["check", "value", "other_value", "agrees"]].values.tolist()
    [['employee_name', 'Bo Elm', 'Ada Oak', False]]
    """
    table = forms_of(ocr, uploads)
    checks = [
        check_names(table, "employee"),
        check_names(table, "employer"),
        check_last_four(table),
        check_frequency(table),
        check_year_to_date(table),
        check_net(table),
        check_wages(table),
        check_contents(contents, uploads),
    ]
    compared = pd.concat(checks, ignore_index=True)
    rows = pd.concat([compared, _not_compared(table, compared, ocr, uploads)], ignore_index=True)
    rows["check"] = rows["check"].astype(pd.CategoricalDtype(list(CHECKS)))
    rows = rows.sort_values(["user", "check"], kind="stable").reset_index(drop=True)
    made = set(compared["check"])
    rows.attrs["not_checked"] = [name for name in CHECKS if name not in made]
    return rows[list(COLUMNS)]


def forms_of(ocr: pd.DataFrame, uploads: pd.DataFrame, borrower: str | None = None) -> pd.DataFrame:
    """Give one row per form that was read, in the order of the uploads' times.

    Read wide it holds neither social security numbers nor deductions.
    """
    need_columns(ocr, ("upload_id", "form"), "ocr")
    read = _widened(ocr) if "field" in ocr else ocr.set_index(_FORM)
    amounts = [*AMOUNTS, *BESIDE_PAY]
    texts = [*TEXTS, _KIND_OF_FORM]
    read = read.reindex(columns=[*texts, *DAYS, *amounts])
    for names, kind in ((texts, "string"), (DAYS, "datetime64[s]"), (amounts, "Float64")):
        read = read.astype(dict.fromkeys(names, kind))
    read = read.fillna(dict.fromkeys(BESIDE_PAY, 0.0))
    read["ssn"] = read["ssn"].str.extract(_LAST_FOUR, expand=False)
    owned = read.reset_index().merge(owners(uploads, borrower), on="upload_id", how="inner")
    order = owned.sort_values("created_at", kind="stable")
    return order[["upload_id", "user", *read.columns]].reset_index(drop=True)


def _widened(long: pd.DataFrame) -> pd.DataFrame:
    forms = pd.MultiIndex.from_frame(long[_FORM].drop_duplicates())
    columns: dict[str, Any] = {
        name: first_of(long, fields, "value").reindex(forms)
        for name, fields in (TEXTS | DAYS).items()
    }
    for name, fields in AMOUNTS.items():
        columns[name] = first_of(long, fields, "amount").reindex(forms)
    lines = long[long["field"].str.fullmatch(_DEDUCTION).fillna(value=False)]
    summed = lines.groupby(_FORM)["amount"].sum(min_count=1).reindex(forms)
    columns["deductions"] = columns["deductions"].astype("Float64").fillna(summed)
    columns[_KIND_OF_FORM] = long.drop_duplicates(_FORM).set_index(_FORM)[_KIND_OF_FORM]
    wide = pd.DataFrame(columns | _beside_pay(long, forms), index=forms)
    for name in DAYS:
        wide[name] = days_of(wide[name])
    return wide


def _beside_pay(long: pd.DataFrame, forms: pd.MultiIndex) -> dict[str, Any]:
    """Sum up the imputed income and the reimbursements among the earnings of each form."""
    parts = long["field"].str.extract(_EARNING).astype("string")
    lines = long[_FORM].assign(line=parts[0], part=parts[1], text=long["value"])
    lines = lines.assign(amount=long["amount"])[parts[1].notna()]
    keys = [*_FORM, "line"]
    named = lines[lines["part"] != "current_pay"].groupby(keys)["text"].agg(" ".join)
    paid = lines[lines["part"] == "current_pay"].set_index(keys)["amount"]
    names = named.reindex(paid.index).astype("string").str.lower().fillna("")
    sums = {}
    for kind, pattern in BESIDE_PAY.items():
        of_kind = paid[names.str.contains(pattern).to_numpy(dtype=bool)]
        sums[kind] = of_kind.groupby(level=_FORM).sum().reindex(forms)
    return sums


def owners(uploads: pd.DataFrame, borrower: str | None = None) -> pd.DataFrame:
    """Give ``upload_id, user, created_at`` of the uploads whose user or account is known.

    A column that names the borrower comes before both: one borrower may have several users.
    """
    names = [borrower, "user", "account"] if borrower else ["user", "account"]
    need_columns(uploads, ("id", *names, "created_at"), "uploads")
    known = ids_of(uploads[names[0]])
    for name in names[1:]:
        known = known.fillna(uploads[name].astype("string"))
    table = pd.DataFrame(
        {
            "upload_id": uploads["id"].astype("string"),
            "user": known,
            "created_at": uploads["created_at"],
        }
    )
    return table[known.notna()].drop_duplicates("upload_id")


def known_of(uploads: pd.DataFrame) -> pd.DataFrame:
    """Give ``score`` and ``sent_at`` (UTC) of each upload, by its ID."""
    need_columns(uploads, ("id", "ocr_authenticity_score", "created_at"), "uploads")
    known = uploads.drop_duplicates("id").set_index("id")
    sent_at = pd.to_datetime(known["created_at"], utc=True)
    return pd.DataFrame({"score": known["ocr_authenticity_score"], "sent_at": sent_at})


def ids_of(column: pd.Series[Any]) -> pd.Series[str]:
    """Read IDs as texts: numbers with gaps are floats in pandas, and an empty text is none."""
    known = column if column.dtype == "string" else column.convert_dtypes()
    # Of an empty column `str.strip` makes one that cannot be joined.
    ids = known.astype("string").map(str.strip, na_action="ignore").astype("string")
    return ids.mask(ids == "")


def ids_beside(column: pd.Series[Any], of_uploads: pd.Series[str], what: str) -> pd.Series[str]:
    """Read the IDs of a table of one's own as those of uploads are written.

    A number has lost its leading zeros, and would be the ID of somebody else. Decimals of a whole
    number are left out, as in a manifest, where only that is the ID of an upload.
    """
    ids = ids_of(column)
    is_number = ~column.dropna().map(lambda value: isinstance(value, str)).astype(bool)
    zeros = of_uploads[of_uploads.str.fullmatch(r"0\d+").fillna(value=False).astype(bool)]
    lost = zeros[zeros.str.replace(r"^0+(?=\d)", "", regex=True).isin(ids)]
    if is_number.any() and len(lost):
        raise ConfigurationError(
            f"{what} holds numbers, which have no leading zeros, but IDs of uploads do, such as "
            f'{lost.iloc[0]}. Read it as text: pd.read_csv(..., dtype={{"{column.name}": '
            '"string"}).'
        )
    whole = ids.str.replace(r"^(\d+)[.,](?!000$)0+$", r"\1", regex=True)
    return ids.where(ids.isin(of_uploads) | ~whole.isin(of_uploads), whole)


def check_names(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """Compare each document's name with the one that most documents of the user carry.

    rapidfuzz's ``token_sort_ratio``: words in any order, similarity 0 to 100 by insertions and
    deletions.
    """
    pairs = _beside_the_usual(table, column, normalized_names(table[column]))
    similar = similarities(pairs["compared"], pairs["other_compared"])
    return findings(
        f"{column}_name",
        pairs.assign(
            difference=100.0 - similar,
            tolerance=f"similarity of at least {SIMILARITY} of 100, case and legal form ignored",
            agrees=similar >= SIMILARITY,
        ),
    )


def similarities(ones: pd.Series[str], others: pd.Series[str]) -> npt.NDArray[Any]:
    """Compare names pair by pair, 0 to 100."""
    if ones.empty:
        return np.array([])
    return process.cpdist(ones.tolist(), others.tolist(), scorer=fuzz.token_sort_ratio)


def check_last_four(table: pd.DataFrame) -> pd.DataFrame:
    """Compare the last four digits of the social security number."""
    pairs = _beside_the_usual(table, "ssn", table["ssn"])
    same = pairs["value"] == pairs["other_value"]
    return findings("ssn_last_four", pairs.assign(tolerance="none", agrees=same))


def _beside_the_usual(table: pd.DataFrame, column: str, comparable: pd.Series[Any]) -> pd.DataFrame:
    """Pair each document with the first that has what most of the user's documents have."""
    known = table[["upload_id", "user", column]].assign(compared=comparable).dropna()
    known = known.rename(columns={column: "value"})
    known["times"] = known.groupby(["user", "compared"])["compared"].transform("size")
    usual = known.sort_values("times", ascending=False, kind="stable").drop_duplicates("user")
    pairs = known.join(usual.set_index("user").add_prefix("other_"), on="user")
    return pairs[pairs["upload_id"] != pairs["other_upload_id"]]


def normalized_name(name: str) -> str:
    """Write a name without case, accents, punctuation and legal forms."""
    # Some letters, such as one in a square, fold only once they are taken apart.
    apart = unicodedata.normalize("NFKD", name)
    letters = unicodedata.normalize("NFKD", apart.casefold())
    letters = "".join(c if c.isalnum() else " " for c in letters if not unicodedata.combining(c))
    words = letters.split()
    return " ".join([word for word in words if word not in LEGAL_FORMS] or words)


def normalized_names(names: pd.Series[Any]) -> pd.Series[Any]:
    """Write names without case, accents, punctuation and legal forms."""
    # Papers share names: each is written once.
    written = {name: normalized_name(name) for name in names.dropna().unique()}
    return names.map(written, na_action="ignore").astype("string")


def check_frequency(table: pd.DataFrame) -> pd.DataFrame:
    """Compare the pay frequency with the period's length, and with the days between pay dates."""
    stubs = _stubs(table)
    days = (stubs["pay_period_end_date"] - stubs["pay_period_start_date"]).dt.days + 1
    lengths = _frequency_rows(stubs, days, stubs["upload_id"].where(days.isna()), "a period of")
    after = _successive(stubs)
    gaps = (after["pay_date"] - after["other_pay_date"]).dt.days
    return pd.concat(
        [lengths, _frequency_rows(after, gaps, after["other_upload_id"], "pay dates apart by")],
        ignore_index=True,
    )


def _frequency_rows(
    stubs: pd.DataFrame, days: pd.Series[Any], other: pd.Series[str], what: str
) -> pd.DataFrame:
    least, most, shift = period_bounds(stubs["frequency"])
    length = days.to_numpy(dtype=np.float64)
    periods = np.maximum(np.round(length / ((least + most) / 2)), 1) if len(length) else length
    periods = np.where(other.notna(), periods, 1)
    off = np.maximum(np.maximum(periods * least - length, length - periods * most), 0)
    rows = stubs.assign(
        other_upload_id=other,
        value=stubs["pay_frequency"],
        other_value=[f"{what} {n:.0f} days" for n in length],
        difference=off,
        tolerance=[f"{n:.0f} days" for n in shift],
        agrees=off <= shift,
    )
    return findings("pay_frequency", rows[~np.isnan(off)])


def check_year_to_date(table: pd.DataFrame) -> pd.DataFrame:
    """See that the year to date rises by what was paid from one paystub to the next."""
    after = _successive(_stubs(table)).dropna(
        subset=["gross_pay", "gross_pay_ytd", "other_gross_pay_ytd"]
    )
    after = after[after["pay_date"].dt.year == after["other_pay_date"].dt.year]
    rise = (after["gross_pay_ytd"] - after["other_gross_pay_ytd"]).astype("float64")
    gross = after["gross_pay"].astype("float64")
    stubs_between = _periods(after)
    greater = np.fmax(gross, after["other_gross_pay"].astype("Float64").fillna(0).astype("float64"))
    beside = after[list(BESIDE_PAY)].sum(axis=1).astype("float64")
    most = np.where(stubs_between == 1, gross + beside, greater * EXTRA_PAY * stubs_between)
    most = np.where(np.isnan(stubs_between), np.inf, most)
    least = gross - beside
    outside = np.where(rise < least, rise - least, np.maximum(rise - most, 0))
    return findings(
        "year_to_date",
        after.assign(
            value=with_cents(after["gross_pay_ytd"]),
            other_value=with_cents(after["other_gross_pay_ytd"]),
            difference=np.round(outside, 2),
            tolerance=(
                f"rises by the gross pay, {ROUNDING}; if stubs between are missing, by at "
                f"most {EXTRA_PAY} times as much for each"
            ),
            agrees=np.abs(outside) <= ROUNDING,
        ),
    )


def check_net(table: pd.DataFrame) -> pd.DataFrame:
    """Compare net pay with gross pay less deductions, on the same paystub.

    Stubs differ in whether imputed income and reimbursements are part of their gross pay, so each
    may be counted or not; the closest sum counts.
    """
    known = table.dropna(subset=["net_pay", "gross_pay", "deductions"])
    plain = (known["gross_pay"] - known["deductions"]).astype("float64")
    imputed, reimbursed = (known[kind].astype("float64") for kind in BESIDE_PAY)
    sums = np.array([plain, plain - imputed, plain + reimbursed, plain - imputed + reimbursed])
    net = known["net_pay"].to_numpy(dtype=np.float64)
    closest = np.argmin(np.abs(sums - net), axis=0)
    expected = pd.Series(sums[closest, np.arange(len(known))], known.index)
    off = (expected.rsub(net)).round(2) + 0.0  # no "-0.0"
    return findings(
        "net_of_gross",
        known.assign(
            value=with_cents(known["net_pay"]),
            other_value=with_cents(expected),
            difference=off,
            tolerance=[f"{ROUNDING}{_BESIDE[place]}" for place in closest],
            agrees=off.abs() <= ROUNDING,
        ),
    )


def check_wages(table: pd.DataFrame) -> pd.DataFrame:
    """Compare the wages of a W-2 with the year to date of the job's last paystub of that year."""
    job = pd.Series(same_employer(table), table.index)
    wages = table.assign(job=job, year=pd.to_numeric(table["year"], errors="coerce"))
    wages = wages.dropna(subset=["wages", "year"])[["upload_id", "user", "job", "year", "wages"]]
    stubs = table.assign(job=job, year=table["pay_date"].dt.year)
    stubs = stubs.dropna(subset=["gross_pay_ytd", "pay_date"]).sort_values(
        "pay_date", kind="stable"
    )
    last = stubs.drop_duplicates(["job", "year"], keep="last")
    last = last[["job", "year", "upload_id", "gross_pay_ytd", "pay_date"]]
    last = last.rename(columns={"upload_id": "other_upload_id"}).astype({"year": "float64"})
    pairs = wages.astype({"year": "float64"}).merge(last, on=["job", "year"])
    paid, ratio = (
        pairs["gross_pay_ytd"],
        (pairs["wages"] / pairs["gross_pay_ytd"]).astype("float64"),
    )
    most = np.where(pairs["pay_date"].dt.month == DECEMBER, MOST_WAGES, np.inf)
    return findings(
        "w2_wages",
        pairs.assign(
            value=with_cents(pairs["wages"]),
            other_value=with_cents(paid),
            difference=(pairs["wages"] - paid).round(2),
            tolerance=(
                f"at least {LEAST_WAGES} of the year to date; at most {MOST_WAGES} of it for "
                "a December stub"
            ),
            agrees=(ratio >= LEAST_WAGES) & (ratio <= most),
        ),
    )


def _stubs(table: pd.DataFrame) -> pd.DataFrame:
    """Give the paystubs, with a key of their job."""
    frequency = table["pay_frequency"].str.upper().str.replace(r"[^A-Z]", "", regex=True)
    stubs = table.assign(job=same_employer(table), frequency=frequency)
    return stubs.dropna(subset=["pay_date"])


def _successive(stubs: pd.DataFrame) -> pd.DataFrame:
    """Put beside each paystub the one before it, of another day and the same job."""
    in_time = stubs.sort_values(["job", "pay_date"], kind="stable")
    before = in_time.shift(1).add_prefix("other_")
    both = in_time.join(before)
    apart = (both["job"] == both["other_job"]) & (both["pay_date"] > both["other_pay_date"])
    return both[apart.fillna(value=False)]


def _periods(after: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Count the periods between a paystub and the one before it."""
    least, most, _ = period_bounds(after["frequency"])
    gaps = (after["pay_date"] - after["other_pay_date"]).dt.days.to_numpy(dtype=np.float64)
    periods: npt.NDArray[np.float64] = np.maximum(np.round(gaps / ((least + most) / 2)), 1)
    return periods


def period_bounds(frequency: pd.Series[Any]) -> tuple[npt.NDArray[np.float64], ...]:
    """Give the least and most days of a period, and by how many a date may shift."""
    unknown = (np.nan,) * 3
    bounds = np.array([PERIODS.get(str(name), unknown) for name in frequency], dtype=np.float64)
    least, most, shift = bounds.reshape(-1, 3).T
    return least, most, shift


def same_employer(table: pd.DataFrame) -> npt.NDArray[Any]:
    """Give a key that is the same for the papers of one user's one job."""
    employer = normalized_names(table["employer"]).fillna("")
    keys: npt.NDArray[Any] = (table["user"] + ", " + employer).to_numpy()
    return keys


def check_contents(contents: pd.DataFrame | None, uploads: pd.DataFrame) -> pd.DataFrame:
    """List the files that several users sent, each against the first that another one sent."""
    if contents is None:
        return findings("same_content", {})
    owned = (
        hashes_of(contents)
        .merge(owners(uploads), on="upload_id")
        .sort_values("created_at", kind="stable")
    )
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


def hashes_of(contents: pd.DataFrame) -> pd.DataFrame:
    """Give ``upload_id, sha256`` as far as there are any, written in one way."""
    need_columns(contents, ("upload_id", "sha256"), "contents")
    sha256 = ids_of(contents["sha256"]).str.lower()
    return pd.DataFrame({"upload_id": ids_of(contents["upload_id"]), "sha256": sha256}).dropna()


# Check -> the forms it is meant for, and why nothing can be said without what was not read.
_NEEDED: dict[str, tuple[str, dict[str, str]]] = {
    "employee_name": ("any", {"employee": "the employee's name was not read"}),
    "employer_name": ("any", {"employer": "the employer's name was not read"}),
    "ssn_last_four": ("any", {"ssn": "the social security number was not read"}),
    "pay_frequency": ("stub", {"pay_frequency": "the pay frequency was not read"}),
    "year_to_date": (
        "stub",
        {
            "pay_date": "the pay date was not read",
            "gross_pay": "gross pay was not read",
            "gross_pay_ytd": "gross pay of the year to date was not read",
        },
    ),
    "net_of_gross": (
        "stub",
        {
            "gross_pay": "gross pay was not read",
            "net_pay": "net pay was not read",
            "deductions": "deductions were not read",
        },
    ),
    "w2_wages": (
        "W-2",
        {"wages": "the wages (box 1) were not read", "year": "the year was not read"},
    ),
}
_NOTHING_BESIDE = {
    "pay_frequency": (
        "no dates of its period, and no earlier paystub of the same job, to compare its pay "
        "frequency with"
    ),
    "year_to_date": "no earlier paystub of the same job and year",
    "w2_wages": "no paystub of the same employer and year with a year to date",
}
_ALONE = "no other document of the user has one"


def _not_compared(
    table: pd.DataFrame, compared: pd.DataFrame, ocr: pd.DataFrame, uploads: pd.DataFrame
) -> pd.DataFrame:
    """List the documents that a check is meant for and says nothing of, with the reason."""
    is_w2 = is_w2_form(table)
    is_stub = table[["gross_pay", "net_pay", "pay_date", "pay_frequency"]].notna().any(axis=1)
    is_stub &= ~is_w2
    meant = {"any": is_stub | is_w2 | table["employee"].notna(), "stub": is_stub, "W-2": is_w2}
    rows = _nothing_read(ocr, uploads)
    for check, (kind, needed) in _NEEDED.items():
        if "field" not in ocr and not {"ssn", "deductions"}.isdisjoint(needed):
            continue  # a wide frame holds neither
        about = compared[compared["check"] == check]
        known = {*about["upload_id"].dropna(), *about["other_upload_id"].dropna()}
        left = table[meant[kind] & ~table["upload_id"].isin(known)]
        reason = pd.Series(_NOTHING_BESIDE.get(check, _ALONE), left.index, dtype="string")
        for column, unread in reversed(needed.items()):
            reason = reason.mask(left[column].isna(), unread)
        rows.append(findings(check, left.assign(reason=reason)))
    return pd.concat(rows, ignore_index=True)


def is_w2_form(table: pd.DataFrame) -> pd.Series[bool]:
    """Mark the forms that are a W-2, by name or by its wages."""
    named = table["form_type"].str.match(r"w-?2", case=False).fillna(value=False)
    return (named | table["wages"].notna()).astype(bool)


def was_not_read(ocr: pd.DataFrame, uploads: pd.DataFrame) -> pd.Series[bool]:
    """Mark the uploads of a type that is read and of which nothing was."""
    unread = ~uploads["id"].isin(ocr["upload_id"])
    if "document_type" in uploads:
        unread &= uploads["document_type"].isin(SCORED_TYPES)
    return unread


def _nothing_read(ocr: pd.DataFrame, uploads: pd.DataFrame) -> list[pd.DataFrame]:
    """List the uploads of a type that is read and of which nothing was, and those of nobody."""
    ids = uploads["id"].astype("string")
    of_nobody = uploads["user"].isna() & uploads["account"].isna()
    reasons = {
        "user and account are not known": of_nobody,
        "no OCR data": was_not_read(ocr, uploads) & ~of_nobody,
    }
    user = uploads["user"].astype("string").fillna(uploads["account"].astype("string"))
    lines = pd.DataFrame({"upload_id": ids, "user": user})
    return [
        findings(check, lines[of_them].assign(reason=reason))
        for check in _NEEDED
        if _NEEDED[check][0] == "any"
        for reason, of_them in reasons.items()
    ]


def findings(check: str, columns: Mapping[str, Any] | pd.DataFrame) -> pd.DataFrame:
    """Make the rows of a check."""
    table = pd.DataFrame(columns).reset_index(drop=True).assign(check=check)
    return table.reindex(columns=list(COLUMNS)).astype(COLUMNS)


def with_cents(amounts: pd.Series[Any]) -> pd.Series[str]:
    """Write amounts with two decimals."""
    return amounts.map(lambda amount: f"{amount:.2f}", na_action="ignore").astype("string")
