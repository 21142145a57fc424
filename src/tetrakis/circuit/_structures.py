"""Small AND-inverter structures for functions of four inputs (ours).

A function is a 16-bit truth table. Structures are found by dynamic programming over AND and
XOR of smaller ones; their size is an upper bound of the function's, exact for most.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

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


@njit(cache=True)
def _search(variables: NDArray[np.int64], largest: int) -> tuple[Any, Any, Any]:
    cost = np.full(65536, 127, np.int8)
    parts = np.zeros((65536, 3), np.int64)
    order = np.empty(65536, np.int64)
    ends = np.zeros(largest + 2, np.int64)
    count = 0
    for variable in variables:
        for table in (variable, 65535 - variable):
            cost[table] = 0
            order[count] = table
            count += 1
    cost[0] = 0
    cost[65535] = 0
    ends[1] = count
    for k in range(1, largest + 1):
        for extra in (1, 3):
            for i in range((k - extra) // 2 + 1):
                j = k - extra - i
                if j < i or j < 0:
                    continue
                for x in range(ends[i], ends[i + 1]):
                    for y in range(ends[j], ends[j + 1]):
                        g, h = order[x], order[y]
                        table = g & h if extra == 1 else g ^ h
                        if cost[table] > k:
                            for t in (table, 65535 - table):
                                cost[t] = k
                                parts[t, 0], parts[t, 1] = g, h
                                parts[t, 2] = 2 * (extra == 3) + (t != table)
                                order[count] = t
                                count += 1
        ends[k + 1] = count
    return parts, order[:count], cost


@njit(cache=True)
def _node(
    table: int, a: Any, b: Any, nodes: NDArray[np.int8], tables: NDArray[np.int64], n: int
) -> tuple[int, int]:
    """Return (literal, node count) of an AND, equal nodes being made once."""
    for k in range(n):
        if tables[k] == table:
            return 2 * (4 + k), n
        if tables[k] == 65535 - table:
            return 2 * (4 + k) + 1, n
    nodes[n, 0], nodes[n, 1], tables[n] = a, b, table
    return 2 * (4 + n), n + 1


@njit(cache=True)
def _programs(
    parts: NDArray[np.int64], order: NDArray[np.int64], variables: NDArray[np.int64], largest: int
) -> tuple[Any, Any, Any]:
    size = np.full(65536, 127, np.int8)
    nodes = np.zeros((65536, largest, 2), np.int8)
    tables = np.zeros((65536, largest), np.int64)
    output = np.full(65536, -1, np.int8)
    size[0], size[65535] = 0, 0
    output[65535] = -2
    for v in range(4):
        for flip in range(2):
            size[variables[v] ^ (65535 * flip)] = 0
            output[variables[v] ^ (65535 * flip)] = 2 * v + flip
    own, own_tables = np.zeros((3 * largest, 2), np.int8), np.zeros(3 * largest, np.int64)
    moved = np.zeros(largest + 4, np.int64)
    for table in order[8:]:
        g, h, kind = parts[table]
        n = size[g]
        own[:n], own_tables[:n] = nodes[g, :n], tables[g, :n]
        moved[:4] = 2 * np.arange(4)
        for k in range(size[h]):
            a = moved[nodes[h, k, 0] >> 1] ^ (nodes[h, k, 0] & 1)
            b = moved[nodes[h, k, 1] >> 1] ^ (nodes[h, k, 1] & 1)
            moved[4 + k], n = _node(tables[h, k], a, b, own, own_tables, n)
        a, b = np.int64(output[g]), moved[output[h] >> 1] ^ (output[h] & 1)
        if kind < 2:
            out, n = _node(g & h, a, b, own, own_tables, n)
        else:
            p, n = _node(g & h, a, b, own, own_tables, n)
            q, n = _node((65535 - g) & (65535 - h), a ^ 1, b ^ 1, own, own_tables, n)
            out, n = _node(g ^ h, p ^ 1, q ^ 1, own, own_tables, n)
        if n <= largest:
            nodes[table, :n], tables[table, :n] = own[:n], own_tables[:n]
            size[table], output[table] = n, out ^ (kind & 1)
    return size, nodes, output


@cache
def structures() -> Structures:
    """Return the table; about 0.1 s on first use in a process."""
    parts, order, _ = _search(VARIABLES, MAX_NODES)
    return Structures(*_programs(parts, order, VARIABLES, MAX_NODES))
