"""Table units as threshold units: the same integers without tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.sparse import csr_array

from tetrakis.network._fixed_block import FixedPointBlock
from tetrakis.network._table_block import TableBlock

if TYPE_CHECKING:
    from tetrakis.network._fixed import FixedPointResNet

#: Values, rows and columns of a sparse matrix.
Triples = tuple[np.ndarray, np.ndarray, np.ndarray]


def without_tables(fixed: FixedPointResNet) -> FixedPointResNet:
    """Return a network of threshold units that computes the same integers.

    Each bit that a table reads is taken off its coordinate by thresholds, most significant bit
    first, unless the coordinate is that bit. A table is its commonest entry plus, for every other
    place a, ``(T[a] − commonest) [Σ_{a_i = 1} b_i − Σ_{a_i = 0} b_i ≥ |a|]``.

    Returns
    -------
    FixedPointResNet
        `fixed` itself where it has no table; else its stream has more coordinates, for bits.

    References
    ----------
    Ours.
    """
    if not any(isinstance(block, TableBlock) for block in fixed.blocks):
        return fixed
    writer = _Writer(fixed.stream)
    for index, block in enumerate(fixed.blocks):
        if isinstance(block, TableBlock):
            writer.table(block, fixed.ranges.stream[index])
        else:
            writer.units.append(block)
    return writer.network(fixed)


@dataclass(frozen=True)
class _Thresholds:
    """Units ``[read @ z + bias >= 1]`` before the stream's final width is known."""

    read: Triples
    bias: np.ndarray
    write: Triples

    def block(self, stream: int) -> FixedPointBlock:
        width = len(self.bias)
        read, write = (
            csr_array((values, (row, column)), shape=shape)
            for (values, row, column), shape in (
                (self.read, (width, stream)), (self.write, (stream, width)),
            )
        )  # fmt: skip
        zeros = np.zeros(width, np.int64)
        return FixedPointBlock(read, self.bias, zeros, zeros + 1, write, zeros)


class _Word:
    """A stream coordinate as bits below `width` over a constant or, if `mixed`, a sign."""

    def __init__(self, coordinate: int, lo: int, hi: int) -> None:
        self.coordinate, self.lo, self.mixed = coordinate, lo, lo < 0 <= hi
        far = max(hi.bit_length(), (~lo).bit_length()) if self.mixed else (lo ^ hi).bit_length()
        self.width = far
        self.base = 0 if self.mixed else (lo >> far) << far

    def needed(self, lowest: int) -> range:
        """Bits to take off, from the top, so that `lowest` is known."""
        if self.mixed:
            return range(self.width, min(lowest, self.width) - 1, -1)
        return range(self.width - 1, lowest - 1, -1)

    def constant(self, bit: int) -> int | None:
        """Return the value of a bit that never changes."""
        return None if self.mixed or bit < self.width else self.lo >> bit & 1


class _Bit(NamedTuple):
    word: _Word
    bit: int
    made: dict[int, int]


class _Writer:
    """Blocks of the new network; stream coordinates past the old ones hold bits."""

    def __init__(self, stream: int) -> None:
        self.stream = stream
        self.units: list[FixedPointBlock | _Thresholds] = []

    def network(self, fixed: FixedPointResNet) -> FixedPointResNet:
        more = self.stream - fixed.stream
        blocks = tuple(
            unit.block(self.stream) if isinstance(unit, _Thresholds) else _widened(unit, more)
            for unit in self.units
        )
        exponent = np.concatenate([fixed.stream_exponent, np.zeros(more, np.int64)])
        return type(fixed)(
            fixed.inputs, _padded(fixed.read_in, more, 0), blocks, _padded(fixed.read_out, 0, more),
            fixed.offset, exponent, fixed.output_exponent,
        )  # fmt: skip

    def table(self, block: TableBlock, ranges: np.ndarray) -> None:
        """Append the blocks that take bits off, and the block of the tables' places."""
        distinct, number = np.unique(block.pins, axis=0, return_inverse=True)
        bits = self._bits(distinct, ranges)
        read, bias = _Parts(), [np.zeros(0, np.int64)]
        owner, change = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        common, first = np.zeros(block.width, np.int64), 0
        for group in block.groups:
            k = group.bit.shape[1]
            common[group.units] = _commonest(group.entries)
            unit, entry = np.nonzero(group.entries != common[group.units][:, None])
            pins = number.reshape(-1)[block.start[group.units][unit, None] + np.arange(k)]
            pattern = (entry[:, None] >> np.arange(k)) & 1
            own = np.repeat(first + np.arange(len(unit)), k)
            read.add((2 * pattern - 1).ravel(), own, bits[pins].ravel())
            bias.append(1 - pattern.sum(axis=1))
            owner.append(group.units[unit])
            change.append(group.entries[unit, entry] - common[group.units[unit]])
            first += len(unit)
        number_of = np.concatenate(owner)
        spread = csr_array(
            (np.concatenate(change), (number_of, np.arange(first))), shape=(block.width, first)
        )
        written = (block.write @ spread).tocoo()
        write = written.data, written.row, written.col
        self.units.append(_Thresholds(read.joined(), np.concatenate(bias), write))
        constant = block.write @ common
        at = np.flatnonzero(constant)
        self._ones((constant[at], at, np.arange(len(at))))

    def _ones(self, write: Triples) -> None:
        """Append units that are always 1."""
        if len(write[0]):
            none = np.zeros(0, np.int64)
            ones = np.ones(len(write[0]), np.int64)
            self.units.append(_Thresholds((none, none, none), ones, write))

    def _bits(self, distinct: np.ndarray, ranges: np.ndarray) -> np.ndarray:
        """Return a coordinate for each distinct (coordinate, bit), appending what makes it."""
        wanted, (lo, hi) = distinct[:, 1], ranges[distinct[:, 0]].T
        place = np.where((wanted == 0) & (lo >= 0) & (hi <= 1), distinct[:, 0], -1)
        steps: list[list[_Bit]] = [[]]
        for c in np.unique(distinct[place < 0, 0]).tolist():
            mine = np.flatnonzero((distinct[:, 0] == c) & (place < 0))
            word = _Word(c, int(ranges[c, 0]), int(ranges[c, 1]))
            lowest = int(wanted[mine].min())
            made = {bit: self._new() for bit in word.needed(lowest)}
            for step, bit in enumerate(word.needed(lowest)):
                steps += [[] for _ in range(step + 1 - len(steps))]
                steps[step].append(_Bit(word, bit, made))
            for k in mine:
                bit = int(wanted[k])
                if word.constant(bit) is None:
                    place[k] = made[min(bit, word.width)]
                    continue
                place[k] = self._new()
                if word.constant(bit):
                    self._ones((np.ones(1, np.int64), place[k : k + 1], np.zeros(1, np.int64)))
        for group in filter(None, steps):
            self._bit_block(group)
        return place

    def _bit_block(self, group: list[_Bit]) -> None:
        """Append the units of bits that don't depend on one another."""
        read, bias = _Parts(), []
        for row, (word, bit, made) in enumerate(group):
            if word.mixed and bit == word.width:  # [-z >= 1], the sign
                read.add([-1], [row], [word.coordinate])
                bias.append(0)
                continue
            read.add([1], [row], [word.coordinate])
            for above, place in made.items():
                if above > bit:
                    sign = word.mixed and above == word.width
                    read.add([1 << above if sign else -(1 << above)], [row], [place])
            bias.append(1 - word.base - (1 << bit))
        rows = np.arange(len(group))
        target = np.array([made[bit] for _, bit, made in group])
        self.units.append(_Thresholds(read.joined(), np.array(bias), (rows * 0 + 1, target, rows)))

    def _new(self) -> int:
        self.stream += 1
        return self.stream - 1


class _Parts:
    """A sparse matrix that grows."""

    def __init__(self) -> None:
        self.parts: list[list[np.ndarray]] = [[np.zeros(0, np.int64)] for _ in range(3)]

    def add(self, *columns: object) -> None:
        for part, column in zip(self.parts, columns, strict=True):
            part.append(np.asarray(column, np.int64))

    def joined(self) -> Triples:
        values, row, column = (np.concatenate(part) for part in self.parts)
        return values, row, column


def _commonest(entries: np.ndarray) -> np.ndarray:
    """Return the commonest entry of every row, the least of equally common ones."""
    ordered = np.sort(entries, axis=1)
    first = np.stack([np.searchsorted(row, row, side="left") for row in ordered])
    last = np.stack([np.searchsorted(row, row, side="right") for row in ordered])
    best = (last - first).argmax(axis=1)
    return ordered[np.arange(len(entries)), best]


def _padded(matrix: csr_array, rows: int, columns: int) -> csr_array:
    coo = matrix.tocoo()
    shape = matrix.shape[0] + rows, matrix.shape[1] + columns
    return csr_array((coo.data, (coo.row, coo.col)), shape=shape)


def _widened(block: FixedPointBlock, more: int) -> FixedPointBlock:
    return FixedPointBlock(
        _padded(block.read, 0, more), block.bias, block.shift, block.bits,
        _padded(block.write, more, 0), block.exponent,
    )  # fmt: skip
