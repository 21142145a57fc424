"""What the editor minimises: a loss for every row, from the outputs read as one integer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tetrakis.circuit import Aig, simulate_rows
from tetrakis.errors import DataError
from tetrakis.simplify._signals import INTERVAL, MISMATCH, SQUARED

Floats = NDArray[np.float64]
MAX_OUTPUTS = 53  # so that every code is exact in float64
NAMES = {MISMATCH: "classification", SQUARED: "squared", INTERVAL: "interval"}


@dataclass(frozen=True, eq=False)
class RowLoss:
    """Losses of rows, from their outputs read as an integer.

    Parameters
    ----------
    kind : int
        Of `classification_loss`, `squared_loss` or `interval_loss`.
    low, high : ndarray of float64, shape (rows,)
        Wanted value, or the ends of the interval it must lie in.
    weight : ndarray of float64, shape (rows,)
        Loss of one mismatch, of one unit of squared error, or of leaving the interval.
    signed : bool
        Whether the outputs are a two's complement word; an unsigned one otherwise.
    """

    kind: int
    low: Floats
    high: Floats
    weight: Floats
    signed: bool

    def __post_init__(self) -> None:
        shapes = {np.shape(x) for x in (self.low, self.high, self.weight)}
        if len(shapes) != 1 or len(next(iter(shapes))) != 1:
            raise DataError(f"Expected one target and one weight for each row, got {shapes}.")
        if not len(self.low):
            raise DataError("There are no rows to measure the loss on.")
        nan = np.isnan(self.low) | np.isnan(self.high)
        infinite = np.isinf(self.low) & (self.kind != INTERVAL)
        broken = (self.kind == MISMATCH) & (np.rint(self.low) != self.low)
        for bad, what, values in (
            (~np.isfinite(self.weight), "a finite weight", self.weight),
            (self.weight < 0, "a weight >= 0", self.weight),
            (nan, "a number as target", np.where(np.isnan(self.low), self.low, self.high)),
            (infinite, "a finite target", self.low),
            (broken, "a whole number as class", self.low),
            (self.low > self.high, "low <= high", self.low),
        ):
            if bad.any():
                row = int(np.argmax(bad))
                raise DataError(f"Row {row}: expected {what}, got {values[row]:g}.")

    @property
    def name(self) -> str:
        """Of the kind of loss."""
        return NAMES[self.kind]

    def check_outputs(self, aig: Aig) -> None:
        """Raise if the outputs are no word, or a wanted class can't be written with them.

        Raises
        ------
        DataError
        """
        _check_width(aig)
        least = -(2 ** (aig.num_pos - 1)) if self.signed else 0
        most = least + 2**aig.num_pos - 1
        bad = (self.low < least) | (self.low > most)
        if self.kind == MISMATCH and bad.any():
            row = int(np.argmax(bad))
            raise DataError(
                f"Row {row} wants {int(self.low[row])}, but {aig.num_pos} output bits read"
                f" {least} to {most}.",
                remedy="Number the classes from 0, or give a circuit with more outputs.",
            )


def classification_loss(
    targets: ArrayLike, weights: ArrayLike | None = None, *, signed: bool = False
) -> RowLoss:
    """Return the weighted number of rows whose outputs, read as an integer, aren't the target.

    Parameters
    ----------
    targets : array_like of int, shape (rows,)
        Class numbers; for several outputs the number whose bits they are, least significant
        first.
    weights : array_like of float, shape (rows,), optional
        1 by default. Whole numbers keep scores exact.
    signed : bool
        Read the outputs as two's complement.
    """
    low = _floats(targets)
    return RowLoss(MISMATCH, low, low, _weights(weights, low), signed)


def squared_loss(targets: ArrayLike, weights: ArrayLike | None = None) -> RowLoss:
    """Return the weighted squared distance of the two's complement output from the target.

    Parameters
    ----------
    targets : array_like of float, shape (rows,)
        In units of the output word.
    weights : array_like of float, shape (rows,), optional
    """
    low = _floats(targets)
    return RowLoss(SQUARED, low, low, _weights(weights, low), True)


def interval_loss(
    low: ArrayLike, high: ArrayLike, weights: ArrayLike | None = None, *, signed: bool = True
) -> RowLoss:
    """Return the weighted number of rows whose output lies outside ``[low, high]``.

    With a budget of 0 and every input among the rows this is a bound on the sup norm.

    Parameters
    ----------
    low, high : array_like of float, shape (rows,)
        In units of the output word.
    weights : array_like of float, shape (rows,), optional
    signed : bool
    """
    least, most = _floats(low), _floats(high)
    return RowLoss(INTERVAL, least, most, _weights(weights, least), signed)


def agreement_loss(
    aig: Aig, inputs: NDArray[np.bool_], weights: ArrayLike | None = None
) -> RowLoss:
    """Return the weighted number of rows whose outputs differ from those of a circuit."""
    _check_width(aig)
    bits = simulate_rows(aig, inputs)
    codes = bits @ (np.int64(1) << np.arange(bits.shape[1], dtype=np.int64))
    return classification_loss(codes, weights)


def mixed_loss(losses: Sequence[RowLoss]) -> RowLoss:
    """Concatenate the rows of losses of one kind, each with its own weights.

    Raises
    ------
    DataError
        If they differ in kind or in how outputs are read.
    """
    if len({(x.kind, x.signed) for x in losses}) != 1:
        raise DataError(
            "Only losses of one kind can be mixed; got"
            f" {', '.join(sorted({x.name for x in losses})) or 'none'}.",
            remedy="Write agreement with a regression start as squared_loss of its outputs.",
        )
    low, high, weight = (
        np.concatenate([getattr(x, name) for x in losses]) for name in ("low", "high", "weight")
    )
    return RowLoss(losses[0].kind, low, high, weight, losses[0].signed)


def contradictions(inputs: NDArray[np.bool_], loss: RowLoss) -> int:
    """Count rows whose inputs occur with another target as well: no circuit fits them all.

    Rows of weight 0 don't count.
    """
    used = loss.weight > 0
    if loss.kind == INTERVAL or not used.any():
        return 0
    bits, wanted = np.asarray(inputs, np.bool_)[used], loss.low[used]
    group = np.zeros(len(bits), np.int64)
    if bits.shape[1]:
        packed = np.packbits(bits, axis=1)
        group = np.unique(packed, axis=0, return_inverse=True)[1].reshape(-1)
    least, most = np.full(group.max() + 1, np.inf), np.full(group.max() + 1, -np.inf)
    np.minimum.at(least, group, wanted)
    np.maximum.at(most, group, wanted)
    return int((least < most)[group].sum())


def _check_width(aig: Aig) -> None:
    if not 1 <= aig.num_pos <= MAX_OUTPUTS:
        raise DataError(
            f"Expected a circuit with 1 to {MAX_OUTPUTS} outputs, which are read as one integer;"
            f" got {aig.num_pos}."
        )


def _floats(values: ArrayLike) -> Floats:
    try:
        return np.array(values, np.float64, order="C").reshape(-1)
    except (TypeError, ValueError):
        raise DataError("Expected numbers as targets and weights.") from None


def _weights(weights: ArrayLike | None, like: Floats) -> Floats:
    return np.ones(len(like)) if weights is None else _floats(weights)
