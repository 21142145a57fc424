"""Rigorous upper bounds of max over the sphere of ‖νᵀ(Xu)₊‖ at any rank, by branch and bound.

Used by certificates; it knows nothing of networks, programs or solvers.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from tetrakis.convex._climb import local_maxima, starting_points
from tetrakis.convex._cones import MAX_CONE_RANK, cone_bound

_EPS = float(np.finfo(float).eps)


@dataclass(frozen=True, eq=False)
class _Node:
    """Rows of positive weight whose sign is settled, and the multipliers found there."""

    fixed: np.ndarray  # 1 on, −1 off, 0 open
    first: np.ndarray  # ρ in units of √d/‖x‖, η, or the multiplier of a settled sign
    second: np.ndarray  # φ, of rows of negative weight
    u: np.ndarray
    bound: float


def upper_bound(
    X: np.ndarray, nu: np.ndarray, *, max_nodes: int = 20_000, target: float = 1e-6
) -> tuple[float, float, int]:
    """Bound ‖νᵀ(Xu)₊‖ over unit vectors u from above.

    A column of ν at a time; for several columns the root of the sum of squares.

    Parameters
    ----------
    X : ndarray, shape (n, d)
    nu : ndarray, shape (n, c)
    max_nodes : int
        Most nodes of branch and bound, for every column and sign; at a rank above 8, where a
        node takes much longer, a hundredth.
    target : float
        Stops where the bound is within so much of the best known value, relative.

    Returns
    -------
    bound, attained : float
        Rounded outwards; and the largest value found (for one column a lower bound).
    nodes : int

    References
    ----------
    Ours: a row of positive weight w adds w(t + |t|)/2 with t = x·u, where |t| ≤ (ρt² + 1/ρ)/2 for
    every ρ > 0; one of negative weight adds at most w times any mean of φt, φ in [0, 1], and of
    (t + t²/‖x‖)/2. What is left is the maximum of a quadratic over the sphere, bounded by weak
    duality, and minimised over all these numbers. Branching settles the signs of rows of positive
    weight. At a rank of at most 8 cones are cut up instead, see `cone_bound`.
    """
    bounds, attained, nodes = [], [], 0
    for column in nu.T:
        rows, inverse = np.unique(X, axis=0, return_inverse=True)
        weight = np.bincount(inverse.ravel(), column, len(rows))
        upper = lower = 0.0
        for w in (weight, -weight):
            bound, value, count = _signed(rows, w, max_nodes, target, upper)
            upper, lower, nodes = max(upper, bound), max(lower, value), nodes + count
        bounds.append(upper)
        attained.append(lower)
    slack = (
        64 * (len(X) + X.shape[1]) * _EPS * np.linalg.norm(nu, axis=1) @ np.linalg.norm(X, axis=1)
    )
    return float(np.linalg.norm(bounds)) + float(slack), float(np.linalg.norm(attained)), nodes


def _signed(
    X: np.ndarray, w: np.ndarray, max_nodes: int, target: float, known: float
) -> tuple[float, float, int]:
    """Bound max(0, max Σ w (x·u)₊) by the method that suits the rank; also the best value found."""
    starts = starting_points(X, 64, np.random.default_rng(0))
    lower = 0.0
    if len(starts):
        for u in local_maxima(X, w[:, None], starts, count=6)[0]:
            lower = max(lower, float(np.maximum(X @ u, 0.0) @ w))
    _, singular, basis = np.linalg.svd(X, full_matrices=False)
    rank = int((singular > 1e-12 * max(singular.max(initial=0.0), 1e-300)).sum())
    floor = max(known, lower * (1 + target))
    if rank > MAX_CONE_RANK:
        bound, nodes = _branch(X, w, max(1, max_nodes // 100), floor)
        return bound, lower, nodes
    Z = X @ basis[:rank].T
    left = float(np.abs(w) @ np.linalg.norm(X - Z @ basis[:rank], axis=1))
    bound, nodes = cone_bound(Z, w, floor=floor, max_nodes=max_nodes)
    if bound > floor:  # cut short: the other method may do better
        other, more = _branch(X, w, 1, floor)
        bound, nodes = min(bound, other), nodes + more
    return bound + left, lower, nodes


def _branch(X: np.ndarray, w: np.ndarray, max_nodes: int, floor: float) -> tuple[float, int]:
    """Bound max(0, max Σ w (x·u)₊) by best-first branch and bound over the signs of rows."""
    start = _Node(
        np.zeros(len(X)), np.where(w > 0, 1.0, 0.5), np.full(len(X), 0.5), np.zeros(X.shape[1]),
        np.inf,
    )  # fmt: skip
    queue: list[tuple[float, int, _Node]] = []
    count = 1
    root = _relax(X, w, start)
    heapq.heappush(queue, (-root.bound, 0, root))
    settled = 0.0
    while queue and count < max_nodes:
        node = queue[0][2]
        if node.bound <= floor:
            break
        heapq.heappop(queue)
        row = _loosest(X, w, node)
        if row < 0:
            settled = max(settled, node.bound)
            continue
        for sign in (1.0, -1.0):
            count += 1
            child = _relax(X, w, _settle(w, node, row, sign))
            heapq.heappush(queue, (-child.bound, count, child))
    return max(settled, queue[0][2].bound if queue else 0.0, 0.0), count


def _settle(w: np.ndarray, node: _Node, row: int, sign: float) -> _Node:
    fixed, first = node.fixed.copy(), node.first.copy()
    fixed[row], first[row] = sign, 0.0
    return _Node(fixed, first, node.second, node.u, node.bound)


def _loosest(X: np.ndarray, w: np.ndarray, node: _Node) -> int:
    """Pick the open row of positive weight whose bound is furthest from its value; −1 if none."""
    t = np.abs(X @ node.u)
    rho = node.first * _natural(X)
    loss = w * (rho * t * t + 1 / np.where(rho > 0, rho, 1.0) - 2 * t)
    loss[(node.fixed != 0) | (w <= 0)] = -1.0
    row = int(np.argmax(loss))
    return row if loss[row] > 0 else -1


def _natural(X: np.ndarray) -> np.ndarray:
    """1/|x·u| of an average u."""
    return np.sqrt(X.shape[1]) / np.maximum(np.linalg.norm(X, axis=1), 1e-300)


def _relax(X: np.ndarray, w: np.ndarray, node: _Node) -> _Node:
    """Minimise the bound over its multipliers, from those of the parent."""
    n, opened, minus = len(X), (w > 0) & (node.fixed == 0), w <= 0
    natural, length = _natural(X), np.maximum(np.linalg.norm(X, axis=1), 1e-300)
    unit = 1e3 / max(float(np.linalg.norm(X.T @ w)), float(np.abs(w) @ length) / n, 1e-300)
    settled = np.where(node.fixed > 0, w, 0.0)

    def evaluate(z: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        one, two = z[:n], z[n:]
        rho = np.where(opened, one * natural, 1.0)
        linear = np.where(opened, w / 2, settled + node.fixed * one * np.abs(w))
        linear = np.where(minus, w * (one / 2 + (1 - one) * two), linear)
        square = np.where(opened, w * rho / 4, np.where(minus, w * one / (2 * length), 0.0))
        value, u = sphere_quadratic((X.T * square) @ X, X.T @ linear)
        t = X @ u
        slope = np.where(opened, natural * w / 4 * (t**2 - 1 / rho**2), node.fixed * np.abs(w) * t)
        slope = np.where(minus, w * (t * (0.5 - two) + t**2 / (2 * length)), slope)
        value += float(np.sum((w / (4 * rho))[opened]))
        slopes = np.concatenate([slope, np.where(minus, w * t * (1 - one), 0.0)])
        return unit * value, unit * slopes, u

    low = np.concatenate([np.where(opened, 1e-3, 0.0), np.where(minus, 0.0, node.second)])
    high = np.concatenate(
        [np.where(opened, 1e6, np.where(minus, 1.0, np.inf)), np.where(minus, 1.0, node.second)]
    )
    start = np.clip(np.concatenate([node.first, node.second]), low, high)
    options = {"maxiter": 300, "ftol": 1e-9, "gtol": 1e-8}
    box = list(zip(low, high, strict=True))
    z = minimize(
        lambda z: evaluate(z)[:2], start, jac=True, method="L-BFGS-B", bounds=box, options=options
    ).x
    z = np.clip(z, low, high)
    value, _, u = evaluate(z)
    return _Node(node.fixed, z[:n], z[n:], u, min(value / unit, node.bound))


def sphere_quadratic(Q: np.ndarray, g: np.ndarray) -> tuple[float, np.ndarray]:
    """Bound the maximum over unit u of g·u + uᵀQu; return the bound and a near maximiser.

    Any λ above the eigenvalues of Q gives the bound λ + ¼ gᵀ(λ − Q)⁻¹g.
    """
    eigen, basis = np.linalg.eigh(Q)
    b = basis.T @ g
    size = float(np.linalg.norm(b))
    top = float(eigen[-1])
    tiny = 1e-12 * max(float(np.abs(eigen).max()), size, 1e-300)
    low, high = top + tiny, top + size / 2 + tiny
    for _ in range(60):  # ‖(λ − Q)⁻¹g/2‖ = 1 by Newton, kept inside the bracket
        gap = low - eigen
        norm = np.sqrt(np.sum((b / gap) ** 2)) / 2
        if norm <= 1.0 + 1e-12:
            break
        slope = np.sum(b**2 / gap**3) / 4 / norm
        step = (norm - 1.0) * norm / max(slope, 1e-300)
        if step <= 1e-15 * abs(low):
            break
        low = min(low + step, high)
    gap = low - eigen
    value = low + 0.25 * float(np.sum(b**2 / gap))
    u = basis @ (b / gap) / 2
    short = 1.0 - float(u @ u)
    if short > 1e-9:  # the hard case: fill up along the top eigenvector
        along = basis[:, -1]
        c = float(u @ along)
        u = u + (-c + np.sqrt(c * c + short)) * along
    return value, u
