"""Growing an AND-inverter graph with structural hashing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tetrakis.circuit import _adder_kernels as adders
from tetrakis.circuit import _gate_kernels as gates
from tetrakis.circuit._aig import Aig, reachable
from tetrakis.errors import CircuitError

if TYPE_CHECKING:
    from tetrakis.circuit._sharing import Sharing

FALSE, TRUE = 0, 1
_LEAST = 6  # smallest state, as a power of two


class AigBuilder:
    """Grow a circuit gate by gate; equal gates are made once.

    Literals are ``2 * variable + complement`` as in `Aig`; ``literal ^ 1`` is the inverse.

    Parameters
    ----------
    num_pis : int
        Number of inputs; input ``i`` is literal ``2 * (i + 1)``.
    sharing : Sharing, optional
        Full adders that sums have in common; set by the compiler.

    Examples
    --------
    >>> builder = AigBuilder(2)
    >>> total, carry = builder.half_adder(builder.input(0), builder.input(1))
    >>> builder.build([total, carry]).num_gates
    3
    """

    def __init__(self, num_pis: int, *, sharing: Sharing | None = None) -> None:
        self.num_pis = num_pis
        self.sharing = sharing
        self._state = gates.new_state(1 << max(_LEAST, (2 * num_pis + 1).bit_length()))
        gates.add_inputs(self._state, num_pis + 1)

    def input(self, index: int) -> int:
        """Return the literal of input `index`."""
        if not 0 <= index < self.num_pis:
            raise CircuitError(f"There is no input {index}; the circuit has {self.num_pis}.")
        return 2 * (index + 1)

    def level(self, literal: int) -> int:
        """Return the depth of a literal in ANDs."""
        state = self._state
        if not 0 <= literal < 2 * state[gates.ROWS]:
            self._make_room(gates.NO_LITERAL)
        return int(state[gates.HEAD + 2 * state[gates.ROOM] + (literal >> 1)])

    @property
    def num_gates(self) -> int:
        """Gates made so far, dangling ones included."""
        return int(self._state[gates.ROWS]) - self.num_pis - 1

    def _make_room(self, found: int) -> None:
        """Double the state; or say that a number was no literal."""
        if found == gates.NO_LITERAL:
            top = 2 * int(self._state[gates.ROWS]) - 1
            raise CircuitError(f"Expected literals from 0 to {top}, which is what there is so far.")
        state = gates.new_state(2 * int(self._state[gates.ROOM]))
        gates.moved(self._state, state)
        self._state = state

    def and_(self, a: int, b: int) -> int:
        """Return a literal of ``a AND b``, making a gate only when none will do."""
        while (found := adders.and_(self._state, a, b)) < 0:
            self._make_room(found)
        return found

    def or_(self, a: int, b: int) -> int:
        """Return ``a OR b``."""
        return self.and_(a ^ 1, b ^ 1) ^ 1

    def xor(self, a: int, b: int) -> int:
        """Return ``a XOR b``, three gates."""
        return self.half_adder(a, b)[0]

    def mux(self, select: int, then: int, other: int) -> int:
        """Return ``then`` where `select` holds, else ``other``."""
        while (found := adders.mux(self._state, select, then, other)) < 0:
            self._make_room(found)
        return found

    def half_adder(self, a: int, b: int) -> tuple[int, int]:
        """Return (sum, carry) of two bits, three gates."""
        while (found := adders.half_adder(self._state, a, b))[0] < 0:
            self._make_room(found[0])
        return found

    def full_adder(self, a: int, b: int, c: int) -> tuple[int, int]:
        """Return (sum, carry) of three bits, seven gates; three with a constant."""
        while (found := adders.full_adder(self._state, a, b, c))[0] < 0:
            self._make_room(found[0])
        return found

    def majority(self, a: int, b: int, c: int) -> int:
        """Return the carry of three bits alone, four gates."""
        while (found := adders.majority(self._state, a, b, c)) < 0:
            self._make_room(found)
        return found

    def or_all(self, literals: Iterable[int]) -> int:
        """Return the OR of any number of literals, shallow ones first."""
        items = list(literals)
        if len(items) < 3:
            return self.or_(*items) if len(items) == 2 else items[0] if items else FALSE
        while True:
            work = np.array(items + items, np.int64)
            if (found := adders.or_all(self._state, work, len(items))) >= 0:
                return found
            self._make_room(found)

    def add_columns(
        self,
        columns: Sequence[Sequence[int]],
        constant: int,
        *,
        wanted: tuple[int, int],
        exact: bool,
    ) -> list[int]:
        """Add columns of literals, least significant first, with full and half adders.

        Parameters
        ----------
        columns : sequence of sequence of int
        constant : int
            Its bits are added, as far as there are columns.
        wanted : (int, int)
            Columns from the first to below the second are needed besides the last one.
        exact : bool
            No carry leaves the last column, so that its bits exclude each other.

        Returns
        -------
        list of int
            One literal for each column; 0 where the column wasn't asked for.
        """
        width = len(columns)
        literals = np.array([x for column in columns for x in column], np.int64)
        starts = np.cumsum([0, *map(len, columns)], dtype=np.int64)
        ones = np.array([constant >> j & 1 for j in range(width)], np.int64)
        result = np.zeros(width, np.int64)
        work = np.empty((3, 2 * (len(literals) + width + 1)), np.int64)
        low, high = wanted
        state = literals, starts, ones, low, high, exact, work, result
        while missing := adders.compress(self._state, *state):
            self._make_room(missing)
        found: list[int] = result.tolist()
        return found

    def replay(self, aig: Aig, inputs: Sequence[int]) -> list[int]:
        """Build a circuit on given literals, one for each input; return its outputs."""
        fanins = aig.fanins.astype(np.int64)
        if len(inputs) != aig.num_pis:
            raise CircuitError(f"Expected {aig.num_pis} literals for inputs, got {len(inputs)}.")
        if any(not 0 <= x < 2 * int(self._state[gates.ROWS]) for x in inputs):
            self._make_room(gates.NO_LITERAL)
        literals = np.zeros(aig.num_pis + 1 + len(fanins), np.int64)
        literals[1 : aig.num_pis + 1] = inputs
        done = 0
        while (done := adders.replay(self._state, fanins, done, literals)) < len(fanins):
            self._make_room(gates.NO_ROOM)
        outputs = np.asarray(aig.outputs, np.int64)
        found: list[int] = (literals[outputs >> 1] ^ (outputs & 1)).tolist()
        return found

    def mark(self) -> tuple[int, int]:
        """Remember the present state for `rollback`."""
        return int(self._state[gates.ROWS]), int(self._state[gates.KEYS])

    def rollback(self, mark: tuple[int, int]) -> None:
        """Forget every gate made since `mark`."""
        gates.rollback(self._state, *mark)
        if self.sharing is not None:
            self.sharing.forget(mark[0])

    def new_gates(self, outputs: Iterable[int], mark: tuple[int, int]) -> int:
        """Count gates made since `mark` that `outputs` depend on."""
        used = np.zeros(int(self._state[gates.ROWS]) - mark[0], bool)
        wanted = np.array(list(outputs), np.int64)
        count: int = gates.count_new(self._state, wanted, mark[0], used)
        if count < 0:
            self._make_room(count)
        return count

    def build(
        self,
        outputs: Sequence[int],
        *,
        input_names: Sequence[str] = (),
        output_names: Sequence[str] = (),
    ) -> Aig:
        """Return the circuit of `outputs`, reachable gates only."""
        first = self.num_pis + 1
        room, rows = int(self._state[gates.ROOM]), int(self._state[gates.ROWS])
        columns = self._state[gates.HEAD : gates.HEAD + 2 * room].reshape(2, room)
        fanins = np.ascontiguousarray(columns[:, first:rows].T.astype(np.int32))
        kept, moved = reachable(self.num_pis, fanins, np.array(outputs, np.int32).reshape(-1))
        return Aig(self.num_pis, kept, moved, tuple(input_names), tuple(output_names))
