"""Growing a residual network unit by unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array

from tetrakis.network import Block, ResNet


@dataclass(frozen=True)
class Affine:
    """A constant and coefficients of stream coordinates: inputs first, then units."""

    terms: tuple[tuple[int, float], ...] = ()
    constant: float = 0.0

    def __add__(self, other: Affine) -> Affine:
        found = dict(self.terms)
        for place, factor in other.terms:
            found[place] = found.get(place, 0.0) + factor
        terms = tuple((p, f) for p, f in sorted(found.items()) if f)
        return Affine(terms, self.constant + other.constant)

    def __mul__(self, factor: float) -> Affine:
        terms = tuple((p, f * factor) for p, f in self.terms if f * factor)
        return Affine(terms, self.constant * factor)

    def __sub__(self, other: Affine) -> Affine:
        return self + other * -1.0


class ReluGraph:
    """Relu units, each made once; `build` puts each level into a block.

    Parameters
    ----------
    n_inputs : int
    """

    def __init__(self, n_inputs: int) -> None:
        self.n_inputs = n_inputs
        self._units: list[Affine] = []
        self._level: list[int] = [0] * n_inputs
        self._known: dict[Affine, int] = {}

    def input(self, index: int) -> Affine:
        """Return an input."""
        return Affine(((index, 1.0),))

    def relu(self, value: Affine) -> Affine:
        """Return ``max(value, 0)``."""
        if not value.terms:
            return Affine((), max(value.constant, 0.0))
        if value not in self._known:
            self._known[value] = self.n_inputs + len(self._units)
            self._units.append(value)
            self._level.append(1 + max(self._level[place] for place, _ in value.terms))
        return Affine(((self._known[value], 1.0),))

    def absolute(self, value: Affine) -> Affine:
        """Return ``|value|``, two units."""
        return self.relu(value) + self.relu(value * -1.0)

    def maximum(self, values: Sequence[Affine]) -> Affine:
        """Return the largest, or 0 of none; ``max(a, b) = a + relu(b − a)``, in pairs."""
        items = list(values)
        while len(items) > 1:
            items = [*items[2:], items[0] + self.relu(items[1] - items[0])]
        return items[0] if items else Affine()

    def build(self, outputs: Sequence[Affine], box: np.ndarray) -> ResNet:
        """Return the network of some outputs; each unit has its own stream coordinate."""
        stream = self.n_inputs + len(self._units)
        levels = np.array(self._level[self.n_inputs :], np.int64)
        blocks = []
        for level in range(1, int(levels.max(initial=0)) + 1):
            units = np.flatnonzero(levels == level)
            rows = [dict(self._units[u].terms) for u in units]
            read = _matrix(rows, stream)
            bias = np.array([self._units[u].constant for u in units])
            write = coo_array(
                (np.ones(len(units)), (self.n_inputs + units, np.arange(len(units)))),
                shape=(stream, len(units)),
            ).tocsr()
            blocks.append(Block(read, bias, np.full(len(units), np.inf), write))
        eye = np.arange(self.n_inputs)
        read_in = coo_array((np.ones(self.n_inputs), (eye, eye)), shape=(stream, self.n_inputs))
        read_out = _matrix([dict(value.terms) for value in outputs], stream)
        offset = np.array([value.constant for value in outputs])
        return ResNet(read_in.tocsr(), tuple(blocks), read_out, offset, np.asarray(box, float))


def _matrix(rows: Sequence[Mapping[int, float]], columns: int) -> coo_array:
    entries = [(r, c, v) for r, row in enumerate(rows) for c, v in row.items()]
    if not entries:
        return coo_array((len(rows), columns)).tocsr()
    r, c, v = zip(*entries, strict=True)
    return coo_array((np.array(v), (np.array(r), np.array(c))), shape=(len(rows), columns)).tocsr()
