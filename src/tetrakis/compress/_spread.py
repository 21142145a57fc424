"""Spreading an error budget over weights and activations by a model of what they cost (ours)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tetrakis.compress._precision import MOST_BITS, MOST_DIGITS, Precision, State
from tetrakis.errors import NetworkError
from tetrakis.network import FixedPointResNet

#: AND nodes of a full adder: each takes one bit out of the columns of a sum.
ADDER = 7.0
_ROUNDS, _STEPS = 12, 14
_LOW, _HIGH = -10.0, 40.0
Found = tuple[State, FixedPointResNet, np.ndarray]


class Spread:
    """States that minimise Σ cost + Σ_k λ_k · error_k for given λ, weights and bits apart.

    A digit of a weight costs a full adder for every bit of its source, a bit of an activation
    one for every digit that reads it. `weigh` changes what activations count for.
    """

    def __init__(self, precision: Precision, weigh: float) -> None:
        self.precision, self.weigh = precision, weigh
        self.losses = [
            np.abs(m.values - m.matrix.data[:, None]) if m.matrix.nnz else m.values
            for m in precision.matrices
        ]
        highest = [np.frexp(np.where(t > 0, t, 1.0))[1].astype(np.int64) for t in precision.tops]
        self.grains = [h[:, None] + 1 - np.arange(MOST_BITS) for h in highest]
        self.bits = [_bits(t, g) for t, g in zip(precision.tops, self.grains, strict=True)]
        self.rounding = [self._rounding(k) for k in range(len(self.bits))]

    def _rounding(self, k: int) -> np.ndarray:
        """How far codes are off either way: rounding, and saturation around the cap."""
        grains, cap = self.grains[k], self.precision.net.blocks[k].cap[:, None]
        high = self.precision.highs[k][:, None]
        reached = np.ldexp(np.exp2(self.bits[k]) - 1, grains)
        half = np.ldexp(0.5, grains)
        above = np.maximum(half, np.minimum(reached, high) - cap)
        below = np.maximum(half, np.minimum(cap, high) - reached)
        radius: np.ndarray = (above + below) / 2
        return radius

    def state(self, prices: np.ndarray) -> State:
        """Choose digits for given grains and grains for given digits, three times over."""
        choice = [np.full(len(g), MOST_BITS // 3) for g in self.grains]
        digits: list[np.ndarray] = []
        for _ in range(3):
            digits = self._digits(choice, prices)
            choice = self._choice(digits, prices)
        grains = [_take(g, c) for g, c in zip(self.grains, choice, strict=True)]
        return State(tuple(digits), tuple(grains))

    def _digits(self, choice: list[np.ndarray], prices: np.ndarray) -> list[np.ndarray]:
        units = [_take(b, c) for b, c in zip(self.bits, choice, strict=True)]
        counts = np.arange(MOST_DIGITS + 1)
        found = []
        for m, loss in zip(self.precision.matrices, self.losses, strict=True):
            source = self._source_bits(m.name, m.block, units)[m.matrix.indices]
            cost = ADDER * source[:, None] * counts + (m.price @ prices)[:, None] * loss
            found.append(np.argmin(cost, axis=1))
        return found

    def _source_bits(self, name: str, block: int, units: list[np.ndarray]) -> np.ndarray:
        """Bits that each column of a matrix brings into a sum; a stream coordinate's at most 32."""
        if name == "read_in":
            return self.precision.input_bits
        if name == "write":
            return units[block].astype(np.float64)
        net = self.precision.net
        bits = (net.read_in != 0).astype(np.float64) @ self.precision.input_bits
        for k in range(block):
            bits = bits + (net.blocks[k].write != 0).astype(np.float64) @ units[k]
        return np.minimum(bits, 32.0)

    def _choice(self, digits: list[np.ndarray], prices: np.ndarray) -> list[np.ndarray]:
        found = []
        for k, bits in enumerate(self.bits):
            write = self.precision.matrices[2 + 2 * k].matrix
            readers = np.bincount(write.indices, digits[2 + 2 * k], len(bits))
            error = self.weigh * (self.precision.back.units[k] @ prices)
            cost = (ADDER * readers + 1)[:, None] * bits
            cost = cost + error[:, None] * self.rounding[k]
            found.append(np.argmin(cost, axis=1))
        return found

    def within(self, tolerance: float, prices: np.ndarray) -> Found | None:
        """Scale the prices until the certified errors are just within the tolerance."""
        low, high = _LOW, _HIGH
        best = None
        for _ in range(_STEPS):
            middle = (low + high) / 2
            state = self.state(prices * 2.0**middle)
            try:
                fixed = self.precision.build(state)
            except NetworkError:  # too fine for 62 bits
                high = middle
                continue
            errors = self.precision.errors(fixed)
            if errors.max(initial=0.0) <= tolerance:
                best, high = (state, fixed, errors), middle
            else:
                low = middle
        return best

    def starts(self, tolerance: float) -> Iterator[Found]:
        """Yield states within the tolerance; prices rise for outputs that use their share."""
        count = self.precision.net.n_outputs
        prices = np.full(count, 1.0 / max(count, 1))
        for _ in range(_ROUNDS if count > 1 else 1):
            found = self.within(tolerance, prices)
            if found is None:
                return
            yield found
            prices = prices * (found[2] / tolerance + 1e-3) ** 2
            prices = prices / prices.sum()


def _bits(top: np.ndarray, grains: np.ndarray) -> np.ndarray:
    codes = np.maximum(np.floor(np.ldexp(top[:, None], -grains) + 0.5), 1.0)
    return np.frexp(codes)[1].astype(np.int64)


def _take(table: np.ndarray, choice: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.take_along_axis(table, choice[:, None], axis=1)[:, 0]
    return found
