"""Signed power-of-two digits of weights, as few as an allowance permits."""

from __future__ import annotations

from typing import Any

import numpy as np


def signed_digits(values: Any, allowance: Any) -> tuple[np.ndarray, np.ndarray]:
    """Round every value to a sum of signed powers of two within its allowance.

    The nearest power of two is taken away until |residual| ≤ allowance: the leading digits of
    the canonical (non-adjacent) signed form. Everything is exact in float64.

    Parameters
    ----------
    values : array_like of float, shape (n,)
    allowance : array_like of float, shape (n,) or scalar
        Largest |value − rounded|; 0 keeps the value, ``inf`` gives 0.

    Returns
    -------
    rounded : ndarray, shape (n,)
    counts : ndarray of int, shape (n,)
        Digits emitted.

    Examples
    --------
    >>> rounded, counts = signed_digits([0.9, 0.4], [0.05, 0.5])
    >>> rounded.tolist(), counts.tolist()
    ([0.875, 0.0], [2, 0])
    """
    values = np.asarray(values, np.float64)
    limit = np.broadcast_to(np.asarray(allowance, np.float64), values.shape)
    residual = values.copy()
    counts = np.zeros(values.shape, np.int64)
    while (active := np.abs(residual) > limit).any():
        fraction, exponent = np.frexp(residual[active])
        power = exponent - (np.abs(fraction) < 0.75)
        residual[active] -= np.ldexp(np.sign(fraction), power)
        counts[active] += 1
    return values - residual, counts


def lowest_exponent(values: np.ndarray) -> np.ndarray:
    """Find the exponent of the lowest binary digit of every nonzero value, shape (n,)."""
    fraction, exponent = np.frexp(values)
    whole = np.abs(np.ldexp(fraction, 53)).astype(np.int64)
    lowest = np.frexp((whole & -whole).astype(np.float64))[1] - 1
    return exponent.astype(np.int64) - 53 + lowest
