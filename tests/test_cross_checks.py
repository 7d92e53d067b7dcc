"""Documents of one user are checked against each other, with both values side by side."""

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from argyle_nb import consistency, ocr_frame, uploads_frame
from argyle_nb.cross_checks import CHECKS, forms_of, normalized_name, same_employer
from argyle_nb.errors import ConfigurationError


def usd(amount):
    return {"amount": str(amount), "currency": "USD"}


def stub(paid="2026-01-16", **changes):
    """Make a paystub of two weeks as OCR gives it; sums and dates are right."""
    facts = {
        "employee": "Nadia C. Rivera",
        "employer": "Ashgrove School Services, Inc.",
        "ssn": "7890",
        "frequency": "BI_WEEKLY",
        "gross": 1000.0,
        "ytd": 2000.0,
        "net": 760.0,
        "deductions": 240.0,
        "days": 14,
    } | changes
    end = pd.Timestamp(paid) - pd.Timedelta(days=5)
    start = end - pd.Timedelta(days=facts["days"] - 1)
    return {
        "employee": {
            "name": facts["employee"],
            "taxpayer_id": {"last_4_digits": facts["ssn"]},
        },
        "employer": {"name": facts["employer"]},
        "paystub_details": {
            "pay_period_start_date": str(start.date()),
            "pay_period_end_date": str(end.date()),
            "pay_date": paid,
            "pay_frequency": facts["frequency"],
        },
        "earnings": {
            "totals": [{"current_pay": usd(facts["gross"]), "ytd_pay": usd(facts["ytd"])}]
        },
        "deductions": {"totals": [{"current_pay": usd(facts["deductions"])}]},
        "net_pay": {"totals": {"current_pay": usd(facts["net"])}},
    }


def w2(wages="26,000.00", **changes):
    facts = {
        "year": "2025",
        "employeeName": "Nadia C. Rivera",
        "employerName": "ASHGROVE SCHOOL SERVICES INC",
        "employeeSocialSecurityNumber": "943-14-7890",
        "wagesTipsOtherComp": wages,
    } | changes
    return {
        "form_type": "W2",
        "raw_fields": {name: {"value": value} for name, value in facts.items()},
    }


def stub_with(name, amount, pay_date="2026-01-16", **facts):
    """A paystub with one more line among its earnings."""
    paper = stub(pay_date, **facts)
    paper["earnings"]["subtotals"] = [{"description": name, "current_pay": usd(amount)}]
    return paper


def records(*documents, accounts=None):
    return [
        {
            "id": f"u{number}",
            "account": accounts[number] if accounts else "a1",
            "created_at": f"2026-02-01T10:{number:02}:00Z",
            "metadata": {"ocr_data": document},
        }
        for number, document in enumerate(documents)
    ]


def checked(*documents, contents=None, accounts=None):
    made = records(*documents, accounts=accounts)
    return consistency(ocr_frame(made), uploads_frame(made), contents)


def rows(found, check):
    return found[(found["check"] == check) & found["agrees"].notna()]


def not_compared(found, check):
    """Upload -> the reason."""
    left = found[(found["check"] == check) & found["agrees"].isna()]
    return dict(zip(left["upload_id"], left["reason"], strict=True))


def only(found, check):
    [row] = rows(found, check).to_dict("records")
    return row


def test_documents_that_agree_agree_in_every_check():
    december = stub("2025-12-19", ytd=26000.0)
    found = checked(december, stub(), stub("2026-01-30", ytd=3000.0), w2())
    assert found["agrees"].all()
    assert found.attrs["not_checked"] == ["same_content"]


def test_the_frame_is_the_same_for_nothing_at_all():
    empty = checked()
    assert empty.columns.tolist() == checked(stub(), stub("2026-01-30")).columns.tolist()
    assert empty.attrs["not_checked"] == list(CHECKS)


def test_the_columns_are_there_though_no_form_was_read():
    columns = forms_of(ocr_frame([]), uploads_frame(records(stub()))).columns
    assert columns.tolist()[:4] == ["upload_id", "user", "employer", "employee"]


class TestNames:
    @pytest.mark.parametrize(
        "other", ["NADIA C RIVERA", "Rivera, Nadia C.", "Nadia Rivera", "Nádia C. Rivera"]
    )
    def test_case_order_accents_and_an_initial_do_not_matter(self, other):
        row = only(checked(stub(), w2(employeeName=other)), "employee_name")
        assert row["agrees"]
        assert (row["value"], row["other_value"]) == (other, "Nadia C. Rivera")

    def test_another_name_differs_and_both_are_shown_with_their_documents(self):
        row = only(checked(stub(), w2(employeeName="Tobias G. Underhill")), "employee_name")
        assert not row["agrees"]
        assert row["difference"] > 15
        assert (row["upload_id"], row["other_upload_id"]) == ("u1", "u0")

    def test_the_name_of_most_documents_is_what_others_are_held_against(self):
        stubs = [stub(employee="Bo Elm"), stub("2026-01-30"), stub("2026-02-13")]
        found = rows(checked(*stubs), "employee_name")
        assert found.set_index("upload_id")["agrees"].to_dict() == {"u0": False, "u2": True}

    def test_legal_forms_of_the_employer_do_not_matter(self):
        assert only(checked(stub(), w2()), "employer_name")["difference"] == 0

    def test_names_of_other_users_are_not_compared(self):
        found = checked(stub(), stub(employee="Bo Elm"), accounts=["a1", "a2"])
        assert rows(found, "employee_name").empty

    @given(st.text(max_size=20))
    @example("\N{SQUARED LATIN CAPITAL LETTER L}")
    def test_writing_a_normalized_name_again_changes_nothing(self, name):
        assert normalized_name(normalized_name(name)) == normalized_name(name)

    def test_case_accents_punctuation_and_legal_forms_are_left_out(self):
        assert normalized_name("Cobalt Building Supply, Co.") == "cobalt building supply"
        assert normalized_name("JOSÉ  O'Neil") == "jose o neil"
        assert normalized_name("The Company") == "the"
        assert normalized_name("Company, Inc.") == "company inc"

    def test_one_job_has_one_key_however_the_employer_is_written(self):
        jobs = pd.DataFrame({"user": ["u", "u"], "employer": ["Oak Inc.", "OAK"]})
        assert same_employer(jobs).tolist() == ["u, oak", "u, oak"]


class TestLastFour:
    def test_a_paystubs_four_digits_are_the_last_of_a_w2s_nine(self):
        row = only(checked(stub(), w2()), "ssn_last_four")
        assert (row["value"], row["other_value"], row["agrees"]) == ("7890", "7890", True)

    def test_other_digits_differ(self):
        found = checked(stub(), w2(employeeSocialSecurityNumber="XXX-XX-7891"))
        assert not only(found, "ssn_last_four")["agrees"]


class TestPayFrequency:
    def test_the_period_has_the_frequencys_length(self):
        row = only(checked(stub(days=30)), "pay_frequency")
        assert (row["other_value"], row["difference"]) == ("a period of 30 days", 16)
        assert not row["agrees"]

    @pytest.mark.parametrize(
        ("frequency", "days"),
        [("WEEKLY", 7), ("Bi-Weekly", 14), ("SEMI_MONTHLY", 15), ("MONTHLY", 31)],
    )
    def test_every_known_frequency_is_understood(self, frequency, days):
        assert only(checked(stub(frequency=frequency, days=days)), "pay_frequency")["agrees"]

    @pytest.mark.parametrize("frequency", ["NOT LISTED", "QUARTERLY", None])
    def test_others_are_not_checked(self, frequency):
        assert "pay_frequency" in checked(stub(frequency=frequency)).attrs["not_checked"]

    @pytest.mark.parametrize(
        ("paid", "agrees"),
        [("2026-01-30", True), ("2026-02-13", True), ("2026-01-29", True), ("2026-01-23", False)],
    )
    def test_pay_dates_are_whole_periods_apart_but_for_holidays(self, paid, agrees):
        found = rows(checked(stub(), stub(paid, ytd=3000.0)), "pay_frequency")
        between = found[found["other_upload_id"].notna()]
        assert between["agrees"].tolist() == [agrees]


class TestYearToDate:
    def test_it_may_not_fall(self):
        row = only(checked(stub(), stub("2026-01-30", ytd=1500.0)), "year_to_date")
        assert (row["value"], row["other_value"]) == ("1500.00", "2000.00")
        assert (row["difference"], row["agrees"]) == (-1500, False)

    def test_it_may_not_jump(self):
        row = only(checked(stub(), stub("2026-01-30", ytd=9000.0)), "year_to_date")
        assert (row["difference"], row["agrees"]) == (6000, False)

    @pytest.mark.parametrize(("ytd", "agrees"), [(4500.0, True), (2900.0, False), (5100.0, False)])
    def test_where_a_stub_is_missing_between_there_is_a_range(self, ytd, agrees):
        row = only(checked(stub(), stub("2026-02-13", ytd=ytd)), "year_to_date")
        assert row["agrees"] == agrees

    def test_without_a_frequency_it_must_rise_by_the_pay_at_least(self):
        none = {"frequency": None}
        high = checked(stub(**none), stub("2026-01-30", ytd=9000.0, **none))
        low = checked(stub(**none), stub("2026-01-30", ytd=2500.0, **none))
        assert only(high, "year_to_date")["agrees"]
        assert not only(low, "year_to_date")["agrees"]

    def test_a_new_year_begins_anew(self):
        found = checked(stub("2025-12-26", ytd=26000.0), stub(ytd=1000.0))
        assert rows(found, "year_to_date").empty

    def test_two_jobs_of_one_user_are_kept_apart(self):
        found = checked(stub(ytd=9000.0), stub("2026-01-30", employer="Oak Dental", ytd=1000.0))
        assert rows(found, "year_to_date").empty

    def test_the_order_of_upload_does_not_matter(self):
        found = checked(stub("2026-01-30", ytd=3000.0), stub())
        assert only(found, "year_to_date")["agrees"]


class TestNet:
    def test_net_pay_is_gross_less_deductions(self):
        row = only(checked(stub(net=1160.0)), "net_of_gross")
        assert (row["value"], row["other_value"], row["difference"]) == ("1160.00", "760.00", 400)
        assert pd.isna(row["other_upload_id"])

    def test_rounded_lines_may_be_off_by_cents(self):
        assert only(checked(stub(net=760.04)), "net_of_gross")["agrees"]

    def test_where_there_is_no_total_the_lines_are_added_up(self):
        paper = stub()
        paper["deductions"] = {"subtotals": [{"current_pay": usd(part)} for part in (200, 40)]}
        assert only(checked(paper), "net_of_gross")["agrees"]

    @pytest.mark.parametrize(
        "name", ["Group Term Life", "GTL", "Imputed income", "GROUP-TERM LIFE"]
    )
    def test_imputed_income_may_be_part_of_gross_pay(self, name):
        row = only(checked(stub_with(name, 4.54, net=755.46)), "net_of_gross")
        assert (row["agrees"], row["difference"]) == (True, 0)
        assert "without imputed income" in row["tolerance"]
        assert only(checked(stub_with(name, 4.54, net=760.0)), "net_of_gross")["agrees"]

    def test_a_reimbursement_may_be_paid_beside_gross_pay(self):
        row = only(checked(stub_with("Expense Reimbursement", 80.0, net=840.0)), "net_of_gross")
        assert row["agrees"]
        assert "with reimbursements" in row["tolerance"]

    def test_any_other_line_excuses_no_difference(self):
        assert not only(checked(stub_with("Bonus", 80.0, net=840.0)), "net_of_gross")["agrees"]

    def test_a_reimbursement_need_not_be_in_the_year_to_date(self):
        later = stub_with("Mileage reimbursement", 80.0, pay_date="2026-01-30", ytd=2920.0)
        assert only(checked(stub(ytd=2000.0), later), "year_to_date")["agrees"]


class TestWages:
    @pytest.mark.parametrize(
        ("wages", "agrees"), [("26,000.00", True), ("20,000.00", True), ("41,000.00", False)]
    )
    def test_they_fit_the_last_paystub_of_the_year(self, wages, agrees):
        row = only(checked(stub("2025-12-26", ytd=26000.0), w2(wages)), "w2_wages")
        assert row["agrees"] == agrees
        assert row["other_value"] == "26000.00"

    def test_an_earlier_stub_only_says_how_much_there_is_at_least(self):
        spring = stub("2025-03-28", ytd=6000.0)
        assert only(checked(spring, w2("26,000.00")), "w2_wages")["agrees"]
        assert not only(checked(spring, w2("3,000.00")), "w2_wages")["agrees"]

    def test_another_year_is_not_compared(self):
        assert rows(checked(stub(), w2()), "w2_wages").empty


class TestNotCompared:
    def test_a_w2_without_a_paystub_of_its_year_is_listed(self):
        found = checked(stub(), w2())
        reason = "no paystub of the same employer and year with a year to date"
        assert not_compared(found, "w2_wages") == {"u1": reason}

    def test_what_was_not_read_is_named(self):
        paper = stub()
        del paper["deductions"], paper["paystub_details"]["pay_frequency"]
        found = checked(paper)
        assert not_compared(found, "net_of_gross") == {"u0": "deductions were not read"}
        assert not_compared(found, "pay_frequency") == {"u0": "the pay frequency was not read"}

    def test_a_paystub_alone_has_nothing_beside_it(self):
        found = checked(stub())
        reason = "no earlier paystub of the same job and year"
        assert not_compared(found, "year_to_date") == {"u0": reason}
        assert not_compared(found, "ssn_last_four") == {
            "u0": "no other document of the user has one"
        }

    def test_a_document_of_which_nothing_was_read_is_listed(self):
        made = [record | {"document_type": "W-2"} for record in records(stub(), None)]
        found = consistency(ocr_frame(made), uploads_frame(made))
        assert not_compared(found, "employee_name")["u1"] == "no OCR data"

    def test_a_document_of_nobody_is_listed(self):
        found = checked(stub(), accounts=[None])
        assert not_compared(found, "employer_name") == {"u0": "user and account are not known"}

    def test_what_was_compared_has_no_reason(self):
        found = checked(stub("2025-12-19", ytd=26000.0), w2())
        assert found.loc[found["agrees"].notna(), "reason"].isna().all()
        assert not not_compared(found, "w2_wages")


class TestSameContent:
    CONTENTS = pd.DataFrame({"upload_id": ["u0", "u1", "u2"], "sha256": ["ab", "ab", "cd"]})

    def test_the_same_file_of_two_users_is_listed_with_both(self):
        found = checked(stub(), stub(), stub(), contents=self.CONTENTS, accounts=["a1", "a2", "a3"])
        row = only(found, "same_content")
        assert (row["value"], row["other_value"], row["agrees"]) == ("a2", "a1", False)
        assert (row["upload_id"], row["other_upload_id"]) == ("u1", "u0")

    def test_the_same_file_of_one_user_twice_is_not(self):
        found = checked(stub(), stub(), stub(), contents=self.CONTENTS)
        assert rows(found, "same_content").empty

    def test_a_missing_column_is_named(self):
        with pytest.raises(ConfigurationError, match="contents has no column sha256"):
            checked(stub(), contents=self.CONTENTS[["upload_id"]])


def test_a_wide_frame_does_as_far_as_it_goes():
    made = records(stub(), stub("2026-01-30", ytd=9000.0), w2(employeeName="Bo Elm"))
    long, wide = (ocr_frame(made, wide=wide) for wide in (False, True))
    uploads = uploads_frame(made)
    of_long, of_wide = (consistency(ocr, uploads) for ocr in (long, wide))
    assert {"ssn_last_four", "net_of_gross"} <= set(of_wide.attrs["not_checked"])
    assert not {"ssn_last_four", "net_of_gross"} & set(of_wide["check"])
    shared = of_long[~of_long["check"].isin(["ssn_last_four", "net_of_gross"])]
    pd.testing.assert_frame_equal(
        shared.reset_index(drop=True), of_wide.reset_index(drop=True), check_flags=False
    )


def test_uploads_without_their_columns_are_refused():
    with pytest.raises(ConfigurationError, match="uploads has no column user"):
        consistency(ocr_frame([]), pd.DataFrame({"id": [], "account": [], "created_at": []}))


@settings(max_examples=15)
@given(
    gross=st.integers(50_000, 900_000).map(lambda cents: cents / 100),
    first=st.integers(1, 8),
    steps=st.lists(st.integers(1, 3), min_size=1, max_size=5),
)
def test_an_honest_series_of_paystubs_always_agrees(gross, first, steps):
    papers, number = [], first
    for step in [0, *steps]:
        number += step
        paid = pd.Timestamp("2026-01-02") + pd.Timedelta(days=14 * (number - 1))
        net = round(gross * 0.76, 2)
        papers.append(
            stub(
                str(paid.date()),
                gross=gross,
                ytd=round(gross * number, 2),
                net=net,
                deductions=round(gross - net, 2),
            )
        )
    found = checked(*papers)
    assert found["agrees"].all(), found[~found["agrees"]].to_string()
