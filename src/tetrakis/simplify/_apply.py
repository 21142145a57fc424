"""Accepting edits, each re-simulated exactly on the circuit as it is by then."""

from __future__ import annotations

import numpy as np

from tetrakis.circuit._kernels import inner, kernel
from tetrakis.simplify._cones import gain_of, release
from tetrakis.simplify._graph import LEAF, Ints, Longs
from tetrakis.simplify._signals import (
    Floats,
    Words,
    _changed_loss,
    _evaluate,
    _spread,
)


@inner
def try_edit(
    node: int, kind: int, u: int, v: int, op: Ints, left: Ints, right: Ints, outputs: Ints,
    signed: bool, loss_kind: int, values: Words, trial: Words, dirty: Ints, alive: Ints,
    low: Floats, high: Floats, weight: Floats, loss: Floats, rows: Ints, deltas: Floats,
    codes: Longs,
) -> tuple[float, int]:  # fmt: skip
    """Simulate an edit into `trial`; return the change of loss and the number of rows touched."""
    width = values.shape[1]
    if kind == LEAF:
        flip = ~np.uint64(0) if v & 1 else np.uint64(0)
        for w in range(width):
            trial[node, w] = values[v >> 1, w] ^ flip
    else:
        _evaluate(kind, u, v, values[u >> 1], values[v >> 1], trial[node], width)
    change = np.uint64(0)
    for w in range(width):
        change |= trial[node, w] ^ values[node, w]
    if change == 0:
        dirty[node] = 0
        return 0.0, -1
    dirty[node] = 1
    _spread(node, op, left, right, values, trial, dirty, alive, op.shape[0] - 1)
    count = _changed_loss(
        node, outputs, signed, loss_kind, values, trial, dirty, low, high, weight, loss, rows,
        deltas, codes,
    )  # fmt: skip
    total = 0.0
    for i in range(count):
        total += deltas[i]
    return total, count


@inner
def _redirect(
    node: int, literal: int, op: Ints, left: Ints, right: Ints, outputs: Ints, refs: Ints
) -> None:
    """Let everything that reads a node read a literal instead."""
    for m in range(node + 1, op.shape[0]):
        if op[m] == LEAF or refs[m] == 0:
            continue
        if left[m] >> 1 == node:
            left[m] = literal ^ (left[m] & 1)
            refs[literal >> 1] += 1
        if right[m] >> 1 == node:
            right[m] = literal ^ (right[m] & 1)
            refs[literal >> 1] += 1
    for k in range(outputs.shape[0]):
        if outputs[k] >> 1 == node:
            outputs[k] = literal ^ (outputs[k] & 1)
            refs[literal >> 1] += 1


@inner
def _commit(
    node: int, kind: int, u: int, v: int, op: Ints, left: Ints, right: Ints, outputs: Ints,
    refs: Ints, stack: Ints,
) -> None:  # fmt: skip
    """Change the circuit; `refs` stay exact and are 0 for nodes that are gone."""
    if kind == LEAF:
        _redirect(node, v, op, left, right, outputs, refs)
        refs[node] = 0
        release(node, op, left, right, refs, stack)
        return
    refs[u >> 1] += 1
    refs[v >> 1] += 1
    release(node, op, left, right, refs, stack)
    op[node], left[node], right[node] = kind, u, v


@inner
def _keep_trial(
    node: int, kind: int, outputs: Ints, values: Words, trial: Words, dirty: Ints, last: int,
    count: int, rows: Ints, deltas: Floats, codes: Longs, loss: Floats,
) -> None:  # fmt: skip
    """Make the simulated values, row losses the present ones."""
    for m in range(node, last + 1):
        if dirty[m] and not (m == node and kind == LEAF):
            for w in range(values.shape[1]):
                values[m, w] = trial[m, w]
    for i in range(count):
        loss[rows[i]] += deltas[i]


@kernel
def apply_edits(
    found: Longs, least: int, most_gain: int, most: int, price: float, cap: float, room: float,
    slack: float, op: Ints, left: Ints, right: Ints, outputs: Ints, signed: bool, loss_kind: int,
    refs: Ints, values: Words, trial: Words, low: Floats, high: Floats, weight: Floats,
    loss: Floats, int_nodes: Ints, rows: Ints, deltas: Floats, codes: Longs, log: Floats,
) -> int:  # fmt: skip
    """Accept edits in the given order while their true change of loss is worth what they free.

    Changes of loss within `slack` count as none.

    Returns
    -------
    int
        Number accepted; `log` lists (place in `found`, change of loss, AND nodes saved).
    """
    stack, dirty = int_nodes[2], int_nodes[5]
    saved = accepted = 0
    total = 0.0
    for index in range(found.shape[0]):
        node, kind, u, v = found[index, 0], found[index, 1], found[index, 2], found[index, 3]
        if refs[node] == 0 or (op[v >> 1] != LEAF and refs[v >> 1] == 0):
            continue
        if kind != LEAF and op[u >> 1] != LEAF and refs[u >> 1] == 0:
            continue
        gain = gain_of(node, kind, u, v, op, left, right, refs, stack)
        if gain < least:
            continue
        change, count = try_edit(
            node, kind, u, v, op, left, right, outputs, signed, loss_kind, values, trial, dirty,
            refs, low, high, weight, loss, rows, deltas, codes,
        )  # fmt: skip
        if (
            total + change > room
            or change > min(cap, price * gain) + slack
            or (gain <= 0 and change >= -slack)
        ):
            continue
        if count >= 0:
            _keep_trial(
                node, kind, outputs, values, trial, dirty, op.shape[0] - 1, count, rows, deltas,
                codes, loss,
            )  # fmt: skip
        _commit(node, kind, u, v, op, left, right, outputs, refs, stack)
        log[accepted, 0], log[accepted, 1], log[accepted, 2] = index, change, gain
        accepted += 1
        saved += gain
        total += change
        if saved >= most_gain or accepted >= most:
            break
    return accepted
