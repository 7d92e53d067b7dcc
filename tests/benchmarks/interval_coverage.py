"""How often each interval of `VerdictCounts` holds the truth: ``python -m ... [runs] [seed]``.

20,000 uploads of three document types and four levels, 5 % of them fraudulent; of the fraud a part
hides, as it scores as genuine documents do. Reviewed are as many documents as are named, chosen in
three ways. Beside the coverage (nominal 0.95) and the mean width stand, for areas, those of the
sampling design alone, and the bias and the root mean square error of the estimates.
"""

from __future__ import annotations

import sys
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from argyle_nb import Costs
from argyle_nb.levels import level_preset
from argyle_nb.review import curves
from argyle_nb.review.sampling import STRATEGIES, _shares
from argyle_nb.review.verdicts import ORDER, VerdictCounts
from tests.benchmarks.measure import report

UPLOADS, SCORES, THRESHOLD = 20_000, 101, 50
HIDDEN, VERDICTS = (0.0, 0.1, 0.25), (20, 50, 120, 240, 500, 2000)
COSTS = Costs(review=8, missed_fraud=4000, rejected_genuine=150)
# Share of the uploads, share of fraud, and the beta distributions of scores: genuine, fraudulent.
TYPES = (
    (0.62, 0.060, (9, 1.3), (1.2, 3.0)),
    (0.25, 0.040, (8, 1.0), (1.5, 2.5)),
    (0.13, 0.0215, (7, 1.2), (1.3, 2.5)),
)
NUMBERS = ("auc", "ks", "average_precision", "fraud_rate", "catch_rate", "cost")


class Population(NamedTuple):
    """How many genuine and fraudulent uploads of each type (rows) have each score."""

    genuine: np.ndarray
    fraud: np.ndarray


def population(chance: np.random.Generator, hidden: float) -> Population:
    genuine, fraud = [], []
    for share, frauds, *shapes in TYPES:
        honest, cheating = (
            np.diff(stats.beta.cdf(np.linspace(0, 1, SCORES + 1), *shape)) for shape in shapes
        )
        n = int(UPLOADS * share)
        false = chance.binomial(n, frauds)
        unseen = chance.binomial(false, hidden)
        genuine.append(chance.multinomial(n - false, honest))
        fraud.append(
            chance.multinomial(false - unseen, cheating) + chance.multinomial(unseen, honest)
        )
    return Population(np.array(genuine), np.array(fraud))


def strata(people: Population, strategy: str) -> list[Population]:
    if strategy == "random":
        return [Population(people.genuine.sum(axis=0), people.fraud.sum(axis=0))]
    found = []
    for genuine, fraud in zip(*people, strict=True):
        for low, high, _ in level_preset("argyle").ranges():
            inside = (np.arange(SCORES) >= low) & (np.arange(SCORES) <= high)
            found.append(Population(genuine * inside, fraud * inside))
    return [one for one in found if one.genuine.any() or one.fraud.any()]


def reviewed(
    chance: np.random.Generator, people: Population, strategy: str, n: int
) -> VerdictCounts:
    groups = strata(people, strategy)
    sizes = np.array([int(one.genuine.sum() + one.fraud.sum()) for one in groups])
    taken = _shares(sizes, n, strategy)
    rows = []
    for one, count in zip(groups, taken, strict=True):
        drawn = chance.multivariate_hypergeometric(np.concatenate(one), count)
        rows += [drawn[SCORES:], drawn[:SCORES], np.zeros(SCORES, dtype=np.int64)]
    names = [f"s{number}" for number in range(len(groups))]
    index = pd.MultiIndex.from_product([names, ORDER], names=["stratum", "verdict"])
    weights = pd.Series(sizes / np.maximum(taken, 1), index=names)
    uploads = pd.Series((people.genuine + people.fraud).sum(axis=0))
    counts = pd.DataFrame(rows, index=index, columns=range(SCORES))
    return VerdictCounts(uploads, counts, weights, "", seed=int(chance.integers(1 << 31)))


def truths(people: Population) -> dict[str, float]:
    genuine, fraud = (cells.sum(axis=0).astype(float) for cells in people)
    missed, below = fraud[THRESHOLD:].sum(), (genuine + fraud)[:THRESHOLD].sum()
    return {
        "auc": float(curves.auc(fraud, genuine)),
        "ks": float(curves.ks(fraud, genuine)),
        "average_precision": float(curves.average_precision(fraud, genuine)),
        "fraud_rate": fraud.sum() / UPLOADS,
        "catch_rate": 1 - missed / fraud.sum(),
        "cost": (COSTS.missed_fraud * missed + COSTS.review * below) / (fraud + genuine).sum(),
    }


def intervals(found: VerdictCounts) -> dict[str, tuple[float, float, float]]:
    summary = found.summary()
    numbers = {name: tuple(summary.loc[name]) for name in NUMBERS[:4]}
    row = found.thresholds().loc[THRESHOLD]
    numbers["catch_rate"] = tuple(row[["catch_rate", "catch_rate_ci_low", "catch_rate_ci_high"]])
    numbers["cost"] = tuple(
        found.cost_curve(COSTS).loc[THRESHOLD, ["cost", "cost_ci_low", "cost_ci_high"]]
    )
    cells = found._by_stratum(0), found._by_stratum(1)
    numbers["design"] = (numbers["auc"][0], *curves.auc_interval(*cells, found._weights))
    return numbers


def measure(
    chance: np.random.Generator, strategy: str, hidden: float, n: int, runs: int
) -> dict[str, str]:
    held = {name: [] for name in (*NUMBERS, "design")}
    wide = {name: [] for name in held}
    errors = {name: [] for name in NUMBERS}
    for _ in range(runs):
        people = population(chance, hidden)
        truth = truths(people)
        for name, (estimate, low, high) in intervals(reviewed(chance, people, strategy, n)).items():
            true = truth["auc" if name == "design" else name]
            if not np.isnan(low):
                held[name].append(low - 1e-12 <= true <= high + 1e-12)
                wide[name].append(high - low)
            if name in errors and not np.isnan(estimate):
                errors[name].append(estimate - true)
    row = {"sample": strategy, "hidden": f"{hidden:.0%}", "verdicts": str(n)}
    for name, hits in held.items():
        row[name] = f"{np.mean(hits):.2f} / {np.mean(wide[name]):.3g}" if hits else "-"
    for name in ("auc", "catch_rate", "cost"):
        row[f"bias {name}"] = f"{np.mean(errors[name]):+.3g}" if errors[name] else "-"
        row[f"rmse {name}"] = f"{np.sqrt(np.mean(np.square(errors[name]))):.3g}"
    return row


def main(runs: int = 500, seed: int = 1) -> None:
    chance = np.random.default_rng(seed)
    rows = [
        measure(chance, strategy, hidden, n, runs)
        for strategy in STRATEGIES
        for hidden in HIDDEN
        for n in VERDICTS
    ]
    report(f"Coverage / width of 95 % intervals, {runs} runs each, seed {seed}", rows)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
