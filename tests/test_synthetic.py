"""The synthetic uploads hold what their page says was put in, and the methods find it."""

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
