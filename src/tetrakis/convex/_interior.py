"""Interior point method for smooth losses with norms of blocks and linear inequalities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from tetrakis.convex._losses import Loss

#: Curvature given to a norm along its own direction, relative to the others.
_FLAT = 1e-7


@dataclass(frozen=True, eq=False)
class Program:
    """min over V (K, m) of L(Σ_k A_k v_k, Y) + alpha Σ_k ‖v_k‖ with signs[k] ∘ (rows v_k) ≥ 0.

    Parameters
    ----------
    design : ndarray, shape (n c, K m)
        All A_k side by side; rows run over samples, then outputs.
    rows : ndarray, shape (q, m) or (K, q, m)
        Unit rows of the inequalities, shared by all blocks or each block's own; none is q = 0.
    signs : ndarray, shape (K, q)
        ±1.
    """

    design: np.ndarray
    rows: np.ndarray
    signs: np.ndarray
    Y: np.ndarray
    loss: Loss
    alpha: float

    def predict(self, V: np.ndarray) -> np.ndarray:
        """Return predictions, shape (n, c)."""
        return (self.design @ V.ravel()).reshape(self.Y.shape)

    def reach(self, V: np.ndarray) -> np.ndarray:
        """Return signs ∘ (rows v_k), which is to be ≥ 0, shape (K, q)."""
        shared = self.rows.ndim == 2
        product = V @ self.rows.T if shared else np.matmul(self.rows, V[:, :, None])[:, :, 0]
        return self.signs * product

    def back(self, weights: np.ndarray) -> np.ndarray:
        """Return the transpose of `reach` applied to weights (K, q), shape (K, m)."""
        weights = self.signs * weights
        if self.rows.ndim == 2:
            return weights @ self.rows
        return np.matmul(weights[:, None, :], self.rows)[:, 0]

    def gram(self, ratio: np.ndarray) -> np.ndarray:
        """Return rowsᵀ diag(ratio_k) rows of every block, shape (K, m, m)."""
        if self.rows.ndim == 2:
            return np.matmul(self.rows.T[None] * ratio[:, None, :], self.rows)
        return np.matmul(self.rows.transpose(0, 2, 1) * ratio[:, None, :], self.rows)


def solve_interior(
    program: Program, V: np.ndarray, *, gap: float, max_iter: int = 60
) -> tuple[np.ndarray, np.ndarray]:
    """Solve from V, which needn't be feasible; return V and the multipliers, shape (K, q).

    Norms are smoothed by the barrier parameter, and inequalities have slacks of their own, so
    that a start on the boundary of cells is fine.

    References
    ----------
    Ours; primal–dual steps as in S. Wright, Primal-Dual Interior-Point Methods, chapter 5.
    """
    p, (K, m) = program, V.shape
    V = V.copy()
    size = np.linalg.norm(V, axis=1)
    total = max(float(size.sum()), 1e-12)
    count = K * p.rows.shape[-2] + K
    mu = max(1e-3 * p.alpha * total / count, gap / count)
    reach = p.reach(V)
    slack = np.maximum(reach, 1e-2 * np.maximum(size, 1e-3 * total)[:, None])
    multiplier = mu / slack
    for _ in range(max_iter):
        F = p.predict(V)
        nu = p.loss.dual_point(F, p.Y)
        smooth = np.sqrt((V * V).sum(axis=1) + (mu / p.alpha) ** 2)[:, None]
        gradient = p.alpha * V / smooth - (p.design.T @ nu.ravel()).reshape(K, m)
        residual = p.reach(V) - slack
        ratio = multiplier / slack
        if _done(p, gradient, multiplier, residual, mu * count, gap, V):
            break
        push = p.back(mu / slack - ratio * residual)
        try:
            step = _direction(p, F, V, smooth, ratio, push - gradient)
        except np.linalg.LinAlgError:
            break
        slack_step = p.reach(step) + residual
        multiplier_step = mu / slack - multiplier - ratio * slack_step
        a, b = _longest(slack, slack_step), _longest(multiplier, multiplier_step)
        multiplier_next = np.abs(multiplier + multiplier_step).max(initial=0.0)
        price = 2.0 * max(float(multiplier_next), float(multiplier.max(initial=0.0)))
        before = _merit(p, V, slack, mu, price) + gap
        a = min(a, 100 * (total + float(np.abs(V).sum())) / max(float(np.abs(step).sum()), 1e-300))
        while a > 1e-9 and _merit(p, V + a * step, slack + a * slack_step, mu, price) > before:
            a, b = a / 3, min(b, a)
        V, slack = V + a * step, slack + a * slack_step
        multiplier = multiplier + b * multiplier_step
        now = float((slack * multiplier).sum()) / max(slack.size, 1) if slack.size else mu
        shrink = (
            0.1 if min(a, b) > 0.9 else 0.3 if min(a, b) > 0.5 else 0.8 if min(a, b) > 0.05 else 1.0
        )
        mu = max(shrink * min(now, 10 * mu), 0.1 * gap / count)
    return V, multiplier


def _done(
    p: Program,
    gradient: np.ndarray,
    multiplier: np.ndarray,
    residual: np.ndarray,
    barrier: float,
    gap: float,
    V: np.ndarray,
) -> bool:
    left = gradient - p.back(multiplier)
    size = np.linalg.norm(V, axis=1).sum()
    infeasible = np.abs(residual).max(initial=0.0) * multiplier.sum()
    return bool(barrier <= gap and np.abs(left).max() * size <= gap and infeasible <= gap)


def _merit(p: Program, V: np.ndarray, slack: np.ndarray, mu: float, price: float) -> float:
    """Barrier function with a price on infeasibility: Newton steps lower it when short enough."""
    smooth = np.sqrt((V * V).sum(axis=1) + (mu / p.alpha) ** 2)
    missing = float(np.abs(p.reach(V) - slack).sum())
    value = float(p.loss.value(p.predict(V), p.Y)) + p.alpha * float(smooth.sum())
    return value - mu * float(np.log(slack).sum()) + price * missing


def _longest(x: np.ndarray, step: np.ndarray) -> float:
    """Largest step within (0, 1] that keeps x positive."""
    shrinking = step < 0
    if not shrinking.any():
        return 1.0
    return min(1.0, 0.995 * float((-x[shrinking] / step[shrinking]).min()))


def _direction(
    p: Program,
    F: np.ndarray,
    V: np.ndarray,
    smooth: np.ndarray,
    ratio: np.ndarray,
    right: np.ndarray,
) -> np.ndarray:
    """Solve the Newton system in the weights or, where rows are fewer, in the rows."""
    K, m = V.shape
    root = p.loss.root(F, p.Y)
    n, c = F.shape
    if root.ndim == 2:
        scaled = p.design * root.reshape(n * c, 1)
    else:
        scaled = np.einsum("nij,njk->nik", root, p.design.reshape(n, c, K * m))
        scaled = scaled.reshape(n * c, K * m)
    blocks = p.gram(ratio)
    unit, bend = V / smooth, p.alpha / smooth[:, 0, None, None]
    few = n * c < K * m
    blocks += bend * ((1 + few * _FLAT) * np.eye(m) - unit[:, :, None] * unit[:, None, :])
    if not few:
        system = scaled.T @ scaled
        for k in range(K):
            system[k * m : (k + 1) * m, k * m : (k + 1) * m] += blocks[k]
        return _positive(system, right.ravel()).reshape(K, m)
    lower = np.linalg.cholesky(blocks)
    white = np.linalg.solve(lower, scaled.T.reshape(K, m, n * c))
    left = np.linalg.solve(lower, right[:, :, None])
    flat = white.reshape(K * m, n * c)
    system = flat.T @ flat
    system[np.diag_indices(n * c)] += 1.0
    left -= (flat @ _positive(system, flat.T @ left.ravel())).reshape(K, m, 1)
    return np.linalg.solve(lower.transpose(0, 2, 1), left)[:, :, 0]


def _positive(system: np.ndarray, right: np.ndarray) -> np.ndarray:
    diagonal = np.einsum("ii->i", system)
    diagonal *= 1.0 + 1e-14
    return np.asarray(cho_solve(cho_factor(system, overwrite_a=True), right))
