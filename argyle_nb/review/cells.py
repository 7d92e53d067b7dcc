"""Reviewed documents by stratum, verdict and score, and what is made of them everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from argyle_nb.levels import HIGHEST_SCORE, LOWEST_SCORE
from argyle_nb.review import curves
from argyle_nb.review.intervals import resampled, share_interval

if TYPE_CHECKING:
    import pandas as pd

    from argyle_nb.review.costs import Costs
    from argyle_nb.review.curves import Cells

ORDER = ("fraudulent", "genuine", "unsure")
THRESHOLDS = range(LOWEST_SCORE, HIGHEST_SCORE + 2)


@dataclass(frozen=True, eq=False)
class CountedVerdicts:
    """How many reviewed documents have each score and verdict.

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
    seed
        Of the resampling.
    """

    uploads: pd.Series[int]
    counts: pd.DataFrame
    weights: pd.Series[float]
    note: str
    seed: int = 0

    def __repr__(self) -> str:
        n = dict(zip(ORDER, self._cells.sum(axis=(0, 2)).tolist(), strict=True))
        said = ", ".join(f"{n[name]} {name}" for name in ORDER)
        return f"{type(self).__name__}({said}, of {int(self.uploads.sum())} scored uploads)"

    @cached_property
    def _cells(self) -> Any:
        return self.counts.to_numpy().reshape(len(self.weights), len(ORDER), -1)

    @cached_property
    def _w(self) -> Cells:
        return np.asarray(self.weights, dtype=np.float64)

    @cached_property
    def _resampled(self) -> tuple[Cells, Cells]:
        return resampled(self._cells, self._w, self.seed)

    @property
    def _fraud(self) -> Cells:
        return self._w @ self._by_stratum(0)

    @property
    def _genuine(self) -> Cells:
        return self._w @ self._by_stratum(1)

    def _by_stratum(self, verdict: int) -> Cells:
        cells: Cells = self._cells[:, verdict].astype(np.float64)
        return cells

    def _shares(self, name: str, hits: Cells, of: Cells) -> dict[str, Any]:
        reviewed = self._cells[:, :2].sum(axis=(1, 2)).astype(np.float64)
        found = share_interval(hits, of, reviewed, self._w)
        share, low, high = (float(x) if x.ndim == 0 else x for x in found)
        return {name: share, f"{name}_low": low, f"{name}_high": high}

    def _fraud_share(self) -> tuple[float, float, float]:
        fraud, genuine = self._by_stratum(0).sum(axis=1), self._by_stratum(1).sum(axis=1)
        share, low, high = self._shares("x", fraud, fraud + genuine).values()
        return float(share), float(low), float(high)

    def _cost_parts(
        self, fraud: Cells, genuine: Cells, costs: Costs, reject: int
    ) -> tuple[Cells, Cells, Cells]:
        total = (fraud + genuine).sum(axis=-1, keepdims=True)
        uploads = curves.below(np.asarray(self.uploads, dtype=np.float64))
        reviewed = curves.divided(np.maximum(uploads - uploads[reject], 0), uploads[-1:])
        shares = [curves.below(curves.divided(cells, total)) for cells in (fraud, genuine)]
        return costs.parts(shares[0], shares[1], reviewed, reject)

    def _told(self, table: pd.DataFrame) -> pd.DataFrame:
        table.attrs["note"] = self.note
        return table
