"""Which candidates a wire may choose among: all of them, or a few drawn for a block of tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tetrakis.training._table_plan import TableLayers, TablePlan

Ints = NDArray[np.int64]
#: Candidates without and with the padding; bits of hidden units follow the padding.
Columns = tuple[int, int]


def fitting(plan: TablePlan, n_candidates: int) -> TablePlan:
    """Drop the limit on candidates where there are no more than that."""
    few = plan.candidates is not None and plan.candidates >= n_candidates
    return replace(plan, candidates=None) if few else plan


def draw(
    plan: TablePlan, columns: Columns, starts: Sequence[TableLayers | None], seed: int, count: int
) -> dict[str, NDArray[np.int32]]:
    """Draw what the wires of every block see: ``seen{layer}`` of (count, blocks, candidates).

    Wires of a start are among them, as far as there is room. Empty if wires see everything.
    """
    if plan.candidates is None:
        return {}
    rng = np.random.default_rng(seed)
    found = {}
    for layer, units in enumerate((*plan.hidden, plan.units)):
        every = usable(plan, columns, layer)
        blocks = -(-units // plan.block)
        seen = np.empty((count, blocks, plan.candidates), np.int32)
        for i in range(count):
            start = starts[i] if i < len(starts) else None
            for b in range(blocks):
                wanted = np.zeros(0, np.int64)
                if start is not None:
                    own = start.wires[layer][b * plan.block : (b + 1) * plan.block]
                    wanted = np.unique(padded(own, columns))
                others = rng.permutation(np.setdiff1d(every, wanted))
                seen[i, b] = np.concatenate([wanted, others])[: plan.candidates]
        found[f"seen{layer}"] = seen
    return found


def usable(plan: TablePlan, columns: Columns, layer: int) -> Ints:
    """Columns that a layer may read, padding left out."""
    hidden = sum(plan.hidden[:layer])
    return np.concatenate([np.arange(columns[0]), columns[1] + np.arange(hidden)])


def padded(wires: Ints, columns: Columns) -> Ints:
    """Give columns their numbers with the padding between candidates and hidden bits."""
    return np.where(wires >= columns[0], wires + columns[1] - columns[0], wires)


def unpadded(places: Ints, columns: Columns) -> Ints:
    return np.where(places >= columns[1], places - columns[1] + columns[0], places)


def places_of(wires: Ints, seen: NDArray[np.int32] | None, block: int) -> Ints:
    """Find columns (units, pins) among those that their blocks see; −1 where they aren't."""
    if seen is None:
        return wires
    hit = seen[np.arange(len(wires)) // block][:, None, :] == wires[..., None]
    return np.where(hit.any(axis=-1), hit.argmax(axis=-1), -1)


def columns_of(places: Ints, seen: NDArray[np.int32] | None, block: int) -> Ints:
    """Columns that wires (units, pins) read, from their places among those seen."""
    if seen is None:
        return places
    return seen[np.arange(len(places))[:, None] // block, places].astype(np.int64)
