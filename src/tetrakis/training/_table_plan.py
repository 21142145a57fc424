"""Table networks to train: what is compiled once, what differs, and what comes out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tetrakis.errors import BudgetError
from tetrakis.network import MOST_PINS
from tetrakis.training._plan import Loss


@dataclass(frozen=True)
class TablePlan:
    """Everything that is the same for all table networks trained together.

    Parameters
    ----------
    loss : {"squared", "logistic", "softmax"}
    n_outputs : int
    units : int
        Tables that add to an output; unit u adds to output ``u % n_outputs``.
    hidden : tuple of int
        Units of each earlier layer; these emit one bit. Every layer reads the inputs and all bits
        before it.
    pins : int
        Wires of a unit, 1 to 12.
    bits : int
        Of an entry that adds to an output, 1 to 12.
    steps, batch : int
        Steps of Adam, and rows per step.
    learning_rate : float
        Of the tables, in steps of the output; wires move `wire_rate` times as fast.
    wire_rate : float
    temperature : tuple of float
        Of the softmax over candidates that the gradient of a wire goes through, at the start and
        at the end; geometric between them.
    freeze : float
        Fraction of the steps after which wires stay.
    candidates : int, optional
        Bits that a wire chooses among, drawn at random; all of them if left out. With few, steps
        on wide data are much faster.
    block : int
        So many successive tables are drawn the same bits.
    redraw : int
        Steps after which bits that no wire of a block is near to, up to half of them, are drawn
        anew; in the first 60 % of the steps, 0 for never.
    """

    loss: Loss
    n_outputs: int = 1
    units: int = 40
    hidden: tuple[int, ...] = ()
    pins: int = 4
    bits: int = 4
    steps: int = 3000
    batch: int = 512
    learning_rate: float = 0.1
    wire_rate: float = 1.0
    temperature: tuple[float, float] = (1.0, 0.3)
    freeze: float = 0.8
    candidates: int | None = None
    block: int = 10
    redraw: int = 500

    def __post_init__(self) -> None:
        for name, value, low, high in (
            ("pins", self.pins, 1, MOST_PINS), ("bits", self.bits, 1, 12),
            ("units", self.units, 1, 10**6), ("n_outputs", self.n_outputs, 1, 10**4),
            ("steps", self.steps, 1, 10**9), ("batch", self.batch, 1, 10**9),
            ("candidates", self.candidates, 1, 10**9), ("block", self.block, 1, 10**6),
            ("redraw", self.redraw, 0, 10**9),
        ):  # fmt: skip
            if value is not None and not low <= value <= high:
                raise BudgetError(f"{name}: expected {low} to {high}, got {value}.")
        if any(width < 1 for width in self.hidden):
            raise BudgetError(f"hidden: expected numbers of units, got {self.hidden}.")


@dataclass(frozen=True, eq=False)
class Candidates:
    """Bits that wires may read: ``code[word] >= threshold``.

    Parameters
    ----------
    word, threshold : ndarray of int64, shape (n_candidates,)
    """

    word: np.ndarray
    threshold: np.ndarray

    def evaluate(self, codes: np.ndarray) -> np.ndarray:
        """Return the bits of rows of codes, uint8 of shape (n, n_candidates)."""
        return (codes[:, self.word] >= self.threshold).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class TableLayers:
    """Wires and tables, layer by layer: a start of training, or its result.

    Parameters
    ----------
    wires : tuple of ndarray of int64, shapes (units, pins)
        Candidate, or ``n_candidates + h`` for hidden unit h, counted over all layers.
    tables : tuple of ndarray, shapes (units, 2**pins)
        Entries; of hidden units those above 0 stand for a 1. Pin i is bit i of the place.
    bias : ndarray, shape (n_outputs,)
        In steps of the output.
    step : float
        What an integer of the output is worth: the output is ``step · (bias + Σ tables)``.
    """

    wires: tuple[np.ndarray, ...]
    tables: tuple[np.ndarray, ...]
    bias: np.ndarray
    step: float


@dataclass(frozen=True, eq=False)
class TrainedTables:
    """A trained table network in exact integers.

    Parameters
    ----------
    layers : TableLayers
        Integer entries and bias; hidden entries are 0 and 1.
    penalty : float
        Its pin penalty.
    loss : float
        Mean loss on the held rows, on the training rows if there are none.
    """

    layers: TableLayers
    penalty: float
    loss: float


def candidates_of(
    codes: np.ndarray, bits: np.ndarray, *, grid_bits: int = 4, most: int = 4000
) -> Candidates:
    """List the thresholds on a coarse grid that tell rows apart.

    A word of b bits gets the multiples of ``2**(b − grid_bits)``; of thresholds that are equal on
    all rows the one with the most trailing zeros stays. The grid gets coarser where there would
    be more than `most`.

    Parameters
    ----------
    codes : ndarray of int64, shape (n, n_words)
        Of training rows.
    bits : ndarray of int, shape (n_words,)
    """
    while True:
        words, thresholds = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for j, width in enumerate(np.asarray(bits, np.int64).tolist()):
            step = 1 << max(0, width - grid_bits)
            grid = np.arange(step, 1 << width, step)
            above = len(codes) - np.searchsorted(np.sort(codes[:, j]), grid)
            low = grid & (0 - grid)
            order = np.lexsort((grid, 0 - low))  # of equal columns, the cheapest comparator
            _, first = np.unique(above[order], return_index=True)
            kept = np.sort(order[first])
            kept = kept[(above[kept] > 0) & (above[kept] < len(codes))]
            words.append(np.full(len(kept), j))
            thresholds.append(grid[kept])
        if sum(map(len, words)) <= most or grid_bits == 1:
            return Candidates(np.concatenate(words), np.concatenate(thresholds).astype(np.int64))
        grid_bits -= 1
