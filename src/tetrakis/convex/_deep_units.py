"""Three-layer units in factored form: predictions, joint descent, convex polishing, merging."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from tetrakis.convex._deep_search import unit_outputs
from tetrakis.convex._interior import Program, solve_interior
from tetrakis.convex._losses import Loss

#: Units below this share of the whole norm are dropped.
_NEGLIGIBLE = 1e-6
#: Most entries of the inequalities of a convex program: 256 MB.
_ENTRIES = 1 << 25


@dataclass(frozen=True, eq=False)
class Units:
    """Σ_k (Σ_j I_kj (X v_kj)₊)₊ a_kᵀ with unit output directions a_k.

    Parameters
    ----------
    V : ndarray, shape (K, m, d)
    signs : ndarray of ±1, shape (K, m)
    A : ndarray, shape (K, c)
    """

    V: np.ndarray
    signs: np.ndarray
    A: np.ndarray

    def __len__(self) -> int:
        return len(self.V)

    @property
    def sizes(self) -> np.ndarray:
        """Frobenius norms, which are the path norms of the sub-networks, shape (K,)."""
        return np.sqrt(np.einsum("kmd,kmd->k", self.V, self.V))

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Return predictions, shape (n, c)."""
        return unit_outputs(X, self.V, self.signs).T @ self.A

    def objective(self, X: np.ndarray, Y: np.ndarray, loss: Loss, alpha: float) -> float:
        """Return L + alpha Σ ‖V_k‖."""
        return float(loss.value(self.predict(X), Y)) + alpha * float(self.sizes.sum())


def join(first: Units, second: Units) -> Units:
    """Put units side by side."""
    return Units(
        np.concatenate([first.V, second.V]),
        np.concatenate([first.signs, second.signs]),
        np.concatenate([first.A, second.A]),
    )


def tidy(units: Units) -> Units:
    """Drop negligible units."""
    sizes = units.sizes
    kept = sizes > _NEGLIGIBLE * sizes.sum()
    return Units(units.V[kept], units.signs[kept], units.A[kept])


def descend(
    X: np.ndarray, Y: np.ndarray, loss: Loss, alpha: float, units: Units, *, max_iter: int
) -> Units:
    """Lower the objective over all weights at once (L-BFGS), with ‖V‖² + ‖a‖² for 2‖V‖‖a‖."""
    (K, m, d), signs = units.V.shape, units.signs
    root = np.sqrt(units.sizes)
    start = np.concatenate(
        [
            (units.V / np.maximum(root, 1e-300)[:, None, None]).ravel(),
            (units.A * root[:, None]).ravel(),
        ]
    )

    def cost(z: np.ndarray) -> tuple[float, np.ndarray]:
        U, B = z[: K * m * d], z[K * m * d :].reshape(K, -1)
        first = (U.reshape(K * m, d) @ X.T).reshape(K, m, len(X))
        second = np.einsum("km,kmn->kn", signs, np.maximum(first, 0.0), optimize=True)
        H = np.maximum(second, 0.0)
        F = H.T @ B
        nu = loss.dual_point(F, Y)
        w = (B @ nu.T) * (second > 0)
        back = (first > 0) * w[:, None, :] * signs[:, :, None]
        gradient = np.concatenate([-(back.reshape(K * m, -1) @ X).ravel(), -(H @ nu).ravel()])
        return loss.value(F, Y) + 0.5 * alpha * float(z @ z), gradient + alpha * z

    options = {"maxiter": max_iter, "maxcor": 20, "ftol": 1e-12, "gtol": 1e-10}
    z = minimize(cost, start, jac=True, method="L-BFGS-B", options=options).x
    B = z[K * m * d :].reshape(K, -1)
    length = np.linalg.norm(B, axis=1)
    found = Units(
        z[: K * m * d].reshape(K, m, d) * length[:, None, None],
        signs, B / np.maximum(length, 1e-300)[:, None],
    )  # fmt: skip
    return _lower(X, Y, loss, alpha, found, units)


def _lower(X: np.ndarray, Y: np.ndarray, loss: Loss, alpha: float, new: Units, old: Units) -> Units:
    values = [u.objective(X, Y, loss, alpha) for u in (new, old)]
    return new if values[0] <= values[1] else old


def polish(
    X: np.ndarray, Y: np.ndarray, loss: Loss, alpha: float, units: Units, *, gap: float
) -> Units:
    """Solve the convex program over the layer-wise patterns of the units, in their cones."""
    K, m, d = units.V.shape
    n, c = Y.shape
    if not K or K * n * (m + 1) * m * d > _ENTRIES:
        return units
    first = (units.V.reshape(K * m, d) @ X.T).reshape(K, m, n) > 0
    on = unit_outputs(X, units.V, units.signs) > 0
    inner = np.einsum("km,kmn,nd->knmd", units.signs, first, X, optimize=True)
    inner = inner.reshape(K, n, m * d)
    cones = np.zeros((K, m, n, m, d))
    for j in range(m):
        cones[:, j, :, j] = X
    rows = np.concatenate([cones.reshape(K, m * n, m * d), inner], axis=1)
    rows /= np.maximum(np.linalg.norm(rows, axis=2, keepdims=True), 1e-300)
    where = np.concatenate([first.reshape(K, m * n), on], axis=1)
    design = np.einsum("kn,knp,kc->nckp", on, inner, units.A, optimize=True)
    program = Program(
        design.reshape(n * c, K * m * d), rows, np.where(where, 1.0, -1.0), Y, loss, alpha
    )
    V, _ = solve_interior(program, units.V.reshape(K, m * d), gap=gap, max_iter=60)
    new = Units(V.reshape(K, m, d), units.signs, units.A)
    return _lower(X, Y, loss, alpha, new, units)
