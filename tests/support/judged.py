"""Uploads to review; reviewed documents as raw rows, their counts, and what scikit-learn takes."""

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from argyle_nb import count_verdicts
from argyle_nb.frames.uploads import uploads_frame
from tests.support.records import scored

EXACT = {"rel": 0, "abs": 1e-12}
RATES = (1.0, 0.25, 0.01)
SHARES = ("catch_rate", "false_positive_rate", "precision")

scores = st.integers(0, 100)
# Score, is it fraudulent, which stratum.
documents = st.lists(st.tuples(scores, st.booleans(), st.integers(0, 2)), min_size=2, max_size=80)


def uploads(n, score=None):
    """Make n scored paystubs; nine of ten score high, one scores very low."""
    scores = [score if score is not None else (10 if k % 10 == 0 else 90) for k in range(n)]
    return uploads_frame([scored(number, value) for number, value in enumerate(scores)])


def both_kinds(rows):
    return len({fraudulent for _, fraudulent, _ in rows}) == 2


def tables(rows, extra=()):
    """Make the frame, the verdicts and a sample of raw rows; `extra` scores are not reviewed."""
    values = [score for score, _, _ in rows] + list(extra)
    frame = pd.DataFrame({"id": [f"u{n}" for n in range(len(values))]}, dtype="string")
    frame["ocr_authenticity_score"] = pd.array(values, dtype="Int16")
    said = pd.DataFrame({"upload_id": frame["id"].head(len(rows))})
    said["verdict"] = ["fraudulent" if fraudulent else "genuine" for _, fraudulent, _ in rows]
    chosen = said[["upload_id"]].assign(
        stratum=[f"s{stratum}" for _, _, stratum in rows],
        sampling_rate=[RATES[stratum] for _, _, stratum in rows],
    )
    return frame, said, chosen


def counted(rows, extra=(), *, weighted=False, seed=0):
    frame, said, chosen = tables(rows, extra)
    return count_verdicts(frame, said, chosen if weighted else None, seed=seed)


def raw(rows, weighted):
    """Give what scikit-learn takes: truth, how suspicious, weights."""
    truth = np.array([fraudulent for _, fraudulent, _ in rows])
    suspicion = -np.array([score for score, _, _ in rows])
    weights = np.array([1 / RATES[stratum] if weighted else 1.0 for *_, stratum in rows])
    return truth, suspicion, weights


def draw(chance):
    """Draw rows of both kinds: few or many, spread, heaped, apart, or all of one score."""
    n = int(chance.choice([2, 3, 5, 20, 200, 1000]))
    truth = chance.random(n) < chance.uniform(0.05, 0.95)
    truth[:2] = True, False
    low, high = sorted(chance.integers(0, 101, 2))
    score = {
        0: lambda: chance.integers(0, 101, n),
        1: lambda: np.where(truth, chance.binomial(100, 0.4, n), chance.binomial(100, 0.8, n)),
        2: lambda: chance.choice(chance.integers(0, 101, 3), n),
        3: lambda: np.where(truth, low, high),
        4: lambda: np.full(n, low),
    }[int(chance.integers(0, 5))]()
    strata = chance.integers(0, chance.integers(1, 4), n)
    return [(int(s), bool(f), int(k)) for s, f, k in zip(score, truth, strata, strict=True)]
