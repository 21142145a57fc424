"""Words of one word: linear pieces of equal length, folds, halves, and truth tables.

Codes must lie in an interval for each input; which one is taken is free. The linear pieces are
the one-dimensional Tetrakis functions with lattice values and slopes as small tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tetrakis.circuit import AigBuilder, Word, sum_words, table_literal

Longs = NDArray[np.int64]
SLOPES = np.array([0, -1, 1, -2, 2, -3, 3])


class Pieces(NamedTuple):
    """``floor((value[s] + slope[s] t) / 2^guard)`` on segment s, t its local coordinate."""

    value: Longs
    slope: Longs
    guard: int
    local_bits: int

    @property
    def sums(self) -> Longs:
        """Undivided sums, (segments, 2^local_bits)."""
        local = np.arange(1 << self.local_bits)
        return self.value[:, None] + self.slope[:, None] * local

    def estimate(self, width: int) -> float:
        """Guess the AND nodes."""
        segments, slopes = len(self.value), self.slope - self.slope.min()
        product = int(slopes.max()).bit_length() * self.local_bits * 7.5
        if not slopes.any():
            product = 7.0 * self.local_bits * int(self.slope[0]).bit_count()
        kinds = len(np.unique(self.slope)) + len(np.unique(self.value))
        return product + 5.0 * width + 0.35 * kinds * (width + self.guard) + 0.2 * segments


def coarsened(low: Longs, high: Longs, drop: int) -> tuple[Longs, Longs]:
    """Intervals when the lowest bits of the input are ignored; empty ones have low > high."""
    return low.reshape(-1, 1 << drop).max(axis=1), high.reshape(-1, 1 << drop).min(axis=1)


def folded(low: Longs, high: Longs, top: int | None) -> tuple[Longs, Longs] | None:
    """Fold at the middle: intervals of the lower half, met with those of the upper one.

    Parameters
    ----------
    low, high : int array
    top : int or None
        None for a function even about the middle; for an odd one, ``top − code`` is the code of
        the mirrored input.

    Returns
    -------
    tuple of int arrays or None
        Of the upper half, from the middle outwards; None if the function isn't symmetric.
    """
    half = len(low) // 2
    if half == 0:
        return None
    mirrored = low[:half][::-1], high[:half][::-1]
    if top is not None:
        mirrored = top - mirrored[1], top - mirrored[0]
    met = np.maximum(low[half:], mirrored[0]), np.minimum(high[half:], mirrored[1])
    return met if (met[0] <= met[1]).all() else None


def fit_pieces(
    low: Longs, high: Longs, segment_bits: int, guard: int, *, skip: int = 0
) -> tuple[Pieces, int] | None:
    """Find a linear piece through the intervals of every segment.

    Slopes near that of the ends are tried; of the possible values the roundest is taken.

    Parameters
    ----------
    low, high : int array, (2^n,)
    segment_bits : int
    guard : int
        Low bits of the sums that are dropped.
    skip : int
        Whether one segment may be left to something else (0 or more).

    Returns
    -------
    tuple of Pieces and int, or None
        The number of the one segment that isn't fitted, else −1. None if it can't be done.
    """
    segments = 1 << segment_bits
    lows, highs = low.reshape(segments, -1), high.reshape(segments, -1)
    length = lows.shape[1]
    unit = 1 << guard
    local = np.arange(length)
    rise = (lows[:, -1] + highs[:, -1] - lows[:, 0] - highs[:, 0]) / 2
    middle = np.rint(rise * unit / max(1, length - 1)).astype(np.int64)
    slopes = middle[:, None] + SLOPES  # (segments, tries)
    sums = slopes[..., None] * local
    least = (unit * lows[:, None, :] - sums).max(axis=2)
    most = (unit * highs[:, None, :] + unit - 1 - sums).min(axis=2)
    room = most - least
    best = np.argmax(np.where(room >= 0, room - abs(SLOPES) * 1e-3, -1), axis=1)
    rows = np.arange(segments)
    wrong = np.flatnonzero(room[rows, best] < 0)
    if len(wrong) > min(skip, segments - 1, 1):
        return None
    value = _roundest(least[rows, best], most[rows, best])
    slope = slopes[rows, best]
    for segment in wrong:
        near = segment - 1 if segment else 1
        value[segment], slope[segment] = value[near], slope[near]
    found = Pieces(value, slope, guard, length.bit_length() - 1)
    return found, int(wrong[0]) if len(wrong) else -1


def _roundest(least: Longs, most: Longs) -> Longs:
    """Numbers in intervals that are divisible by the highest power of two."""
    value = least.copy()
    for power in range(1, 40):
        rounded = -((-least) >> power) << power
        value = np.where(rounded <= most, rounded, value)
    return value


def table_bits(
    builder: AigBuilder, inputs: Sequence[int], values: Longs, width: int
) -> tuple[int, ...]:
    """Literals of the low `width` bits of ``values[code]``."""
    rows = (values[None, :] >> np.arange(width)[:, None]) & 1
    packed = np.packbits(rows.astype(np.bool_), axis=1, bitorder="little")
    return tuple(
        table_literal(builder, tuple(inputs), int.from_bytes(row.tobytes(), "little"))
        for row in packed
    )


def table_of(builder: AigBuilder, inputs: Sequence[int], values: Longs) -> Word:
    """Return the word ``values[code]``, two's complement if one is negative."""
    lo, hi = int(values.min()), int(values.max())
    width = max(hi.bit_length(), (~lo).bit_length() if lo < 0 else 0) + (lo < 0)
    return Word(table_bits(builder, inputs, values, width), lo < 0, lo, hi)


def pieces_word(
    builder: AigBuilder, inputs: Sequence[int], pieces: Pieces, *, common: bool
) -> Word:
    """Build linear pieces.

    Parameters
    ----------
    builder : AigBuilder
    inputs : sequence of int
        Literals of the input word.
    pieces : Pieces
    common : bool
        Multiply by the least slope apart, as a constant.
    """
    upper, local = inputs[pieces.local_bits :], Word(tuple(inputs[: pieces.local_bits]))
    base = int(pieces.slope.min()) if common else 0
    offset = int(pieces.value.min())
    slope = table_of(builder, upper, pieces.slope - base)
    terms = [(1, table_of(builder, upper, pieces.value - offset))]
    for place, bit in enumerate(slope.bits):
        negative = slope.signed and place == len(slope.bits) - 1
        product = Word(tuple(builder.and_(bit, x) for x in local.bits))
        terms.append((-(1 << place) if negative else 1 << place, product))
    if base:
        terms.append((base, local))
    sums = pieces.sums
    terms = [term for term in terms if term[1].bits]
    return sum_words(
        builder, terms, offset, lo=int(sums.min()), hi=int(sums.max()), drop=pieces.guard
    )
