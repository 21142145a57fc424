"""Sizes of an integer network's file: what it consists of and what its parts cost."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from tetrakis.circuit import gate_prices
from tetrakis.measures import influence, num_bits, num_weights
from tetrakis.network import TableBlock
from tetrakis.pipeline._read_network import read_fixed_point


def measure_network(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Count units, tables, wires and bits of an integer network, and price them in AND nodes.

    Parameters
    ----------
    path : path
        A .npz or .json file, or a folder that `tetrakis compile` wrote.

    Returns
    -------
    dict
        ``gates_…`` are the prices of parts that share nothing (`circuit.gate_prices`);
        ``largest_influence`` is the most that one unit can move an output, in output units.
    """
    path = Path(path)
    fixed = read_fixed_point(path / "fixed_point.npz" if path.is_dir() else path)
    tables = [block for block in fixed.blocks if isinstance(block, TableBlock)]
    prices = gate_prices(fixed)
    reach = [units.max(initial=0.0) for units in influence(fixed).units]
    return {
        "inputs": fixed.n_inputs,
        "input_bits": sum(form.bits for form in fixed.inputs),
        "outputs": fixed.n_outputs,
        "blocks": len(fixed.blocks),
        "units": sum(block.width for block in fixed.blocks) - sum(t.width for t in tables),
        "tables": sum(table.width for table in tables),
        "table_wires": sum(len(table.pins) for table in tables),
        "table_entries": sum(len(table.entries) for table in tables),
        "num_weights": num_weights(fixed),
        "num_bits": num_bits(fixed),
        "gates_units": prices.units,
        "gates_tables": prices.tables,
        "gates_sums": prices.sums,
        "largest_influence": float(np.max(reach, initial=0.0)),
    }
