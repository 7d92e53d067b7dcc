"""One look at the uploads: which are in view, how they score, and what cut-offs would do."""

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
WRITTEN_TO = "uploads_in_view"


class View(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody wants to see."""

    document_type: tuple[str, ...] = ()
    level: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    since: str = ""
    until: str = ""
    user: str = ""
    signal: tuple[str, ...] = ()
    text: str = ""
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
        given = ", ".join(["frame", *filters, *(["signals=signals"] if self.signal else [])])
        counted = "anb.count_scores(seen, errors='collect')"
        cuts = f"{self.pass_from}, reject_below={self.reject_below}"
        chosen = "seen" if self.scores is None else f"anb.find_uploads(seen, scores={self.scores})"
        order = f"{self.sort_by!r}, ascending={self.ascending}, kind='stable'"
        return (
            f"seen = anb.find_uploads({given})\n"
            f"shares = {counted}.threshold({cuts})\n"
            f"table = {chosen}.sort_values({order})"
        )


@dataclass(frozen=True)
class Look:
    """What a view shows."""

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

    def rising(self) -> list[float]:
        """Give for each score the share of scored uploads up to it; nothing without scores."""
        counts = self.counts.scores.to_numpy()[0]
        total = counts.sum()
        shares: list[float] = (counts.cumsum() / total).tolist() if total else []
        return shares


class Explorer:
    """Looks at uploads; what was found for one view is kept for the next.

    May be asked from several threads.
    """

    def __init__(self, frame: pd.DataFrame, signals: pd.DataFrame | None = None) -> None:
        for name in (*SORTED_BY, "id", "account"):
            column_of(frame, name)
        self.frame, self.signals = frame, signals
        self.preset = level_preset(frame.attrs.get("levels", "argyle"))
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[Any, Any]] = {}

    def start(self) -> View:
        """Give the view to begin with: everything, cut at the highest and the second level."""
        lowest = [low for low, _ in self.preset.bands]
        return View(pass_from=lowest[-1], reject_below=lowest[min(1, len(lowest) - 1)])

    def options(self) -> dict[str, list[tuple[str, int]]]:
        """List for each filter what can be chosen, and how many uploads have it."""
        statuses = statuses_of(self.frame).value_counts()
        signals: list[tuple[str, int]] = []
        if self.signals is not None:
            pairs = self.signals[["identifier", "upload_id"]].drop_duplicates()
            signals = [(str(n), int(k)) for n, k in pairs["identifier"].value_counts().items()]
        return {
            "document_type": _present(self.frame["document_type"]),
            "level": _present(self.frame["authenticity_level"]),
            "status": [(name, int(n)) for name in STATUSES if (n := statuses.get(name, 0))],
            "signal": signals,
        }

    def look(self, view: View) -> Look:
        """Look at the uploads."""
        if view.sort_by not in SORTED_BY:
            raise ConfigurationError(f"sort by one of {', '.join(SORTED_BY)}, not {view.sort_by!r}")
        with self._lock:
            filters = view.filters
            seen = self._keep(
                "seen",
                filters,
                lambda: find_uploads(self.frame, signals=self.signals, **filters),
            )
            counts = self._keep("counts", filters, lambda: count_scores(seen, errors="collect"))
            sorting = (filters, view.scores, view.sort_by, view.ascending)
            order = self._keep("order", sorting, lambda: _order(seen, view))
        shares = counts.threshold(view.pass_from, reject_below=view.reject_below)
        return Look(seen, counts, shares, order)

    def write(self, view: View, folder: Path | str = ".", *, file_names: bool = False) -> Path:
        """Write the table of a view to a CSV file; an earlier file is never replaced."""
        table = self.look(view).table
        written = table.assign(status=statuses_of(table))
        names = [*WRITTEN_COLUMNS, *(["file_name"] if file_names else [])]
        path = _free_name(Path(folder))
        try:
            write_csv(written[names], path)
        except OSError as error:
            raise ConfigurationError(
                f"{path} cannot be written ({error.strerror}): check the folder and its rights"
            ) from None
        return path

    def _keep(self, name: str, key: Any, make: Any) -> Any:
        if name not in self._kept or self._kept[name][0] != key:
            self._kept[name] = (key, make())
        return self._kept[name][1]


def _order(seen: pd.DataFrame, view: View) -> npt.NDArray[np.int64]:
    rows = pd.DataFrame({view.sort_by: seen[view.sort_by].array})
    if view.scores is not None:
        scores = rows.assign(ocr_authenticity_score=seen["ocr_authenticity_score"].array)
        rows = find_uploads(scores, scores=view.scores)
    in_order = rows.sort_values(view.sort_by, ascending=view.ascending, kind="stable")
    return in_order.index.to_numpy(dtype=np.int64)


def _present(column: pd.Series[Any]) -> list[tuple[str, int]]:
    counted = column.value_counts(sort=False)
    return [(str(name), int(n)) for name, n in counted.items() if n]


def _free_name(folder: Path) -> Path:
    path, number = folder / f"{WRITTEN_TO}.csv", 1
    while path.exists():
        number += 1
        path = folder / f"{WRITTEN_TO}_{number}.csv"
    return path
