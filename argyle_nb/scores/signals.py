"""Which signals and reason codes there are, and what comes with them."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from argyle_nb import notebook
from argyle_nb.errors import ConfigurationError
from argyle_nb.frames.columns import need_columns
from argyle_nb.frames.uploads import signals_frame, uploads_frame
from argyle_nb.scores.standing import BAR, told
from argyle_nb.scores.statistics import QUANTILES, wilson, with_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from argyle_nb.models import UserUpload
    from argyle_nb.scores.counts import ScoreCounts

_CONFIDENCE = {"LOW": 0, "MEDIUM": 1, "HIGH": 2}
_UNNAMED = "unnamed"
_NOT_OF_THE_FINDING = ("upload_id", "document_type", "form_score", "form_authenticity_status")
_PARETO_COLUMNS = [
    "uploads",
    "analyzed",
    *with_interval("share"),
    "cumulative_share",
    "mean_score_with",
    "mean_score_without",
    "score_drop",
    "first_seen",
]


def signal_pareto(
    signals: pd.DataFrame, uploads: pd.DataFrame, by: str | Sequence[str] = ()
) -> pd.DataFrame:
    """Rank identifiers and reason codes by how many uploads have them.

    Parameters
    ----------
    signals
        From `signals_frame`.
    uploads
        From `uploads_frame`, of the same records; those that have an authenticity analysis count.
    by
        Columns of ``uploads`` that make groups, such as ``"document_type"``, or ``"employer"``
        once it is merged in from ``ocr_frame(records, wide=True)``. A missing value is a group of
        its own.

    Returns
    -------
    pandas.DataFrame
        Indexed by group (if any), ``finding_type`` and ``identifier`` (the display name of what has
        none, or else ``"unnamed"``), most frequent first within its group and type: ``uploads``
        (int64, that have it), ``analyzed`` (int64, of the group), ``share`` with ``share_ci_low,
        share_ci_high`` (Wilson 95%), ``cumulative_share`` (of all occurrences of its group and
        kind), ``mean_score_with, mean_score_without`` and their ``score_drop`` (float64; absent
        less present, in points of the score), ``first_seen`` (datetime64[us, UTC], the earliest
        ``created_at``).

    Raises
    ------
    ConfigurationError
        When a column is not there.

    Notes
    -----
    A difference of means is no effect: signals come together, and in documents that differ.

    Examples
    --------
    >>> signal_pareto(signals_frame([]), frame).columns.tolist()[:2]
    ['uploads', 'analyzed']
    """
    names = [by] if isinstance(by, str) else list(by)
    analyzed = _analyzed(uploads, names)
    occurrences = _occurrences(signals).merge(analyzed, on="upload_id")
    keys = [*names, "finding_type", "identifier"]
    groups = occurrences.groupby(keys, dropna=False, observed=True)
    table = groups.agg(
        uploads=("upload_id", "size"),
        scored=("score", "count"),
        total=("score", "sum"),
        first_seen=("created_at", "min"),
    ).reset_index()
    table = _with_groups(table, analyzed, names)
    shares = wilson(table["uploads"].to_numpy(), table["analyzed"].to_numpy())
    table = table.assign(**dict(zip(with_interval("share"), shares, strict=True)))
    table["mean_score_with"] = _mean(table["total"], table["scored"])
    rest = (table["group_total"] - table["total"], table["group_scored"] - table["scored"])
    table["mean_score_without"] = _mean(*rest)
    table["score_drop"] = table["mean_score_without"] - table["mean_score_with"]
    order = [*names, "finding_type", "uploads", "identifier"]
    rising = [name != "uploads" for name in order]
    table = table.sort_values(order, ascending=rising, kind="stable")
    ranked = table.groupby([*names, "finding_type"], dropna=False, observed=True)["uploads"]
    table["cumulative_share"] = ranked.cumsum() / ranked.transform("sum")
    return table.set_index(keys)[_PARETO_COLUMNS]


def signal_pairs(signals: pd.DataFrame) -> pd.DataFrame:
    """Say which signals and reason codes come together.

    Parameters
    ----------
    signals
        From `signals_frame`.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``identifier, other`` (named as in `signal_pareto`, each pair once), most
        frequent pair first: ``uploads`` (int64, that have both), ``share_of_identifier,
        share_of_other`` (of the uploads that have the one, how many have the other), ``jaccard``
        (both of either). Pairs that never occur have no row.

    Notes
    -----
    Jaccard's coefficient, ``|A and B| / |A or B|``; Jaccard 1912, New Phytologist 11:37.

    Examples
    --------
    >>> found = pd.DataFrame({"upload_id": ["u1", "u1", "u2"], "identifier": ["a", "b", "a"],
    ...                       "finding_type": "signal"})
    >>> signal_pairs(found).loc[("a", "b")].tolist()
    [1.0, 0.5, 1.0, 0.5]
    """
    ones = _occurrences(signals)[["upload_id", "identifier"]].drop_duplicates()
    single = ones.groupby("identifier").size()
    both = ones.merge(ones.rename(columns={"identifier": "other"}), on="upload_id")
    both = both[both["identifier"] < both["other"]]
    table = both.groupby(["identifier", "other"]).size().astype("int64").to_frame("uploads")
    n = table["uploads"].to_numpy(dtype=np.float64)
    n_ones, n_others = (
        single.reindex(table.index.get_level_values(name)).to_numpy(dtype=np.float64)
        for name in ("identifier", "other")
    )
    table["share_of_identifier"], table["share_of_other"] = n / n_ones, n / n_others
    table["jaccard"] = n / (n_ones + n_others - n)
    return table.sort_values("uploads", ascending=False, kind="stable")


def explain(
    upload: UserUpload | dict[str, Any],
    pareto: pd.DataFrame | None = None,
    counts: ScoreCounts | None = None,
) -> pd.DataFrame:
    """List one document's signals and reason codes, those that cost the most score first.

    Argyle does not publish what a signal takes from the score. With a table of your own uploads
    they are ordered by how much lower the mean score is where they are present; without one, only
    their confidence and how often they occur can order them. Signals have no confidence of their
    own and stand among the reason codes of medium confidence.

    Parameters
    ----------
    upload
        One record.
    pareto
        From `signal_pareto` without groups.
    counts
        Of your uploads, such as ``count_scores(uploads, by=["document_type", "media"])``.

    Returns
    -------
    pandas.DataFrame
        One row per occurrence of a signal and per reason code, index 0..n-1: the columns of
        `signals_frame` but those of the upload and its forms (**personal data**), and
        ``score_drop`` (Float64, points of the score; missing for what the table does not know).
        ``attrs["score"]`` is the document's score as in `uploads_frame`, and
        ``attrs["score_drop"]`` says in words what the order is. ``attrs["standing"]`` says where
        the score stands among those of its like, as in `ScoreCounts.standing`, and
        ``attrs["alike"]`` how many of these have which score, in bars of 5 points; a notebook shows
        both above the table. Empty without ``counts`` or a score; of fewer than 30 alike only their
        number is told.

    Raises
    ------
    ConfigurationError
        For a table with groups.

    Examples
    --------
    >>> one = {"signals": [{"identifier": "earnings_edits", "signal_count": 2}],
    ...        "form_authenticity": {"score": 40, "reason_codes": [{"code": "006-L"}]}}
    >>> record = {"id": "u1", "metadata": {"ocr_authenticity": one}}
    >>> explain(record)["identifier"].tolist()
    ['earnings_edits', '006-L']
    """
    lines = signals_frame([upload])
    drops: dict[Any, float] = {}
    meaning = "No score drops available. Sorted by confidence, then occurrences."
    if pareto is not None:
        if list(pareto.index.names) != ["finding_type", "identifier"]:
            raise ConfigurationError("pareto must be a table of signal_pareto without by=.")
        drops = pareto["score_drop"].dropna().to_dict()
        meaning = "Mean score of uploads without this signal minus mean score of uploads with it"
    pairs = zip(lines["finding_type"], _names_of(lines), strict=True)
    lines["score_drop"] = pd.array([drops.get(pair) for pair in pairs], dtype="Float64")
    confidence = lines["reason_confidence"].astype("string").map(_CONFIDENCE).astype("Float64")
    order = lines.assign(
        rank=confidence.fillna(_CONFIDENCE["MEDIUM"]), times=lines["occurrences"].fillna(1)
    ).sort_values(
        ["score_drop", "rank", "times"], ascending=False, kind="stable", na_position="last"
    )
    result = order[[name for name in lines if name not in _NOT_OF_THE_FINDING]].reset_index(
        drop=True
    )
    one = uploads_frame([upload])
    [score] = one["ocr_authenticity_score"]
    said, bars = ("", []) if counts is None else told(counts.grouped_by, counts.scores, one)
    score = None if pd.isna(score) else int(score)
    result.attrs = {"score_drop": meaning, "score": score, "standing": said, "alike": bars}
    if said:
        # Of this frame only: a subclass would not equal a plain one, and its rows stand for less.
        object.__setattr__(result, "_repr_html_", functools.partial(_explained, result))
    return result


def _explained(lines: pd.DataFrame) -> str | None:
    """Show above a table of `explain` where the score stands."""
    table: str | None = pd.DataFrame._repr_html_(lines)  # type: ignore[attr-defined]
    if table is None:
        return None
    said, bars, score = (lines.attrs[name] for name in ("standing", "alike", "score"))
    picture = notebook.histogram(
        f"Histogram of their scores, 0 to 100, with this one at {score}",
        [(BAR * place, BAR * (place + 1), n) for place, n in enumerate(bars)],
        [notebook.BLUE] * len(bars),
        [score],
    )
    note = f"Bars: scores 0 to 100, {BAR} points each. Dashed line: this score." if bars else ""
    return notebook.result(f"Score {score}. {said}", tables=[picture, table], note=note)


def score_by_signal_count(uploads: pd.DataFrame, most: int = 5) -> pd.DataFrame:
    """Describe the scores of uploads with no signal, with one, with two and so on.

    Parameters
    ----------
    uploads
        From `uploads_frame`; those that have a score and an analysis count.
    most
        Uploads with this many signals or more are one group.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``signals`` (string: ``"0"`` to ``"5+"``): ``uploads`` (int64), ``p5, p25,
        p50, p75, p95`` (float64, linear interpolation; NaN of nothing).

    Raises
    ------
    ConfigurationError
        When a column is not there, or ``most`` is below 1.

    Examples
    --------
    >>> two = frame.assign(signal_count=[0, 0, 3, 0])
    >>> score_by_signal_count(two, most=2)["uploads"].to_dict()
    {'0': 2, '1': 0, '2+': 1}
    """
    if most < 1:
        raise ConfigurationError(f"most must be 1 or more, not {most}.")
    need_columns(uploads, ("signal_count", "ocr_authenticity_score"), "uploads")
    known = uploads[["signal_count", "ocr_authenticity_score"]].dropna().astype("int64")
    group = known["signal_count"].clip(upper=most)
    scores = known["ocr_authenticity_score"].groupby(group)
    shares = list(QUANTILES.values())
    table = scores.quantile(np.array(shares)).unstack().reindex(range(most + 1), columns=shares)
    table.columns = pd.Index(QUANTILES)
    table.insert(0, "uploads", scores.size().reindex(range(most + 1), fill_value=0))
    table.index = pd.Index([*map(str, range(most)), f"{most}+"], name="signals")
    return table.astype(dict.fromkeys(QUANTILES, "float64"))


def _occurrences(signals: pd.DataFrame) -> pd.DataFrame:
    """Give each identifier of an upload once."""
    need_columns(signals, ("upload_id", "finding_type", "identifier"), "signals")
    known = signals[["upload_id", "finding_type"]].assign(identifier=_names_of(signals)).dropna()
    return known.astype("string").drop_duplicates()


def _names_of(signals: pd.DataFrame) -> pd.Series[str]:
    """Name each finding: one that has no identifier is counted in `signal_count` too."""
    names = pd.Series(_UNNAMED, signals.index, dtype="string")
    for column in ("display_name", "identifier"):
        if column in signals:
            told = signals[column].astype("string").fillna("")
            names = names.mask(told != "", told)
    return names


def _analyzed(uploads: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    needed = ("id", "ocr_authenticity_score", "signal_count", "created_at", *names)
    need_columns(uploads, needed, "uploads")
    known = uploads[uploads["signal_count"].notna()]
    table = known[["created_at", *names]].assign(
        upload_id=known["id"].astype("string"),
        score=known["ocr_authenticity_score"].astype("Float64"),
    )
    return table.drop_duplicates("upload_id")


def _with_groups(table: pd.DataFrame, analyzed: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Put beside each row how many uploads its group has, and the sum of their scores."""
    if not names:
        score = analyzed["score"]
        return table.assign(
            analyzed=len(analyzed), group_scored=score.count(), group_total=score.sum()
        )
    groups = analyzed.groupby(list(names), dropna=False, observed=True).agg(
        analyzed=("upload_id", "size"),
        group_scored=("score", "count"),
        group_total=("score", "sum"),
    )
    return table.merge(groups.reset_index(), on=list(names))


def _mean(total: pd.Series[Any], n: pd.Series[Any]) -> pd.Series[float]:
    numbers = n.astype("float64")
    mean: pd.Series[float] = total.astype("float64") / numbers.where(numbers > 0)
    return mean
