"""Upper bounds of max Σ w (x·u)₊ over the sphere at moderate rank, over ever smaller cones."""

from __future__ import annotations

import heapq
from itertools import product

import numpy as np

from tetrakis.convex._kernels import kernel

MAX_CONE_RANK = 8


def cone_bound(Z: np.ndarray, w: np.ndarray, *, floor: float, max_nodes: int) -> tuple[float, int]:
    """Bound max(0, max over unit u of Σ_r w_r (z_r·u)₊); return the bound and the nodes used.

    Space is the union of 2^r orthants; the cone with the largest bound is halved along its longest
    edge until that bound is at most `floor`.

    Parameters
    ----------
    Z : ndarray, shape (n, r)
        r at most 8.
    w : ndarray, shape (n,)
    floor : float
        Cones below are not cut further.
    max_nodes : int

    References
    ----------
    Ours. In a cone with rays w_i, u = Σ μ_i w_i: a row of positive weight is at most the
    interpolation Σ μ_i (z·w_i)₊ by convexity; one of negative weight is at most θ times its
    linear extension for any θ in [0, 1]. What is left is linear in μ, ℓᵀμ, and at most ‖y‖ for
    every y with w_i·y ≥ ℓ_i.
    """
    rank = Z.shape[1]
    queue: list[tuple[float, int, np.ndarray]] = []
    nodes, closed = 0, 0.0
    for signs in product((1.0, -1.0), repeat=rank):
        rays = np.diag(signs)
        bound = bound_in_cone(Z, w, rays)
        nodes += 1
        heapq.heappush(queue, (-bound, nodes, rays))
    while queue and nodes < max_nodes and -queue[0][0] > floor:
        bound, _, rays = heapq.heappop(queue)
        for child in halves(rays):
            nodes += 1
            own = min(-bound, bound_in_cone(Z, w, child))
            if own > floor:
                heapq.heappush(queue, (-own, nodes, child))
            else:
                closed = max(closed, own)
    return max(closed, -queue[0][0] if queue else 0.0), nodes


@kernel
def halves(rays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cut a cone (rays are rows, unit) in two across its longest edge."""
    rank = len(rays)
    first, second, least = 0, 0, 2.0
    for i in range(rank):
        for j in range(i):
            inner = np.sum(rays[i] * rays[j])
            if inner < least:
                first, second, least = i, j, inner
    middle = rays[first] + rays[second]
    middle = middle / np.sqrt(np.sum(middle * middle))
    one, two = rays.copy(), rays.copy()
    one[first], two[second] = middle, middle
    return one, two


@kernel
def bound_in_cone(Z: np.ndarray, w: np.ndarray, rays: np.ndarray) -> float:
    """Bound max(0, Σ_r w_r (z_r·u)₊) over unit vectors u of a cone, rounded outwards."""
    n, rank = Z.shape
    inverse = np.linalg.inv(rays)
    metric = inverse.T @ inverse
    base, total = np.zeros(rank), 0.0
    mixed = np.empty((n, rank))
    count = 0
    for r in range(n):
        t = rays @ Z[r]
        low, high = t.min(), t.max()
        total += abs(w[r]) * max(high, -low)
        if w[r] < 0 and low < 0 < high:
            mixed[count] = w[r] * t
            count += 1
        elif high > 0:
            base += w[r] * np.maximum(t, 0.0)
    theta, slack = np.full(count, 0.5), np.zeros(rank)
    q = base.copy()
    for m in range(count):
        q += 0.5 * mixed[m]
    p = metric @ q
    last = np.inf
    for _ in range(60):
        for j in range(rank):
            new = max(0.0, slack[j] - p[j] / metric[j, j])
            if new != slack[j]:
                p += (new - slack[j]) * metric[:, j]
                q[j] += new - slack[j]
                slack[j] = new
        for m in range(count):
            h = metric @ mixed[m]
            bend = np.sum(mixed[m] * h)
            if bend <= 0:
                continue
            new = min(1.0, max(0.0, theta[m] - np.sum(mixed[m] * p) / bend))
            if new != theta[m]:
                p += (new - theta[m]) * h
                q += (new - theta[m]) * mixed[m]
                theta[m] = new
        value = np.sum(p * q)
        if value <= 0 or value > last * (1 - 1e-6):
            break
        last = value
    y = rays.T @ (metric @ q)
    for m in range(count):
        base += theta[m] * mixed[m]
    missing = max(0.0, np.max(base - rays @ y))
    return np.sqrt(np.sum(y * y)) + np.sqrt(rank) * (missing + 4e-16 * (n + 16) * total)
