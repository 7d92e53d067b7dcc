"""The counts themselves: adding, grouping, choosing."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from argyle_nb.errors import ConfigurationError
from argyle_nb.scores import files
from argyle_nb.scores.comparing import compare
from argyle_nb.scores.coverage import coverage
from argyle_nb.scores.drifting import drift
from argyle_nb.scores.groups import EVERYTHING, index_of, keys_of, numbers_of, sorted_order
from argyle_nb.scores.lowest import lowest_per
from argyle_nb.scores.reasons import REACHED, REASONS, SCORES
from argyle_nb.scores.shares import levels
from argyle_nb.scores.statistics import bootstrap
from argyle_nb.scores.summaries import ecdf, quantile, summary
from argyle_nb.scores.thresholds import threshold, thresholds

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class ScoreCounts:
    """How many uploads have each score, and why the others have none.

    It has one row of 110 whole numbers (0.9 kB) per group, whatever the number of uploads, and
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
        these went through ``ocr`` (int64); those with a score went through both.
    rejected
        ``record, path, problem`` of each score that is no whole number from 0 to 100, if they
        were collected. They are counted under the reason ``invalid``.

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
    rejected: tuple[dict[str, str], ...] = ()

    summary = summary
    levels = levels
    ecdf = ecdf
    quantile = quantile
    bootstrap = bootstrap
    lowest_per = lowest_per
    compare = compare
    drift = drift
    coverage = coverage
    threshold = threshold
    thresholds = thresholds
    to_csv = files.to_csv
    to_parquet = files.to_parquet

    @classmethod
    def of_table(
        cls,
        grouped_by: tuple[str, ...],
        index: pd.Index[Any],
        table: npt.NDArray[np.int64],
        rejected: tuple[dict[str, str], ...] = (),
    ) -> ScoreCounts:
        """Make counts of a table of 110 columns: scores, reasons, ``classified`` and ``ocr``.

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
            rejected,
        )

    @classmethod
    def sum_of(cls, parts: Sequence[ScoreCounts]) -> ScoreCounts:
        """Add counts of the same grouping, of pages, days or machines, at least one.

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
                    f"counts by {names or 'nothing'} and by {part.grouped_by or 'nothing'} do not "
                    "add up: group both alike first, with .by(...)"
                )
        rejected = tuple(row for part in parts for row in part.rejected)
        table = np.concatenate([part.table() for part in parts])
        labels = pd.concat([part.groups.to_frame(index=False) for part in parts])
        return cls._added_up(names, labels, table, rejected)

    @classmethod
    def read_csv(cls, path: Path | str) -> ScoreCounts:
        """Read what `to_csv` wrote.

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
        return cls.of_table(*files.read_csv(path))

    @classmethod
    def read_parquet(cls, path: Path | str) -> ScoreCounts:
        """Read what `to_parquet` wrote.

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
        return cls.of_table(*files.read_parquet(path))

    def __repr__(self) -> str:
        scored, without = int(self.scores.to_numpy().sum()), int(self.unscored.to_numpy().sum())
        groups = f", in {len(self.scores)} groups by {', '.join(self.grouped_by)}"
        refused = int(self.unscored["invalid"].sum())
        rejected = f", {refused} of these invalid" if refused else ""
        return (
            f"ScoreCounts({scored} with a score, {without} without{rejected}"
            f"{groups if self.grouped_by else ''})"
        )

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
        """Give all counts as one array of 110 columns, as `of_table` takes it.

        Examples
        --------
        >>> counts.table().shape
        (1, 110)
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
        names
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
        return self._added_up(names, labels, self.table(), self.rejected)

    def filter(self, **wanted: Any) -> ScoreCounts:
        """Keep some of the groups.

        Parameters
        ----------
        wanted
            Column = a value, a list of values, or a function that takes the column's values (a
            Series) and says which to keep.

        Returns
        -------
        ScoreCounts
            Grouped as before; without a row if no group is wanted. It has none of the rejected.

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
            keep &= _chosen(labels, test)
        return replace(
            self,
            scores=self.scores[keep],
            unscored=self.unscored[keep],
            reached=self.reached[keep],
            rejected=(),
        )

    def _check_grouped_by(self, name: str) -> None:
        if name not in self.grouped_by:
            raise ConfigurationError(
                f"these are counted by {', '.join(self.grouped_by) or 'nothing'}, not by {name!r}: "
                "name it in count_scores(frame, by=...)"
            )

    @classmethod
    def _added_up(
        cls,
        names: tuple[str, ...],
        labels: pd.DataFrame,
        table: npt.NDArray[np.int64],
        rejected: tuple[dict[str, str], ...],
    ) -> ScoreCounts:
        if not names:
            return cls.of_table((), EVERYTHING, table.sum(axis=0, keepdims=True), rejected)
        keys = keys_of(labels, names)
        groups, place = np.unique(numbers_of(keys, len(table)), return_inverse=True)
        added = np.zeros((len(groups), table.shape[1]), dtype=np.int64)
        np.add.at(added, place, table)
        index = index_of(keys, groups)
        order = sorted_order(index)
        return cls.of_table(names, index[order], added[order], rejected)


def _chosen(labels: pd.Series[Any], test: Any) -> npt.NDArray[np.bool_]:
    if isinstance(test, Callable):  # type: ignore[arg-type]
        chosen: pd.Series[Any] = test(labels)
    elif isinstance(test, Collection) and not isinstance(test, str):
        chosen = labels.isin(list(test))
    else:
        chosen = labels == test
    return chosen.fillna(value=False).to_numpy(dtype=bool)
