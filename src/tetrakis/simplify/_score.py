"""Exact change of the loss for all single edits of a circuit.

A node's *demand* is what its value should be on the rows where flipping it changes the loss, and
by how much: it should stay where a flip loses, and flip where that gains. The change of loss by
an edit is the demand that the new function leaves unmet, less what the present one leaves.

References
----------
Ours (measured in the project's study of simplification).
"""

from __future__ import annotations

import numpy as np

from tetrakis.circuit._kernels import inner, kernel
from tetrakis.simplify._cones import cost_of, release, restore
from tetrakis.simplify._graph import AND, COPY, LEAF, OR, XOR, Ints, Longs
from tetrakis.simplify._signals import Floats, Words, _changed_loss, _spread
from tetrakis.simplify._tally import extreme, unpack_counts, weighted_tally

POOL = 24
FIELDS = 6  # of a candidate: node, kind, u, v, change, gain


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
def _offer(
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
def _bit(words: Words, r: int) -> int:
    return np.int64((words[r >> 6] >> np.uint64(r & 63)) & np.uint64(1))


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
def _demand(
    rows: Ints, change: Longs, count: int, mask: Words, whole: bool, value: Words, kept: Ints,
    weight: Longs, wanted: Words,
) -> int:  # fmt: skip
    """List the rows of a node's demand: weight and wanted value (all ones or zeros)."""
    n = 0
    for i in range(count):
        r = rows[i]
        if whole or _bit(mask, r):
            kept[n] = r
            weight[n] = abs(change[i])
            one = _bit(value, r) ^ (1 if change[i] < 0 else 0)
            wanted[n] = ~np.uint64(0) if one else np.uint64(0)
            n += 1
    return n


@inner
def _sampled(
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
def _side(
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
        one = _bit(values[u >> 1], rows[i]) ^ sign
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
        best = _offer(found, place, node, kind, u, 2 * v, change, gain, price, cap, best)
        high, v = extreme(planes, used, width, allowed, buffer[3], True)
        change = base + total - high - present
        best = _offer(found, place, node, kind, u, 2 * v + 1, change, gain, price, cap, best)
    allowed[word] |= blocked
    if other > 0 and other != u >> 1:
        at = _count_at(planes, used, other)
        gain -= sizes[other] if inside[other] else 0
        best = _offer(
            found, place, node, kind, u, 2 * other, base + at - present, gain, price, cap, best
        )
        best = _offer(
            found, place, node, kind, u, 2 * other + 1, base + total - at - present, gain, price,
            cap, best,
        )  # fmt: skip
    return best


@inner
def _score_node(
    node: int, count: int, op: Ints, left: Ints, right: Ints, refs: Ints, sizes: Ints,
    values: Words, patterns: Words, most: int, picks: Longs, price: float, cap: float,
    found: Longs, planes: Words, buffer: Words, int_rows: Ints, long_rows: Longs,
    word_rows: Words, int_nodes: Ints, long_nodes: Longs,
) -> None:  # fmt: skip
    """Find the best edits of one node whose demand is listed in the row buffers."""
    width = (node + 63) >> 6
    rows, weight, wanted = int_rows[1], long_rows[1], word_rows[0]
    on, off, stack, inside = long_nodes[2], long_nodes[3], int_nodes[2], int_nodes[3]
    infinite = 1e300
    present = np.int64(0)
    for i in range(count):
        if _bit(values[node], rows[i]) != (1 if wanted[i] else 0):
            present += weight[i]
    zeros = word_rows[1]
    for i in range(count):
        zeros[i] = np.uint64(0)
    n, on_total = _side(rows, weight, wanted, count, 1, int_rows[2], long_rows[2])
    used = weighted_tally(
        patterns, int_rows[2], zeros, long_rows[2], n, width, planes, buffer, int_rows[3],
        word_rows[2],
    )  # fmt: skip
    unpack_counts(planes, used, width, on)
    n, off_total = _side(rows, weight, wanted, count, 0, int_rows[2], long_rows[2])
    used = weighted_tally(
        patterns, int_rows[2], zeros, long_rows[2], n, width, planes, buffer, int_rows[3],
        word_rows[2],
    )  # fmt: skip
    unpack_counts(planes, used, width, off)
    cone = release(node, op, left, right, refs, stack)
    members = 0
    while members < stack.shape[0] and stack[members] >= 0:
        inside[stack[members]] = 1
        members += 1
    restore(node, op, left, right, refs, int_nodes[4])
    # literals: the best outside the cone, and each of the cone
    low, low_at, high, high_at = np.int64(1 << 60), -1, np.int64(-(1 << 60)), -1
    for v in range(node):
        if not inside[v]:
            at = np.int64(off[v]) - on[v]
            if at < low:
                low, low_at = at, v
            if at > high:
                high, high_at = at, v
    best = _offer(
        found, 0, node, LEAF, 0, 2 * low_at, on_total + low - present, cone, price, cap, infinite
    )
    best = _offer(
        found, 0, node, LEAF, 0, 2 * high_at + 1, off_total - high - present, cone, price, cap,
        best,
    )  # fmt: skip
    for i in range(1, members):
        v = stack[i]
        at, gain = np.int64(off[v]) - on[v], np.int64(cone - sizes[v])
        best = _offer(
            found, 0, node, LEAF, 0, 2 * v, on_total + at - present, gain, price, cap, best
        )
        best = _offer(
            found, 0, node, LEAF, 0, 2 * v + 1, off_total - at - present, gain, price, cap, best
        )
    if (cone >= 2 or op[node] == COPY) and most > 0:
        _score_pairs(
            node, count, cone, present, on_total, off_total, op, left, right, sizes, values,
            patterns, most, picks, price, cap, found, planes, buffer, int_rows, long_rows,
            word_rows, int_nodes, long_nodes,
        )  # fmt: skip
    for i in range(members):
        inside[stack[i]] = 0


@inner
def _score_pairs(
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


@kernel
def score_regions(
    scored: Ints, roots: Ints, begin: Ints, members: Ints, parent: Ints, op: Ints,
    left: Ints, right: Ints, outputs: Ints, signed: bool, kind: int, refs: Ints, sizes: Ints,
    values: Words, patterns: Words, low: Floats, high: Floats, row_weight: Floats,
    loss: Floats, scale: float,
    digits: int, sample: int, offset: float, most: int, picks: Longs,
    price: float, cap: float, masks: Words, trial: Words,
    found: Longs, deltas: Floats, int_rows: Ints, long_rows: Longs, word_rows: Words,
    int_nodes: Ints, planes: Words, buffer: Words, long_nodes: Longs,
) -> None:  # fmt: skip
    """Score the nodes of some fanout-free regions; three candidates each go into `found`.

    Parameters
    ----------
    roots : int32 array
        Regions, by their root.
    begin, members : int32 arrays
        ``members[begin[v]:begin[v + 1]]`` are the nodes of root v's region, v first, each after
        its reader.
    found : int64 array, (3 * variables, FIELDS)
        Node −1 where there is no candidate.
    """
    last = op.shape[0] - 1
    dirty = int_nodes[5]
    ones = ~np.uint64(0)
    for index in range(roots.shape[0]):
        root = roots[index]
        for w in range(values.shape[1]):
            trial[root, w] = ~values[root, w]
        dirty[root] = 1
        _spread(root, op, left, right, values, trial, dirty, refs, last)
        count = _changed_loss(
            root, outputs, signed, kind, values, trial, dirty, low, high, row_weight, loss,
            int_rows[0], deltas, long_rows[0],
        )  # fmt: skip
        n = 0
        for i in range(count):
            change = rounded(deltas[i], scale, digits)
            if change:
                int_rows[0, n], long_rows[0, n] = int_rows[0, i], change
                n += 1
        for m in range(begin[root], begin[root + 1]):
            node = members[m]
            up = parent[node]
            if node != root:
                if op[up] == XOR or op[up] == COPY:
                    for w in range(values.shape[1]):
                        masks[node, w] = masks[up, w] if up != root else ones
                else:
                    other = right[up] if left[up] >> 1 == node else left[up]
                    flip = ones if other & 1 else np.uint64(0)
                    for w in range(values.shape[1]):
                        keep = masks[up, w] if up != root else ones
                        masks[node, w] = keep & (values[other >> 1, w] ^ flip)
            if scored[node] == 0:
                continue
            demand = _demand(
                int_rows[0], long_rows[0], n, masks[node], node == root, values[node],
                int_rows[1], long_rows[1], word_rows[0],
            )  # fmt: skip
            unit = 1.0
            if sample > 0 and demand > sample:
                demand, unit = _sampled(
                    sample, offset, int_rows[1], long_rows[1], word_rows[0], demand, int_rows[2],
                    word_rows[1],
                )  # fmt: skip
            best = found[3 * node : 3 * node + 3]
            _score_node(
                node, demand, op, left, right, refs, sizes, values, patterns, most, picks,
                price / unit, cap / unit, best, planes, buffer, int_rows, long_rows,
                word_rows, int_nodes, long_nodes,
            )  # fmt: skip
            for k in range(best.shape[0]):
                best[k, 4] = np.int64(best[k, 4] * unit)
