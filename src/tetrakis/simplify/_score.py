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
from tetrakis.simplify._cones import release, restore
from tetrakis.simplify._demand import bit_of, demand_rows, rounded, sampled_rows, side_rows
from tetrakis.simplify._graph import COPY, LEAF, XOR, Ints, Longs
from tetrakis.simplify._pairs import offer, score_pairs
from tetrakis.simplify._signals import Floats, Words, _changed_loss, _spread
from tetrakis.simplify._tally import unpack_counts, weighted_tally

POOL = 24
FIELDS = 6  # of a candidate: node, kind, u, v, change, gain


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
        if bit_of(values[node], rows[i]) != (1 if wanted[i] else 0):
            present += weight[i]
    zeros = word_rows[1]
    for i in range(count):
        zeros[i] = np.uint64(0)
    n, on_total = side_rows(rows, weight, wanted, count, 1, int_rows[2], long_rows[2])
    used = weighted_tally(
        patterns, int_rows[2], zeros, long_rows[2], n, width, planes, buffer, int_rows[3],
        word_rows[2],
    )  # fmt: skip
    unpack_counts(planes, used, width, on)
    n, off_total = side_rows(rows, weight, wanted, count, 0, int_rows[2], long_rows[2])
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
    best = offer(
        found, 0, node, LEAF, 0, 2 * low_at, on_total + low - present, cone, price, cap, infinite
    )
    best = offer(
        found, 0, node, LEAF, 0, 2 * high_at + 1, off_total - high - present, cone, price, cap,
        best,
    )  # fmt: skip
    for i in range(1, members):
        v = stack[i]
        at, gain = np.int64(off[v]) - on[v], np.int64(cone - sizes[v])
        best = offer(
            found, 0, node, LEAF, 0, 2 * v, on_total + at - present, gain, price, cap, best
        )
        best = offer(
            found, 0, node, LEAF, 0, 2 * v + 1, off_total - at - present, gain, price, cap, best
        )
    if (cone >= 2 or op[node] == COPY) and most > 0:
        score_pairs(
            node, count, cone, present, on_total, off_total, op, left, right, sizes, values,
            patterns, most, picks, price, cap, found, planes, buffer, int_rows, long_rows,
            word_rows, int_nodes, long_nodes,
        )  # fmt: skip
    for i in range(members):
        inside[stack[i]] = 0


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
            demand = demand_rows(
                int_rows[0], long_rows[0], n, masks[node], node == root, values[node],
                int_rows[1], long_rows[1], word_rows[0],
            )  # fmt: skip
            unit = 1.0
            if sample > 0 and demand > sample:
                demand, unit = sampled_rows(
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
