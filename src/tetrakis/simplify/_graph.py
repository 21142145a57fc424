"""The circuit as the editor sees it: AND, XOR and OR nodes in topological order.

Variable 0 is constant false, then come the inputs, then the nodes; a literal is
``2 * variable + complement`` as in `Aig`. XORs are single nodes (they cost three ANDs), so that
an edit can make or undo one at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tetrakis.circuit._kernels import inner, kernel

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
AND, XOR, OR, LEAF, COPY = 0, 1, 2, 3, 4
COST = np.array([1, 3, 1, 0, 0], np.int64)


@dataclass(frozen=True, eq=False)
class Graph:
    """A circuit for editing; see the module's text for the numbering.

    Parameters
    ----------
    num_pis : int
    op : int32 array, (variables,)
        AND, XOR, OR, LEAF or COPY (reads one literal twice).
    left, right : int32 array, (variables,)
        Literals that a node reads.
    outputs : int32 array, (num_pos,)
    """

    num_pis: int
    op: Ints
    left: Ints
    right: Ints
    outputs: Ints

    @property
    def size(self) -> int:
        """AND nodes, before any that XORs share with other nodes are merged."""
        return int(COST[self.op].sum())


@inner
def _slot(table: Longs, keys: Longs, key: int) -> int:
    """Find the place of a key in an open hash table: empty, or holding it."""
    mask = table.shape[0] - 1
    place = ((key * 0x9E3779B97F4A7C1) >> 20) & mask
    while table[place] >= 0 and keys[place] != key:
        place = (place + 1) & mask
    return place


@inner
def _pair_of(op: Ints, left: Ints, right: Ints, a: int, b: int) -> bool:
    """Whether the inverted literals a, b are AND(x, y) and AND(not x, not y)."""
    if not (a & 1 and b & 1) or op[a >> 1] != AND or op[b >> 1] != AND:
        return False
    x, y, u, v = left[a >> 1], right[a >> 1], left[b >> 1], right[b >> 1]
    return (x ^ 1 == u and y ^ 1 == v) or (x ^ 1 == v and y ^ 1 == u)


@inner
def _node(
    kind: int, a: int, b: int, op: Ints, left: Ints, right: Ints, size: int, table: Longs,
    keys: Longs, xors: bool,
) -> tuple[int, int]:  # fmt: skip
    """Make a node of two literals unless none is needed; return (its literal, new size)."""
    flip = 0
    if kind == COPY:
        return a, size
    if kind == OR:
        kind, a, b, flip = AND, a ^ 1, b ^ 1, 1
    if kind == XOR:
        flip ^= (a ^ b) & 1
        a, b = a & ~1, b & ~1
    if a > b:
        a, b = b, a
    if kind == AND:
        if a < 2:
            return (b if a else 0) ^ flip, size
        if a >> 1 == b >> 1:
            return (a if a == b else 0) ^ flip, size
        if xors and _pair_of(op, left, right, a, b):
            x, y = left[a >> 1], right[a >> 1]
            flip ^= (x ^ y) & 1
            kind, a, b = XOR, min(x, y) & ~1, max(x, y) & ~1
    elif a < 2:
        return b ^ flip, size
    elif a == b:
        return flip, size
    key = (np.int64(kind) << 62) | (np.int64(a) << 31) | np.int64(b)
    place = _slot(table, keys, key)
    if table[place] < 0:
        table[place], keys[place] = size, key
        op[size], left[size], right[size] = kind, a, b
        size += 1
    return (np.int64(2) * table[place]) ^ flip, size


@kernel
def _hashed(
    num_pis: int, kinds: Ints, first: Ints, second: Ints, outputs: Ints, op: Ints, left: Ints,
    right: Ints, literal: Ints, table: Longs, keys: Longs,
) -> int:  # fmt: skip
    """Rebuild with structural hashing; `outputs` are rewritten; return the new size."""
    size = np.int64(num_pis + 1)
    for v in range(num_pis + 1):
        literal[v] = 2 * v
        op[v] = LEAF
    for v in range(num_pis + 1, kinds.shape[0]):
        a = np.int64(literal[first[v] >> 1] ^ (first[v] & 1))
        b = np.int64(literal[second[v] >> 1] ^ (second[v] & 1))
        made, size = _node(np.int64(kinds[v]), a, b, op, left, right, size, table, keys, True)
        literal[v] = made
    for k in range(outputs.shape[0]):
        outputs[k] = literal[outputs[k] >> 1] ^ (outputs[k] & 1)
    return size


@kernel
def _ordered(
    num_pis: int, op: Ints, left: Ints, right: Ints, outputs: Ints, random: Longs, waiting: Ints,
    start: Ints, readers: Ints, ready: Ints, order: Ints,
) -> int:  # fmt: skip
    """Write a random topological order of the nodes that outputs depend on; return their number."""
    n, first = op.shape[0], num_pis + 1
    for k in range(outputs.shape[0]):
        waiting[outputs[k] >> 1] = 1
    for v in range(n - 1, first - 1, -1):
        if waiting[v]:
            waiting[left[v] >> 1] = waiting[right[v] >> 1] = 1
    for v in range(first, n):
        if waiting[v]:
            for fanin in (left[v] >> 1, right[v] >> 1):
                if fanin >= first:
                    start[fanin + 1] += 1
    for v in range(n):
        start[v + 1] += start[v]
    for v in range(n - 1, first - 1, -1):
        if waiting[v]:
            for fanin in (left[v] >> 1, right[v] >> 1):
                if fanin >= first:
                    start[fanin] += 1
                    readers[start[fanin] - 1] = v
    # start[v] is now the end of v's readers; its beginning is the end of v - 1's
    count = 0
    for v in range(first, n):
        if waiting[v]:
            needs = (left[v] >> 1 >= first) + (right[v] >> 1 >= first)
            waiting[v] = 1 + needs
            if needs == 0:
                ready[count] = v
                count += 1
    done = 0
    while count:
        pick = random[done] % count
        v = ready[pick]
        count -= 1
        ready[pick] = ready[count]
        order[done] = v
        done += 1
        for e in range(start[v - 1] if v > 0 else 0, start[v]):
            waiting[readers[e]] -= 1
            if waiting[readers[e]] == 1:
                ready[count] = readers[e]
                count += 1
    return done


def rebuilt(graph: Graph, rng: np.random.Generator) -> Graph:
    """Hash equal nodes, drop what no output needs, and order the rest at random.

    Returns
    -------
    Graph
        Of AND and XOR nodes, each after what it reads.
    """
    n, first = len(graph.op), graph.num_pis + 1
    op, left, right, literal = np.zeros((4, n), np.int32)
    outputs = np.array(graph.outputs, np.int32)
    slots = 1 << int(np.ceil(np.log2(max(4 * n, 16))))
    size = _hashed(
        graph.num_pis, graph.op, graph.left, graph.right, outputs, op, left, right, literal,
        np.full(slots, -1, np.int64), np.zeros(slots, np.int64),
    )  # fmt: skip
    op, left, right = op[:size].copy(), left[:size].copy(), right[:size].copy()
    order = np.zeros(size, np.int32)
    count = _ordered(
        graph.num_pis, op, left, right, outputs, rng.integers(0, 2**62, size),
        np.zeros(size, np.int32), np.zeros(size + 1, np.int32), np.zeros(2 * size, np.int32),
        np.zeros(size, np.int32), order,
    )  # fmt: skip
    place = np.arange(size, dtype=np.int32)
    place[order[:count]] = np.arange(first, first + count, dtype=np.int32)
    kept = np.concatenate([np.arange(first, dtype=np.int32), order[:count]])

    def moved(literals: Ints) -> Ints:
        result: Ints = 2 * place[literals >> 1] + (literals & 1)
        return result

    return Graph(graph.num_pis, op[kept], moved(left[kept]), moved(right[kept]), moved(outputs))


def with_copies(graph: Graph, edges: NDArray[np.int64]) -> Graph:
    """Put a copy of what is read on some edges: places where edits can add a node.

    Parameters
    ----------
    edges : int64 array
        Edge ``2 * v`` is what node v reads left, ``2 * v + 1`` right; rising, of nodes only.
    """
    n = len(graph.op)
    reader = edges >> 1
    before = np.searchsorted(reader, np.arange(n), side="right")  # copies up to node v
    place = (np.arange(n) + before).astype(np.int32)
    own = (place[reader] - 1 - np.arange(len(edges)) + np.searchsorted(reader, reader)).astype(
        np.int32
    )
    op, left, right = (np.zeros(n + len(edges), np.int32) for _ in range(3))
    op[place] = graph.op

    def moved(literals: Ints) -> Ints:
        result: Ints = 2 * place[literals >> 1] + (literals & 1)
        return result

    left[place], right[place] = moved(graph.left), moved(graph.right)
    for side, column in ((0, left), (1, right)):
        here = (edges & 1) == side
        source = (graph.left, graph.right)[side][reader[here]]
        op[own[here]] = COPY
        left[own[here]] = right[own[here]] = 2 * place[source >> 1]
        column[place[reader[here]]] = 2 * own[here] + (source & 1)
    return Graph(graph.num_pis, op, left, right, moved(graph.outputs))
