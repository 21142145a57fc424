"""A weighted least squares model on a working set: block descent, extrapolated."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from tetrakis.convex._gated_kernels import descend, gradients, predictions, weighted_grams

_MEMORY = 6
_NEWTON_ROWS = 1500
_NEWTON_STEPS = 8
#: Curvature given to the norm along its own direction, relative to the others.
_FLAT = 1e-7


@dataclass(eq=False)
class Model:
    """min over V of ½ Σ_r w_r ‖z_r − f_r‖² + alpha Σ_k ‖V_k‖, f = Σ_k D_k X V_k.

    z is held through the dual point ν = w (z − f) that belongs to the present V.
    """

    X: np.ndarray
    rows: np.ndarray
    starts: np.ndarray
    weights: np.ndarray
    alpha: float
    bases: np.ndarray
    values: np.ndarray

    @classmethod
    def build(
        cls,
        X: np.ndarray,
        rows: np.ndarray,
        starts: np.ndarray,
        weights: np.ndarray,
        alpha: float,
    ) -> Model:
        """Collect the rows of every pattern and diagonalise its weighted Gram matrix."""
        values, bases = np.linalg.eigh(weighted_grams(X, weights, rows, starts))
        return cls(X, rows, starts, weights, alpha, bases, np.maximum(values, 0.0))

    @cached_property
    def products(self) -> np.ndarray:
        """X Xᵀ."""
        return self.X @ self.X.T

    def sweep(self, V: np.ndarray, nu: np.ndarray, count: int) -> float:
        """Do `count` sweeps in place."""
        return descend(
            self.X, self.weights, self.rows, self.starts, self.bases, self.values, self.alpha,
            V, nu, count,
        )  # fmt: skip

    def predict(self, V: np.ndarray) -> np.ndarray:
        """Return f, shape (n, c)."""
        return predictions(self.X, self.rows, self.starts, V)

    def primal(self, V: np.ndarray, nu: np.ndarray) -> float:
        """Return the model's objective; it is exact where ν belongs to V."""
        return 0.5 * self._energy(nu) + self.alpha * float(np.sqrt((V * V).sum((1, 2))).sum())

    def gap(self, V: np.ndarray, nu: np.ndarray) -> float:
        """Return the model's duality gap over the working set."""
        G = gradients(self.X, self.rows, self.starts, nu)
        largest = np.sqrt((G * G).sum((1, 2)).max(initial=0.0))
        s = min(1.0, self.alpha / max(largest, 1e-300))
        energy = self._energy(nu)
        return self.primal(V, nu) - s * (energy + float((G * V).sum())) + 0.5 * s * s * energy

    def _energy(self, nu: np.ndarray) -> float:
        return float((nu * nu / self.weights[:, None]).sum())

    def solve(
        self, V: np.ndarray, nu: np.ndarray, *, gap: float, sweeps: int, newton: bool = True
    ) -> int:
        """Descend in place until the model's gap is at most `gap`; return the sweeps done.

        Every few sweeps the last iterates are extrapolated (Anderson), and the extrapolation is
        kept where it lowers the objective.
        """
        past = [V.copy()]
        for done in range(1, sweeps + 1):
            change = self.sweep(V, nu, 1)
            past.append(V.copy())
            if len(past) == _MEMORY:
                self._extrapolate(V, nu, np.stack([v.ravel() for v in past]))
                past = [V.copy()]
                if change < 1e-14 or self.gap(V, nu) <= gap:
                    return done
                if (
                    newton
                    and len(nu) * V.shape[2] <= _NEWTON_ROWS
                    and done % (3 * _MEMORY - 3) == 0
                ):
                    for _ in range(_NEWTON_STEPS):
                        if not self._newton(V, nu) or self.gap(V, nu) <= gap:
                            break
                    past = [V.copy()]
        return sweeps

    def _newton(self, V: np.ndarray, nu: np.ndarray) -> bool:
        """Do a damped Newton step on the nonzero blocks; say whether it was a nearly full one.

        The system has one equation per row: the Hessian of the norms is inverted block by block.
        """
        size = np.sqrt((V * V).sum((1, 2)))
        on = np.flatnonzero(size > 1e-9 * max(size.max(initial=0.0), 1e-300))
        if not len(on):
            return False
        rows, starts = on_rows_subset(self.rows, self.starts, on)
        unit, radius = V[on] / size[on, None, None], size[on] / self.alpha
        inverse = partial(_block_inverse, unit=unit, radius=radius)
        gradient = self.alpha * unit - gradients(self.X, rows, starts, nu)
        D = np.zeros((len(on), len(self.X)))
        D[np.repeat(np.arange(len(on)), np.diff(starts)), rows] = 1.0
        system = dual_system(self.X, self.products, D, unit, radius, self.weights)
        step = inverse(-gradient)
        right = predictions(self.X, rows, starts, step)
        try:
            solved = cho_solve(cho_factor(system, overwrite_a=True), right.ravel())
        except np.linalg.LinAlgError:
            return False
        step -= inverse(gradients(self.X, rows, starts, solved.reshape(right.shape)))
        change = self.weights[:, None] * predictions(self.X, rows, starts, step)
        before, t = self.primal(V, nu), 1.0
        while t > 1e-3:
            trial = V.copy()
            trial[on] += t * step
            if self.primal(trial, nu - t * change) < before:
                V[:] = trial
                nu -= t * change
                return t > 0.2
            t /= 2
        return False

    def _extrapolate(self, V: np.ndarray, nu: np.ndarray, past: np.ndarray) -> None:
        differences = np.diff(past, axis=0)
        gram = differences @ differences.T
        gram[np.diag_indices_from(gram)] += 1e-12 * max(np.trace(gram), 1e-300)
        mix = np.linalg.solve(gram, np.ones(len(gram)))
        if not np.isfinite(mix).all() or mix.sum() == 0.0:
            return
        guess = ((mix / mix.sum()) @ past[1:]).reshape(V.shape)
        guess[~V.any(axis=(1, 2))] = 0.0
        dual = nu - self.weights[:, None] * self.predict(guess - V)
        if self.primal(guess, dual) < self.primal(V, nu):
            V[:], nu[:] = guess, dual


def on_rows(signs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows that every pattern turns on, one after the other, and where each starts."""
    rows = np.nonzero(signs)[1].astype(np.int64)
    starts = np.concatenate([[0], np.cumsum(signs.sum(axis=1, dtype=np.int64))])
    return rows, starts


def on_rows_subset(
    rows: np.ndarray, starts: np.ndarray, kept: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return what `on_rows` returns for the patterns `kept` alone."""
    parts = [rows[starts[k] : starts[k + 1]] for k in kept]
    return np.concatenate(parts), np.concatenate([[0], np.cumsum([len(p) for p in parts])])


def _block_inverse(G: np.ndarray, *, unit: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """Inverse Hessian of every norm, made invertible, times G (K, d, c)."""
    along = (G * unit).sum((1, 2))[:, None, None] * unit
    return radius[:, None, None] * (G + (1 / _FLAT - 1) * along)


def dual_system(
    X: np.ndarray,
    products: np.ndarray,
    D: np.ndarray,
    unit: np.ndarray,
    radius: np.ndarray,
    weights: np.ndarray,
) -> np.ndarray:
    """diag(1/w) + Σ_k A_k B_k⁻¹ A_kᵀ, A_k = D_k X, shape (n c, n c); products = X Xᵀ."""
    n, c = len(X), unit.shape[2]
    rooted = D * np.sqrt(radius)[:, None]
    shared = rooted.T @ rooted
    shared *= products
    shared[np.diag_indices(n)] += 1 / weights
    images = D[:, :, None] * np.einsum("nd,kdc->knc", X, unit)
    images *= np.sqrt(radius * (1 / _FLAT - 1))[:, None, None]
    flat = images.reshape(len(D), n * c)
    shared = np.kron(shared, np.eye(c)) if c > 1 else shared
    shared += flat.T @ flat
    return shared
