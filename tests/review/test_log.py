"""Verdicts are written down once, never changed, and read from many places."""

import sqlite3
import stat
import subprocess
import sys
from contextlib import closing

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from argyle_nb.errors import ConfigurationError, ValidationError
from argyle_nb.review import VERDICTS, ReviewLog, check_verdicts, latest, sample, settled
from argyle_nb.review.log import read_verdicts
from tests.support.judged import uploads

# As version 1 of this package made it.
EARLIER_LOG = """
PRAGMA application_id = 0x414E4252;
CREATE TABLE verdicts (
    number INTEGER PRIMARY KEY,
    upload_id TEXT NOT NULL CHECK (upload_id <> ''),
    verdict TEXT NOT NULL CHECK (verdict IN ('genuine', 'fraudulent', 'unsure')),
    reviewer TEXT NOT NULL CHECK (reviewer <> ''),
    reviewed_at TEXT NOT NULL,
    note TEXT NOT NULL,
    UNIQUE (upload_id, reviewer, reviewed_at, verdict, note)
);
CREATE TABLE samples (number INTEGER PRIMARY KEY, upload_id TEXT NOT NULL);
CREATE TRIGGER verdicts_stay BEFORE UPDATE ON verdicts
    BEGIN SELECT RAISE(ABORT, 'a verdict is never changed: add a further one'); END;
CREATE TRIGGER verdicts_last BEFORE DELETE ON verdicts
    BEGIN SELECT RAISE(ABORT, 'a verdict is never removed: add a further one'); END;
INSERT INTO verdicts VALUES
    (1, 'u1', 'fraudulent', 'ada', '2026-01-05T00:00:00.000000+00:00', 'two fonts');
"""
HEADER = "upload_id,verdict,reviewer,reviewed_at,note\n"


@pytest.fixture
def log(tmp_path):
    return ReviewLog(tmp_path / "reviews.sqlite")


def said(*rows):
    """Make a frame of (upload, reviewer, verdict), one day apart."""
    frame = pd.DataFrame(rows, columns=["upload_id", "reviewer", "verdict"])
    days = pd.date_range("2026-01-05", periods=len(rows), tz="UTC")
    return frame.assign(reviewed_at=days)


def csv(path, *lines):
    path.write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_verdict_is_kept_with_its_reviewer_its_note_and_the_time(log):
    before = pd.Timestamp.now("UTC")
    log.add("u1", "fraudulent", reviewer="ada", note="two fonts")
    [row] = log.frame().to_dict("records")
    assert before <= row.pop("reviewed_at") <= pd.Timestamp.now("UTC")
    assert row == {
        "upload_id": "u1",
        "verdict": "fraudulent",
        "reviewer": "ada",
        "note": "two fonts",
    }


def test_a_second_verdict_is_a_further_row_and_the_latest_counts(log):
    log.add("u1", "fraudulent", reviewer="ada")
    log.add("u1", "genuine", reviewer="ada")
    assert log.frame()["verdict"].tolist() == ["fraudulent", "genuine"]
    assert log.latest()["verdict"].tolist() == ["genuine"]


def test_a_withdrawn_verdict_counts_no_more_and_every_row_stays(log, tmp_path):
    log.add("u1", "fraudulent", reviewer="ada")
    log.add("u1", "genuine", reviewer="ben")
    log.withdraw("u1", reviewer="ada")
    assert log.frame()["verdict"].tolist() == ["fraudulent", "genuine", "withdrawn"]
    assert log.latest()["reviewer"].tolist() == ["ben"]
    assert log.settled()["verdict"].tolist() == ["genuine"]
    log.to_csv(tmp_path / "verdicts.csv")
    elsewhere = ReviewLog(tmp_path / "elsewhere.sqlite")
    elsewhere.add_csv(tmp_path / "verdicts.csv")
    assert elsewhere.latest()["reviewer"].tolist() == ["ben"]


def test_verdicts_go_into_a_folder_that_is_made_or_the_file_is_named(log, tmp_path):
    log.to_csv(tmp_path / "new" / "verdicts.csv")
    assert (tmp_path / "new" / "verdicts.csv").read_text().startswith("upload_id")
    with pytest.raises(ConfigurationError, match=r"Can't write .*deeper\.csv"):
        log.to_csv(tmp_path / "new" / "verdicts.csv" / "deeper.csv")


def test_withdrawing_is_no_verdict_of_its_own(log):
    with pytest.raises(ValidationError, match="genuine, fraudulent, unsure"):
        log.add("u1", "withdrawn", reviewer="ada")
    nameless = pd.DataFrame({"upload_id": ["u1"], "verdict": ["withdrawn"]})
    with pytest.raises(ValidationError, match="Unknown verdict withdrawn"):
        check_verdicts(nameless)


def test_a_log_that_knew_no_withdrawals_keeps_its_rows_and_takes_one(tmp_path):
    path = tmp_path / "earlier.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(EARLIER_LOG)
    log = ReviewLog(path)
    assert log.frame()[["upload_id", "note"]].to_numpy().tolist() == [["u1", "two fonts"]]
    log.withdraw("u1", reviewer="ada")
    assert ReviewLog(path).latest().empty
    with (
        closing(sqlite3.connect(path)) as connection,
        pytest.raises(sqlite3.IntegrityError, match="add a further one"),
    ):
        connection.execute("DELETE FROM verdicts")


def test_the_file_itself_refuses_to_change_or_remove_a_verdict(log):
    log.add("u1", "genuine", reviewer="ada")
    with closing(sqlite3.connect(log.path)) as connection:
        for change in ("UPDATE verdicts SET verdict = 'unsure'", "DELETE FROM verdicts"):
            with pytest.raises(sqlite3.IntegrityError, match="add a further one"):
                connection.execute(change)


def test_the_file_itself_refuses_to_change_or_remove_a_sample(log):
    log.keep_sample(sample(uploads(4), 4))
    with closing(sqlite3.connect(log.path)) as connection:
        for change in ("UPDATE samples SET sampling_rate = 1", "DELETE FROM samples"):
            with pytest.raises(sqlite3.IntegrityError, match="draw another"):
                connection.execute(change)


def test_an_empty_log_has_the_same_columns_and_dtypes(log):
    empty = log.frame().dtypes
    log.add("u1", "genuine", reviewer="ada")
    pd.testing.assert_series_equal(empty, log.frame().dtypes)


def test_it_uses_sqlites_write_ahead_log(log):
    with closing(sqlite3.connect(log.path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_only_its_owner_can_read_it(log):
    assert stat.S_IMODE(log.path.stat().st_mode) == 0o600


def test_its_representation_shows_no_document_and_no_note(log):
    log.add("u1", "genuine", reviewer="ada", note="Nadia Rivera")
    assert repr(log) == "ReviewLog(1 verdicts in reviews.sqlite)"


def test_by_default_it_is_in_the_home(home):
    assert ReviewLog().path.relative_to(home).name == "reviews.sqlite"


def test_an_unknown_verdict_is_refused_with_the_allowed_ones(log):
    with pytest.raises(ValidationError, match="genuine, fraudulent, unsure") as refused:
        log.add("u1", "fake", reviewer="ada")
    assert list(refused.value.fields) == ["verdict"]
    assert log.frame().empty


@pytest.mark.parametrize(("upload_id", "reviewer"), [("", "ada"), ("u1", "")])
def test_a_verdict_without_a_document_or_a_reviewer_is_refused(log, upload_id, reviewer):
    with pytest.raises(ValidationError, match="is empty"):
        log.add(upload_id, "genuine", reviewer=reviewer)


def test_another_programs_database_is_left_alone(tmp_path):
    path = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match="another program's"):
        ReviewLog(path)
    assert path.read_bytes()[100:] == before[100:]


def test_a_file_that_is_no_database_is_named(tmp_path):
    (tmp_path / "notes.txt").write_text("not a database, " * 20)
    with pytest.raises(ConfigurationError, match=r"notes\.txt: can't use it as a review log"):
        ReviewLog(tmp_path / "notes.txt")


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="can't use it as a review log"):
        ReviewLog(tmp_path / "file" / "reviews.sqlite")


def test_several_programs_may_write_at_once(tmp_path):
    code = (
        "import sys; from argyle_nb.review import ReviewLog; log = ReviewLog(sys.argv[1])\n"
        "for n in range(10): log.add(f'u{n}', 'genuine', reviewer=sys.argv[2])"
    )
    path = tmp_path / "shared.sqlite"
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(path), name]) for name in ("ada", "ben")
    ]
    assert [process.wait(60) for process in running] == [0, 0]
    assert ReviewLog(path).frame()["reviewer"].value_counts().to_dict() == {"ada": 10, "ben": 10}


class TestSettled:
    def test_the_sure_verdict_wins_over_an_unsure_one(self):
        result = settled(said(("u1", "ada", "unsure"), ("u1", "ben", "fraudulent")))
        assert result[["verdict", "reviewers", "disputed"]].to_numpy().tolist() == [
            ["fraudulent", 2, False]
        ]

    def test_contradiction_is_unsure_and_disputed(self):
        result = settled(said(("u1", "ada", "genuine"), ("u1", "ben", "fraudulent")))
        assert result.loc[0, ["verdict", "disputed"]].tolist() == ["unsure", True]

    def test_a_reviewers_earlier_verdict_does_not_count(self):
        result = settled(said(("u1", "ada", "genuine"), ("u1", "ada", "fraudulent")))
        assert result.loc[0, ["verdict", "reviewers"]].tolist() == ["fraudulent", 1]

    def test_of_nothing_there_is_nothing(self, log):
        assert log.settled().empty
        assert log.settled().columns.tolist() == ["upload_id", "verdict", "reviewers", "disputed"]

    def test_the_order_of_writing_does_not_matter_only_the_time(self):
        rows = said(("u1", "ada", "unsure"), ("u1", "ada", "genuine"))
        pd.testing.assert_frame_equal(latest(rows[::-1]), latest(rows))


class TestSamples:
    def test_what_was_chosen_is_kept_with_its_rates(self, log):
        chosen = sample(uploads(20), 5, "random")
        log.keep_sample(chosen)
        kept = ReviewLog(log.path).samples()
        assert len(set(kept["drawn_at"])) == 1
        pd.testing.assert_frame_equal(kept[chosen.columns.tolist()], chosen)

    def test_two_samples_stay_apart(self, log):
        for seed in (1, 2):
            log.keep_sample(sample(uploads(20), 5, "random", seed=seed))
        assert log.samples().groupby("drawn_at").size().tolist() == [5, 5]


class TestCsv:
    def test_a_file_that_was_written_reads_back_the_same(self, log, tmp_path):
        log.add("u1", "genuine", reviewer="ada", note='=1+1, "quoted"\nand a second line')
        log.add("u2", "unsure", reviewer="ben")
        log.to_csv(tmp_path / "out.csv")
        other = ReviewLog(tmp_path / "other.sqlite")
        assert other.add_csv(tmp_path / "out.csv") == 2
        pd.testing.assert_frame_equal(other.frame(), log.frame())

    def test_the_same_file_adds_nothing_the_second_time(self, log, tmp_path):
        path = csv(tmp_path / "in.csv", "u1,genuine,ada,2026-01-05T10:00:00Z,")
        assert (log.add_csv(path), log.add_csv(path)) == (1, 0)
        assert len(log.frame()) == 1

    def test_times_are_read_in_their_zone_and_as_utc_without_one(self, log, tmp_path):
        lines = ["u1,genuine,ada,2026-01-05T10:00:00+02:00,", "u2,genuine,ada,2026-01-05 10:00,"]
        log.add_csv(csv(tmp_path / "in.csv", *lines))
        hours = log.frame()["reviewed_at"].dt.hour.tolist()
        assert hours == [8, 10]

    def test_a_note_is_not_needed(self, log, tmp_path):
        path = tmp_path / "in.csv"
        path.write_text("reviewed_at,reviewer,verdict,upload_id\n2026-01-05,ada,genuine,u1\n")
        log.add_csv(path)
        assert log.frame()["note"].tolist() == [""]

    def test_every_row_that_cannot_be_read_is_named_and_none_is_added(self, log, tmp_path):
        lines = [
            "u1,genuine,ada,2026-01-05,",
            ",genuine,ada,2026-01-05,",
            "u3,fake,,yesterday,",
        ]
        with pytest.raises(ValidationError) as refused:
            log.add_csv(csv(tmp_path / "in.csv", *lines))
        assert refused.value.fields["file"] == [
            "row 3: upload_id is empty",
            "row 4: verdict 'fake' is unknown (use one of genuine, fraudulent, unsure, withdrawn)",
            "row 4: reviewer is empty",
            "row 4: reviewed_at is not a time in ISO 8601",
        ]
        assert "in.csv" in str(refused.value)
        assert log.frame().empty

    def test_a_long_list_of_faults_is_cut_in_the_message_and_whole_in_the_fields(
        self, log, tmp_path
    ):
        path = csv(tmp_path / "in.csv", *["u1,fake,ada,2026-01-05,"] * 30)
        with pytest.raises(ValidationError, match="and 10 more") as refused:
            log.add_csv(path)
        assert len(refused.value.fields["file"]) == 30

    def test_empty_lines_are_passed_over_and_do_not_move_the_numbers(self, tmp_path):
        path = csv(tmp_path / "in.csv", "u1,genuine,ada,2026-01-05,", "", "u2,fake,ada,2026-01-05,")
        with pytest.raises(ValidationError, match="row 4: verdict"):
            read_verdicts(path)

    def test_a_missing_column_is_named(self, log, tmp_path):
        (tmp_path / "in.csv").write_text("upload_id,verdict\nu1,genuine\n")
        with pytest.raises(ValidationError, match="no column reviewer, reviewed_at"):
            log.add_csv(tmp_path / "in.csv")

    def test_rows_with_more_cells_than_names_are_refused(self, log, tmp_path):
        with pytest.raises(ValidationError, match="more cells"):
            log.add_csv(csv(tmp_path / "in.csv", "u1,genuine,ada,2026-01-05,note,more"))

    def test_a_file_that_is_not_there_is_named(self, log, tmp_path):
        with pytest.raises(ValidationError, match=r"gone\.csv: can't read it"):
            log.add_csv(tmp_path / "gone.csv")

    def test_a_file_in_another_encoding_is_named(self, log, tmp_path):
        (tmp_path / "in.csv").write_bytes(HEADER.encode() + b"u1,genuine,Andr\xe9,2026-01-05,\n")
        with pytest.raises(ValidationError, match="CSV in UTF-8"):
            log.add_csv(tmp_path / "in.csv")


texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=12)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(texts, st.sampled_from(VERDICTS), texts, texts), max_size=6))
def test_any_text_survives_the_way_through_csv(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("logs")
    log, other = ReviewLog(folder / "a.sqlite"), ReviewLog(folder / "b.sqlite")
    for upload_id, verdict, reviewer, note in rows:
        log.add(upload_id, verdict, reviewer=reviewer, note=note)
    log.to_csv(folder / "out.csv")
    assert other.add_csv(folder / "out.csv") == len(rows)
    pd.testing.assert_frame_equal(other.frame(), log.frame())
