"""What a decision costs when it is right and when it is wrong."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from numbers import Real
from typing import TYPE_CHECKING

from argyle_nb.errors import ConfigurationError

if TYPE_CHECKING:
    from argyle_nb.review.curves import Cells


@dataclass(frozen=True)
class Costs:
    """The user's own costs, each of one document.

    Parameters
    ----------
    review
        Of an analyst's look, whatever is found; a review is taken to find the truth.
    missed_fraud
        Of a fraudulent document that passes.
    rejected_genuine
        Of a genuine document that is rejected without review.
    currency
        Of all three.

    Raises
    ------
    ConfigurationError
        For a cost that is no number, or below 0, and for a currency that is no text.

    Examples
    --------
    >>> Costs(review=8, missed_fraud=4000, rejected_genuine=150).currency
    'USD'
    """

    review: float
    missed_fraud: float
    rejected_genuine: float
    currency: str = "USD"

    def __post_init__(self) -> None:
        if not isinstance(self.currency, str) or not self.currency.strip():
            raise ConfigurationError(f"costs.currency must be a text, not {self.currency!r}")
        for name, cost in asdict(self).items():
            if name == "currency":
                continue
            is_number = isinstance(cost, Real) and not isinstance(cost, bool)
            if not is_number or not math.isfinite(cost) or cost < 0:
                raise ConfigurationError(
                    f"costs.{name} must be a number of 0 or more, not {cost!r}"
                )
            # 8 and 8.0 are one cost, so that they make one hash of a policy.
            object.__setattr__(self, name, float(cost))

    def parts(
        self, fraud: Cells, genuine: Cells, review_share: Cells, reject_below: int
    ) -> tuple[Cells, Cells, Cells]:
        """Give the cost of reviews, of missed fraud and of wrong rejections, per scored upload.

        Parameters
        ----------
        fraud, genuine
            Below each threshold 0 to 101, as shares of both together; the last axis is the
            threshold.
        review_share
            Share of uploads that are reviewed, at each threshold.
        reject_below
            The score below which a document is rejected without review.

        Examples
        --------
        >>> one = np.linspace(0, 1, 102)
        >>> review, missed, rejected = Costs(1, 10, 5).parts(one * 0.1, one * 0.9, one, 0)
        >>> float(review[101]), float(missed[0]), float(rejected[0])
        (1.0, 1.0, 0.0)
        """
        missed = fraud[..., -1:] - fraud
        rejected = genuine[..., reject_below, None] + 0 * genuine
        return (
            self.review * review_share,
            self.missed_fraud * missed,
            self.rejected_genuine * rejected,
        )
