"""The three-layer program: column generation over units of path-regularised sub-networks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tetrakis.convex._deep_search import local_units, unit_outputs, unit_starts
from tetrakis.convex._deep_units import Units, descend, join, polish, tidy
from tetrakis.convex._losses import Loss, check_problem, relative_gap
from tetrakis.errors import BudgetError

_STARTS, _SEARCH = 48, 256
_NEW = 4


@dataclass(frozen=True, eq=False)
class DeepSolution:
    """A parallel three-layer network with its optimality gap, as far as local search can see.

    Parameters
    ----------
    V : ndarray, shape (K, m, d)
        First layers of the sub-networks times the absolute weights that follow.
    signs : ndarray of ±1, shape (K, m)
        Of the second layers.
    A : ndarray, shape (K, c)
        Unit output weights.
    primal, dual : float
        The objective of the network, and what the dual gives when the largest ‖νᵀh‖ that was
        found is the largest there is.
    n_iter : int
    converged : bool
    largest : float
        That ‖νᵀh‖.
    """

    V: np.ndarray
    signs: np.ndarray
    A: np.ndarray
    primal: float
    dual: float
    n_iter: int
    converged: bool
    largest: float

    @property
    def gap(self) -> float:
        """(primal − dual) / primal."""
        return relative_gap(self.primal, self.dual)


def solve_deep(
    X: Any,
    Y: Any,
    alpha: float,
    *,
    width: int = 10,
    loss: str | Loss = "squared",
    tol: float = 1e-2,
    max_iter: int = 30,
    rng: np.random.Generator | None = None,
) -> DeepSolution:
    """Minimise L(Σ_k ((X W_1k)₊ w_2k)₊ w_3kᵀ, Y) + alpha Σ_k ‖path norm of sub-network k‖.

    The norm of a sub-network is √(Σ_j ‖w_1kj‖² w_2kj²) ‖w_3k‖ over its `width` first-layer
    neurons; their number is given, that of sub-networks is not.

    Parameters
    ----------
    X : array_like, shape (n, d)
    Y : array_like, shape (n,) or (n, c)
        See `LOSSES` for the form of targets.
    alpha : float
        In units of the mean loss; for the squared loss 1/(2n) ‖f − y‖².
    width : int
        First-layer neurons of a sub-network.
    tol : float
        Stops at (primal − dual) / primal ≤ tol; the dual is that of the best unit found.
    max_iter : int
        Most rounds of column generation.

    References
    ----------
    Program: [Ergen23], THEORY section 7.2. Algorithm: ours.
    """
    X, Y, loss = check_problem(X, Y, loss)
    if not (np.isfinite(alpha) and alpha > 0):
        raise BudgetError(f"alpha: expected a number > 0, got {alpha!r}.")
    rng = np.random.default_rng(0) if rng is None else rng
    d, c = X.shape[1], Y.shape[1]
    units = Units(np.zeros((0, width, d)), np.zeros((0, width)), np.zeros((0, c)))
    dual, last = -np.inf, np.inf
    for iteration in range(max_iter + 1):
        nu, primal = loss.dual_point(units.predict(X), Y), units.objective(X, Y, loss, alpha)
        final = iteration == max_iter
        found, dual, largest = _candidates(X, Y, nu, units, alpha, loss, rng, _STARTS)
        if final or primal - dual <= tol * primal:  # look harder before stopping
            found, dual, largest = _candidates(X, Y, nu, units, alpha, loss, rng, _SEARCH)
            if final or primal - dual <= tol * primal:
                break
        stalled = last - primal < 1e-3 * primal
        last = primal
        grown = join(units, _first_step(X, Y, nu, found, alpha, loss))
        if not len(grown):
            break
        grown = tidy(descend(X, Y, loss, alpha, grown, max_iter=600))
        if stalled or primal - dual < 0.1 * primal:
            grown = tidy(polish(X, Y, loss, alpha, grown, gap=2e-4 * tol * primal))
        units = grown
    done = primal - dual <= tol * primal
    return DeepSolution(units.V, units.signs, units.A, primal, dual, iteration, done, largest)


def _candidates(
    X: np.ndarray,
    Y: np.ndarray,
    nu: np.ndarray,
    units: Units,
    alpha: float,
    loss: Loss,
    rng: np.random.Generator,
    count: int,
) -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray], float, float]:
    """Units that violate the dual, best first; the dual value, and ‖νᵀh‖, of the best one."""
    V, signs = unit_starts(X, count, units.V.shape[1], rng)
    V, signs = np.concatenate([units.V, V]), np.concatenate([units.signs, signs])
    V, signs, values = local_units(X, nu, V, signs, count=12)
    largest = float(values.max(initial=0.0))
    dual = float(loss.dual_value(min(1.0, alpha / max(largest, 1e-300)) * nu, Y))
    new = np.flatnonzero(values > alpha * (1 + 1e-9))[:_NEW]
    return (V[new], signs[new], values[new]), dual, largest


def _first_step(
    X: np.ndarray,
    Y: np.ndarray,
    nu: np.ndarray,
    found: tuple[np.ndarray, np.ndarray, np.ndarray],
    alpha: float,
    loss: Loss,
) -> Units:
    """Make new units as long as the curvature of the loss allows, shared among them."""
    V, signs, values = found
    h = unit_outputs(X, V, signs)
    A = h @ nu
    A /= np.maximum(np.linalg.norm(A, axis=1, keepdims=True), 1e-300)
    weight = loss.curvature(np.zeros_like(Y), Y).max() / len(X)
    step = (values - alpha) / np.maximum(weight * (h * h).sum(axis=1), 1e-300)
    return Units(V * (step / max(len(V), 1))[:, None, None], signs, A)
