"""What became of loans is counted beside the lowest score, and what is not known is never good."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from argyle_nb import Costs, count_outcomes
from argyle_nb.errors import ConfigurationError, DecodeError, ValidationError

LAST_DAY = pd.Timestamp("2025-12-31", tz="UTC")


def uploads_of(**scores):
    frame = pd.DataFrame({"external_id": list(scores)})
    return frame.assign(ocr_authenticity_score=pd.array(list(scores.values()), dtype="Int16"))


def loan(borrower="ann", opened="2025-01-31", bad=None, seen="2025-12-31"):
    return {"external_id": borrower, "opened_at": opened, "bad_at": bad, "last_seen_at": seen}


def outcome_of(*loans, **options):
    found = count_outcomes(uploads_of(ann=40), pd.DataFrame(list(loans)), **options)
    return found.borrowers.loc["ann", "outcome"]


def portfolio(chance, loans=2000):
    """Loans of a year whose true bad rate is known, and how they look on its last day."""
    score = chance.integers(0, 101, loans)
    rate = 0.05 + 0.35 * np.exp(-score / 25)
    opened = pd.Timestamp("2025-01-01", tz="UTC") + pd.to_timedelta(
        chance.integers(0, 365, loans), "D"
    )
    days = (opened + pd.DateOffset(months=6) - opened).days.to_numpy()
    bad = pd.Series(opened + pd.to_timedelta(chance.integers(20, days + 1), "D"))
    bad = bad.where((chance.random(loans) < rate) & (bad <= LAST_DAY))
    names = [f"b{number}" for number in range(loans)]
    frame = pd.DataFrame({"external_id": names, "ocr_authenticity_score": score})
    known = {"opened_at": opened, "bad_at": bad, "last_seen_at": bad.fillna(LAST_DAY)}
    return frame, pd.DataFrame({"external_id": names} | known), pd.Series(rate, names)


class TestWhatIsKnown:
    def test_a_loan_is_bad_on_the_last_day_of_the_window_and_good_a_day_later(self):
        assert outcome_of(loan(bad="2025-07-31")) == "bad"
        assert outcome_of(loan(bad="2025-08-01")) == "good"

    def test_a_loan_must_be_seen_for_the_whole_window_to_be_good(self):
        assert outcome_of(loan(seen="2025-07-31")) == "good"
        assert outcome_of(loan(seen="2025-07-30")) == "not_matured"

    def test_a_young_loan_that_is_bad_already_counts_no_more_than_young_good_ones(self):
        young = loan(opened="2025-11-01", bad="2025-12-01")
        assert outcome_of(young) == "not_matured"

    def test_a_bad_loan_is_not_seen_after_it_went_bad_and_counts(self):
        others = loan("ben")
        assert outcome_of(loan(bad="2025-03-01", seen="2025-03-01"), others) == "bad"

    def test_the_window_is_the_users(self):
        assert outcome_of(loan(bad="2025-04-30"), months=2) == "good"
        assert outcome_of(loan(bad="2025-04-30"), months=3) == "bad"

    def test_everybody_is_counted_once_under_one_outcome(self):
        frame = uploads_of(ann=40, ben=90, cid=80, dan=None, eve=70, fay=60)
        loans = [
            loan("ann", bad="2025-03-01"),
            loan("ben"),
            loan("cid", opened="2025-11-01"),
            loan("dan"),
            loan("gus"),
            loan("fay", bad="2024-03-01"),
        ]
        found = count_outcomes(frame, pd.DataFrame(loans))
        assert (found.outcomes()["borrowers"] == 1).all()
        assert "2 of 7 borrowers" in found.note
        assert "1 not matured, 1 no loan, 1 no upload, 1 no score, 1 wrong dates" in found.note
        assert found.gains()["borrowers"].sum() == 2
        assert repr(found).startswith("OutcomeCounts(1 bad, 1 good, 1 not_matured")

    def test_the_lowest_score_of_all_uploads_of_a_borrower_counts(self):
        frame = pd.concat([uploads_of(ann=40), uploads_of(ann=None), uploads_of(ann=15)])
        found = count_outcomes(frame.assign(user=["u1", "u1", "u2"]), pd.DataFrame([loan()]))
        assert found.borrowers["score"].tolist() == [15]

    def test_the_first_loan_with_dates_in_order_counts_and_further_ones_are_told(self):
        loans = [
            loan(opened="2025-03-01", bad="2025-04-01"),
            loan(opened="2025-02-01"),
            loan(opened="2025-01-01", bad="2024-12-31"),
        ]
        assert outcome_of(*loans) == "good"
        found = count_outcomes(uploads_of(ann=40), pd.DataFrame(loans))
        assert "Further loans of a borrower, not counted: 2." in found.note

    def test_a_score_made_after_the_loan_was_opened_is_told(self):
        made = pd.to_datetime(["2025-01-31T23:00:00", "2025-02-01T00:00:00"], utc=True)
        frame = uploads_of(ann=40, ben=50).assign(created_at=made)
        found = count_outcomes(frame, pd.DataFrame([loan(), loan("ben")]))
        assert "Lowest score made after the day the loan was opened: 1." in found.note

    def test_borrowers_may_be_numbers_or_users(self):
        frame = pd.DataFrame({"user": ["7", "8", None], "ocr_authenticity_score": [10, 20, 30]})
        loans = pd.DataFrame([loan(7.0), loan(None)]).rename(columns={"external_id": "user"})
        found = count_outcomes(frame, loans)
        assert found.outcomes()["borrowers"][["good", "no_loan"]].tolist() == [1, 1]
        assert "Uploads that name no borrower: 1." in found.note

    def test_loans_without_an_id_are_counted_each(self):
        loans = [loan(), loan(None), loan(""), loan(" ")]
        found = count_outcomes(uploads_of(ann=40), pd.DataFrame(loans))
        assert found.outcomes()["borrowers"][["good", "no_upload"]].tolist() == [1, 3]
        assert "Loans without an ID, counted as no upload: 3." in found.note
        assert "Further loans" not in found.note
        assert len(found.vintage()) == 1

    def test_uploads_without_an_id_are_told_also_where_it_is_an_empty_text(self):
        frame = pd.concat([uploads_of(ann=40), uploads_of(**{"": 10})])
        found = count_outcomes(frame, pd.DataFrame([loan()]))
        assert "Uploads that name no borrower: 1." in found.note


class TestIds:
    def test_numbers_that_lost_the_zeros_of_uploads_are_refused(self):
        frame = uploads_of(**{"0077": 10, "77": 90})
        with pytest.raises(ConfigurationError, match=r'0077\. .*dtype=\{"external_id": "string"\}'):
            count_outcomes(frame, pd.DataFrame([loan(77)]))
        found = count_outcomes(frame, pd.DataFrame([loan("0077")]))
        assert found.borrowers.loc["0077", "outcome"] == "good"

    def test_zeros_that_no_number_of_the_loans_could_have_lost_are_no_error(self):
        found = count_outcomes(uploads_of(**{"0077": 10, "78": 90}), pd.DataFrame([loan(78)]))
        assert found.outcomes()["borrowers"][["good", "no_loan"]].tolist() == [1, 1]

    def test_decimals_of_a_whole_number_are_left_out_where_only_that_is_an_upload(self):
        frame = uploads_of(**{"1003": 10, "1004.0": 90})
        found = count_outcomes(frame, pd.DataFrame([loan("1003.0"), loan("1004.0")]))
        assert found.outcomes()["borrowers"]["good"] == 2


class TestDates:
    def test_times_are_read_in_their_zone(self):
        late = loan(opened="2025-01-30T23:00:00-05:00", bad="2025-07-31T23:59:00+00:00")
        assert outcome_of(late) == "bad"

    def test_dates_come_in_several_types(self):
        days = pd.DataFrame([loan(bad="2025-03-01"), loan("ben", bad="")])
        texts = days.astype("string")
        times = days.assign(opened_at=pd.to_datetime(days["opened_at"]).dt.date)
        for loans in (days, texts, times):
            found = count_outcomes(uploads_of(ann=1, ben=2), loans)
            assert found.borrowers["outcome"].tolist() == ["bad", "good"]

    @pytest.mark.parametrize(
        "wrong",
        [
            {"bad": "2025-01-30"},
            {"bad": "2026-01-01"},
            {"seen": "2025-01-01"},
            {"seen": None},
            {"opened": None},
        ],
    )
    def test_dates_in_the_wrong_order_are_counted_as_such(self, wrong):
        assert outcome_of(loan(**wrong), loan("ben")) == "wrong_dates"

    @pytest.mark.parametrize("date", ["seen", "opened", "bad"])
    def test_a_date_in_the_future_is_wrong_and_decides_nothing_about_others(self, date):
        young = [loan(name, "2025-11-01", "2025-12-01", "2025-12-01") for name in ("ben", "cid")]
        later = pd.Timestamp.now("UTC").normalize() + pd.Timedelta(days=2)
        loans = [loan(), *young, loan("dan", **{date: later})]
        found = count_outcomes(uploads_of(ann=40, ben=10, cid=10, dan=10), pd.DataFrame(loans))
        assert found.outcomes()["borrowers"][["good", "not_matured", "wrong_dates"]].tolist() == [
            *(1, 2, 1)
        ]
        assert "Loans with a date in the future, counted as wrong dates: 1." in found.note

    def test_today_is_not_in_the_future_wherever_it_has_begun(self):
        today = pd.Timestamp.now("Pacific/Kiritimati").strftime("%Y-%m-%d")
        assert outcome_of(loan(seen=today)) == "good"

    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            (
                {"bad": "31/01/2025"},
                r"bad_at has 1 value that is no date such as .*, first 31/01/2025",
            ),
            ({"opened": "1/31/2025"}, r"to_datetime\(loans\['opened_at'\], format='%m/%d/%Y'\)"),
            ({"seen": 20250131}, "loans.last_seen_at holds numbers, not dates"),
            ({"bad": "9999-12-31"}, r"loans.bad_at has dates of 2100 or later, first 9999-12-31\."),
            ({"seen": "9999-12-31"}, "Leave empty what has not happened"),
        ],
    )
    def test_what_is_no_date_is_named(self, wrong, words):
        with pytest.raises(ValidationError, match=words):
            outcome_of(loan(**wrong))


class TestBadInput:
    def test_loans_of_other_borrowers_only_are_refused(self):
        with pytest.raises(ValidationError, match="No external_id of loans is one of uploads"):
            outcome_of(loan("L-1"))

    def test_a_missing_column_is_named(self):
        with pytest.raises(ConfigurationError, match="loans has no column last_seen_at"):
            count_outcomes(uploads_of(ann=1), pd.DataFrame([loan()]).drop(columns="last_seen_at"))

    def test_a_missing_column_of_borrowers_is_named_as_the_lenders_own_id(self):
        loans = pd.DataFrame([loan()]).drop(columns="external_id")
        with pytest.raises(ConfigurationError, match="loans has no column external_id"):
            count_outcomes(uploads_of(ann=1), loans)

    @pytest.mark.parametrize("loans", ["loans.csv", Path("loans.csv"), None])
    def test_what_is_no_table_is_named(self, loans):
        with pytest.raises(ConfigurationError, match="loans must be a DataFrame, not"):
            count_outcomes(uploads_of(ann=1), loans)

    def test_a_borrower_with_two_users_is_one_borrower(self):
        frame = uploads_of(ann=40).loc[[0, 0]].assign(user=["u1", "u2"])
        found = count_outcomes(frame.reset_index(drop=True), pd.DataFrame([loan()]))
        assert found.outcomes()["borrowers"]["good"] == len(found.borrowers) == 1

    def test_a_score_that_is_none_is_refused(self):
        with pytest.raises(DecodeError):
            count_outcomes(uploads_of(ann=101), pd.DataFrame([loan()]))

    @pytest.mark.parametrize("months", [0, 1.5, True])
    def test_the_window_is_whole_months(self, months):
        with pytest.raises(ConfigurationError, match="months must be a whole number"):
            outcome_of(loan(), months=months)

    def test_without_loans_nothing_is_known(self):
        found = count_outcomes(uploads_of(ann=1), pd.DataFrame(columns=list(loan())))
        assert found.outcomes()["borrowers"]["no_loan"] == 1
        assert found.gains()["bad_rate"].isna().all()
        assert len(found.vintage()) == 0


# What eva_dfkslift of scorecardpy 0.1.9.7 gives for ten scores of 20 borrowers each.
BAD = (9, 7, 6, 4, 5, 2, 2, 1, 0, 1)
KS = (
    0.17575858066655614,
    0.28519316862875144,
    0.3614657602387664,
    0.37141435914442056,
    0.414524954402255,
    0.3581495606035483,
    0.3017741668048417,
    0.21223677665395457,
    0.08953739015088713,
    0.0,
)


@pytest.fixture(scope="module")
def found():
    names = [f"b{number}" for number in range(200)]
    frame = uploads_of(**{name: number // 20 * 10 + 3 for number, name in enumerate(names)})
    loans = [
        loan(name, bad="2025-03-01" if number % 20 < BAD[number // 20] else None)
        for number, name in enumerate(names)
    ]
    return count_outcomes(frame, pd.DataFrame(loans))


class TestTables:
    def test_gains_are_those_of_scorecardpy(self, found):
        table = found.gains()
        assert table["bad"].tolist() == list(BAD)
        assert table["bad_rate"].tolist() == pytest.approx(np.array(BAD) / 20, abs=1e-12)
        assert table["ks"].tolist() == pytest.approx(KS, abs=1e-12)
        assert table["lift"].iloc[[0, 2, 8]].tolist() == pytest.approx(
            [2.4324324324324325, 1.981981981981982, 1.0810810810810811], abs=1e-12
        )
        assert found.summary().loc["ks_separation", "estimate"] == pytest.approx(max(KS))

    def test_the_area_is_scikit_learns(self, found):
        known = found.borrowers
        area = roc_auc_score(known["outcome"] == "bad", -known["score"].astype(int))
        assert found.summary().loc["auc", "estimate"] == pytest.approx(area, abs=1e-12)

    def test_precision_at_another_share_is_bayes(self, found):
        row = found.at_share(0.034).loc[33]
        caught, wrong = row["catch_rate"], row["false_positive_rate"]
        assert (caught, wrong) == pytest.approx((22 / 37, 38 / 163), abs=1e-12)
        by_hand = caught * 0.034 / (caught * 0.034 + wrong * 0.966)
        assert row["precision"] == pytest.approx(by_hand, abs=1e-12)
        assert row["precision_ci_low"] < row["precision"] < row["precision_ci_high"]
        same = found.at_share(37 / 200)["precision"]
        assert same.dropna().tolist() == pytest.approx(
            found.thresholds()["precision"].dropna().tolist(), abs=1e-12
        )

    def test_the_tables_of_verdicts_work_on_outcomes(self, found):
        costs = Costs(review=8, missed_fraud=4000, rejected_genuine=150)
        assert found.calibration()["fraudulent"].sum() == 37
        assert found.cost_curve(costs)["cost"].iloc[-1] == pytest.approx(8)
        assert found.plan(0.5, "fraud_rate")["enough"].iloc[-1]
        assert "200 of 200 borrowers" in found.roc().attrs["note"]

    @pytest.mark.parametrize("share", [0, 1, 3.4, "3%"])
    def test_a_share_is_between_0_and_1(self, found, share):
        with pytest.raises(ConfigurationError, match="share must be between 0 and 1"):
            found.at_share(share)

    def test_a_vintage_follows_the_months_in_which_loans_were_opened(self):
        frame = uploads_of(ann=1, ben=2, cid=3)
        loans = [loan("ann", bad="2025-03-15"), loan("ben"), loan("cid", opened="2025-10-02")]
        table = count_outcomes(frame, pd.DataFrame(loans)).vintage()
        assert table.index.strftime("%Y-%m").tolist() == ["2025-01", "2025-10"]
        assert table["not_matured"].tolist() == [0, 1]
        assert table.filter(like="bad_by").iloc[0].tolist() == [0, 0.5, 0.5, 0.5, 0.5, 0.5]
        assert table["bad_rate"].isna().tolist() == [False, True]

    def test_another_period_is_refused(self, found):
        with pytest.raises(ConfigurationError, match="Unknown period 'day'"):
            found.vintage("day")


def test_intervals_hold_the_planted_rate_where_calling_young_loans_good_is_biased():
    chance = np.random.default_rng(1)
    held, ours, naive = [], [], []
    for _ in range(25):
        frame, loans, rate = portfolio(chance)
        found = count_outcomes(frame, loans)
        table, people = found.gains(), found.borrowers
        place = np.searchsorted(table["score_from"], people["score"].astype(int), side="right")
        known = people["outcome"] != "not_matured"
        truth = rate.reindex(people.index)
        by_bin = truth[known].groupby(place[known]).mean()
        low, high = table["bad_rate_ci_low"], table["bad_rate_ci_high"]
        held += ((low <= by_bin) & (by_bin <= high)).tolist()
        ours.append((table["bad_rate"] - by_bin).mean())
        naive.append(people["bad_at"].notna().mean() - truth.mean())
    assert 0.92 < np.mean(held) < 0.98
    assert abs(np.mean(ours)) < 0.006
    assert np.mean(naive) < -0.03
