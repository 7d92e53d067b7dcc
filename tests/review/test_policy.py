"""A policy says what is done at which score, since when, by whom and why; nothing is left out."""

from collections import Counter
from datetime import date, datetime
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from argyle_nb import Costs, Policy, Thresholds, count_scores
from argyle_nb.errors import ConfigurationError, DecodeError
from argyle_nb.frames.uploads import uploads_frame
from argyle_nb.review.policy import DECISIONS
from tests.support.records import scored, unscored

FIRST = {"owner": "ada", "effective_date": date(2026, 5, 1), "reason": "first try"}


def policy(pass_from=80, reject_below=30, **changes):
    return Policy(
        **({"thresholds": {"paystubs": Thresholds(pass_from, reject_below)}} | FIRST | changes)
    )


@pytest.fixture
def uploads():
    return uploads_frame(
        [
            *[scored(number, score) for number, score in enumerate([0, 29, 30, 79, 80, 100])],
            scored(6, 95, document_type="W-2"),
            unscored(7, "completed", "failed", "failed"),
        ]
    )


@pytest.fixture
def path(tmp_path):
    return tmp_path / "policy.toml"


class TestApply:
    def test_each_score_gets_its_decision_and_nothing_is_left_out(self, uploads):
        decided = policy().apply(uploads)["decision"].tolist()
        assert decided == [*["reject"] * 2, *["review"] * 2, *["pass"] * 2, *["undecided"] * 2]

    def test_the_raw_score_stays_beside_the_band_and_the_decision(self, uploads):
        columns = policy().apply(uploads).columns.tolist()
        at = columns.index("ocr_authenticity_score")
        assert columns[at + 1 : at + 4] == ["authenticity_level", "decision", "policy"]

    def test_the_band_is_the_policys_own(self, uploads):
        decided = policy(levels="ocrolus-current").apply(uploads)
        assert decided["authenticity_level"].tolist()[3:5] == ["medium", "medium"]
        assert decided.attrs["levels"] == "ocrolus-current"

    def test_the_hash_goes_with_every_row(self, uploads):
        rule = policy()
        decided = rule.apply(uploads)
        assert set(decided["policy"]) == {rule.hash}
        assert decided.attrs["policy"] == rule.hash

    def test_the_frame_itself_is_not_changed(self, uploads):
        before = uploads.copy()
        policy().apply(uploads)
        pd.testing.assert_frame_equal(uploads, before)
        assert uploads.attrs == {"levels": "argyle"}

    def test_a_second_policy_takes_the_place_of_the_first(self, uploads):
        mild = policy(0, 0)
        twice = mild.apply(policy().apply(uploads))
        pd.testing.assert_frame_equal(twice, mild.apply(uploads))

    def test_no_uploads_are_decided_into_the_same_columns(self, uploads):
        empty = policy().apply(uploads_frame([]))
        assert empty.columns.tolist() == policy().apply(uploads).columns.tolist()

    def test_a_missing_column_is_named(self, uploads):
        with pytest.raises(ConfigurationError, match="document_type"):
            policy().apply(uploads.drop(columns="document_type"))

    @given(st.integers(0, 101), st.integers(0, 101), st.integers(0, 100))
    def test_the_decision_follows_from_the_two_comparisons(self, one, other, score):
        reject, keep = sorted((one, other))
        decision = DECISIONS[Thresholds(keep, reject).decisions()[score]]
        assert decision == ("pass" if score >= keep else "reject" if score < reject else "review")


class TestCompare:
    def test_it_counts_what_would_move_and_which_scores(self, uploads):
        counts = count_scores(uploads, by="document_type")
        change = policy(80, 30).compare(policy(79, 0), counts)
        row = change.loc[("paystubs", "review", "pass")]
        assert row[["uploads", "min_score", "max_score"]].tolist() == [1, 79, 79]
        assert change.loc[("paystubs", "reject", "review"), "uploads"] == 2
        assert change.loc[("paystubs", "undecided", "undecided"), "uploads"] == 1

    def test_every_upload_is_in_one_row(self, uploads):
        change = policy().compare(policy(101, 50), count_scores(uploads, by="document_type"))
        assert change["uploads"].sum() == len(uploads)
        assert change.groupby("document_type")["share"].sum().tolist() == pytest.approx([1, 1])

    def test_the_same_policy_changes_nothing(self, uploads):
        change = policy().compare(policy(), count_scores(uploads, by="document_type"))
        assert not change["changed"].any()

    def test_a_type_that_becomes_covered_leaves_undecided(self, uploads):
        both = policy(thresholds={"paystubs": Thresholds(80, 30), "W-2": Thresholds(90, 10)})
        change = policy().compare(both, count_scores(uploads, by="document_type"))
        assert change.loc[("W-2", "undecided", "pass"), "uploads"] == 1

    def test_both_hashes_are_named(self, uploads):
        one, other = policy(), policy(70)
        change = one.compare(other, count_scores(uploads, by="document_type"))
        assert change.attrs == {"policy": one.hash, "other_policy": other.hash}

    def test_further_groups_are_added_up(self, uploads):
        fine = count_scores(uploads, by=["document_type", "week"])
        coarse = count_scores(uploads, by="document_type")
        pd.testing.assert_frame_equal(
            policy().compare(policy(70), fine), policy().compare(policy(70), coarse)
        )

    def test_counts_without_types_are_refused(self, uploads):
        with pytest.raises(ConfigurationError, match="document_type"):
            policy().compare(policy(), count_scores(uploads))

    def test_no_uploads_give_an_empty_table(self):
        counts = count_scores(uploads_frame([]), by="document_type")
        assert policy().compare(policy(70), counts)["uploads"].sum() == 0

    @given(st.lists(st.integers(0, 100), min_size=1, max_size=30), st.data())
    def test_counts_say_what_applying_both_to_the_rows_says(self, scores, data):
        cuts = [sorted(data.draw(st.tuples(*[st.integers(0, 101)] * 2))) for _ in range(2)]
        one, other = (policy(keep, reject) for reject, keep in cuts)
        frame = uploads_frame([scored(number, score) for number, score in enumerate(scores)])
        pairs = Counter(zip(*(rule.apply(frame)["decision"] for rule in (one, other)), strict=True))
        found = one.compare(other, count_scores(frame, by="document_type"))["uploads"]
        assert found.droplevel(0).to_dict() == pairs


class TestDecisions:
    def test_it_counts_each_types_decisions(self, uploads):
        table = policy().decisions(count_scores(uploads, by="document_type"))
        assert table.loc["paystubs"].to_dict() == {
            "uploads": 7,
            "reject": 2,
            "review": 2,
            "pass": 2,
            "undecided": 1,
        }
        assert table.loc["W-2", "undecided"] == 1
        assert table.attrs["policy"] == policy().hash


class TestHash:
    def test_the_same_policy_has_the_same_hash_in_whatever_order(self):
        paystubs, w2 = Thresholds(80, 30), Thresholds(90, 10)
        one = policy(thresholds={"paystubs": paystubs, "W-2": w2})
        other = policy(thresholds={"W-2": w2, "paystubs": paystubs})
        assert one.hash == other.hash

    @pytest.mark.parametrize(
        "changes",
        [
            {"pass_from": 81},
            {"reject_below": 31},
            {"owner": "ben"},
            {"effective_date": date(2026, 5, 2)},
            {"reason": "second try"},
            {"levels": "ocrolus-2"},
            {"costs": Costs(review=8, missed_fraud=4000, rejected_genuine=150)},
        ],
    )
    def test_whatever_is_changed_changes_the_hash(self, changes):
        assert policy(**changes).hash != policy().hash

    def test_the_hash_survives_the_file(self, path):
        rule = policy(costs=Costs(review=8, missed_fraud=4000.5, rejected_genuine=150))
        rule.write(path)
        assert Policy.read(path).hash == rule.hash


class TestFile:
    GOOD = (
        'owner = "ada"\neffective_date = 2026-05-01\nreason = "first try"\n'
        "[thresholds.paystubs]\npass_from = 80\nreject_below = 30\n"
    )

    def test_what_was_written_reads_back_the_same(self, path):
        rule = policy(
            thresholds={"paystubs": Thresholds(80, 30), "1099": Thresholds(101, 0)},
            reason='quotes " and\nlines',
            costs=Costs(review=8, missed_fraud=4000, rejected_genuine=0, currency="EUR"),
        )
        rule.write(path)
        assert Policy.read(path) == rule

    def test_a_file_by_hand_is_read(self, path):
        path.write_text(self.GOOD)
        assert Policy.read(path) == policy()

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            ('owner = "ada"\n', "", "owner is missing"),
            ("effective_date = 2026-05-01\n", "", "effective_date is missing"),
            ('owner = "ada"', "owner = 5", "owner must be text"),
            ('reason = "first try"', 'reason = " "', "reason must be text and not empty"),
            (
                "effective_date = 2026-05-01",
                'effective_date = "2026-05-01"',
                "effective_date must be a date",
            ),
            (
                "effective_date = 2026-05-01",
                "effective_date = 2026-05-01T10:00:00",
                "effective_date must be a date",
            ),
            (
                "effective_date = 2026-05-01\n",
                'levels = "mine"\neffective_date = 2026-05-01\n',
                "preset 'mine'",
            ),
            ("pass_from = 80", "pass_from = 80.5", "thresholds.paystubs.pass_from must be a whole"),
            ("pass_from = 80", "pass_from = 102", "thresholds.paystubs.pass_from must be a whole"),
            ("pass_from = 80", "pass_from = true", "thresholds.paystubs.pass_from must be a whole"),
            (
                "pass_from = 80",
                "pass_from = 20",
                r"thresholds.paystubs.reject_below \(30\) must not",
            ),
            ("pass_from = 80\n", "", "thresholds.paystubs.pass_from is missing"),
            ("pass_from = 80", "pass_form = 80", "thresholds.paystubs.pass_form is unknown"),
            (
                "thresholds.paystubs",
                "thresholds.paystub",
                r"thresholds.paystub: unknown document_type 'paystub' \(did you mean 'paystubs'",
            ),
            (
                "[thresholds.paystubs]",
                "[costs]\nreview = 1\n[thresholds.paystubs]",
                "missed_fraud is",
            ),
            ("[thresholds.paystubs]", "[author]\n[thresholds.paystubs]", "author is unknown"),
        ],
    )
    def test_what_is_wrong_is_named_with_the_file_and_the_field(self, path, old, new, message):
        assert old in self.GOOD
        path.write_text(self.GOOD.replace(old, new))
        with pytest.raises(ConfigurationError, match=message) as refused:
            Policy.read(path)
        assert str(path) in str(refused.value)

    @pytest.mark.parametrize(
        "text", ["thresholds = 5", "[thresholds]\npaystubs = 5", "[thresholds]"]
    )
    def test_a_file_without_a_table_of_thresholds_is_refused(self, path, text):
        path.write_text('owner = "ada"\neffective_date = 2026-05-01\nreason = "x"\n' + text)
        with pytest.raises(ConfigurationError, match="thresholds"):
            Policy.read(path)

    def test_costs_below_nothing_are_refused(self, path):
        costs = "[costs]\nreview = -1\nmissed_fraud = 1\nrejected_genuine = 1\n"
        path.write_text(self.GOOD + costs)
        with pytest.raises(ConfigurationError, match=r"policy\.toml: costs\.review"):
            Policy.read(path)

    @pytest.mark.parametrize("content", [b"owner = ", b"owner = '\xe9'"])
    def test_a_file_that_is_not_toml_is_named(self, path, content):
        path.write_bytes(content)
        with pytest.raises(ConfigurationError, match=r"policy\.toml is not valid TOML"):
            Policy.read(path)

    def test_a_file_that_is_not_there_is_named(self, path):
        with pytest.raises(ConfigurationError, match="can't read"):
            Policy.read(path)

    def test_a_folder_that_is_not_there_is_named(self, path):
        with pytest.raises(ConfigurationError, match="can't write"):
            policy().write(path / "deeper.toml")

    def test_writing_leaves_nothing_else_behind(self, path):
        policy().write(path)
        assert [entry.name for entry in path.parent.iterdir()] == ["policy.toml"]


def test_an_unknown_document_type_is_refused_with_the_known_ones():
    with pytest.raises(ConfigurationError, match=r"thresholds\.payslips: .* paystubs, W-2"):
        policy(thresholds={"payslips": Thresholds(80, 30)})


def test_a_time_is_no_day():
    with pytest.raises(ConfigurationError, match="effective_date must be a date"):
        policy(effective_date=datetime(2026, 5, 1))  # noqa: DTZ001 - the zone is not the point


def test_a_numpy_cut_off_is_refused_as_toml_cannot_hold_it():
    with pytest.raises(ConfigurationError, match="whole number"):
        Thresholds(np.int64(80), 30)


class TestWhatIsNoPolicy:
    @pytest.mark.parametrize("cuts", [(80, 30), None, {"pass_from": 80, "reject_below": 30}])
    def test_thresholds_of_another_kind_are_refused_when_they_are_given(self, cuts):
        with pytest.raises(ConfigurationError, match=r"thresholds\.paystubs must be Thresholds\("):
            policy(thresholds={"paystubs": cuts})

    @pytest.mark.parametrize("thresholds", [{}, ["paystubs"], None, Thresholds(80, 30)])
    def test_thresholds_without_types_are_refused_with_an_example(self, thresholds):
        with pytest.raises(ConfigurationError, match=r'\{"paystubs": Thresholds\(pass_from=80'):
            policy(thresholds=thresholds)

    @pytest.mark.parametrize("costs", [{"review": 8}, 8, "8"])
    def test_costs_of_another_kind_are_refused_when_they_are_given(self, costs):
        with pytest.raises(ConfigurationError, match=r"costs must be Costs\("):
            policy(costs=costs)

    @pytest.mark.parametrize("name", ["owner", "reason", "levels"])
    @pytest.mark.parametrize("text", ["", "  ", None, 5])
    def test_a_field_that_says_nothing_is_named(self, name, text):
        with pytest.raises(ConfigurationError, match=f"{name} must be text"):
            policy(**{name: text})


class TestScoresFromElsewhere:
    @pytest.mark.parametrize("score", [-5, -1, 101, 150])
    def test_a_score_that_is_none_is_refused_and_never_passes(self, uploads, score):
        uploads.loc[2, "ocr_authenticity_score"] = score
        with pytest.raises(
            DecodeError, match=f"{uploads['id'][2]}, .* {score} is not a whole number"
        ):
            policy().apply(uploads)

    def test_a_score_between_two_whole_numbers_is_refused_and_not_cut_off(self, uploads):
        near = uploads.assign(ocr_authenticity_score=79.6)
        with pytest.raises(DecodeError, match=r"79\.6 is not a whole number"):
            policy().apply(near)

    @pytest.mark.parametrize("kind", ["Int64", "float64", "Float64", "object"])
    def test_the_dtype_of_whole_scores_does_not_matter(self, uploads, kind):
        score = uploads["ocr_authenticity_score"]
        plain = score.to_numpy(dtype=float, na_value=np.nan) if kind == "float64" else score
        other = uploads.assign(ocr_authenticity_score=pd.Series(plain).astype(kind))
        ours, theirs = (policy().apply(frame) for frame in (other, uploads))
        for name in ("decision", "authenticity_level"):
            assert ours[name].equals(theirs[name])

    @pytest.mark.parametrize("index", [[1] * 8, list("hgfedcba"), range(8, 0, -1)])
    def test_the_index_does_not_matter_and_is_kept(self, uploads, index):
        odd = uploads.set_axis(pd.Index(index))
        decided = policy().apply(odd)
        assert decided.index.tolist() == list(index)
        assert decided["decision"].tolist() == policy().apply(uploads)["decision"].tolist()
        levels = decided["authenticity_level"].astype("string").fillna("").tolist()
        assert levels == uploads["authenticity_level"].astype("string").fillna("").tolist()

    @pytest.mark.parametrize("kind", ["string", "object", "category"])
    def test_a_missing_or_unknown_type_is_undecided(self, uploads, kind):
        types = ["paystubs", None, "payslips", "paystubs", *["paystubs"] * 4]
        odd = uploads.assign(document_type=pd.Series(types).astype(kind))
        decided = policy().apply(odd)["decision"].tolist()
        assert decided[1:3] == ["undecided"] * 2
        assert decided[3:6] == ["review", "pass", "pass"]


TYPES = ("paystubs", "W-2", "1099", "miscellaneous")
rows = st.lists(st.tuples(st.sampled_from(TYPES), st.none() | st.integers(0, 100)), max_size=40)
cuts = st.tuples(st.integers(0, 101), st.integers(0, 101)).map(sorted)
policies = st.dictionaries(st.sampled_from(TYPES), cuts, min_size=1).map(
    lambda given: policy(
        thresholds={name: Thresholds(high, low) for name, (low, high) in given.items()}
    )
)


def frame_of_types(rows):
    records = [
        unscored(number, "completed", "failed", "failed", document_type=kind)
        if score is None
        else scored(number, score, document_type=kind)
        for number, (kind, score) in enumerate(rows)
    ]
    return uploads_frame(records)


class TestCountsAndRowsAgree:
    @given(rows, policies)
    def test_on_the_decisions_of_every_type(self, rows, rule):
        frame = frame_of_types(rows)
        table = rule.decisions(count_scores(frame, by="document_type"))
        decided = rule.apply(frame)
        assert table["uploads"].sum() == len(rows)
        for kind in table.index:
            of_type = decided.loc[decided["document_type"] == kind, "decision"]
            assert table.loc[kind, list(DECISIONS)].to_dict() == {
                name: (of_type == name).sum() for name in DECISIONS
            }

    @given(rows, policies, policies)
    def test_a_change_back_moves_as_many_as_the_change(self, rows, one, other):
        counts = count_scores(frame_of_types(rows), by="document_type")
        there, back = one.compare(other, counts), other.compare(one, counts)
        turned = back["uploads"].swaplevel("before", "after").to_dict()
        assert {(kind, a, b): n for (kind, a, b), n in there["uploads"].items()} == turned

    @given(rows, policies)
    def test_a_share_is_of_its_type_and_the_shares_add_up(self, rows, rule):
        table = rule.compare(policy(101, 0), count_scores(frame_of_types(rows), by="document_type"))
        shares = table.groupby("document_type")["share"].sum()
        assert shares.tolist() == pytest.approx([1] * len(shares))

    @given(policies)
    def test_the_file_keeps_every_policy_and_its_hash(self, rule):
        with TemporaryDirectory() as folder:
            rule.write(f"{folder}/policy.toml")
            again = Policy.read(f"{folder}/policy.toml")
        assert (again, again.hash) == (rule, rule.hash)

    @pytest.mark.parametrize("eight", [8, 8.0, np.int64(8), np.float64(8)])
    def test_equal_costs_make_an_equal_hash(self, eight):
        rules = [policy(costs=Costs(review, 4000, 150)) for review in (8, eight)]
        assert rules[0] == rules[1]
        assert rules[0].hash == rules[1].hash
