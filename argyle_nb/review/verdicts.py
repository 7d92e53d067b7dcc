"""Verdicts counted by score: how well scores tell fraud, and what each threshold would cost."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from argyle_nb import notebook
from argyle_nb.errors import ConfigurationError, ValidationError
from argyle_nb.frames.columns import need_columns
from argyle_nb.levels import HIGHEST_SCORE, LOWEST_SCORE, level_preset
from argyle_nb.review import curves
from argyle_nb.review.log import check_verdicts, settled
from argyle_nb.scores import checked_scores
from argyle_nb.scores.comparing import psi_bins
from argyle_nb.scores.statistics import with_interval

if TYPE_CHECKING:
    import numpy.typing as npt

    from argyle_nb.levels import Levels
    from argyle_nb.review.curves import Cells

ORDER = ("fraudulent", "genuine", "unsure")
THRESHOLDS = range(LOWEST_SCORE, HIGHEST_SCORE + 2)
_WIDTH = HIGHEST_SCORE + 1
_SHOWN = 3
SUMMARY = ("auc", "gini", "ks_separation", "average_precision", "fraud_rate")
# How many times the verdicts so far a plan looks at.
_TIMES = (1, 1.5, 2, 3, 4, 6, 8, 12, 16)
# With fewer sure verdicts area and catch rate are biased upwards.
_FEW = 500
# Without a sample, for how many documents like it one reviewed document stands.
_MANY = 10_000


@dataclass(frozen=True)
class Costs:
    """The user's own costs, each of one document.

    Parameters
    ----------
    review
        Of an analyst's look, whatever is found; a review is taken to find the truth.
    missed_fraud
        Of a fraudulent document that passes.
    rejected_genuine
        Of a genuine document that is rejected without review.
    currency
        Of all three.

    Raises
    ------
    ConfigurationError
        For a cost that is no number, or below 0, and for a currency that is no text.

    Examples
    --------
    >>> Costs(review=8, missed_fraud=4000, rejected_genuine=150).currency
    'USD'
    """

    review: float
    missed_fraud: float
    rejected_genuine: float
    currency: str = "USD"

    def __post_init__(self) -> None:
        if not isinstance(self.currency, str) or not self.currency.strip():
            raise ConfigurationError(
                f"costs.currency must be text and not empty, not {self.currency!r}."
            )
        for name, cost in asdict(self).items():
            if name == "currency":
                continue
            is_number = isinstance(cost, Real) and not isinstance(cost, bool)
            if not is_number or not math.isfinite(cost) or cost < 0:
                raise ConfigurationError(
                    f"costs.{name} must be a number of 0 or more, not {cost!r}."
                )
            # 8 and 8.0 are one cost, so that they make one hash of a policy.
            object.__setattr__(self, name, float(cost))

    def parts(
        self, fraud: Cells, genuine: Cells, review_share: Cells, reject_below: int
    ) -> tuple[Cells, Cells, Cells]:
        """Give the cost of reviews, of missed fraud and of wrong rejections, per scored upload.

        Parameters
        ----------
        fraud, genuine
            Below each threshold 0 to 101, as shares of both together; the last axis is the
            threshold.
        review_share
            Share of uploads that are reviewed, at each threshold.
        reject_below
            The score below which a document is rejected without review.

        Examples
        --------
        >>> one = np.linspace(0, 1, 102)
        >>> review, missed, rejected = Costs(1, 10, 5).parts(one * 0.1, one * 0.9, one, 0)
        >>> float(review[101]), float(missed[0]), float(rejected[0])
        (1.0, 1.0, 0.0)
        """
        missed = fraud[..., -1:] - fraud
        rejected = genuine[..., reject_below, None] + 0 * genuine
        return (
            self.review * review_share,
            self.missed_fraud * missed,
            self.rejected_genuine * rejected,
        )


@dataclass(frozen=True, eq=False)
class VerdictCounts:
    """How many reviewed documents have each score and verdict, and every number that follows.

    At a threshold t, 0 to 101, documents with a score below t are flagged. Every table carries
    ``attrs["note"]``: on how many verdicts it rests, and what they cannot say. Made by
    `count_verdicts`.

    Intervals, 95%, come from 1,000 draws of what all uploads could be, given the verdicts and the
    scores of all of them (``argyle_nb.review.curves.drawn``), so that fraud which no review came
    upon is reckoned with; those of areas and shares also hold the interval of their sampling
    design, and those of areas, average precision and costs the draws moved onto the estimate. They
    assume that within a stratum what was reviewed is like what was not, that verdicts are right,
    and that uploads are independent of each other.

    ``tests/benchmarks/interval_coverage.py`` measures how often each holds the truth: 20,000
    uploads, 5% fraud, of which 0, 10 or 25% score as genuine ones do; 20 to 2,000 verdicts of
    samples of all three strategies; 250 or 500 runs each. Lowest and highest of 54 settings:
    ``auc`` and ``gini`` 0.87-1.00 (0.90 or more but for 2,000 verdicts of the strategy ``equal``),
    ``ks_separation`` 0.94-1.00, ``average_precision`` 0.91-1.00, ``fraud_rate`` 0.97-1.00,
    ``catch_rate`` 0.90-0.99, ``cost`` 0.92-1.00. Of few verdicts the AUC and the catch rate are
    biased upwards, by up to 0.06 and 0.12 at 50 verdicts of the default strategy if a quarter of
    the fraud hides, by less than 0.01 from 500 on.

    Parameters
    ----------
    uploads
        All scored uploads, reviewed or not, by score.
    counts
        Reviewed documents by stratum and verdict (rows) and score (columns).
    weights
        For how many uploads one document of a stratum stands.
    note
        What is not known, in words.
    sampled
        Whether the reviewed documents were chosen by `argyle_nb.review.sample`.
    seed
        Of the draws.
    """

    uploads: pd.Series[int]
    counts: pd.DataFrame
    weights: pd.Series[float]
    note: str
    sampled: bool = True
    seed: int = 0

    def __repr__(self) -> str:
        n = dict(zip(ORDER, self._cells.sum(axis=(0, 2)).tolist(), strict=True))
        verdicts = ", ".join(f"{n[name]} {name}" for name in ORDER)
        return f"VerdictCounts({verdicts}, of {int(self.uploads.sum())} scored uploads)"

    def _repr_html_(self) -> str:
        facts = dict(zip(ORDER, self._cells.sum(axis=(0, 2)).tolist(), strict=True))
        named = {name.capitalize(): count for name, count in facts.items()}
        title = f"Verdicts on {int(self.uploads.sum()):,} scored uploads"
        return notebook.result(title, named, note=self.note)

    def summary(self) -> pd.DataFrame:
        """Say how well scores tell fraud from genuine documents.

        Returns
        -------
        pandas.DataFrame
            Indexed by ``statistic``: ``estimate, estimate_ci_low, estimate_ci_high`` (float64,
            95%). ``auc``: probability that fraud scores lower than a genuine document, ties half;
            ``gini``: 2 auc - 1; ``ks_separation``: greatest distance of the cumulative shares
            of fraud and of genuine documents; ``average_precision`` (without an interval where
            fewer than 5 fraudulent documents were found) and ``fraud_rate`` depend on which
            documents were reviewed. NaN without both kinds.

        Examples
        --------
        >>> float(verdicts.summary().loc["auc", "estimate"])
        1.0
        """
        by_stratum = self._by_stratum(0), self._by_stratum(1)
        fraud, genuine = self._weighted
        area, *ends = np.array(
            [curves.auc(fraud, genuine), *curves.auc_interval(*by_stratum, self._weights)]
        )
        area_ends = curves.around(
            *curves.estimate_interval(area, curves.auc(*self._drawn)), area, *ends
        )
        precision = curves.average_precision(fraud, genuine)
        precision_ends = curves.estimate_interval(precision, curves.average_precision(*self._drawn))
        of_fraud, of_genuine = (cells.sum(axis=1) for cells in by_stratum)
        if of_fraud.sum() < curves.FEWEST_FRAUDULENT:
            precision_ends = np.array(np.nan), np.array(np.nan)
        drawn_fraud, drawn_genuine = (cells.sum(axis=-1) for cells in self._drawn)
        rows = {
            "auc": (area, *area_ends),
            "gini": tuple(2 * x - 1 for x in (area, *area_ends)),
            "ks_separation": (
                curves.ks(fraud, genuine),
                *curves.ks_interval(fraud, genuine, *self._drawn),
            ),
            "average_precision": (precision, *precision_ends),
            "fraud_rate": self._interval(
                of_fraud, of_fraud + of_genuine, drawn_fraud, drawn_fraud + drawn_genuine
            ),
        }
        index = pd.Index(rows, name="statistic")
        columns = with_interval("estimate")
        return self._noted(
            pd.DataFrame(list(rows.values()), index=index, columns=columns).astype(float)
        )

    def thresholds(self) -> pd.DataFrame:
        """Say for each threshold what flagging everything below it would do.

        Returns
        -------
        pandas.DataFrame
            Indexed by ``threshold`` 0 to 101: ``uploads_below`` (int64) and ``review_rate`` of all
            scored uploads, the review volume; ``catch_rate`` (flagged of the fraudulent),
            ``false_positive_rate`` (flagged of the genuine), ``precision`` (fraudulent of the
            flagged), each with ``_ci_low`` and ``_ci_high`` (95%, Wilson with the effective number
            of documents, or the draws, whichever reaches further), and ``lift`` (catch rate by
            review rate: how many times the fraud that as many documents drawn by chance would
            hold). NaN of nothing.

        Examples
        --------
        >>> row = verdicts.thresholds().loc[50]
        >>> int(row["uploads_below"]), float(row["catch_rate"]), float(row["false_positive_rate"])
        (1, 1.0, 0.0)
        """
        uploads = self._uploads_below
        fraud, genuine = curves.below(self._by_stratum(0)), curves.below(self._by_stratum(1))
        drawn_fraud, drawn_genuine = map(curves.below, self._drawn)
        columns = {
            "uploads_below": uploads.astype(np.int64),
            "review_rate": curves.divided(uploads, uploads[-1:]),
            **self._columns("catch_rate", fraud, _all(fraud), drawn_fraud, _all(drawn_fraud)),
            **self._columns(
                "false_positive_rate", genuine, _all(genuine), drawn_genuine, _all(drawn_genuine)
            ),
            **self._columns(
                "precision", fraud, fraud + genuine, drawn_fraud, drawn_fraud + drawn_genuine
            ),
        }
        table = pd.DataFrame(columns, index=pd.Index(THRESHOLDS, name="threshold"))
        table["lift"] = table["catch_rate"] / table["review_rate"].where(uploads > 0)
        return self._noted(table)

    def gains(self, bins: int = 10) -> pd.DataFrame:
        """Say how much of the fraud lies in each tenth of the uploads, lowest scores first.

        The gains table of credit scoring (Siddiqi 2006, Credit Risk Scorecards, chapter 6).

        Parameters
        ----------
        bins
            How many parts of equal size, 2 or more; 10 for deciles. Uploads of one score stay
            together, so parts are unequal or fewer where many share a score.

        Returns
        -------
        pandas.DataFrame
            Indexed by ``part``, from 1: ``score_from, score_to, uploads`` (int64), ``fraud_rate``
            (of the part) and ``fraud_captured`` (of all fraud, that in the part) with ``_ci_low``
            and ``_ci_high``; then of this part and those before it ``review_rate``, ``catch_rate``
            with its interval, and ``lift``, all as in `thresholds`.

        Raises
        ------
        ConfigurationError
            For fewer than 2 parts.

        Examples
        --------
        >>> verdicts.gains(3)[["score_to", "uploads", "catch_rate", "lift"]].iloc[0].tolist()
        [40.0, 1.0, 1.0, 3.0]
        """
        found = psi_bins(np.asarray(self.uploads, dtype=np.int64), bins)
        by_threshold = self.thresholds().drop(columns=["uploads_below"])
        rows: list[dict[str, Any]] = []
        for low, high in found:
            band = slice(low, high + 1)
            fraud, genuine = (self._by_stratum(v)[:, band].sum(axis=1) for v in (0, 1))
            drawn_fraud, drawn_genuine = (cells[:, band].sum(axis=1) for cells in self._drawn)
            rates = self._columns(
                "fraud_rate", fraud, fraud + genuine, drawn_fraud, drawn_fraud + drawn_genuine
            )
            captured = self._columns(
                "fraud_captured",
                fraud,
                self._by_stratum(0).sum(axis=1),
                drawn_fraud,
                self._drawn[0].sum(axis=1),
            )
            uploads = int(self.uploads.iloc[band].sum())
            place = {"score_from": low, "score_to": high, "uploads": uploads}
            rows.append(place | rates | captured)
        ends = by_threshold.loc[[high + 1 for _, high in found]]
        ends = ends[["review_rate", *with_interval("catch_rate"), "lift"]]
        index = pd.RangeIndex(1, len(found) + 1, name="part")
        return self._noted(pd.DataFrame(rows, index=index).join(ends.set_axis(index)))

    def at_share(self, share: float) -> pd.DataFrame:
        """Say how precise each threshold would be where fraud is rarer or more frequent.

        Parameters
        ----------
        share
            Of fraud among the scored uploads there, above 0 and below 1, such as 0.034.

        Returns
        -------
        pandas.DataFrame
            Indexed by ``threshold`` 0 to 101: ``catch_rate`` and ``false_positive_rate`` as in
            `thresholds`, ``flagged_rate`` (of all uploads) and ``precision`` (fraudulent of the
            flagged) at that share, with ``precision_ci_low`` and ``precision_ci_high`` (95%, draws
            of both rates). NaN of nothing.

        Raises
        ------
        ConfigurationError
            For a share that is not between 0 and 1.

        Notes
        -----
        Bayes' theorem, catch rate x share by flagged rate, as for predictive values in Altman and
        Bland 1994, BMJ 309:102. It takes both rates to be the same there: fraud of another kind may
        score otherwise. With 80% of the fraud and 1% of the genuine documents
        flagged, precision is 0.74 at 3.4% fraud and 0.92 at 12.5%.

        Examples
        --------
        >>> verdicts.at_share(0.034).loc[[50, 90], "precision"].round(3).tolist()
        [1.0, 0.066]
        """
        if not isinstance(share, float) or not 0 < share < 1:
            raise ConfigurationError(f"share must be between 0 and 1, such as 0.034, not {share}.")
        sides = zip(self._weighted, self._drawn, strict=True)
        (caught, drawn_caught), (wrong, drawn_wrong) = (
            [curves.divided(curves.below(x), x.sum(axis=-1, keepdims=True)) for x in side]
            for side in sides
        )
        flagged = caught * share + wrong * (1 - share)
        precision = curves.divided(caught * share, flagged)
        drawn_flagged = drawn_caught * share + drawn_wrong * (1 - share)
        drawn = curves.divided(drawn_caught * share, drawn_flagged)
        ends = curves.estimate_interval(precision, drawn)
        columns = {"catch_rate": caught, "false_positive_rate": wrong, "flagged_rate": flagged}
        columns |= dict(zip(with_interval("precision"), (precision, *ends), strict=True))
        return self._noted(pd.DataFrame(columns, index=pd.Index(THRESHOLDS, name="threshold")))

    def roc(self) -> pd.DataFrame:
        """Give the ROC curve: catch rate by false positive rate, threshold by threshold.

        Returns
        -------
        pandas.DataFrame
            The columns ``false_positive_rate`` and ``catch_rate`` of `thresholds`, with intervals.

        Examples
        --------
        >>> verdicts.roc()["false_positive_rate"].iloc[-1].item()
        1.0
        """
        return self._noted(_with_intervals(self.thresholds(), "false_positive_rate", "catch_rate"))

    def precision_recall(self) -> pd.DataFrame:
        """Give precision and recall, threshold by threshold.

        Returns
        -------
        pandas.DataFrame
            The columns ``precision`` and ``catch_rate`` (as ``recall``) of `thresholds`, with
            intervals.

        Examples
        --------
        >>> verdicts.precision_recall()["recall"].iloc[-1].item()
        1.0
        """
        table = _with_intervals(self.thresholds(), "precision", "catch_rate")
        return self._noted(table.rename(columns=lambda name: name.replace("catch_rate", "recall")))

    def confusion(self, threshold: int) -> pd.DataFrame:
        """Cross what is flagged with what the analysts found.

        Parameters
        ----------
        threshold
            0 to 101; scores below it are flagged.

        Returns
        -------
        pandas.DataFrame
            Indexed by ``verdict``: ``documents`` (int64, reviewed), ``flagged, passed`` (float64,
            weighted), ``flagged_share`` with ``_ci_low`` and ``_ci_high``.

        Raises
        ------
        ConfigurationError
            For a threshold outside 0 to 101.

        Examples
        --------
        >>> verdicts.confusion(90).loc["genuine", ["flagged", "passed"]].tolist()
        [1.0, 1.0]
        """
        at = _checked_threshold(threshold, "threshold")
        rows: list[dict[str, Any]] = []
        for verdict in (0, 1):
            cells, drawn = self._by_stratum(verdict), self._drawn[verdict]
            flagged, of = cells[:, :at].sum(axis=1), cells.sum(axis=1)
            drawn_flagged = drawn[:, :at].sum(axis=1), drawn.sum(axis=1)
            row = {
                "documents": int(of.sum()),
                "flagged": float(self._weights @ flagged),
                "passed": float(self._weights @ (of - flagged)),
            }
            rows.append(row | self._columns("flagged_share", flagged, of, *drawn_flagged))
        return self._noted(pd.DataFrame(rows, index=pd.Index(ORDER[:2], name="verdict")))

    def calibration(self, levels: Levels = "argyle") -> pd.DataFrame:
        """Say how much fraud there is in each authenticity level.

        Parameters
        ----------
        levels
            A level preset, or your own thresholds, as `level_preset` takes them.

        Returns
        -------
        pandas.DataFrame
            Indexed by ``level``, lowest first: ``score_from, score_to``, ``uploads`` (all
            scored ones), ``documents`` (with a sure verdict), ``fraudulent`` (int64), and
            ``fraud_rate`` with ``_ci_low`` and ``_ci_high``, weighted. The preset's name is in
            ``attrs["levels"]``.

        Raises
        ------
        ConfigurationError
            For an unknown preset.

        Examples
        --------
        >>> verdicts.calibration().loc["high", "documents"].item()
        2
        """
        rows: list[dict[str, Any]] = []
        preset = level_preset(levels)
        bands = preset.ranges()
        for low, high, _ in bands:
            band = slice(low, high + 1)
            fraud, genuine = (self._by_stratum(v)[:, band].sum(axis=1) for v in (0, 1))
            drawn_fraud, drawn_genuine = (cells[:, band].sum(axis=1) for cells in self._drawn)
            row = {
                "score_from": low,
                "score_to": high,
                "uploads": int(self.uploads.iloc[band].sum()),
                "documents": int((fraud + genuine).sum()),
                "fraudulent": int(fraud.sum()),
            }
            shares = self._columns(
                "fraud_rate", fraud, fraud + genuine, drawn_fraud, drawn_fraud + drawn_genuine
            )
            rows.append(row | shares)
        index = pd.Index([level for _, _, level in bands], name="level")
        table = self._noted(pd.DataFrame(rows, index=index))
        table.attrs["levels"] = preset.name
        return table

    def cost_curve(self, costs: Costs, *, reject_below: int = 0) -> pd.DataFrame:
        """Give the expected cost per scored upload of reviewing up to each threshold.

        Parameters
        ----------
        costs
            Your own.
        reject_below
            Documents below this score are rejected without review, 0 to 101; 0 rejects none.

        Returns
        -------
        pandas.DataFrame
            Indexed by ``threshold`` (``reject_below`` to 101; what scores below it and is not
            rejected is reviewed): ``cost, cost_ci_low, cost_ci_high``, its parts ``review_cost,
            missed_cost, rejected_cost``, and ``expected_cost``: the mean of the draws, which
            reckons with fraud that no review came upon. All in the costs' currency, which is in
            ``attrs["currency"]``. NaN without a sure verdict.

        Raises
        ------
        ConfigurationError
            For a ``reject_below`` outside 0 to 101.

        Notes
        -----
        cost(t) = review x P(reject_below <= score < t) + missed_fraud x P(fraud, score >= t)
        + rejected_genuine x P(genuine, score < reject_below). The first is counted on all
        uploads, the others are estimated from verdicts.

        Examples
        --------
        >>> from argyle_nb import Costs
        >>> costs = Costs(review=1, missed_fraud=300, rejected_genuine=10)
        >>> verdicts.cost_curve(costs)["cost"].iloc[[0, -1]].tolist()
        [100.0, 1.0]
        """
        reject = _checked_threshold(reject_below, "reject_below")
        parts = self._cost_parts(*self._weighted, costs, reject)
        draws = _added(self._cost_parts(*self._drawn, costs, reject))
        ends = curves.estimate_interval(_added(parts), draws, parts[0], np.inf)
        names = ("review_cost", "missed_cost", "rejected_cost", "expected_cost")
        columns = dict(zip(with_interval("cost"), (_added(parts), *ends), strict=True))
        expected = np.where(np.isnan(_added(parts)), np.nan, draws.mean(axis=0))
        table = pd.DataFrame(
            columns | dict(zip(names, (*parts, expected), strict=True)),
            index=pd.Index(THRESHOLDS, name="threshold"),
        )
        result = self._noted(table.iloc[reject:].copy())
        result.attrs["currency"] = costs.currency
        return result

    def best_threshold(
        self, capacity: int, costs: Costs | None = None, *, reject_below: int = 0
    ) -> pd.DataFrame:
        """Find the threshold that does most with the reviews you can do.

        Parameters
        ----------
        capacity
            How many of these scored uploads can be reviewed.
        costs
            Without them, the most fraud is to be caught, so the capacity is used up; with them,
            ``expected_cost`` of `cost_curve` is to be least.
        reject_below
            As for `cost_curve`; what is rejected is caught and needs no review.

        Returns
        -------
        pandas.DataFrame
            One row, indexed by ``threshold``: ``reviews`` (int64), the columns of `thresholds`,
            with costs ``cost, cost_ci_low, cost_ci_high, expected_cost``, and ``threshold_ci_low,
            threshold_ci_high``: where the best threshold of the draws lies (Int16, 95%, to the
            next whole score outwards; without costs it depends on the uploads alone). Without a
            sure verdict no cost is known: then it is the lowest threshold, nothing is reviewed, and
            the range is missing.

        Raises
        ------
        ConfigurationError
            For a capacity that is not 0 or more, or a ``reject_below`` outside 0 to 101.

        Examples
        --------
        >>> verdicts.best_threshold(1).index.tolist()
        [41]
        """
        _check_capacity(capacity)
        reject = _checked_threshold(reject_below, "reject_below")
        reviews = self._uploads_below
        reviews = np.maximum(reviews - reviews[reject], 0).astype(np.int64)
        allowed = (reviews <= capacity) & (np.array(THRESHOLDS) >= reject)
        if costs is None:
            first = int(np.flatnonzero(reviews == reviews[allowed].max())[0])
            best = max(first, reject)
            low = high = np.array(best, dtype=np.float64)
        else:
            draws = _added(self._cost_parts(*self._drawn, costs, reject))
            if not self._cells[:, :2].any():
                draws = np.full_like(draws, np.nan)
            least = float(_least(draws.mean(axis=0), allowed))
            best = reject if np.isnan(least) else int(least)
            low, high = curves.around(*curves.middle_95(_least(draws, allowed)), np.array(least))
        row = self.thresholds().loc[[best]]
        row.insert(0, "reviews", reviews[best])
        if costs is not None:
            curve = self.cost_curve(costs, reject_below=reject)
            row = row.join(curve[[*with_interval("cost"), "expected_cost"]])
        ends = {"threshold_ci_low": np.floor(low), "threshold_ci_high": np.ceil(high)}
        return self._noted(row.assign(**ends).astype(dict.fromkeys(ends, "Int16")))

    def plan(self, width: float, statistic: str = "auc") -> pd.DataFrame:
        """Say how many verdicts would make an interval as narrow as is wanted.

        Reckoned as if further documents, chosen in the same way, were found to be what those so far
        were found to be.

        Parameters
        ----------
        width
            Of the 95% interval, from end to end; above 0.
        statistic
            One of the statistics of `summary`.

        Returns
        -------
        pandas.DataFrame
            Indexed by ``verdicts``, from those so far up to 16 times as many: ``width`` (float64)
            and ``enough`` (bool). The first that is enough ends it.

        Raises
        ------
        ConfigurationError
            For a width that is not above 0, or an unknown statistic.

        Examples
        --------
        >>> verdicts.plan(0.5, "fraud_rate").iloc[-1]["enough"].item()
        True
        """
        _check_width(width)
        if statistic not in SUMMARY:
            raise ConfigurationError(
                f"Unknown statistic {statistic!r}. Use one of {', '.join(SUMMARY)}."
            )
        rows: list[dict[str, Any]] = []
        for times in _TIMES:
            more = self._with_more(times)
            _, low, high = map(float, more.summary().loc[statistic].to_numpy())
            verdicts = round(float(more.counts.to_numpy().sum()))
            enough = bool(high - low <= width)
            rows.append({"verdicts": verdicts, "width": high - low, "enough": enough})
            if enough:
                break
        return self._noted(pd.DataFrame(rows).set_index("verdicts"))

    def _with_more(self, times: float) -> VerdictCounts:
        """Multiply what was found; no stratum gives more documents than it has."""
        most = self._weights if self.sampled else np.full(len(self._weights), np.inf)
        factor = np.minimum(times, np.maximum(most, 1))
        counts = self.counts.mul(np.repeat(factor, len(ORDER)), axis=0)
        return replace(self, counts=counts, weights=self.weights / factor)

    @cached_property
    def _cells(self) -> npt.NDArray[np.int64]:
        """Reviewed documents by stratum, verdict and score."""
        return self.counts.to_numpy().reshape(len(self.weights), len(ORDER), _WIDTH)

    @cached_property
    def _weights(self) -> Cells:
        return np.asarray(self.weights, dtype=np.float64)

    @cached_property
    def _drawn(self) -> tuple[Cells, Cells]:
        """What all uploads could be; without a sample, many that are like the reviewed ones."""
        fraud, genuine = self._by_stratum(0), self._by_stratum(1)
        uploads = np.asarray(self.uploads, dtype=np.float64)
        if not self.sampled:
            uploads = _MANY * (fraud + genuine).sum(axis=0)
        return curves.drawn(uploads, fraud, genuine, self._weights, self.seed)

    @property
    def _weighted(self) -> tuple[Cells, Cells]:
        """How many fraudulent and genuine uploads with each score the reviewed ones stand for."""
        return self._weights @ self._by_stratum(0), self._weights @ self._by_stratum(1)

    @property
    def _uploads_below(self) -> Cells:
        return curves.below(np.asarray(self.uploads, dtype=np.float64))

    def _by_stratum(self, verdict: int) -> Cells:
        cells: Cells = self._cells[:, verdict].astype(np.float64)
        return cells

    def _interval(
        self, hits: Cells, of: Cells, drawn_hits: Cells, drawn_of: Cells
    ) -> tuple[Cells, Cells, Cells]:
        """Give the weighted share of ``hits`` among ``of``, and its bounds."""
        reviewed = self._cells[:, :2].sum(axis=(1, 2)).astype(np.float64)
        share, *ends = curves.share_interval(hits, of, reviewed, self._weights)
        draws = curves.middle_95(curves.divided(drawn_hits, drawn_of))
        return share, *curves.around(*ends, share, *draws)

    def _columns(self, name: str, *cells: Cells) -> dict[str, Any]:
        numbers = (float(x) if x.ndim == 0 else x for x in self._interval(*cells))
        return dict(zip(with_interval(name), numbers, strict=True))

    def _cost_parts(
        self, fraud: Cells, genuine: Cells, costs: Costs, reject: int
    ) -> tuple[Cells, Cells, Cells]:
        total = (fraud + genuine).sum(axis=-1, keepdims=True)
        uploads = self._uploads_below
        reviewed = curves.divided(np.maximum(uploads - uploads[reject], 0), uploads[-1:])
        shares = [curves.below(curves.divided(cells, total)) for cells in (fraud, genuine)]
        return costs.parts(shares[0], shares[1], reviewed, reject)

    def _noted(self, table: pd.DataFrame) -> pd.DataFrame:
        table.attrs["note"] = self.note
        return table


def _all(below: Cells) -> Cells:
    """Give how many there are below the highest threshold, at each."""
    return np.broadcast_to(below[..., -1:], below.shape)


def _added(parts: tuple[Cells, Cells, Cells]) -> Cells:
    return parts[0] + parts[1] + parts[2]


def _with_intervals(table: pd.DataFrame, *names: str) -> pd.DataFrame:
    return table[[column for name in names for column in with_interval(name)]].copy()


def _least(costs: Cells, allowed: Any) -> Any:
    """Find the allowed threshold of least cost in each resample; the lowest of several."""
    known = ~np.isnan(costs).any(axis=-1)
    return np.where(known, np.where(allowed, costs, np.inf).argmin(axis=-1), np.nan)


def _check_width(width: Any) -> None:
    if not isinstance(width, Real) or not width > 0:  # type: ignore[operator]
        raise ConfigurationError(f"width must be a number above 0, not {width!r}.")


def _check_capacity(capacity: Any) -> None:
    if not isinstance(capacity, Real) or not capacity >= 0:  # type: ignore[operator]
        raise ConfigurationError(f"capacity must be 0 or more, not {capacity!r}.")


def _checked_threshold(threshold: int, name: str) -> int:
    if threshold not in THRESHOLDS:
        raise ConfigurationError(f"{name} must be a whole number from 0 to 101, not {threshold!r}.")
    return int(threshold)


def count_verdicts(
    uploads: pd.DataFrame,
    verdicts: pd.DataFrame,
    sample: pd.DataFrame | None = None,
    *,
    seed: int = 0,
) -> VerdictCounts:
    """Count documents by score and verdict.

    Verdicts exist for reviewed documents only. Without the sampling rates nothing can be said of
    the others: if analysts looked where scores were low, the catch rate comes out too high and the
    share of fraud is that of the reviewed documents. With the rates of `argyle_nb.review.sample`
    each verdict counts for all documents that it stands for.

    Parameters
    ----------
    uploads
        From `uploads_frame`: all uploads, reviewed or not.
    verdicts
        From `ReviewLog.frame` or `ReviewLog.settled`, or any frame of ``upload_id, verdict``.
    sample
        From `argyle_nb.review.sample`: only verdicts on documents of the sample are counted, with
        the inverse of their sampling rates.
    seed
        Of the draws behind the intervals.

    Returns
    -------
    VerdictCounts
        Its ``note`` says what it does not know.

    Raises
    ------
    ConfigurationError
        When a column is not there.
    DecodeError
        For a score that is no whole number from 0 to 100; it names the uploads.
    ValidationError
        For an unknown verdict or one without an upload ID, an upload or a verdict twice without a
        reviewer, or sampling rates that are not above 0 up to 1 or differ within a stratum.

    Notes
    -----
    A verdict counts for 1 / sampling rate uploads; where some of a stratum's chosen documents have
    no sure verdict, those that have stand for them too (weighting classes; Little and Rubin 2002,
    Statistical Analysis with Missing Data, 3.3).

    Examples
    --------
    >>> said = pd.DataFrame({"upload_id": uploads["id"], "verdict": "genuine"})
    >>> count_verdicts(uploads, said)
    VerdictCounts(0 fraudulent, 3 genuine, 0 unsure, of 3 scored uploads)
    """
    need_columns(uploads, ("id", "ocr_authenticity_score"), "uploads")
    check_verdicts(verdicts)
    verdicts = settled(verdicts) if "reviewer" in verdicts else verdicts
    _check_once(verdicts)
    column = checked_scores(uploads)
    scored = column.notna().to_numpy()
    scores = column.array[scored].to_numpy(dtype=np.int64)
    # Plain Python texts hash many times faster than an index of Arrow's.
    ids = pd.Index(uploads["id"].to_numpy(dtype=object)[scored])
    if not ids.is_unique:
        twice = ids[ids.duplicated()].astype(str).tolist()
        raise ValidationError(
            f"frame lists {', '.join(twice[:_SHOWN])} more than once. Keep one row of each upload."
        )
    place = ids.get_indexer(pd.Index(verdicts["upload_id"].to_numpy(dtype=object)))
    known = place >= 0
    table = pd.DataFrame(
        {
            "upload_id": verdicts["upload_id"].to_numpy(dtype=object)[known],
            "verdict": verdicts["verdict"].to_numpy(dtype=object)[known],
            "score": scores[place[known]],
        }
    )
    return _counted(table, scores, sample, int((~known).sum()), seed)


def _counted(
    table: pd.DataFrame,
    scores: npt.NDArray[np.int64],
    sample: pd.DataFrame | None,
    unknown: int,
    seed: int,
) -> VerdictCounts:
    outside = 0
    if sample is None:
        weights = pd.Series([1.0], index=pd.Index(["reviewed"], name="stratum"))
        strata = pd.Series("reviewed", index=table.index)
    else:
        weights = _stratum_weights(sample)
        strata = table["upload_id"].map(
            dict(zip(sample["upload_id"], sample["stratum"], strict=True))
        )
        outside = int(strata.isna().sum())
        table, strata = table[strata.notna()], strata.dropna()
    place = weights.index.get_indexer(pd.Index(strata))
    verdict = table["verdict"].map({name: n for n, name in enumerate(ORDER)})
    row = place * len(ORDER) + verdict.to_numpy(dtype=np.int64)
    index = pd.MultiIndex.from_product([weights.index, ORDER], names=["stratum", "verdict"])
    cells = np.bincount(
        row * _WIDTH + table["score"].to_numpy(dtype=np.int64), minlength=len(index) * _WIDTH
    ).reshape(-1, _WIDTH)
    counts = pd.DataFrame(cells, index=index, columns=range(_WIDTH)).astype("int64")
    if sample is not None:
        weights = weights * _chosen_per_verdict(sample, counts)
    uploads = np.bincount(scores, minlength=_WIDTH)
    note = _note(counts, uploads, sample, (unknown, outside))
    return VerdictCounts(
        pd.Series(uploads, name="uploads"), counts, weights, note, sample is not None, seed
    )


def _sure(counts: pd.DataFrame) -> pd.Series[int]:
    """Count the sure verdicts of each stratum."""
    sure = counts[counts.index.get_level_values("verdict") != "unsure"].sum(axis=1)
    return sure.groupby(level="stratum").sum()


def _chosen_per_verdict(sample: pd.DataFrame, counts: pd.DataFrame) -> pd.Series[float]:
    """Give for how many chosen documents of its stratum each sure verdict stands."""
    chosen, sure = sample.groupby("stratum").size(), _sure(counts)
    # A stratum without any stands for nothing: its weight is of no document.
    return (chosen / sure.where(sure > 0, chosen)).reindex(chosen.index)


def _stratum_weights(sample: pd.DataFrame) -> pd.Series[float]:
    need_columns(sample, ("upload_id", "stratum", "sampling_rate"), "sample")
    if sample["stratum"].isna().any():
        raise ValidationError("sample has rows without a stratum. Name it, or leave them out.")
    if sample["upload_id"].duplicated().any():
        raise ValidationError("sample names an upload twice. Use one sample at a time.")
    rates = sample.groupby("stratum")["sampling_rate"].agg(["min", "max"])
    if not (rates["min"] == rates["max"]).all():
        raise ValidationError("sampling_rate differs within a stratum. Use one sample at a time.")
    if not ((rates["min"] > 0) & (rates["min"] <= 1)).all():
        raise ValidationError("sampling_rate must be above 0 and at most 1.")
    weights: pd.Series[float] = 1 / rates["min"]
    return weights.rename("weight")


def _note(
    counts: pd.DataFrame,
    uploads: npt.NDArray[np.int64],
    sample: pd.DataFrame | None,
    left_out: tuple[int, int],
) -> str:
    unknown, outside = left_out
    scored = int(uploads.sum())
    by_verdict = counts.groupby(level="verdict").sum().sum(axis=1)
    reviewed, unsure = int(by_verdict.sum()), int(by_verdict["unsure"])
    sentences = [f"{reviewed:,} of {scored:,} scored uploads have a verdict."]
    if sample is not None:
        chosen = len(sample)
        sentences.append(f"Verdicts are weighted by 1 / sampling rate ({len(counts) // 3} strata).")
        if chosen > reviewed:
            sentences.append(
                f"Sampled uploads without a verdict ({chosen - reviewed:,} of "
                f"{chosen:,}) are assumed to match the reviewed uploads in the same "
                "stratum."
            )
        empty = [str(name) for name, n in _sure(counts).items() if n == 0]
        if empty:
            sentences.append(
                f"Not represented, for lack of a definite verdict: {'; '.join(empty)}."
            )
        sentences += _not_seen(counts, uploads)
    elif reviewed < scored:
        sentences.append(
            "No sampling rates given. If analysts reviewed mostly low scores, the true "
            "catch rate is lower, and the fraud rate applies to reviewed documents "
            "only. Use argyle_nb.review.sample."
        )
    if 0 < reviewed - unsure < _FEW and scored > reviewed:
        sentences.append(
            "With so few verdicts the AUC and the catch rate are more often too high "
            "than too low: fraud that scores high is seldom among them."
        )
    if unsure:
        sentences.append(
            f"Unsure verdicts are excluded ({unsure:,}). If they differ from the rest, "
            "results are biased."
        )
    if outside:
        sentences.append(f"Verdicts outside the sample are not counted ({outside:,}).")
    if unknown:
        sentences.append(
            "Verdicts are not counted where the upload is not in the table or has no score "
            f"({unknown:,})."
        )
    return " ".join(sentences)


def _not_seen(counts: pd.DataFrame, uploads: npt.NDArray[np.int64]) -> list[str]:
    """Say how much fraud there may be from the score up from which none was found."""
    by_verdict = counts.groupby(level="verdict").sum()
    fraud, genuine = (by_verdict.loc[name].to_numpy() for name in ORDER[:2])
    clean = [low for low, _, _ in level_preset("argyle").ranges() if not fraud[low:].any()]
    lowest = next(iter(clean), _WIDTH)
    reviewed, there = int(genuine[lowest:].sum()), int(uploads[lowest:].sum())
    if not reviewed or reviewed == there:
        return []
    from scipy.special import betaincinv  # noqa: PLC0415 - importing it takes a while

    most = betaincinv(curves.PRIOR, curves.PRIOR + reviewed, 0.975)
    sentence = (
        f"No fraud was found among {reviewed:,} reviewed of {there:,} uploads that score "
        f"{lowest} or more; up to {most:.1%} of these could be fraudulent."
    )
    return [sentence]


def _check_once(verdicts: pd.DataFrame) -> None:
    twice = verdicts.loc[verdicts["upload_id"].duplicated(), "upload_id"].astype("string").tolist()
    if twice:
        raise ValidationError(
            f"Several verdicts on {', '.join(twice[:_SHOWN])}. Name the reviewer and "
            "reviewed_at, or leave one verdict per upload.",
            fields={"upload_id": twice},
        )
