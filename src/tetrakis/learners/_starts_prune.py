"""Pruning a tree on binary columns by the size of its circuit."""

from __future__ import annotations

import numpy as np
from numba import njit

from tetrakis.learners._starts_grow import BinaryTree


def mux_gates(tree: BinaryTree) -> float:
    """Estimate ANDs of the muxes, 0 to 3 each, for one output bit."""
    inner = tree.inner
    children = inner[tree.left[inner]].astype(np.int64) + inner[tree.right[inner]]
    return float(np.array([0, 1, 3])[children].sum())


def prune_tree(tree: BinaryTree, weight: float, price: float) -> BinaryTree:
    """Make leaves of subtrees that are larger than what their fit is worth.

    Parameters
    ----------
    weight : float
        ANDs per mux.
    price : float
        ANDs that one unit of error is worth.
    """
    cut = _cuts(tree.left, tree.right, tree.error, weight, price)
    left, right = np.where(cut, -1, tree.left), np.where(cut, -1, tree.right)
    kept = _kept(left, right)
    number = np.append(np.cumsum(kept) - 1, -1)
    column = np.where(cut, -1, tree.column)
    return BinaryTree(
        column[kept], number[left[kept]], number[right[kept]], tree.value[kept], tree.error[kept]
    )


@njit(cache=True, nogil=True)
def _cuts(left, right, error, weight, price):  # type: ignore[no-untyped-def]
    n = len(left)
    worth, leaf = np.zeros(n), np.ones(n, np.bool_)
    cut = np.zeros(n, np.bool_)
    for node in range(n - 1, -1, -1):
        worth[node] = price * error[node]
        if left[node] >= 0:
            a, b = left[node], right[node]
            mux = 3.0 if not (leaf[a] or leaf[b]) else 0.0 if leaf[a] and leaf[b] else 1.0
            below = worth[a] + worth[b] + weight * mux
            cut[node] = worth[node] <= below
            leaf[node] = cut[node]
            worth[node] = min(worth[node], below)
    return cut


@njit(cache=True, nogil=True)
def _kept(left, right):  # type: ignore[no-untyped-def]
    kept = np.zeros(len(left), np.bool_)
    kept[0] = True
    for node in range(len(left)):
        if kept[node] and left[node] >= 0:
            kept[left[node]] = kept[right[node]] = True
    return kept
