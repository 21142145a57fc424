"""Blocks whose units look a small integer up under a few bits of the stream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import numpy as np
from scipy.sparse import csr_array

from tetrakis.errors import NetworkError
from tetrakis.network._arrays import frozen_vector
from tetrakis.network._fixed_block import EXPONENTS, WEIGHTS, check_integers, check_weights
from tetrakis.network._ranges import integer_affine_range

#: Most wires of a unit: a table has at most 2**12 entries.
MOST_PINS = 12
#: Highest bit of a stream coordinate that a wire can read.
HIGHEST_BIT = 61


class Tables(NamedTuple):
    """The units of a block that have equally many pins.

    Parameters
    ----------
    units : ndarray of int64, shape (m,)
    coordinate, bit : ndarray of int64, shape (m, k)
    entries : ndarray of int64, shape (m, 2**k)
    """

    units: np.ndarray
    coordinate: np.ndarray
    bit: np.ndarray
    entries: np.ndarray


@dataclass(frozen=True, eq=False)
class TableBlock:
    """``z + write @ T``, unit j looking T_j up under a few bits of the stream, in exact integers.

    Pin i of a unit reads one bit of one stream coordinate (in two's complement) and is bit i of
    the place in the unit's table. A threshold on a word is a one-bit unit of a `FixedPointBlock`;
    a bit for later units is a table of zeros and ones written to a coordinate of its own.

    Parameters
    ----------
    pins : ndarray of int64, shape (num_pins, 2)
        Stream coordinate and bit, the units one after the other.
    start : ndarray of int64, shape (width + 1,)
        Unit j has the pins ``start[j] … start[j + 1] − 1``, at most 12.
    entries : ndarray of int64
        The tables one after the other, ``2**k`` entries for k pins.
    write : csr_array of int64, shape (stream, width)
    exponent : ndarray of int64, shape (width,)
        An entry of unit j is worth ``2**exponent[j]``.

    Raises
    ------
    NetworkError
        If shapes don't fit, a unit has more than 12 pins, or a number is out of range.

    References
    ----------
    Ours; boosted trees, threshold units and logic gates are special cases.

    Examples
    --------
    >>> block = TableBlock.of([([(0, 0), (0, 2)], [0, 5, -1, 7], {1: 1})], stream=2)
    >>> block.activate(np.array([[1, 4, 5], [0, 0, 0]])).tolist()
    [[5, -1, 7]]
    """

    pins: np.ndarray
    start: np.ndarray
    entries: np.ndarray
    write: csr_array
    exponent: np.ndarray
    groups: tuple[Tables, ...] = field(init=False, repr=False)
    kind: ClassVar[str] = "table"

    def __post_init__(self) -> None:
        stream, width = check_weights(self, "write").shape
        check_integers(self, "start", width + 1, 0, 2**31 - 1)
        count = np.diff(self.start)
        if self.start[0] != 0 or (count < 0).any():
            raise NetworkError("start: expected numbers that begin with 0 and never fall.")
        if (count > MOST_PINS).any():
            worst = int(np.argmax(count))
            raise NetworkError(
                f"table unit {worst}: {count[worst]} pins make a table of 2**{count[worst]} "
                f"entries, the limit is 2**{MOST_PINS}.",
                remedy=f"Split it into units of at most {MOST_PINS} pins.",
            )
        pins = frozen_vector(self.pins, np.int64, "pins", shape=(int(self.start[-1]), 2))
        object.__setattr__(self, "pins", pins)
        self._check_pins(stream)
        check_integers(self, "entries", int(np.exp2(count).sum()), -WEIGHTS, WEIGHTS)
        check_integers(self, "exponent", width, -EXPONENTS, EXPONENTS)
        object.__setattr__(self, "groups", tuple(self._grouped(count)))

    def _check_pins(self, stream: int) -> None:
        for column, (name, most) in enumerate((("coordinate", stream - 1), ("bit", HIGHEST_BIT))):
            values = self.pins[:, column]
            if len(values) and (values.min() < 0 or values.max() > most):
                worst = int(np.argmax((values < 0) | (values > most)))
                unit = int(np.searchsorted(self.start, worst, side="right")) - 1
                raise NetworkError(
                    f"table unit {unit}: expected pins with a {name} in 0..{most}, got "
                    f"{values[worst]}."
                )

    def _grouped(self, count: np.ndarray) -> list[Tables]:
        offset = np.concatenate([[0], np.cumsum(np.exp2(count).astype(np.int64))])
        found = []
        for k in np.unique(count):
            units = np.flatnonzero(count == k)
            places = self.start[units][:, None] + np.arange(k)
            rows = offset[units][:, None] + np.arange(2**k)
            chosen = self.pins[places]
            found.append(Tables(units, chosen[..., 0], chosen[..., 1], self.entries[rows]))
        for group in found:
            for array in group:
                array.flags.writeable = False
        return found

    @classmethod
    def of(
        cls,
        units: Sequence[tuple[Sequence[tuple[int, int]], Any, Mapping[int, int]]],
        stream: int,
        *,
        exponent: Any = 0,
    ) -> TableBlock:
        """Build a block from units given one by one.

        Parameters
        ----------
        units : sequence of (pins, entries, writes)
            Pairs (coordinate, bit); the table; and the factor for each coordinate written to.
        stream : int
            Number of stream coordinates.
        exponent : int or array_like
        """
        for j, (pins, entries, _) in enumerate(units):
            if len(entries) != 2 ** len(pins):
                raise NetworkError(
                    f"table unit {j}: expected {2 ** len(pins)} entries for {len(pins)} pins, got "
                    f"{len(entries)}."
                )
        start = np.cumsum([0, *(len(pins) for pins, _, _ in units)])
        pins = [pin for own, _, _ in units for pin in own]
        entries = [np.asarray(own) for _, own, _ in units]
        writes = [(c, j, w) for j, (_, _, own) in enumerate(units) for c, w in own.items()]
        row, column, weight = np.array(writes, np.int64).reshape(-1, 3).T
        if len(row) and (row.min() < 0 or row.max() >= stream):
            raise NetworkError(f"write: expected coordinates in 0..{stream - 1}, got {row.max()}.")
        return cls(
            np.array(pins, np.int64).reshape(-1, 2),
            start,
            np.concatenate([np.zeros(0, np.int64), *entries]),
            csr_array((weight, (row, column)), shape=(stream, len(units))),
            exponent,
        )

    @property
    def width(self) -> int:
        """Number of units."""
        return int(self.write.shape[1])

    @property
    def shift(self) -> np.ndarray:
        """Zeros: entries are read as they are."""
        return np.zeros(self.width, np.int64)

    @property
    def read(self) -> csr_array:
        """Ones where a unit reads a coordinate, shape (width, stream)."""
        unit = np.repeat(np.arange(self.width), np.diff(self.start))
        ones = np.ones(len(unit), np.int64)
        found = csr_array((ones, (unit, self.pins[:, 0])), shape=self.write.shape[::-1])
        found.sum_duplicates()
        found.data[:] = 1
        return found

    def table(self, unit: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the pins, shape (k, 2), and the entries, shape (2**k,), of a unit."""
        count = np.exp2(np.diff(self.start[: unit + 2])).astype(np.int64)
        first = int(count[:-1].sum())
        pins = self.pins[self.start[unit] : self.start[unit + 1]]
        return pins, self.entries[first : first + int(count[-1])]

    def activate(self, stream: np.ndarray) -> np.ndarray:
        """Look entries up, shape (width, n), for stream codes of shape (stream, n)."""
        found = np.empty((self.width, stream.shape[1]), np.int64)
        for group in self.groups:
            place = np.zeros((len(group.units), stream.shape[1]), np.int64)
            for i in range(group.bit.shape[1]):
                read = stream[group.coordinate[:, i]] >> group.bit[:, i, None]
                place |= (read & 1) << i
            found[group.units] = np.take_along_axis(group.entries, place, axis=1)
        return found

    def ranges(self, stream: np.ndarray, where: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Find ranges of entries (twice) and of the new stream, each (…, 2).

        Entries under a bit that is constant on the stream's range aren't counted.
        """
        units = np.empty((self.width, 2), np.int64)
        for group, possible in zip(self.groups, self.possible(stream), strict=True):
            big = np.iinfo(np.int64).max
            units[group.units, 0] = np.where(possible, group.entries, big).min(axis=1)
            units[group.units, 1] = np.where(possible, group.entries, -big).max(axis=1)
        after = integer_affine_range(self.write, units, stream, f"{where}, stream")
        return units.copy(), units, after

    def possible(self, stream: np.ndarray) -> list[np.ndarray]:
        """Mark, per group, the entries that coordinates within `stream`, (stream, 2), allow."""
        found = []
        for group in self.groups:
            m, k = group.bit.shape
            ends = stream[group.coordinate] >> group.bit[..., None]
            constant, value = ends[..., 0] == ends[..., 1], ends[..., 0] & 1
            pattern = (np.arange(2**k)[:, None] >> np.arange(k)) & 1
            allowed = np.ones((m, 2**k), bool)
            for i in range(k):
                allowed &= ~constant[:, i, None] | (pattern[:, i] == value[:, i, None])
            found.append(allowed)
        return found
