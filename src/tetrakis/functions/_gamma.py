"""The exponent of circuit size against epsilon, and the HTMC norm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from tetrakis.errors import DataError


@dataclass(frozen=True)
class GammaFit:
    """Least squares of log size on log 1/ε.

    Parameters
    ----------
    gamma : float
        The slope.
    standard_error : float
        Of the slope; NaN for two points.
    constant : float
        Size at ε = 1 on the line.
    points : int
        Points used; sizes of 0 are left out.
    """

    gamma: float
    standard_error: float
    constant: float
    points: int


def fit_gamma(epsilons: ArrayLike, sizes: ArrayLike) -> GammaFit:
    """Fit ``size ≈ constant · ε^−γ``.

    Parameters
    ----------
    epsilons, sizes : array_like, (points,)

    Raises
    ------
    DataError
        If fewer than two points with different ε have a size above 0.

    References
    ----------
    THEORY 4.

    Examples
    --------
    >>> fit = fit_gamma([0.1, 0.05, 0.025], [100, 400, 1600])
    >>> round(fit.gamma, 6), fit.standard_error < 1e-6
    (2.0, True)
    """
    eps, size = (np.asarray(a, np.float64).ravel() for a in (epsilons, sizes))
    if eps.shape != size.shape or not (np.isfinite(eps).all() and (eps > 0).all()):
        raise DataError("Expected as many sizes as epsilons, all epsilons above 0.")
    used = size > 0
    x, y = -np.log(eps[used]), np.log(size[used])
    n = len(x)
    if n < 2 or np.ptp(x) == 0:
        raise DataError(
            f"{n} points with a size above 0: an exponent needs two different epsilons.",
            remedy="Give more epsilons, or smaller ones.",
        )
    centred = x - x.mean()
    slope = float(centred @ y / (centred @ centred))
    level = float(y.mean() - slope * x.mean())
    residual = y - level - slope * x
    error = float(np.sqrt(residual @ residual / (n - 2) / (centred @ centred))) if n > 2 else np.nan
    return GammaFit(slope, error, float(np.exp(level)), n)


def htmc_norm(epsilons: ArrayLike, sizes: ArrayLike, gamma: float) -> float:
    """Return ``max ε · size^{1/γ}`` over the points measured.

    Each size is an upper bound on C(f, ε), so each term is one on ``ε C(f, ε)^{1/γ}``; the norm
    is the supremum over all ε, of which these are some. Infinite where that overflows.

    References
    ----------
    [Jacot25] for the norm.
    """
    if not (np.isfinite(gamma) and gamma > 0):
        raise DataError(f"gamma: expected a number > 0, got {gamma:g}.")
    eps, size = (np.asarray(a, np.float64).ravel() for a in (epsilons, sizes))
    with np.errstate(over="ignore"):
        return float(np.max(eps * size ** (1.0 / gamma), initial=0.0))
