"""The relu program over all widths: column generation with exact polishing inside cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tetrakis.convex._climb import local_maxima, starting_points
from tetrakis.convex._losses import Loss, check_problem, relative_gap
from tetrakis.convex._neurons import Neurons, descend, join, polish, tidy
from tetrakis.convex._sphere import sphere_maximum
from tetrakis.errors import BudgetError

_STARTS = 128
_NEW = 8
#: Relative gap below which cells are solved exactly.
_CLOSE = 0.03
_SEARCH, _SEARCH_CLIMBS = 1024, 64
#: Relative gap of the local search below which all cells are searched.
_NEAR = 1e-4


@dataclass(frozen=True, eq=False)
class ReLUSolution:
    """A two-layer relu network with its optimality gap.

    Parameters
    ----------
    V : ndarray, shape (K, d)
        First-layer weights times the length of the second-layer weights.
    A : ndarray, shape (K, c)
        Unit second-layer weights.
    nu : ndarray, shape (n, c)
        Dual point that `dual` belongs to, not scaled.
    primal, dual : float
        The objective of the network, and what the dual gives when the largest value of
        ‖νᵀ(Xu)₊‖ that was found is the largest there is.
    scope : {'global', 'heuristic', 'sampled'}
        Whether that largest value is exact, the best local maximum, or over given patterns.
    n_iter : int
        Rounds of column generation.
    converged : bool
    """

    V: np.ndarray
    A: np.ndarray
    nu: np.ndarray
    primal: float
    dual: float
    scope: str
    n_iter: int
    converged: bool

    @property
    def gap(self) -> float:
        """(primal − dual) / primal."""
        return relative_gap(self.primal, self.dual)


def solve_relu(
    X: Any,
    Y: Any,
    alpha: float,
    *,
    loss: str | Loss = "squared",
    tol: float = 1e-6,
    max_iter: int = 50,
    exact: bool = False,
    rng: np.random.Generator | None = None,
    start: ReLUSolution | None = None,
) -> ReLUSolution:
    """Minimise L(Σ_k (X u_k)₊ α_kᵀ, Y) + alpha Σ_k ‖u_k‖‖α_k‖ over networks of any width.

    Parameters
    ----------
    X : array_like, shape (n, d)
    Y : array_like, shape (n,) or (n, c)
        See `LOSSES` for the form of targets.
    alpha : float
        In units of the mean loss; for the squared loss 1/(2n) ‖f − y‖².
    tol : float
        Stops at (primal − dual) / primal ≤ tol.
    max_iter : int
        Most rounds of column generation.
    exact : bool
        Search all cells for the next neuron, for rows of rank at most 3; local search otherwise.
    rng : numpy.random.Generator, optional
        For the starts of the local search; seed 0 by default.
    start : ReLUSolution, optional
        Neurons to start from.

    References
    ----------
    Program and dual: [Ergen23], THEORY sections 7.1 and 7.3. Algorithm: ours.
    """
    X, Y, loss = check_problem(X, Y, loss)
    if not (np.isfinite(alpha) and alpha > 0):
        raise BudgetError(f"alpha: expected a number > 0, got {alpha!r}.")
    rng = np.random.default_rng(0) if rng is None else rng
    d, c = X.shape[1], Y.shape[1]
    neurons = Neurons(np.zeros((0, d)), np.zeros((0, c)))
    if start is not None:
        neurons = Neurons(start.V, start.A)
    proved, proved_nu = -np.inf, np.zeros_like(Y)
    last = np.inf
    for iteration in range(max_iter + 1):
        F = neurons.predict(X)
        nu, primal = loss.dual_point(F, Y), neurons.objective(X, Y, loss, alpha)
        U, values = _candidates(X, nu, neurons, rng, _STARTS, 12)
        dual = _dual(loss, nu, Y, alpha, values[0])
        near = max(tol, _NEAR) if exact else tol
        if primal - dual <= near * primal or iteration == max_iter:  # look harder before stopping
            U, values = _search_hard(X, nu, neurons, rng, exact)
            dual = _dual(loss, nu, Y, alpha, values[0])
            if not exact or dual > proved:  # a local search may be disproved later
                proved, proved_nu = dual, nu
            if primal - proved <= tol * primal or iteration == max_iter:
                break
        gap = (primal - dual) / max(primal, 1e-300)
        stalled = last - primal < 0.1 * gap * primal
        last = primal
        neurons = _improve(
            X, Y, loss, alpha, neurons, U, values, nu, 0.0 if stalled else gap, tol * primal
        )
    scope, converged = "global" if exact else "heuristic", primal - proved <= tol * primal
    return ReLUSolution(
        neurons.V, neurons.A, proved_nu, primal, proved, scope, iteration, converged
    )


def _dual(loss: Loss, nu: np.ndarray, Y: np.ndarray, alpha: float, largest: float) -> float:
    return float(loss.dual_value(min(1.0, alpha / max(largest, 1e-300)) * nu, Y))


def _candidates(
    X: np.ndarray,
    nu: np.ndarray,
    neurons: Neurons,
    rng: np.random.Generator,
    n_starts: int,
    n_climbs: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Directions with large ‖νᵀ(Xu)₊‖ by local search, best first."""
    size = np.linalg.norm(neurons.V, axis=1, keepdims=True)
    starts = starting_points(X, n_starts, rng)
    starts = np.concatenate([neurons.V / np.maximum(size, 1e-300), starts])
    return local_maxima(X, nu, starts, count=n_climbs)


def _search_hard(
    X: np.ndarray, nu: np.ndarray, neurons: Neurons, rng: np.random.Generator, exact: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Search all cells, or from very many starts."""
    if not exact:
        return _candidates(X, nu, neurons, rng, _SEARCH, _SEARCH_CLIMBS)
    U, values = _candidates(X, nu, neurons, rng, _STARTS, 12)
    u, value, error = sphere_maximum(X, nu)
    return np.concatenate([u[None], U]), np.concatenate([[value + error], values])


def _improve(
    X: np.ndarray,
    Y: np.ndarray,
    loss: Loss,
    alpha: float,
    neurons: Neurons,
    U: np.ndarray,
    values: np.ndarray,
    nu: np.ndarray,
    gap: float,
    wanted: float,
) -> Neurons:
    """Add the most violated directions as small neurons, descend, and polish when close."""
    fresh = U[values > alpha * (1 + 1e-12)][:_NEW]
    reach = np.maximum(X @ fresh.T, 0.0)
    A = reach.T @ nu
    length = np.linalg.norm(A, axis=1, keepdims=True)
    weight = loss.curvature(np.zeros_like(Y), Y).max() / len(X)
    step = (length[:, 0] - alpha) / np.maximum(weight * (reach**2).sum(axis=0), 1e-300)
    size = step / max(len(fresh), 1)
    grown = join(neurons, Neurons(fresh * size[:, None], A / np.maximum(length, 1e-300)))
    if not len(grown):
        return neurons
    if gap > 0.003:
        grown = tidy(X, descend(X, Y, loss, alpha, grown, max_iter=300))
    if gap < _CLOSE or not len(neurons):
        grown = polish(X, Y, loss, alpha, grown, gap=0.02 * wanted)
    return grown
