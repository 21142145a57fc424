"""Local maxima of ‖νᵀ(Xu)₊‖ over the sphere: exact inside cells, climbing between them."""

from __future__ import annotations

import numpy as np

from tetrakis.convex._kernels import kernel


def values_at(X: np.ndarray, nu: np.ndarray, U: np.ndarray) -> np.ndarray:
    """Return ‖νᵀ(Xu)₊‖ for every row u of U, shape (S,)."""
    return np.linalg.norm(np.maximum(U @ X.T, 0.0) @ nu, axis=1)


def starting_points(X: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Draw unit vectors (S, d): random, and rows or their differences; all with opposites."""
    half = max(count // 4, 1)
    a, b = X[rng.integers(len(X), size=(2, half))]
    mix = rng.random((half, 1)) < 0.5
    U = np.concatenate([rng.standard_normal((half, X.shape[1])), a - mix * b])
    U = np.concatenate([U, -U])
    length = np.linalg.norm(U, axis=1, keepdims=True)
    return U[length[:, 0] > 0] / length[length[:, 0] > 0]


def ascend(X: np.ndarray, nu: np.ndarray, U: np.ndarray, *, steps: int = 60) -> np.ndarray:
    """Improve all starts at once by projected gradient steps of adaptive length."""
    U, length = U.copy(), np.full((len(U), 1), 0.5)
    active = U @ X.T
    S = np.maximum(active, 0.0) @ nu
    best = np.linalg.norm(S, axis=1)
    for _ in range(steps):
        g = ((active > 0) * (S @ nu.T)) @ X
        g /= np.maximum(np.linalg.norm(g, axis=1, keepdims=True), 1e-300)
        trial = U + length * (g - U)
        trial /= np.maximum(np.linalg.norm(trial, axis=1, keepdims=True), 1e-300)
        active_t = trial @ X.T
        S_t = np.maximum(active_t, 0.0) @ nu
        value = np.linalg.norm(S_t, axis=1)
        better = value > best
        U[better], active[better], S[better] = trial[better], active_t[better], S_t[better]
        best[better] = value[better]
        length = np.where(better[:, None], np.minimum(1.0, 1.5 * length), 0.4 * length)
    return U


def local_maxima(
    X: np.ndarray, nu: np.ndarray, U: np.ndarray, *, count: int = 12
) -> tuple[np.ndarray, np.ndarray]:
    """Climb from all starts; return distinct maximisers (S, d) and values (S,), best first."""
    U = ascend(X, nu, U)
    order = np.argsort(-values_at(X, nu, U))
    climbed: list[np.ndarray] = []
    for u in U[_distinct(U[order], order, count)]:
        climbed.append(_climb_outputs(X, nu, u))
    found = np.array(climbed)
    values = values_at(X, nu, found)
    order = np.argsort(-values)
    kept = _distinct(found[order], order, count)
    return found[kept], values[kept]


def _distinct(sorted_rows: np.ndarray, order: np.ndarray, count: int) -> np.ndarray:
    """Pick up to `count` rows no two of which are nearly parallel."""
    kept: list[int] = []
    for i, u in enumerate(sorted_rows):
        if not kept or (sorted_rows[kept] @ u).max() < 1 - 1e-4:
            kept.append(i)
        if len(kept) == count:
            break
    return order[kept]


def _climb_outputs(X: np.ndarray, nu: np.ndarray, u: np.ndarray) -> np.ndarray:
    value = -1.0
    for _ in range(100 if nu.shape[1] > 1 else 1):
        s = np.maximum(X @ u, 0.0) @ nu
        new = float(np.linalg.norm(s))
        if new <= value * (1 + 1e-13) or new == 0.0:
            break
        value = new
        u = climb(X, nu @ (s / new), u)
    return u


@kernel
def climb(X: np.ndarray, w: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Climb on Σ_r w_r (x_r·u)₊ over the unit sphere, by exact maxima over one cell at a time."""
    n, d = X.shape
    length = np.sqrt(np.sum(X * X, axis=1))
    on = X @ u > 0
    best, value = u.copy(), -1.0
    for _ in range(200):
        g = np.zeros(d)
        cone = np.zeros((n, d))
        for r in range(n):
            if on[r]:
                g += w[r] * X[r]
            if length[r] > 0:
                cone[r] = X[r] / length[r] if on[r] else -X[r] / length[r]
        p, multipliers = project(cone, g)
        new = np.sqrt(np.sum(p * p))
        if new <= value * (1 + 1e-13) or new <= 1e-13 * np.sqrt(np.sum(g * g)):
            break
        best, value = p / new, new
        moved = False
        for r in range(n):
            if multipliers[r] > 0 and multipliers[r] + w[r] * length[r] > 1e-12 * new:
                on[r] = not on[r]
                moved = True
        if not moved:
            break
    return best


@kernel
def project(cone: np.ndarray, g: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Project g on {p : cone @ p ≥ 0}; return p and multipliers λ ≥ 0 with p = g + coneᵀ λ.

    References
    ----------
    C. Lawson and R. Hanson, Solving least squares problems, chapter 23, on the dual.
    """
    n, d = cone.shape
    multipliers, p = np.zeros(n), g.copy()
    used = np.zeros(0, dtype=np.int64)
    tiny = 1e-13 * np.sqrt(np.sum(g * g))
    for _ in range(10 * d + 50):
        slack = cone @ p
        slack[used] = 0.0
        worst = np.argmin(slack)
        if slack[worst] >= -tiny or len(used) == d:
            break
        used = np.append(used, worst)
        while True:
            A = cone[used]
            gram = A @ A.T
            for i in range(len(used)):
                gram[i, i] += 1e-15
            z = np.linalg.solve(gram, -(A @ g))
            if z.min() > 0:
                multipliers[used] = z
                break
            t = 1.0
            for i in range(len(used)):
                if z[i] <= 0:
                    now = multipliers[used[i]]
                    t = min(t, now / max(now - z[i], 1e-300))
            for i in range(len(used)):
                k = used[i]
                multipliers[k] += t * (z[i] - multipliers[k])
                if z[i] <= 0 and multipliers[k] <= 1e-15 * (1 + abs(z[i])):
                    multipliers[k] = 0.0
            used = used[multipliers[used] > 0]
            if len(used) == 0:
                break
        p = g + cone.T @ multipliers
    return p, multipliers
