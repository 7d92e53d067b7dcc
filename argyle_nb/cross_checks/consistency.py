"""All checks, one tidy frame."""

from __future__ import annotations

import pandas as pd

from argyle_nb.cross_checks.findings import COLUMNS
from argyle_nb.cross_checks.identity import check_contents, check_last_four, check_names
from argyle_nb.cross_checks.papers import papers
from argyle_nb.cross_checks.pay import check_frequency, check_net, check_wages, check_year_to_date

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


def consistency(
    ocr: pd.DataFrame, uploads: pd.DataFrame, contents: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Check the documents of each user against each other, both values side by side.

    A score looks at one file. Papers that were made up without a trace still have to agree with
    the other papers of the same person. What differs is a reason to look, not a proof: people
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
        One row per comparison that could be made, by user and check: ``user, upload_id,
        other_upload_id`` (string; missing where a document is compared with itself), ``check``
        (category of `CHECKS`), ``value, other_value`` (string; **personal data**), ``difference``
        (Float64: points of similarity, days, or the currency), ``tolerance`` (string, in words),
        ``agrees`` (boolean). ``attrs["not_checked"]`` lists the checks for which there was nothing
        to compare.

        - ``employee_name, employer_name``: against the name most of the user's documents carry
          (rapidfuzz, similarity of 85 of 100, without case, accents and legal forms).
        - ``ssn_last_four``: the same for the last four digits, exactly.
        - ``pay_frequency``: the period's length, and the days from pay date to pay date of one
          job, which are a multiple of a period (1 day off if weekly, 2 if every two weeks, 3 if
          twice or once a month).
        - ``year_to_date``: from one paystub to the next of a job and year it rises by the gross
          pay (0.05); where stubs between are missing, by 1.5 times the greater pay for each at
          most.
        - ``net_of_gross``: net pay is gross less deductions (0.05).
        - ``w2_wages``: box 1 is at least 0.70 of the year to date of the job's last paystub of
          that year, and at most 1.10 of it if that is of December.
        - ``same_content``: the same file from another user; only such rows are listed.

    Raises
    ------
    ConfigurationError
        When a column is not there, or rapidfuzz is not installed.

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
    >>> found[["check", "value", "other_value", "agrees"]].values.tolist()
    [['employee_name', 'Bo Elm', 'Ada Oak', False]]
    """
    table = papers(ocr, uploads)
    rows = [
        check_names(table, "employee"),
        check_names(table, "employer"),
        check_last_four(table),
        check_frequency(table),
        check_year_to_date(table),
        check_net(table),
        check_wages(table),
        check_contents(contents, uploads),
    ]
    found = pd.concat(rows, ignore_index=True)
    found["check"] = found["check"].astype(pd.CategoricalDtype(list(CHECKS)))
    found = found.sort_values(["user", "check"], kind="stable").reset_index(drop=True)
    found.attrs["not_checked"] = [name for name in CHECKS if not (found["check"] == name).any()]
    return found[list(COLUMNS)]
