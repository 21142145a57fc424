"""Four-input cuts of gates with their truth tables."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

CUTS = 8
Ints = NDArray[np.int32]


@njit(cache=True)
def _stretch(table: int, places: Ints, size: int) -> int:
    """Re-express a truth table whose input k is now input places[k]."""
    result = 0
    for row in range(16):
        index = 0
        for k in range(size):
            index |= ((row >> places[k]) & 1) << k
        result |= ((table >> index) & 1) << row
    return result


@njit(cache=True)
def _merge(first_cut: Ints, n: int, second_cut: Ints, m: int, out: Ints) -> int:
    """Union of two sorted cuts; 5 if it has more than four leaves."""
    i = j = size = 0
    while i < n or j < m:
        if size == 4:
            return 5
        if j == m or (i < n and first_cut[i] < second_cut[j]):
            out[size] = first_cut[i]
            i += 1
        else:
            if i < n and first_cut[i] == second_cut[j]:
                i += 1
            out[size] = second_cut[j]
            j += 1
        size += 1
    return size


@njit(cache=True)
def _own_table(cut: Ints, size: int, literal: int, table: int, union: Ints) -> int:
    places = np.zeros(4, np.int32)
    at = 0
    for k in range(size):
        while union[at] != cut[k]:
            at += 1
        places[k] = at
    result = _stretch(table, places, size)
    return 65535 - result if literal & 1 else result


@njit(cache=True)
def make_cuts(node: int, a: int, b: int, leaves: Ints, sizes: Ints, tables: Ints) -> None:
    """Fill the cuts of a node from those of its fan-ins; cut 0 is the node itself."""
    leaves[node, 0, 0], sizes[node, 0], tables[node, 0] = node, 1, 0xAAAA
    count = 1
    union = np.zeros(4, np.int32)
    for i in range(CUTS):
        n = sizes[a >> 1, i]
        if n == 0:
            break
        for j in range(CUTS):
            m = sizes[b >> 1, j]
            if m == 0 or count == CUTS:
                break
            size = _merge(leaves[a >> 1, i], n, leaves[b >> 1, j], m, union)
            if size > 4:
                continue
            known = False
            for c in range(1, count):
                same = sizes[node, c] == size
                for k in range(size):
                    same = same and leaves[node, c, k] == union[k]
                known = known or same
            if known:
                continue
            left = _own_table(leaves[a >> 1, i], n, a, tables[a >> 1, i], union)
            right = _own_table(leaves[b >> 1, j], m, b, tables[b >> 1, j], union)
            leaves[node, count, :size] = union[:size]
            sizes[node, count], tables[node, count] = size, left & right
            count += 1
    for c in range(count, CUTS):
        sizes[node, c] = 0
