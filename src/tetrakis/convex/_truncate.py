"""The rank-κ program: polynomial time, with a guarantee from the singular values left out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tetrakis.convex._losses import Loss, check_problem
from tetrakis.convex._relu import ReLUSolution, solve_relu
from tetrakis.convex._sphere import MAX_RANK, sphere_maximum
from tetrakis.errors import BudgetError


def truncated_bound(X: np.ndarray, nu: np.ndarray, kappa: int) -> float:
    """Bound ‖νᵀ(Xu)₊‖ over unit vectors u through the κ leading singular directions of X.

    With X = X_κ + R, u = p + q along and across them, and M_κ the exact maximum for X_κ,

        ‖νᵀ(Xu)₊‖ ≤ M_κ‖p‖ + S‖q‖ ≤ √(M_κ² + S²),  S = ½‖Rᵀν‖₂ + ½σ_{κ+1}‖ν‖₂.

    Parameters
    ----------
    X : ndarray, shape (n, d)
    nu : ndarray, shape (n, c)
    kappa : int
        At most 3.

    References
    ----------
    [Ergen23] for M_κ + ‖ν‖σ_{κ+1}. The root and the halves are ours: (a + b)₊ ≤ (a)₊ + (b)₊ on
    rows that count positively, (a)₊ ≤ (a + b)₊ + (−b)₊ on the others, and 2(t)₊ = t + |t|.
    """
    basis, sigma = _leading(X, kappa)
    _, largest, error = sphere_maximum(X @ basis @ basis.T, nu)
    rest = X - X @ basis @ basis.T
    slack = (np.linalg.norm(rest.T @ nu, 2) + sigma * np.linalg.norm(nu, 2)) / 2
    return float(np.hypot(largest + error, slack) * (1 + 1e-12))


def solve_truncated(
    X: Any,
    Y: Any,
    alpha: float,
    kappa: int = MAX_RANK,
    *,
    loss: str | Loss = "squared",
    tol: float = 1e-6,
    max_iter: int = 50,
) -> ReLUSolution:
    """Solve the relu program for the best rank-κ approximation of X, to its global optimum.

    The neurons lie in the span of the leading singular directions, where X and its approximation
    agree: the network and its objective are those of X itself. `dual` bounds the optimum for X.

    Parameters
    ----------
    X, Y, alpha, loss, tol, max_iter
        As for `solve_relu`; `tol` and `converged` refer to the rank-κ program.
    kappa : int
        At most 3: then all cells are enumerated, in time polynomial in n.

    References
    ----------
    [Ergen23], section on complexity: a (1 + O(σ_{κ+1}/alpha))² guarantee. Here it is a number.
    """
    X, Y, loss = check_problem(X, Y, loss)
    basis, _ = _leading(X, kappa)
    found = solve_relu(X @ basis, Y, alpha, loss=loss, tol=tol, max_iter=max_iter, exact=True)
    most = alpha / max(truncated_bound(X, found.nu, kappa), 1e-300)
    scales = np.minimum(1.0, most) * np.linspace(0.5, 1.0, 101)
    dual = max(float(loss.dual_value(s * found.nu, Y)) for s in scales)
    return replace(found, V=found.V @ basis.T, dual=max(dual, 0.0))


def _leading(X: np.ndarray, kappa: int) -> tuple[np.ndarray, float]:
    """Leading right singular vectors (d, κ) and the first singular value left out."""
    if not 1 <= kappa <= MAX_RANK:
        raise BudgetError(f"kappa: expected 1 to {MAX_RANK}, got {kappa!r}.")
    _, singular, basis = np.linalg.svd(X, full_matrices=False)
    sigma = float(singular[kappa]) if len(singular) > kappa else 0.0
    return np.ascontiguousarray(basis[:kappa].T), sigma
