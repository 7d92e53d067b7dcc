"""How many uploads have each score, by group, and every statistic that follows from it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from argyle_nb import notebook
from argyle_nb.errors import ConfigurationError
from argyle_nb.levels import HIGHEST_SCORE, LOWEST_SCORE, level_preset
from argyle_nb.models import types_among
from argyle_nb.scores.comparing import comparison_table, drift_table
from argyle_nb.scores.files import (
    labelled,
    read_counts_csv,
    read_counts_parquet,
    write_counts_parquet,
)
from argyle_nb.scores.groups import EVERYTHING, crossed, index_of, keys_of, numbers_of, sorted_order
from argyle_nb.scores.reasons import REACHED, REASONS, SCORES
from argyle_nb.scores.standing import standing_table
from argyle_nb.scores.statistics import (
    FEWEST_RESAMPLED,
    QUANTILES,
    bootstrap,
    ecdfs,
    means,
    quantile_interval,
    quantiles,
    share_names,
    standard_deviations,
    wilson,
    with_interval,
)
from argyle_nb.storage import writable, write_csv

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

    from argyle_nb.levels import Levels
    from argyle_nb.scores.comparing import Bins
    from argyle_nb.scores.statistics import Statistic

DECISIONS = ("pass", "review", "reject")


@dataclass(frozen=True, eq=False)
class ScoreCounts:
    """How many uploads have each score, and why the others have none.

    It has one row of 114 whole numbers (0.9 kB) per group, whatever the number of uploads, and
    holds everything that a statistic of the distribution needs.

    Parameters
    ----------
    grouped_by
        The columns that make the groups; empty for one group of everything.
    scores
        One row per group, one int64 column per score 0 to 100.
    unscored
        One row per group, one int64 column per reason of `REASONS`.
    reached
        One row per group: of all its uploads, how many were ``classified`` and how many of
        these are ``past_ocr`` (int64); those with a score went through both.
    unreadable
        ``record, path, problem`` of each score that is no whole number from 0 to 100, if they
        were collected. They are counted under the reason ``invalid_score``.

    Examples
    --------
    >>> by_type = count_scores(frame, by="document_type")
    >>> by_type
    ScoreCounts(3 with a score, 1 without, in 2 groups by document_type)
    >>> by_type + by_type
    ScoreCounts(6 with a score, 2 without, in 2 groups by document_type)
    """

    grouped_by: tuple[str, ...]
    scores: pd.DataFrame
    unscored: pd.DataFrame
    reached: pd.DataFrame
    unreadable: tuple[dict[str, str], ...] = ()

    @classmethod
    def of_table(
        cls,
        grouped_by: tuple[str, ...],
        index: pd.Index[Any],
        table: npt.NDArray[np.int64],
        unreadable: tuple[dict[str, str], ...] = (),
    ) -> ScoreCounts:
        """Make counts of a table of 114 columns: scores, reasons, ``classified`` and ``past_ocr``.

        Parameters
        ----------
        grouped_by
            The columns that make the groups.
        index
            One row per group, with these columns as its levels.
        table
            One row per group.
        unreadable
            As in `ScoreCounts`.

        Examples
        --------
        >>> ScoreCounts.of_table(counts.grouped_by, counts.groups, counts.table())
        ScoreCounts(3 with a score, 1 without)
        """
        unscored = len(SCORES) + len(REASONS)
        return cls(
            grouped_by,
            pd.DataFrame(table[:, : len(SCORES)], index=index, columns=pd.Index(SCORES)),
            pd.DataFrame(table[:, len(SCORES) : unscored], index=index, columns=pd.Index(REASONS)),
            pd.DataFrame(table[:, unscored:], index=index, columns=pd.Index(REACHED[1:])),
            unreadable,
        )

    @classmethod
    def sum_of(cls, parts: Sequence[ScoreCounts]) -> ScoreCounts:
        """Add counts of the same grouping, of pages, days or machines, at least one.

        Parameters
        ----------
        parts
            The counts to add.

        Raises
        ------
        ConfigurationError
            When they are grouped differently.

        Examples
        --------
        >>> ScoreCounts.sum_of([counts, counts, counts])
        ScoreCounts(9 with a score, 3 without)
        """
        names = parts[0].grouped_by
        for part in parts:
            if part.grouped_by != names:
                raise ConfigurationError(
                    f"Can't add counts by {names or 'nothing'} and by "
                    f"{part.grouped_by or 'nothing'}. Group both alike first, with "
                    ".by(...)."
                )
        unreadable = tuple(row for part in parts for row in part.unreadable)
        table = np.concatenate([part.table() for part in parts])
        labels = pd.concat([part.groups.to_frame(index=False) for part in parts])
        return cls._added_up(names, labels, table, unreadable)

    def __repr__(self) -> str:
        scored, without = int(self.scores.to_numpy().sum()), int(self.unscored.to_numpy().sum())
        groups = f", in {len(self.scores)} groups by {', '.join(self.grouped_by)}"
        refused = int(self.unscored["invalid_score"].sum())
        rejected = f", {refused} of these invalid" if refused else ""
        return (
            f"ScoreCounts({scored} with a score, {without} without{rejected}"
            f"{groups if self.grouped_by else ''})"
        )

    def _repr_html_(self) -> str:
        names, total = self.grouped_by, self.total()
        scored = self.scores.to_numpy().sum(axis=1)
        uploads = scored + self.unscored.to_numpy().sum(axis=1)
        medians = self.quantile(0.5)["quantile"].to_numpy()
        keys = [key if isinstance(key, tuple) else (key,) for key in self.groups]
        rows = (
            [*(key if names else ["all"]), n, with_score, notebook.percent(share), median]
            for key, n, with_score, share, median in zip(
                keys, uploads, scored, scored / np.maximum(uploads, 1), medians, strict=True
            )
        )
        heads = [notebook.heading(name) for name in names or ("group",)]
        columns = [*heads, "Uploads", "With a score", "Share", "Median score"]
        n = int(total.scores.to_numpy().sum() + total.unscored.to_numpy().sum())
        title = f"Scores of {n:,} uploads"
        return notebook.result(title, tables=[notebook.table(columns, rows, of=len(uploads))])

    def __add__(self, other: object) -> ScoreCounts:
        if not isinstance(other, ScoreCounts):
            return NotImplemented
        return ScoreCounts.sum_of([self, other])

    def __radd__(self, other: object) -> ScoreCounts:
        # What sum() begins with.
        return self if other == 0 else NotImplemented

    @property
    def groups(self) -> pd.Index[Any]:
        """The groups, as all tables are indexed by.

        Examples
        --------
        >>> count_scores(frame, by="document_type").groups.tolist()
        ['paystubs', 'miscellaneous']
        """
        return self.scores.index

    def table(self) -> npt.NDArray[np.int64]:
        """Give all counts as one array of 114 columns, as `of_table` takes it.

        Examples
        --------
        >>> counts.table().shape
        (1, 114)
        """
        return np.hstack([part.to_numpy() for part in (self.scores, self.unscored, self.reached)])

    def total(self) -> ScoreCounts:
        """Add all groups up to one.

        Examples
        --------
        >>> count_scores(frame, by="document_type").total().grouped_by
        ()
        """
        return self.by()

    def by(self, *names: str) -> ScoreCounts:
        """Keep some of the columns that make groups, and add up over the others.

        Parameters
        ----------
        *names
            Columns of ``grouped_by``, in the new order; none for one group of everything.

        Raises
        ------
        ConfigurationError
            When it was not counted by one of them.

        Examples
        --------
        >>> count_scores(frame, by=["document_type", "week"]).by("document_type")
        ScoreCounts(3 with a score, 1 without, in 2 groups by document_type)
        """
        for name in names:
            self._check_grouped_by(name)
        labels = self.groups.to_frame(index=False)
        return self._added_up(names, labels, self.table(), self.unreadable)

    def filter(self, **wanted: Any) -> ScoreCounts:
        """Keep some of the groups.

        Parameters
        ----------
        **wanted
            Column = a value, a list of values, or a function that takes the column's values (a
            Series) and says which to keep. A document type may be spelled in other ways (``W2``).

        Returns
        -------
        ScoreCounts
            Grouped as before; without a row if no group is wanted. It lists no unreadable scores.

        Raises
        ------
        ConfigurationError
            When it was not counted by such a column.

        Examples
        --------
        >>> count_scores(frame, by="document_type").filter(document_type=["paystubs", "W-2"])
        ScoreCounts(3 with a score, 0 without, in 1 groups by document_type)
        >>> count_scores(frame, by="week").filter(week=lambda week: week >= "2030-01-01")
        ScoreCounts(0 with a score, 0 without, in 0 groups by week)
        """
        keep = np.ones(len(self.groups), dtype=bool)
        for name, test in wanted.items():
            self._check_grouped_by(name)
            labels = self.groups.get_level_values(name).to_series(index=pd.RangeIndex(len(keep)))
            keep &= _chosen(labels, test, is_type=name.endswith("document_type"))
        return replace(
            self,
            scores=self.scores[keep],
            unscored=self.unscored[keep],
            reached=self.reached[keep],
            unreadable=(),
        )

    def lowest_per(self, name: str = "user") -> ScoreCounts:
        """Count each user once, under the lowest score of any of the user's uploads.

        Parameters
        ----------
        name
            What has several uploads; the counts must be grouped by it.

        Returns
        -------
        ScoreCounts
            Of users, not of uploads, grouped by what else the counts were grouped by. A user none
            of whose uploads has a score is counted under the first of `REASONS` that any of them
            has, and is ``classified`` and ``past_ocr`` when any of them is.

        Raises
        ------
        ConfigurationError
            When the counts are not grouped by it, or there are uploads whose user is unknown.

        Notes
        -----
        Ocrolus' dashboard shows the lowest score of any document in a book (Ocrolus documentation,
        authenticity score).

        Examples
        --------
        >>> borrowers = frame.assign(user=["ann", "ann", "ben", "ben"])
        >>> count_scores(borrowers, by="user").lowest_per("user")
        ScoreCounts(2 with a score, 0 without)
        """
        others = tuple(other for other in self.grouped_by if other != name)
        by_user = self.by(*others, name)
        unknown = by_user.groups.get_level_values(name).isna()
        if unknown.any():
            without = by_user.filter(**{name: lambda values: values.isna()}).coverage()["uploads"]
            raise ConfigurationError(
                f"Uploads without {name}: {int(without.sum())}. Pass accounts= to "
                f"uploads_frame, or leave them out with .filter({name}=lambda values: "
                "values.notna())."
            )
        table = _one_each(by_user.table())
        return type(self).of_table(by_user.grouped_by, by_user.groups, table).by(*others)

    def _check_grouped_by(self, name: str) -> None:
        if name not in self.grouped_by:
            raise ConfigurationError(
                f"These counts are by {', '.join(self.grouped_by) or 'nothing'}, not by "
                f"{name!r}. Name it in count_scores(frame, by=...)."
            )

    @classmethod
    def _added_up(
        cls,
        names: tuple[str, ...],
        labels: pd.DataFrame,
        table: npt.NDArray[np.int64],
        unreadable: tuple[dict[str, str], ...],
    ) -> ScoreCounts:
        if not names:
            return cls.of_table((), EVERYTHING, table.sum(axis=0, keepdims=True), unreadable)
        keys = keys_of(labels, names)
        groups, place = np.unique(numbers_of(keys, len(table)), return_inverse=True)
        added = np.zeros((len(groups), table.shape[1]), dtype=np.int64)
        np.add.at(added, place, table)
        index = index_of(keys, groups)
        order = sorted_order(index)
        return cls.of_table(names, index[order], added[order], unreadable)

    def summary(self, levels: Levels = "argyle") -> pd.DataFrame:
        """Describe each group's distribution.

        Parameters
        ----------
        levels
            As for `ScoreCounts.levels`.

        Returns
        -------
        pandas.DataFrame
            Indexed by group: ``uploads, scored`` (int64), ``scored_share`` (of the uploads),
            ``mean``, ``std`` (sample standard deviation, n - 1), ``min``, ``p5, p25, p50, p75,
            p95`` (linear interpolation between order statistics), ``max``; then for each level,
            lowest first, its share of the scored uploads and the Wilson 95% interval, such as
            ``very_low_share, very_low_share_ci_low, very_low_share_ci_high``. Float64, with NaN
            where a group is too small for a number. The preset's name is in ``attrs["levels"]``.

        Raises
        ------
        ConfigurationError
            For an unknown preset, or level names that differ in white space alone.

        Notes
        -----
        Quantiles: type 7 of Hyndman and Fan 1996, Am. Stat. 50:361, the default of numpy.
        Intervals: Wilson 1927, JASA 22:209; they assume independent uploads, each level is taken by
        itself, and for shares of 2 to 98% they hold the truth in 92 to 98% of samples of 20 and
        94 to 97% of 500. ``docs/accuracy.md`` has one table of all statistics.

        Examples
        --------
        >>> counts.summary().loc["all", ["uploads", "scored", "p50"]].tolist()
        [4.0, 3.0, 85.0]
        """
        table = self.scores.to_numpy()
        scored = table.sum(axis=1)
        uploads = scored + self.unscored.to_numpy().sum(axis=1)
        columns = {
            "uploads": uploads,
            "scored": scored,
            "scored_share": scored / np.where(uploads > 0, uploads, np.nan),
            "mean": means(table),
            "std": standard_deviations(table),
            "min": quantiles(table, 0),
            **{name: quantiles(table, q) for name, q in QUANTILES.items()},
            "max": quantiles(table, 1),
        }
        described = pd.DataFrame(columns, index=self.groups)
        shares = self.levels(levels)
        names = share_names(level_preset(levels).levels)
        for place, name in enumerate(names):
            for column, part in zip(with_interval(name), with_interval("share"), strict=True):
                described[column] = shares[part].to_numpy()[place :: len(names)]
        described.attrs["levels"] = shares.attrs["levels"]
        return described

    def coverage(self) -> pd.DataFrame:
        """Say how many uploads have a score, and why the others have none.

        Returns
        -------
        pandas.DataFrame
            Indexed by group, all int64. The funnel: ``uploads``, ``classified``, ``past_ocr`` (OCR
            completed, or there is a score although it did not), ``scored``, each among those before
            it. Then one column per reason: ``in_progress``, ``processing_failed`` (a stage failed),
            ``not_enabled`` (at Argyle), ``unsupported_type`` (a type that gets no score),
            ``detect_pending, detect_unable_to_process, detect_unsupported, detect_deleted`` (what
            ``detect_status`` says at Ocrolus), ``not_started`` (idle), ``no_score_returned``
            (completed without a score, or an unknown status), ``invalid_score`` (a score that is
            none, collected). The reasons and ``scored`` add up to ``uploads``.

        Examples
        --------
        >>> counts.coverage().loc["all", ["uploads", "classified", "past_ocr", "scored"]].tolist()
        [4, 4, 3, 3]
        >>> int(counts.coverage().loc["all", "unsupported_type"])
        1
        """
        table = self.unscored.copy()
        scored = self.scores.sum(axis=1)
        table.insert(0, "uploads", scored + self.unscored.sum(axis=1))
        table.insert(1, "classified", self.reached["classified"])
        table.insert(2, "past_ocr", self.reached["past_ocr"])
        table.insert(3, "scored", scored)
        return table

    def ecdf(self) -> pd.DataFrame:
        """Give the share of the scored uploads at or below each score.

        Returns
        -------
        pandas.DataFrame
            Indexed by ``score`` 0 to 100, one float64 column per group; NaN for a group without
            scores. ``argyle_nb.scores.ecdf_margin`` gives the half-width of its 95% band, which
            held the whole curve in 96 to 99% of samples.

        Examples
        --------
        >>> counts.ecdf()["all"].loc[[39, 40, 85, 100]].round(2).tolist()
        [0.0, 0.33, 0.67, 1.0]
        """
        scores = pd.RangeIndex(HIGHEST_SCORE + 1, name="score")
        return pd.DataFrame(ecdfs(self.scores.to_numpy()).T, index=scores, columns=self.groups)

    def standing(self, uploads: pd.DataFrame) -> pd.DataFrame:
        """Say where the score of each upload stands among those of its like.

        Parameters
        ----------
        uploads
            From `uploads_frame`; they need not be among those that were counted. Alike is what is
            in one group of these counts, such as ``by=["document_type", "media"]``; where an
            upload does not say one of them, all that agree in the others.

        Returns
        -------
        pandas.DataFrame
            Indexed as ``uploads``: ``like`` (string, such as ``paystubs, PDF``), ``like_scored``
            (int64, how many of these have a score), ``share_below`` and ``share_at_most`` (Float64,
            of these, with a score below this one, and not above it). The shares are missing
            without a score, and for fewer than 30 alike.

        Raises
        ------
        ConfigurationError
            When a column is not there.
        DecodeError
            For a score that is no whole number from 0 to 100.

        Notes
        -----
        The shares are what ``scipy.stats.percentileofscore`` calls ``strict`` and ``weak``. A low
        place says that such a score is rare among its like, and nothing of the like themselves.

        Examples
        --------
        >>> many = pd.concat([frame] * 20)
        >>> count_scores(many).standing(frame)[["like_scored", "share_below"]].iloc[0].tolist()
        [60.0, 0.3333333333333333]
        """
        return standing_table(self.grouped_by, self.scores, uploads)

    def quantile(self, q: float) -> pd.DataFrame:
        """Give a quantile of each group with its interval.

        Parameters
        ----------
        q
            0 to 1; 0.5 is the median.

        Returns
        -------
        pandas.DataFrame
            Indexed by group: ``scored`` (int64), ``quantile`` (linear interpolation, as in
            `ScoreCounts.summary`), ``quantile_ci_low, quantile_ci_high`` (the scores of a 95%
            interval). Float64, NaN without scores.

        Raises
        ------
        ConfigurationError
            When q is not 0 to 1.

        Notes
        -----
        The interval goes from one order statistic to another, chosen by the binomial distribution:
        Thompson 1936, Ann. Math. Stat. 7:122. It assumes independent scores and nothing of their
        distribution, and holds the quantile in 95% of samples or more, of any size; where the
        sample is too small for an order statistic, its end is 0 or 100. Measured with
        ``tests/benchmarks/interval_coverage.py`` (five shapes, 250 samples each, quantiles 0.05,
        0.5 and 0.95): 0.96 to 1.00 of samples of 10 to 2,000 scores.

        Examples
        --------
        >>> counts.quantile(0.5).loc["all"].tolist()
        [3.0, 85.0, 0.0, 100.0]
        """
        if not 0 <= q <= 1:
            raise ConfigurationError(f"q must be 0 to 1 (0.5 is the median), not {q}.")
        table = self.scores.to_numpy()
        n = table.sum(axis=1)
        low, high = quantile_interval(table, q)
        return pd.DataFrame(
            {
                "scored": n,
                "quantile": quantiles(table, q),
                "quantile_ci_low": low,
                "quantile_ci_high": high,
            },
            index=self.groups,
        )

    def bootstrap(
        self, statistic: str | Statistic = "mean", *, resamples: int = 2000, seed: int = 0
    ) -> pd.DataFrame:
        """Give a 95% interval of a mean, a standard deviation, a median or your own statistic.

        Parameters
        ----------
        statistic
            ``"mean"``, ``"std"``, ``"median"``, or a function that takes an int64 array with one
            row per draw and one column per score 0 to 100, and gives one number per row.
        resamples
            How many draws; a median needs none.
        seed
            The same seed gives the same interval.

        Returns
        -------
        pandas.DataFrame
            Indexed by group: ``scored`` (int64), ``estimate, estimate_ci_low, estimate_ci_high``
            (float64; NaN without scores). The interval of your own function is NaN for fewer than
            50 scores, as ``attrs["note"]`` says.

        Raises
        ------
        ConfigurationError
            For an unknown name, or without a resample.

        Notes
        -----
        Scores are taken to be independent. Mean and standard deviation: the Bayesian bootstrap,
        Rubin 1981, Ann. Stat. 9:130, with a quarter of a score more at 0 and at 100 for what the
        sample has not seen; plain resampling of 20 scores held the mean in 80-94 and the standard
        deviation in 22-92 of 100 samples. Median: the interval of `ScoreCounts.quantile`. Your own
        function: counts drawn from a multinomial distribution and the percentile interval, Efron
        and Tibshirani 1993, chapter 13, which is rather too narrow below some hundred scores.
        Measured (five shapes, 150 to 250 samples each of 10 to 2,000 scores): mean 0.92 to 0.99,
        standard deviation 0.93 to 1.00.

        Examples
        --------
        >>> counts.bootstrap("median").round(1).loc["all"].tolist()
        [3.0, 85.0, 0.0, 100.0]
        >>> counts.bootstrap(lambda drawn: drawn[:, 80:].sum(axis=1) / drawn.sum(axis=1)).columns[1]
        'estimate'
        """
        intervals = bootstrap(self.scores.to_numpy(), statistic, resamples, seed)
        table = pd.DataFrame(intervals, index=self.groups, columns=with_interval("estimate"))
        table.insert(0, "scored", self.scores.sum(axis=1))
        if not isinstance(statistic, str) and (table["scored"] < FEWEST_RESAMPLED).any():
            table.attrs["note"] = (
                f"No interval below {FEWEST_RESAMPLED} scores: resampling can't show "
                "what so few scores have not seen."
            )
        return table

    def levels(self, preset: Levels = "argyle") -> pd.DataFrame:
        """Count the uploads in each authenticity level.

        Parameters
        ----------
        preset
            ``"argyle"``, ``"ocrolus-2"`` or ``"ocrolus-current"``; or levels of your own, name
            -> lowest score, such as ``{"reject": 0, "review": 40, "pass": 75}``.

        Returns
        -------
        pandas.DataFrame
            Indexed by group and ``level``, lowest level first: ``score_from, score_to,
            uploads`` (int64), ``share`` of the scored ones, ``share_ci_low, share_ci_high`` (Wilson
            95% interval; float64, NaN without scores). The preset's name is in
            ``attrs["levels"]``.

        Raises
        ------
        ConfigurationError
            For an unknown preset, or own levels that do not rise from 0.

        Notes
        -----
        The presets are in ``argyle_nb.levels``, with their sources. Intervals: Wilson 1927, JASA
        22:209, as in `ScoreCounts.summary`; each is for one level alone.

        Examples
        --------
        >>> int(counts.levels().loc[("all", "high"), "uploads"])
        2
        >>> counts.levels({"reject": 0, "review": 40, "pass": 75})["uploads"].tolist()
        [0, 1, 2]
        """
        bands = level_preset(preset)
        lows, highs, names = zip(*bands.ranges(), strict=True)
        inside = np.add.reduceat(self.scores.to_numpy(), lows, axis=1)
        scored = np.repeat(inside.sum(axis=1), len(names))
        intervals = wilson(inside.ravel(), scored)
        table = pd.DataFrame(
            {
                "score_from": np.tile(lows, len(inside)),
                "score_to": np.tile(highs, len(inside)),
                "uploads": inside.ravel(),
            }
            | dict(zip(with_interval("share"), intervals, strict=True)),
            index=crossed(self.groups, pd.Index(names, name="level", dtype="string")),
        )
        table.attrs["levels"] = bands.name
        return table

    def threshold(self, pass_from: int, *, reject_below: int | None = None) -> pd.DataFrame:
        """Say what a pass and a reject threshold would do to each group.

        Parameters
        ----------
        pass_from
            The lowest score that passes, 0 to 101 (101: none does).
        reject_below
            Lower scores are rejected, and those from here to ``pass_from`` are reviewed; by default
            all that does not pass is rejected.

        Returns
        -------
        pandas.DataFrame
            Indexed by group: ``scored, unscored, pass, review, reject`` (int64), then for
            each decision its share of the scored uploads with the Wilson 95% interval:
            ``pass_share, pass_share_ci_low, pass_share_ci_high`` and so on (float64, NaN
            without scores). Uploads without a score are in no decision. The thresholds are in
            ``attrs["thresholds"]``.

        Raises
        ------
        ConfigurationError
            When the thresholds are not whole numbers in rising order.

        Examples
        --------
        >>> table = counts.threshold(90, reject_below=50)
        >>> table[["pass", "review", "reject"]].loc["all"].tolist()
        [1, 1, 1]
        """
        reject = pass_from if reject_below is None else reject_below
        _check_thresholds(pass_from, reject)
        table = self._decided([pass_from], [reject])
        table.index = self.groups
        table.attrs["thresholds"] = {"pass_from": pass_from, "reject_below": reject}
        return table

    def thresholds(self, *, reject_below: int | None = None) -> pd.DataFrame:
        """Say what every pass threshold would do to each group.

        Parameters
        ----------
        reject_below
            The reject threshold, as for `ScoreCounts.threshold`; the pass threshold begins at it.

        Returns
        -------
        pandas.DataFrame
            Indexed by group and ``threshold`` (the lowest score that passes, up to 101): the
            columns of `ScoreCounts.threshold`.

        Raises
        ------
        ConfigurationError
            When the threshold is not a whole number from 0 to 101.

        Examples
        --------
        >>> counts.thresholds().loc[("all", [40, 41]), "pass"].tolist()
        [3, 2]
        """
        first = LOWEST_SCORE if reject_below is None else reject_below
        _check_thresholds(HIGHEST_SCORE + 1, first)
        passing = list(range(first, HIGHEST_SCORE + 2))
        rejecting = passing if reject_below is None else [reject_below] * len(passing)
        table = self._decided(passing, rejecting)
        table.index = crossed(self.groups, pd.Index(passing, name="threshold"))
        return table

    def _decided(self, passing: Sequence[int], rejecting: Sequence[int]) -> pd.DataFrame:
        """Give one row per group and pair of thresholds."""
        scores = self.scores.to_numpy()
        below = np.zeros((len(scores), HIGHEST_SCORE + 2), dtype=np.int64)
        np.cumsum(scores, axis=1, out=below[:, 1:])
        scored, unscored = below[:, -1:], self.unscored.to_numpy().sum(axis=1, keepdims=True)
        wide = np.ones((1, len(passing)), dtype=np.int64)
        columns = {
            "scored": scored * wide,
            "unscored": unscored * wide,
            "pass": scored - below[:, passing],
            "review": below[:, passing] - below[:, rejecting],
            "reject": below[:, rejecting],
        }
        table: dict[str, npt.NDArray[np.number]] = {k: v.ravel() for k, v in columns.items()}
        for decision in DECISIONS:
            intervals = wilson(table[decision], table["scored"])
            table |= zip(with_interval(f"{decision}_share"), intervals, strict=True)
        return pd.DataFrame(table)

    def compare(
        self, reference: ScoreCounts, *, bins: Bins = 10, p_values: bool = False
    ) -> pd.DataFrame:
        """Compare each group with a reference.

        Parameters
        ----------
        reference
            All its groups are added up.
        bins
            Of the PSI: so many quantile bins of the reference, a level preset, or your own
            levels.
        p_values
            Also give p-values.

        Returns
        -------
        pandas.DataFrame
            Indexed by group. ``scored, reference_scored`` (int64). Float64, NaN without scores on a
            side:

            - ``mean_difference``: group less reference, in points of the score.
            - ``ks``: the largest distance of the two ECDFs, 0 to 1.
            - ``auc``: the chance that a score of the group is above one of the reference,
              ties counting half; the AUC, and Mann-Whitney's U by the number of pairs. 0.5 means
              neither is above. ``auc_ci_low, auc_ci_high``: 95% interval.
            - ``wasserstein``: the area between the two ECDFs, in points of the score.
            - ``psi``: population stability index, over the bins of ``attrs["psi_bins"]``.
            - ``cohens_d``: difference of means by the pooled standard deviation. ``cliffs_delta``:
              2 auc - 1.

            With p-values ``ks_p, ks_method`` (``exact`` up to 10,000 scores on each side, else
            ``asymptotic``) and ``mann_whitney_p``. Last ``warning`` (string): what to be careful
            about, missing where nothing is.

        Raises
        ------
        ConfigurationError
            For unknown bins.

        Notes
        -----
        KS: Smirnov 1939; its p-value is too large for scores with ties. Superiority: Mann and
        Whitney 1947, Ann. Math. Stat. 18:50; its interval is Wilson's, with the number of scores
        that would have the variance of DeLong et al. 1988, Biometrics 44:837, or the smaller side
        where that is 0. Wasserstein: Vallender 1974, Theory Probab. Appl. 18:784. PSI: Siddiqi
        2006, with half an upload for an empty bin. d: Cohen 1988. Delta: Cliff 1993, Psychol.
        Bull. 114:494. All assume independent uploads. The interval of ``auc`` held the truth in 92
        to 97% of 400 pairs of samples of 20, 50, 120 and 500 scores each, of five shapes.

        Examples
        --------
        >>> by_type = count_scores(frame, by="document_type")
        >>> by_type.compare(counts)[["ks", "auc", "psi"]].loc["paystubs"].tolist()
        [0.0, 0.5, 0.0]
        """
        other = reference.scores.to_numpy().sum(axis=0)
        return comparison_table(
            self.scores.to_numpy(), self.groups, other, bins=bins, p_values=p_values
        )

    def drift(
        self, by: str = "week", reference: ScoreCounts | None = None, *, bins: Bins = 10
    ) -> pd.DataFrame:
        """Compare each period with a reference (PSI, KS).

        Parameters
        ----------
        by
            The column of the periods; the counts must be grouped by it. All other groups are added
            up: filter first to look at one of them.
        reference
            All its groups are added up; by default the first period that has a score.
        bins
            Of the PSI: so many quantile bins of the reference, a level preset, or your own
            levels.

        Returns
        -------
        pandas.DataFrame
            Indexed by period: ``scored, reference_scored`` (int64), ``mean`` (points of the score),
            ``psi``; ``psi_critical``, what two samples of these sizes and bins exceed by chance one
            time in twenty; ``psi_significant`` (boolean, missing without scores and for the
            reference itself);
            ``psi_band`` (string): ``stable`` below 0.1, ``moderate``, ``large`` from 0.25, and
            ``not significant`` where a PSI of 0.1 or more is not above ``psi_critical``, missing
            for the reference itself;
            ``ks, ks_critical`` (0 to 1) and ``ks_significant``, likewise; ``warning`` (string).
            ``attrs["psi_bins"]`` holds the bins, ``attrs["reference"]`` what the reference is.

        Raises
        ------
        ConfigurationError
            When the counts are not grouped by the period, or for unknown bins.

        Notes
        -----
        The marks at 0.1 and 0.25 know nothing of sample sizes: small periods cross 0.1 by chance,
        and large ones can move for certain without reaching it. The critical PSI is that of
        Yurdakul 2018, dissertation 3208, Western Michigan University; the critical KS distance is
        1.358 sqrt((n + m) / nm), Smirnov 1948, Ann. Math. Stat. 19:279, too large for scores with
        ties. Measured on two samples of one population (of 20 to 2,000 scores each): the KS is
        significant in 1 to 5%, the PSI (10 bins) in 0 to 8%; by the rule alone up to 98% of
        samples of 20 and 75% of 50 were large. Both are for one
        period: of twenty periods without any drift one is expected to be significant. A period that
        is part of the reference looks closer to it than it is.

        Examples
        --------
        >>> count_scores(frame, by="week").drift()[["scored", "psi"]].iloc[0].tolist()
        [3.0, 0.0]
        """
        periods = self.by(by)
        other = None if reference is None else reference.scores.to_numpy().sum(axis=0)
        return drift_table(periods.scores.to_numpy(), periods.groups, other, bins=bins)

    def to_csv(self, path: Path | str) -> None:
        """Write the counts as CSV, for `ScoreCounts.read_csv`.

        Parameters
        ----------
        path
            Replaced as a whole, or not at all. One line per group: its labels under headers such as
            ``document_type:text`` or ``week:time``, then the columns 0 to 100, one per reason,
            ``classified`` and ``past_ocr``. Texts that a spreadsheet would run have an apostrophe
            in front. The list of unreadable scores is not kept, their number is. A folder that is
            missing is made.

        Raises
        ------
        ConfigurationError
            When the file cannot be written.

        Examples
        --------
        >>> count_scores(frame, by="document_type").to_csv(folder / "counts.csv")
        >>> (folder / "counts.csv").read_text()[:20]
        'document_type:text,0'
        """
        with writable(path) as named:
            write_csv(labelled(self.grouped_by, self.groups, self.table()), named)

    @classmethod
    def read_csv(cls, path: Path | str) -> ScoreCounts:
        """Read what `to_csv` wrote.

        Parameters
        ----------
        path
            The file.

        Raises
        ------
        DocumentError
            When the file is no such table.

        Examples
        --------
        >>> counts.to_csv(folder / "counts.csv")
        >>> ScoreCounts.read_csv(folder / "counts.csv")
        ScoreCounts(3 with a score, 1 without)
        """
        return cls.of_table(*read_counts_csv(path))

    def to_parquet(self, path: Path | str) -> None:
        """Write the counts as Parquet, for `ScoreCounts.read_parquet`.

        Parameters
        ----------
        path
            Replaced as a whole, or not at all; the columns of `to_csv`.

        Raises
        ------
        ConfigurationError
            When pyarrow is not installed: it comes with the extra ``[parquet]``; or the file cannot
            be written.

        Examples
        --------
        >>> counts.to_parquet(folder / "counts.parquet")
        """
        with writable(path) as named:
            write_counts_parquet(labelled(self.grouped_by, self.groups, self.table()), named)

    @classmethod
    def read_parquet(cls, path: Path | str) -> ScoreCounts:
        """Read what `to_parquet` wrote.

        Parameters
        ----------
        path
            The file.

        Raises
        ------
        ConfigurationError
            When pyarrow is not installed.
        DocumentError
            When the file is no such table.

        Examples
        --------
        >>> counts.to_parquet(folder / "counts.parquet")
        >>> ScoreCounts.read_parquet(folder / "counts.parquet")
        ScoreCounts(3 with a score, 1 without)
        """
        return cls.of_table(*read_counts_parquet(path))


def _chosen(labels: pd.Series[Any], test: Any, *, is_type: bool) -> npt.NDArray[np.bool_]:
    if isinstance(test, Callable):  # type: ignore[arg-type]
        chosen: pd.Series[Any] = test(labels)
    else:
        several = isinstance(test, Collection) and not isinstance(test, str)
        values = list(test) if several else [test]
        values = types_among(values, set(labels.dropna())) if is_type else values
        chosen = labels.isin(values) if several else labels == values[0]
    return chosen.fillna(value=False).to_numpy(dtype=bool)


def _one_each(table: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Leave of each row the first of its scores and reasons, and 1 of it."""
    cells = len(SCORES) + len(REASONS)
    one = np.zeros_like(table)
    # A row of nothing has no first.
    one[np.arange(len(table)), (table[:, :cells] > 0).argmax(axis=1)] = table.any(axis=1)
    one[:, cells:] = np.minimum(table[:, cells : cells + len(REACHED) - 1], 1)
    return one


def _check_thresholds(pass_from: int, reject_below: int) -> None:
    whole = all(isinstance(cut, int | np.integer) for cut in (pass_from, reject_below))
    if not whole or not LOWEST_SCORE <= reject_below <= pass_from <= HIGHEST_SCORE + 1:
        raise ConfigurationError(
            "Thresholds must be whole numbers with 0 <= reject_below <= pass_from <= "
            f"{HIGHEST_SCORE + 1}, not reject_below={reject_below} and "
            f"pass_from={pass_from}."
        )
