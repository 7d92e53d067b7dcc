"""What `ScoreExplorer` shows of a view: the uploads, how they score, what cut-offs would do."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pandas as pd

from argyle_nb.errors import ConfigurationError
from argyle_nb.frames.uploads import LEVEL, UPLOAD_COLUMNS
from argyle_nb.levels import HIGHEST_SCORE, LOWEST_SCORE, level_preset
from argyle_nb.scores import count_scores
from argyle_nb.scores.filters import STATUSES, column_of, find_uploads, statuses_of
from argyle_nb.storage import write_csv

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from argyle_nb.scores import ScoreCounts

BAR_SCORES = 5
SORTED_BY = (
    "file_name",
    "document_type",
    "ocr_authenticity_score",
    "authenticity_level",
    "user",
    "created_at",
)
# An allow-list: what is not named here does not leave the notebook; file names only when asked for.
_EXPLORED = [column.name for column in UPLOAD_COLUMNS if column.explored]
_STATUS_AT = _EXPLORED.index(LEVEL) + 1
WRITTEN_COLUMNS = (*_EXPLORED[:_STATUS_AT], "status", *_EXPLORED[_STATUS_AT:])
FILE_NAME = "uploads_in_view"


class View(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody wants to see: filters of `find_uploads`, cut-offs, the order of the table."""

    document_type: tuple[str, ...] = ()
    level: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    since: str = ""
    until: str = ""
    user: str = ""
    signal: tuple[str, ...] = ()
    text: str = ""
    # Of the table only; the picture shows all scores.
    scores: tuple[int, int] | None = None
    pass_from: int = 80
    reject_below: int = 30
    sort_by: str = "created_at"
    ascending: bool = False

    @property
    def filters(self) -> dict[str, Any]:
        """The filters that are set, as `find_uploads` takes them."""
        names = ("document_type", "level", "status", "since", "until", "user", "signal", "text")
        return {name: value for name in names if (value := getattr(self, name))}

    def code(self) -> str:
        """Write the three lines that reproduce the view from ``frame`` (and ``signals``)."""
        filters = [
            f"{name}={list(value) if isinstance(value, tuple) else value!r}"
            for name, value in self.filters.items()
        ]
        arguments = ", ".join(["frame", *filters, *(["signals=signals"] if self.signal else [])])
        counts = "anb.count_scores(seen, errors='collect')"
        cut_offs = f"{self.pass_from}, reject_below={self.reject_below}"
        rows = "seen" if self.scores is None else f"anb.find_uploads(seen, scores={self.scores})"
        order = f"{self.sort_by!r}, ascending={self.ascending}, kind='stable'"
        return (
            f"seen = anb.find_uploads({arguments})\n"
            f"shares = {counts}.threshold({cut_offs})\n"
            f"table = {rows}.sort_values({order})"
        )


@dataclass(frozen=True)
class ViewResult:
    """What a view shows: the uploads that fit its filters, and what is counted of them.

    ``order`` gives the rows of ``seen`` that are in the table; ``shares`` are those of
    `ScoreCounts.threshold`.
    """

    seen: pd.DataFrame
    counts: ScoreCounts
    shares: pd.DataFrame
    order: npt.NDArray[np.int64]

    @property
    def table(self) -> pd.DataFrame:
        """The uploads of the chosen scores, in order."""
        return self.seen.iloc[self.order]

    def page(self, number: int, size: int) -> pd.DataFrame:
        """Give one page of the table, the first is 0."""
        return self.seen.iloc[self.order[number * size : (number + 1) * size]]

    def bars(self) -> list[tuple[int, int, int]]:
        """List (lowest score, highest score, uploads) of each bar; 100 belongs to the last."""
        starts = range(LOWEST_SCORE, HIGHEST_SCORE, BAR_SCORES)
        heights = np.add.reduceat(self.counts.scores.to_numpy()[0], list(starts))
        ends = [*(start - 1 for start in starts[1:]), HIGHEST_SCORE]
        return list(zip(starts, ends, heights.tolist(), strict=True))

    def cumulative_shares(self) -> list[float]:
        """Give for each score the share of scored uploads up to it; nothing without scores."""
        counts = self.counts.scores.to_numpy()[0]
        total = counts.sum()
        shares: list[float] = (counts.cumsum() / total).tolist() if total else []
        return shares


class ExplorerModel:
    """Evaluates views of the same uploads; what does not change from view to view is kept.

    May be asked from several threads.
    """

    def __init__(self, frame: pd.DataFrame, signals: pd.DataFrame | None = None) -> None:
        for name in (*SORTED_BY, "id", "account"):
            column_of(frame, name)
        self.frame, self.signals = frame, signals
        self.preset = level_preset(frame.attrs.get("levels", "argyle"))
        self._lock = threading.Lock()
        self._cache: dict[str, tuple[Any, Any]] = {}

    def first_view(self) -> View:
        """Give the view to begin with: everything, cut at the highest and the second level."""
        lowest = [low for low, _ in self.preset.bands]
        return View(pass_from=lowest[-1], reject_below=lowest[min(1, len(lowest) - 1)])

    def filter_options(self) -> dict[str, list[tuple[str, int]]]:
        """List for each filter what can be chosen, and how many uploads have it."""
        statuses = statuses_of(self.frame).value_counts()
        signals: list[tuple[str, int]] = []
        if self.signals is not None:
            pairs = self.signals[["identifier", "upload_id"]].drop_duplicates()
            signals = [(str(n), int(k)) for n, k in pairs["identifier"].value_counts().items()]
        return {
            "document_type": _counts_of(self.frame["document_type"]),
            "level": _counts_of(self.frame["authenticity_level"]),
            "status": [(name, int(n)) for name in STATUSES if (n := statuses.get(name, 0))],
            "signal": signals,
        }

    def evaluate(self, view: View) -> ViewResult:
        """Filter, count, cut and sort the uploads."""
        if view.sort_by not in SORTED_BY:
            raise ConfigurationError(f"sort by one of {', '.join(SORTED_BY)}, not {view.sort_by!r}")
        with self._lock:
            filters = view.filters
            seen = self._cached(
                "seen", filters, lambda: find_uploads(self.frame, signals=self.signals, **filters)
            )
            counts = self._cached("counts", filters, lambda: count_scores(seen, errors="collect"))
            sorting = (filters, view.scores, view.sort_by, view.ascending)
            order = self._cached("order", sorting, lambda: _order(seen, view))
        shares = counts.threshold(view.pass_from, reject_below=view.reject_below)
        return ViewResult(seen, counts, shares, order)

    def write(self, view: View, folder: Path | str = ".", *, file_names: bool = False) -> Path:
        """Write the table of a view to a CSV file; an earlier file is never replaced."""
        table = self.evaluate(view).table
        with_status = table.assign(status=statuses_of(table))
        columns = [*WRITTEN_COLUMNS, *(["file_name"] if file_names else [])]
        path = _free_name(Path(folder))
        try:
            write_csv(with_status[columns], path)
        except OSError as error:
            raise ConfigurationError(
                f"{path} cannot be written ({error.strerror}): check the folder and its rights"
            ) from None
        return path

    def _cached(self, name: str, key: Any, make: Callable[[], Any]) -> Any:
        if name not in self._cache or self._cache[name][0] != key:
            self._cache[name] = (key, make())
        return self._cache[name][1]


def _order(seen: pd.DataFrame, view: View) -> npt.NDArray[np.int64]:
    rows = pd.DataFrame({view.sort_by: seen[view.sort_by].array})
    if view.scores is not None:
        scores = rows.assign(ocr_authenticity_score=seen["ocr_authenticity_score"].array)
        rows = find_uploads(scores, scores=view.scores)
    in_order = rows.sort_values(view.sort_by, ascending=view.ascending, kind="stable")
    return in_order.index.to_numpy(dtype=np.int64)


def _counts_of(column: pd.Series[Any]) -> list[tuple[str, int]]:
    numbers = column.value_counts(sort=False)
    return [(str(value), int(n)) for value, n in numbers.items() if n]


def _free_name(folder: Path) -> Path:
    path, number = folder / f"{FILE_NAME}.csv", 1
    while path.exists():
        number += 1
        path = folder / f"{FILE_NAME}_{number}.csv"
    return path
