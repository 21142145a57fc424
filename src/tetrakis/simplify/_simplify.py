"""Simplify a circuit under the loss of given rows, recording the whole size–loss path."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tetrakis.circuit import Aig, optimise, pack_rows
from tetrakis.errors import DataError
from tetrakis.simplify._aig_graph import graph_of
from tetrakis.simplify._engine import Editor, Rows
from tetrakis.simplify._graph import Graph
from tetrakis.simplify._loss import (
    RowLoss,
    classification_loss,
    contradictions,
    squared_loss,
)
from tetrakis.simplify._path import SimplificationPath
from tetrakis.simplify._recorder import PASSES, Progress, Recorder
from tetrakis.simplify._schedule import SAMPLE, Limits, Schedule
from tetrakis.simplify._signals import SQUARED

Bits = NDArray[np.bool_]
LARGE = 20_000
NOISE_UNITS = 24.0
DIGITS = 3
WORDS = 64
SCORE_BITS = 50


def simplify(
    aig: Aig,
    inputs: ArrayLike,
    targets: ArrayLike | RowLoss,
    *,
    loss: str = "classification",
    weights: ArrayLike | None = None,
    budget: float | None = None,
    guard: tuple[ArrayLike, ArrayLike | RowLoss] | None = None,
    seed: int = 0,
    schedule: Schedule | None = None,
    min_gates: int = 0,
    max_seconds: float | None = None,
    max_scored: float | None = None,
    progress: Progress | None = None,
) -> SimplificationPath:
    """Edit a circuit gate by gate while that costs little loss, from its size down to nothing.

    At a rising price per AND node, edits are accepted that free nodes and raise the loss by no
    more than the price of what they free; and nodes are added that lower it by more than theirs.
    Every edit's change of loss is computed exactly on all rows before it is accepted.

    Parameters
    ----------
    aig : Aig
        The start.
    inputs : array_like of bool, shape (rows, num_pis)
    targets : array_like, shape (rows,), or RowLoss
        Class numbers, or values in units of the two's complement output word.
    loss : {"classification", "squared"}
        Of `targets`, when that isn't a RowLoss.
    weights : array_like of float, shape (rows,), optional
    budget : float, optional
        Total loss that no circuit of the path exceeds; 0 keeps every row as good as can be.
    guard : (inputs, targets), optional
        Rows that the editor never reads; their loss is recorded for each point.
    seed : int
        Same seed, same path.
    schedule : Schedule, optional
    min_gates : int
        Stop at this size.
    max_seconds : float, optional
        Stop after so long; the path so far is returned.
    max_scored : float, optional
        Stop when rounds have scored the edits of so many AND nodes, all together: a limit of time
        that is the same on every machine (2,000 to 10,000 a second).
    progress : callable, optional
        Called after every round with AND nodes, loss and guard loss of the latest point.

    Returns
    -------
    SimplificationPath
        An interruption (Ctrl-C) returns the path so far.

    Raises
    ------
    DataError
        If shapes don't match, a class doesn't fit the outputs, or the start's loss exceeds the
        budget.

    References
    ----------
    Ours; the discrete half of [Jacot25]: least circuit size subject to fitting the data.

    Examples
    --------
    >>> from tetrakis.circuit import AigBuilder
    >>> builder = AigBuilder(2)
    >>> a, b = builder.input(0), builder.input(1)
    >>> aig = builder.build([builder.and_(a, b)])
    >>> path = simplify(aig, [[0, 0], [0, 1], [1, 1]], [0, 0, 1])
    >>> path.sizes.tolist(), path.losses.tolist()
    ([0], [0.0])
    """
    plan = schedule or Schedule()
    bits, wanted = _rows(aig, inputs, targets, loss, weights, "inputs")
    held = None if guard is None else _rows(aig, guard[0], guard[1], loss, None, "guard inputs")
    graph, rng = graph_of(aig), np.random.default_rng(seed)
    rows = _packed(bits, wanted, graph, plan)
    recorder = Recorder(aig, rows, None if held is None else _packed(*held, graph, plan), progress)
    start_loss = float(rows.losses(graph).sum())
    recorder.add(graph, start_loss, aig)
    _check_budget(start_loss, budget)
    limits = Limits(
        np.inf if max_seconds is None else time.monotonic() + max_seconds,
        np.inf if max_scored is None else max_scored, min_gates, budget,
    )  # fmt: skip
    finished, interrupted = False, False
    try:
        recorder.tell()
        begun = optimise(aig, max_passes=PASSES if aig.num_gates <= LARGE else 1)
        if begun.num_gates < aig.num_gates:
            graph = graph_of(begun)
            recorder.add(graph, start_loss, begun)
        finished = _edit(Editor(graph, rows, rng), plan, limits, recorder)
        recorder.polish()
    except KeyboardInterrupt:
        finished, interrupted = False, True
    known = contradictions(bits, wanted)
    return recorder.path(known, finished=finished, interrupted=interrupted)


def _check_budget(loss: float, budget: float | None) -> None:
    if budget is not None and not loss <= budget:
        raise DataError(
            f"The start's loss on the rows is {loss:g}, above the budget of {budget:g}.",
            remedy="Allow at least as much, or start from a circuit that fits better.",
        )


def _edit(editor: Editor, plan: Schedule, limits: Limits, recorder: Recorder) -> bool:
    """Run rounds at rising prices; return whether the schedule was run to its end."""
    budget = limits.budget
    unit = _unit(editor.rows)
    cap = max(unit, plan.cap * unit * np.count_nonzero(editor.rows.weight))
    price, left, stalls = 0.0, 0, 0
    while price <= plan.last_price * cap and editor.graph.size > limits.min_gates:
        if time.monotonic() > limits.deadline or recorder.scored >= limits.scored:
            return False
        size = editor.graph.size
        room = np.inf if budget is None else budget - editor.loss.sum()
        done = editor.round(
            price, min(cap, room), pool=plan.pool, share=plan.share, room=float(room)
        )
        recorder.rounds += 1
        recorder.scored += size
        loss = float(editor.loss.sum())
        if len(done.changes) and (budget is None or loss <= budget):
            recorder.add(editor.graph, loss)
        recorder.tell()
        if size - editor.graph.size > max(1, 0.005 * size):
            continue
        if left and price > 0 and editor.graph.size <= plan.grow_below:
            edges = max(96, len(editor.graph.op) // 3)
            recorder.scored += editor.graph.size
            added = editor.grow(price, pool=plan.pool, edges=edges, share=plan.share / 2)
            left = left - 1 if len(added.changes) else 0
            if len(added.changes):
                continue
        if budget is not None and price > budget:  # nothing is left to pay with
            stalls += editor.graph.size >= size
            if stalls > plan.patience:
                return True
            continue
        price, left = max(price * plan.growth, plan.first_price * unit), plan.cycles
    return True


def _unit(rows: Rows) -> float:
    """Loss of one row getting wrong; for squared error, that of the constant's error."""
    used = rows.weight > 0
    mean = float(rows.weight[used].mean()) if used.any() else 1.0
    return mean * (float(np.var(rows.low[used])) or 1.0) if rows.kind == SQUARED else mean


def _rows(
    aig: Aig, inputs: ArrayLike, targets: ArrayLike | RowLoss, loss: str,
    weights: ArrayLike | None, what: str,
) -> tuple[Bits, RowLoss]:  # fmt: skip
    bits = _bits(inputs, aig.num_pis, what)
    if not isinstance(targets, RowLoss):
        kinds = {"classification": classification_loss, "squared": squared_loss}
        if loss not in kinds:
            raise DataError(f"loss: expected one of {', '.join(kinds)}, got {loss!r}.")
        targets = kinds[loss](targets, weights)
    elif weights is not None:
        targets = replace(targets, weight=np.array(weights, np.float64))
    if len(targets.low) != len(bits):
        raise DataError(f"{what}: {len(bits)} rows, but {len(targets.low)} targets.")
    targets.check_outputs(aig)
    return bits, targets


def _bits(inputs: ArrayLike, num_pis: int, what: str) -> Bits:
    bits = np.asarray(inputs)
    if bits.ndim != 2 or bits.shape[1] != num_pis:
        raise DataError(
            f"{what}: expected rows of {num_pis} bits, the circuit's inputs, got an array of"
            f" shape {bits.shape}."
        )
    if not len(bits):
        raise DataError(f"{what}: there are no rows.", remedy="Give one row at least.")
    if bits.dtype != np.bool_:
        bad = np.argwhere((bits != 0) & (bits != 1))
        if len(bad):
            row, column = bad[0]
            raise DataError(
                f"{what}: expected 0 or 1 in row {row}, column {column}, got {bits[row, column]!r}."
            )
    return bits.astype(np.bool_)


def _packed(bits: Bits, loss: RowLoss, graph: Graph, plan: Schedule) -> Rows:
    """Pack rows; squared errors are scored in units of a share of the start's error."""
    words = pack_rows(bits)
    rows = Rows(words, loss.low, loss.high, loss.weight, loss.kind, loss.signed)
    if loss.kind == SQUARED:
        each = float(rows.losses(graph).mean()) or 1.0
        reach = 2.0 ** len(graph.outputs) + np.abs(loss.low).max()
        return replace(
            rows, scale=_scale(NOISE_UNITS / each, float(loss.weight.sum() * reach**2)),
            digits=DIGITS, sample=SAMPLE, words_scored=min(plan.rows // 64 or WORDS, WORDS),
        )  # fmt: skip
    whole = (loss.weight == np.rint(loss.weight)).all()
    wanted = 1.0 if whole else 64.0 / float(loss.weight.max())
    return replace(
        rows, scale=_scale(wanted, float(loss.weight.sum())), sample=plan.sample,
        words_scored=plan.rows // 64,
    )  # fmt: skip


def _scale(wanted: float, most: float) -> float:
    """Limit a scale so that scores up to `most` stay integers of `SCORE_BITS` bits."""
    return min(wanted, 2.0**SCORE_BITS / max(most, 1e-300))
