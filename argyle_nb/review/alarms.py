"""Rules that a scheduled run checks, with false positives kept rare whatever their number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard

import numpy as np
import pandas as pd

from argyle_nb.archive import Archive
from argyle_nb.errors import ConfigurationError
from argyle_nb.levels import OWN_THRESHOLDS, LevelPreset, level_preset
from argyle_nb.models import DOCUMENT_TYPES, types_among, unknown_type
from argyle_nb.review.log import ReviewLog
from argyle_nb.review.policy import read_policy_table
from argyle_nb.review.reviewers import agreement
from argyle_nb.scores import REASONS, ScoreCounts, count_scores, no_score_reasons
from argyle_nb.scores.comparing import ks_p, mann_whitney_p
from argyle_nb.scores.signals import signal_pareto
from argyle_nb.scores.statistics import means

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# Of runs in which nothing is wrong, no more than this share gives an alarm.
ALPHA = 0.05
# An upload with one of these may still get its score.
_WAITING = ("in_progress", "detect_pending", "not_started")
WEEK = pd.Timedelta(weeks=1)
_ANY = ("kind", "limit", "document_type")
_SHARE, _NUMBER = (0.0, 1.0), (0.0, float("inf"))


class _Finding(NamedTuple):
    """What one rule found; without a p-value it is a fact, not a sample."""

    value: float
    limit: float
    n: int
    words: str
    p: float | None = None
    is_beyond: bool = False


@dataclass(frozen=True)
class _Seen:
    """What rules look at: the newest week that has ended, and those before it."""

    counts: ScoreCounts
    levels: Any
    now: pd.Timestamp
    archive: Archive | None = None
    frame: pd.DataFrame | None = None
    reviews: ReviewLog | Path | str | None = None

    def split(self, rule: Mapping[str, Any]) -> tuple[ScoreCounts, ScoreCounts]:
        """Give the counts of the week and of all before, each in one row."""
        wanted = {name: rule[name] for name in ("document_type",) if name in rule}
        counts = self.counts.filter(**wanted).by("week")
        parts = (counts.groups == self.week, counts.groups < self.week)
        now, before = (counts.filter(week=list(counts.groups[x])) for x in parts)
        return now.total(), before.total()

    @cached_property
    def week(self) -> pd.Timestamp:
        """The newest week with an upload that has ended; before the first end, the newest."""
        weeks = self.counts.groups.get_level_values("week").dropna()
        if not len(weeks):
            if self.archive is None:
                raise ConfigurationError("There are no uploads to check. Pull some first.")
            raise ConfigurationError(
                f"There are no uploads to check in {self.archive}. Run archive.pull(client) first, "
                "or check the path."
            )
        ended = weeks[weeks <= self.now - WEEK]
        week: pd.Timestamp = (ended if len(ended) else weeks).max()
        return week

    @property
    def has_ended(self) -> bool:
        """Whether the week has."""
        return bool(self.week <= self.now - WEEK)

    def uploads(self, rule: Mapping[str, Any]) -> pd.DataFrame:
        """Give the archive's uploads that a rule looks at."""
        frame, wanted = self.frame, rule.get("document_type")
        if frame is None:
            raise ConfigurationError(
                f"{rule['kind']} needs single uploads, which counts do not hold. Pass an Archive."
            )
        return frame if wanted is None else frame[frame["document_type"] == wanted]

    @cached_property
    def signals(self) -> pd.DataFrame:
        """The archive's signals."""
        assert self.archive is not None  # noqa: S101
        return self.archive.signals()

    @cached_property
    def verdicts(self) -> pd.DataFrame:
        """What each reviewer said last."""
        log = self.reviews
        return (log if isinstance(log, ReviewLog) else ReviewLog(log)).latest()


def check(
    archive: Archive | ScoreCounts | Path | str,
    rules: Mapping[str, Any] | Path | str,
    *,
    reviews: ReviewLog | Path | str | None = None,
    now: pd.Timestamp | None = None,
) -> pd.DataFrame:
    """Check rules on the last whole week, and say which failed.

    Parameters
    ----------
    archive
        An `Archive` or its folder, or counts ``by=["document_type", "week"]``, which suffice for
        the first three kinds of rules.
    rules
        A TOML file or the same as a dict: a list ``rule`` of tables, and, where wanted, ``levels``
        (a preset). Each rule has a ``kind``, the ``limit`` of its value, and, where wanted, a
        ``document_type``. Weeks are those of ``created_at``, from Monday on in UTC; the one that
        has not ended is left out, unless there is no other. Kinds:

        - ``without_score``: share of uploads without a score, with ``reason`` for one reason.
        - ``level``: share of the scored uploads in ``level``.
        - ``drift``: PSI of the scores against all earlier weeks; its limit is 0 unless given.
        - ``new_signal``: number of signals never seen before; limit 0 unless given.
        - ``oldest_without_score``: days since the oldest upload was made that may still get one.
        - ``reviews_behind``: number of uploads that score less than ``below`` without a verdict.
        - ``agreement``: the share of verdicts in which two reviewers agree, of the pair that chance
          explains least; fails below it.
    reviews
        The `ReviewLog` or its file, which must be there; by default as for `ReviewQueue`.
    now
        For the age of uploads and the end of weeks, in UTC unless it names a zone; by default the
        clock.

    Returns
    -------
    pandas.DataFrame
        One row per rule: ``rule`` (string), ``value, limit`` (float64), ``n`` (int64, uploads or
        verdicts that it rests on), ``failed`` (boolean, missing where there was nothing to check)
        and ``words`` (string). ``attrs["week"]`` is the week's Monday, ``attrs["week_has_ended"]``
        tells whether it has ended, and ``attrs["weeks_since"]`` how many have ended since, without
        an upload.

    Raises
    ------
    ConfigurationError
        For a rule that cannot be understood, which the error names; without uploads or the file of
        a review log; for counts that are not by what the rules need.

    Notes
    -----
    A value beyond its limit fails only where chance does not explain it. Shares and agreement: the
    exact binomial test that the true share is within the limit (Clopper and Pearson 1934,
    Biometrika 26:404). Drift: the smaller p-value of Kolmogorov-Smirnov and Mann-Whitney, doubled.
    Signals: the chance that all uploads with a signal are among the week's, times the number of
    signals. All these p-values together are corrected after Holm 1979, Scand. J. Stat. 6:65, so
    that with nothing wrong at most one run in twenty has an alarm, whatever the number of rules:
    of 2,000 simulated runs each, with 30, 100 and 1,000 uploads a week and 1, 5 and 20 rules whose
    limits were the truth, 1 to 4% had one (a PSI of 0.1 or more: 96, 43 and 0%). Scores 8 points
    lower were seen in their week in 65% of runs of 30 uploads and in all of 100; with 20
    rules on five types of 100 uploads, in 61%. It takes uploads to be independent and weeks to be
    alike. ``oldest_without_score`` and ``reviews_behind`` are facts, without a p-value: they fail
    whenever they are beyond the limit.

    Examples
    --------
    >>> weekly = count_scores(uploads, by=["document_type", "week"])
    >>> rules = {"rule": [{"kind": "level", "level": "low", "limit": 0.2}]}
    >>> found = check(weekly, rules)
    >>> found.loc[0, "words"][:54], bool(found.loc[0, "failed"])
    ('1 of 3 uploads (33.3%) are low; limit 20.0%. Beyond th', False)
    """
    where, table = _read(rules)
    levels = _levels(where, table)
    wanted = _checked_rules(where, table, levels.levels)
    time = pd.to_datetime(now or pd.Timestamp.now("UTC"), utc=True)
    if isinstance(archive, Path | str):
        archive = Archive(archive)
    if isinstance(archive, ScoreCounts):
        seen = _Seen(archive, levels, time)
    elif isinstance(archive, Archive):
        frame = archive.uploads()
        counts = count_scores(frame, by=["document_type", "week"], errors="collect")
        seen = _Seen(counts, levels, time, archive, frame, _checked_log(reviews))
    else:
        raise ConfigurationError(
            f"archive must be an Archive, its folder, or counts, not {type(archive).__name__}."
        )
    wanted = [
        _with_type(f"{where}, rule {number}", rule, seen.counts)
        for number, rule in enumerate(wanted, 1)
    ]
    result = judged([_KINDS[rule["kind"]].find(seen, rule) for rule in wanted])
    result.insert(0, "rule", pd.Series([_name(rule) for rule in wanted], dtype="string"))
    result.attrs |= {"week": str(seen.week.date()), "week_has_ended": seen.has_ended}
    result.attrs["weeks_since"] = max(0, (seen.now - seen.week) // WEEK - 1)
    return result


def judged(findings: Sequence[_Finding]) -> pd.DataFrame:
    """Say which findings are beyond their limits and beyond chance."""
    adjusted = iter(holm([found.p for found in findings if found.p is not None]))
    rows = []
    for found in findings:
        p = None if found.p is None else next(adjusted)
        failed = found.is_beyond and (p is None or p <= ALPHA)
        verdict = "Beyond the limit" if found.is_beyond else "Within the limit"
        if p is not None and found.is_beyond:
            verdict += " and chance" if failed else ", but chance may explain it"
            verdict += f" (p = {p:.2g}, corrected)"
        known = not np.isnan(found.value)
        words = f"{found.words} {verdict}." if known else found.words
        rows.append((found.value, found.limit, found.n, failed if known else None, words))
    columns = {"value": "float64", "limit": "float64", "n": "int64"}
    columns |= {"failed": "boolean", "words": "string"}
    return pd.DataFrame(rows, columns=list(columns)).astype(columns)


def holm(p: Sequence[float]) -> list[float]:
    """Correct p-values for their number, step by step: Holm 1979, Scand. J. Stat. 6:65."""
    values = np.asarray(p, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    steps = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(steps, 1)
    return [float(value) for value in adjusted]


def _nothing(rule: Mapping[str, Any], what: str) -> _Finding:
    return _Finding(np.nan, rule["limit"], 0, f"Nothing to check: {what}.")


def _above(rule: Mapping[str, Any], hits: int, n: int, what: str) -> _Finding:
    """Test whether a share is above its limit."""
    from scipy.special import bdtrc  # noqa: PLC0415 - importing it takes a while

    if not n:
        return _nothing(rule, f"no uploads of which {what} could be told")
    limit = rule["limit"]
    p = float(bdtrc(hits - 1, n, limit)) if hits else 1.0
    words = f"{hits:,} of {n:,} uploads ({hits / n:.1%}) {what}; limit {limit:.1%}."
    return _Finding(hits / n, limit, n, words, p, hits > limit * n)


def _without_score(seen: _Seen, rule: Mapping[str, Any]) -> _Finding:
    [row] = seen.split(rule)[0].coverage().to_dict("records")
    hits, what = row["uploads"] - row["scored"], "have no score"
    if reason := rule.get("reason"):
        hits, what = row[reason], f"{what} ({reason})"
    return _above(rule, int(hits), int(row["uploads"]), what)


def _level(seen: _Seen, rule: Mapping[str, Any]) -> _Finding:
    table = seen.split(rule)[0].levels(seen.levels)["uploads"]
    hits = int(table.xs(rule["level"], level="level").sum())
    return _above(rule, hits, int(table.sum()), f"are {rule['level']}")


def _drift(seen: _Seen, rule: Mapping[str, Any]) -> _Finding:
    now, before = seen.split(rule)
    new, old = now.scores.to_numpy(), before.scores.to_numpy()
    n = int(new.sum())
    if not n or not old.any():
        return _nothing(rule, "no scores in the week or before it")
    index = float(now.compare(before)["psi"].iloc[0])
    p = min(1.0, 2 * min(ks_p(new[0], old[0])[0], mann_whitney_p(new[0], old[0])))
    words = (
        f"Scores of {n:,} uploads differ from {int(old.sum()):,} before (PSI {index:.3f}, mean "
        f"{means(new)[0]:.1f} after {means(old)[0]:.1f}); limit {rule['limit']:g}."
    )
    return _Finding(index, rule["limit"], n, words, p, index > rule["limit"])


def _new_signal(seen: _Seen, rule: Mapping[str, Any]) -> _Finding:
    uploads = seen.uploads(rule)
    uploads = uploads[uploads["signal_count"].notna()]
    since = pd.to_datetime(uploads["created_at"], utc=True)
    is_old = since < seen.week
    is_new = ~is_old & (since < seen.week + WEEK)
    if not is_new.any() or not is_old.any():
        return _nothing(rule, "no analyzed uploads in the week or before it")
    now, ever = (
        signal_pareto(seen.signals, uploads[x])["uploads"] for x in (is_new, is_new | is_old)
    )
    first = now[now == ever.reindex(now.index)]
    n, total = int(is_new.sum()), int((is_new | is_old).sum())
    # All its uploads are among the n of the week: C(n, x) / C(total, x).
    chances = [np.prod((n - np.arange(x)) / (total - np.arange(x))) for x in first]
    p = min(1.0, len(ever) * min(chances, default=1.0))
    named = [f"{name} ({x:,} uploads)" for name, x in first.droplevel("finding_type").items()]
    words = f"Signals never seen in {total - n:,} earlier uploads: {', '.join(named) or 'none'}."
    return _Finding(len(first), rule["limit"], n, words, p, len(first) > rule["limit"])


def _oldest(seen: _Seen, rule: Mapping[str, Any]) -> _Finding:
    uploads = seen.uploads(rule)
    waiting = uploads[no_score_reasons(uploads).isin(_WAITING).to_numpy()]
    made = pd.to_datetime(waiting["created_at"], utc=True).min()
    days = 0.0 if pd.isna(made) else (seen.now - made) / pd.Timedelta(days=1)
    words = f"{len(waiting):,} uploads wait for a score, the oldest for {days:.1f} days."
    return _Finding(days, rule["limit"], len(waiting), words, None, days > rule["limit"])


def _reviews_behind(seen: _Seen, rule: Mapping[str, Any]) -> _Finding:
    uploads = seen.uploads(rule)
    low = uploads[(uploads["ocr_authenticity_score"] < rule["below"]).fillna(value=False)]
    behind = int((~low["id"].isin(seen.verdicts["upload_id"])).sum())
    words = f"{behind:,} of {len(low):,} uploads that score below {rule['below']} have no verdict."
    return _Finding(behind, rule["limit"], len(low), words, None, behind > rule["limit"])


def _agreement(seen: _Seen, rule: Mapping[str, Any]) -> _Finding:
    from scipy.special import bdtr  # noqa: PLC0415 - importing it takes a while

    verdicts = seen.verdicts
    pairs = agreement(verdicts[verdicts["upload_id"].isin(seen.uploads(rule)["id"])])
    pairs = pairs[pairs["documents"] > 0]
    if not len(pairs):
        return _nothing(rule, "no document with verdicts of two reviewers")
    n, agreed = pairs["documents"].to_numpy(), pairs["agreed"].to_numpy()
    limit = rule["limit"]
    chances = bdtr(np.round(n * agreed), n, limit)
    worst = int(np.lexsort((agreed, chances))[0])
    p = min(1.0, len(pairs) * float(chances[worst]))
    one, other = pairs.index[worst]
    words = f"{one} and {other} agree on {agreed[worst]:.1%} of {n[worst]:,}; limit {limit:.1%}."
    return _Finding(agreed[worst], limit, int(n[worst]), words, p, bool(agreed[worst] < limit))


class _Kind(NamedTuple):
    """One kind of rule: what looks, the range of its limit, its fields, its limit by default."""

    find: Callable[[_Seen, Mapping[str, Any]], _Finding]
    range: tuple[float, float]
    fields: tuple[str, ...] = ()
    limit: float | None = None


_KINDS = {
    "without_score": _Kind(_without_score, _SHARE, ("reason",)),
    "level": _Kind(_level, _SHARE, ("level",)),
    "drift": _Kind(_drift, _NUMBER, limit=0.0),
    "new_signal": _Kind(_new_signal, _NUMBER, limit=0.0),
    "oldest_without_score": _Kind(_oldest, _NUMBER),
    "reviews_behind": _Kind(_reviews_behind, _NUMBER, ("below",)),
    "agreement": _Kind(_agreement, _SHARE),
}


def _read(rules: Mapping[str, Any] | Path | str) -> tuple[str, Mapping[str, Any]]:
    if isinstance(rules, str | Path):
        return str(rules), read_policy_table(Path(rules))
    if not isinstance(rules, Mapping):
        raise ConfigurationError(
            "rules must be the path of a TOML file, or a dict such as "
            "{'rule': [{'kind': 'level', 'level': 'low', 'limit': 0.2}]}, "
            f"not {type(rules).__name__}."
        )
    return "rules", rules


def _levels(where: str, table: Mapping[str, Any]) -> LevelPreset:
    """Find the preset of the rules; an error names the file, and thresholds as TOML has them."""
    try:
        return level_preset(table.get("levels", "argyle"))
    except ConfigurationError as error:
        words = str(error)
        if where != "rules":
            words = words.replace(OWN_THRESHOLDS, "levels = { low = 0, high = 80 }")
        raise ConfigurationError(f"{where}: {words}") from None


def _checked_log(reviews: ReviewLog | Path | str | None) -> ReviewLog | Path | str | None:
    """Refuse a path without a log, of which an empty one would be made."""
    if reviews is None or isinstance(reviews, ReviewLog):
        return reviews
    path = Path(reviews).expanduser()
    if not path.is_file():
        raise ConfigurationError(f"There is no review log at {path}. Check the path.")
    return path


def _checked_rules(
    where: str, table: Mapping[str, Any], levels: Sequence[str]
) -> list[dict[str, Any]]:
    wanted, others = table.get("rule"), set(table) - {"rule", "levels"}
    if others or not isinstance(wanted, list) or not wanted:
        found = f" Unknown: {', '.join(sorted(map(str, others)))}." if others else ""
        raise ConfigurationError(
            f"{where} must have a list of tables [[rule]], and may have levels.{found}"
        )
    return [
        _checked_rule(f"{where}, rule {number}", rule, levels)
        for number, rule in enumerate(wanted, 1)
    ]


def _checked_rule(where: str, rule: dict[str, Any], levels: Sequence[str]) -> dict[str, Any]:
    kind = _KINDS.get(str(rule.get("kind"))) if isinstance(rule, dict) else None
    if kind is None:
        raise ConfigurationError(f"{where}: kind must be one of {', '.join(_KINDS)}.")
    if others := set(rule) - {*_ANY, *kind.fields}:
        known = ", ".join((*_ANY, *kind.fields))
        raise ConfigurationError(f"{where}: unknown field {min(others)}. Use {known}.")
    limit, (low, high) = rule.get("limit", kind.limit), kind.range
    to = "to 1" if high == 1 else "or more"
    if limit is None:
        raise ConfigurationError(f"{where} has no limit. Write a number of 0 {to}.")
    if not _is_number(limit) or not low <= limit <= high:
        raise ConfigurationError(f"{where}: limit must be a number of 0 {to}, not {limit!r}.")
    allowed = {"reason": (*REASONS, None), "level": levels}
    for name, values in allowed.items():
        if name in kind.fields and rule.get(name) not in values:
            names = ", ".join(value for value in values if value)
            raise ConfigurationError(f"{where}: {name} must be one of {names}.")
    if "below" in kind.fields and not _is_number(rule.get("below")):
        raise ConfigurationError(f"{where}: below must be a score, such as 50.")
    return rule | {"limit": float(limit)}


def _with_type(where: str, rule: dict[str, Any], counts: ScoreCounts) -> dict[str, Any]:
    """Name the document type of a rule as Argyle does, or refuse one that does not exist."""
    if rule.get("document_type") is None:
        return rule
    known = {*DOCUMENT_TYPES, *counts.by("document_type").groups}
    [document_type] = types_among([rule["document_type"]], known)
    if document_type not in known:
        raise ConfigurationError(f"{where}: {unknown_type(document_type)}")
    return rule | {"document_type": document_type}


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _name(rule: Mapping[str, Any]) -> str:
    parts = [rule[name] for name in ("reason", "level", "document_type") if name in rule]
    return " ".join([rule["kind"], *(f"({part})" for part in parts)])
