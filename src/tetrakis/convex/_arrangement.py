"""Cells of a central arrangement of hyperplanes in one, two and three dimensions."""

from __future__ import annotations

import numpy as np

from tetrakis.convex._kernels import kernel

#: Unit normals closer than this are one hyperplane; shorter arcs (in radians) are rounding.
SAME = 1e-10


def lines_of(rows: np.ndarray) -> np.ndarray:
    """Return the unit normals (m, r) of the distinct hyperplanes ``rows[i] @ u == 0``.

    Zero rows have none; rows that are multiples of each other share one.
    """
    length = np.linalg.norm(rows, axis=1)
    keep = length > 1e-13 * length.max(initial=0.0)
    normals = rows[keep] / length[keep, None]
    if not normals.size:
        return normals
    leading = np.argmax(abs(normals) > 1e-6, axis=1)
    normals = normals * np.sign(normals[np.arange(len(normals)), leading])[:, None]
    _, first = np.unique(np.round(normals / SAME), axis=0, return_index=True)
    return np.ascontiguousarray(normals[np.sort(first)])


def cells(normals: np.ndarray) -> np.ndarray:
    """Return one interior point (P, r) of every cell, r ≤ 3.

    Parameters
    ----------
    normals : ndarray, shape (m, r)
        As `lines_of` returns them, spanning the whole space.
    """
    m, rank = normals.shape
    if rank == 0:
        return np.zeros((1, 0))
    if rank == 1:
        return np.array([[1.0], [-1.0]])
    if rank == 2:
        cuts = np.sort(np.arctan2(normals[:, 0], -normals[:, 1]) % np.pi)
        gaps = np.diff(cuts, append=cuts[0] + np.pi)
        middle = (cuts + gaps / 2)[gaps > SAME]
        half = np.stack([np.cos(middle), np.sin(middle)], axis=1)
        return np.concatenate([half, -half])
    keys = np.random.default_rng(0).integers(2**63, size=(m, 2), dtype=np.uint64)
    points, hashes = _beside_arcs(normals, keys)
    order = np.lexsort(hashes.T)
    fresh = np.ones(len(order), dtype=bool)
    fresh[1:] = (hashes[order[1:]] != hashes[order[:-1]]).any(axis=1)
    half = points[np.sort(order[fresh])]
    return np.concatenate([half, -half])


@kernel
def _dot(a: np.ndarray, b: np.ndarray) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@kernel
def circle_basis(n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two unit vectors that span the plane normal to the unit vector n."""
    a = np.zeros(3)
    a[np.argmin(np.abs(n))] = 1.0
    a = a - n * _dot(n, a)
    a = a / np.sqrt(_dot(a, a))
    b = np.array([n[1] * a[2] - n[2] * a[1], n[2] * a[0] - n[0] * a[2], n[0] * a[1] - n[1] * a[0]])
    return a, b


@kernel
def _beside_arcs(normals: np.ndarray, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points on both sides of every arc of every great circle, up to antipodes.

    The hash of a point is that of its signs, or of its antipode's where its first sign is
    negative (then the point is turned round).
    """
    m = normals.shape[0]
    points, hashes = np.empty((2 * m * m, 3)), np.empty((2 * m * m, 2), dtype=np.uint64)
    total = np.zeros(2, dtype=np.uint64)
    for j in range(m):
        total ^= keys[j]
    angles, slopes, mark = np.empty(m - 1), np.empty(m), np.zeros(2, dtype=np.uint64)
    found = 0
    for i in range(m):
        n = normals[i]
        a, b = circle_basis(n)
        for j in range(m):
            slopes[j] = abs(_dot(normals[j], n))
            if j != i:
                turn = np.arctan2(_dot(normals[j], a), -_dot(normals[j], b))
                angles[j - (j > i)] = turn % np.pi
        cuts = np.sort(angles)
        for k in range(m - 1):
            end = cuts[k + 1] if k < m - 2 else cuts[0] + np.pi
            if end - cuts[k] <= SAME:
                continue
            middle = (cuts[k] + end) / 2
            p = np.cos(middle) * a + np.sin(middle) * b
            reach = _reach(normals, slopes, keys, i, p, mark)
            for side in (1.0, -1.0):
                q = p + side * reach * n
                turned = _dot(normals[0], q) < 0
                for h in range(2):
                    value = mark[h] ^ keys[i, h] if side > 0 else mark[h]
                    hashes[found, h] = value ^ total[h] if turned else value
                points[found] = -q if turned else q
                found += 1
    return points[:found], hashes[:found]


@kernel
def _reach(
    normals: np.ndarray,
    slopes: np.ndarray,
    keys: np.ndarray,
    own: int,
    p: np.ndarray,
    mark: np.ndarray,
) -> float:
    """Half the way from p along its circle's normal to the next plane; mark: the hash of p."""
    reach = 1.0
    mark[:] = 0
    for j in range(normals.shape[0]):
        if j == own:
            continue
        s = _dot(normals[j], p)
        if slopes[j] * reach > 0.5 * abs(s):
            reach = 0.5 * abs(s) / slopes[j]
        if s > 0:
            mark[0] ^= keys[j, 0]
            mark[1] ^= keys[j, 1]
    return reach
