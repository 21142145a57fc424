"""Neurons of a two-layer network in factored form: predictions, descent, merging, polishing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from tetrakis.convex._interior import Program, solve_interior
from tetrakis.convex._losses import Loss

#: Neurons below this share of the whole norm are dropped.
_NEGLIGIBLE = 1e-7


@dataclass(frozen=True, eq=False)
class Neurons:
    """Σ_k (X v_k)₊ a_kᵀ with unit output directions a_k.

    Parameters
    ----------
    V : ndarray, shape (K, d)
    A : ndarray, shape (K, c)
    """

    V: np.ndarray
    A: np.ndarray

    def __len__(self) -> int:
        return len(self.V)

    @property
    def size(self) -> float:
        """Σ ‖v_k‖, which is Σ ‖u_k‖‖α_k‖ of the network."""
        return float(np.linalg.norm(self.V, axis=1).sum())

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Return predictions, shape (n, c)."""
        return np.maximum(X @ self.V.T, 0.0) @ self.A

    def objective(self, X: np.ndarray, Y: np.ndarray, loss: Loss, alpha: float) -> float:
        """Return L + alpha Σ ‖v_k‖."""
        return float(loss.value(self.predict(X), Y)) + alpha * self.size


def join(first: Neurons, second: Neurons) -> Neurons:
    """Put neurons side by side."""
    return Neurons(np.concatenate([first.V, second.V]), np.concatenate([first.A, second.A]))


def tidy(X: np.ndarray, neurons: Neurons) -> Neurons:
    """Drop negligible neurons; add up those that point the same way and share their pattern.

    Neither step raises the norm, and adding up leaves the fit as it is.
    """
    size = np.linalg.norm(neurons.V, axis=1)
    kept = size > _NEGLIGIBLE * size.sum()
    V, A, size = neurons.V[kept], neurons.A[kept], size[kept]
    active = X @ V.T
    margin = 1e-10 * np.linalg.norm(X, axis=1)[:, None] * size
    on, off = active > margin, active < -margin
    groups: list[list[int]] = []
    for k in np.argsort(-size):
        for group in groups:
            clash = (on[:, k, None] & off[:, group]) | (off[:, k, None] & on[:, group])
            if not clash.any() and (A[group] @ A[k]).min() > 1 - 1e-12:
                group.append(int(k))
                break
        else:
            groups.append([int(k)])
    return Neurons(
        np.array([V[g].sum(axis=0) for g in groups]).reshape(-1, V.shape[1]),
        np.array([A[g[0]] for g in groups]).reshape(-1, A.shape[1]),
    )


def descend(
    X: np.ndarray, Y: np.ndarray, loss: Loss, alpha: float, neurons: Neurons, *, max_iter: int
) -> Neurons:
    """Lower the objective over all weights at once (L-BFGS), across the borders of cells.

    With ‖u‖² + ‖a‖² for 2‖u‖‖a‖ the objective is smooth inside cells.
    """
    K, d = neurons.V.shape
    root = np.sqrt(np.linalg.norm(neurons.V, axis=1))[:, None]
    start = np.concatenate(
        [(neurons.V / np.maximum(root, 1e-300)).ravel(), (neurons.A * root).ravel()]
    )

    def cost(z: np.ndarray) -> tuple[float, np.ndarray]:
        U, B = z[: K * d].reshape(K, d), z[K * d :].reshape(K, -1)
        active = np.maximum(X @ U.T, 0.0)
        F = active @ B
        nu = loss.dual_point(F, Y)
        back = (nu @ B.T) * (active > 0)
        gradient = np.concatenate([(-(back.T @ X)).ravel(), (-(active.T @ nu)).ravel()])
        return loss.value(F, Y) + 0.5 * alpha * float(z @ z), gradient + alpha * z

    options = {"maxiter": max_iter, "maxcor": 20, "ftol": 1e-13, "gtol": 1e-10}
    z = minimize(cost, start, jac=True, method="L-BFGS-B", options=options).x
    U, B = z[: K * d].reshape(K, d), z[K * d :].reshape(K, -1)
    length = np.linalg.norm(B, axis=1, keepdims=True)
    found = Neurons(U * length, B / np.maximum(length, 1e-300))
    before = neurons.objective(X, Y, loss, alpha)
    return found if found.objective(X, Y, loss, alpha) <= before else neurons


def polish(
    X: np.ndarray, Y: np.ndarray, loss: Loss, alpha: float, neurons: Neurons, *, gap: float
) -> Neurons:
    """Solve the convex program over the cells of the neurons; cross borders while that helps."""
    length = np.linalg.norm(X, axis=1)
    rows, first = np.unique(X[length > 0] / length[length > 0, None], axis=0, return_index=True)
    kept = np.flatnonzero(length > 0)[first]
    value = neurons.objective(X, Y, loss, alpha)
    for _ in range(8):
        on = X @ neurons.V.T > 0
        flip = np.zeros_like(on)
        better, last = neurons, np.inf
        for _ in range(6):
            on ^= flip
            V, multiplier = _solve_cells(X, Y, loss, alpha, better, on, rows, kept, gap)
            trial = Neurons(V, neurons.A)
            objective = trial.objective(X, Y, loss, alpha)
            if objective <= value + gap:  # a step too small to see may still mend the dual
                better = trial
            flip = _crossings(X, loss.dual_point(trial.predict(X), Y), trial, on, kept, multiplier)
            if not flip.any() or objective > last - 0.1 * gap:
                break
            last = objective
        if neurons.A.shape[1] > 1 and better is not neurons:
            better = _turn(X, Y, loss, alpha, better, gap)
        new = better.objective(X, Y, loss, alpha)
        done = new >= value - gap or neurons.A.shape[1] == 1
        neurons, value = better, new
        if done:
            break
    return tidy(X, neurons)


def _solve_cells(
    X: np.ndarray,
    Y: np.ndarray,
    loss: Loss,
    alpha: float,
    neurons: Neurons,
    on: np.ndarray,
    rows: np.ndarray,
    kept: np.ndarray,
    gap: float,
) -> tuple[np.ndarray, np.ndarray]:
    (n, d), (K, c) = X.shape, neurons.A.shape
    design = np.einsum("nk,nd,kc->nckd", on, X, neurons.A).reshape(n * c, K * d)
    signs = np.where(on[kept].T, 1.0, -1.0)
    program = Program(design, rows, signs, Y, loss, alpha)
    return solve_interior(program, neurons.V, gap=gap)


def _crossings(
    X: np.ndarray,
    nu: np.ndarray,
    neurons: Neurons,
    on: np.ndarray,
    kept: np.ndarray,
    multiplier: np.ndarray,
) -> np.ndarray:
    """Rows (n, K) whose hyperplane a neuron lies on and gains by crossing."""
    length = np.linalg.norm(X, axis=1)[kept]
    slack = np.abs(X[kept] @ neurons.V.T).T / length
    gain = multiplier / length + (neurons.A @ nu[kept].T)
    tight = slack < 1e-6 * np.linalg.norm(neurons.V, axis=1)[:, None]
    scale = np.abs(nu).max()
    flip = np.zeros_like(on)
    flip[kept] = ((multiplier > slack) & tight & (gain > 1e-9 * scale)).T
    return flip


def _turn(
    X: np.ndarray, Y: np.ndarray, loss: Loss, alpha: float, neurons: Neurons, gap: float
) -> Neurons:
    """Solve over the output weights of all neurons at once."""
    size = np.linalg.norm(neurons.V, axis=1)
    U = neurons.V[size > 0] / size[size > 0, None]
    A = neurons.A[size > 0] * size[size > 0, None]
    K, c = A.shape
    active = np.maximum(X @ U.T, 0.0)
    design = np.einsum("nk,cj->nckj", active, np.eye(c)).reshape(len(X) * c, K * c)
    program = Program(design, np.zeros((0, c)), np.zeros((K, 0)), Y, loss, alpha)
    A, _ = solve_interior(program, A, gap=gap)
    length = np.linalg.norm(A, axis=1, keepdims=True)
    found = Neurons(U * length, A / np.maximum(length, 1e-300))
    before = neurons.objective(X, Y, loss, alpha)
    return found if found.objective(X, Y, loss, alpha) < before else neurons
