"""Monthly amounts of documents to the cent, and what a stated income is compared with."""

import pandas as pd
import pytest

import argyle_nb as anb
from argyle_nb import synthetic
from argyle_nb.errors import ConfigurationError
from argyle_nb.monthly_income import OFF_PACE, PAY_DATES, income

# Frequency, pay date, gross pay, year to date, pay dates so far counted on a calendar; by hand:
# monthly from pay, monthly from the year to date.
STUBS = [
    ("WEEKLY", "2026-01-02", 1785.88, 3253.29, 1, 7738.81, 14097.59),
    ("WEEKLY", "2026-01-09", 1820.67, 3641.34, 2, 7889.57, 7889.57),
    ("WEEKLY", "2026-02-27", 1784.45, 16060.05, 9, 7732.62, 7732.62),
    ("WEEKLY", "2025-12-26", 1931.27, 100923.86, 52, 8368.84, 8410.32),
    ("WEEKLY", "2026-06-12", 1084.07, 23849.54, 24, 4697.64, 4306.17),
    ("WEEKLY", "2024-12-27", 1941.93, 100980.36, 52, 8415.03, 8415.03),
    ("WEEKLY", "2026-03-06", 846.73, 9638.02, 10, 3669.16, 4176.48),
    ("WEEKLY", "2026-07-31", 1395.34, 43255.54, 31, 6046.47, 6046.47),
    ("WEEKLY", "2025-01-03", 971.7, 971.7, 1, 4210.70, 4210.70),
    ("WEEKLY", "2026-11-13", 837.68, 36857.92, 46, 3629.95, 3472.12),
    ("BI_WEEKLY", "2026-01-02", 1262.33, 1418.44, 1, 2735.05, 3073.29),
    ("BI_WEEKLY", "2026-01-16", 973.84, 1947.68, 2, 2109.99, 2109.99),
    ("BI_WEEKLY", "2026-03-13", 2594.47, 15566.82, 6, 5621.35, 5621.35),
    ("BI_WEEKLY", "2026-05-08", 5464.7, 55502.36, 10, 11840.18, 12025.51),
    ("BI_WEEKLY", "2025-12-19", 5219.3, 125263.2, 26, 11308.48, 10438.60),
    ("BI_WEEKLY", "2024-12-27", 2648.09, 68850.34, 26, 5737.53, 5737.53),
    ("BI_WEEKLY", "2026-02-06", 3684.4, 12363.33, 3, 7982.87, 8929.07),
    ("BI_WEEKLY", "2026-08-21", 648.16, 11018.72, 17, 1404.35, 1404.35),
    ("BI_WEEKLY", "2026-10-02", 1491.17, 29823.40, 20, 3230.87, 3230.87),
    ("BI_WEEKLY", "2026-04-24", 5395.45, 37768.15, 9, 11690.14, 9092.33),
    ("SEMI_MONTHLY", "2026-01-15", 4865.38, 6310.50, 1, 9730.76, 12621.00),
    ("SEMI_MONTHLY", "2026-01-31", 1472.45, 2944.90, 2, 2944.90, 2944.90),
    ("SEMI_MONTHLY", "2026-02-15", 3263.32, 9789.96, 3, 6526.64, 6526.64),
    ("SEMI_MONTHLY", "2026-02-28", 3905.92, 16225.74, 4, 7811.84, 8112.87),
    ("SEMI_MONTHLY", "2026-06-30", 5977.98, 59779.80, 12, 11955.96, 9963.30),
    ("SEMI_MONTHLY", "2024-02-29", 3630.8, 14523.2, 4, 7261.60, 7261.60),
    ("SEMI_MONTHLY", "2025-12-31", 911.97, 22071.37, 24, 1823.94, 1839.28),
    ("SEMI_MONTHLY", "2026-09-15", 6504.97, 110584.49, 17, 13009.94, 13009.94),
    ("SEMI_MONTHLY", "2026-05-31", 1731.69, 17316.90, 10, 3463.38, 3463.38),
    ("SEMI_MONTHLY", "2026-04-15", 4798.49, 23992.45, 7, 9596.98, 6854.99),
    ("MONTHLY", "2026-01-31", 3650.33, 4663.56, 1, 3650.33, 4663.56),
    ("MONTHLY", "2026-02-28", 1300.72, 2601.44, 2, 1300.72, 1300.72),
    ("MONTHLY", "2024-02-29", 777.1, 1554.2, 2, 777.10, 777.10),
    ("MONTHLY", "2026-03-31", 605.71, 2376.82, 3, 605.71, 792.27),
    ("MONTHLY", "2026-06-30", 2799.04, 11196.16, 6, 2799.04, 1866.03),
    ("MONTHLY", "2025-12-31", 1148.64, 13783.68, 12, 1148.64, 1148.64),
    ("MONTHLY", "2026-09-30", 5528.17, 50737.79, 9, 5528.17, 5637.53),
    ("MONTHLY", "2026-04-30", 4767.29, 19069.16, 4, 4767.29, 4767.29),
    ("MONTHLY", "2026-11-30", 5001.83, 55020.13, 11, 5001.83, 5001.83),
    ("MONTHLY", "2026-07-31", 1365.86, 6829.30, 7, 1365.86, 975.61),
]


def usd(amount, currency="USD"):
    return {"amount": str(amount), "currency": currency}


def stub(paid="2026-03-13", gross=1200, ytd=None, frequency="BI_WEEKLY", **changes):
    """Make a paystub as OCR gives it; by default 2,600.00 a month in its sixth pay date."""
    employer, currency = changes.get("employer", "Oak Inc."), changes.get("currency", "USD")
    earned = {"current_pay": usd(gross, currency)}
    if ytd is not None:
        earned["ytd_pay"] = usd(ytd, currency)
    details = {"pay_date": paid, "pay_frequency": frequency}
    if "period" in changes:
        details |= dict(
            zip(("pay_period_start_date", "pay_period_end_date"), changes["period"], strict=True)
        )
    return {
        "employer": {"name": employer},
        "paystub_details": details,
        "earnings": {"totals": [earned]},
    }


def w2(wages="31,200.00", year="2025", employer="OAK INC"):
    fields = {"year": year, "employerName": employer, "wagesTipsOtherComp": wages}
    return {"form_type": "W2", "raw_fields": {k: {"value": v} for k, v in fields.items()}}


A_1099 = {"form_type": "1099-NEC", "raw_fields": {"payerName": {"value": "Oak Inc."}}}


def documented(*papers, accounts=None, stated=None, sent="2026-06-30T23:30:00Z", **options):
    """Work out the income of one borrower, or of the borrowers of these accounts."""
    records = [
        {
            "id": f"u{number}",
            "account": accounts[number] if accounts else "a1",
            "document_type": "paystubs",
            "created_at": sent,
            "metadata": {"ocr_data": paper, "ocr_authenticity_score": 90 - number},
        }
        for number, paper in enumerate(papers)
    ]
    if stated is not None and not isinstance(stated, pd.DataFrame):
        stated = pd.DataFrame({"external_id": ["a1"], "monthly_income": [stated]})
    return income(anb.ocr_frame(records), anb.uploads_frame(records), stated, **options)


@pytest.mark.parametrize("by_hand", STUBS)
def test_a_stub_worked_out_by_hand_is_met_to_the_cent(by_hand):
    frequency, paid, gross, ytd, paid_so_far, pay, pace = by_hand
    [row] = documented(stub(paid, gross, ytd, frequency), sent="2027-01-01T00:00:00Z").itertuples()
    assert f"over {paid_so_far} pay dates" in row.basis
    assert (row.monthly_from_pay, row.monthly_from_year_to_date) == (pay, pace)
    assert row.lowest == min(pay, pace)


def test_a_w2_counts_a_twelfth_of_box_1_and_the_latest_year_counts():
    [row] = documented(w2("24,000.00", "2024"), w2()).itertuples()
    assert row.monthly_from_w2 == row.lowest == 2600
    assert row.basis == "W-2 of 2025"


def test_the_latest_stub_counts_and_all_documents_are_named():
    [row] = documented(stub("2026-03-13", 1200), stub("2026-02-27", 1100)).itertuples()
    assert row.monthly_from_pay == 2600
    assert row.upload_ids == "u0, u1"
    assert row.lowest_score == 89


@pytest.mark.parametrize("ytd", [3600, 9600])
def test_a_pace_off_the_pay_is_named_and_leaves_the_stated_income_undecided(ytd):
    [row] = documented(stub(ytd=ytd), stated=2600 if ytd < 7200 else 3400).itertuples()
    assert row.basis.endswith(OFF_PACE)
    assert pd.isna(row.agrees)


@pytest.mark.parametrize(
    ("stated", "difference", "agrees"),
    [(2600, 0, True), (2860, 0.1, True), (2861, 0.1004, False), (1000, -0.6154, True)],
)
def test_a_stated_income_agrees_up_to_the_tolerance(stated, difference, agrees):
    [row] = documented(stub(ytd=7200), stated=stated).itertuples()
    assert row.difference == pytest.approx(difference, abs=1e-4)
    assert row.agrees == agrees


def test_a_tolerance_that_is_no_share_is_an_error():
    for wrong in (10, "10%"):
        with pytest.raises(ConfigurationError, match="tolerance must be a share"):
            documented(stub(), tolerance=wrong)


def test_a_stated_income_is_compared_with_all_present_jobs_together():
    old, one, other = w2(employer="Elm LLC"), stub(), stub(employer="Ash Co.", gross=600)
    table = documented(old, one, other, stated=3900)
    assert table["lowest"].tolist() == [1300, 2600, 2600]
    assert table["difference"].tolist() == [0, 0, 0]
    assert table["agrees"].all()


@pytest.mark.parametrize(
    "other",
    [
        A_1099,
        {"form_type": "1099-MISC", "year": "2025"},
        stub(employer="Ash Co.", frequency="QUARTERLY"),
    ],
)
def test_a_document_of_income_that_is_not_read_leaves_a_higher_stated_one_undecided(other):
    table = documented(stub(), other, stated=3900)
    assert table["agrees"].isna().all()
    assert documented(stub(), other, stated=2600)["agrees"].all()


def test_a_second_stub_of_one_job_that_is_of_no_use_leaves_nothing_undecided():
    [row] = documented(stub(), stub("2026-02-27", gross=0), stated=3900).itertuples()
    assert not row.agrees


@pytest.mark.parametrize(
    "spelling",
    [
        "OAK TREE FOODS INC",
        "Oak Tree Foods, LLC",
        "oak tree foods",
        "Oak-Tree Foods Corp.",
        "Oak Tree Focds",
        "OakTree Foods",
    ],
)
def test_an_employer_written_in_another_way_is_the_same(spelling):
    [row] = documented(stub(employer="Oak Tree Foods Inc."), stub(employer=spelling)).itertuples()
    assert row.employer == "Oak Tree Foods Inc."


@pytest.mark.parametrize("other", ["South Oak Foods", "Oak Foods", "North Oak Motors"])
def test_a_like_name_of_another_employer_is_a_job_of_its_own(other):
    table = documented(stub(employer="North Oak Foods"), stub(employer=other))
    assert len(table) == 2


def test_a_borrower_with_two_users_has_one_row():
    papers = [stub(), w2()]
    records = [
        {"id": f"u{n}", "account": f"a{n}", "created_at": "2026-06-30T10:00:00Z"}
        | {"metadata": {"ocr_data": paper}}
        for n, paper in enumerate(papers)
    ]
    uploads = anb.uploads_frame(records)
    assert len(income(anb.ocr_frame(records), uploads)) == 2
    for column in ("external_id", "loan"):
        joined = uploads.assign(**{column: "LN-1"})
        [row] = income(anb.ocr_frame(records), joined, borrower=column).itertuples()
        assert (row.borrower, row.monthly_from_w2) == ("LN-1", 2600)


@pytest.mark.parametrize(
    ("paper", "reason"),
    [
        (stub(currency="CAD"), "an amount in another currency than USD"),
        (stub(period=("2026-03-08", "2026-02-23")), "dates in the wrong order"),
        (stub("2026-02-20", period=("2026-02-23", "2026-03-08")), "dates in the wrong order"),
        (stub("2026-07-20"), "a pay date after the upload"),
        (stub(paid=None), "the pay date was not read"),
        (stub(gross=0), "gross pay of 0 or less"),
        (stub(frequency=None), "the pay frequency was not read"),
        (stub(frequency="QUARTERLY"), "a pay frequency without a rule"),
        (
            stub(frequency="MONTHLY", period=("2026-02-23", "2026-03-08")),
            "its pay frequency does not fit its period",
        ),
        (w2(wages="0.00"), "wages of 0 or less"),
        (w2(year=""), "the year was not read"),
        ({"form_type": "1099-NEC", "year": "2025"}, "a 1099 says nothing of monthly pay"),
    ],
)
def test_a_document_that_is_not_used_is_counted_with_the_reason(paper, reason):
    table = documented(paper, stated=2600)
    assert table["lowest"].isna().all()
    assert table["agrees"].isna().all()
    assert table["not_used"].tolist() == [f"{reason} (1)"]
    assert table.attrs["not_used"] == {reason: 1}


def test_a_frequency_that_was_not_read_is_that_of_the_period():
    [row] = documented(stub(frequency=None, period=("2026-02-23", "2026-03-08"))).itertuples()
    assert row.monthly_from_pay == 2600


def test_a_year_to_date_below_the_pay_itself_is_left_out_alone():
    [row] = documented(stub(ytd=1000)).itertuples()
    assert row.monthly_from_pay == row.lowest == 2600
    assert pd.isna(row.monthly_from_year_to_date)


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "America/Los_Angeles", None])
def test_the_time_zone_of_the_uploads_changes_nothing(zone):
    records = [
        {"id": "u1", "account": "a1", "created_at": "2026-03-06T23:30:00Z"}
        | {"metadata": {"ocr_data": stub("2026-03-13")}}
    ]
    uploads = anb.uploads_frame(records)
    uploads["created_at"] = uploads["created_at"].dt.tz_convert(zone)
    [row] = income(anb.ocr_frame(records), uploads).itertuples()
    assert row.lowest == 2600


@pytest.mark.parametrize(
    ("stated", "reason"),
    [
        (0, "a stated income of 0 or less"),
        (-5, "a stated income of 0 or less"),
        ("n/a", "a stated income that is no amount"),
        (float("inf"), "a stated income that is no amount"),
        (True, "a stated income that is no amount"),
        (None, "a stated income that is no amount"),
    ],
)
def test_a_stated_income_that_is_none_is_counted_with_the_reason(stated, reason):
    table = documented(
        stub(), stated=pd.DataFrame({"external_id": ["a1"], "monthly_income": [stated]})
    )
    assert table["not_used"].tolist() == [reason]
    assert table["difference"].isna().all()
    assert table.attrs["not_used"] == {reason: 1}


def test_a_stated_income_may_be_text_and_say_its_currency():
    said = pd.DataFrame(
        {
            "external_id": ["a1", "a2"],
            "monthly_income": ["$2,600.00", "2600"],
            "currency": ["USD", "MXN"],
        }
    )
    table = documented(stub(), stub(), accounts=["a1", "a2"], stated=said)
    assert table["agrees"].tolist() == [True, pd.NA]
    assert table["not_used"].tolist()[1] == "a stated income in another currency than USD"


def test_us_dollars_may_be_written_in_small_letters():
    said = pd.DataFrame({"external_id": ["a1"], "monthly_income": [2600], "currency": [" usd"]})
    assert documented(stub(currency="usd"), stated=said)["agrees"].tolist() == [True]


def test_borrowers_may_be_numbers_with_gaps():
    said = pd.DataFrame({"external_id": [7, None], "monthly_income": [2600, 5200]})
    assert documented(stub(), accounts=["7"], stated=said)["agrees"].tolist() == [True]


def test_stated_incomes_that_name_no_borrower_are_counted():
    said = pd.DataFrame({"external_id": ["a1", None, " "], "monthly_income": 2600})
    told = {"a stated income that names no borrower": 2}
    assert documented(stub(), stated=said).attrs["not_used"] == told


def test_stated_ids_that_lost_the_zeros_of_uploads_are_refused():
    said = pd.DataFrame({"external_id": [77], "monthly_income": [2600]})
    with pytest.raises(ConfigurationError, match=r"stated\.external_id holds .*such as 0077"):
        documented(stub(), stub(), accounts=["0077", "77"], stated=said)
    texts = said.assign(external_id="77.0")
    assert documented(stub(), accounts=["77"], stated=texts)["agrees"].tolist() == [True]


def test_two_stated_incomes_of_a_borrower_are_not_guessed_between():
    said = pd.DataFrame({"external_id": ["a1", "a1"], "monthly_income": [2600, 5200]})
    assert documented(stub(), stated=said)["not_used"].tolist() == ["several stated incomes"]


def test_a_borrower_without_documents_has_a_row_with_the_reason():
    said = pd.DataFrame({"external_id": ["a1", "a9"], "monthly_income": [2600, 2600]})
    table = documented(stub(), stated=said).set_index("borrower")
    assert table.loc["a9", "not_used"] == "no document on pay"


def test_nothing_read_is_an_empty_table_with_its_columns_and_the_count():
    table = documented(None, None)
    assert table.empty
    assert table.dtypes.astype(str)["agrees"] == "boolean"
    assert table.attrs["not_used"] == {"no OCR data": 2}


def test_a_missing_column_of_the_stated_incomes_is_named():
    with pytest.raises(ConfigurationError, match="monthly_income"):
        documented(stub(), stated=pd.DataFrame({"external_id": ["a1"]}))


def test_stated_incomes_that_were_planted_too_high_are_found_and_no_others():
    made = synthetic.make_portfolio(1_500, fraud_share=0.08)
    uploads = anb.uploads_frame(made.pages, accounts=made.accounts, users=made.users)
    table = income(anb.ocr_frame(made.pages), uploads, made.stated)
    table = table.dropna(subset=["lowest"]).merge(
        made.borrowers, left_on="borrower", right_on="external_id"
    )
    named = table["agrees"].eq(False).fillna(value=False).astype(bool)
    assert named[table["overstated"]].mean() > 0.95
    assert not named[~table["overstated"]].any()
    steady = ~(table["variable_pay"] | table["hired_after_january"])
    assert not table.loc[steady, "basis"].str.contains(OFF_PACE).any()


def test_pay_dates_a_year_are_those_of_the_published_table():
    assert list(PAY_DATES.values()) == [52, 26, 24, 12]


OAK, ELM = {"employer": "Oak Inc."}, {"employer": "Elm LLC"}


@pytest.mark.parametrize(
    ("documents", "stated", "agrees"),
    [
        pytest.param(
            [stub("2026-06-12", 2000, **OAK), stub("2026-06-12", 200, **OAK)],
            4333,
            True,
            id="a bonus beside the pay of the same day",
        ),
        pytest.param(
            [stub("2026-06-12", 2000, **OAK), stub("2026-06-15", 200, **OAK)],
            4333,
            pd.NA,
            id="a bonus after the last pay",
        ),
        pytest.param(
            [stub("2026-06-12", 300, **ELM), stub("2026-06-12", "x", **OAK)],
            5850,
            pd.NA,
            id="a paystub of another job that could not be read",
        ),
        pytest.param(
            [stub("2026-06-12", 2000, **OAK), stub("2026-06-12", 900, currency="CAD", **ELM)],
            6333,
            pd.NA,
            id="pay of another job in another currency",
        ),
        pytest.param(
            [stub("2026-06-12", 1200, **OAK), w2("24,000.00", "2025", "Elm LLC")],
            4600,
            pd.NA,
            id="a W-2 of another job that may still be held",
        ),
        pytest.param(
            [stub("2026-06-12", 1200, **OAK), stub("2024-07-05", 1200, **ELM)],
            5200,
            pd.NA,
            id="a job of two years ago",
        ),
        pytest.param(
            [w2("31,200.00", "2025", "Oak Inc."), w2("31,200.00", "2023", "Elm LLC")],
            5200,
            pd.NA,
            id="W-2s of two employers and years",
        ),
        pytest.param(
            [stub("2026-06-12", 1200, **OAK), stub("2026-05-29", 1200, employer=None)],
            5200,
            False,
            id="a paystub whose employer was not read, of somebody with one job",
        ),
        pytest.param(
            [stub("2026-06-12", 1200, **OAK), stub("2026-06-12", 1200, **ELM)],
            5200,
            True,
            id="two jobs at one time",
        ),
    ],
)
def test_what_other_documents_may_hold_is_neither_counted_nor_held_against(
    documents, stated, agrees
):
    [found] = documented(*documents, stated=stated)["agrees"].unique()
    assert found is agrees or found == agrees


def test_the_year_to_date_is_that_of_the_year_of_the_latest_paystub():
    old = stub("2023-06-30", 900, ytd=11700, **OAK)
    table = documented(stub("2026-06-12", 2000, **OAK), old)
    assert pd.isna(table.loc[0, "monthly_from_year_to_date"])
