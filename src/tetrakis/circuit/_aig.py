"""AND-inverter graphs as immutable arrays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tetrakis.errors import CircuitError

IntArray = NDArray[np.int32]


@njit(cache=True)
def _gate_levels(num_pis: int, fanins: IntArray) -> IntArray:
    levels = np.zeros(num_pis + 1 + fanins.shape[0], np.int32)
    for gate in range(fanins.shape[0]):
        level = max(levels[fanins[gate, 0] >> 1], levels[fanins[gate, 1] >> 1])
        levels[num_pis + 1 + gate] = level + 1
    return levels


@njit(cache=True)
def _reachable_copy(num_pis: int, fanins: IntArray, outputs: IntArray) -> tuple[IntArray, IntArray]:
    first = num_pis + 1
    used = np.zeros(first + fanins.shape[0], np.bool_)
    for literal in outputs:
        used[literal >> 1] = True
    for gate in range(fanins.shape[0] - 1, -1, -1):
        if used[first + gate]:
            used[fanins[gate, 0] >> 1] = True
            used[fanins[gate, 1] >> 1] = True
    new = np.arange(first + fanins.shape[0]).astype(np.int32)
    count = 0
    for gate in range(fanins.shape[0]):
        if used[first + gate]:
            new[first + gate] = first + count
            count += 1
    kept = np.empty((count, 2), np.int32)
    count = 0
    for gate in range(fanins.shape[0]):
        if used[first + gate]:
            a = 2 * new[fanins[gate, 0] >> 1] + (fanins[gate, 0] & 1)
            b = 2 * new[fanins[gate, 1] >> 1] + (fanins[gate, 1] & 1)
            kept[count, 0] = max(a, b)
            kept[count, 1] = min(a, b)
            count += 1
    moved = np.empty(outputs.shape[0], np.int32)
    for k in range(outputs.shape[0]):
        moved[k] = 2 * new[outputs[k] >> 1] + (outputs[k] & 1)
    return kept, moved


def reachable(num_pis: int, fanins: IntArray, outputs: IntArray) -> tuple[IntArray, IntArray]:
    """Keep only the gates that an output depends on, in the same order.

    Returns
    -------
    tuple of int32 arrays
        New fan-ins ``(gates, 2)``, larger literal first as in AIGER, and new outputs.
    """
    return _reachable_copy(num_pis, np.ascontiguousarray(fanins), np.ascontiguousarray(outputs))


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
        levels: IntArray = _gate_levels(self.num_pis, self.fanins)
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
