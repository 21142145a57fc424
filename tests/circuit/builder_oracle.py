"""The builder of circuits once more, gate by gate in plain Python."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import heapify, heappop, heappush


class SlowBuilder:
    """What `AigBuilder` does, on lists and a dictionary."""

    def __init__(self, num_pis: int) -> None:
        self.num_pis = num_pis
        self._left = [-1] * (num_pis + 1)
        self._right = [-1] * (num_pis + 1)
        self._level = [0] * (num_pis + 1)
        self._table: dict[int, int] = {}
        self._keys: list[int] = []

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
            return b if a else 0
        if a == b:
            return a
        if a ^ b == 1:
            return 0
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
            return 0 if a0 ^ 1 in (b0, b1) or a1 ^ 1 in (b0, b1) else -1
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
        return 0 if y ^ 1 in (x0, x1) else -1

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
        return items[0] if items else 0

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

    def add_columns(
        self,
        columns: Sequence[Sequence[int]],
        constant: int,
        *,
        wanted: tuple[int, int],
        exact: bool,
    ) -> list[int]:
        return _compress(self, columns, constant, wanted, exact)


def _compress(
    builder: SlowBuilder,
    columns: Sequence[Sequence[int]],
    constant: int,
    wanted: tuple[int, int],
    exact: bool,
) -> list[int]:
    result, carries = [0] * len(columns), list[int]()
    for j in range(len(columns)):
        column = [*columns[j], *carries]
        if constant >> j & 1:
            column.append(1)
        last = j == len(columns) - 1
        if last:
            result[j] = _top(builder, column, exact)
        else:
            column, carries = _without_pairs(column)
            result[j] = _column(builder, column, carries, wanted[0] <= j < wanted[1])
    return result


def _without_pairs(column: list[int]) -> tuple[list[int], list[int]]:
    """Use b + b = 2 b and b + NOT b = 1; the second list goes to the next column."""
    variables = {x >> 1 for x in column}
    if len(variables) == len(column) and 0 not in variables:
        return column, []
    seen: dict[int, int] = {}
    carries: list[int] = []
    ones = 0
    for literal in column:
        if literal < 2:
            ones += literal
        elif literal in seen:
            carries.append(literal)
            del seen[literal]
        elif literal ^ 1 in seen:
            ones += 1
            del seen[literal ^ 1]
        else:
            seen[literal] = literal
    carries += [1] * (ones // 2)
    return list(seen) + [1] * (ones % 2), carries


def _top(builder: SlowBuilder, column: list[int], exact: bool) -> int:
    if exact:
        return builder.or_all(column)
    items = sorted(column, key=builder.level)
    while len(items) > 1:
        items = [*items[2:], builder.xor(items[0], items[1])]
    return items[0] if items else 0


def _column(builder: SlowBuilder, column: list[int], carries: list[int], wanted: bool) -> int:
    """Reduce one column to a bit, earliest arrivals first; append to `carries`."""
    heap = [(builder.level(x), x) for x in column]
    heapify(heap)
    while len(heap) > 1:
        a, b = heappop(heap)[1], heappop(heap)[1]
        if heap:
            c = heappop(heap)[1]
            if not heap and not wanted:
                carries.append(builder.majority(a, b, c))
                return 0
            total, carry = builder.full_adder(a, b, c)
        elif not wanted:
            carries.append(builder.and_(a, b))
            return 0
        else:
            total, carry = builder.half_adder(a, b)
        carries.append(carry)
        heappush(heap, (builder.level(total), total))
    return heap[0][1] if heap else 0
