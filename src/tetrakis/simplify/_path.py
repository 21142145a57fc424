"""The size–loss path of one run of the editor."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tetrakis.circuit import Aig
from tetrakis.errors import BudgetError, DataError
from tetrakis.measures import OccamBound, occam_bound

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SimplificationPath:
    """Circuits found, falling in AND nodes; each has the least loss seen at its size or below.

    Parameters
    ----------
    circuits : tuple of Aig
        The first is the start's, if none of the same loss is smaller.
    losses : ndarray of float64, shape (points,)
        On the rows edited, exact.
    guard_losses : ndarray of float64, shape (points,), or None
        On the guard rows, which the editor never read.
    total_weight, guard_weight : float
        Of the rows; loss / weight is an error rate or a mean squared error.
    contradictions : int
        Rows whose inputs occur with another target as well.
    rounds : int
    finished : bool
        False when it was interrupted or ran out of time.
    counts_rows : bool
        Whether the loss is the number of wrong rows, each row counted once.
    interrupted : bool
        By Ctrl-C.
    scored : int
        AND nodes whose edits were scored, summed over rounds.
    """

    circuits: tuple[Aig, ...]
    losses: Floats
    guard_losses: Floats | None
    total_weight: float
    guard_weight: float
    contradictions: int
    rounds: int
    finished: bool
    counts_rows: bool = False
    interrupted: bool = False
    scored: int = 0

    def __len__(self) -> int:
        return len(self.circuits)

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """AND nodes of every point, (points,), falling."""
        return np.array([c.num_gates for c in self.circuits], np.int64)

    def best(
        self, *, max_gates: int | None = None, price: float | None = None, tolerance: float = 0.0
    ) -> int:
        """Return the index of the point to take.

        By loss on the guard rows, where there are any, else on the rows edited: with `price`
        the least loss + price × AND nodes, otherwise the smallest point whose loss is within
        `tolerance` of the least.

        Parameters
        ----------
        max_gates : int, optional
            Look at circuits of so many AND nodes or fewer.
        price : float, optional
            Loss that one AND node is worth.
        tolerance : float
            In units of the loss.

        Raises
        ------
        BudgetError
            If no point is small enough.
        """
        losses = self.losses if self.guard_losses is None else self.guard_losses
        allowed = np.arange(len(self))
        if max_gates is not None:
            allowed = allowed[self.sizes <= max_gates]
            if not len(allowed):
                raise BudgetError(
                    f"No circuit of the path has at most {max_gates} AND nodes; the smallest has"
                    f" {self.sizes.min()}."
                )
        if price is not None:
            merit = losses[allowed] + price * self.sizes[allowed]
            return int(allowed[np.argmin(merit)])
        near = allowed[losses[allowed] <= losses[allowed].min() + tolerance]
        return int(near[-1])

    def occam_bounds(
        self, *, delta: float = 0.05, extra_bits: float = 0.0
    ) -> tuple[OccamBound, ...]:
        """Bound the error of every point on unseen rows, by its size and its wrong rows.

        With probability 1 − `delta` all of them hold at once, if the rows edited are independent
        draws of what the circuit will be used on. No guard rows are needed.

        Parameters
        ----------
        delta : float
        extra_bits : float
            Paid for choices that depend on the rows besides the circuit, such as an encoding.

        Raises
        ------
        DataError
            If the loss isn't the number of wrong rows: weights, or no classes.

        References
        ----------
        THEORY 6; [Langford05].
        """
        if not self.counts_rows:
            raise DataError(
                "The Occam bound wants the number of wrong rows as loss, each row counted once.",
                remedy="Edit under classification_loss without weights, or choose on guard rows.",
            )
        m = round(self.total_weight)
        return tuple(
            occam_bound(circuit, round(float(loss)), m, delta, extra_bits=extra_bits)
            for circuit, loss in zip(self.circuits, self.losses, strict=True)
        )

    def least_risk(self, *, delta: float = 0.05, extra_bits: float = 0.0) -> tuple[int, OccamBound]:
        """Return the index of the point with the least Occam bound, the smallest of equals."""
        bounds = self.occam_bounds(delta=delta, extra_bits=extra_bits)
        values = np.array([bound.value for bound in bounds])
        best = len(values) - 1 - int(np.argmin(values[::-1]))
        return best, bounds[best]
