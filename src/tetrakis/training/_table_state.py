"""Parameters of table networks from given wires and tables, and back to integers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from tetrakis.training._model import Params
from tetrakis.training._table_plan import TableLayers, TablePlan
from tetrakis.training._table_wiring import Columns, columns_of, padded, places_of, unpadded

#: Logit by which a given wire of a start is ahead of the others.
AHEAD = 3.0


def with_starts(
    params: Params, starts: Sequence[TableLayers | None], plan: TablePlan, columns: Columns,
    seen: dict[str, Any],
) -> Params:  # fmt: skip
    """Put given wires and tables in place of drawn ones, and shut the padding off."""
    made = {name: np.array(value) for name, value in params.items()}
    for layer in range(len(plan.hidden) + 1):
        if not seen:
            made[f"logits{layer}"][..., columns[0] : columns[1]] = -1e9
    for i, given in enumerate(starts):
        if given is None:
            continue
        for layer, (wires, tables) in enumerate(zip(given.wires, given.tables, strict=True)):
            units = len(wires)
            logits = made[f"logits{layer}"]
            logits[i, :units] *= 0.1
            own = seen[f"seen{layer}"][i] if seen else None
            places = places_of(padded(wires, columns), own, plan.block)
            unit, pin = np.nonzero(places >= 0)
            logits[i, unit, pin, places[unit, pin]] += AHEAD
            made[f"tables{layer}"][i, :units] = tables
            made[f"tables{layer}"][i, units:] *= 0.1
        made["bias"][i], made["log_step"][i] = given.bias, np.log(given.step)
    return {name: jnp.asarray(value) for name, value in made.items()}


def layers_of(params: dict[str, np.ndarray], plan: TablePlan, columns: Columns) -> TableLayers:
    """Read wires and integers of one network as the forward pass used them."""
    last, top = len(plan.hidden), 2.0 ** (plan.bits - 1)
    wires = []
    for layer in range(last + 1):
        places = params[f"logits{layer}"].argmax(axis=-1)
        own = columns_of(places, params.get(f"seen{layer}"), plan.block)
        wires.append(unpadded(own, columns))
    tables = [(params[f"tables{layer}"] > 0).astype(np.int64) for layer in range(last)]
    final = np.rint(np.clip(params[f"tables{last}"], -top, top - 1))
    return TableLayers(
        tuple(wires), (*tables, final.astype(np.int64)),
        np.rint(params["bias"]).astype(np.int64),
        float(np.exp(params["log_step"])),
    )  # fmt: skip
