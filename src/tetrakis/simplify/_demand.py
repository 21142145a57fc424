"""What a node's value should be on the rows where it matters, and by how much."""

from __future__ import annotations

import numpy as np

from tetrakis.circuit._kernels import inner
from tetrakis.simplify._graph import Ints, Longs
from tetrakis.simplify._signals import Words


@inner
def rounded(change: float, scale: float, digits: int) -> int:
    """Return scale * change as an integer of at most `digits` significant bits (0: all)."""
    size = np.int64(abs(change) * scale + 0.5)
    if digits > 0:
        shift = 0
        while size >> (shift + digits):
            shift += 1
        if shift:
            size = ((size + (np.int64(1) << (shift - 1))) >> shift) << shift
    return size if change > 0 else -size


@inner
def bit_of(words: Words, r: int) -> int:
    """Return a bit of packed rows."""
    return np.int64((words[r >> 6] >> np.uint64(r & 63)) & np.uint64(1))


@inner
def demand_rows(
    rows: Ints, change: Longs, count: int, mask: Words, whole: bool, value: Words, kept: Ints,
    weight: Longs, wanted: Words,
) -> int:  # fmt: skip
    """List the rows of a node's demand: weight and wanted value (all ones or zeros)."""
    n = 0
    for i in range(count):
        r = rows[i]
        if whole or bit_of(mask, r):
            kept[n] = r
            weight[n] = abs(change[i])
            one = bit_of(value, r) ^ (1 if change[i] < 0 else 0)
            wanted[n] = ~np.uint64(0) if one else np.uint64(0)
            n += 1
    return n


@inner
def sampled_rows(
    sample: int, offset: float, rows: Ints, weight: Longs, wanted: Words, count: int, kept: Ints,
    kept_wanted: Words,
) -> tuple[int, float]:  # fmt: skip
    """Draw about `sample` rows of the demand with a chance that grows with their weight.

    Systematic sampling: a row may be drawn several times. All drawn weigh the same.

    Returns
    -------
    tuple of int and float
        Number drawn, and what each weighs.
    """
    total = np.int64(0)
    for i in range(count):
        total += weight[i]
    step = total / sample
    at, sum_, n = offset * step, 0.0, 0
    for i in range(count):
        sum_ += weight[i]
        while at < sum_ and n < kept.shape[0]:
            kept[n], kept_wanted[n] = rows[i], wanted[i]
            n += 1
            at += step
    for i in range(n):
        rows[i], wanted[i], weight[i] = kept[i], kept_wanted[i], 1
    return n, step


@inner
def side_rows(
    rows: Ints, weight: Longs, wanted: Words, count: int, side: int, kept: Ints, kept_weight: Longs
) -> tuple[int, int]:
    """Select the rows that demand `side`; return their number and total weight."""
    n, total = 0, np.int64(0)
    for i in range(count):
        if (wanted[i] != 0) == (side == 1):
            kept[n], kept_weight[n] = rows[i], weight[i]
            total += weight[i]
            n += 1
    return n, total
