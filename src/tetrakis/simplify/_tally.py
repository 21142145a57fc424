"""Counting one bits per variable over many rows, 64 variables to a machine word.

Counts are kept bit-sliced: word ``w`` of plane ``k`` holds bit ``k`` of the counts of variables
64 w … 64 w + 63.
"""

from __future__ import annotations

import numpy as np

from tetrakis.circuit._kernels import inner
from tetrakis.simplify._graph import Ints, Longs
from tetrakis.simplify._signals import Words


@inner
def _seven(
    patterns: Words, rows: Ints, flips: Words, i: int, width: int, one: Words, two: Words,
    four: Words,
) -> None:  # fmt: skip
    """Add seven rows bit by bit: a three-bit sum for every variable."""
    a, b, c, d = (
        patterns[rows[i]], patterns[rows[i + 1]], patterns[rows[i + 2]], patterns[rows[i + 3]],
    )  # fmt: skip
    e, f, g = patterns[rows[i + 4]], patterns[rows[i + 5]], patterns[rows[i + 6]]
    fa, fb, fc, fd = flips[i], flips[i + 1], flips[i + 2], flips[i + 3]
    fe, ff, fg = flips[i + 4], flips[i + 5], flips[i + 6]
    for w in range(width):
        x, y, z = a[w] ^ fa, b[w] ^ fb, c[w] ^ fc
        t = x ^ y
        first, carry = t ^ z, (x & y) | (t & z)
        x, y, z = d[w] ^ fd, e[w] ^ fe, f[w] ^ ff
        t = x ^ y
        second, other = t ^ z, (x & y) | (t & z)
        z = g[w] ^ fg
        t = first ^ second
        one[w] = t ^ z
        z = (first & second) | (t & z)
        t = carry ^ other
        two[w] = t ^ z
        four[w] = (carry & other) | (t & z)


@inner
def _ripple(planes: Words, shift: int, width: int, one: Words, two: Words, four: Words) -> None:
    """Add three-bit numbers, times 2**shift, to the counts."""
    p, q, r = planes[shift], planes[shift + 1], planes[shift + 2]
    for w in range(width):
        x = one[w]
        carry = p[w] & x
        p[w] ^= x
        x = two[w]
        t = q[w] ^ x
        x = (q[w] & x) | (t & carry)
        q[w] = t ^ carry
        y = four[w]
        t = r[w] ^ y
        one[w] = (r[w] & y) | (t & x)
        r[w] = t ^ x
    for k in range(shift + 3, planes.shape[0]):
        p, some = planes[k], np.uint64(0)
        for w in range(width):
            t = p[w] & one[w]
            p[w] ^= one[w]
            one[w] = t
            some |= t
        if some == 0:
            break


@inner
def tally(
    patterns: Words, rows: Ints, flips: Words, count: int, shift: int, width: int, planes: Words,
    buffer: Words,
) -> None:  # fmt: skip
    """Add 2**shift for every one bit of `count` rows, each row xor its flip."""
    one, two, four = buffer[0], buffer[1], buffer[2]
    i = 0
    while i + 7 <= count:
        _seven(patterns, rows, flips, i, width, one, two, four)
        _ripple(planes, shift, width, one, two, four)
        i += 7
    while i < count:
        row, flip = patterns[rows[i]], flips[i]
        for w in range(width):
            one[w] = row[w] ^ flip
            two[w] = four[w] = 0
        _ripple(planes, shift, width, one, two, four)
        i += 1


@inner
def weighted_tally(
    patterns: Words, rows: Ints, flips: Words, weights: Longs, count: int, width: int,
    planes: Words, buffer: Words, some_rows: Ints, some_flips: Words,
) -> int:  # fmt: skip
    """Count one bits of rows with integer weights; return the number of planes in use."""
    most, total = np.int64(0), np.int64(0)
    for i in range(count):
        most |= weights[i]
        total += weights[i]
    used = 3
    while total >> used:
        used += 1
    bits = 0
    while most >> bits:
        bits += 1
    used = min(max(used + 1, bits + 2), planes.shape[0])
    for k in range(used):
        for w in range(width):
            planes[k, w] = 0
    if most == 1:
        tally(patterns, rows, flips, count, 0, width, planes[:used], buffer)
        return used
    for bit in range(bits):
        some = 0
        for i in range(count):
            if (weights[i] >> bit) & 1:
                some_rows[some], some_flips[some] = rows[i], flips[i]
                some += 1
        if some:
            tally(patterns, some_rows, some_flips, some, bit, width, planes[:used], buffer)
    return used


@inner
def unpack_counts(planes: Words, used: int, width: int, counts: Longs) -> None:
    """Write the counts of all variables as integers."""
    for w in range(width):
        for b in range(64):
            counts[64 * w + b] = 0
    for k in range(used):
        for w in range(width):
            word = planes[k, w]
            if word:
                for b in range(64):
                    counts[64 * w + b] |= np.int64((word >> np.uint64(b)) & np.uint64(1)) << k


@inner
def extreme(
    planes: Words, used: int, width: int, allowed: Words, left: Words, largest: bool
) -> tuple[int, int]:
    """Find the least (or largest) count among allowed variables, and the first that has it.

    Returns
    -------
    tuple of int
        Count and variable; variable −1 if none is allowed.
    """
    any_ = np.uint64(0)
    for w in range(width):
        left[w] = allowed[w]
        any_ |= allowed[w]
    if any_ == 0:
        return np.int64(0), np.int64(-1)
    flip = np.uint64(0) if largest else ~np.uint64(0)
    value = np.int64(0)
    for step in range(used):
        k = used - 1 - step
        some = np.uint64(0)
        for w in range(width):
            some |= left[w] & (planes[k, w] ^ flip)
        if some:
            for w in range(width):
                left[w] &= planes[k, w] ^ flip
        if (some != 0) == largest:
            value |= np.int64(1) << k
    for w in range(width):
        if left[w]:
            word, b = left[w], 0
            while not (word >> np.uint64(b)) & np.uint64(1):
                b += 1
            return value, np.int64(64 * w + b)
    return value, np.int64(-1)
