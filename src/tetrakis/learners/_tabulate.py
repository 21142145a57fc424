"""Compositions as table networks: every constituent is looked up under the bits of what it reads.

Ours. What a constituent hands on becomes a code of a few bits, so that its size no longer depends
on how many relus it has.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tetrakis.encoding import Decision, Encoding
from tetrakis.graphs import BaseGraph, Lift
from tetrakis.learners._codes import (
    Code,
    all_levels,
    input_codes,
    lloyd,
    means,
    places,
    reflected,
)
from tetrakis.learners._shift import values_from
from tetrakis.network import MOST_PINS, FixedPointResNet, TableBlock

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]
Node = tuple[str, int]
Reads = dict[str, list[Node]]
Pins = list[tuple[int, int]]


def tabulated(
    lift: Lift, reads: Reads, exact: dict[str, Floats], codes: Longs, encoding: Encoding, *,
    decision: Decision, input_bits: int, value_bits: int, grains: Sequence[int],
) -> list[FixedPointResNet]:  # fmt: skip
    """Build the table networks of a lift whose constituents read few bits each.

    A constituent is what relus make of inputs and of other constituents' numbers (identities). It
    hands on a code of a Lloyd quantiser, reflected (one bit changes from level to level: a fifth
    fewer AND nodes), which stands for the mean of its rows.

    Parameters
    ----------
    lift : Lift
    reads : dict from constituent to list of nodes
        See `readings`.
    exact : dict from vertex name to ndarray, shape (copies, n)
        Values of all vertices on rows (`lift_values`).
    codes : ndarray of int, shape (n, n_words)
        Of the same rows.
    encoding : Encoding
    decision : {"words", "sign", "argmax"}
        For ``sign`` the output is 0 or −1.
    input_bits : int
        Leading bits that are read of every input.
    value_bits : int
        Of what a constituent hands on.
    grains : sequence of int
        One network for each: outputs are multiples of 2^grain, in the units of the lift.

    Returns
    -------
    list of FixedPointResNet
        Empty if a constituent would read more than 12 bits.
    """
    if _most_pins(lift, reads, encoding, input_bits, value_bits) > MOST_PINS:
        return []
    units = np.zeros((len(codes), lift.graph.n_inputs))
    for vertex in lift.graph.inputs:
        units[:, list(vertex.columns)] = exact[vertex.name].T
    columns = input_codes(encoding, codes, units, input_bits)
    made = _Tabulation(lift, exact, columns, len(encoding.inputs), value_bits)
    for name, sources in reads.items():
        made.add(name, sources)
    return [made.network(encoding, decision, grain) for grain in grains]


class _Tabulation:
    """Tables of the constituents so far, and the codes of what they hand on."""

    def __init__(
        self, lift: Lift, exact: dict[str, Floats], columns: dict[int, Code], start: int, bits: int
    ) -> None:  # fmt: skip
        self.lift, self.exact, self.bits = lift, exact, bits
        self.known: dict[Node, Code] = {
            (v.name, copy): columns[c]
            for v in lift.graph.inputs for copy, c in enumerate(v.columns)
        }  # fmt: skip
        self.stream, self.level = start, dict[str, int]()
        self.units: list[tuple[int, Pins, Longs, int]] = []
        self.outputs: dict[Node, tuple[int, Pins, Floats, int]] = {}

    def add(self, name: str, sources: list[Node]) -> None:
        """Look a constituent up under the codes of what it reads."""
        read = [self.known[node] for node in sources]
        pins = [pin for code in read for pin in code.pins]
        level = max([0, *(self.level[s] + 1 for s, _ in sources if s in self.level)])
        self.level[name] = level
        for copy, table in enumerate(_tables(self.lift, name, sources, read)):
            if self.lift.graph.by_name[name].kind == "output":
                self.outputs[name, copy] = (level, pins, table, self.stream)
            else:
                entries = self._coded(name, copy, table, places(read))
                self.units.append((level, pins, entries, self.stream))
            self.stream += 1

    def _coded(self, name: str, copy: int, table: Floats, rows: Longs) -> Longs:
        entries, levels = lloyd(table, rows, self.bits)
        levels = means(entries[rows], self.exact[name][copy], levels)
        entries, levels = reflected(entries, levels)
        pins = tuple((self.stream, bit) for bit in range(self.bits))
        self.known[name, copy] = Code(pins, levels, entries[rows])
        return entries

    def network(self, encoding: Encoding, decision: Decision, grain: int) -> FixedPointResNet:
        """Put the tables together, a block for each level."""
        units = [
            *self.units,
            *((level, pins, _grains(table, grain, decision), place)
              for level, pins, table, place in self.outputs.values()),
        ]  # fmt: skip
        blocks = tuple(
            TableBlock.of([(p, e, {place: 1}) for at, p, e, place in units if at == level],
                          self.stream)
            for level in sorted({unit[0] for unit in units})
        )  # fmt: skip
        ends = [self.outputs[v.name, copy][3] for v in self.lift.graph.outputs
                for copy in range(v.size or 1)]  # fmt: skip
        read_out = (np.arange(self.stream) == np.array(ends)[:, None]).astype(np.int64)
        return FixedPointResNet(
            encoding.formats, np.eye(self.stream, len(encoding.inputs), dtype=np.int64), blocks,
            read_out, np.zeros(len(ends), np.int64), np.zeros(self.stream, np.int64),
            np.full(len(ends), grain, np.int64),
        )  # fmt: skip


def readings(lift: Lift) -> Reads:
    """List for every constituent the inputs and numbers that it reads, itself or by its relus."""
    graph = lift.graph
    through: dict[str, dict[Node, None]] = {}
    for name in graph.order:
        found: dict[Node, None] = {}
        for parent in graph.parents(name):
            if graph.by_name[parent].kind == "input" or _is_constituent(graph, parent):
                found |= {(parent, copy): None for copy in range(lift.counts[parent])}
            else:
                found |= through[parent]
        through[name] = found
    return {name: list(through[name]) for name in graph.order if _is_constituent(graph, name)}


def _most_pins(
    lift: Lift, reads: Reads, encoding: Encoding, input_bits: int, value_bits: int
) -> int:
    """Bits that the constituent of most bits reads."""
    bits = {(name, copy): value_bits for name in reads for copy in range(lift.counts[name])}
    words = {
        spec.index: len(word.bits)
        for spec, word in zip(encoding.columns, encoding.inputs, strict=True)
    }
    for vertex in lift.graph.inputs:
        for copy, column in enumerate(vertex.columns):
            bits[vertex.name, copy] = min(words.get(column, 0), input_bits)
    return max(sum(bits[node] for node in sources) for sources in reads.values())


def _is_constituent(graph: BaseGraph, name: str) -> bool:
    vertex = graph.by_name[name]
    return vertex.kind == "output" or (vertex.kind == "hidden" and vertex.activation == "identity")


def _tables(lift: Lift, name: str, sources: list[Node], read: list[Code]) -> Floats:
    """Values of a constituent at all codes of what it reads, shape (copies, 2^pins)."""
    given: dict[str, list[Floats]] = {}
    for (source, _), levels in zip(sources, all_levels(read), strict=True):
        given.setdefault(source, []).append(levels)
    return values_from(lift, {source: np.stack(v) for source, v in given.items()}, name)


def _grains(table: Floats, grain: int, decision: Decision) -> Longs:
    if decision == "sign":
        return -(table < 0).astype(np.int64)
    return np.rint(np.ldexp(table, -grain)).astype(np.int64)
