"""Block coordinate descent on a weighted least squares model of a working set of patterns."""

from __future__ import annotations

import numpy as np

from tetrakis.convex._kernels import kernel


@kernel
def weighted_grams(
    X: np.ndarray, weights: np.ndarray, rows: np.ndarray, starts: np.ndarray
) -> np.ndarray:
    """Return Σ_r w_r x_r x_rᵀ over the rows of every pattern, shape (K, d, d)."""
    K, d = len(starts) - 1, X.shape[1]
    grams = np.zeros((K, d, d))
    for k in range(K):
        for r in rows[starts[k] : starts[k + 1]]:
            for i in range(d):
                scaled = weights[r] * X[r, i]
                for j in range(i + 1):
                    grams[k, i, j] += scaled * X[r, j]
        for i in range(d):
            for j in range(i):
                grams[k, j, i] = grams[k, i, j]
    return grams


@kernel
def descend(
    X: np.ndarray,
    weights: np.ndarray,
    rows: np.ndarray,
    starts: np.ndarray,
    bases: np.ndarray,
    values: np.ndarray,
    alpha: float,
    V: np.ndarray,
    nu: np.ndarray,
    sweeps: int,
) -> float:
    """Minimise exactly over one block after the other; return the largest relative change.

    The model is ½ Σ_r w_r ‖z_r − f_r‖² + alpha Σ_k ‖V_k‖, with f = Σ_k D_k X V_k, through its
    dual point ν_r = w_r (z_r − f_r), which is updated with V.

    Parameters
    ----------
    X : ndarray, shape (n, d)
    weights : ndarray, shape (n,)
    rows, starts : ndarray of int64
        Rows that pattern k turns on: ``rows[starts[k]:starts[k + 1]]``.
    bases, values : ndarray, shapes (K, d, d), (K, d)
        Eigenvectors (columns) and eigenvalues of Σ_r w_r x_r x_rᵀ over those rows.
    alpha : float
    V : ndarray, shape (K, d, c)
        Changed in place.
    nu : ndarray, shape (n, c)
        Changed in place.
    sweeps : int
    """
    K, d, c = V.shape
    b, step = np.empty((d, c)), np.empty((d, c))
    change = 0.0
    for _ in range(sweeps):
        change = 0.0
        for k in range(K):
            own = rows[starts[k] : starts[k + 1]]
            b[:] = 0.0
            for r in own:
                for j in range(c):
                    w = nu[r, j]
                    for i in range(d):
                        b[i, j] += X[r, i] * w
            moved = _block(bases[k], values[k], alpha, V[k], b, step)
            if moved == 0.0:
                continue
            for r in own:
                for j in range(c):
                    s = 0.0
                    for i in range(d):
                        s += X[r, i] * step[i, j]
                    nu[r, j] -= weights[r] * s
            change = max(change, moved)
    return change


@kernel
def _block(
    basis: np.ndarray,
    values: np.ndarray,
    alpha: float,
    V: np.ndarray,
    b: np.ndarray,
    step: np.ndarray,
) -> float:
    """Solve ½⟨V, H V⟩ − ⟨b + H V_old, V⟩ + alpha‖V‖ exactly; V and step are overwritten."""
    d, c = V.shape
    q = np.zeros((d, c))
    for j in range(c):  # q = basisᵀ b + values · basisᵀ V_old
        for i in range(d):
            s, t = 0.0, 0.0
            for m in range(d):
                s += basis[m, i] * b[m, j]
                t += basis[m, i] * V[m, j]
            q[i, j] = s + values[i] * t
    size = _secular(values, alpha, q)
    moved, norm = 0.0, 0.0
    for j in range(c):
        for i in range(d):
            q[i, j] *= 0.0 if size == 0.0 else size / (values[i] * size + alpha)
        for i in range(d):
            new = 0.0
            for m in range(d):
                new += basis[i, m] * q[m, j]
            step[i, j] = new - V[i, j]
            moved += step[i, j] ** 2
            norm = max(norm, abs(new), abs(V[i, j]))
            V[i, j] = new
    return np.sqrt(moved) / norm if norm > 0 else 0.0


@kernel
def _secular(values: np.ndarray, alpha: float, q: np.ndarray) -> float:
    """Norm of the minimiser: the root of ‖(values·x + alpha)⁻¹ q‖ = 1, or 0.

    1/‖·‖ is concave in x and increasing, so Newton's method converges from below.
    """
    d, c = q.shape
    if np.sum(q * q) <= alpha * alpha:
        return 0.0
    x = 0.0
    for _ in range(60):
        square, slope = 0.0, 0.0
        for i in range(d):
            inverse = 1.0 / (values[i] * x + alpha)
            own = 0.0
            for j in range(c):
                own += q[i, j] ** 2
            own *= inverse * inverse
            square += own
            slope += own * values[i] * inverse
        size = np.sqrt(square)
        if size - 1.0 <= 1e-13 or slope == 0.0:
            break
        x += (size - 1.0) * square / slope
    return x


@kernel
def predictions(X: np.ndarray, rows: np.ndarray, starts: np.ndarray, V: np.ndarray) -> np.ndarray:
    """Return f = Σ_k D_k X V_k, shape (n, c)."""
    K, d, c = V.shape
    F = np.zeros((X.shape[0], c))
    for k in range(K):
        for r in rows[starts[k] : starts[k + 1]]:
            for j in range(c):
                s = 0.0
                for i in range(d):
                    s += X[r, i] * V[k, i, j]
                F[r, j] += s
    return F


@kernel
def gradients(X: np.ndarray, rows: np.ndarray, starts: np.ndarray, nu: np.ndarray) -> np.ndarray:
    """Return Xᵀ D_k ν of the working set, shape (K, d, c)."""
    K, d, c = len(starts) - 1, X.shape[1], nu.shape[1]
    G = np.zeros((K, d, c))
    for k in range(K):
        for r in rows[starts[k] : starts[k + 1]]:
            for j in range(c):
                w = nu[r, j]
                for i in range(d):
                    G[k, i, j] += X[r, i] * w
    return G
