"""Sums as columns of bits: signed digits, sign handling, 3:2 compression and its cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from heapq import heapify, heappop, heappush

from tetrakis.circuit._builder import AigBuilder


@cache
def signed_digits(value: int) -> tuple[tuple[int, bool], ...]:
    """Return the canonical signed-digit form as (position, negative) pairs, lowest first.

    Examples
    --------
    >>> signed_digits(7)
    ((0, True), (3, False))
    """
    digits = []
    position, flip, value = 0, value < 0, abs(value)
    while value:
        if value & 1:
            digit = 2 - (value & 3)
            digits.append((position, (digit < 0) != flip))
            value -= digit
        value >>= 1
        position += 1
    return tuple(digits)


@cache
def placement(
    coefficient: int, bits: int, signed: bool
) -> tuple[tuple[tuple[int, int, bool], ...], int]:
    """Write ``coefficient * word`` with positive bit weights only.

    A bit of negative weight is ``-2^j b = 2^j (1 - b) - 2^j``: it is inverted and the
    constant is merged.

    Returns
    -------
    tuple
        (column, bit index, inverted) triples and the constant.
    """
    places, constant = [], 0
    for shift, negative in signed_digits(coefficient):
        for i in range(bits):
            inverted = negative != (signed and i == bits - 1)
            places.append((shift + i, i, inverted))
            if inverted:
                constant -= 1 << (shift + i)
    return tuple(places), constant


def range_width(lo: int, hi: int) -> tuple[int, bool]:
    """Return the fewest bits that hold the range, and whether the top one is a sign.

    Examples
    --------
    >>> range_width(0, 8), range_width(-8, 7)
    ((4, False), (4, True))
    """
    if lo >= 0:
        return hi.bit_length(), False
    return max(max(hi, 0).bit_length(), (~lo).bit_length()) + 1, True


@dataclass(frozen=True)
class Shape:
    """Which bits of a sum are wanted, and how the top column may be formed.

    ``low <= j < high`` are needed besides the top column ``width - 1``. With `signed` the
    top column holds the inverse of the sign bit (2^(width-1) was added); with `exact` no
    carry leaves it, so its bits exclude each other.
    """

    width: int
    low: int
    high: int
    signed: bool
    exact: bool


def shape_of(
    lo: int, hi: int, constant: int, top_column: int, low: int = 0, *, positive: bool = False
) -> tuple[Shape, int]:
    """Choose the width for range [lo, hi]; return it with the constant modulo 2^width.

    With `positive` the bits are wanted only where the sum is not negative.
    """
    width, signed = range_width(lo, hi)
    if signed:
        constant += 1 << (width - 1)
    exact = constant >= 0 and top_column < width
    high = max(hi, 0).bit_length() if positive else width
    return Shape(width, low, high, signed, exact), constant & ((1 << width) - 1)


def compress(
    builder: AigBuilder, columns: list[list[int]], constant: int, shape: Shape
) -> list[int]:
    """Add columns of literals, least significant first, with full and half adders.

    Returns
    -------
    list of int
        One literal for each column; 0 where the column wasn't asked for.
    """
    result, carries = [0] * shape.width, list[int]()
    for j in range(shape.width):
        column = columns[j] + carries
        if constant >> j & 1:
            column.append(1)
        last = j == shape.width - 1
        if last:
            result[j] = _top(builder, column, shape.exact)
            if shape.signed:
                result[j] ^= 1
        else:
            column, carries = _without_pairs(column)
            result[j] = _column(builder, column, carries, shape.low <= j < shape.high)
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


def _top(builder: AigBuilder, column: list[int], exact: bool) -> int:
    if exact:
        return builder.or_all(column)
    items = sorted(column, key=builder.level)
    while len(items) > 1:
        items = [*items[2:], builder.xor(items[0], items[1])]
    return items[0] if items else 0


def _column(builder: AigBuilder, column: list[int], carries: list[int], wanted: bool) -> int:
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


def column_cost(counts: Sequence[int], constant: int, shape: Shape) -> int:
    """Count the gates that `compress` makes when no gate is shared."""
    cost = carry = 0
    for j in range(shape.width):
        bits = (counts[j] if j < len(counts) else 0) + carry
        one = constant >> j & 1
        if j == shape.width - 1:
            per_bit = 1 if shape.exact else 3
            return cost + per_bit * max(0, bits - 1)
        wanted = shape.low <= j < shape.high
        carry = (bits + one) // 2
        if one and bits:
            if bits == 2 and not wanted:
                cost += 1
                continue
            cost += 3 if bits > 1 else 0
            bits -= 1
        elif one:
            continue
        adders, half = (bits - 1) // 2 if bits else 0, 1 if bits and bits % 2 == 0 else 0
        cost += 7 * adders + 3 * half
        if not wanted and bits > 1:
            cost -= 2 if half else 3
    return cost
