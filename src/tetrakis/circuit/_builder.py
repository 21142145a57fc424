"""Growing an AND-inverter graph with structural hashing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tetrakis.circuit._aig import Aig, reachable
from tetrakis.errors import CircuitError

if TYPE_CHECKING:
    from tetrakis.circuit._sharing import Sharing

FALSE, TRUE = 0, 1


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
        self._left = [-1] * (num_pis + 1)
        self._right = [-1] * (num_pis + 1)
        self._level = [0] * (num_pis + 1)
        self._table: dict[int, int] = {}
        self._keys: list[int] = []

    def input(self, index: int) -> int:
        """Return the literal of input `index`."""
        if not 0 <= index < self.num_pis:
            raise CircuitError(f"There is no input {index}; the circuit has {self.num_pis}.")
        return 2 * (index + 1)

    def level(self, literal: int) -> int:
        """Return the depth of a literal in ANDs."""
        return self._level[literal >> 1]

    @property
    def num_gates(self) -> int:
        """Gates made so far, dangling ones included."""
        return len(self._left) - self.num_pis - 1

    def and_(self, a: int, b: int) -> int:
        """Return a literal of ``a AND b``, making a gate only when none will do."""
        if a > b:
            a, b = b, a
        if a < 2:
            return b if a else FALSE
        if a == b:
            return a
        if a ^ b == 1:
            return FALSE
        key = a << 32 | b
        found = self._table.get(key)
        if found is None:
            found = self._simplified(a, b)
            if found < 0:
                found = 2 * len(self._left)
                self._left.append(b)
                self._right.append(a)
                self._level.append(1 + max(self._level[a >> 1], self._level[b >> 1]))
            self._table[key] = found
            self._keys.append(key)
        return found

    def _simplified(self, a: int, b: int) -> int:
        """Two-level rules; -1 when none applies."""
        a0, a1 = self._left[a >> 1], self._right[a >> 1]
        b0, b1 = self._left[b >> 1], self._right[b >> 1]
        if a0 >= 0:
            found = self._against_gate(b, a, a0, a1)
            if found >= 0:
                return found
        if b0 >= 0:
            found = self._against_gate(a, b, b0, b1)
            if found >= 0:
                return found
        if a0 < 0 or b0 < 0:
            return -1
        if a & 1 and b & 1:
            return self._both_inverted(a0, a1, b0, b1)
        if not (a & 1 or b & 1):
            return FALSE if a0 ^ 1 in (b0, b1) or a1 ^ 1 in (b0, b1) else -1
        if a & 1:
            a, a0, a1, b0, b1 = b, b0, b1, a0, a1
        return self._gate_without_gate(a, a0, a1, b0, b1)

    def _against_gate(self, y: int, x: int, x0: int, x1: int) -> int:
        """``y AND x`` where the variable of x is the gate ``x0 AND x1``."""
        if x & 1:
            if y == x0:
                return self.and_(y, x1 ^ 1)
            if y == x1:
                return self.and_(y, x0 ^ 1)
            return y if y ^ 1 in (x0, x1) else -1
        if y in (x0, x1):
            return x
        return FALSE if y ^ 1 in (x0, x1) else -1

    def _gate_without_gate(self, a: int, a0: int, a1: int, b0: int, b1: int) -> int:
        """``(a0 a1) AND NOT (b0 b1)`` with ``a`` the literal of ``a0 a1``."""
        if b0 ^ 1 in (a0, a1) or b1 ^ 1 in (a0, a1):
            return a
        if b0 in (a0, a1):
            return self.and_(a, b1 ^ 1)
        if b1 in (a0, a1):
            return self.and_(a, b0 ^ 1)
        return -1

    @staticmethod
    def _both_inverted(a0: int, a1: int, b0: int, b1: int) -> int:
        """``NOT (s t) AND NOT (s NOT t) = NOT s``."""
        if (a0 == b0 and a1 ^ 1 == b1) or (a0 == b1 and a1 ^ 1 == b0):
            return a0 ^ 1
        if (a1 == b0 and a0 ^ 1 == b1) or (a1 == b1 and a0 ^ 1 == b0):
            return a1 ^ 1
        return -1

    def or_(self, a: int, b: int) -> int:
        """Return ``a OR b``."""
        return self.and_(a ^ 1, b ^ 1) ^ 1

    def xor(self, a: int, b: int) -> int:
        """Return ``a XOR b``, three gates."""
        return self.half_adder(a, b)[0]

    def mux(self, select: int, then: int, other: int) -> int:
        """Return ``then`` where `select` holds, else ``other``."""
        if then == other:
            return then
        if then ^ other == 1:
            return self.xor(select, other)
        return self.or_(self.and_(select, then), self.and_(select ^ 1, other))

    def _known(self, a: int, b: int) -> bool:
        return (a << 32 | b if a < b else b << 32 | a) in self._table

    def half_adder(self, a: int, b: int) -> tuple[int, int]:
        """Return (sum, carry) of two bits, three gates."""
        both = self.and_(a, b)
        if self._known(a, b ^ 1) and self._known(a ^ 1, b):
            return self.or_(self.and_(a, b ^ 1), self.and_(a ^ 1, b)), both
        return self.and_(both ^ 1, self.and_(a ^ 1, b ^ 1) ^ 1), both

    def full_adder(self, a: int, b: int, c: int) -> tuple[int, int]:
        """Return (sum, carry) of three bits, seven gates; three with a constant."""
        if c & 1 and c > 1:  # the adder is self-dual: one polarity only
            total, carry = self.full_adder(a ^ 1, b ^ 1, c ^ 1)
            return total ^ 1, carry ^ 1
        half, generate = self.half_adder(a, b)
        total, propagate = self.half_adder(half, c)
        return total, self.or_(generate, propagate)

    def majority(self, a: int, b: int, c: int) -> int:
        """Return the carry of three bits alone, four gates."""
        either = self.or_(a, b)
        return self.or_(self.and_(a, b), self.and_(either, c))

    def or_all(self, literals: Iterable[int]) -> int:
        """Return the OR of any number of literals, shallow ones first."""
        items = sorted(literals, key=self.level)
        while len(items) > 1:
            items = [*items[2:], self.or_(items[0], items[1])]
        return items[0] if items else FALSE

    def mark(self) -> tuple[int, int]:
        """Remember the present state for `rollback`."""
        return len(self._left), len(self._keys)

    def rollback(self, mark: tuple[int, int]) -> None:
        """Forget every gate made since `mark`."""
        for key in self._keys[mark[1] :]:
            del self._table[key]
        del self._keys[mark[1] :]
        for column in (self._left, self._right, self._level):
            del column[mark[0] :]
        if self.sharing is not None:
            self.sharing.forget(mark[0])

    def new_gates(self, outputs: Iterable[int], mark: tuple[int, int]) -> int:
        """Count gates made since `mark` that `outputs` depend on."""
        first = mark[0]
        stack = [x >> 1 for x in outputs if x >> 1 >= first]
        seen = set(stack)
        while stack:
            gate = stack.pop()
            for fanin in (self._left[gate] >> 1, self._right[gate] >> 1):
                if fanin >= first and fanin not in seen:
                    seen.add(fanin)
                    stack.append(fanin)
        return len(seen)

    def build(
        self,
        outputs: Sequence[int],
        *,
        input_names: Sequence[str] = (),
        output_names: Sequence[str] = (),
    ) -> Aig:
        """Return the circuit of `outputs`, reachable gates only."""
        first = self.num_pis + 1
        fanins = np.array([self._left[first:], self._right[first:]], np.int32).T
        kept, moved = reachable(
            self.num_pis, fanins.reshape(-1, 2), np.array(outputs, np.int32).reshape(-1)
        )
        return Aig(self.num_pis, kept, moved, tuple(input_names), tuple(output_names))
