"""What was read from each document, one row each, with whose it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from argyle_nb.frames.columns import need_columns
from argyle_nb.frames.ocr import first_of

if TYPE_CHECKING:
    import numpy.typing as npt

TEXTS = {
    "employer": ("employer.name", "employerName", "a_1099-nec-Part1-PayerPii:payerName"),
    "employee": ("employee.name", "employeeName", "a_1099-nec-Part2-RecipientPii:recipientName"),
    "ssn": (
        "employee.taxpayer_id.last_4_digits",
        "employeeSocialSecurityNumber",
        "a_1099-nec-Part2-RecipientPii:recipientTin",
    ),
    "pay_frequency": ("paystub_details.pay_frequency",),
    "year": ("year",),
}
DAYS = {
    "pay_period_start_date": ("paystub_details.pay_period_start_date",),
    "pay_period_end_date": ("paystub_details.pay_period_end_date",),
    "pay_date": ("paystub_details.pay_date",),
}
AMOUNTS = {
    "gross": ("earnings.totals[0].current_pay", "earnings.total.current_pay"),
    "gross_ytd": ("earnings.totals[0].ytd_pay", "earnings.total.ytd_pay"),
    "net": ("net_pay.totals.current_pay", "net_pay.total.current_pay"),
    "deductions": ("deductions.totals[0].current_pay", "deductions.total.current_pay"),
    "wages": ("wagesTipsOtherComp",),
}

_FORM = ["upload_id", "form"]
_DEDUCTION = r"deductions\.sub_?totals\[\d+\]\.current_pay"
_LAST_FOUR = r"(\d{4})\s*$"


def papers(ocr: pd.DataFrame, uploads: pd.DataFrame) -> pd.DataFrame:
    """Give one row per form that was read, in the order of the uploads' times.

    Parameters
    ----------
    ocr
        From `ocr_frame`, long or wide; wide it holds neither social security numbers nor
        deductions, so what needs them is not checked.
    uploads
        From `uploads_frame`; where the user is not known, the account stands for it.

    Returns
    -------
    pandas.DataFrame
        ``upload_id, user``, the columns of `TEXTS` (string; ``ssn`` the last four digits), of
        `DAYS` (datetime64[s]) and of `AMOUNTS` (Float64).

    Raises
    ------
    ConfigurationError
        When a column is not there.

    Examples
    --------
    >>> from argyle_nb.frames.ocr import ocr_frame
    >>> papers(ocr_frame([]), frame).columns.tolist()[:4]
    ['upload_id', 'user', 'employer', 'employee']
    """
    need_columns(ocr, ("upload_id", "form"), "ocr")
    read = _widened(ocr) if "field" in ocr else ocr.set_index(_FORM)
    read = read.reindex(columns=[*TEXTS, *DAYS, *AMOUNTS])
    for names, kind in ((TEXTS, "string"), (DAYS, "datetime64[s]"), (AMOUNTS, "Float64")):
        read = read.astype(dict.fromkeys(names, kind))
    read["ssn"] = read["ssn"].str.extract(_LAST_FOUR, expand=False)
    owned = read.reset_index().merge(owners(uploads), on="upload_id", how="inner")
    order = owned.sort_values("created_at", kind="stable")
    return order[["upload_id", "user", *read.columns]].reset_index(drop=True)


def owners(uploads: pd.DataFrame) -> pd.DataFrame:
    """Give ``upload_id, user, created_at`` of the uploads whose user or account is known.

    Examples
    --------
    >>> owners(frame)["user"].iloc[0]
    '01856c65-43b6-8b5d-b32a-56b8fbda5c28'
    """
    need_columns(uploads, ("id", "user", "account", "created_at"), "uploads")
    known = uploads["user"].astype("string").fillna(uploads["account"].astype("string"))
    table = pd.DataFrame(
        {
            "upload_id": uploads["id"].astype("string"),
            "user": known,
            "created_at": uploads["created_at"],
        }
    )
    return table[known.notna()].drop_duplicates("upload_id")


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
    wide = pd.DataFrame(columns, index=forms)
    for name in DAYS:
        wide[name] = _days(wide[name])
    return wide


def _days(texts: pd.Series[Any]) -> npt.NDArray[Any]:
    days = pd.to_datetime(texts.astype("string"), format="%Y-%m-%d", errors="coerce")
    return days.astype("datetime64[s]").to_numpy()
