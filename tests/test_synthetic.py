"""The synthetic uploads hold what their page says was put in, and the methods find it."""

import pandas as pd
import pytest

import argyle_nb as anb
from argyle_nb import synthetic


@pytest.fixture(scope="module")
def made():
    return synthetic.make_uploads(12_000)


@pytest.fixture(scope="module")
def uploads(made):
    return anb.uploads_frame(made.pages, accounts=made.accounts)


def test_there_are_as_many_as_asked_for_and_each_has_a_user(made, uploads):
    assert len(uploads) == len(made.truth) == len(made.contents) == 12_000
    assert uploads["user"].notna().all()


def test_the_same_seed_makes_the_same_and_another_one_others():
    first, again, other = (synthetic.make_uploads(uploads=300, seed=seed) for seed in (1, 1, 2))
    assert first.pages == again.pages
    assert first.pages != other.pages


def test_fraud_is_as_frequent_as_the_page_says(made, uploads):
    truth = made.truth.merge(uploads[["id", "document_type"]], left_on="upload_id", right_on="id")
    others = truth[truth["employer"] != synthetic.RING_EMPLOYER]
    rates = others.groupby("document_type", observed=True)["fraudulent"].mean()
    for document_type, rate in synthetic.FRAUD_RATES.items():
        assert rates[document_type] == pytest.approx(rate, abs=0.012)
    ring = truth[truth["employer"] == synthetic.RING_EMPLOYER]
    assert ring["fraudulent"].mean() > 0.2


def test_paystubs_drift_and_w2s_do_not(uploads):
    scored = uploads.dropna(subset=["ocr_authenticity_score"])
    late = scored["created_at"] >= "2026-05-11"
    medians = scored.groupby(["document_type", late], observed=True)["ocr_authenticity_score"]
    change = medians.median().unstack().diff(axis=1)[True]
    assert change["paystubs"] <= -6
    assert abs(change["W-2"]) <= 2


def test_the_new_signal_is_first_seen_when_it_was_put_in(made, uploads):
    table = anb.signal_pareto(anb.signals_frame(made.pages), uploads)
    seen = table.loc[("signal", "pay_frequency_edits"), "first_seen"]
    assert 0 <= (seen - uploads["created_at"].min().normalize()).days - 140 < 14


def test_contradictions_that_were_put_in_are_found_and_no_others(made, uploads):
    checks = anb.consistency(anb.ocr_frame(made.pages), uploads, made.contents)
    owner = dict(zip(uploads["id"], uploads["user"], strict=True))
    scored = uploads.loc[uploads["ocr_authenticity_score"].notna(), "id"]
    put_in = made.truth[made.truth["upload_id"].isin(scored)]
    differ = checks[~checks["agrees"]]
    for check in ("employee_name", "ssn_last_four", "net_of_gross", "pay_frequency"):
        planted = set(put_in.loc[put_in["contradicts"] == check, "upload_id"].map(owner))
        found = set(differ.loc[differ["check"] == check, "user"])
        assert found <= planted
        assert len(found) >= 0.9 * len(planted) > 0


def test_verdicts_on_a_sample_find_the_share_of_fraud(made, uploads):
    chosen = anb.review.sample(uploads, 800)
    said = chosen[["upload_id"]].assign(
        verdict=synthetic.review_as(made.truth, chosen["upload_id"], 1.0, 1)
    )
    found = anb.count_verdicts(uploads, said, chosen).summary().loc["fraud_rate"]
    scored = uploads.loc[uploads["ocr_authenticity_score"].notna(), "id"]
    put_in = made.truth.set_index("upload_id")["fraudulent"].reindex(scored).mean()
    assert found["estimate_ci_low"] <= put_in <= found["estimate_ci_high"]


def test_an_analyst_is_right_as_often_as_asked_for_and_sometimes_unsure(made):
    ids = made.truth["upload_id"]
    said = synthetic.review_as(made.truth, ids, 0.9, 3)
    right = made.truth["fraudulent"].map({True: "fraudulent", False: "genuine"})
    assert said.count("unsure") / len(ids) == pytest.approx(0.03, abs=0.01)
    sure = [a == b for a, b in zip(said, right, strict=True) if a != "unsure"]
    assert sum(sure) / len(sure) == pytest.approx(0.9, abs=0.02)


@pytest.fixture(scope="module")
def portfolio():
    return synthetic.make_portfolio(2_000, fraud_share=0.08)


def test_a_portfolio_has_as_many_borrowers_and_as_much_fraud_as_asked_for(portfolio):
    assert portfolio.borrowers["external_id"].nunique() == len(portfolio.borrowers) == 2_000
    assert portfolio.borrowers["fraudulent"].mean() == 0.08
    assert len(portfolio.truth) == len(portfolio.contents)


@pytest.mark.parametrize("share", [0, 0.034, 0.14])
def test_the_share_of_fraud_can_be_set(share):
    made = synthetic.make_portfolio(500, fraud_share=share)
    assert made.borrowers["fraudulent"].sum() == round(500 * share)


def test_the_same_seed_makes_the_same_portfolio():
    first, again, other = (synthetic.make_portfolio(200, seed) for seed in (1, 1, 2))
    assert first.pages == again.pages
    assert first.loans.equals(again.loans)
    assert first.pages != other.pages


def test_rings_have_3_to_30_members_with_names_of_their_own_and_the_same_pay(portfolio):
    sizes = portfolio.borrowers["ring"].value_counts()
    assert sizes.min() >= 3
    assert sizes.max() == 30
    uploads = anb.uploads_frame(portfolio.pages, accounts=portfolio.accounts, users=portfolio.users)
    read = anb.ocr_frame(portfolio.pages, wide=True).merge(
        uploads[["id", "external_id"]], left_on="upload_id", right_on="id"
    )
    members = portfolio.borrowers.dropna(subset="ring").merge(read, on="external_id")
    stubs = members.dropna(subset="gross_pay").groupby("ring")
    assert stubs["gross_pay_ytd"].nunique().max() == 1
    assert stubs["employee"].nunique().sum() > 0.9 * len(members.drop_duplicates("external_id"))


def test_some_borrowers_have_two_users_with_one_external_id(portfolio):
    users = pd.Series([user.external_id for user in portfolio.users]).value_counts()
    assert len(users) == 2_000
    assert set(users) == {1, 2}


def test_stated_incomes_are_true_too_high_or_nothing(portfolio):
    table = portfolio.borrowers.merge(portfolio.stated, on="external_id", suffixes=("", "_stated"))
    ratio = (table["monthly_income_stated"] / table["monthly_income"]).astype(float)
    assert ratio[table["overstated"]].min() > 1.2
    assert ratio[~table["overstated"]].max() < 1.03
    assert (ratio == 0).any()


def test_loans_go_bad_more_often_where_papers_are_fraudulent(portfolio):
    loans = portfolio.loans.merge(portfolio.borrowers, on="external_id")
    bad = loans["bad_at"].notna()
    assert bad[loans["fraudulent"]].mean() > 3 * bad[~loans["fraudulent"]].mean() > 0


def test_some_applications_have_no_loan_and_some_loans_were_not_seen_for_six_months(portfolio):
    loans = portfolio.loans
    assert len(loans) < 2_000
    seen = (loans["last_seen_at"] - loans["opened_at"]).dt.days
    assert (seen < 180).any()
    assert (seen > 190).any()
    assert (seen >= 0).all()
    assert (loans["bad_at"].dropna() <= loans.loc[loans["bad_at"].notna(), "last_seen_at"]).all()
