"""Four-input cuts of gates with their truth tables."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tetrakis.circuit._kernels import inner

CUTS = 8
Ints = NDArray[np.int32]


@inner
def _merge(leaves: Ints, n: int, x: int, m: int, y: int, out: Ints) -> int:
    """Union of the sorted cuts x and y of sizes n and m; 5 if it has more than four leaves."""
    i = j = size = 0
    while i < n or j < m:
        if size == 4:
            return 5
        if j == m or (i < n and leaves[x, i] < leaves[y, j]):
            out[size] = leaves[x, i]
            i += 1
        else:
            if i < n and leaves[x, i] == leaves[y, j]:
                i += 1
            out[size] = leaves[y, j]
            j += 1
        size += 1
    return size


@inner
def _own_table(leaves: Ints, size: int, cut: int, table: int, union: Ints) -> int:
    """Truth table over the leaves of a larger cut."""
    result = 0
    for row in range(16):
        index = at = 0
        for k in range(size):
            while union[at] != leaves[cut, k]:
                at += 1
            index |= ((row >> at) & 1) << k
        result |= ((table >> index) & 1) << row
    return result


@inner
def make_cuts(
    node: int, a: int, b: int, leaves: Ints, sizes: Ints, tables: Ints, union: Ints
) -> None:
    """Fill the cuts of a node from those of its fan-ins; cut 0 is the node itself.

    Cut c of a node is row ``node * CUTS + c``.
    """
    base, left, right = node * CUTS, (a >> 1) * CUTS, (b >> 1) * CUTS
    leaves[base, 0], sizes[base], tables[base] = node, 1, 0xAAAA
    end = base + 1
    for x in range(left, left + CUTS):
        if sizes[x] == 0:
            break
        for y in range(right, right + CUTS):
            if sizes[y] == 0 or end == base + CUTS:
                break
            n, m = np.int64(sizes[x]), np.int64(sizes[y])
            size = _merge(leaves, n, x, m, y, union)
            known = size > 4
            for c in range(base + 1, end):
                same = sizes[c] == size
                for k in range(size):
                    same = same and leaves[c, k] == union[k]
                known = known or same
            if known:
                continue
            first = _own_table(leaves, n, x, np.int64(tables[x]), union) ^ (65535 * (a & 1))
            second = _own_table(leaves, m, y, np.int64(tables[y]), union) ^ (65535 * (b & 1))
            for k in range(size):
                leaves[end, k] = union[k]
            sizes[end], tables[end] = size, first & second
            end += 1
    for c in range(end, base + CUTS):
        sizes[c] = 0
