"""How a run of the editor goes: its prices, how hard it looks, and where it ends early."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

SAMPLE = 400
ROWS_SCORED = 16_384


@dataclass(frozen=True)
class Schedule:
    """How the price of a node rises, and how hard the editor looks at each price.

    Parameters
    ----------
    first_price : float
        First price above 0: loss allowed per AND node freed, in units of the mean loss of one
        row getting wrong.
    growth : float
        Factor from price to price.
    cap : float
        Most loss of a single edit, as a share of the rows' total weight.
    last_price : float
        Where the path ends, in units of the cap.
    share : float
        Most nodes freed in a round, as a share of all.
    pool : int
        First operands that are tried for new nodes, of each kind.
    cycles : int
        At every price: most rounds that add nodes worth their price (uphill moves).
    grow_below : int
        Add nodes only to circuits of so many nodes or fewer.
    sample : int
        Rows that a node's edits are scored on where rows count as right or wrong, drawn by weight
        from those on which the node matters; 0 for all. Squared errors always are sampled.
    rows : int
        Rows, drawn anew for every round, that edits are scored on before they are tried on all;
        0 for all. For squared errors at most 4,096.
    patience : int
        Rounds without a freed node after which a run that may not lose more ends.
    """

    first_price: float = 0.1
    growth: float = 1.3
    cap: float = 0.002
    last_price: float = 4.0
    share: float = 0.04
    pool: int = 6
    cycles: int = 4
    grow_below: int = 3000
    patience: int = 8
    sample: int = 0
    rows: int = 0

    def sampled(self) -> Schedule:
        """Score edits on samples: faster where rows are many, or their labels worth less."""
        return replace(self, sample=SAMPLE, rows=ROWS_SCORED)

    def for_rows(self, n_rows: int) -> Schedule:
        """Score edits on samples of more than 16,384 rows."""
        return self.sampled() if n_rows > ROWS_SCORED else self


class Limits(NamedTuple):
    """Where a run ends before its schedule does."""

    deadline: float
    scored: float
    min_gates: int
    budget: float | None
