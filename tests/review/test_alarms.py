"""Rules fail where something is wrong, and seldom where it is chance."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from argyle_nb import ReviewLog, check, count_scores
from argyle_nb.errors import ConfigurationError
from argyle_nb.review.alarms import ALPHA, holm
from argyle_nb.scores import ScoreCounts
from tests.support.archives import filled, moving
from tests.support.records import unscored
from tests.support.score_frames import frame_of, upload

NOW = pd.Timestamp("2026-02-01", tz="UTC")
SCORES = np.arange(101)
SHARES = np.exp(-(((SCORES - 75) / 25) ** 2)) + (SCORES == 100) * 8
SHARES = SHARES / SHARES.sum()
TYPES = ("paystubs", "W-2", "1099", "bank-statement", "miscellaneous")


def weeks(*sizes, scores=None, types="paystubs"):
    """Counts of weeks of so many uploads each, which score 0, 1, 2 and so on."""
    made = [f"2026-01-{5 + 7 * week:02}" for week, size in enumerate(sizes) for _ in range(size)]
    numbers = [n % 101 for size in sizes for n in range(size)] if scores is None else scores
    frame = frame_of(numbers, created_at=made, document_type=types)
    return count_scores(frame, by=["document_type", "week"])


def rule(kind, **fields):
    return {"rule": [{"kind": kind, **fields}]}


def only(data, rules, **options):
    [found] = check(data, rules, **options).itertuples(index=False)
    return found


class TestShares:
    @settings(max_examples=30)
    @given(st.integers(1, 60), st.integers(0, 60), st.floats(0.01, 0.99))
    def test_a_share_fails_where_the_exact_binomial_test_says_so(self, n, hits, limit):
        hits = min(hits, n)
        found = only(
            weeks(n, scores=[10] * hits + [90] * (n - hits)),
            rule("level", level="very low", limit=limit),
        )
        p = binomtest(hits, n, limit, alternative="greater").pvalue
        assert (found.value, found.n) == (hits / n, n)
        assert found.failed == (hits > limit * n and p <= ALPHA)

    def test_only_the_newest_week_counts(self):
        counts = weeks(40, 40, scores=[10] * 40 + [90] * 40)
        found = only(counts, rule("level", level="very low", limit=0.1))
        assert (found.value, found.n, found.failed) == (0, 40, False)

    def test_a_week_that_has_not_ended_waits_for_its_end(self):
        counts = weeks(40, 30, 20)
        rules = rule("without_score", limit=0.1)
        before, at = pd.Timestamp("2026-01-25T23:59:59Z"), pd.Timestamp("2026-01-26")
        assert [only(counts, rules, now=now).n for now in (before, at)] == [30, 20]
        assert check(counts, rules, now=before).attrs["week"] == "2026-01-12"
        assert check(counts, rules, now=before).attrs["week_has_ended"]

    def test_weeks_without_an_upload_since_are_counted(self):
        rules = rule("without_score", limit=0.1)
        for now, since in (("2026-01-18", 0), ("2026-01-26", 1), ("2026-02-03", 2)):
            assert check(weeks(40, 40), rules, now=now).attrs["weeks_since"] == since

    def test_of_weeks_that_have_not_ended_the_newest_is_better_than_none(self):
        found = check(weeks(40), rule("without_score", limit=0.1), now="2026-01-06")
        assert found["n"].tolist() == [40]
        assert not found.attrs["week_has_ended"]

    def test_a_reason_is_counted_by_itself(self):
        counts = weeks(40, scores=[50] * 20 + [None] * 20)
        share = rule("without_score", limit=0.1)
        assert only(counts, share).value == 0.5
        assert only(counts, share).failed
        share["rule"][0]["reason"] = "processing_failed"
        assert only(counts, share).value == 0

    def test_one_type_may_be_looked_at(self):
        types = ["W-2"] * 20 + ["paystubs"] * 20
        counts = weeks(40, scores=[10] * 20 + [90] * 20, types=types)
        found = only(counts, rule("level", level="very low", limit=0.2, document_type="Form W2"))
        assert (found.value, found.n, found.failed) == (1, 20, True)
        assert found.rule == "level (very low) (W-2)"

    def test_a_limit_of_zero_allows_none(self):
        found = only(weeks(100, scores=[10] + [90] * 99), rule("level", level="very low", limit=0))
        assert found.failed

    def test_without_an_upload_of_the_type_nothing_is_checked(self):
        found = only(weeks(9), rule("level", level="low", limit=0.2, document_type="W-2"))
        assert pd.isna(found.failed)
        assert found.words.startswith("Nothing to check")


class TestDrift:
    def test_a_week_that_scores_lower_fails_and_is_said_in_words(self):
        counts = weeks(200, 50, scores=[90 - n % 20 for n in range(200)] + [70] * 50)
        found = only(counts, rule("drift"))
        assert found.failed
        assert "mean 70.0 after 80.5" in found.words

    def test_its_value_is_the_psi_of_the_package(self):
        counts = weeks(101, 40)
        by_week = counts.by("week")
        first, last = (by_week.filter(week=[week]) for week in by_week.groups)
        assert only(counts, rule("drift")).value == last.compare(first)["psi"].iloc[0]

    def test_a_limit_lets_a_certain_but_small_drift_pass(self):
        counts = weeks(5050, 5050, scores=[*range(101)] * 50 + [max(n - 5, 0) for n in SCORES] * 50)
        assert only(counts, rule("drift")).failed
        assert not only(counts, rule("drift", limit=0.25)).failed

    def test_the_first_week_has_nothing_before_it(self):
        assert pd.isna(only(weeks(50), rule("drift")).failed)


class TestOfAnArchive:
    def test_a_signal_never_seen_before_fails_where_chance_would_not_give_it(self, tmp_path):
        old = [upload(n, 80, "usual", day=6) for n in range(1, 41)]
        new = [upload(n, 80, "usual", day=13) for n in range(41, 49)]
        rare = [upload(n, 80, "usual", "rare", day=13) for n in range(49, 51)]
        found = only(filled(tmp_path / "a", old + new + rare), rule("new_signal"), now=NOW)
        assert (found.value, found.n, found.failed) == (1, 10, False)
        assert "rare (2 uploads)" in found.words
        many = [upload(n, 80, "usual", "rare", day=13) for n in range(41, 51)]
        assert only(filled(tmp_path / "b", old + many), rule("new_signal"), now=NOW).failed
        same = filled(tmp_path / "c", old + new)
        assert "never seen in 40 earlier uploads: none." in only(same, rule("new_signal")).words

    def test_an_upload_that_waits_too_long_fails_whatever_chance_says(self, tmp_path):
        waiting = moving(1, created_at="2026-01-22T00:00:00Z")
        never = unscored(2, "completed", "idle", "idle", document_type="miscellaneous")
        archive = filled(tmp_path, [waiting, never])
        found = only(archive, rule("oldest_without_score", limit=9), now=NOW)
        assert (found.value, found.n, found.failed) == (10, 1, True)
        assert not only(archive, rule("oldest_without_score", limit=10), now=NOW).failed

    def test_reviews_behind_are_counted_below_a_score(self, tmp_path):
        records = [upload(n, 10 * n) for n in range(1, 6)]
        log = ReviewLog(tmp_path / "reviews.sqlite")
        log.add(records[0]["id"], "genuine", reviewer="ada")
        behind = rule("reviews_behind", below=40, limit=1)
        found = only(filled(tmp_path / "a", records), behind, reviews=log, now=NOW)
        assert (found.value, found.n, found.failed) == (2, 3, True)

    def test_reviewers_that_agree_too_seldom_fail(self, tmp_path):
        records = [upload(n, 50) for n in range(1, 21)]
        log = ReviewLog(tmp_path / "reviews.sqlite")
        archive, agree = filled(tmp_path / "a", records), rule("agreement", limit=0.9)
        assert pd.isna(only(archive, agree, reviews=log.path).failed)
        for number, one in enumerate(records):
            log.add(one["id"], "genuine", reviewer="ada")
            log.add(one["id"], "genuine" if number % 2 else "fraudulent", reviewer="ben")
        found = only(archive, agree, reviews=log.path)
        assert (found.value, found.n, found.failed) == (0.5, 20, True)
        assert found.words.startswith("ada and ben agree on 50.0% of 20")
        log.add(records[0]["id"], "fraudulent", reviewer="cyd")  # once is no habit
        found = only(archive, agree, reviews=log.path)
        assert found.words.startswith("ada and ben agree on 50.0% of 20")

    def test_an_empty_archive_is_no_success(self, tmp_path):
        with pytest.raises(ConfigurationError, match=rf"no uploads to check in .*{tmp_path.name}"):
            check(filled(tmp_path, []), rule("drift"))

    def test_an_archive_may_be_named_by_its_folder(self, tmp_path):
        filled(tmp_path, [upload(1, 50)])
        rules = rule("oldest_without_score", limit=1)
        assert [len(check(place, rules)) for place in (tmp_path, str(tmp_path))] == [1, 1]

    def test_what_is_no_archive_is_named(self):
        with pytest.raises(ConfigurationError, match="an Archive, its folder, or counts, not Data"):
            check(pd.DataFrame(), rule("drift"))

    def test_a_review_log_that_is_not_there_is_an_error_and_not_made(self, tmp_path):
        archive, path = filled(tmp_path / "a", [upload(1, 50)]), tmp_path / "nix.sqlite"
        behind = rule("reviews_behind", below=40, limit=1)
        with pytest.raises(ConfigurationError, match=r"There is no review log at .*nix\.sqlite"):
            check(archive, behind, reviews=path)
        assert not path.exists()


class TestBadRules:
    @pytest.mark.parametrize(
        ("rules", "words"),
        [
            ([{"kind": "drift"}], r"dict such as \{'rule': \[\{'kind': .*, not list\."),
            (None, "not NoneType"),
            (rule("drift") | {"levels": "fico"}, r"rules: Unknown .* \{'low': 0, 'high': 80\}"),
            ({}, r"list of tables \[\[rule\]\]"),
            ({"rule": []}, r"list of tables \[\[rule\]\]"),
            ({"rule": [{"kind": "drift"}], "rules": 1}, "Unknown: rules"),
            (rule("drfit"), "rule 1: kind must be one of without_score, level, drift"),
            ({"rule": ["drift"]}, "rule 1: kind must be one of"),
            (rule("level", level="low"), r"rule 1 has no limit\. Write a number of 0 to 1\."),
            (rule("level", level="low", limit=20), "limit must be a number of 0 to 1, not 20"),
            (rule("drift", limit=True), "limit must be a number of 0 or more"),
            (rule("level", level="lowest", limit=0.1), "level must be one of very low, low"),
            (rule("without_score", reason="?", limit=0.1), "reason must be one of in_progress"),
            (rule("reviews_behind", limit=0), "below must be a score"),
            (rule("drift", levle=1), "unknown field levle"),
            (rule("drift", document_type="paystbu"), "rule 1: unknown document_type 'paystbu'"),
            (rule("new_signal"), "new_signal needs single uploads"),
        ],
    )
    def test_they_are_named_with_the_cure(self, rules, words):
        with pytest.raises(ConfigurationError, match=words):
            check(weeks(3), rules)

    def test_the_file_is_named(self, tmp_path):
        path = tmp_path / "rules.toml"
        with pytest.raises(ConfigurationError, match=r"rules\.toml: can't read the file"):
            check(weeks(3), path)
        path.write_text('[[rule]]\nkind = "drift"\n[[rule]]\nkind = "levels"\n')
        with pytest.raises(ConfigurationError, match=r"rules\.toml, rule 2: kind must be"):
            check(weeks(3), str(path))
        path.write_text('levels = "fico"\n[[rule]]\nkind = "drift"\n')
        cure = r"rules\.toml: Unknown level preset 'fico'.* levels = { low = 0, high = 80 }\."
        with pytest.raises(ConfigurationError, match=cure):
            check(weeks(3), path)
        path.write_text('levels = { low = 0, high = 80 }\n[[rule]]\nkind = "drift"\n')
        assert len(check(weeks(3), path)) == 1
        path.write_text("rule")
        with pytest.raises(ConfigurationError, match="not valid TOML"):
            check(weeks(3), path)

    def test_counts_must_be_by_week(self):
        with pytest.raises(ConfigurationError, match="not by 'week'"):
            check(weeks(3).by("document_type"), rule("drift"))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_corrected_p_values_lie_between_their_own_and_bonferronis(values):
    adjusted = holm(values)
    for p, q in zip(values, adjusted, strict=True):
        assert p <= q <= min(1, p * len(values))
    assert np.argsort(values, kind="stable").tolist() == sorted(
        range(len(values)), key=lambda n: (adjusted[n], values[n], n)
    )


def test_correction_is_holms():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []


def drawn(chance, uploads, shift=0):
    """Nine weeks of five types, 5% of each without a score; the last may score lower."""
    index = pd.MultiIndex.from_product(
        [TYPES, pd.date_range("2026-01-05", periods=9, freq="7D", tz="UTC")],
        names=["document_type", "week"],
    )
    rows = chance.multinomial(uploads, [0.2] * 5, size=9).T.ravel()
    shares = np.tile(SHARES, (45, 1))
    shares[8::9] = np.bincount(np.maximum(SCORES - shift, 0), SHARES, 101)
    table = np.zeros((45, weeks(1).table().shape[1]), dtype=np.int64)
    table[:, 101] = chance.binomial(rows, 0.05)
    table[:, :101] = chance.multinomial(rows - table[:, 101], shares)
    return ScoreCounts.of_table(("document_type", "week"), index, table)


def twenty():
    """Rules whose limits are the truth itself, where chance is most in the way."""
    low = float(SHARES[30:50].sum())
    kinds = (
        {"kind": "drift"},
        {"kind": "level", "level": "low", "limit": low},
        {"kind": "level", "level": "very low", "limit": float(SHARES[:30].sum())},
        {"kind": "without_score", "limit": 0.05},
    )
    return [kind | {"document_type": name} for name in TYPES for kind in kinds]


# The last is what a binomial variable of 5% exceeds one time in a thousand.
@pytest.mark.parametrize(
    ("uploads", "rules", "runs", "most"), [(30, 1, 60, 9), (300, 1, 30, 6), (100, 20, 6, 3)]
)
def test_with_nothing_wrong_one_run_in_twenty_at_most_has_an_alarm(uploads, rules, runs, most):
    chance = np.random.default_rng(uploads + rules)
    chosen = {"rule": twenty()[:rules]}
    alarms = sum(check(drawn(chance, uploads), chosen)["failed"].any() for _ in range(runs))
    assert alarms <= most


def test_a_drift_of_8_points_is_seen_in_its_week():
    chance = np.random.default_rng(2)
    rules = {"rule": [{"kind": "drift"}, *twenty()[1:5]]}
    assert all(check(drawn(chance, 300, shift=8), rules)["failed"][0] for _ in range(3))
