"""How far a direction is from a critical point of the margin."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

MOST = 60
_SUM = 1e3


def kkt_residual(
    margins: NDArray[np.float64], gradients: NDArray[np.float64], n_layers: int
) -> float:
    """Compute the KKT residual of max min_n y_n f_V(x_n) over unit Frobenius norms.

    The least, over λ ≥ 0 with Σ λ = 1, of the length of (Σ λ_n g_n, Σ λ_n (m_n − m_min)) / m_min,
    where g_n is the gradient of the margin m_n less its parts along the V_l. Zero exactly at a
    critical point. A row may come several times, with the gradients on both sides of a kink.

    Parameters
    ----------
    margins : ndarray, shape (n,)
    gradients : ndarray, shape (n, n_weights)
    n_layers : int
        The gradient is divided by its root, as ‖(V_1, …, V_L)‖ is.

    Returns
    -------
    float
        Infinite if the smallest margin isn't positive.

    References
    ----------
    After the approximate KKT points of K. Lyu, J. Li, Gradient descent maximizes the margin of
    homogeneous neural networks, ICLR 2020; this form is ours.
    """
    least = float(margins.min())
    if least <= 0:
        return float("inf")
    slack = (margins - least)[:, None]
    system = np.concatenate([gradients / np.sqrt(n_layers), slack], axis=1).T / least
    whole = np.concatenate([system, _SUM * np.ones((1, len(margins)))])
    target = np.zeros(len(whole))
    target[-1] = _SUM
    weights, _ = nnls(whole, target)
    weights = weights / weights.sum()
    return float(np.linalg.norm(system @ weights))
