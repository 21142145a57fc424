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

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tetrakis.circuit._cuts import CUTS, Ints, make_cuts
from tetrakis.circuit._structures import Structures


@njit(cache=True)
def _slot(table: Ints, left: Ints, right: Ints, a: int, b: int) -> int:
    """Position of the gate (a, b), a > b, in the hash table, or of a free place."""
    mask = table.shape[0] - 1
    key = (np.int64(a) * 0x9E3779B1 + np.int64(b) * 0x85EBCA6B) & 0x7FFFFFFFFFFFFFFF
    place = (key ^ (key >> 15)) & mask
    while table[place] and (left[table[place]] != a or right[table[place]] != b):
        place = (place + 1) & mask
    return place


@njit(cache=True)
def _lookup(table: Ints, left: Ints, right: Ints, a: int, b: int) -> int:
    """Literal of a AND b if it needs no new gate, else -1."""
    if a < b:
        a, b = b, a
    if b == 0 or a ^ b == 1:
        return 0
    if b == 1 or a == b:
        return a
    found = table[_slot(table, left, right, a, b)]
    return 2 * found if found else -1


@njit(cache=True)
def _release(node: int, left: Ints, right: Ints, refs: Ints, first: int, stack: Ints) -> int:
    """Drop the references a node makes; count the gates that nothing needs any more."""
    stack[0], height, count = node, 1, 0
    while height:
        height -= 1
        u = stack[height]
        count += 1
        for w in (left[u] >> 1, right[u] >> 1):
            refs[w] -= 1
            if refs[w] == 0 and w >= first:
                stack[height] = w
                height += 1
    return count


@njit(cache=True)
def _hold(node: int, left: Ints, right: Ints, refs: Ints, first: int, stack: Ints) -> int:
    """Undo `_release`; count the gates that came to life."""
    stack[0], height, count = node, 1, 0
    while height:
        height -= 1
        u = stack[height]
        count += 1
        for w in (left[u] >> 1, right[u] >> 1):
            if refs[w] == 0 and w >= first:
                stack[height] = w
                height += 1
            refs[w] += 1
    return count


@njit(cache=True)
def _dry_run(
    cut: Ints,
    program: NDArray[np.int8],
    size: int,
    table: Ints,
    left: Ints,
    right: Ints,
    refs: Ints,
    first: int,
) -> int:
    """Estimate how many gates a structure adds: missing or dead ones."""
    values = np.empty(4 + size, np.int64)
    for k in range(4):
        values[k] = 2 * cut[k]
    cost = 0
    for k in range(size):
        a, b = values[program[k, 0] >> 1], values[program[k, 1] >> 1]
        found = -1
        if a >= 0 and b >= 0:
            found = _lookup(table, left, right, a ^ (program[k, 0] & 1), b ^ (program[k, 1] & 1))
        if found < 0 or (found >> 1 >= first and refs[found >> 1] == 0):
            cost += 1
        values[4 + k] = found
    return cost


@njit(cache=True)
def _resolve(moved: Ints, literal: int) -> int:
    return moved[literal >> 1] ^ (literal & 1)


@njit(cache=True)
def rewrite_pass(
    num_pis: int,
    fanins: Ints,
    outputs: Ints,
    sizes_of: NDArray[np.int8],
    programs: NDArray[np.int8],
    results: NDArray[np.int8],
    least_gain: int,
) -> tuple[Any, Any, Any]:
    """Visit every gate once; return fan-in arrays by variable and the outputs.

    New gates come after the old ones, so the arrays are not in topological order.
    """
    first, old = num_pis + 1, num_pis + 1 + fanins.shape[0]
    room = old + 2 * fanins.shape[0] + 64
    left, right = np.zeros(room, np.int32), np.zeros(room, np.int32)
    refs, stack = np.zeros(room, np.int32), np.zeros(room, np.int32)
    moved = (2 * np.arange(room)).astype(np.int32)
    leaves, cuts = np.zeros((room, CUTS, 4), np.int32), np.zeros((room, CUTS), np.int32)
    tables = np.zeros((room, CUTS), np.int32)
    width = 64
    while width < 2 * room:
        width *= 2
    table = np.zeros(width, np.int32)
    for v in range(1, first):
        leaves[v, 0, 0], cuts[v, 0], tables[v, 0] = v, 1, 0xAAAA
    for g in range(fanins.shape[0]):
        left[first + g], right[first + g] = fanins[g, 0], fanins[g, 1]
        refs[fanins[g, 0] >> 1] += 1
        refs[fanins[g, 1] >> 1] += 1
    for literal in outputs:
        refs[literal >> 1] += 1
    top = old
    for v in range(first, old):
        if refs[v] == 0:
            continue
        a, b = _resolve(moved, left[v]), _resolve(moved, right[v])
        a, b = max(a, b), min(a, b)
        left[v], right[v] = a, b
        target = _lookup(table, left, right, a, b)
        if target < 0:
            table[_slot(table, left, right, a, b)] = v
            make_cuts(v, a, b, leaves, cuts, tables)
            best_gain, best = least_gain - 1, -1
            uses, refs[v] = refs[v], 0
            for c in range(1, CUTS):
                size = cuts[v, c]
                if size == 0:
                    break
                alive = sizes_of[tables[v, c]] < 127
                for k in range(size):
                    leaf = leaves[v, c, k]
                    alive = alive and (leaf < first or refs[leaf] > 0)
                if not alive:
                    continue
                for k in range(size):
                    refs[leaves[v, c, k]] += 1
                gain = _release(v, left, right, refs, first, stack)
                gain -= _dry_run(
                    leaves[v, c],
                    programs[tables[v, c]],
                    sizes_of[tables[v, c]],
                    table,
                    left,
                    right,
                    refs,
                    first,
                )
                _hold(v, left, right, refs, first, stack)
                for k in range(size):
                    refs[leaves[v, c, k]] -= 1
                if gain > best_gain:
                    best_gain, best = gain, c
            refs[v] = uses
            if best < 0 or top + 8 >= room:
                continue
            function = tables[v, best]
            target = -1 - results[function]
            values = np.zeros(12, np.int64)
            for k in range(4):
                values[k] = 2 * leaves[v, best, k]
            for k in range(sizes_of[function]):
                x = values[programs[function, k, 0] >> 1] ^ (programs[function, k, 0] & 1)
                y = values[programs[function, k, 1] >> 1] ^ (programs[function, k, 1] & 1)
                found = _lookup(table, left, right, x, y)
                if found < 0:
                    left[top], right[top] = max(x, y), min(x, y)
                    table[_slot(table, left, right, left[top], right[top])] = top
                    make_cuts(top, left[top], right[top], leaves, cuts, tables)
                    found = 2 * top
                    top += 1
                values[4 + k] = found
            if results[function] >= 0:
                target = values[results[function] >> 1] ^ (results[function] & 1)
            if target >> 1 == v:
                continue
        w = target >> 1
        moved[v] = target
        if w >= first and refs[w] == 0:
            _hold(w, left, right, refs, first, stack)
        refs[w] += refs[v]
        refs[v] = 0
        _release(v, left, right, refs, first, stack)
    moved_outputs = np.empty(outputs.shape[0], np.int32)
    for k in range(outputs.shape[0]):
        moved_outputs[k] = _resolve(moved, outputs[k])
    return left[:top], right[:top], moved_outputs


@njit(cache=True)
def in_order(num_pis: int, left: Ints, right: Ints, outputs: Ints) -> tuple[Any, Any]:
    """Renumber the gates under the outputs in topological order."""
    first = num_pis + 1
    new = np.full(left.shape[0], -1, np.int32)
    for v in range(first):
        new[v] = v
    fanins = np.empty((left.shape[0] - first, 2), np.int32)
    stack = np.empty(2 * left.shape[0] + 2, np.int32)
    count = 0
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
                new[u] = first + count
                count += 1
                height -= 1
            else:
                if new[b >> 1] < 0:
                    stack[height] = b >> 1
                    height += 1
                if new[a >> 1] < 0:
                    stack[height] = a >> 1
                    height += 1
    moved = np.empty(outputs.shape[0], np.int32)
    for k in range(outputs.shape[0]):
        moved[k] = 2 * new[outputs[k] >> 1] + (outputs[k] & 1)
    return fanins[:count], moved


def rewrite(
    num_pis: int, fanins: Ints, outputs: Ints, library: Structures, *, least_gain: int
) -> tuple[Ints, Ints]:
    """Run one pass; return fan-ins in topological order and outputs.

    `least_gain` 0 also makes replacements of equal size, which opens new ones later.
    """
    left, right, moved = rewrite_pass(
        num_pis, fanins, outputs, library.size, library.nodes, library.output, least_gain
    )
    ordered, final = in_order(num_pis, left, right, moved)
    return ordered, final
