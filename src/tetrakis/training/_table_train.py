"""Train table networks: wires by straight-through argmax, tables by finite differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tetrakis.errors import DataError
from tetrakis.training._model import Params
from tetrakis.training._table_loop import CHUNK, compiled
from tetrakis.training._table_plan import TableLayers, TablePlan, TrainedTables

#: Logit by which a given wire of a start is ahead of the others.
AHEAD = 3.0
_SCORED = 4096


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
    plan = replace(plan, batch=min(plan.batch, max(32, len(rows))))
    start, advance, score = compiled(replace(plan, steps=1))
    data = jnp.asarray(X), jnp.asarray(target, jnp.float32)
    keys = jax.random.split(jax.random.key(seed), 2 * len(penalties))
    spread = 1.0 if plan.loss == "squared" else 2.0
    params = _with_starts(start(keys[: len(penalties)], spread, X.shape[1]), starts, plan)
    zeros = jax.tree.map(jnp.zeros_like, params)
    carry = (params, zeros, jax.tree.map(jnp.zeros_like, params), keys[len(penalties) :])
    jobs = {"penalty": jnp.asarray(penalties, jnp.float32)}
    judged = (*data, _padded(rows if held is None else np.flatnonzero(held)))
    best = {name: np.array(v) for name, v in params.items()}
    best_loss = np.full(len(penalties), np.inf)
    chunks = -(-plan.steps // CHUNK)
    for chunk in range(chunks):
        carry = advance(carry, jobs, (*data, jnp.asarray(rows)), float(chunk), float(plan.steps))
        last = chunk == chunks - 1
        early = held is not None and chunk > 0.67 * chunks and chunk % max(1, check // CHUNK) == 0
        if last or early:
            loss = np.asarray(score(carry[0], judged))
            better = loss < best_loss if held is not None else np.ones(len(loss), bool)
            state = {name: np.asarray(v) for name, v in carry[0].items()}
            best = {n: np.where(_like(better, v), v, best[n]) for n, v in state.items()}
            best_loss = np.where(better, loss, best_loss)
        if progress is not None:
            progress((chunk + 1) / chunks)
    return [
        TrainedTables(_layers({n: v[i] for n, v in best.items()}, plan), penalty, float(loss))
        for i, (penalty, loss) in enumerate(zip(penalties, best_loss, strict=True))
    ]


def _like(mask: np.ndarray, array: np.ndarray) -> np.ndarray:
    return mask.reshape(-1, *[1] * (array.ndim - 1))


def _padded(rows: np.ndarray) -> Any:
    """Repeat rows up to a whole number of parts that are scored at once."""
    part = min(_SCORED, len(rows))
    return jnp.asarray(np.resize(rows, -(-len(rows) // part) * part))


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


def _with_starts(
    params: Params, starts: Sequence[TableLayers | None], plan: TablePlan
) -> Params:  # fmt: skip
    made = {name: np.array(value) for name, value in params.items()}
    for i, given in enumerate(starts):
        if given is None:
            continue
        for layer, (wires, tables) in enumerate(zip(given.wires, given.tables, strict=True)):
            units = len(wires)
            unit, pin = np.indices(wires.shape)
            logits = made[f"logits{layer}"]
            logits[i, :units] *= 0.1
            logits[i, unit, pin, wires] += AHEAD
            made[f"tables{layer}"][i, :units] = tables
            made[f"tables{layer}"][i, units:] *= 0.1
        made["bias"][i], made["log_step"][i] = given.bias, np.log(given.step)
    return {name: jnp.asarray(value) for name, value in made.items()}


def _layers(params: dict[str, np.ndarray], plan: TablePlan) -> TableLayers:
    """Read wires and integers of one network as the forward pass used them."""
    last, top = len(plan.hidden), 2.0 ** (plan.bits - 1)
    wires = tuple(params[f"logits{layer}"].argmax(axis=-1) for layer in range(last + 1))
    tables = [(params[f"tables{layer}"] > 0).astype(np.int64) for layer in range(last)]
    final = np.rint(np.clip(params[f"tables{last}"], -top, top - 1))
    return TableLayers(
        wires, (*tables, final.astype(np.int64)),
        np.rint(params["bias"]).astype(np.int64),
        float(np.exp(params["log_step"])),
    )  # fmt: skip
