"""Which documents to review, so that what is found can be said of all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from argyle_nb.errors import ConfigurationError, ValidationError
from argyle_nb.frames.columns import need_columns

if TYPE_CHECKING:
    import numpy.typing as npt

Strategy = Literal["stratified", "equal", "random"]
STRATEGIES = ("stratified", "equal", "random")
STRATA = ("document_type", "authenticity_level")
_COLUMNS_OF = {"stratified": STRATA, "equal": STRATA, "random": ()}
# So many of each stratum at least, where there are as many and n allows it.
_FEWEST = 4
_SHOWN = 3


def sample(
    uploads: pd.DataFrame, n: int, strategy: Strategy = "stratified", *, seed: int = 0
) -> pd.DataFrame:
    """Choose documents for review by chance, and say how likely each was chosen.

    If you review only low scores, you learn nothing about the rest: no catch rate, no false
    positive rate.
    Here every scored upload has a known chance above zero, and its inverse is the weight with
    which a verdict on it speaks for all.

    Parameters
    ----------
    uploads
        From `uploads_frame`; only uploads with a score are chosen.
    n
        How many.
    strategy
        ``"stratified"``: of each document type and authenticity level a number proportional to the
        square root of how many there are, and 4 at least: the best for estimates, since most fraud
        that no signal gives away lies where most uploads are. ``"equal"``: as many of each: finds
        the most fraud, and says less of all. What a small group cannot give is taken from the
        others. ``"random"``: each upload is equally likely.
    seed
        The same seed chooses the same.

    Returns
    -------
    pandas.DataFrame
        ``min(n, scored uploads)`` rows in random order, the order to review them in:
        ``upload_id, stratum`` (string), ``stratum_size`` (int64), ``sampling_rate`` (float64,
        above 0 up to 1: chosen / stratum size). ``attrs["note"]`` says what was left out.

    Raises
    ------
    ConfigurationError
        For a missing column, an unknown strategy, or an ``n`` that is no whole number or leaves a
        group without any chance.
    ValidationError
        When the frame lists an upload more than once.

    Notes
    -----
    Stratified sampling without replacement; weights are the inverse of the sampling rates,
    Horvitz and Thompson 1952, JASA 47:663. Square roots: Bankier 1988, American Statistician
    42:174. ``tests/benchmarks/interval_coverage.py`` compares the three.

    Examples
    --------
    >>> chosen = sample(uploads, 2)
    >>> chosen["stratum_size"].tolist(), chosen["sampling_rate"].tolist()
    ([2, 1], [0.5, 1.0])
    """
    if strategy not in STRATEGIES:
        raise ConfigurationError(
            f"Unknown strategy {strategy!r}. Use one of {', '.join(STRATEGIES)}."
        )
    need_columns(uploads, ("id", "ocr_authenticity_score", *_COLUMNS_OF[strategy]), "uploads")
    if not isinstance(n, int | np.integer) or n < 0:
        raise ConfigurationError(f"n must be a whole number of 0 or more, not {n!r}.")
    scored = uploads[uploads["ocr_authenticity_score"].notna()]
    twice = scored.loc[scored["id"].duplicated(), "id"]
    if len(twice):
        raise ValidationError(
            f"frame lists {', '.join(twice.astype(str).head(_SHOWN))} more than once. "
            "Keep one row of each upload."
        )
    strata = _strata(scored, strategy)
    sizes = strata.value_counts(sort=False).sort_index()
    if n < len(sizes):
        raise ConfigurationError(
            f"A {strategy} sample of {n} can't cover all {len(sizes)} strata. Use n={len(sizes)} "
            f"or more{', or strategy=' + repr('random') if strategy != 'random' else ''}."
        )
    chance = np.random.default_rng(seed)
    taken = dict(zip(sizes.index, _shares(np.asarray(sizes), n, strategy), strict=True))
    rows = [
        chance.choice(places, size=taken[stratum], replace=False)
        for stratum, places in sorted(strata.groupby(strata).indices.items())
    ]
    order = chance.permutation(np.concatenate([np.array([], dtype=np.int64), *rows]))
    chosen = strata.iloc[order]
    size = chosen.map(sizes).astype("int64")
    result = pd.DataFrame(
        {
            "upload_id": scored["id"].iloc[order].astype("string").to_numpy(),
            "stratum": chosen.to_numpy(),
            "stratum_size": size.to_numpy(),
            "sampling_rate": (chosen.map(taken).astype("int64") / size).to_numpy(),
        }
    ).astype({"upload_id": "string", "stratum": "string"})
    result.attrs["note"] = (
        f"Sampled {len(result):,} of {len(scored):,} scored uploads ({strategy}, seed {seed}). "
        f"Uploads without a score are never sampled ({len(uploads) - len(scored):,})."
    )
    return result


def _strata(scored: pd.DataFrame, strategy: Strategy) -> pd.Series[str]:
    if strategy == "random":
        return pd.Series("all", index=scored.index, dtype="string")
    first, second = (scored[name].astype("string").fillna("unknown") for name in STRATA)
    strata: pd.Series[str] = first + ", " + second
    return strata


def _shares(sizes: npt.NDArray[np.int64], n: int, strategy: Strategy) -> npt.NDArray[np.int64]:
    """Share n out by square roots or evenly, as far as the sizes allow."""
    claims = np.sqrt(sizes) if strategy == "stratified" else np.ones(len(sizes))
    fewest = min(_FEWEST, n // max(len(sizes), 1))
    taken = np.minimum(sizes, fewest).astype(np.int64)
    while (left := min(n, int(sizes.sum())) - int(taken.sum())) > 0:
        open_claims = np.where(taken < sizes, claims, 0)
        wanted = left * open_claims / open_claims.sum()
        more = np.minimum(np.floor(wanted).astype(np.int64), sizes - taken)
        if not more.any():  # less than one for each: the largest claims come first
            first = np.argsort(-wanted, kind="stable")[:left]
            more[first[wanted[first] > 0]] = 1
        taken += more
    return taken
