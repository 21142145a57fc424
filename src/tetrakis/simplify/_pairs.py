"""New nodes that read two signals, scored against a node's demand."""

from __future__ import annotations

import numpy as np

from tetrakis.circuit._kernels import inner
from tetrakis.simplify._cones import cost_of
from tetrakis.simplify._demand import bit_of
from tetrakis.simplify._graph import AND, COPY, OR, XOR, Ints, Longs
from tetrakis.simplify._signals import Words
from tetrakis.simplify._tally import extreme, weighted_tally


@inner
def offer(
    found: Longs, place: int, node: int, kind: int, u: int, v: int, change: int, gain: int,
    price: float, cap: float, best: float,
) -> float:  # fmt: skip
    """Keep a candidate in its place if it may be accepted and beats the one there."""
    if change > min(cap, price * gain) or (gain <= 0 and change >= 0):
        return best
    merit = change - price * gain
    if merit >= best:
        return best
    found[place, 0], found[place, 1], found[place, 2] = node, kind, u
    found[place, 3], found[place, 4], found[place, 5] = v, change, gain
    return merit


@inner
def _count_at(planes: Words, used: int, v: int) -> int:
    total = np.int64(0)
    for k in range(used):
        total |= np.int64((planes[k, v >> 6] >> np.uint64(v & 63)) & np.uint64(1)) << k
    return total


@inner
def _pool(
    pool: Longs, keys: Longs, on: Longs, off: Longs, on_total: int, off_total: int, limit: int,
    node: int, most: int, covering: bool,
) -> int:  # fmt: skip
    """Pick the literals that keep most of one side of the demand and free most of the other.

    Covering literals (for AND) are 1 where 1 is demanded; the others (for OR) are 0 where 0 is.
    """
    count = 0
    for v in range(1, node):
        for flip in range(2):
            ones = on_total - on[v] if flip else np.int64(on[v])
            wrong = off_total - off[v] if flip else np.int64(off[v])
            missed = on_total - ones if covering else wrong
            left = wrong if covering else on_total - ones
            total = off_total if covering else on_total
            if missed > limit or left == total:
                continue
            key = left + missed
            if count == most and key >= keys[count - 1]:
                continue
            place, again = count, False
            for i in range(count):
                again = again or (keys[i] == key and on[pool[i] >> 1] == on[v])
            if again:
                continue
            if count < most:
                count += 1
            else:
                place -= 1
            while place > 0 and keys[place - 1] > key:
                keys[place], pool[place] = keys[place - 1], pool[place - 1]
                place -= 1
            keys[place], pool[place] = key, 2 * v + flip
    return count


@inner
def _second(
    node: int, kind: int, u: int, base: int, allowed: Words, values: Words, patterns: Words,
    rows: Ints, weight: Longs, wanted: Words, count: int, width: int, other: int, cone: int,
    inside: Ints, sizes: Ints, present: int, price: float, cap: float, best: float, found: Longs,
    place: int, planes: Words, buffer: Words, int_rows: Ints, long_rows: Longs, word_rows: Words,
) -> float:  # fmt: skip
    """Try all second operands of a new node that reads literal `u`."""
    n, total = 0, np.int64(0)
    some, flips = int_rows[2], word_rows[1]
    sign = np.int64(u & 1)
    for i in range(count):
        one = bit_of(values[u >> 1], rows[i]) ^ sign
        if kind == XOR:
            flips[n] = wanted[i] if not one else ~wanted[i]
        elif (kind == AND) != (one == 1):
            continue
        else:
            flips[n] = wanted[i]
        some[n] = rows[i]
        long_rows[2, n] = weight[i]
        total += weight[i]
        n += 1
    used = weighted_tally(
        patterns, some, flips, long_rows[2], n, width, planes, buffer, int_rows[3], word_rows[2]
    )
    gain = cone - cost_of(kind) - (sizes[u >> 1] if inside[u >> 1] else 0)
    word, bit = u >> 7, np.uint64((u >> 1) & 63)
    blocked = allowed[word] & (np.uint64(1) << bit)
    allowed[word] ^= blocked
    low, v = extreme(planes, used, width, allowed, buffer[3], False)
    if v >= 0:
        change = base + low - present
        best = offer(found, place, node, kind, u, 2 * v, change, gain, price, cap, best)
        high, v = extreme(planes, used, width, allowed, buffer[3], True)
        change = base + total - high - present
        best = offer(found, place, node, kind, u, 2 * v + 1, change, gain, price, cap, best)
    allowed[word] |= blocked
    if other > 0 and other != u >> 1:
        at = _count_at(planes, used, other)
        gain -= sizes[other] if inside[other] else 0
        best = offer(
            found, place, node, kind, u, 2 * other, base + at - present, gain, price, cap, best
        )
        best = offer(
            found, place, node, kind, u, 2 * other + 1, base + total - at - present, gain, price,
            cap, best,
        )  # fmt: skip
    return best


@inner
def score_pairs(
    node: int, count: int, cone: int, present: int, on_total: int, off_total: int, op: Ints,
    left: Ints, right: Ints, sizes: Ints, values: Words, patterns: Words, most: int,
    picks: Longs, price: float, cap: float, found: Longs, planes: Words, buffer: Words,
    int_rows: Ints, long_rows: Longs, word_rows: Words, int_nodes: Ints, long_nodes: Longs,
) -> None:  # fmt: skip
    """Find the best new AND, OR and XOR of two signals in a node's place."""
    width = (node + 63) >> 6
    rows, weight, wanted = int_rows[1], long_rows[1], word_rows[0]
    on, off, stack, inside = long_nodes[2], long_nodes[3], int_nodes[2], int_nodes[3]
    allowed = buffer[4]
    for w in range(width):
        allowed[w] = ~np.uint64(0)
    if node & 63:
        allowed[width - 1] = (np.uint64(1) << np.uint64(node & 63)) - np.uint64(1)
    allowed[0] &= ~np.uint64(1)
    members = 0
    while members < stack.shape[0] and stack[members] >= 0:
        v = stack[members]
        if v < node:
            allowed[v >> 6] &= ~(np.uint64(1) << np.uint64(v & 63))
        members += 1
    best = 1e300
    for covering in range(2):
        kind = AND if covering else OR
        limit = np.int64(min(cap, price * (cone - 1))) + present
        pool, keys = long_nodes[0], long_nodes[1]
        n = _pool(pool, keys, on, off, on_total, off_total, limit, node, most, covering == 1)
        for i in range(n + 2):
            if i < n:
                u, other = pool[i], np.int64(-1)
            else:
                u = np.int64(left[node] if i == n else right[node])
                other = np.int64((right[node] if i == n else left[node]) >> 1)
            flip = u & 1
            ones = on_total - on[u >> 1] if flip else np.int64(on[u >> 1])
            wrong = off_total - off[u >> 1] if flip else np.int64(off[u >> 1])
            base = on_total - ones if covering else wrong
            if base > limit:
                continue
            best = _second(
                node, kind, u, base, allowed, values, patterns, rows, weight, wanted, count,
                width, other, cone, inside, sizes, present, price, cap, best, found, 1, planes,
                buffer, int_rows, long_rows, word_rows,
            )  # fmt: skip
    if cone < 3 and op[node] != COPY:
        return
    best = 1e300
    for i in range(2 + picks.shape[0]):
        if i < 2:
            u = np.int64((left[node] if i == 0 else right[node]) & ~1)
            other = np.int64((right[node] if i == 0 else left[node]) >> 1)
        else:
            u, other = 2 * (1 + picks[i - 2] % (node - 1)), np.int64(-1)
            if inside[u >> 1]:
                continue
        best = _second(
            node, XOR, u, np.int64(0), allowed, values, patterns, rows, weight, wanted, count,
            width, other, cone, inside, sizes, present, price, cap, best, found, 2, planes,
            buffer, int_rows, long_rows, word_rows,
        )  # fmt: skip
