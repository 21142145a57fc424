"""The relu program over given activation patterns: one cone for every pattern and sign."""

from __future__ import annotations

import numpy as np

from tetrakis.convex._climb import project
from tetrakis.convex._interior import Program, solve_interior
from tetrakis.convex._losses import Loss, check_problem
from tetrakis.convex._patterns import Patterns
from tetrakis.convex._products import all_gradients
from tetrakis.convex._relu import ReLUSolution
from tetrakis.errors import BudgetError

_NEW = 10


def solve_sampled(
    X: np.ndarray,
    Y: np.ndarray,
    patterns: Patterns,
    alpha: float,
    *,
    loss: str | Loss = "squared",
    tol: float = 1e-6,
    max_iter: int = 50,
) -> ReLUSolution:
    """Minimise L(Σ_i D_i X (v_i − w_i), y) + alpha Σ (‖v_i‖ + ‖w_i‖), v_i, w_i in the cell of D_i.

    The gap is exact for these patterns and says nothing about others.

    Parameters
    ----------
    X : array_like, shape (n, d)
    Y : array_like, shape (n,)
        One output.
    patterns : Patterns
    alpha, loss, tol, max_iter
        As for `solve_relu`.

    References
    ----------
    [Ergen23], THEORY section 7.1. Algorithm: ours (working sets, interior point method).
    """
    X, Y, loss = check_problem(X, Y, loss)
    if Y.shape[1] > 1:
        raise BudgetError(
            f"patterns: given ones need a single output, got {Y.shape[1]}.",
            remedy="Use patterns='generate'.",
        )
    length = np.linalg.norm(X, axis=1)
    used = length > 0
    cones = X[used] / length[used, None]
    which = np.zeros((0, 2), dtype=np.int64)
    V = np.zeros((0, X.shape[1]))
    best_dual, best_nu, primal, done = -np.inf, np.zeros_like(Y), np.inf, False
    for iteration in range(max_iter + 1):
        on = patterns.signs[which[:, 0]].astype(np.float64)
        a = which[:, 1].astype(np.float64)
        F = ((X @ V.T) * on.T @ a)[:, None]
        nu = loss.dual_point(F, Y)
        primal = float(loss.value(F, Y)) + alpha * float(np.linalg.norm(V, axis=1).sum())
        keys, values, points = _violated(X, cones, used, patterns, nu, alpha)
        largest = float(values.max(initial=alpha))
        dual = float(loss.dual_value(alpha / largest * nu, Y))
        if dual > best_dual:
            best_dual, best_nu = dual, nu
        done = primal - best_dual <= tol * primal
        if done or iteration == max_iter:
            break
        top = np.argsort(-values)[:_NEW]
        which, V = _merge(which, V, keys[top], points[top] * 1e-3)
        V = _solve(X, Y, cones, used, patterns, which, V, loss, alpha, 0.02 * tol * primal)
        kept = np.linalg.norm(V, axis=1) > 1e-7 * np.linalg.norm(V, axis=1).sum()
        which, V = which[kept], V[kept]
    A = which[:, 1:].astype(np.float64)
    return ReLUSolution(V, A, best_nu, primal, best_dual, "sampled", iteration, done)


def _violated(
    X: np.ndarray,
    cones: np.ndarray,
    used: np.ndarray,
    patterns: Patterns,
    nu: np.ndarray,
    alpha: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs (pattern, sign) whose cell has a unit u with ±νᵀ(Xu)₊ > alpha, the value, and u."""
    G = all_gradients(X, patterns.signs, nu)
    keys, values, points = [], [], []
    for i in np.flatnonzero((G * G).sum(axis=1) > alpha * alpha):
        cone = cones * np.where(patterns.signs[i, used], 1.0, -1.0)[:, None]
        for sign in (1, -1):
            p = project(cone, sign * G[i])[0]
            value = float(np.linalg.norm(p))
            if value > alpha:
                keys.append((i, sign))
                values.append(value)
                points.append(p / value)
    return (
        np.array(keys, dtype=np.int64).reshape(-1, 2),
        np.array(values),
        np.array(points).reshape(-1, X.shape[1]),
    )


def _merge(
    which: np.ndarray, V: np.ndarray, keys: np.ndarray, points: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    known = {tuple(key) for key in which.tolist()}
    new = np.array([tuple(key) not in known for key in keys.tolist()], dtype=bool)
    return np.concatenate([which, keys[new]]), np.concatenate([V, points[new]])


def _solve(
    X: np.ndarray,
    Y: np.ndarray,
    cones: np.ndarray,
    used: np.ndarray,
    patterns: Patterns,
    which: np.ndarray,
    V: np.ndarray,
    loss: Loss,
    alpha: float,
    gap: float,
) -> np.ndarray:
    on = patterns.signs[which[:, 0]].astype(np.float64)
    design = np.einsum("kn,nd,k->nkd", on, X, which[:, 1]).reshape(len(X), -1)
    program = Program(design, cones, 2 * on[:, used] - 1, Y, loss, alpha)
    return solve_interior(program, V, gap=gap)[0]
