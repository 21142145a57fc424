"""Small AND-inverter structures for functions of four inputs (ours).

A function is a 16-bit truth table. Structures are found by dynamic programming over AND and
XOR of smaller ones; their size is an upper bound of the function's, exact for most.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tetrakis.circuit._kernels import inner, kernel

MAX_NODES = 8
VARIABLES = np.array([0xAAAA, 0xCCCC, 0xF0F0, 0xFF00], np.int64)


class Structures(NamedTuple):
    """For each of 65,536 functions: size (127 if unknown), nodes, output.

    Literals in `nodes` are ``2 * index + complement``; index 0 … 3 are the inputs, 4 … the
    nodes. `output` is -1 for constants (``-1 - value``).
    """

    size: NDArray[np.int8]
    nodes: NDArray[np.int8]
    output: NDArray[np.int8]


@kernel
def _search(
    largest: int,
    count: int,
    cost: NDArray[np.int8],
    parts: NDArray[np.int64],
    order: NDArray[np.int64],
    ends: NDArray[np.int64],
) -> None:
    """Find functions by rising size; `order` starts with `count` of size 0."""
    for k in range(1, largest + 1):
        for kind in range(2):
            extra = 1 + 2 * kind
            for i in range((k - extra) // 2 + 1):
                j = k - extra - i
                if j < i or j < 0:
                    continue
                for x in range(ends[i], ends[i + 1]):
                    g = order[x]
                    for y in range(ends[j], ends[j + 1]):
                        h = order[y]
                        table = g ^ h if kind else g & h
                        if cost[table] > k:
                            for flip in range(2):
                                t = table ^ (65535 * flip)
                                cost[t] = k
                                parts[t, 0], parts[t, 1], parts[t, 2] = g, h, 2 * kind + flip
                                order[count] = t
                                count += 1
        ends[k + 1] = count


@inner
def _node(
    table: int, a: int, b: int, nodes: NDArray[np.int8], tables: NDArray[np.int64], n: int
) -> tuple[int, int]:
    """Return (literal, node count) of an AND, equal nodes being made once."""
    for k in range(n):
        if tables[k] == table:
            return 2 * (4 + k), n
        if tables[k] == 65535 - table:
            return 2 * (4 + k) + 1, n
    nodes[n, 0], nodes[n, 1], tables[n] = a, b, table
    return 2 * (4 + n), n + 1


@kernel
def _programs(
    parts: NDArray[np.int64],
    order: NDArray[np.int64],
    size: NDArray[np.int8],
    nodes: NDArray[np.int8],
    output: NDArray[np.int8],
    tables: NDArray[np.int64],
    own: NDArray[np.int8],
    own_tables: NDArray[np.int64],
    moved: NDArray[np.int64],
) -> None:
    """Join the structures of the two parts of every function in `order`."""
    largest = nodes.shape[1]
    for table in order:
        g, h, kind = parts[table, 0], parts[table, 1], parts[table, 2]
        n = np.int64(size[g])
        for k in range(n):
            own[k, 0], own[k, 1], own_tables[k] = nodes[g, k, 0], nodes[g, k, 1], tables[g, k]
        for k in range(4):
            moved[k] = 2 * k
        for k in range(np.int64(size[h])):
            p, q = np.int64(nodes[h, k, 0]), np.int64(nodes[h, k, 1])
            a, b = moved[p >> 1] ^ (p & 1), moved[q >> 1] ^ (q & 1)
            moved[4 + k], n = _node(tables[h, k], a, b, own, own_tables, n)
        q = np.int64(output[h])
        a, b = np.int64(output[g]), moved[q >> 1] ^ (q & 1)
        out, n = _node(g & h, a, b, own, own_tables, n)
        if kind >= 2:
            none, n = _node((65535 - g) & (65535 - h), a ^ 1, b ^ 1, own, own_tables, n)
            out, n = _node(g ^ h, out ^ 1, none ^ 1, own, own_tables, n)
        if n <= largest:
            for k in range(n):
                nodes[table, k, 0], nodes[table, k, 1] = own[k, 0], own[k, 1]
                tables[table, k] = own_tables[k]
            size[table], output[table] = n, out ^ (kind & 1)


@cache
def structures() -> Structures:
    """Return the table; about 0.1 s on first use in a process."""
    trivial = np.concatenate([VARIABLES, 65535 - VARIABLES])
    cost = np.full(65536, 127, np.int8)
    cost[trivial], cost[[0, 65535]] = 0, 0
    parts, order = np.zeros((65536, 3), np.int64), np.zeros(65536, np.int64)
    order[:8] = trivial
    ends = np.zeros(MAX_NODES + 2, np.int64)
    ends[1] = 8
    _search(MAX_NODES, 8, cost, parts, order, ends)
    size, output = np.full(65536, 127, np.int8), np.full(65536, -1, np.int8)
    nodes = np.zeros((65536, MAX_NODES, 2), np.int8)
    size[trivial], size[[0, 65535]], output[65535] = 0, 0, -2
    output[trivial] = [0, 2, 4, 6, 1, 3, 5, 7]
    _programs(
        parts,
        order[8 : ends[-1]].copy(),
        size,
        nodes,
        output,
        np.zeros((65536, MAX_NODES), np.int64),
        np.zeros((3 * MAX_NODES, 2), np.int8),
        np.zeros(3 * MAX_NODES, np.int64),
        np.zeros(4 + MAX_NODES, np.int64),
    )
    return Structures(size, nodes, output)
