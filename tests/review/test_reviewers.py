"""Agreement of two reviewers beyond chance."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from argyle_nb.errors import ConfigurationError, ValidationError
from argyle_nb.review import VERDICTS, agreement, latest, settled
from argyle_nb.review.reviewers import kappas

pair = st.tuples(st.sampled_from(VERDICTS), st.sampled_from(VERDICTS))


def verdicts(**by_reviewer):
    """Make verdicts of each reviewer on u0, u1, ...; None where there is none."""
    rows = [
        {"upload_id": f"u{number}", "reviewer": reviewer, "verdict": verdict}
        for reviewer, found in by_reviewer.items()
        for number, verdict in enumerate(found)
        if verdict
    ]
    frame = pd.DataFrame(rows, columns=["upload_id", "reviewer", "verdict"])
    return frame.assign(reviewed_at=pd.Timestamp("2026-01-05", tz="UTC"))


@given(st.lists(pair, min_size=2, max_size=60))
def test_kappa_is_scikit_learns(pairs):
    ada, ben = zip(*pairs, strict=True)
    assume(len({*ada, *ben}) > 1)
    found = agreement(verdicts(ada=ada, ben=ben)).loc[("ada", "ben")]
    assert found["kappa"] == pytest.approx(cohen_kappa_score(ada, ben), abs=1e-12)
    assert found["agreed"] == pytest.approx(np.mean([a == b for a, b in pairs]), abs=1e-12)


def test_the_interval_holds_kappa_and_narrows_with_documents():
    ada, ben = ["genuine", "fraudulent", "genuine", "genuine"], ["genuine", "fraudulent"] * 2
    few = agreement(verdicts(ada=ada * 5, ben=ben * 5)).iloc[0]
    many = agreement(verdicts(ada=ada * 100, ben=ben * 100)).iloc[0]
    for found in (few, many):
        assert found["kappa_ci_low"] < found["kappa"] < found["kappa_ci_high"]
    assert many["kappa_ci_high"] - many["kappa_ci_low"] < few["kappa_ci_high"] - few["kappa_ci_low"]


def test_only_documents_that_both_saw_are_compared():
    found = agreement(verdicts(ada=["genuine", "genuine", None], ben=[None, "genuine", "unsure"]))
    assert found.loc[("ada", "ben"), "documents"] == 1


def test_each_pair_of_three_reviewers_is_compared():
    found = agreement(verdicts(cleo=["genuine"], ada=["genuine"], ben=["unsure"]))
    assert found.index.tolist() == [("ada", "ben"), ("ada", "cleo"), ("ben", "cleo")]


def test_nothing_in_common_has_no_kappa():
    found = agreement(verdicts(ada=["genuine", None], ben=[None, "genuine"])).iloc[0]
    assert found["documents"] == 0
    assert found[["agreed", "kappa", "kappa_ci_low", "kappa_ci_high"]].isna().all()


def test_where_all_say_the_same_kappa_is_not_defined():
    found = agreement(verdicts(ada=["genuine"] * 3, ben=["genuine"] * 3)).iloc[0]
    assert found["agreed"] == 1
    assert np.isnan(found["kappa"])


@pytest.mark.parametrize("said", [verdicts(), verdicts(ada=["genuine"])])
def test_one_reviewer_alone_agrees_with_nobody(said):
    assert agreement(said).empty


def test_the_same_seed_gives_the_same_interval():
    said = verdicts(ada=["genuine", "fraudulent"] * 9, ben=["genuine", "unsure", "fraudulent"] * 6)
    pd.testing.assert_frame_equal(agreement(said, seed=3), agreement(said, seed=3))


@given(st.lists(pair, min_size=1, max_size=40))
def test_it_does_not_matter_who_is_named_first(pairs):
    ada, ben = zip(*pairs, strict=True)
    there, back = (agreement(verdicts(ada=a, ben=b)).iloc[0] for a, b in ((ada, ben), (ben, ada)))
    assert there["documents"] == back["documents"] == len(pairs)
    for name in ("agreed", "kappa"):
        assert there[name] == pytest.approx(back[name], abs=1e-12, nan_ok=True)


@given(st.lists(pair, min_size=1, max_size=40), st.permutations(VERDICTS))
def test_only_whether_verdicts_are_the_same_matters(pairs, others):
    other = dict(zip(VERDICTS, others, strict=True))
    renamed = [(other[a], other[b]) for a, b in pairs]
    ours, theirs = (
        agreement(verdicts(**dict(zip(("ada", "ben"), zip(*p, strict=True), strict=True)))).iloc[0]
        for p in (pairs, renamed)
    )
    assert ours["kappa"] == pytest.approx(theirs["kappa"], abs=1e-12, nan_ok=True)


@given(st.lists(pair, min_size=1, max_size=40))
def test_kappa_and_its_interval_are_between_minus_1_and_1(pairs):
    ada, ben = zip(*pairs, strict=True)
    row = agreement(verdicts(ada=ada, ben=ben)).iloc[0]
    if not np.isnan(row["kappa"]):
        assert -1 <= row["kappa"] <= 1
    if not np.isnan(row["kappa_ci_low"]):
        assert -1 <= row["kappa_ci_low"] <= row["kappa"] <= row["kappa_ci_high"] <= 1


def test_kappa_of_500_tables_is_scikit_learns():
    chance = np.random.default_rng(6)
    for _ in range(500):
        n = int(chance.choice([2, 5, 40, 1000]))
        ada, ben = chance.choice(3, (2, n), p=chance.dirichlet([1, 1, 1]))
        ben = np.where(chance.random(n) < chance.random(), ada, ben)
        table = np.bincount(ada * 3 + ben, minlength=9).reshape(3, 3).astype(float)
        if len({*ada, *ben}) > 1:
            expected = cohen_kappa_score(ada, ben, labels=[0, 1, 2])
            assert float(kappas(table)) == pytest.approx(expected, abs=1e-12)
        else:
            assert np.isnan(kappas(table))


@pytest.mark.parametrize(("n", "least", "most"), [(20, 0.4, 0.8), (100, 0.8, 0.98)])
def test_to_agree_on_a_few_documents_is_no_certainty(n, least, most):
    said = ["genuine", "fraudulent"] * (n // 2)
    row = agreement(verdicts(ada=said, ben=said)).iloc[0]
    assert row[["kappa", "kappa_ci_high"]].tolist() == [1, 1]
    assert least < row["kappa_ci_low"] < most


def test_fewer_than_20_documents_have_no_interval_and_the_reason():
    said = ["genuine", "fraudulent"] * 9
    found = agreement(verdicts(ada=said, ben=said))
    assert found["kappa"].tolist() == [1]
    assert found[["kappa_ci_low", "kappa_ci_high"]].isna().all(axis=None)
    assert found.attrs["note"].startswith("No confidence interval below 20 documents")


def test_where_fraud_is_rare_twenty_documents_still_hold_the_true_kappa():
    """Of 18 documents of 20 both say genuine; a bootstrap held the truth 46 times of 100."""
    chance, within, known = np.random.default_rng(5), 0, 0
    shares = np.array([0.932, 0.012, 0.012, 0.044])
    expected = (shares[0] + shares[1]) ** 2 + (shares[2] + shares[3]) ** 2
    truth = (shares[0] + shares[3] - expected) / (1 - expected)
    for seed, cells in enumerate(chance.multinomial(20, shares, size=100)):
        pairs = np.repeat(np.arange(4), cells)
        ada, ben = (np.where(says, "fraudulent", "genuine") for says in (pairs // 2, pairs % 2))
        row = agreement(verdicts(ada=ada, ben=ben), seed=seed).iloc[0]
        if not np.isnan(row["kappa"]):
            known += 1
            within += row["kappa_ci_low"] <= truth <= row["kappa_ci_high"]
    assert within >= 0.9 * known


def test_the_interval_holds_the_true_kappa_19_times_of_20():
    chance, within = np.random.default_rng(8), 0
    # Half genuine, half fraudulent; each is right in nine of ten.
    truth = (0.82 - 0.5) / 0.5
    for seed in range(100):
        genuine = chance.random(80) < 0.5
        ada, ben = (
            np.where(genuine == (chance.random(80) < 0.9), "genuine", "fraudulent") for _ in "ab"
        )
        row = agreement(verdicts(ada=ada, ben=ben), seed=seed).iloc[0]
        within += row["kappa_ci_low"] <= truth <= row["kappa_ci_high"]
    assert within >= 89


def test_of_two_verdicts_of_one_reviewer_the_later_counts_wherever_it_stands():
    early = verdicts(ada=["genuine", "fraudulent"])
    late = verdicts(ada=["fraudulent", "fraudulent"], ben=["fraudulent", "fraudulent"])
    late["reviewed_at"] += pd.Timedelta(days=1)
    found = agreement(pd.concat([late, early])).iloc[0]
    assert found["agreed"] == 1


@pytest.mark.parametrize("index", [[7] * 4, list("abcd"), [3, 2, 1, 0]])
@pytest.mark.parametrize("kind", ["category", "string", "object"])
def test_neither_index_nor_dtype_matters(index, kind):
    said = verdicts(ada=["genuine", "fraudulent"], ben=["genuine", "genuine"])
    odd = said.set_axis(pd.Index(index)).astype({"verdict": kind, "upload_id": kind})
    pd.testing.assert_frame_equal(agreement(odd), agreement(said))


class TestBadInput:
    SAID = verdicts(ada=["genuine", "fraudulent"], ben=["genuine", "genuine"])

    @pytest.mark.parametrize("judge", [agreement, settled, latest])
    @pytest.mark.parametrize("verdict", ["Fraudulent", "fake", "", None])
    def test_an_unknown_verdict_is_refused_and_never_taken_for_unsure(self, judge, verdict):
        said = self.SAID.assign(verdict=["genuine", "genuine", "genuine", verdict])
        with pytest.raises(ValidationError, match=r"Unknown verdict .*\. Use one of genuine"):
            judge(said)

    @pytest.mark.parametrize("judge", [agreement, settled, latest])
    @pytest.mark.parametrize("name", ["upload_id", "reviewer", "reviewed_at"])
    def test_a_verdict_on_nothing_by_nobody_or_never_is_refused(self, judge, name):
        said = self.SAID.copy()
        said.loc[1, name] = None
        with pytest.raises(ValidationError, match=f"Verdicts without {name}: 1. Add it"):
            judge(said)

    @pytest.mark.parametrize("judge", [agreement, settled, latest])
    @pytest.mark.parametrize("name", ["upload_id", "verdict", "reviewer", "reviewed_at"])
    def test_a_missing_column_is_named(self, judge, name):
        with pytest.raises(ConfigurationError, match=f"verdicts has no column {name}"):
            judge(self.SAID.drop(columns=name))

    @pytest.mark.parametrize("judge", [agreement, settled, latest])
    def test_times_as_texts_are_refused_since_they_sort_by_their_letters(self, judge):
        said = self.SAID.assign(reviewed_at=["9/1/2026", "10/1/2026", "9/1/2026", "9/1/2026"])
        with pytest.raises(
            ConfigurationError, match=r"not times. Convert it with pandas\.to_datetime"
        ):
            judge(said)
