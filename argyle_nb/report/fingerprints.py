"""Which ids are the same, in eight bytes an id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import numpy.typing as npt

_ROWS = 65_536


def fingerprints(ids: pd.Series[Any]) -> npt.NDArray[np.uint64]:
    """Give a number for each id, the same for the same id and hardly ever for two.

    A million ids have two alike by chance once in 37 million times, so that a finding has to be
    looked at once more.

    Examples
    --------
    >>> one, other = fingerprints(pd.Series(["a", "b"], dtype="string")).tolist()
    >>> one == other
    False
    """
    blocks = [
        pd.util.hash_array(ids.iloc[start : start + _ROWS].to_numpy(dtype=object), categorize=False)
        for start in range(0, len(ids), _ROWS)
    ]
    return np.concatenate([np.empty(0, dtype=np.uint64), *blocks])
