"""Results in a notebook are short, escaped, and write numbers for people."""

import re
import xml.etree.ElementTree as ET
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import argyle_nb as anb
from argyle_nb import notebook
from argyle_nb.archive import Archive
from argyle_nb.client.polling import Waited
from argyle_nb.models import User, UserUpload
from argyle_nb.report import compare_reports, export_report
from argyle_nb.review.policy import Policy, Thresholds
from argyle_nb.scores import count_scores
from tests.support.records import scored, unscored
from tests.support.score_frames import several

HOSTILE = '<img src=x onerror="alert(1)">&\n"'


def frames():
    records = [scored(1, 10), scored(2, 95), unscored(3, "idle", "idle", "idle")]
    return anb.flatten([record | {"file_name": HOSTILE} for record in records])


def verdicts():
    uploads = frames().uploads
    said = pd.DataFrame({"upload_id": uploads["id"][:2], "verdict": ["fraudulent", "genuine"]})
    return anb.count_verdicts(uploads, said)


def report(folder, number=3):
    return export_report(frames().uploads.head(number), folder)


RESULTS = {
    "user": lambda _: User(HOSTILE, external_id=HOSTILE),
    "upload": lambda _: UserUpload(HOSTILE, document_type=HOSTILE),
    "waited": lambda _: Waited([UserUpload(HOSTILE)] * 50, {HOSTILE: HOSTILE}, []),
    "frames": lambda _: frames(),
    "counts": lambda _: count_scores(
        frames().uploads.assign(employer=pd.array([HOSTILE, None, "x"], dtype="string")),
        by=["document_type", "employer"],
    ),
    "verdicts": lambda _: verdicts(),
    "archive": lambda folder: Archive(folder / "<b>&archive"),
    "policy": lambda _: Policy({"W-2": Thresholds(80, 30)}, "ada", date(2026, 5, 1), "first try"),
    "report": lambda folder: report(folder / "<b>&report"),
    "comparison": lambda folder: compare_reports(report(folder / "a", 1), report(folder / "b")),
}


def texts(html):
    return [text.strip() for text in ET.fromstring(html).itertext()]  # noqa: S314 - it is our own


@pytest.mark.parametrize("name", RESULTS)
def test_it_is_html_that_is_short_and_holds_foreign_text_as_text(name, tmp_path):
    shown = RESULTS[name](tmp_path)._repr_html_()
    assert texts(shown)[0]
    assert not re.search("<(img|b|script)[ >]", shown)
    assert len(shown) < 10_000


@pytest.mark.parametrize("name", RESULTS)
def test_it_has_no_colors_of_its_own(name, tmp_path):
    shown = RESULTS[name](tmp_path)._repr_html_()
    assert not re.search(r"color:(?! var\(--jp-[\w-]+, inherit\))|background", shown)


def test_a_client_shows_where_it_is_connected_and_no_key(client):
    shown = client._repr_html_()
    assert client.settings.base_url in texts(shown)
    assert "secret" not in shown.lower()


def test_an_upload_shows_no_file_name_and_a_user_no_name_or_email():
    upload = UserUpload("u1", file_name="ada_lovelace.pdf")
    assert "lovelace" not in upload._repr_html_()
    user = User("u1", email="ada@example.com", first_name="Ada")
    assert not {"Ada", "ada@example.com"} & set(texts(user._repr_html_()))


def test_counts_show_each_group_with_its_share_and_median():
    counts = count_scores(several(np.random.default_rng(1), 400), by="document_type")
    row = texts(counts._repr_html_())
    scored_w2 = int(counts.scores.loc["W-2"].sum())
    at = row.index("W-2")
    median = counts.quantile(0.5).loc["W-2", "quantile"].item()
    assert row[at + 1 : at + 5] == [str(scored_w2)] * 2 + ["100.0%", notebook.shown(median)]


def test_a_long_table_shows_its_first_rows_and_says_of_how_many():
    table = notebook.table(["n"], [[n] for n in range(1000)], of=1000)
    shown = texts(f"<div>{table}</div>")
    assert shown[-1] == "12 of 1,000 rows"
    assert "11" in shown
    assert "12" not in shown


@pytest.mark.parametrize("missing", [None, "", float("nan"), pd.NA, pd.NaT, np.nan])
def test_whatever_is_missing_has_one_sign(missing):
    assert notebook.shown(missing) == notebook.MISSING
    assert notebook.percent(missing) == notebook.MISSING


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (1500, "1,500"),
        (np.int64(3), "3"),
        (84.0, "84"),
        (84.25, "84.2"),
        (np.float64(1234.5), "1,234.5"),
        (True, "yes"),
        (datetime(2026, 5, 1, 9, 30, tzinfo=UTC), "2026-05-01 09:30 UTC"),
        (datetime(2026, 5, 4, tzinfo=UTC), "2026-05-04"),
        (date(2026, 5, 1), "2026-05-01"),
    ],
)
def test_numbers_and_times_are_written_for_people(value, written):
    assert notebook.shown(value) == written


def test_a_share_is_a_percentage_and_a_difference_of_shares_is_in_points():
    assert notebook.percent(0.345) == "34.5%"
    assert notebook.points(-0.0004) == "+0.0 pp"
    assert notebook.points(-0.05) == "-5.0 pp"


def test_a_column_is_headed_in_words():
    assert notebook.heading("ocr_authenticity_score") == "Authenticity score"
    assert notebook.heading("upload_id") == "Upload ID"


@given(st.text(), st.text())
def test_no_text_leaves_its_cell(name, value):
    shown = notebook.result(name, {name: value}, [notebook.table([name], [[value]], of=1)], value)
    assert shown.count("<td") == 2
    assert shown.count("<th") - shown.count("<thead") == 2
