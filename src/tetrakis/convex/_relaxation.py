"""The quadratic relaxation of max over the sphere of Σ w (x·u)₊, with slopes in all its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True, eq=False)
class Relaxation:
    """Bounds of one problem: which rows have positive weight, and whose signs are settled.

    Parameters
    ----------
    X : ndarray, shape (n, d)
    plus : ndarray of bool, shape (n,)
        Rows of positive weight.
    fixed : ndarray, shape (n,)
        Of these: 1 on, −1 off, 0 open.

    Notes
    -----
    An open row of positive weight w adds at most w(t + (ρt² + 1/ρ)/2)/2, one of negative weight
    w(η(t + t²/‖x‖)/2 + (1 − η)φt), a settled one what it adds there plus |w|η times its sign times
    t ≥ 0. The multipliers z are ρ (in units of √d/‖x‖) or η, row by row, and then φ.
    """

    X: np.ndarray
    plus: np.ndarray
    fixed: np.ndarray

    @cached_property
    def opened(self) -> np.ndarray:
        """Rows of positive weight that aren't settled."""
        return self.plus & (self.fixed == 0)

    @cached_property
    def natural(self) -> np.ndarray:
        """1/|x·u| of an average u."""
        return natural_scale(self.X)

    @cached_property
    def length(self) -> np.ndarray:
        """‖x‖, never 0."""
        return np.maximum(np.linalg.norm(self.X, axis=1), 1e-300)

    def limits(self, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Least and largest multipliers; φ of rows of positive weight stays as it is."""
        minus = ~self.plus
        low = [np.where(self.opened, 1e-3, 0.0), np.where(minus, 0.0, second)]
        most = np.where(self.opened, 1e6, np.where(minus, 1.0, np.inf))
        return np.concatenate(low), np.concatenate([most, np.where(minus, 1.0, second)])

    def evaluate(
        self, w: np.ndarray, z: np.ndarray, smoothing: float = 0.0
    ) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
        """Return the bound, its slopes in the multipliers and in w, and a near maximiser u.

        With smoothing it isn't a bound, but has no kinks. w may be 0 but not change its signs.
        """
        n = len(self.X)
        one, two = z[:n], z[n:]
        opened, minus, heavy = self.opened, ~self.plus, np.abs(w)
        rho = np.where(opened, one * self.natural, 1.0)
        mixed = one / 2 + (1 - one) * two
        linear = np.where(opened, w / 2, w * (self.fixed > 0) + self.fixed * one * heavy)
        linear = np.where(minus, w * mixed, linear)
        square = np.where(opened, w * rho / 4, np.where(minus, w * one / (2 * self.length), 0.0))
        value, u, M = sphere_quadratic((self.X.T * square) @ self.X, self.X.T @ linear, smoothing)
        t = self.X @ u
        tt = t * t if M is None else np.einsum("nd,nd->n", self.X @ M, self.X)
        value += float(np.sum((w / (4 * rho))[opened]))
        first = np.where(opened, self.natural * w / 4 * (tt - 1 / rho**2), self.fixed * heavy * t)
        first = np.where(minus, w * (t * (0.5 - two) + tt / (2 * self.length)), first)
        second = np.where(minus, w * t * (1 - one), 0.0)
        settled = t * ((self.fixed > 0) + self.fixed * one)
        own = np.where(opened, t / 2 + rho * tt / 4 + 1 / (4 * rho), settled)
        own = np.where(minus, t * mixed + one * tt / (2 * self.length), own)
        return value, np.concatenate([first, second]), own, u


def natural_scale(X: np.ndarray) -> np.ndarray:
    """Return 1/|x·u| of an average u, for every row."""
    return np.sqrt(X.shape[1]) / np.maximum(np.linalg.norm(X, axis=1), 1e-300)


def sphere_quadratic(
    Q: np.ndarray, g: np.ndarray, smoothing: float = 0.0
) -> tuple[float, np.ndarray, np.ndarray | None]:
    """Bound the maximum over unit u of g·u + uᵀQu; return the bound and a near maximiser.

    Any λ above the eigenvalues of Q gives the bound λ + ¼ gᵀ(λ − Q)⁻¹g. With smoothing ε,
    −ε log det(λ − Q) is added, up to a constant, and the moments uuᵀ + ε(λ − Q)⁻¹ are returned.
    """
    eigen, basis = np.linalg.eigh(Q)
    b = basis.T @ g
    lam = _multiplier(eigen, b, smoothing)
    gap = lam - eigen
    value = lam + 0.25 * float(np.sum(b**2 / gap))
    u = basis @ (b / gap) / 2
    if smoothing > 0:
        value -= smoothing * float(np.sum(np.log(gap / (100 * smoothing))))
        return value, u, np.outer(u, u) + smoothing * (basis / gap) @ basis.T
    short = 1.0 - float(u @ u)
    if short > 1e-9:  # the hard case: fill up along the top eigenvector
        along = basis[:, -1]
        c = float(u @ along)
        u = u + (-c + np.sqrt(c * c + short)) * along
    return value, u, None


def _multiplier(eigen: np.ndarray, b: np.ndarray, smoothing: float) -> float:
    """Find λ with ¼Σ b²/(λ − e)² + ε Σ 1/(λ − e) = 1 by Newton, kept inside a bracket."""
    size, top = float(np.linalg.norm(b)), float(eigen[-1])
    tiny = max(1e-12 * max(float(np.abs(eigen).max()), size, 1e-280), smoothing)
    low, high = top + tiny, top + size / 2 + smoothing * len(eigen) + tiny
    lam = low
    for _ in range(100):
        gap = lam - eigen
        excess = float(np.sum((b / gap) ** 2)) / 4 + smoothing * float(np.sum(1 / gap)) - 1.0
        if excess <= 0:
            high = lam
            if lam == top + tiny:  # nothing below is allowed
                break
        else:
            low = lam
        slope = -float(np.sum(b**2 / gap**3)) / 2 - smoothing * float(np.sum(1 / gap**2))
        # the function is convex in λ; on its square root Newton's steps are longer
        root = np.sqrt(excess + 1.0)
        new = lam + 2 * root * (root - 1.0) / max(-slope, 1e-300)
        if not low < new < high:
            new = 0.5 * (low + high)
        if abs(new - lam) <= 1e-15 * abs(lam):
            break
        lam = new
    return lam
