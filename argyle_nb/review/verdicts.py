"""Every number about scores and verdicts, from counts alone."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from argyle_nb.errors import ConfigurationError
from argyle_nb.levels import level_preset
from argyle_nb.review import curves
from argyle_nb.review.cells import ORDER, THRESHOLDS, CountedVerdicts
from argyle_nb.review.intervals import auc_interval, middle_95

if TYPE_CHECKING:
    from argyle_nb.levels import Levels
    from argyle_nb.review.costs import Costs
    from argyle_nb.review.curves import Cells


class VerdictCounts(CountedVerdicts):
    """How many reviewed documents have each score and verdict, and every number that follows.

    At a threshold t, 0 to 101, documents with a score below t are flagged. Every table carries
    ``attrs["note"]``: on how many verdicts it rests, and what they cannot say. Shares and areas
    have closed intervals; those of ``ks`` and the rest come from 1,000 resamples within strata.
    Made by `count_verdicts`.
    """

    def summary(self) -> pd.DataFrame:
        """Say how well scores tell fraud from genuine documents.

        Returns
        -------
        pandas.DataFrame
            Indexed by ``statistic``: ``estimate, low, high`` (float64, 95 %). ``auc``:
            probability that fraud scores lower than a genuine document, ties half; ``gini``:
            2 auc - 1; ``ks``: greatest distance of the cumulative shares; ``average_precision``
            and ``fraud_share`` depend on which documents were reviewed. NaN without both kinds.
            With a handful of fraudulent documents of large weight, or of verdicts in a stratum, the
            intervals are too narrow; the note says so.

        Examples
        --------
        >>> float(verdicts.summary().loc["auc", "estimate"])
        1.0
        """
        fraud, genuine = self._fraud, self._genuine
        again = self._resampled
        low, high = auc_interval(self._by_stratum(0), self._by_stratum(1), self._w)
        area = float(curves.auc(fraud, genuine))
        rows = {
            "auc": (area, low, high),
            "gini": (2 * area - 1, 2 * low - 1, 2 * high - 1),
            "ks": (curves.ks(fraud, genuine), *curves.ks_interval(fraud, genuine, *again)),
            "average_precision": (
                curves.average_precision(fraud, genuine),
                *middle_95(curves.average_precision(*again)),
            ),
            "fraud_share": self._fraud_share(),
        }
        index = pd.Index(rows, name="statistic")
        columns = ["estimate", "low", "high"]
        return self._told(
            pd.DataFrame(list(rows.values()), index=index, columns=columns).astype(float)
        )

    def thresholds(self) -> pd.DataFrame:
        """Say for each threshold what flagging everything below it would do.

        Returns
        -------
        pandas.DataFrame
            Indexed by ``threshold`` 0 to 101: ``uploads_below`` (int64) and ``share_below`` of all
            scored uploads, the review load; ``catch_rate`` (flagged of the fraudulent),
            ``false_alarm_rate`` (flagged of the genuine), ``precision`` (fraudulent of the
            flagged), each with ``_low`` and ``_high`` (95 %, Wilson with the effective number of
            documents). NaN of nothing.

        Examples
        --------
        >>> row = verdicts.thresholds().loc[50]
        >>> int(row["uploads_below"]), float(row["catch_rate"]), float(row["false_alarm_rate"])
        (1, 1.0, 0.0)
        """
        uploads = curves.below(np.asarray(self.uploads, dtype=np.float64))
        fraud, genuine = curves.below(self._by_stratum(0)), curves.below(self._by_stratum(1))
        columns = {
            "uploads_below": uploads.astype(np.int64),
            "share_below": curves.divided(uploads, uploads[-1:]),
            **self._shares("catch_rate", fraud, np.broadcast_to(fraud[:, -1:], fraud.shape)),
            **self._shares(
                "false_alarm_rate", genuine, np.broadcast_to(genuine[:, -1:], genuine.shape)
            ),
            **self._shares("precision", fraud, fraud + genuine),
        }
        return self._told(pd.DataFrame(columns, index=pd.Index(THRESHOLDS, name="threshold")))

    def roc(self) -> pd.DataFrame:
        """Give the ROC curve: catch rate against false alarm rate, threshold by threshold.

        Returns
        -------
        pandas.DataFrame
            The columns ``false_alarm_rate`` and ``catch_rate`` of `thresholds`, with intervals.

        Examples
        --------
        >>> verdicts.roc()["false_alarm_rate"].iloc[-1].item()
        1.0
        """
        return self._told(_with_intervals(self.thresholds(), "false_alarm_rate", "catch_rate"))

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
        return self._told(table.rename(columns=lambda name: name.replace("catch_rate", "recall")))

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
            weighted), ``flagged_share`` with ``_low`` and ``_high``.

        Raises
        ------
        ConfigurationError
            For a threshold outside 0 to 101.

        Examples
        --------
        >>> verdicts.confusion(90).loc["genuine", ["flagged", "passed"]].tolist()
        [1.0, 1.0]
        """
        at = _checked(threshold, "threshold")
        rows: list[dict[str, Any]] = []
        for verdict in (0, 1):
            cells = self._by_stratum(verdict)
            flagged, of = cells[:, :at].sum(axis=1), cells.sum(axis=1)
            row = {
                "documents": int(of.sum()),
                "flagged": float(self._w @ flagged),
                "passed": float(self._w @ (of - flagged)),
            }
            rows.append(row | self._shares("flagged_share", flagged, of))
        return self._told(pd.DataFrame(rows, index=pd.Index(ORDER[:2], name="verdict")))

    def calibration(self, levels: Levels = "argyle") -> pd.DataFrame:
        """Say how much fraud there is in each authenticity level.

        Parameters
        ----------
        levels
            A level preset, or your own cut-offs, as `level_preset` takes them.

        Returns
        -------
        pandas.DataFrame
            Indexed by ``level``, lowest first: ``lowest_score, highest_score``, ``uploads`` (all
            scored ones), ``documents`` (with a sure verdict), ``fraudulent`` (int64), and
            ``fraud_share`` with ``_low`` and ``_high``, weighted. The preset's name is in
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
            fraud, genuine = (self._by_stratum(v)[:, low : high + 1].sum(axis=1) for v in (0, 1))
            row = {
                "lowest_score": low,
                "highest_score": high,
                "uploads": int(self.uploads.iloc[low : high + 1].sum()),
                "documents": int((fraud + genuine).sum()),
                "fraudulent": int(fraud.sum()),
            }
            rows.append(row | self._shares("fraud_share", fraud, fraud + genuine))
        index = pd.Index([level for _, _, level in bands], name="level")
        table = self._told(pd.DataFrame(rows, index=index))
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
            rejected is reviewed): ``cost, cost_low, cost_high`` (95 % bootstrap) and its parts
            ``review_cost, missed_cost, rejected_cost``, in the costs' currency, which is in
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
        reject = _checked(reject_below, "reject_below")
        parts = self._cost_parts(self._fraud, self._genuine, costs, reject)
        low, high = middle_95(_added(self._cost_parts(*self._resampled, costs, reject)))
        names = ("review_cost", "missed_cost", "rejected_cost")
        columns = {"cost": _added(parts), "cost_low": low, "cost_high": high}
        table = pd.DataFrame(
            columns | dict(zip(names, parts, strict=True)),
            index=pd.Index(THRESHOLDS, name="threshold"),
        )
        result = self._told(table.iloc[reject:].copy())
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
            the expected cost is to be least.
        reject_below
            As for `cost_curve`; what is rejected is caught and needs no review.

        Returns
        -------
        pandas.DataFrame
            One row, indexed by ``threshold``: ``reviews`` (int64), the columns of `thresholds`,
            with costs ``cost, cost_low, cost_high``, and ``threshold_low, threshold_high``: where
            the best threshold of the resamples lies (Int16, 95 %, to the next whole score outwards;
            without costs it depends on the uploads alone). Without a sure verdict no cost is known:
            then it is the lowest threshold, nothing is reviewed, and the range is missing.

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
        reject = _checked(reject_below, "reject_below")
        reviews = curves.below(np.asarray(self.uploads, dtype=np.float64))
        reviews = np.maximum(reviews - reviews[reject], 0).astype(np.int64)
        allowed = (reviews <= capacity) & (np.array(THRESHOLDS) >= reject)
        if costs is None:
            first = int(np.flatnonzero(reviews == reviews[allowed].max())[0])
            best = max(first, reject)
            low = high = np.array(best, dtype=np.float64)
        else:
            cost = _added(self._cost_parts(self._fraud, self._genuine, costs, reject))
            again = _added(self._cost_parts(*self._resampled, costs, reject))
            least = float(_least(cost, allowed))
            best = reject if np.isnan(least) else int(least)
            low, high = middle_95(_least(again, allowed))
        row = self.thresholds().loc[[best]]
        row.insert(0, "reviews", reviews[best])
        if costs is not None:
            curve = self.cost_curve(costs, reject_below=reject)
            row = row.join(curve[["cost", "cost_low", "cost_high"]])
        ends = {"threshold_low": np.floor(low), "threshold_high": np.ceil(high)}
        return self._told(row.assign(**ends).astype(dict.fromkeys(ends, "Int16")))


def _added(parts: tuple[Cells, Cells, Cells]) -> Cells:
    return parts[0] + parts[1] + parts[2]


def _with_intervals(table: pd.DataFrame, *names: str) -> pd.DataFrame:
    return table[[f"{name}{end}" for name in names for end in ("", "_low", "_high")]].copy()


def _least(costs: Cells, allowed: Any) -> Any:
    """Find the allowed threshold of least cost in each resample; the lowest of several."""
    known = ~np.isnan(costs).any(axis=-1)
    return np.where(known, np.where(allowed, costs, np.inf).argmin(axis=-1), np.nan)


def _check_capacity(capacity: Any) -> None:
    if not isinstance(capacity, Real) or not capacity >= 0:  # type: ignore[operator]
        raise ConfigurationError(f"capacity must be 0 or more, not {capacity!r}")


def _checked(threshold: int, name: str) -> int:
    if threshold not in THRESHOLDS:
        raise ConfigurationError(f"{name} must be a whole number from 0 to 101, not {threshold!r}")
    return int(threshold)
