"""From trained wires and tables to the shared representation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tetrakis.network import FixedPointFormat, FixedPointResNet, StreamBuilder, TableBlock
from tetrakis.training._table_plan import Candidates, TableLayers

Unit = tuple[list[tuple[int, int]], np.ndarray, dict[int, int]]


def to_table_network(
    layers: TableLayers, candidates: Candidates, inputs: Sequence[FixedPointFormat]
) -> FixedPointResNet:
    """Build the integer network of trained tables: comparators, then a table block per layer.

    Pins that make no difference to their table, units that nothing depends on and constant units
    are left out. An output's integer is worth 1; ``layers.step`` is the scale of all outputs.
    """
    stream = StreamBuilder(tuple(inputs))
    n_outputs = len(layers.bias)
    offset = np.array(layers.bias, np.int64)
    small = [
        [_small(wires[u], tables[u]) for u in range(len(wires))]
        for wires, tables in zip(layers.wires, layers.tables, strict=True)
    ]
    needed = _needed(small, len(candidates.word))
    outputs = [stream.new() for _ in range(n_outputs)]
    places: dict[int, int] = {}
    made: list[list[Unit]] = []
    count = len(candidates.word)
    for layer, units in enumerate(small):
        final = layer == len(small) - 1
        own: list[Unit] = []
        for u, (wires, table) in enumerate(units):
            if final and not len(wires):
                offset[u % n_outputs] += int(table[0])
                continue
            if not final and count + u not in needed:
                continue
            pins = [
                stream.test(int(candidates.word[w]), int(candidates.threshold[w]))
                if w < len(candidates.word)
                else (places[w], 0)
                for w in wires.tolist()
            ]
            target = outputs[u % n_outputs] if final else stream.new()
            places[count + u] = target
            own.append((pins, table, {target: 1}))
        count += len(units)
        made.append(own)
    blocks = [TableBlock.of(own, stream.width) for own in made if own]
    return stream.network(blocks, outputs, offset.tolist(), 0)


def _small(wires: np.ndarray, table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Join pins that read the same bit, and drop those that make no difference."""
    i = 0
    while i < len(wires):
        halves = table.reshape(-1, 2, 1 << i)
        twin = np.flatnonzero(wires[:i] == wires[i])
        if len(twin):  # keep the places where both pins agree
            low = np.arange(table.size // 2)
            bit = ((low >> twin[0]) & 1) << i
            table = table[(low >> i << (i + 1)) | bit | (low & ((1 << i) - 1))]
        elif (halves[:, 0] == halves[:, 1]).all():
            table = halves[:, 0].ravel()
        else:
            i += 1
            continue
        wires = np.delete(wires, i)
    return wires, table


def _needed(small: list[list[tuple[np.ndarray, np.ndarray]]], n_candidates: int) -> set[int]:
    """Hidden units, numbered after the candidates, that a path of wires leads from to an output."""
    starts = n_candidates + np.cumsum([0, *(len(units) for units in small)])
    needed: set[int] = set()
    for layer in range(len(small) - 1, -1, -1):
        for u, (wires, _) in enumerate(small[layer]):
            if layer == len(small) - 1 or int(starts[layer]) + u in needed:
                needed.update(w for w in wires.tolist() if w >= n_candidates)
    return needed
