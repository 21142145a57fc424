"""Other candidates, during training, for those that no wire is near to."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from tetrakis.training._table_plan import TablePlan
from tetrakis.training._table_wiring import Columns, usable

#: How far the logits of new candidates are behind the largest.
BEHIND = 3.0
UNTIL = 0.6


def due(plan: TablePlan, done: int, stride: int) -> bool:
    """Whether candidates are drawn anew after so many steps, `stride` of them since last asked."""
    if plan.candidates is None or not plan.redraw or done > UNTIL * plan.steps:
        return False
    return done // plan.redraw > (done - stride) // plan.redraw


def redrawn(
    carry: Any, seen: dict[str, NDArray[np.int32]], plan: TablePlan, columns: Columns, seed: int
) -> Any:
    """Change `seen` in place, and logits and their averages in what is returned."""
    rng = np.random.default_rng(seed)
    params, mean, square, key = carry
    states = [dict(part) for part in (params, mean, square)]
    for layer in range(len(plan.hidden) + 1):
        name = f"logits{layer}"
        logits, *averages = (np.array(part[name]) for part in states)
        top = logits.max(axis=-1, keepdims=True)
        out = _replace(logits - top, seen[f"seen{layer}"], usable(plan, columns, layer), plan, rng)
        logits = np.where(out, top - BEHIND, logits)
        for part, values in zip(states, (logits, *averages), strict=True):
            part[name] = jnp.asarray(values if values is logits else np.where(out, 0.0, values))
    return (*states, key)


def _replace(
    behind: NDArray, seen: NDArray[np.int32], columns: NDArray, plan: TablePlan, rng: Any
) -> NDArray[np.bool_]:
    """Draw anew what is far `behind` for all wires of a block; mark it for every wire."""
    units, few = behind.shape[1], seen.shape[2]
    block = np.arange(units) // plan.block
    starts = np.arange(0, units, plan.block)
    near = np.maximum.reduceat(behind.max(axis=2), starts, axis=1)
    out = (near < 0) & (near.argsort(axis=-1).argsort(axis=-1) < few // 2)
    for place in np.ndindex(out.shape[:2]):
        others = rng.permutation(np.setdiff1d(columns, seen[place]))
        slots = np.flatnonzero(out[place])
        out[place][slots[len(others) :]] = False
        slots = slots[: len(others)]
        seen[place][slots] = others[: len(slots)]
    return out[:, block][:, :, None]
