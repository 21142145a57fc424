"""Simulation of the editor's circuit and the loss of every row."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tetrakis.circuit._kernels import inner, kernel
from tetrakis.simplify._graph import AND, COPY, LEAF, OR, Ints, Longs

Words = NDArray[np.uint64]
Floats = NDArray[np.float64]
MISMATCH, SQUARED, INTERVAL = 0, 1, 2


@inner
def _evaluate(kind: int, a: int, b: int, left: Words, right: Words, out: Words, width: int) -> None:
    """Write one node's values from those of the variables it reads."""
    ones = ~np.uint64(0)
    x = ones if a & 1 else np.uint64(0)
    y = ones if b & 1 else np.uint64(0)
    if kind in (AND, COPY):
        for w in range(width):
            out[w] = (left[w] ^ x) & (right[w] ^ y)
    elif kind == OR:
        for w in range(width):
            out[w] = (left[w] ^ x) | (right[w] ^ y)
    else:
        x ^= y
        for w in range(width):
            out[w] = left[w] ^ right[w] ^ x


@kernel
def simulate_graph(op: Ints, left: Ints, right: Ints, values: Words) -> None:
    """Fill in the values of all nodes; rows of the inputs are given."""
    for v in range(op.shape[0]):
        if op[v] != LEAF:
            _evaluate(
                op[v], left[v], right[v], values[left[v] >> 1], values[right[v] >> 1], values[v],
                values.shape[1],
            )  # fmt: skip


@inner
def _spread(
    start: int, op: Ints, left: Ints, right: Ints, values: Words, trial: Words, dirty: Ints,
    alive: Ints, last: int,
) -> None:  # fmt: skip
    """Recompute into `trial` what a new value of `start` (there already) changes; mark it dirty."""
    width = values.shape[1]
    for v in range(start + 1, last + 1):
        dirty[v] = 0
        if alive[v] == 0 or op[v] == LEAF:
            continue
        a, b = left[v] >> 1, right[v] >> 1
        x = a >= start and dirty[a] != 0
        y = b >= start and dirty[b] != 0
        if not (x or y):
            continue
        before = trial[a] if x else values[a]
        after = trial[b] if y else values[b]
        _evaluate(op[v], left[v], right[v], before, after, trial[v], width)
        change = np.uint64(0)
        for w in range(width):
            change |= trial[v, w] ^ values[v, w]
        dirty[v] = 1 if change else 0


@inner
def row_loss(kind: int, code: int, low: float, high: float, weight: float) -> float:
    """Loss of one row whose outputs read `code`."""
    if kind == MISMATCH:
        return weight if code != low else 0.0
    if kind == SQUARED:
        return weight * (code - low) * (code - low)
    return weight if code < low or code > high else 0.0


@inner
def _count_trailing(x: int) -> int:
    """Position of the lowest set bit of a nonzero word."""
    low = x & (~x + np.uint64(1))
    place = 0
    if low & np.uint64(0xFFFFFFFF00000000):
        place += 32
    if low & np.uint64(0xFFFF0000FFFF0000):
        place += 16
    if low & np.uint64(0xFF00FF00FF00FF00):
        place += 8
    if low & np.uint64(0xF0F0F0F0F0F0F0F0):
        place += 4
    if low & np.uint64(0xCCCCCCCCCCCCCCCC):
        place += 2
    if low & np.uint64(0xAAAAAAAAAAAAAAAA):
        place += 1
    return place


@inner
def _changed_loss(
    start: int, outputs: Ints, signed: bool, kind: int, values: Words, trial: Words, dirty: Ints,
    low: Floats, high: Floats, weight: Floats, loss: Floats, rows: Ints, deltas: Floats,
    codes: Longs,
) -> int:  # fmt: skip
    """List the rows whose output changes with their change of loss and new codes."""
    count, k = 0, outputs.shape[0]
    n = low.shape[0]
    for w in range(values.shape[1]):
        change = np.uint64(0)
        for j in range(k):
            v = outputs[j] >> 1
            if v >= start and dirty[v]:
                change |= values[v, w] ^ trial[v, w]
        while change:
            bit = _count_trailing(change)
            change &= change - np.uint64(1)
            r = 64 * w + bit
            if r >= n:
                break
            code = np.int64(0)
            for j in range(k):
                v = outputs[j] >> 1
                word = trial[v, w] if v >= start and dirty[v] else values[v, w]
                one = np.int64((word >> np.uint64(bit)) & np.uint64(1)) ^ (outputs[j] & 1)
                code |= one << j
            if signed and code >> (k - 1):
                code -= np.int64(1) << k
            rows[count] = r
            deltas[count] = row_loss(kind, code, low[r], high[r], weight[r]) - loss[r]
            codes[count] = code
            count += 1
    return count


@kernel
def all_codes(outputs: Ints, signed: bool, values: Words, codes: Longs) -> None:
    """Read the output word of every row."""
    k = outputs.shape[0]
    for r in range(codes.shape[0]):
        code = np.int64(0)
        w, bit = r >> 6, np.uint64(r & 63)
        for j in range(k):
            one = np.int64((values[outputs[j] >> 1, w] >> bit) & np.uint64(1)) ^ (outputs[j] & 1)
            code |= one << j
        if signed and code >> (k - 1):
            code -= np.int64(1) << k
        codes[r] = code


@kernel
def all_losses(
    kind: int, codes: Longs, low: Floats, high: Floats, weight: Floats, loss: Floats
) -> None:
    """Write the loss of every row."""
    for r in range(codes.shape[0]):
        loss[r] = row_loss(kind, codes[r], low[r], high[r], weight[r])


@kernel
def transposed(values: Words, patterns: Words) -> None:
    """Turn variables × rows into rows × variables, 64 by 64 bits at a time.

    Parameters
    ----------
    values : uint64 array, (variables, row words)
    patterns : uint64 array, (64 * row words, variable words)
    """
    block = np.zeros(64, np.uint64)
    n = values.shape[0]
    for v in range(patterns.shape[1]):
        for w in range(values.shape[1]):
            for i in range(64):
                block[i] = values[64 * v + i, w] if 64 * v + i < n else np.uint64(0)
            width, mask = 32, np.uint64(0x00000000FFFFFFFF)
            while width:
                shift, i = np.uint64(width), 0
                while i < 64:
                    for k in range(i, i + width):
                        t = ((block[k] >> shift) ^ block[k + width]) & mask
                        block[k] ^= t << shift
                        block[k + width] ^= t
                    i += 2 * width
                width >>= 1
                mask ^= mask << np.uint64(width)
            for i in range(64):
                patterns[64 * w + i, v] = block[i]
