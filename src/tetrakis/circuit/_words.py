"""Words of bits: exact linear sums, comparison with a constant, selection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd

from tetrakis.circuit._builder import FALSE, TRUE, AigBuilder
from tetrakis.circuit._columns import compress, placement, range_width, shape_of
from tetrakis.errors import CircuitError


@dataclass(frozen=True)
class Word:
    """An integer as literals, least significant first; the top one is a sign if `signed`.

    Parameters
    ----------
    bits : tuple of int
        Literals of a builder.
    signed : bool
        Two's complement, else unsigned.
    lo, hi : int, optional
        A range that the integer is known to lie in; by default that of the bits.
    """

    bits: tuple[int, ...]
    signed: bool = False
    lo: int | None = None
    hi: int | None = None

    def __post_init__(self) -> None:
        if self.signed and not self.bits:
            raise CircuitError("A signed word needs at least one bit.")
        n = len(self.bits) - self.signed
        if self.lo is None:
            object.__setattr__(self, "lo", -(1 << n) if self.signed else 0)
        if self.hi is None:
            object.__setattr__(self, "hi", (1 << n) - 1)

    @property
    def range(self) -> tuple[int, int]:
        """Smallest and largest value."""
        assert self.lo is not None and self.hi is not None
        return self.lo, self.hi

    def bit(self, index: int) -> int:
        """Return the literal of a bit, sign- or zero-extended."""
        if index < len(self.bits):
            return self.bits[index]
        return self.bits[-1] if self.signed else FALSE


Terms = Sequence[tuple[int, Word]]


def constant_word(value: int) -> Word:
    """Return a word that always holds `value`."""
    width, signed = range_width(value, value)
    return Word(tuple(value >> i & 1 for i in range(width)), signed, value, value)


def sum_range(terms: Terms, constant: int = 0) -> tuple[int, int]:
    """Return the interval of ``constant + sum(coefficient * word)``."""
    lo = hi = constant
    for coefficient, word in terms:
        ends = coefficient * word.range[0], coefficient * word.range[1]
        lo += min(ends)
        hi += max(ends)
    return lo, hi


def sum_words(
    builder: AigBuilder,
    terms: Terms,
    constant: int = 0,
    *,
    lo: int | None = None,
    hi: int | None = None,
    drop: int = 0,
    sign_only: bool = False,
) -> Word:
    """Build ``floor((constant + sum(coefficient * word)) / 2^drop)``.

    Coefficients become canonical signed digits; bits of negative weight are inverted and
    their constants merged into one; columns are compressed from the lowest up, earliest
    arrivals first; the width is that of the value's range.

    Parameters
    ----------
    builder : AigBuilder
    terms : sequence of (int, Word)
    constant : int
    lo, hi : int, optional
        A range of the undivided sum tighter than the interval of the terms.
    drop : int
        Low bits that aren't wanted; only their carries are made.
    sign_only : bool
        Return a one-bit signed word holding -1 where the sum is negative, else 0.

    Returns
    -------
    Word
        Unsigned when the range has no negative value, else two's complement.
    """
    interval = sum_range(terms, constant)
    lo = interval[0] if lo is None else max(lo, interval[0])
    hi = interval[1] if hi is None else min(hi, interval[1])
    if lo >> drop == hi >> drop or (sign_only and (lo >= 0 or hi < 0)):
        return constant_word(-(lo < 0) if sign_only else lo >> drop)
    if sign_only:
        return Word((_sum_bits(builder, terms, constant, (lo, hi), 10**9, True)[-1],), True)
    bits = _sum_bits(builder, terms, constant, (lo, hi), drop, False)
    width, signed = range_width(lo >> drop, hi >> drop)
    return Word(tuple((bits[drop:] or bits[-1:])[:width]), signed, lo >> drop, hi >> drop)


def relu_of_sum(
    builder: AigBuilder,
    terms: Terms,
    constant: int,
    *,
    lo: int,
    hi: int,
    shift: int = 0,
    bits: int = 62,
) -> Word:
    """Build ``min(max(s, 0) >> shift, 2^bits - 1)`` for a sum s with range [lo, hi].

    One bit is the comparison ``s >= 2^shift``, of which only the carries are made.
    """
    if bits == 1 or hi >> shift <= 1:
        above = at_least_zero(
            builder, terms, constant - (1 << shift), lo=lo - (1 << shift), hi=hi - (1 << shift)
        )
        return Word((above,)) if above > 1 else constant_word(above)
    if lo >= 0:
        return clipped_relu(
            builder, sum_words(builder, terms, constant, lo=lo, hi=hi, drop=shift), bits
        )
    found = _sum_bits(builder, terms, constant, (lo, hi), shift, True)
    word = Word(tuple(found[shift:] or found[-1:]), True, lo >> shift, hi >> shift)
    return clipped_relu(builder, word, bits)


def at_least_zero(
    builder: AigBuilder,
    terms: Terms,
    constant: int = 0,
    *,
    lo: int | None = None,
    hi: int | None = None,
) -> int:
    """Return a literal of ``constant + sum(coefficient * word) >= 0``.

    A single word is compared with a constant; otherwise only the carries of the sum are made.
    """
    interval = sum_range(terms, constant)
    if (interval[0] if lo is None else lo) >= 0:
        return TRUE
    if (interval[1] if hi is None else hi) < 0:
        return FALSE
    if len(terms) == 1:
        coefficient, word = terms[0]
        if coefficient > 0:  # c w + k >= 0  iff  w >= ceil(-k / c)
            return compare_constant(builder, word, -(constant // coefficient))
        return compare_constant(builder, word, constant // -coefficient + 1) ^ 1
    common = gcd(*(coefficient for coefficient, _ in terms))
    terms = [(coefficient // common, word) for coefficient, word in terms]
    constant //= common
    lo = None if lo is None else lo // common
    hi = None if hi is None else hi // common
    return sum_words(builder, terms, constant, lo=lo, hi=hi, sign_only=True).bits[0] ^ 1


def _sum_bits(
    builder: AigBuilder,
    terms: Terms,
    constant: int,
    bounds: tuple[int, int],
    low: int,
    positive: bool,
) -> list[int]:
    """All bits of a sum; unwanted ones (see `shape_of`) are of no meaning."""
    merged: dict[tuple[int, ...], tuple[int, Word]] = {}
    for coefficient, word in terms:
        key = (*word.bits, word.signed)
        merged[key] = (coefficient + merged.get(key, (0, word))[0], word)
    placed = []
    parts = list(merged.values())
    if builder.sharing is not None:
        parts = builder.sharing.replaced(builder, parts)
    for term, (coefficient, word) in enumerate(parts):
        places, offset = placement(coefficient, len(word.bits), word.signed)
        constant += offset
        placed += [(column, term, i, inverted) for column, i, inverted in places]
    top = max((place[0] for place in placed), default=0)
    shape, constant = shape_of(*bounds, constant, top, low, positive=positive)
    columns: list[list[int]] = [[] for _ in range(shape.width)]
    for column, term, i, inverted in placed:
        if column < shape.width:
            columns[column].append(parts[term][1].bits[i] ^ inverted)
    if builder.sharing is not None:
        columns = builder.sharing.rewritten(builder, parts, placed, shape.width) or columns
    return compress(builder, columns, constant, shape)


def compare_constant(builder: AigBuilder, word: Word, threshold: int) -> int:
    """Return a literal of ``word >= threshold``: at most ``n - 1 - ctz(threshold)`` gates."""
    lo, hi = word.range
    if threshold <= lo:
        return TRUE
    if threshold > hi:
        return FALSE
    bits = list(word.bits)
    if word.signed:  # offset binary keeps the order
        bits[-1] ^= 1
        threshold += 1 << (len(bits) - 1)
    at_least = TRUE
    for i, bit in enumerate(bits):
        if threshold >> i & 1:
            at_least = builder.and_(bit, at_least)
        elif threshold & ((1 << i) - 1):
            at_least = builder.or_(bit, at_least)
    return at_least


def greater(builder: AigBuilder, left: Word, right: Word) -> int:
    """Return a literal of ``left > right``, four gates a bit."""
    if left.range[0] > right.range[1]:
        return TRUE
    if left.range[1] <= right.range[0]:
        return FALSE
    width = max(len(left.bits) + (not left.signed), len(right.bits) + (not right.signed))
    if not (left.signed or right.signed):
        width -= 1
    above = FALSE
    for i in range(width):
        a, b = left.bit(i), right.bit(i)
        if i == width - 1 and (left.signed or right.signed):
            a, b = b, a
        above = builder.majority(a, b ^ 1, above)
    return above


def mux_word(builder: AigBuilder, select: int, then: Word, other: Word) -> Word:
    """Return `then` where the literal `select` holds, else `other`."""
    if select < 2:
        return then if select else other
    lo, hi = min(then.range[0], other.range[0]), max(then.range[1], other.range[1])
    width, signed = range_width(lo, hi)
    bits = tuple(builder.mux(select, then.bit(i), other.bit(i)) for i in range(width))
    return Word(bits, signed, lo, hi)


def clipped_relu(builder: AigBuilder, word: Word, bits: int) -> Word:
    """Return ``min(max(word, 0), 2^bits - 1)``; saturation only if the range needs it."""
    lo, hi = word.range
    top = (1 << bits) - 1
    if hi <= 0:
        return constant_word(0)
    if lo >= top:
        return constant_word(top)
    positive = word.bits[-1] ^ 1 if word.signed else TRUE
    magnitude = [word.bit(i) for i in range(hi.bit_length())]
    over = FALSE
    if hi > top:
        over = builder.and_(builder.or_all(magnitude[bits:]), positive)
    kept = tuple(builder.or_(builder.and_(b, positive), over) for b in magnitude[:bits])
    return Word(kept, False, max(lo, 0), min(hi, top))
