"""Cut rewriting in place: compiled kernels on flat arrays.

Nodes are visited in topological order. For each four-input cut the gates that only this node
needs (found by reference counting) are compared with a small structure of the cut's function,
existing gates being free; the best replacement is made.

References
----------
A. Mishchenko, S. Chatterjee, R. Brayton, DAG-aware AIG rewriting, DAC 2006; the table of
structures and the one-pass bookkeeping are ours.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tetrakis.circuit._cuts import CUTS, Ints, make_cuts
from tetrakis.circuit._kernels import inner, kernel
from tetrakis.circuit._structures import MAX_NODES, Structures


class Graph(NamedTuple):
    """Gates by variable, left fan-in larger, with reference counts and a hash table.

    `stack` is scratch; `moved` is the literal that a variable was replaced by.
    """

    left: Ints
    right: Ints
    refs: Ints
    stack: Ints
    table: Ints
    moved: Ints


class Cuts(NamedTuple):
    """Cuts of all variables (see `make_cuts`) and scratch."""

    leaves: Ints
    sizes: Ints
    tables: Ints
    union: Ints


@inner
def _slot(graph: Graph, a: int, b: int) -> int:
    """Position of the gate (a, b), a > b, in the hash table, or of a free place."""
    mask = graph.table.shape[0] - 1
    key = (a * 0x9E3779B1 + b * 0x85EBCA6B) & 0x7FFFFFFFFFFFFFFF
    place = (key ^ (key >> 15)) & mask
    found = graph.table[place]
    while found and (graph.left[found] != a or graph.right[found] != b):
        place = (place + 1) & mask
        found = graph.table[place]
    return place


@inner
def _lookup(graph: Graph, a: int, b: int) -> int:
    """Literal of a AND b if it needs no new gate, else -1."""
    if a < b:
        a, b = b, a
    if b == 0 or a ^ b == 1:
        return 0
    if b == 1 or a == b:
        return a
    found: Any = np.int64(graph.table[_slot(graph, a, b)])
    return 2 * found if found else -1


@inner
def _count(graph: Graph, node: int, first: int, step: int) -> int:
    """Drop (step -1) or restore (1) a node's references; count gates that die or revive."""
    graph.stack[0], height, count = node, 1, 0
    while height:
        height -= 1
        u = graph.stack[height]
        count += 1
        for side in range(2):
            w = (graph.right[u] if side else graph.left[u]) >> 1
            before = graph.refs[w]
            graph.refs[w] = before + step
            if before == (1 - step) >> 1 and w >= first:
                graph.stack[height] = w
                height += 1
    return count


@inner
def _dry_run(
    graph: Graph,
    cuts: Cuts,
    cut: int,
    library: Structures,
    values: NDArray[np.int64],
    first: int,
) -> int:
    """Estimate how many gates a structure adds: missing or dead ones."""
    for k in range(4):
        values[k] = 2 * cuts.leaves[cut, k]
    cost = 0
    function = cuts.tables[cut]
    for k in range(library.size[function]):
        p, q = np.int64(library.nodes[function, k, 0]), np.int64(library.nodes[function, k, 1])
        a, b = values[p >> 1], values[q >> 1]
        found = -1
        if a >= 0 and b >= 0:
            found = _lookup(graph, a ^ (p & 1), b ^ (q & 1))
        if found < 0 or (found >> 1 >= first and graph.refs[found >> 1] == 0):
            cost += 1
        values[4 + k] = found
    return cost


@inner
def _best_cut(
    graph: Graph,
    cuts: Cuts,
    v: int,
    library: Structures,
    values: NDArray[np.int64],
    first: int,
    least_gain: int,
) -> int:
    """Return the cut whose structure frees most gates, -1 if none frees `least_gain`."""
    best_gain, best = least_gain - 1, -1
    uses = graph.refs[v]
    graph.refs[v] = 0
    for cut in range(v * CUTS + 1, v * CUTS + CUTS):
        size = cuts.sizes[cut]
        if size == 0:
            break
        alive = library.size[cuts.tables[cut]] < 127
        for k in range(size):
            leaf = cuts.leaves[cut, k]
            alive = alive and (leaf < first or graph.refs[leaf] > 0)
        if not alive:
            continue
        for k in range(size):
            graph.refs[cuts.leaves[cut, k]] += 1
        gain = _count(graph, v, first, -1) - _dry_run(graph, cuts, cut, library, values, first)
        _count(graph, v, first, 1)
        for k in range(size):
            graph.refs[cuts.leaves[cut, k]] -= 1
        if gain > best_gain:
            best_gain, best = gain, cut
    graph.refs[v] = uses
    return best


@inner
def _insert(
    graph: Graph, cuts: Cuts, cut: int, library: Structures, values: NDArray[np.int64], top: int
) -> tuple[int, int]:
    """Make the structure of a cut from variable `top` on; return its literal and the new top."""
    function = cuts.tables[cut]
    for k in range(4):
        values[k] = 2 * cuts.leaves[cut, k]
    for k in range(library.size[function]):
        p, q = np.int64(library.nodes[function, k, 0]), np.int64(library.nodes[function, k, 1])
        x, y = values[p >> 1] ^ (p & 1), values[q >> 1] ^ (q & 1)
        found = _lookup(graph, x, y)
        if found < 0:
            graph.left[top], graph.right[top] = max(x, y), min(x, y)
            found = 2 * top
            graph.table[_slot(graph, max(x, y), min(x, y))] = top
            top += 1
        values[4 + k] = found
    output: Any = np.int64(library.output[function])
    return (values[output >> 1] ^ (output & 1) if output >= 0 else -1 - output), top


@kernel
def _rewrite_pass(
    first: int,
    old: int,
    graph: Graph,
    cuts: Cuts,
    library: Structures,
    values: NDArray[np.int64],
    least_gain: int,
) -> int:
    """Visit the gates ``first … old - 1`` once; return the end of the variables in use.

    New gates come after the old ones, so the arrays are not in topological order.
    """
    left, right, refs, moved = graph.left, graph.right, graph.refs, graph.moved
    top = old
    for v in range(first, old):
        if refs[v] == 0:
            continue
        a = np.int64(moved[left[v] >> 1] ^ (left[v] & 1))
        b = np.int64(moved[right[v] >> 1] ^ (right[v] & 1))
        left[v], right[v] = max(a, b), min(a, b)
        target = _lookup(graph, a, b)
        if target < 0:
            graph.table[_slot(graph, max(a, b), min(a, b))] = v
            make_cuts(v, a, b, cuts.leaves, cuts.sizes, cuts.tables, cuts.union)
            best = _best_cut(graph, cuts, v, library, values, first, least_gain)
            if best < 0 or top + 8 >= left.shape[0]:
                continue
            made = top
            target, top = _insert(graph, cuts, best, library, values, top)
            for u in range(made, top):
                a, b = np.int64(left[u]), np.int64(right[u])
                make_cuts(u, a, b, cuts.leaves, cuts.sizes, cuts.tables, cuts.union)
            if target >> 1 == v:
                continue
        w = target >> 1
        moved[v] = target
        if w >= first and refs[w] == 0:
            _count(graph, w, first, 1)
        refs[w] += refs[v]
        refs[v] = 0
        _count(graph, v, first, -1)
    return top


@kernel
def _in_order(graph: Graph, outputs: Ints, new: Ints, fanins: Ints) -> int:
    """Renumber the gates under the outputs in topological order; return their end.

    `new` holds the new variable, -1 for those without one yet.
    """
    left, right, stack = graph.left, graph.right, graph.stack
    count = 0
    end = new.shape[0] - fanins.shape[0]
    for literal in outputs:
        stack[0], height = literal >> 1, 1
        while height:
            u = stack[height - 1]
            if new[u] >= 0:
                height -= 1
                continue
            a, b = left[u], right[u]
            if new[a >> 1] >= 0 and new[b >> 1] >= 0:
                x, y = 2 * new[a >> 1] + (a & 1), 2 * new[b >> 1] + (b & 1)
                fanins[count, 0], fanins[count, 1] = max(x, y), min(x, y)
                new[u] = end + count
                count += 1
                height -= 1
                continue
            for w in (b >> 1, a >> 1):
                if new[w] < 0:
                    stack[height] = w
                    height += 1
    return count


def _state(num_pis: int, fanins: Ints, outputs: Ints) -> tuple[Graph, Cuts]:
    """Arrays for a pass, with room for the gates that it makes."""
    first, old = num_pis + 1, num_pis + 1 + len(fanins)
    room = old + 2 * len(fanins) + 64
    left, right, refs = (np.zeros(room, np.int32) for _ in range(3))
    left[first:old], right[first:old] = fanins[:, 0], fanins[:, 1]
    used = np.concatenate([fanins.ravel(), outputs]) >> 1
    refs[:old] = np.bincount(used, minlength=old)
    graph = Graph(
        left,
        right,
        refs,
        np.zeros(2 * room, np.int32),
        np.zeros(1 << (2 * room).bit_length(), np.int32),
        2 * np.arange(room, dtype=np.int32),
    )
    leaves = np.zeros((room * CUTS, 4), np.int32)
    sizes, tables = np.zeros(room * CUTS, np.int32), np.zeros(room * CUTS, np.int32)
    own = np.arange(1, first) * CUTS
    leaves[own, 0], sizes[own], tables[own] = np.arange(1, first), 1, 0xAAAA
    return graph, Cuts(leaves, sizes, tables, np.zeros(4, np.int32))


def rewrite(
    num_pis: int, fanins: Ints, outputs: Ints, library: Structures, *, least_gain: int
) -> tuple[Ints, Ints]:
    """Run one pass; return fan-ins in topological order and outputs.

    `least_gain` 0 also makes replacements of equal size, which opens new ones later.
    """
    first = num_pis + 1
    graph, cuts = _state(num_pis, fanins, outputs)
    values = np.zeros(4 + MAX_NODES, np.int64)
    old = first + len(fanins)
    top = _rewrite_pass(first, old, graph, cuts, library, values, least_gain)
    return in_order(first, top, graph, graph.moved[outputs >> 1] ^ (outputs & 1))


def in_order(first: int, top: int, graph: Graph, outputs: Ints) -> tuple[Ints, Ints]:
    """Return fan-ins of the gates under the outputs in topological order, and the outputs."""
    new = np.full(top, -1, np.int32)
    new[:first] = np.arange(first)
    ordered = np.empty((top - first, 2), np.int32)
    count = _in_order(graph, outputs, new, ordered)
    return ordered[:count].copy(), 2 * new[outputs >> 1] + (outputs & 1)
