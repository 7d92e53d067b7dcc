"""Dates and amounts: paystubs follow from each other, and the W-2 from the last of its year."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from argyle_nb.cross_checks.findings import findings, in_words
from argyle_nb.cross_checks.identity import same_employer

if TYPE_CHECKING:
    import numpy.typing as npt

# Frequency -> days of a period: least, most, and what holidays and weekends may shift.
PERIODS = {
    "WEEKLY": (7, 7, 1),
    "BIWEEKLY": (14, 14, 2),
    "SEMIMONTHLY": (13, 16, 3),
    "MONTHLY": (28, 31, 3),
}
# Sums of rounded lines, in the currency.
ROUNDING = 0.05
# Where stubs between two are missing, each may have paid so many times the greater of the two.
EXTRA_PAY = 1.5
# Box 1 leaves out what was put aside before tax, and may hold what the last stub does not.
LEAST_WAGES, MOST_WAGES = 0.70, 1.10
DECEMBER = 12


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


def check_year_to_date(table: pd.DataFrame) -> pd.DataFrame:
    """See that the year to date rises by what was paid from one paystub to the next."""
    after = _successive(_stubs(table)).dropna(subset=["gross", "gross_ytd", "other_gross_ytd"])
    after = after[after["pay_date"].dt.year == after["other_pay_date"].dt.year]
    rise = (after["gross_ytd"] - after["other_gross_ytd"]).astype("float64")
    gross = after["gross"].astype("float64")
    stubs_between = _periods(after)
    greater = np.fmax(gross, after["other_gross"].astype("Float64").fillna(0).astype("float64"))
    most = np.where(stubs_between == 1, gross, greater * EXTRA_PAY * stubs_between)
    most = np.where(np.isnan(stubs_between), np.inf, most)
    outside = np.where(rise < gross, rise - gross, np.maximum(rise - most, 0))
    return findings(
        "year_to_date",
        after.assign(
            value=in_words(after["gross_ytd"]),
            other_value=in_words(after["other_gross_ytd"]),
            difference=np.round(outside, 2),
            tolerance=f"rises by the gross pay, {ROUNDING}; with stubs missing between, by "
            f"{EXTRA_PAY} times as much for each at most",
            agrees=np.abs(outside) <= ROUNDING,
        ),
    )


def check_net(table: pd.DataFrame) -> pd.DataFrame:
    """Compare net pay with gross pay less deductions, on the same paystub."""
    known = table.dropna(subset=["net", "gross", "deductions"])
    expected = known["gross"] - known["deductions"]
    off = (known["net"] - expected).astype("float64").round(2)
    return findings(
        "net_of_gross",
        known.assign(
            value=in_words(known["net"]),
            other_value=in_words(expected),
            difference=off,
            tolerance=f"{ROUNDING}",
            agrees=off.abs() <= ROUNDING,
        ),
    )


def check_wages(table: pd.DataFrame) -> pd.DataFrame:
    """Compare the wages of a W-2 with the year to date of the job's last paystub of that year."""
    job = pd.Series(same_employer(table), table.index)
    wages = table.assign(job=job, year=pd.to_numeric(table["year"], errors="coerce"))
    wages = wages.dropna(subset=["wages", "year"])[["upload_id", "user", "job", "year", "wages"]]
    stubs = table.assign(job=job, year=table["pay_date"].dt.year)
    stubs = stubs.dropna(subset=["gross_ytd", "pay_date"]).sort_values("pay_date", kind="stable")
    last = stubs.drop_duplicates(["job", "year"], keep="last")
    last = last[["job", "year", "upload_id", "gross_ytd", "pay_date"]]
    last = last.rename(columns={"upload_id": "other_upload_id"}).astype({"year": "float64"})
    pairs = wages.astype({"year": "float64"}).merge(last, on=["job", "year"])
    paid, ratio = pairs["gross_ytd"], (pairs["wages"] / pairs["gross_ytd"]).astype("float64")
    most = np.where(pairs["pay_date"].dt.month == DECEMBER, MOST_WAGES, np.inf)
    return findings(
        "w2_wages",
        pairs.assign(
            value=in_words(pairs["wages"]),
            other_value=in_words(paid),
            difference=(pairs["wages"] - paid).round(2),
            tolerance=f"at least {LEAST_WAGES} of the year to date; at most {MOST_WAGES} of it if "
            "the stub is of December",
            agrees=(ratio >= LEAST_WAGES) & (ratio <= most),
        ),
    )


def _stubs(table: pd.DataFrame) -> pd.DataFrame:
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


def _bounds(frequency: pd.Series[Any]) -> tuple[npt.NDArray[np.float64], ...]:
    unknown = (np.nan,) * 3
    found = np.array([PERIODS.get(str(name), unknown) for name in frequency], dtype=np.float64)
    least, most, shift = found.reshape(-1, 3).T
    return least, most, shift


def _periods(after: pd.DataFrame) -> npt.NDArray[np.float64]:
    least, most, _ = _bounds(after["frequency"])
    gaps = (after["pay_date"] - after["other_pay_date"]).dt.days.to_numpy(dtype=np.float64)
    periods: npt.NDArray[np.float64] = np.maximum(np.round(gaps / ((least + most) / 2)), 1)
    return periods


def _frequency_rows(
    stubs: pd.DataFrame, days: pd.Series[Any], other: pd.Series[str], what: str
) -> pd.DataFrame:
    least, most, shift = _bounds(stubs["frequency"])
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
