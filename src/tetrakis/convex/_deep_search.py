"""Three-layer units with large ‖νᵀh‖: local search shared by the solver and its certificates.

A unit is h(X) = (Σ_j I_j (X v_j)₊)₊ with signs I_j; its size is the Frobenius norm of V.
"""

from __future__ import annotations

import numpy as np


def unit_outputs(X: np.ndarray, V: np.ndarray, signs: np.ndarray) -> np.ndarray:
    """Return h of every unit on every row, shape (K, n).

    Parameters
    ----------
    X : ndarray, shape (n, d)
    V : ndarray, shape (K, m, d)
    signs : ndarray of ±1, shape (K, m)
    """
    return np.maximum(_second(_first(X, V), signs), 0.0)


def _first(X: np.ndarray, V: np.ndarray) -> np.ndarray:
    K, m, d = V.shape
    return (V.reshape(K * m, d) @ X.T).reshape(K, m, len(X))


def _second(first: np.ndarray, signs: np.ndarray) -> np.ndarray:
    return np.einsum("km,kmn->kn", signs, np.maximum(first, 0.0), optimize=True)


def unit_starts(
    X: np.ndarray, count: int, width: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw units: first layers through random rows and their differences, random signs.

    Some have a single neuron, which makes them two-layer units.
    """
    a, b = X[rng.integers(len(X), size=(2, count * width))]
    mix = rng.random((count * width, 1)) < 0.5
    rows = a - mix * b
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-300)
    plain = rng.standard_normal(rows.shape) / np.sqrt(X.shape[1])
    V = np.where(rng.random((count * width, 1)) < 0.5, rows, plain)
    V = (V * rng.choice([-1.0, 1.0], (count * width, 1))).reshape(count, width, -1)
    V *= rng.random((count, width, 1))
    V[: count // 8, 1:] = 0.0
    signs = rng.choice([-1.0, 1.0], (count, width))
    signs[:, 0] = 1.0
    return _unit(V), signs


def _unit(V: np.ndarray) -> np.ndarray:
    size = np.sqrt(np.einsum("kmd,kmd->k", V, V))
    return V / np.maximum(size, 1e-300)[:, None, None]


def local_units(
    X: np.ndarray, nu: np.ndarray, V: np.ndarray, signs: np.ndarray, *, count: int, steps: int = 120
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Climb from all starts, the best ones for longer; return units of size 1 and values.

    Returns
    -------
    V, signs, values : ndarray, shapes (S, m, d), (S, m), (S,)
        Distinct ones with a value above 0, best first.
    """
    V, values = ascend_units(X, nu, _unit(V), signs, steps=steps)
    kept = _distinct(X, V, signs, values, count)
    V, signs = V[kept], signs[kept]
    V, values = ascend_units(X, nu, V, signs, steps=4 * steps)
    kept = _distinct(X, V, signs, values, count)
    return V[kept], signs[kept], values[kept]


def _distinct(
    X: np.ndarray, V: np.ndarray, signs: np.ndarray, values: np.ndarray, count: int
) -> np.ndarray:
    """Best first, no two with nearly parallel outputs; all in one if none is above 0."""
    order = np.argsort(-values)[: 4 * count]
    order = order[values[order] > 0]
    h = unit_outputs(X, V[order], signs[order])
    h /= np.maximum(np.linalg.norm(h, axis=1, keepdims=True), 1e-300)
    kept: list[int] = []
    for i in range(len(order)):
        if not kept or (h[kept] @ h[i]).max() < 1 - 1e-4:
            kept.append(i)
        if len(kept) == count:
            break
    return order[kept]


def ascend_units(
    X: np.ndarray, nu: np.ndarray, V: np.ndarray, signs: np.ndarray, *, steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Improve all units at once by projected gradient steps of adaptive length."""
    V = V.copy()
    length = np.full(len(V), 0.5)
    first = _first(X, V)
    second = _second(first, signs)
    S = np.maximum(second, 0.0) @ nu
    best = np.linalg.norm(S, axis=1)
    for _ in range(steps):
        w = (S / np.maximum(best, 1e-300)[:, None]) @ nu.T * (second > 0)
        back = (first > 0) * w[:, None, :] * signs[:, :, None]
        g = _unit((back.reshape(-1, len(X)) @ X).reshape(V.shape))
        trial = _unit(V + length[:, None, None] * (g - V))
        first_t = _first(X, trial)
        second_t = _second(first_t, signs)
        S_t = np.maximum(second_t, 0.0) @ nu
        value = np.linalg.norm(S_t, axis=1)
        better = value > best
        V[better], first[better], second[better] = trial[better], first_t[better], second_t[better]
        S[better], best[better] = S_t[better], value[better]
        length = np.where(better, np.minimum(1.0, 1.5 * length), 0.4 * length)
        if length.max(initial=0.0) < 1e-9:
            break
    return V, best
