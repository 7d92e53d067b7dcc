"""What `ScoreExplorer` shows of a view: the uploads, how they score, what thresholds would do."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pandas as pd

from argyle_nb.errors import ConfigurationError
from argyle_nb.frames.uploads import LEVEL, SCORE, UPLOAD_COLUMNS
from argyle_nb.levels import HIGHEST_SCORE, LOWEST_SCORE, level_preset
from argyle_nb.scores import count_scores
from argyle_nb.scores.filters import STATUSES, UploadSearch, column_of, statuses_of
from argyle_nb.storage import csv_text

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    import numpy.typing as npt

    from argyle_nb.scores import ScoreCounts
    from argyle_nb.scores.filters import Mask

    Positions = npt.NDArray[np.int32]

BAR_SCORES = 5
STATUS = "status"
SORTED_BY = (
    "file_name",
    "document_type",
    SCORE,
    LEVEL,
    STATUS,
    "external_id",
    "user",
    "created_at",
)
FILTERS = (
    "document_type",
    "level",
    "status",
    "created_from",
    "created_before",
    "user",
    "signal",
    "text",
)
# An allow-list: what is not named here does not leave the notebook; file names only when asked for.
_EXPLORED = [column.name for column in UPLOAD_COLUMNS if column.explored]
_STATUS_AT = _EXPLORED.index(LEVEL) + 1
WRITTEN_COLUMNS = (*_EXPLORED[:_STATUS_AT], STATUS, *_EXPLORED[_STATUS_AT:])
_COUNTED = (
    SCORE,
    "processing_classification",
    "processing_ocr",
    "processing_authenticity",
    "document_type",
    "detect_status",
)
# A part of a download is some hundred kilobytes: small enough for any proxy on its way.
ROWS_PER_PART = 4096


class View(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody wants to see: filters of `find_uploads`, thresholds, the order of the table."""

    document_type: tuple[str, ...] = ()
    level: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    created_from: str = ""
    created_before: str = ""
    user: str = ""
    signal: tuple[str, ...] = ()
    text: str = ""
    # Of the table only; the picture shows all scores.
    scores: tuple[int, int] | None = None
    pass_from: int = 80
    reject_below: int = 30
    sort_by: str = SCORE
    ascending: bool = True

    @property
    def filters(self) -> dict[str, Any]:
        """The filters that are set, as `find_uploads` takes them."""
        return {name: value for name in FILTERS if (value := getattr(self, name))}

    def code(self) -> str:
        """Write the three lines that reproduce the view from ``uploads`` (and ``signals``)."""
        filters = [
            f"{name}={list(value) if isinstance(value, tuple) else value!r}"
            for name, value in self.filters.items()
        ]
        arguments = ", ".join(["uploads", *filters, *(["signals=signals"] if self.signal else [])])
        counts = "anb.count_scores(seen, errors='collect')"
        thresholds = f"{self.pass_from}, reject_below={self.reject_below}"
        rows = "seen" if self.scores is None else f"anb.find_uploads(seen, scores={self.scores})"
        order = f"ascending={self.ascending}, kind='stable'"
        table = f"{rows}.sort_values({self.sort_by!r}, {order})"
        if self.sort_by == STATUS:  # which is no column
            statuses = "key=lambda _: anb.scores.filters.statuses_of(t)"
            table = f"{rows}.pipe(lambda t: t.sort_values('id', {statuses}, {order}))"
        return (
            f"seen = anb.find_uploads({arguments})\n"
            f"shares = {counts}.threshold({thresholds})\n"
            f"table = {table}"
        )


@dataclass(frozen=True)
class ViewResult:
    """What a view shows: the uploads that fit its filters, and what is counted of them.

    ``fits`` says which uploads of ``frame`` fit the filters; ``rows`` are the places of those in
    the table, in order; ``shares`` are those of `ScoreCounts.threshold`.
    """

    frame: pd.DataFrame
    fits: Mask
    rows: Positions
    counts: ScoreCounts
    shares: pd.DataFrame

    @property
    def seen(self) -> pd.DataFrame:
        """The uploads that fit the filters."""
        return self.frame[self.fits]

    @property
    def table(self) -> pd.DataFrame:
        """The uploads of the chosen scores, in order."""
        return self.frame.iloc[self.rows]

    def page(self, number: int, size: int) -> pd.DataFrame:
        """Give one page of the table, the first is 0."""
        return self.frame.iloc[self.rows[number * size : (number + 1) * size]]

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
            if name != STATUS:
                column_of(frame, name)
        self.frame, self.signals = frame, signals
        self.preset = level_preset(frame.attrs.get("levels", "argyle"))
        self.statuses = statuses_of(frame)
        self._counted = frame[list(_COUNTED)]
        self._search = UploadSearch(frame, signals)
        self._lock = threading.Lock()
        self._cache: dict[Any, tuple[Any, Any]] = {}

    @property
    def borrower(self) -> str:
        """The column that names the borrower, as far as there is one that does."""
        return "external_id" if self.frame["external_id"].notna().any() else "user"

    def first_view(self) -> View:
        """Give the view to begin with: everything, cut at the highest and the second level."""
        lowest = [low for low, _ in self.preset.bands]
        return View(pass_from=lowest[-1], reject_below=lowest[min(1, len(lowest) - 1)])

    def filter_options(self) -> dict[str, list[tuple[str, int]]]:
        """List for each filter what can be chosen, and how many uploads have it."""
        statuses = self.statuses.value_counts()
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

    def signal_names(self) -> dict[str, str]:
        """Give the names of signals and reason codes that differ from their identifiers."""
        if self.signals is None:
            return {}
        columns = ["identifier", "display_name", "finding_type"]
        known = (
            self.signals.reindex(columns=columns).dropna().drop_duplicates("identifier").astype(str)
        )
        return {
            code: f"{name[:1].upper()}{name[1:]} ({code})" if kind == "reason_code" else name
            for code, name, kind in known.itertuples(index=False)
        }

    def prepare(self) -> None:
        """Make now what the first search and the first order by a name would wait for."""
        self._search.prepare()
        for name in SORTED_BY:
            with self._lock:
                self._ranks_of(name)

    def evaluate(self, view: View) -> ViewResult:
        """Filter, count, cut and sort the uploads."""
        if view.sort_by not in SORTED_BY:
            columns = ", ".join(SORTED_BY)
            raise ConfigurationError(f"Can't sort by {view.sort_by!r}. Use one of {columns}.")
        with self._lock:
            filters = view.filters
            fits = self._cached("fits", filters, lambda: self._all_of(filters))
            counts = self._cached(
                "counts", filters, lambda: count_scores(self._counted[fits], errors="collect")
            )
            chosen = fits if view.scores is None else fits & self._mask("scores", view.scores)
            order = self._order(view.sort_by, ascending=view.ascending)
        shares = counts.threshold(view.pass_from, reject_below=view.reject_below)
        return ViewResult(self.frame, fits, order[chosen[order]], counts, shares)

    def in_order(self, view: View, uploads: Collection[str]) -> Positions:
        """Give the places of some uploads, in the order of a view's table."""
        wanted = self.frame["id"].isin(uploads).to_numpy(dtype=bool)
        with self._lock:
            order = self._order(view.sort_by, ascending=view.ascending)
        return order[wanted[order]]

    def without_one(self, view: View) -> list[tuple[str, int]]:
        """Say for each filter that is set how many uploads there were in the table without it."""
        wanted = view.filters | ({"scores": view.scores} if view.scores else {})
        with self._lock:
            return [
                (name, int(self._all_of({k: v for k, v in wanted.items() if k != name}).sum()))
                for name in wanted
            ]

    def _all_of(self, filters: dict[str, Any]) -> Mask:
        keep = np.ones(len(self.frame), dtype=bool)
        for name, wanted in filters.items():
            keep &= self._mask(name, wanted)
        return keep

    def _mask(self, name: str, wanted: Any) -> Mask:
        mask: Mask = self._cached(name, wanted, lambda: self._search.mask(name, wanted))
        return mask

    def _order(self, name: str, *, ascending: bool) -> Positions:
        """Give the places of all uploads in order, missing values last, as pandas does it."""

        def sort() -> Positions:
            ranks = self._ranks_of(name)
            if not ascending:
                ranks = np.where(ranks < 0, ranks, ranks.max(initial=0) - ranks)
            # Without a sign the code of what is missing is the highest.
            return np.argsort(ranks.view(np.uint32), kind="stable").astype(np.int32)

        order: Positions = self._cached("order", (name, ascending), sort)
        return order

    def _ranks_of(self, name: str) -> Positions:
        """Give each upload the place of its value among the values of a column, -1 for none."""
        column = self.statuses if name == STATUS else self.frame[name]
        ranks: Positions = self._cached(("ranks", name), None, lambda: _ranks(column))
        return ranks

    def _cached(self, name: Any, key: Any, make: Callable[[], Any]) -> Any:
        if name not in self._cache or self._cache[name][0] != key:
            self._cache[name] = (key, make())
        return self._cache[name][1]


def _ranks(column: pd.Series[Any]) -> Positions:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return np.asarray(column.cat.codes, dtype=np.int32)
    codes, known = pd.factorize(column)
    values = pd.Index(known)
    if pd.api.types.is_string_dtype(column.dtype):  # numpy sorts bytes far faster than texts
        texts = values.to_numpy(dtype=object).tolist()
        order = np.argsort([text.encode("utf-8", "surrogatepass") for text in texts], kind="stable")
    else:
        order = values.argsort()
    places = np.empty(len(values) + 1, dtype=np.int32)
    places[order] = np.arange(len(values))
    places[-1] = -1  # the code of what is missing
    ranks: Positions = places[codes]
    return ranks


class ViewFile:
    """The table of a view as a CSV file, in parts that are written when they are asked for."""

    def __init__(self, model: ExplorerModel, rows: Positions, *, file_names: bool) -> None:
        columns = [*WRITTEN_COLUMNS, *(["file_name"] if file_names else [])]
        self._frame = model.frame[[name for name in columns if name != STATUS]]
        self._columns, self._statuses, self._rows = columns, model.statuses, rows
        self.key = secrets.token_hex(8)
        self.parts = max(1, -(-len(rows) // ROWS_PER_PART))
        self.uploads = len(rows)

    def part(self, number: int) -> bytes:
        """Write one part, the first is 0 and begins with the names of the columns."""
        rows = self._rows[number * ROWS_PER_PART : (number + 1) * ROWS_PER_PART]
        table = self._frame.iloc[rows].assign(status=self._statuses.iloc[rows])
        return csv_text(table[self._columns], header=number == 0).encode("utf-8")


def _counts_of(column: pd.Series[Any]) -> list[tuple[str, int]]:
    numbers = column.value_counts(sort=False)
    return [(str(value), int(n)) for value, n in numbers.items() if n]
