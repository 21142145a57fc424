"""Decision trees and sums of trees as table units of a residual network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tetrakis.circuit._trees import DecisionTree
from tetrakis.errors import CircuitError
from tetrakis.network import (
    MOST_PINS,
    FixedPointFormat,
    FixedPointResNet,
    StreamBuilder,
    TableBlock,
)

Longs = NDArray[np.int64]
Pin = tuple[int, int]


def network_from_trees(
    inputs: Sequence[FixedPointFormat],
    trees: Sequence[DecisionTree],
    *,
    offset: Sequence[int] | None = None,
    most_pins: int = 6,
    output_exponent: int = 0,
) -> FixedPointResNet:
    """Return a network of comparators and tables that computes ``offset + sum of trees`` exactly.

    Tests are one-bit threshold units, shared by all trees. A tree becomes one table if it has at
    most `most_pins` tests; a larger one is cut, from the leaves up, into tables whose value later
    tables read bit by bit.

    Parameters
    ----------
    inputs : sequence of FixedPointFormat
        Of the codes that trees test.
    trees : sequence of DecisionTree
        All with the same number of outputs.
    offset : sequence of int, optional
        One for each output.
    most_pins : int
        From 3 to 12.
    output_exponent : int
        An output's integer is worth ``2**output_exponent``.

    Raises
    ------
    CircuitError
        If there is no tree, shapes differ, a feature doesn't exist, or `most_pins` is out of
        range.

    References
    ----------
    Ours.
    """
    inputs, count = tuple(inputs), {tree.value.shape[1] for tree in trees}
    if len(count) != 1:
        raise CircuitError("Expected at least one tree, all with the same number of outputs.")
    if not 3 <= most_pins <= MOST_PINS:
        raise CircuitError(f"most_pins: expected 3 to {MOST_PINS}, got {most_pins}.")
    (k,) = count
    total = [0] * k if offset is None else [int(c) for c in offset]
    if len(total) != k:
        raise CircuitError(f"The trees have {k} outputs, but {len(total)} offsets were given.")
    most = max(int(tree.feature[tree.left >= 0].max(initial=-1)) for tree in trees)
    if most >= len(inputs):
        raise CircuitError(f"A tree tests input {most}, but there are {len(inputs)}.")
    cutter = _Cutter(StreamBuilder(inputs), most_pins)
    outputs = [cutter.stream.new() for _ in range(k)]
    for tree in trees:
        for o in range(k):
            total[o] += cutter.add(tree, o, outputs[o])
    width = cutter.stream.width
    blocks = [TableBlock.of(units, width) for units in cutter.levels if units]
    return cutter.stream.network(blocks, outputs, total, output_exponent)


@dataclass
class _Piece:
    """A part of a tree that is one table: its pins, and what it is made of."""

    pins: tuple[Pin | int, ...]
    level: int
    test: Pin | None = None
    left: _Piece | None = None
    right: _Piece | None = None
    value: int = 0
    coordinate: int = -1

    def values(self, bit: int | None, pins: Sequence[Pin | int], places: Longs) -> Longs:
        """Return the value, or a bit of it, at all places of a table with these pins."""
        if self.coordinate >= 0:
            return places >> pins.index(self.coordinate) & 1
        if self.test is None or self.left is None or self.right is None:
            return places * 0 + (self.value if bit is None else self.value >> bit & 1)
        right = places >> pins.index(self.test) & 1 == 1
        return np.where(
            right, self.right.values(bit, pins, places), self.left.values(bit, pins, places)
        )


class _Cutter:
    """Cuts trees into tables; `levels` are the units of each block."""

    def __init__(self, stream: StreamBuilder, most_pins: int) -> None:
        self.stream, self.most_pins = stream, most_pins
        self.levels: list[list[tuple[list[Pin], Longs, dict[int, int]]]] = []

    def add(self, tree: DecisionTree, output: int, target: int) -> int:
        """Append the tables of one output of a tree; return the constant to add."""
        value = tree.value[:, output]
        leaves = value[tree.left < 0]
        least = int(leaves.min())
        bits = int(leaves.max() - least).bit_length()
        if not bits:
            return least
        pieces: dict[int, _Piece] = {}
        for node in reversed(tree.order()):
            if tree.left[node] < 0:
                pieces[node] = _Piece((), 0, value=int(value[node]) - least)
                continue
            test = self.stream.test(int(tree.feature[node]), int(tree.threshold[node]))
            left, right = (pieces.pop(int(side[node])) for side in (tree.left, tree.right))
            pieces[node] = self._joined(test, left, right, bits)
        self._close(pieces[0], bits, target)
        return least

    def _joined(self, test: Pin, left: _Piece, right: _Piece, bits: int) -> _Piece:
        """Join two parts under a test, closing parts until there are few pins."""
        plain = all(side.test is None and side.coordinate < 0 for side in (left, right))
        if plain and left.value == right.value:
            return left
        while True:
            pins = tuple(dict.fromkeys((test, *left.pins, *right.pins)))
            if len(pins) <= self.most_pins:
                level = max(left.level, right.level)
                return _Piece(pins, level, test, left, right)
            if len(left.pins) >= len(right.pins):
                left = self._closed(left, bits)
            else:
                right = self._closed(right, bits)

    def _closed(self, piece: _Piece, bits: int) -> _Piece:
        place = self.stream.new()
        self._close(piece, bits, place)
        return _Piece((place,), piece.level + 1, coordinate=place)

    def _close(self, piece: _Piece, bits: int, target: int) -> None:
        """Append the tables of a piece: one, or one for each bit if it reads other pieces."""
        while len(self.levels) <= piece.level:
            self.levels.append([])
        places = np.arange(1 << len(piece.pins))
        parts = any(isinstance(pin, int) for pin in piece.pins)
        for bit in range(bits) if parts else (None,):
            pins = [(pin, bit or 0) if isinstance(pin, int) else pin for pin in piece.pins]
            entries = piece.values(bit, piece.pins, places)
            self.levels[piece.level].append((pins, entries, {target: 1 << (bit or 0)}))
