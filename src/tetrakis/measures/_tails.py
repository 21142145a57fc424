"""Upper limits of a mean from a sample: exact binomial tail inversion, and the kl inverse."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaln, kl_div

Doubles = NDArray[np.float64]
_STEPS = 60
_SMALL = 1e-18


def binomial_inverse(errors: ArrayLike, m: ArrayLike, log_delta: ArrayLike) -> Doubles:
    """Return the largest p for which `errors` or fewer in m trials have probability delta.

    The root p of ``P(Bin(m, p) <= errors) = delta``. Arguments broadcast.

    Parameters
    ----------
    errors, m : array_like of int
        ``0 <= errors <= m``.
    log_delta : array_like of float
        Natural logarithm of delta, at most 0; values like −10^6 are fine.

    Returns
    -------
    ndarray of float64
        1 where ``errors == m``.

    Notes
    -----
    The logarithm of the tail is concave in p, so Newton's steps from the Chernoff bound come down
    to the root and never pass it: every iterate is a valid bound.

    References
    ----------
    [Langford05], section 3.
    """
    e, n, level = np.broadcast_arrays(
        np.asarray(errors, np.int64), np.asarray(m, np.int64), np.asarray(log_delta, np.float64)
    )
    start = kl_inverse(e / np.maximum(n, 1), -level / np.maximum(n, 1))
    found = [
        _invert(int(a), int(b), float(c), float(p))
        for a, b, c, p in zip(e.flat, n.flat, level.flat, start.flat, strict=True)
    ]
    return np.array(found, np.float64).reshape(e.shape)


def kl_inverse(mean: ArrayLike, budget: ArrayLike) -> Doubles:
    """Return the largest p with ``kl(mean, p) <= budget``.

    Here ``kl(q, p) = q ln(q/p) + (1 − q) ln((1 − q)/(1 − p))`` in nats. Arguments broadcast.

    Parameters
    ----------
    mean : array_like of float
        Between 0 and 1.
    budget : array_like of float
        Not negative.
    """
    q, c = np.broadcast_arrays(np.asarray(mean, np.float64), np.asarray(budget, np.float64))
    with np.errstate(divide="ignore", over="ignore"):
        entropy = -(_xlogy(q, q) + _xlogy(1 - q, 1 - q))
        steep = -np.expm1(-(c + entropy) / np.maximum(1 - q, 1e-300))
    low, high = q.copy(), np.clip(np.minimum(q + np.sqrt(c / 2), steep), q, 1.0)
    for _ in range(_STEPS):
        middle = 0.5 * (low + high)
        # kl_div adds y − x to each term; over both terms these cancel
        inside = kl_div(q, middle) + kl_div(1 - q, 1 - middle) <= c
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    return np.asarray(high)


def _xlogy(x: Doubles, y: Doubles) -> Doubles:
    return np.where(x > 0, x * np.log(np.where(x > 0, y, 1.0)), 0.0)


def _invert(errors: int, m: int, log_delta: float, start: float) -> float:
    """Newton's steps for one point."""
    if errors >= m:
        return 1.0
    if errors == 0:
        return -math.expm1(log_delta / m)
    p = start
    choose = -math.log1p(m) - float(betaln(m - errors + 1, errors + 1))
    for _ in range(_STEPS):
        if not errors / m < p < 1:
            break
        log_pmf = choose + errors * math.log(p) + (m - errors) * math.log1p(-p)
        series = _series(errors, m, (1 - p) / p)
        step = (log_pmf + math.log(series) - log_delta) * series * (1 - p) / (m - errors)
        p = min(p, p + step)
        if abs(step) <= 1e-14 * p:
            break
    return min(p, 1.0)


def _series(errors: int, m: int, odds: float) -> float:
    """``P(Bin <= errors) / P(Bin = errors)``: a sum of falling products."""
    total, last, start = 1.0, 1.0, 0
    width = int(8 * math.sqrt(m)) + 64
    while start < errors and last > _SMALL * total:
        i = np.arange(start, min(start + width, errors), dtype=np.float64)
        terms = last * np.cumprod((errors - i) / (m - errors + i + 1) * odds)
        total, last, start = total + float(terms.sum()), float(terms[-1]), start + width
    return total
