"""How often each 95 % interval holds the truth: ``python -m ... [runs] [seed]``.

20,000 uploads of three document types and four levels, 5 % of them fraudulent; of the fraud a part
hides, as it scores as genuine documents do. Reviewed are as many documents as are named, chosen in
three ways. Beside the coverage (nominal 0.95) and the mean width stand, for areas, those of the
sampling design alone; in brackets the share of runs that had an interval, where it is not all; and
the bias and the root mean square error of the estimates. Two tables before that are of scores
without verdicts, and of the kappa of two reviewers.
"""

from __future__ import annotations

import itertools
import sys
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from argyle_nb import Costs
from argyle_nb.levels import level_preset
from argyle_nb.review import curves
from argyle_nb.review.reviewers import _compared as compared
from argyle_nb.review.reviewers import kappas
from argyle_nb.review.sampling import STRATEGIES, _shares
from argyle_nb.review.verdicts import ORDER, VerdictCounts
from argyle_nb.scores import ScoreCounts
from argyle_nb.scores.comparing import drift_table
from argyle_nb.scores.statistics import with_interval
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
QUANTILES = (0.05, 0.5, 0.95)
# Of fraud, how often a reviewer is right, how often unsure.
REVIEWERS = ((0.3, 0.95, 0.03), (0.1, 0.97, 0.05), (0.05, 0.99, 0.02), (0.5, 0.85, 0.05))
NUMBERS = ("auc", "ks_separation", "average_precision", "fraud_rate", "catch_rate", "cost")


def _beta(*shape: float) -> np.ndarray:
    return np.diff(stats.beta.cdf(np.linspace(0, 1, SCORES + 1), *shape))


# Shares of each score: as uploads have them, without fraud, with very little of it, anything.
SHAPES = {
    "5 % fraud": 0.95 * _beta(9, 1.3) + 0.05 * _beta(1.2, 3),
    "genuine": _beta(9, 1.3),
    "1 % fraud": 0.99 * _beta(30, 2) + 0.01 * _beta(1.2, 6),
    "two humps": 0.7 * _beta(20, 2) + 0.3 * _beta(2, 8),
    "even": np.full(SCORES, 1 / SCORES),
}


class Population(NamedTuple):
    """How many genuine and fraudulent uploads of each type (rows) have each score."""

    genuine: np.ndarray
    fraud: np.ndarray


def population(chance: np.random.Generator, hidden: float) -> Population:
    genuine, fraud = [], []
    for share, frauds, *shapes in TYPES:
        honest, cheating = (_beta(*shape) for shape in shapes)
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
        "ks_separation": float(curves.ks(fraud, genuine)),
        "average_precision": float(curves.average_precision(fraud, genuine)),
        "fraud_rate": fraud.sum() / UPLOADS,
        "catch_rate": 1 - missed / fraud.sum(),
        "cost": (COSTS.missed_fraud * missed + COSTS.review * below) / (fraud + genuine).sum(),
    }


def intervals(found: VerdictCounts) -> dict[str, tuple[float, float, float]]:
    summary = found.summary()
    numbers = {name: tuple(summary.loc[name]) for name in NUMBERS[:4]}
    row = found.confusion(THRESHOLD).loc["fraudulent"]  # what thresholds() calls the catch rate
    numbers["catch_rate"] = tuple(row[with_interval("flagged_share")])
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
        if len(hits) < runs:
            row[name] += f" ({len(hits) / runs:.0%})"
    for name in ("auc", "catch_rate", "cost"):
        row[f"bias {name}"] = f"{np.mean(errors[name]):+.3g}" if errors[name] else "-"
        row[f"rmse {name}"] = f"{np.sqrt(np.mean(np.square(errors[name]))):.3g}"
    return row


def small_samples(chance: np.random.Generator, n: int, runs: int) -> list[dict[str, str]]:
    """Measure what is said of the scores alone: quantiles, means, deviations, and the PSI."""
    rows = []
    for name, shares in SHAPES.items():
        scores = np.arange(SCORES)
        mean = float(shares @ scores)
        below = np.cumsum(shares)
        true = {f"quantile {q}": float(np.searchsorted(below, q)) for q in QUANTILES}
        true |= {"mean": mean, "std": float(np.sqrt(shares @ (scores - mean) ** 2))}
        drawn = chance.multinomial(n, shares, size=runs)
        groups = pd.RangeIndex(runs, name="run")
        zeros = np.zeros((runs, 110 - SCORES), dtype=np.int64)
        counts = ScoreCounts.of_table(("run",), groups, np.hstack([drawn, zeros]))
        found = {f"quantile {q}": counts.quantile(q).iloc[:, 2:] for q in QUANTILES}
        found |= {
            name: counts.bootstrap(name, seed=int(chance.integers(1 << 31))).iloc[:, 2:]
            for name in ("mean", "std")
        }
        row = {"scores": name, "n": str(n)}
        for number, ends in found.items():
            low, high = ends.to_numpy().T
            held = (low - 1e-9 <= true[number]) & (true[number] <= high + 1e-9)
            row[number] = f"{held.mean():.2f} / {(high - low).mean():.3g}"
        other = pd.DataFrame(chance.multinomial(n, shares, size=runs))
        alarms = [drift_of(one, two) for one, two in zip(drawn, other.to_numpy(), strict=True)]
        row["PSI alarms"] = f"{np.mean([alarm['psi_significant'] for alarm in alarms]):.2f}"
        large = np.mean([alarm["psi"] >= 0.25 for alarm in alarms])
        called = np.mean([alarm["psi_band"] == "large" for alarm in alarms])
        row["large, before / now"] = f"{large:.2f} / {called:.2f}"
        rows.append(row)
    return rows


def drift_of(one: np.ndarray, two: np.ndarray) -> pd.Series:
    periods = pd.RangeIndex(1)
    return drift_table(one[np.newaxis], periods, two, bins=10).iloc[0]


def reviewers(chance: np.random.Generator, n: int, runs: int) -> list[dict[str, str]]:
    """Measure the interval of kappa of two reviewers who are right with some probability."""
    rows = []
    for frauds, right, unsure in REVIEWERS:
        shares = np.zeros((3, 3))
        for kind, part in enumerate((1 - frauds, frauds)):
            says = np.full(3, unsure)
            says[kind], says[1 - kind] = right * (1 - unsure), (1 - right) * (1 - unsure)
            shares += part * np.outer(says, says)
        truth, held, wide = float(kappas(shares)), [], []
        for cells in chance.multinomial(n, shares.ravel(), size=runs):
            pairs = np.repeat(np.arange(9), cells)
            codes = np.column_stack([pairs // 3, pairs % 3])
            low, high = compared(codes, int(chance.integers(1 << 31)))[3:]
            if not np.isnan(low):
                held.append(low <= truth <= high)
                wide.append(high - low)
        row = {"fraudulent": f"{frauds:.0%}", "right": f"{right:.0%}", "kappa": f"{truth:.2f}"}
        row |= {"n": str(n), "coverage / width": f"{np.mean(held):.2f} / {np.mean(wide):.3g}"}
        rows.append(row)
    return rows


def main(runs: int = 500, seed: int = 1) -> None:
    # Each setting has a seed of its own, so that it can be run by itself.
    fresh = map(np.random.default_rng, ([seed, number] for number in itertools.count()))
    told = f"{runs} runs each, seed {seed}"
    sizes = (10, *VERDICTS)
    of_scores = [row for n in sizes for row in small_samples(next(fresh), n, runs)]
    report(f"Scores alone: coverage / width of 95 % intervals, {told}", of_scores)
    of_kappa = [row for n in VERDICTS for row in reviewers(next(fresh), n, runs)]
    report(f"Reviewers: coverage / width of the 95 % interval of kappa, {told}", of_kappa)
    rows = [
        measure(next(fresh), strategy, hidden, n, runs)
        for strategy in STRATEGIES
        for hidden in HIDDEN
        for n in VERDICTS
    ]
    report(f"Coverage / width of 95 % intervals, {told}", rows)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
