"""AND-inverter graphs as immutable arrays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tetrakis.errors import CircuitError

IntArray = NDArray[np.int32]


@njit(cache=True, nogil=True)
def _gate_levels(num_pis: int, fanins: IntArray, levels: IntArray) -> None:
    for gate in range(fanins.shape[0]):
        level = max(levels[fanins[gate, 0] >> 1], levels[fanins[gate, 1] >> 1])
        levels[num_pis + 1 + gate] = level + 1


@njit(cache=True, nogil=True)
def _mark(first: int, fanins: IntArray, used: NDArray[np.bool_]) -> None:
    for gate in range(fanins.shape[0] - 1, -1, -1):
        if used[first + gate]:
            used[fanins[gate, 0] >> 1] = True
            used[fanins[gate, 1] >> 1] = True


def reachable(num_pis: int, fanins: IntArray, outputs: IntArray) -> tuple[IntArray, IntArray]:
    """Keep only the gates that an output depends on, in the same order.

    Returns
    -------
    tuple of int32 arrays
        New fan-ins ``(gates, 2)``, larger literal first as in AIGER, and new outputs.
    """
    first = num_pis + 1
    used = np.zeros(first + len(fanins), np.bool_)
    used[np.asarray(outputs) >> 1] = True
    fanins = fresh(fanins)
    _mark(first, fanins, used)
    used[:first] = True
    new = np.cumsum(used, dtype=np.int32) - np.int32(1)
    kept = fanins[used[first:]]
    kept = 2 * new[kept >> 1] + (kept & 1)
    kept = np.stack([kept.max(axis=1, initial=0), kept.min(axis=1, initial=2**31 - 1)], axis=1)
    return kept, 2 * new[np.asarray(outputs) >> 1] + (np.asarray(outputs) & 1)


def fresh(values: IntArray) -> IntArray:
    """Return a writeable int32 copy in C order: numba compiles kernels anew for other kinds."""
    return np.array(values, np.int32, order="C")


def _frozen(values: object, shape: tuple[int, ...]) -> IntArray:
    array = np.array(values, dtype=np.int64).reshape(shape)
    if array.size and (array.min() < 0 or array.max() >= 2**31):
        raise CircuitError("Literals must lie between 0 and 2^31 - 1.")
    result = array.astype(np.int32)
    result.flags.writeable = False
    return result


@dataclass(frozen=True, eq=False)
class Aig:
    """A combinational circuit of two-input ANDs and free inverters.

    A literal is ``2 * variable + complement``. Variable 0 is constant false, variables
    1 … `num_pis` are the inputs, the following ones are the gates in topological order.

    Parameters
    ----------
    num_pis : int
        Number of input bits.
    fanins : int32 array, (num_gates, 2)
        The two literals that each AND gate reads.
    outputs : int32 array, (num_pos,)
        The literal of each output.
    input_names, output_names : tuple of str
        Symbols; empty, or one for each input or output.

    Raises
    ------
    CircuitError
        If a literal is out of range, not in topological order, or names don't match.
    """

    num_pis: int
    fanins: IntArray
    outputs: IntArray
    input_names: tuple[str, ...] = ()
    output_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.num_pis < 0:
            raise CircuitError(f"The number of inputs can't be negative; got {self.num_pis}.")
        object.__setattr__(self, "fanins", _frozen(self.fanins, (-1, 2)))
        object.__setattr__(self, "outputs", _frozen(self.outputs, (-1,)))
        object.__setattr__(self, "input_names", tuple(self.input_names))
        object.__setattr__(self, "output_names", tuple(self.output_names))
        self._check_order()
        for names, count, what in (
            (self.input_names, self.num_pis, "input"),
            (self.output_names, self.num_pos, "output"),
        ):
            if names and len(names) != count:
                raise CircuitError(f"Expected {count} {what} names, got {len(names)}.")
            if any("\n" in name or not name for name in names):
                raise CircuitError(f"An {what} name is empty or holds a line break.")

    def _check_order(self) -> None:
        own = self.num_pis + 1 + np.arange(self.num_gates)
        bad = np.flatnonzero((self.fanins >> 1).max(axis=1, initial=0) >= own)
        if bad.size:
            raise CircuitError(
                f"Gate {bad[0]} (variable {own[bad[0]]}) reads literals "
                f"{self.fanins[bad[0]].tolist()}, which are not defined before it.",
                remedy="List gates in topological order.",
            )
        last = self.num_pis + self.num_gates
        wrong = np.flatnonzero((self.outputs >> 1) > last)
        if wrong.size:
            raise CircuitError(
                f"Output {wrong[0]} is literal {self.outputs[wrong[0]]}, but the last "
                f"variable is {last}."
            )

    @property
    def num_gates(self) -> int:
        """Number of AND gates: the size of the circuit."""
        return int(self.fanins.shape[0])

    @property
    def num_pos(self) -> int:
        """Number of output bits."""
        return int(self.outputs.shape[0])

    @cached_property
    def levels(self) -> IntArray:
        """Depth in ANDs of every variable, ``(1 + num_pis + num_gates,)``."""
        levels = np.zeros(self.num_pis + 1 + self.num_gates, np.int32)
        _gate_levels(self.num_pis, fresh(self.fanins), levels)
        levels.flags.writeable = False
        return levels

    @property
    def num_levels(self) -> int:
        """Most ANDs on a path from an input to an output."""
        return int(self.levels[self.outputs >> 1].max(initial=0))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Aig):
            return NotImplemented
        return (
            self.num_pis == other.num_pis
            and np.array_equal(self.fanins, other.fanins)
            and np.array_equal(self.outputs, other.outputs)
            and self.input_names == other.input_names
            and self.output_names == other.output_names
        )

    def __hash__(self) -> int:
        return hash((self.num_pis, self.fanins.tobytes(), self.outputs.tobytes()))

    def __repr__(self) -> str:
        return (
            f"Aig(num_pis={self.num_pis}, num_pos={self.num_pos}, "
            f"num_gates={self.num_gates}, num_levels={self.num_levels})"
        )
