"""Rigorous upper bounds of max over the sphere of ‖νᵀ(Xu)₊‖ at any rank, by branch and bound.

Used by certificates; it knows nothing of networks, programs or solvers.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize

from tetrakis.convex._climb import local_maxima, starting_points
from tetrakis.convex._cones import MAX_CONE_RANK, cone_bound
from tetrakis.convex._relaxation import Relaxation, natural_scale

_EPS = float(np.finfo(float).eps)


@dataclass(frozen=True, eq=False)
class Node:
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
    queue: list[tuple[float, int, Node]] = []
    count = 1
    root = relax(X, w, first_node(X, w))
    heapq.heappush(queue, (-root.bound, 0, root))
    settled = 0.0
    while queue and count < max_nodes:
        node = queue[0][2]
        if node.bound <= floor:
            break
        heapq.heappop(queue)
        row = loosest(X, w, node)
        if row < 0:
            settled = max(settled, node.bound)
            continue
        for sign in (1.0, -1.0):
            count += 1
            child = relax(X, w, settle(node, row, sign))
            heapq.heappush(queue, (-child.bound, count, child))
    return max(settled, queue[0][2].bound if queue else 0.0, 0.0), count


def first_node(X: np.ndarray, w: np.ndarray) -> Node:
    """Settle nothing: where branching starts."""
    one, half = np.where(w > 0, 1.0, 0.5), np.full(len(X), 0.5)
    return Node(np.zeros(len(X)), one, half, np.zeros(X.shape[1]), np.inf)


def settle(node: Node, row: int, sign: float) -> Node:
    """Say on which side of a row's hyperplane u lies."""
    fixed, first = node.fixed.copy(), node.first.copy()
    fixed[row], first[row] = sign, 0.0
    return Node(fixed, first, node.second, node.u, node.bound)


def loosest(X: np.ndarray, w: np.ndarray, node: Node) -> int:
    """Pick the open row of positive weight whose bound is furthest from its value; −1 if none."""
    t = np.abs(X @ node.u)
    rho = node.first * natural_scale(X)
    loss = w * (rho * t * t + 1 / np.where(rho > 0, rho, 1.0) - 2 * t)
    loss[(node.fixed != 0) | (w <= 0)] = -1.0
    row = int(np.argmax(loss))
    return row if loss[row] > 0 else -1


def relax(X: np.ndarray, w: np.ndarray, node: Node) -> Node:
    """Minimise the bound over its multipliers, from those of the parent.

    The bound has kinks where the top eigenvalue is multiple, so a smooth one is minimised, with
    less and less smoothing; the bound itself is taken at the end.
    """
    n, form = len(X), Relaxation(X, w > 0, node.fixed)
    low, high = form.limits(node.second)
    z = np.clip(np.concatenate([node.first, node.second]), low, high)
    first = form.evaluate(w, z)[0]
    if first <= 1e-250:
        return replace(node, bound=min(first, node.bound))
    unit = 1e3 / first
    root = not np.isfinite(node.bound)
    options = {"maxiter": 150 if root else 40, "ftol": 1e-9, "gtol": 1e-8}
    for share in (1e-2, 1e-3, 1e-4) if root else (3e-4,):

        def cost(z: np.ndarray, eps: float = share * first) -> tuple[float, np.ndarray]:
            value, slope = form.evaluate(w, z, eps)[:2]
            return unit * value, unit * slope

        box = list(zip(low, high, strict=True))
        z = minimize(cost, z, jac=True, method="L-BFGS-B", bounds=box, options=options).x
        z = np.clip(z, low, high)
    value, _, _, u = form.evaluate(w, z)
    return Node(node.fixed, z[:n], z[n:], u, min(value, first, node.bound))
