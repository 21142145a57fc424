"""Train table networks: wires by straight-through argmax, tables by finite differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tetrakis.errors import DataError
from tetrakis.training._table_loop import CHUNK, ROWS_SCORED, compiled
from tetrakis.training._table_plan import TableLayers, TablePlan, TrainedTables
from tetrakis.training._table_redraw import due, redrawn
from tetrakis.training._table_state import layers_of, with_starts
from tetrakis.training._table_wiring import Columns, draw, fitting


def train_tables(
    X: np.ndarray,
    target: np.ndarray,
    plan: TablePlan,
    *,
    penalties: Sequence[float],
    seed: int = 0,
    held: np.ndarray | None = None,
    starts: Sequence[TableLayers | None] = (),
    check: int = 500,
    progress: Callable[[float], None] | None = None,
) -> list[TrainedTables]:
    """Train one table network for each penalty, all at once.

    Parameters
    ----------
    X : ndarray of uint8, shape (n, n_candidates)
        Bits that wires may read.
    target : ndarray, shape (n,)
        Standardised values, 0/1, or class indices, as the plan's loss wants.
    plan : TablePlan
    penalties : sequence of float
        Weights of the pin penalty; repeat one for restarts.
    seed : int
    held : ndarray of bool, shape (n,), optional
        Rows not trained on; the best state of the last third, checked every `check` steps, on
        these rows is returned.
    starts : sequence of TableLayers or None
        For the first networks: wires and tables to start from.
    progress : callable, optional

    Returns
    -------
    list of TrainedTables

    Raises
    ------
    DataError
        If a number isn't finite, shapes differ, no row is left to train on, or there is no
        candidate.

    References
    ----------
    Straight-through argmax over a softmax and finite differences over table entries are the
    field's; the pin penalty and its combination with integer tables are ours.
    """
    _check(X, target, held)
    rows = np.arange(len(X)) if held is None else np.flatnonzero(~held)
    plan = fitting(plan, X.shape[1])
    _, advance, score = compiled(replace(plan, steps=1))
    columns = X.shape[1], 64 * -(-X.shape[1] // 64)
    data = (
        jnp.asarray(_round(X, columns[1])),
        jnp.asarray(_rounded_rows(target), jnp.float32),
    )
    carry, seen = _begin(plan, columns, starts, seed, len(penalties))
    jobs = {"penalty": jnp.asarray(penalties, jnp.float32), **jax.tree.map(jnp.asarray, seen)}
    judged = (*data, _listed(rows if held is None else np.flatnonzero(held)))
    best = {name: np.array(v) for name, v in carry[0].items()}
    best_loss = np.full(len(penalties), np.inf)
    chunks = -(-plan.steps // CHUNK)
    chosen = _listed(rows)
    for chunk in range(chunks):
        carry = advance(carry, jobs, (*data, chosen), float(chunk), float(plan.steps))
        if due(plan, (chunk + 1) * CHUNK, CHUNK):
            carry = redrawn(carry, seen, plan, columns, seed + chunk)
            jobs |= jax.tree.map(jnp.asarray, seen)
        last = chunk == chunks - 1
        early = held is not None and chunk > 0.67 * chunks and chunk % max(1, check // CHUNK) == 0
        if last or early:
            loss = np.asarray(score(carry[0], jobs, judged))
            better = loss < best_loss if held is not None else np.ones(len(loss), bool)
            state = {name: np.asarray(v) for name, v in carry[0].items()}
            best = {n: np.where(_like(better, v), v, best[n]) for n, v in state.items()}
            best_loss = np.where(better, loss, best_loss)
        if progress is not None:
            np.asarray(carry[0]["bias"])  # wait for it
            progress((chunk + 1) / chunks)
    return [
        TrainedTables(
            layers_of({n: v[i] for n, v in (best | seen).items()}, plan, columns),
            penalty,
            float(loss),
        )
        for i, (penalty, loss) in enumerate(zip(penalties, best_loss, strict=True))
    ]


def _begin(
    plan: TablePlan, columns: Columns, starts: Sequence[TableLayers | None], seed: int, count: int
) -> tuple[Any, dict[str, Any]]:
    """Draw networks, put given ones in their place; return Adam's state and the wires' choices."""
    start, _, _ = compiled(replace(plan, steps=1))
    keys = jax.random.split(jax.random.key(seed), 2 * count)
    drawn = start(keys[:count], 1.0 if plan.loss == "squared" else 2.0, columns[1])
    seen = draw(plan, columns, starts, seed, count)
    params = with_starts(drawn, starts, plan, columns, seen)
    moments = (jax.tree.map(jnp.zeros_like, params) for _ in range(2))
    return (params, *moments, keys[count:]), seen


def _up(count: int) -> int:
    """Round a number of rows up, so that similar tables share compiled code."""
    step = max(256, 2 ** int(np.log2(max(count, 1))) // 8)
    return -(-count // step) * step


def _rounded_rows(values: np.ndarray) -> np.ndarray:
    more = _up(len(values)) - len(values)
    return np.concatenate([values, np.zeros((more, *values.shape[1:]), values.dtype)])


def _round(X: np.ndarray, columns: int) -> np.ndarray:
    wide = np.zeros((_up(len(X)), columns), np.uint8)
    wide[: len(X), : X.shape[1]] = X
    return wide


def _like(mask: np.ndarray, array: np.ndarray) -> np.ndarray:
    return mask.reshape(-1, *[1] * (array.ndim - 1))


def _listed(rows: np.ndarray) -> tuple[Any, Any]:
    """Rows, repeated up to a round number that is a whole number of parts, and their count."""
    count = _up(len(rows))
    part = min(ROWS_SCORED, count)
    return jnp.asarray(np.resize(rows, -(-count // part) * part)), jnp.int32(len(rows))


def _check(X: np.ndarray, target: np.ndarray, held: np.ndarray | None) -> None:
    if X.ndim != 2 or target.shape != (len(X),) or (held is not None and len(held) != len(X)):
        raise DataError(
            f"expected bits (n, candidates) and n targets, got {X.shape} and {target.shape}."
        )
    if not X.shape[1]:
        raise DataError(
            "no input tells rows apart: every one is constant on the training rows.",
            remedy="Give columns that vary, or more input bits.",
        )
    if not np.isfinite(target).all():
        row = int(np.argmin(np.isfinite(target)))
        raise DataError(f"target: expected finite numbers, got {target[row]} in row {row}.")
    if not len(X) or (held is not None and held.all()):
        raise DataError("expected at least one row to train on.")
