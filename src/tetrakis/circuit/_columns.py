"""Sums as columns of bits: signed digits, sign handling, 3:2 compression and its cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

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
    wanted = shape.low, min(shape.high, shape.width)
    result = builder.add_columns(columns, constant, wanted=wanted, exact=shape.exact)
    if shape.signed:
        result[-1] ^= 1
    return result


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
