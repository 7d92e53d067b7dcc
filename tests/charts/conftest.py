"""Counts, verdicts and signals to draw, the same for every test of charts."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import argyle_nb as anb
from argyle_nb.frames.uploads import uploads_frame
from argyle_nb.models import DOCUMENT_TYPES
from argyle_nb.review import sample
from argyle_nb.scores import count_scores
from tests.support.records import scored, unscored
from tests.support.score_frames import several, upload


@pytest.fixture
def ax():
    return Figure(layout="constrained").subplots()


@pytest.fixture
def counts():
    records = [scored(1, 10), scored(2, 10), scored(3, 95)]
    frame = uploads_frame([*records, unscored(4, "idle", "idle", "idle")])
    return count_scores(frame, by=["week"])


@pytest.fixture
def many():
    return count_scores(several(np.random.default_rng(1), 2000), by=["document_type", "week"])


def made_frame():
    """2,000 uploads of twelve weeks; from week 8 on paystubs score lower; some have no score."""
    chance = np.random.default_rng(2026)
    n = 2000
    week = chance.integers(0, 12, n)
    types = chance.choice(DOCUMENT_TYPES, n, p=[0.5, 0.2, 0.1, 0.08, 0.07, 0.05])
    middle = np.where((types == "paystubs") & (week >= 8), 66, 84)
    scores = np.where(chance.random(n) < 0.06, chance.normal(30, 15, n), chance.normal(middle, 9))
    frame = uploads_frame([{"id": str(number)} for number in range(n)])
    frame["document_type"] = pd.Categorical(types, categories=list(DOCUMENT_TYPES))
    frame["created_at"] = pd.Series(np.datetime64("2026-01-05") + 7 * week).dt.tz_localize("UTC")
    rated = np.isin(types, ["paystubs", "W-2", "1099"])
    fate = chance.choice(["completed", "failed", "in_progress"], n, p=[0.94, 0.04, 0.02])
    frame["processing_classification"] = pd.Categorical(["completed"] * n)
    frame["processing_ocr"] = pd.Categorical(np.where(rated, "completed", "idle"))
    frame["processing_authenticity"] = pd.Categorical(np.where(rated, fate, "idle"))
    whole = pd.array(np.clip(scores, 0, 100).round().astype(int), dtype="Int16")
    whole[~(rated & (fate == "completed"))] = pd.NA
    return frame.assign(ocr_authenticity_score=whole)


@pytest.fixture(scope="session")
def pictured():
    """Counts of the uploads that the pictures of scores show."""
    return count_scores(made_frame(), by=["document_type", "week"])


def made_uploads():
    """3,000 paystubs, one in twenty fraudulent; fraud scores lower and shows signals."""
    chance = np.random.default_rng(7)
    fraudulent = chance.random(3000) < 0.05
    score = np.where(fraudulent, chance.normal(45, 20, 3000), chance.normal(86, 8, 3000))
    whole = np.clip(score, 0, 100).round().astype(int)
    names = ("dollar_amount_edits", "earnings_edits", "employee_name_edits")
    records = [
        upload(n, int(s), *(names[: 1 + n % 3] if s < 60 else ["other_edits"] if s < 80 else []))
        for n, s in enumerate(whole)
    ]
    for one in records[::7]:
        codes = one["metadata"]["ocr_authenticity"]["form_authenticity"]["reason_codes"]
        codes.append({"code": "006-L"})
    uploads, signals = anb.flatten(records)
    verdict = np.where(fraudulent, "fraudulent", "genuine")
    return uploads, signals, pd.DataFrame({"upload_id": uploads["id"], "verdict": verdict})


def made_loans(uploads):
    """A loan for each upload; the lower its score, the likelier it is bad."""
    frame = uploads.assign(external_id=uploads["id"])
    score = frame["ocr_authenticity_score"].astype("float64").fillna(50)
    chance = np.random.default_rng(3)
    opened = pd.Timestamp("2025-01-01") + pd.to_timedelta(np.arange(len(frame)) % 300, "D")
    bad = pd.Series(opened + pd.to_timedelta(60, "D"), frame.index)
    loans = {"external_id": frame["id"], "opened_at": opened, "last_seen_at": "2025-12-31"}
    loans["bad_at"] = bad.where(chance.random(len(frame)) < 0.4 * np.exp(-score / 40))
    return frame, pd.DataFrame(loans)


@pytest.fixture(scope="session")
def verdict_data():
    """Verdicts and tables of signals that the pictures show."""
    uploads, signals, said = made_uploads()
    return {
        "verdicts": anb.count_verdicts(uploads, said, sample(uploads, 500)),
        "unweighted": anb.count_verdicts(uploads, said.head(400)),
        "nothing": anb.count_verdicts(uploads, said.head(0)),
        "outcomes": anb.count_outcomes(*made_loans(uploads)),
        "uploads": uploads,
        "no_loans": made_loans(uploads)[1].head(0),
        "pareto": anb.signal_pareto(signals, uploads),
        "by_count": anb.score_by_signal_count(uploads),
    }
