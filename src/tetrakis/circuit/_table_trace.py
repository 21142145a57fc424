"""Table units as atoms of a program: patterns of pins that can't occur, and tables made small."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tetrakis.circuit._lookup import best, function_of

if TYPE_CHECKING:
    from tetrakis.circuit._linear import Program

Pin = tuple[int, int]
Longs = NDArray[np.int64]
#: Input bits together read by pins whose patterns are enumerated.
ENUMERATED_BITS = 12
ENCODINGS = 6


class Patterns:
    """Which patterns of bits of sums occur on some input.

    Pins are taken together with all that read the same input words, as long as these words have
    at most `ENUMERATED_BITS` bits together; every pattern of the others is taken to occur.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self._words: dict[int, frozenset[int]] = {}

    def words(self, source: int) -> frozenset[int]:
        """Return the input words that a sum depends on."""
        found = self._words.get(source)
        if found is None:
            found = frozenset[int]()
            for ref in self.program.sums[source].flat:
                if ref < self.program.num_inputs:
                    found |= {ref}
                else:
                    found = found.union(*map(self.words, self.program.atoms[ref].sources))
            self._words[source] = found
        return found

    def bits(self, words: frozenset[int]) -> int:
        """Count the bits of input words."""
        return sum(self.program.atoms[word].bits for word in words)

    def possible(self, pins: Sequence[Pin]) -> NDArray[np.bool_]:
        """Mask of the 2**k patterns of k pins that may occur; pin i is bit i."""
        allowed = np.ones(1 << len(pins), bool)
        places = np.arange(1 << len(pins))
        for own, words in self._clusters(pins):
            seen = np.zeros(1 << len(own), bool)
            seen[self._observed([pins[i] for i in own], sorted(words))] = True
            allowed &= seen[sum((places >> i & 1) << slot for slot, i in enumerate(own))]
        return allowed

    def _clusters(self, pins: Sequence[Pin]) -> list[tuple[list[int], frozenset[int]]]:
        """Join pins that read common words, the ones that read the fewest bits first."""
        clusters: list[tuple[list[int], frozenset[int]]] = []
        order = sorted(range(len(pins)), key=lambda i: self.bits(self.words(pins[i][0])))
        for i in order:
            words = self.words(pins[i][0])
            common = [c for c in clusters if c[1] & words]
            together = words.union(*(c[1] for c in common))
            if self.bits(together) <= ENUMERATED_BITS:
                own = sorted([i, *(j for c in common for j in c[0])])
                clusters = [c for c in clusters if c not in common] + [(own, together)]
        return clusters

    def _observed(self, pins: Sequence[Pin], words: list[int]) -> Longs:
        """Patterns of the pins over all codes of the words."""
        atoms = [self.program.atoms[word] for word in words]
        axes = np.meshgrid(*(np.arange(a.lo, a.hi + 1) for a in atoms), indexing="ij")
        values = {word: axis.ravel() for word, axis in zip(words, axes, strict=True)}
        sums: dict[int, Longs] = {}
        shape = np.zeros(axes[0].size if axes else 1, np.int64)
        found = shape.copy()
        for slot, (source, bit) in enumerate(pins):
            found |= (self._sum(source, values, sums, shape) >> bit & 1) << slot
        return np.unique(found)

    def _sum(
        self, source: int, atoms: dict[int, Longs], sums: dict[int, Longs], zero: Longs
    ) -> Longs:
        if source not in sums:
            item = self.program.sums[source]
            total = zero + item.flat_constant
            for ref, coefficient in item.flat.items():
                if ref not in atoms:
                    atom = self.program.atoms[ref]
                    under = [self._sum(s, atoms, sums, zero) for s in atom.sources]
                    atoms[ref] = atom.evaluate(under)
                total += coefficient * atoms[ref]
            sums[source] = total
        return sums[source]


def small_table(
    pins: Sequence[Pin], entries: Longs, possible: NDArray[np.bool_]
) -> tuple[tuple[Pin, ...], Longs, NDArray[np.bool_]]:
    """Drop the pins that a table doesn't depend on where patterns are possible."""
    pins, i = tuple(pins), 0
    entries = np.where(possible, entries, 0)
    while i < len(pins):
        shape = (1 << (len(pins) - 1 - i), 2, 1 << i)
        value, seen = entries.reshape(shape), possible.reshape(shape)
        if not (seen.all(axis=1) & (value[:, 0] != value[:, 1])).any():
            entries = np.where(seen[:, 0], value[:, 0], value[:, 1]).ravel()
            possible = seen.any(axis=1).ravel()
            pins = pins[:i] + pins[i + 1 :]
        else:
            i += 1
    return pins, entries, possible


def encoded(entries: Longs, possible: NDArray[np.bool_]) -> tuple[Longs, int, int]:
    """Write ``entries = factor · code + constant`` with codes >= 0 whose bits take few gates."""
    lo, hi = int(entries[possible].min()), int(entries[possible].max())
    step = int(np.gcd.reduce(np.where(possible, entries - lo, 0)))
    codes = np.where(possible, (entries - lo) // step, 0)
    top = (hi - lo) // step
    spare = min((1 << top.bit_length()) - 1 - top, ENCODINGS)
    ways = []
    for more in range(spare + 1):
        ways.append((codes + more, step, lo - step * more))
        ways.append((top - codes + more, -step, hi + step * more))
    return min(ways, key=lambda way: price(way[0], possible))


def price(codes: Longs, possible: NDArray[np.bool_]) -> int:
    """Count the gates of the bits of codes, none shared between bits."""
    width = int(codes[possible].max()).bit_length()
    return sum(
        best(function_of((codes >> b & 1).astype(bool), possible)).cost for b in range(width)
    )
