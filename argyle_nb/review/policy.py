"""What is decided at which score: thresholds per document type, their file, what they change."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import tomli_w

from argyle_nb import notebook
from argyle_nb.errors import ConfigurationError
from argyle_nb.frames.uploads import levels_of
from argyle_nb.levels import HIGHEST_SCORE, LOWEST_SCORE, PRESETS, level_preset
from argyle_nb.models import DOCUMENT_TYPES, unknown_type
from argyle_nb.review.verdicts import Costs
from argyle_nb.scores import checked_scores
from argyle_nb.storage import SHARED, atomic_write

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from argyle_nb.scores import ScoreCounts


DECISIONS = ("reject", "review", "pass", "undecided")
_UNDECIDED = DECISIONS.index("undecided")
_MOVE_COLUMNS = {
    "document_type": "string",
    "before": "string",
    "after": "string",
    "uploads": "int64",
    "min_score": "Int16",
    "max_score": "Int16",
}
_HASH_LENGTH = 12

# What the file has.
FIELDS_NEEDED = ("owner", "effective_date", "reason", "thresholds")
FIELDS = (*FIELDS_NEEDED, "levels", "costs")
THRESHOLD_FIELDS = ("pass_from", "reject_below")
COST_FIELDS = ("review", "missed_fraud", "rejected_genuine", "currency")


def read_policy_table(path: Path) -> dict[str, Any]:
    """Read the file."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"{path}: can't read the file ({error.strerror}). Check the path and the file "
            "permissions."
        ) from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{path} is not valid TOML in UTF-8 ({error}). Fix it.") from None


def write_policy_table(path: Path, table: Mapping[str, Any]) -> None:
    r"""Write the file, whole or not at all.

    Raises
    ------
    ConfigurationError
        When the file cannot be written.

    Examples
    --------
    >>> write_policy_table(folder / "policy.toml", {"owner": "ada"})
    >>> (folder / "policy.toml").read_text()
    'owner = "ada"\n'
    """
    try:
        with atomic_write(path, SHARED) as file:
            tomli_w.dump(table, file)
    except OSError as error:
        raise ConfigurationError(
            f"{path}: can't write the file ({error.strerror}). Check permissions and free space."
        ) from None


def _check_fields(table: Mapping[str, Any]) -> None:
    """See that a table has the fields of a policy and no others."""
    _check_names(table, "", FIELDS, FIELDS_NEEDED)
    thresholds = table["thresholds"]
    _check_names(thresholds, "thresholds.", thresholds, ())  # their names: `Policy`
    for document_type, cuts in thresholds.items():
        _check_names(cuts, f"thresholds.{document_type}.", THRESHOLD_FIELDS, THRESHOLD_FIELDS)
    if "costs" in table:
        _check_names(table["costs"], "costs.", COST_FIELDS, COST_FIELDS[:3])


def _check_names(table: Any, where: str, known: Iterable[str], needed: Iterable[str]) -> None:
    if not isinstance(table, dict):
        raise ConfigurationError(f"{where.rstrip('.')} must be a table.")
    for name in table:
        if name not in known:
            raise ConfigurationError(f"{where}{name} is unknown. Use any of: {', '.join(known)}.")
    for name in needed:
        if name not in table:
            raise ConfigurationError(f"{where}{name} is missing. Add it.")


@dataclass(frozen=True)
class Thresholds:
    """Pass and reject thresholds for one document type.

    Parameters
    ----------
    pass_from
        The lowest score that passes, 0 to 101; 101 lets none pass.
    reject_below
        Lower scores are rejected, 0 to ``pass_from``; 0 rejects none. What lies between the two is
        reviewed.

    Examples
    --------
    >>> Thresholds(pass_from=80, reject_below=30)
    Thresholds(pass_from=80, reject_below=30)
    """

    pass_from: int
    reject_below: int

    def __post_init__(self) -> None:
        for name, cut in asdict(self).items():
            if type(cut) is not int or not LOWEST_SCORE <= cut <= HIGHEST_SCORE + 1:
                raise ConfigurationError(
                    f"{name} must be a whole number from 0 to 101, not {cut!r}."
                )
        if self.reject_below > self.pass_from:
            raise ConfigurationError(
                f"reject_below ({self.reject_below}) must not be above pass_from "
                f"({self.pass_from})."
            )

    def decisions(self) -> npt.NDArray[np.int8]:
        """Give the place in `DECISIONS` of each score 0 to 100.

        Examples
        --------
        >>> [DECISIONS[place] for place in Thresholds(80, 30).decisions()[[29, 30, 79, 80]]]
        ['reject', 'review', 'review', 'pass']
        """
        scores = np.arange(HIGHEST_SCORE + 1)
        return ((scores >= self.reject_below) * 1 + (scores >= self.pass_from)).astype(np.int8)


@dataclass(frozen=True)
class Policy:
    """Thresholds per document type, with their owner, effective date and reason.

    Parameters
    ----------
    thresholds
        Document type -> `Thresholds`. Other types are not decided.
    owner, reason
        In words, not empty.
    effective_date
        The day from which it holds.
    levels
        The level preset that goes with it.
    costs
        What it was weighed by, if it was.

    Raises
    ------
    ConfigurationError
        Naming the field that cannot stand.

    Examples
    --------
    >>> policy = Policy({"paystubs": Thresholds(80, 30)}, "ada", date(2026, 5, 1), "first try")
    >>> policy
    Policy(14eaba06ea02, paystubs: reject < 30, review < 80, from 2026-05-01)
    """

    thresholds: Mapping[str, Thresholds]
    owner: str
    effective_date: date
    reason: str
    levels: str = "argyle"
    costs: Costs | None = None

    def __post_init__(self) -> None:
        for name in ("owner", "reason", "levels"):
            value = getattr(self, name)
            if not isinstance(value, str) or not value.strip():
                raise ConfigurationError(f"{name} must be text and not empty.")
        if self.levels not in PRESETS:
            raise ConfigurationError(
                f"Unknown level preset {self.levels!r}. Use one of {', '.join(PRESETS)}."
            )
        if isinstance(self.effective_date, datetime) or not isinstance(self.effective_date, date):
            raise ConfigurationError(
                "effective_date must be a date such as 2026-05-01, without quotes or "
                f"time, not {self.effective_date!r}."
            )
        if self.costs is not None and not isinstance(self.costs, Costs):
            raise ConfigurationError(f"costs must be Costs(...), not {self.costs!r}.")
        if not isinstance(self.thresholds, Mapping) or not self.thresholds:
            raise ConfigurationError(
                "thresholds must name at least one document type, such as "
                '{"paystubs": Thresholds(pass_from=80, reject_below=30)}.'
            )
        for document_type, cuts in self.thresholds.items():
            if not isinstance(cuts, Thresholds):
                raise ConfigurationError(
                    f"thresholds.{document_type} must be Thresholds(pass_from=..., "
                    f"reject_below=...), not {cuts!r}."
                )
            if document_type not in DOCUMENT_TYPES:
                raise ConfigurationError(
                    f"thresholds.{document_type}: {unknown_type(document_type)}"
                )

    def __repr__(self) -> str:
        cuts = "; ".join(
            f"{name}: reject < {cut.reject_below}, review < {cut.pass_from}"
            for name, cut in self.thresholds.items()
        )
        return f"Policy({self.hash}, {cuts}, from {self.effective_date})"

    def _repr_html_(self) -> str:
        facts = {
            "Effective from": self.effective_date,
            "Level preset": self.levels,
            "Hash": self.hash,
        }
        rows = [(name, cut.reject_below, cut.pass_from) for name, cut in self.thresholds.items()]
        columns = ("Document type", "Reject below", "Pass from")
        tables = [notebook.table(columns, rows, of=len(rows))]
        return notebook.result("Policy", facts, tables, "Scores between the two are reviewed.")

    @property
    def hash(self) -> str:
        """Name this version: the first 12 hexadecimal digits of the SHA-256 of all it says.

        The order of the document types does not matter, nor does the layout of the file.
        """
        text = json.dumps(self._table(), sort_keys=True, default=str, ensure_ascii=False)
        return hashlib.sha256(text.encode("utf-8")).hexdigest()[:_HASH_LENGTH]

    @classmethod
    def read(cls, path: Path | str) -> Policy:
        """Read a policy from its TOML file.

        Parameters
        ----------
        path
            A file such as `write` makes.

        Raises
        ------
        ConfigurationError
            Naming the file, the field and what belongs there.

        Examples
        --------
        >>> policy = Policy({"W-2": Thresholds(80, 30)}, "ada", date(2026, 5, 1), "first try")
        >>> policy.write(folder / "policy.toml")
        >>> Policy.read(folder / "policy.toml") == policy
        True
        """
        table = read_policy_table(Path(path))
        try:
            _check_fields(table)
            return cls._from_table(table)
        except ConfigurationError as error:
            raise ConfigurationError(f"{path}: {error}") from None

    def write(self, path: Path | str) -> None:
        """Write the policy to a TOML file, to be kept with the code or the minutes.

        Parameters
        ----------
        path
            Replaced as a whole.

        Raises
        ------
        ConfigurationError
            When the file cannot be written.

        Examples
        --------
        >>> policy = Policy({"W-2": Thresholds(80, 30)}, "ada", date(2026, 5, 1), "first try")
        >>> policy.write(folder / "policy.toml")
        >>> print((folder / "policy.toml").read_text().splitlines()[0])
        owner = "ada"
        """
        write_policy_table(Path(path), self._table())

    def apply(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Decide each upload, beside its raw score.

        Parameters
        ----------
        frame
            From `uploads_frame`; it is not changed.

        Returns
        -------
        pandas.DataFrame
            The frame with ``authenticity_level`` (by this policy's preset), ``decision`` (ordered
            category: ``reject, review, pass``, or ``undecided`` where there is no score or no
            threshold for the type) and ``policy`` (string, its hash) after the score.
            ``attrs["levels"]`` and ``attrs["policy"]`` name the preset and the hash.

        Raises
        ------
        ConfigurationError
            When ``document_type`` or ``ocr_authenticity_score`` is not there.
        DecodeError
            For a score that is no whole number from 0 to 100; it names the uploads.

        Examples
        --------
        >>> policy = Policy({"paystubs": Thresholds(90, 50)}, "ada", date(2026, 5, 1), "first try")
        >>> policy.apply(frame)["decision"].tolist()
        ['review', 'pass', 'reject', 'undecided']
        """
        for name in ("document_type", "ocr_authenticity_score"):
            if name not in frame:
                raise ConfigurationError(
                    f"Column {name} is missing. Pass the table returned by anb.uploads_frame."
                )
        score = checked_scores(frame)
        types = frame["document_type"].astype("string")
        places = np.full(len(frame), _UNDECIDED, dtype=np.int8)
        for document_type, cuts in self.thresholds.items():
            known = (score.notna() & (types == document_type).fillna(value=False)).to_numpy(bool)
            places[known] = cuts.decisions()[score[known].to_numpy(dtype=np.int64)]
        decided = frame.drop(
            columns=["authenticity_level", "decision", "policy"], errors="ignore"
        ).copy()
        after = list(decided).index("ocr_authenticity_score") + 1
        kind = pd.CategoricalDtype(list(DECISIONS), ordered=True)
        decided.insert(after, "authenticity_level", levels_of(score, level_preset(self.levels)))
        decision = pd.Series(pd.Categorical.from_codes(places, dtype=kind), frame.index)
        decided.insert(after + 1, "decision", decision)
        decided.insert(after + 2, "policy", pd.Series(self.hash, decided.index, dtype="string"))
        decided.attrs = {**frame.attrs, "levels": self.levels, "policy": self.hash}
        return decided

    def decisions(self, counts: ScoreCounts) -> pd.DataFrame:
        """Count what this policy does to each document type.

        Parameters
        ----------
        counts
            From `count_scores`, grouped by ``document_type`` and anything else.

        Returns
        -------
        pandas.DataFrame
            Indexed by ``document_type``: ``uploads``, then one column per decision (int64);
            ``undecided`` holds what has no score or no threshold. ``attrs["policy"]`` is the hash.

        Raises
        ------
        ConfigurationError
            When the counts are not grouped by ``document_type``.

        Examples
        --------
        >>> policy = Policy({"paystubs": Thresholds(90, 50)}, "ada", date(2026, 5, 1), "first try")
        >>> policy.decisions(count_scores(frame, by="document_type")).loc["paystubs"].tolist()
        [3, 1, 1, 1, 0]
        """
        changed = self.compare(self, counts)
        table = changed["uploads"].groupby(level=["document_type", "after"], observed=False).sum()
        wide = table.unstack("after").reindex(columns=list(DECISIONS)).fillna(0).astype("int64")
        wide.columns = pd.Index(DECISIONS)
        wide.insert(0, "uploads", wide.sum(axis=1))
        wide.attrs["policy"] = self.hash
        return wide

    def compare(self, other: Policy, counts: ScoreCounts) -> pd.DataFrame:
        """Say what changing to another policy would have done.

        Parameters
        ----------
        other
            The policy after the change.
        counts
            Of the uploads in question, such as last month's: from `count_scores`, grouped by
            ``document_type`` and anything else.

        Returns
        -------
        pandas.DataFrame
            Indexed by ``document_type, before, after`` (decisions), with a row for each pair that
            occurs: ``uploads`` (int64), ``share`` of the type's uploads, ``min_score,
            max_score`` of those that have a score (Int16), ``changed`` (bool).
            ``attrs["policy"]`` and ``attrs["other_policy"]`` are the two hashes.

        Raises
        ------
        ConfigurationError
            When the counts are not grouped by ``document_type``.

        Examples
        --------
        >>> strict = Policy({"paystubs": Thresholds(95, 50)}, "ada", date(2026, 5, 1), "first try")
        >>> mild = Policy({"paystubs": Thresholds(80, 50)}, "ben", date(2026, 6, 1), "less to do")
        >>> change = strict.compare(mild, count_scores(frame, by="document_type"))
        >>> int(change.loc[("paystubs", "review", "pass"), "uploads"])
        2
        """
        if "document_type" not in counts.grouped_by:
            raise ConfigurationError(
                "Policy.compare needs counts by document type. Pass count_scores(frame, "
                'by="document_type").'
            )
        by_type = counts.by("document_type")
        unscored = by_type.unscored.sum(axis=1).to_numpy()
        rows: list[dict[str, Any]] = []
        scores = by_type.scores.to_numpy()
        for document_type, row, without in zip(by_type.groups, scores, unscored, strict=True):
            rows += _moves(str(document_type), row, int(without), self, other)
        table = pd.DataFrame(rows, columns=list(_MOVE_COLUMNS)).astype(_MOVE_COLUMNS)
        of_type = table.groupby("document_type")["uploads"].transform("sum")
        table.insert(4, "share", table["uploads"] / of_type)
        table["changed"] = table["before"] != table["after"]
        table = table.set_index(["document_type", "before", "after"])
        table.attrs = {"policy": self.hash, "other_policy": other.hash}
        return table

    def _table(self) -> dict[str, Any]:
        table = {
            "owner": self.owner,
            "effective_date": self.effective_date,
            "reason": self.reason,
            "levels": self.levels,
            "thresholds": {name: asdict(cuts) for name, cuts in self.thresholds.items()},
        }
        return table | ({"costs": asdict(self.costs)} if self.costs else {})

    @classmethod
    def _from_table(cls, table: Mapping[str, Any]) -> Policy:
        thresholds = {}
        for document_type, cuts in table["thresholds"].items():
            try:
                thresholds[document_type] = Thresholds(**cuts)
            except ConfigurationError as error:
                raise ConfigurationError(f"thresholds.{document_type}.{error}") from None
        costs = Costs(**table["costs"]) if "costs" in table else None
        return cls(**{**table, "thresholds": thresholds, "costs": costs})


def _places(policy: Policy, document_type: str) -> npt.NDArray[np.int8]:
    """Give the place in `DECISIONS` of each score of a type."""
    cuts = policy.thresholds.get(document_type)
    if cuts is None:
        return np.full(HIGHEST_SCORE + 1, _UNDECIDED, dtype=np.int8)
    return cuts.decisions()


def _moves(
    document_type: str, scores: npt.NDArray[np.int64], unscored: int, one: Policy, other: Policy
) -> list[dict[str, Any]]:
    """Give a row for each pair of decisions that some of a type's uploads are moved between."""
    before, after = _places(one, document_type), _places(other, document_type)
    rows: list[dict[str, Any]] = []
    for place, decision in enumerate(DECISIONS):
        for other_place, other_decision in enumerate(DECISIONS):
            inside = np.flatnonzero((before == place) & (after == other_place) & (scores > 0))
            without = unscored if place == other_place == _UNDECIDED else 0
            if len(inside) or without:
                row = [document_type, decision, other_decision, int(scores[inside].sum()) + without]
                row += [inside.min(), inside.max()] if len(inside) else [pd.NA, pd.NA]
                rows.append(dict(zip(_MOVE_COLUMNS, row, strict=True)))
    return rows
