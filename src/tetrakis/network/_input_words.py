"""Input words over a box, as an integer network that only passes them on."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array, eye_array

from tetrakis.network._fixed import FixedPointResNet
from tetrakis.network._fixed_block import FixedPointFormat


def input_words(box: ArrayLike, bits: int) -> FixedPointResNet:
    """Return the network of the finest words of so many bits that reach over a box.

    Parameters
    ----------
    box : array_like, (n, 2)
    bits : int
        Of every input; signed where the box has negative numbers.
    """
    formats = []
    for lo, hi in np.asarray(box, np.float64):
        signed = bool(lo < 0)
        top = (1 << (bits - signed)) - 1
        exponent = -24 if hi <= 0 else math.ceil(math.log2(hi / max(top, 0.5)))
        if signed:
            exponent = max(exponent, math.ceil(math.log2(-lo / (top + 1))))
        formats.append(FixedPointFormat(bits, exponent, signed=signed))
    n = len(formats)
    eye = csr_array(eye_array(n, dtype=np.int64))
    exponents = np.array([f.exponent for f in formats], np.int64)
    return FixedPointResNet(
        tuple(formats), eye, (), eye, np.zeros(n, np.int64), exponents, exponents
    )
