"""Output words: which real number a code stands for, and which codes are near enough."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tetrakis.circuit import unpack

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]
Words = NDArray[np.uint64]
ROUNDING = 1e-9


@dataclass(frozen=True)
class OutputFormat:
    """``value = offset + step * code`` for a code of some bits.

    Parameters
    ----------
    bits : int
    step, offset : float
    signed : bool
        Two's complement, else unsigned.
    """

    bits: int
    step: float
    offset: float
    signed: bool = False

    @property
    def lo(self) -> int:
        """Smallest code."""
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def hi(self) -> int:
        """Largest code."""
        return self.lo + (1 << self.bits) - 1

    def values(self, codes: NDArray) -> Floats:
        """Decode."""
        return self.offset + self.step * np.asarray(codes, np.float64)

    def intervals(self, values: Floats, tolerance: float) -> tuple[Longs, Longs]:
        """Return the smallest and the largest code within `tolerance` of each value.

        Where there is none, the first is larger. Codes that rounding could spoil aren't offered.
        """
        room = tolerance * (1 - ROUNDING) / self.step
        place = (np.asarray(values, np.float64) - self.offset) / self.step
        low = np.maximum(np.ceil(place - room), self.lo).astype(np.int64)
        high = np.minimum(np.floor(place + room), self.hi).astype(np.int64)
        return low, high


def centred(lo: float, hi: float, bits: int, step: float) -> OutputFormat:
    """Return an unsigned format whose codes lie around the middle of [lo, hi]."""
    return OutputFormat(bits, step, (lo + hi) / 2 - step * ((1 << bits) - 1) / 2)


def bits_for(width: float, step: float) -> int:
    """Bits of codes that reach over a width when the outermost may miss it by half a step."""
    return max(1, math.ceil(math.log2(max(width / step, 1.0) * (1 - ROUNDING))))


def word_codes(outputs: Words, rows: int, *, signed: bool) -> Longs:
    """Read packed output bits as integers, ``(rows,)``."""
    bits = unpack(outputs, rows)
    weights = np.int64(1) << np.arange(bits.shape[1], dtype=np.int64)
    if signed:
        weights[-1:] *= -1
    return np.asarray(bits @ weights, np.int64)
