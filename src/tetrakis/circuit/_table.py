"""Small functions by their truth tables."""

from __future__ import annotations

from collections.abc import Mapping

from tetrakis.circuit._builder import AigBuilder
from tetrakis.circuit._columns import range_width
from tetrakis.circuit._words import Word


def table_literal(builder: AigBuilder, inputs: tuple[int, ...], table: int) -> int:
    """Build a function of a few literals by Shannon expansion; equal cofactors are shared.

    Parameters
    ----------
    builder : AigBuilder
    inputs : tuple of int
        Literals; the first is bit 0 of the row number.
    table : int
        Bit ``r`` is the value at row ``r``.
    """
    if not inputs:
        return table & 1
    half = 1 << (len(inputs) - 1)
    low, high = table & ((1 << half) - 1), table >> half
    rest = inputs[:-1]
    if low == high:
        return table_literal(builder, rest, low)
    if low ^ high == (1 << half) - 1:
        return builder.xor(inputs[-1], table_literal(builder, rest, low))
    then = table_literal(builder, rest, high)
    return builder.mux(inputs[-1], then, table_literal(builder, rest, low))


def table_word(builder: AigBuilder, word: Word, values: Mapping[int, int]) -> Word:
    """Return a word holding ``values[x]`` where `word` holds x.

    Values that `word` cannot take are filled from the nearest one below in row order.
    """
    n = len(word.bits)
    lo, hi = min(values.values()), max(values.values())
    width, signed = range_width(lo, hi)
    rows, last = [], 0
    for row in range(1 << n):
        x = row - (1 << n) if word.signed and row >> (n - 1) else row
        last = values.get(x, last)
        rows.append(last)
    tables = [sum((v >> b & 1) << r for r, v in enumerate(rows)) for b in range(width)]
    bits = tuple(table_literal(builder, word.bits, table) for table in tables)
    return Word(bits, signed, lo, hi)
