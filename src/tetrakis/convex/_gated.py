"""The gated relu program: a group lasso over activation patterns, by working sets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tetrakis.convex._gated_kernels import gradients, predictions
from tetrakis.convex._gated_model import Model, on_rows
from tetrakis.convex._losses import Loss, check_problem, relative_gap
from tetrakis.convex._patterns import Patterns
from tetrakis.convex._products import Backend, gradient_norms

_SMALLEST = 12
_NEWTON_STEPS = 50


@dataclass(frozen=True, eq=False)
class GatedSolution:
    """A solution of the gated program over given patterns.

    Parameters
    ----------
    patterns : Patterns
    support : ndarray of int, shape (K,)
        The patterns with nonzero weights.
    V : ndarray, shape (K, d, c)
        Their weights.
    primal, dual : float
        The objective, and a lower bound on the optimum over these patterns.
    n_iter : int
        Working sets.
    converged : bool
    """

    patterns: Patterns
    support: np.ndarray
    V: np.ndarray
    primal: float
    dual: float
    n_iter: int
    converged: bool

    @property
    def gap(self) -> float:
        """(primal − dual) / primal."""
        return relative_gap(self.primal, self.dual)


def solve_gated(
    X: Any,
    Y: Any,
    patterns: Patterns,
    alpha: float,
    *,
    loss: str | Loss = "squared",
    tol: float = 1e-6,
    max_iter: int = 100,
    start: GatedSolution | None = None,
    backend: Backend = "numpy",
) -> GatedSolution:
    """Minimise L(Σ_k D_k X V_k, Y) + alpha Σ_k ‖V_k‖ (Frobenius) over all patterns.

    Parameters
    ----------
    X : array_like, shape (n, d)
    Y : array_like, shape (n,) or (n, c)
        See `LOSSES` for the form of targets.
    patterns : Patterns
    alpha : float
        In units of the mean loss; for the squared loss 1/(2n) ‖f − y‖².
    tol : float
        Stops at (primal − dual) / primal ≤ tol, exact over all the patterns.
    max_iter : int
        Most working sets.
    start : GatedSolution, optional
        Over the same patterns, to start from.

    References
    ----------
    Program: [Ergen23], THEORY section 7.1 without its cones. Algorithm: ours (working sets, exact
    block minimisation by a secular equation, Anderson extrapolation).
    """
    X, Y, loss = check_problem(X, Y, loss)
    active = np.zeros(0, dtype=np.int64) if start is None else start.support
    V = np.zeros((0, X.shape[1], Y.shape[1])) if start is None else start.V.copy()
    F = predictions(X, *on_rows(patterns.signs[active]), V)
    dual, iteration = -np.inf, 0
    while True:
        nu = loss.dual_point(F, Y)
        norms = gradient_norms(X, patterns.signs, nu, backend=backend)
        scale = min(1.0, alpha / max(norms.max(), 1e-300))
        dual = max(dual, loss.dual_value(scale * nu, Y))
        primal = loss.value(F, Y) + alpha * _size(V)
        done = primal - dual <= tol * primal
        if done or iteration == max_iter:
            return GatedSolution(patterns, active, V, primal, dual, iteration, done)
        iteration += 1
        active, V = _grow(active, V, norms)
        goal = 0.1 * max(primal - dual, tol * primal)
        V, F = _inner(X, Y, patterns.signs[active], alpha, loss, V, goal)
        keep = V.any(axis=(1, 2))
        active, V = active[keep], V[keep]


def _grow(active: np.ndarray, V: np.ndarray, norms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Twice the support: the active patterns and the most violated others."""
    norms = norms.copy()
    norms[active] = -1.0
    count = min(max(_SMALLEST, len(active)), len(norms) - len(active))
    fresh = np.argpartition(-norms, count - 1)[:count] if count else np.zeros(0, np.int64)
    return (
        np.concatenate([active, fresh]),
        np.concatenate([V, np.zeros((len(fresh), *V.shape[1:]))]),
    )


def _inner(
    X: np.ndarray,
    Y: np.ndarray,
    signs: np.ndarray,
    alpha: float,
    loss: Loss,
    V: np.ndarray,
    goal: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Solve over a working set to an absolute gap of `goal`; return V and f."""
    n, V = len(X), V.copy()
    rows, starts = on_rows(signs)
    if loss.name == "squared":
        model = Model.build(X, rows, starts, np.full(n, 1 / n), alpha)
        model.solve(V, loss.dual_point(model.predict(V), Y), gap=goal, sweeps=2000)
        return V, model.predict(V)
    F = predictions(X, rows, starts, V)
    for _ in range(_NEWTON_STEPS):
        nu, size = loss.dual_point(F, Y), _size(V)
        G = gradients(X, rows, starts, nu)
        s = min(1.0, alpha / max(np.sqrt((G * G).sum((1, 2)).max()), 1e-300))
        value = loss.value(F, Y) + alpha * size
        gap = value - loss.dual_value(s * nu, Y)
        if gap <= goal:
            break
        model = Model.build(X, rows, starts, np.maximum(loss.curvature(F, Y), 1e-4) / n, alpha)
        new, model_nu = V.copy(), nu.copy()
        model.solve(new, model_nu, gap=0.1 * gap, sweeps=500)
        step = new - V
        change = predictions(X, rows, starts, step)
        expected = alpha * (_size(new) - size) - float((nu * change).sum())
        t = 1.0
        while t > 1e-10:
            trial = loss.value(F + t * change, Y) + alpha * _size(V + t * step)
            if trial <= value + 1e-4 * t * expected:
                break
            t /= 2
        V, F = V + t * step, F + t * change
    return V, predictions(X, rows, starts, V)


def _size(V: np.ndarray) -> float:
    return float(np.sqrt((V * V).sum((1, 2))).sum())
