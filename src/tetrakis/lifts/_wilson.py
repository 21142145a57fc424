"""Confidence intervals of a success probability."""

from __future__ import annotations

import math

from scipy.special import ndtri


def wilson(successes: int, trials: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Compute Wilson's score interval of a binomial probability.

    Parameters
    ----------
    successes, trials : int
    confidence : float
        Two-sided.

    References
    ----------
    E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22,
    1927.

    Examples
    --------
    >>> [round(p, 3) for p in wilson(73, 73)]
    [0.95, 1.0]
    """
    if not 0 <= successes <= trials or not trials or not 0 < confidence < 1:
        raise ValueError(f"wilson: {successes} of {trials} at confidence {confidence}.")
    z = float(ndtri(0.5 + confidence / 2))
    p, spread = successes / trials, z * z / trials
    middle = (p + spread / 2) / (1 + spread)
    half = math.sqrt(p * (1 - p) * spread + spread * spread / 4) / (1 + spread)
    low = 0.0 if successes == 0 else middle - half
    return low, 1.0 if successes == trials else middle + half
