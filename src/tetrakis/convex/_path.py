"""The regularisation path of the relu program: optima for falling alpha, each from the last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tetrakis.convex._fit import alpha_max
from tetrakis.convex._losses import Loss, check_problem
from tetrakis.convex._patterns import reduce_rank
from tetrakis.convex._relu import ReLUSolution, solve_relu
from tetrakis.convex._sphere import MAX_RANK
from tetrakis.errors import BudgetError

_SAME_NEURON = 0.99


@dataclass(frozen=True, eq=False)
class ConvexPath:
    """Optimal networks along a path of alphas.

    Parameters
    ----------
    alphas : ndarray, shape (m,)
        Falling.
    alpha_max : float
        Where the zero network ceases to be optimal.
    exact : bool
        Whether `alpha_max` and the gaps refer to all networks (rank at most 3) or to the best
        of local search.
    solutions : tuple of ReLUSolution
    entered, left : ndarray of int, shape (m,)
        Neurons without a counterpart (cosine at least 0.99, same output direction) at the alpha
        before, and neurons there without one here.
    """

    alphas: np.ndarray
    alpha_max: float
    exact: bool
    solutions: tuple[ReLUSolution, ...]
    entered: np.ndarray
    left: np.ndarray

    @property
    def n_neurons(self) -> np.ndarray:
        """Number of neurons at every alpha, shape (m,)."""
        return np.array([len(s.V) for s in self.solutions])

    @property
    def gaps(self) -> np.ndarray:
        """Relative duality gaps, shape (m,)."""
        return np.array([s.gap for s in self.solutions])


def convex_path(
    X: Any,
    y: Any,
    *,
    alphas: Any = None,
    n_alphas: int = 20,
    shrink: float = 1e-2,
    loss: str | Loss = "squared",
    fit_intercept: bool = False,
    tol: float = 1e-4,
    max_iter: int = 50,
) -> ConvexPath:
    """Solve the relu program for falling alphas, every one started from the one before.

    Parameters
    ----------
    X : array_like, shape (n, d)
    y : array_like, shape (n,) or (n, c)
        See `LOSSES` for the form of targets.
    alphas : array_like, optional
        By default `n_alphas` of them in geometric progression from alpha_max to `shrink` times
        alpha_max.
    fit_intercept : bool
        Append a constant feature.
    loss, tol, max_iter
        As for `solve_relu`.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.linspace(-1, 1, 40)
    >>> path = convex_path(x[:, None], abs(x), n_alphas=4, fit_intercept=True)
    >>> path.n_neurons.tolist()[0], bool((path.gaps < 1e-4).all())
    (0, True)
    """
    X, Y, loss = check_problem(X, y, loss)
    rows = np.concatenate([X, np.ones((len(X), 1))], axis=1) if fit_intercept else X
    exact = reduce_rank(rows)[1].shape[1] <= MAX_RANK
    largest = alpha_max(rows, Y, loss=loss.name)
    if alphas is None:
        alphas = np.geomspace(largest, shrink * largest, n_alphas)
    alphas = np.sort(np.asarray(alphas, dtype=np.float64).ravel())[::-1]
    if not (len(alphas) and np.isfinite(alphas).all() and (alphas > 0).all()):
        raise BudgetError(f"alphas: expected numbers > 0, got {alphas.tolist()}.")
    found: list[ReLUSolution] = []
    entered, left = [], []
    for alpha in alphas:
        start = found[-1] if found else None
        new = solve_relu(
            rows, Y, float(alpha), loss=loss, tol=tol, max_iter=max_iter, exact=exact, start=start
        )
        entered.append(_without_counterpart(new, start))
        left.append(_without_counterpart(start, new) if start is not None else 0)
        found.append(new)
    return ConvexPath(alphas, largest, exact, tuple(found), np.array(entered), np.array(left))


def _without_counterpart(these: ReLUSolution, others: ReLUSolution | None) -> int:
    if others is None or not len(others.V):
        return len(these.V)
    if not len(these.V):
        return 0
    unit = [s.V / np.linalg.norm(s.V, axis=1, keepdims=True) for s in (these, others)]
    same = (unit[0] @ unit[1].T > _SAME_NEURON) & (these.A @ others.A.T > _SAME_NEURON)
    return int((~same.any(axis=1)).sum())


def plot_path(path: ConvexPath) -> Any:
    """Draw neuron norms, number of neurons and objective against alpha; return a Figure."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 3.2), layout="constrained")
    norms, numbers, values = figure.subplots(1, 3)
    for alpha, solution in zip(path.alphas, path.solutions, strict=True):
        size = np.linalg.norm(solution.V, axis=1)
        norms.plot(np.full(len(size), alpha), size, ".", color="tab:blue", markersize=4)
    norms.set_ylabel("‖u‖‖α‖ of every neuron")
    numbers.step(path.alphas, path.n_neurons, where="mid", label="neurons")
    numbers.plot(path.alphas, path.entered, ".", label="entered")
    numbers.plot(path.alphas, path.left, "x", label="left")
    numbers.legend(frameon=False)
    values.plot(path.alphas, [s.primal for s in path.solutions], label="objective")
    values.plot(path.alphas, [s.dual for s in path.solutions], "--", label="lower bound")
    values.legend(frameon=False)
    for axes in (norms, numbers, values):
        axes.set_xscale("log")
        axes.set_xlabel("alpha")
        axes.spines[["top", "right"]].set_visible(False)
    return figure
