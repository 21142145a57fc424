"""Pairs of literals that a tree tests one after the other, as new columns."""

from __future__ import annotations

import numpy as np
from numba import njit

from tetrakis.learners._baselines_models import IntArray
from tetrakis.learners._starts_columns import Bytes, Columns, combined
from tetrakis.learners._starts_grow import BinaryTree

XOR_WEIGHT, INNER_WEIGHT, JITTER = 3.0, 0.5, 0.5


def fringe_pairs(tree: BinaryTree, rng: np.random.Generator | None = None) -> IntArray:
    """Return pairs of literals tested one after the other, (pairs, 3) as in `Columns`.

    Those found most often come first, those near leaves counting most; with `rng`, the counts
    are multiplied by random factors.
    """
    n, inner = len(tree.left), np.flatnonzero(tree.inner)
    parent, literal = np.full(n, -1), np.zeros(n, np.int64)
    for child, complement in ((tree.left, 1), (tree.right, 0)):
        parent[child[inner]] = inner
        literal[child[inner]] = 2 * tree.column[inner] + complement  # holds on the way to child
    node = np.flatnonzero(parent > 0)
    left, right = tree.left[inner], tree.right[inner]
    alike = (tree.column[left] == tree.column[right]) & tree.inner[left]
    top = inner[alike]
    a = np.concatenate([literal[node], 2 * tree.column[top]])
    b = np.concatenate([literal[parent[node]], 2 * tree.column[tree.left[top]]])
    is_xor = np.repeat([0, 1], [len(node), len(top)])
    weight = np.where(is_xor, XOR_WEIGHT, 1.0)
    weight[: len(node)][tree.inner[node]] = INNER_WEIGHT
    pairs, place = np.unique(
        np.stack([np.minimum(a, b), np.maximum(a, b), is_xor], axis=1), axis=0, return_inverse=True
    )
    often = np.bincount(place.ravel(), weight, len(pairs)).astype(np.float64)
    if rng is not None:
        often *= np.exp(JITTER * rng.standard_normal(len(pairs)))
    return pairs[np.argsort(-often, kind="stable")]


def fresh_pairs(
    pairs: IntArray, columns: Columns, made: Bytes, most: int
) -> list[tuple[IntArray, Bytes]]:
    """Compute up to `most` pairs that differ from all columns and from each other."""
    tried = {tuple(p) for p in columns.pairs.tolist()}
    fresh: list[tuple[IntArray, Bytes]] = []
    for pair in pairs:
        if tuple(pair.tolist()) in tried:
            continue
        column = combined(made, pair)
        others = np.array([other for _, other in fresh], np.uint8).reshape(-1, len(column))
        if column.min() != column.max() and not (_has(made, column) or _has(others, column)):
            fresh.append((pair, column))
            if len(fresh) == most:
                break
    return fresh


@njit(cache=True, nogil=True)
def _has(made: Bytes, column: Bytes) -> bool:
    """Tell whether a column or its complement is among those made."""
    for known in made:
        flip = known[0] ^ column[0]
        alike = True
        for row in range(len(column)):
            if known[row] ^ column[row] != flip:
                alike = False
                break
        if alike:
            return True
    return False
