"""The exact maximum over the sphere of ‖νᵀ(Xu)₊‖ for rows of rank at most 3.

Used by solvers and by certificates; it knows nothing of networks or programs.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tetrakis.errors import BudgetError

MAX_RANK = 3
_SAME = 1e-9
_RANK_TOLERANCE = 1e-12


def sphere_maximum(X: np.ndarray, nu: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Return a unit vector u (d,) where ‖νᵀ(Xu)₊‖ is largest, that value, and an error bound.

    Every local maximum lies at a crossing of hyperplanes, on an arc where it is stationary, or
    inside a cell where it is stationary; all of these, O(n²), are tried. The largest value over
    the sphere is at most the value returned plus the error bound, which covers rounding and rows
    that count as parallel.

    Parameters
    ----------
    X : ndarray, shape (n, d)
        Of rank at most 3.
    nu : ndarray, shape (n, c)

    Raises
    ------
    BudgetError
        If the rank of `X` exceeds 3.

    References
    ----------
    Ours.
    """
    _, singular, basis = np.linalg.svd(X, full_matrices=False)
    rank = int((singular > _RANK_TOLERANCE * max(singular.max(initial=0.0), 1e-300)).sum())
    if rank > MAX_RANK:
        raise BudgetError(
            f"expected rows of rank at most {MAX_RANK}, got rank {rank}.",
            remedy="Use certificate='heuristic', or 'global' for a bound by branch and bound.",
        )
    heavy = np.linalg.norm(nu, axis=1)
    length = np.linalg.norm(X, axis=1)
    total = float(heavy @ length)
    if rank == 0 or total == 0.0:
        u = np.eye(X.shape[1])[0]
        return u, float(np.linalg.norm(np.maximum(X @ u, 0.0) @ nu)), 0.0
    basis = basis[:rank]
    Z = X @ basis.T
    slack = float(heavy @ np.linalg.norm(X - Z @ basis, axis=1))
    normals, positive, negative, merged = _planes(Z, nu)
    slack += merged + 16 * (len(X) + 64) * np.finfo(float).eps * total
    best, at = -1.0, np.zeros(rank)
    for points in _candidates(normals, positive, negative):
        values = np.linalg.norm(np.maximum(points @ Z.T, 0.0) @ nu, axis=1)
        top = int(np.argmax(values))
        if values[top] > best:
            best, at = float(values[top]), points[top]
    return at @ basis, best, slack


def _planes(Z: np.ndarray, nu: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Merge parallel rows: unit normals (m, r), what relu of ±(normal u) adds, and the error."""
    length = np.linalg.norm(Z, axis=1)
    used = length > 1e-300
    Z, nu, length = Z[used], nu[used], length[used]
    unit = Z / length[:, None]
    lead = np.argmax(np.abs(unit) > 1e-6, axis=1)
    sign = np.sign(unit[np.arange(len(unit)), lead])
    turned = unit * sign[:, None]
    order = np.lexsort(np.round(turned / (100 * _SAME)).T)
    group = np.full(len(unit), -1)
    close = turned[order] @ turned[order].T > 1 - 1e-15 if len(unit) <= 3000 else None
    leaders: list[int] = []
    for position, k in enumerate(order):
        if group[k] >= 0:
            continue
        near = close[position] if close is not None else turned[order] @ turned[k] > 1 - 1e-15
        members = order[near]
        members = members[group[members] < 0]
        group[k] = group[members] = len(leaders)
        leaders.append(int(k))
    normals = turned[leaders]
    weight = nu * length[:, None]
    positive, negative = np.zeros((2, len(leaders), nu.shape[1]))
    np.add.at(positive, group[sign > 0], weight[sign > 0])
    np.add.at(negative, group[sign < 0], weight[sign < 0])
    error = np.linalg.norm(weight, axis=1) @ np.linalg.norm(turned - normals[group], axis=1)
    return normals, positive, negative, float(error)


def _candidates(
    normals: np.ndarray, positive: np.ndarray, negative: np.ndarray
) -> Iterator[np.ndarray]:
    """Yield unit vectors (S, r): stationary points of cells and arcs, crossings."""
    rank = normals.shape[1]
    if rank == 1:
        yield np.array([[1.0], [-1.0]])
    elif rank == 2:
        yield _circle(normals, positive, negative, np.eye(2), np.zeros((1, 2, positive.shape[1])))
    else:
        for i, n in enumerate(normals):
            plane = np.linalg.svd(n[None])[2][1:]
            others = np.delete(np.arange(len(normals)), i)
            sides = np.stack([np.outer(n, positive[i]), -np.outer(n, negative[i])])
            yield _circle(normals[others], positive[others], negative[others], plane, sides)


def _circle(
    normals: np.ndarray,
    positive: np.ndarray,
    negative: np.ndarray,
    plane: np.ndarray,
    sides: np.ndarray,
) -> np.ndarray:
    """Candidates on the circle in `plane` (2, r), and in the cells on its sides.

    On an arc, νᵀ(Xu)₊ = Gᵀu; G (r, c) changes by one row's share from one arc to the next.
    """
    a, b = normals @ plane[0], normals @ plane[1]
    angle = np.arctan2(a, -b) % np.pi  # where normal·(cos, sin) = 0 and its sign changes
    rising = -a * np.sin(angle) + b * np.cos(angle) > 0
    m = len(angle)
    angles = np.concatenate([angle, angle + np.pi])
    up = np.concatenate([rising, ~rising])
    order = np.argsort(angles, kind="stable")
    which = order % m if m else order
    jump = np.einsum("mr,mc->mrc", normals, positive + negative)
    change = np.where(up[order, None, None], 1.0, -1.0) * jump[which]
    begin = np.where((~rising)[:, None], positive, -negative)
    start = np.einsum("mr,mc->rc", normals, begin)  # before angle 0: signs opposite to the jump
    G = start + np.concatenate([np.zeros((1, *start.shape)), np.cumsum(change, axis=0)])
    found = [np.stack([np.cos(angles), np.sin(angles)], axis=1) @ plane]
    found.append(_top(plane @ G) @ plane)
    found += [_top(G + side) for side in sides]
    points = np.concatenate(found)
    length = np.linalg.norm(points, axis=1)
    kept = length > 0
    return points[kept] / length[kept, None]


def _top(G: np.ndarray) -> np.ndarray:
    """Directions ± in which ‖Gᵀu‖ is largest, for every G (S, r, c)."""
    top = G[:, :, 0] if G.shape[2] == 1 else np.linalg.eigh(G @ G.transpose(0, 2, 1))[1][:, :, -1]
    return np.concatenate([top, -top])
