"""Growing a decision tree on binary columns, all columns counted in one sweep."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tetrakis.learners._baselines_models import FloatArray, IntArray

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class BinaryTree:
    """A tree that goes right where a column is 1.

    Parameters
    ----------
    column, left, right : int array, (nodes,)
        Children are numbered after their parent; -1 at leaves.
    value : ndarray, shape (nodes,)
        Largest class, or mean of the values.
    error : ndarray, shape (nodes,)
        Of the node as a leaf: rows of other classes, or the squared error.
    """

    column: IntArray
    left: IntArray
    right: IntArray
    value: FloatArray
    error: FloatArray

    @property
    def inner(self) -> NDArray[np.bool_]:
        """Marks nodes that aren't leaves."""
        return self.left >= 0


def grow_tree(
    columns: Bytes,
    group: IntArray,
    weight: FloatArray | None,
    *,
    n_groups: int,
    entropy: bool = True,
    min_leaf: int = 1,
    least_error: float = 0.0,
    cost: FloatArray | None = None,
    near: float = 0.0,
) -> BinaryTree:
    """Grow a tree until its leaves are pure or can't be split.

    Parameters
    ----------
    columns : ndarray of uint8, shape (n, n_columns)
        Zeros and ones.
    group : ndarray of int64, shape (n,)
        Class indices; zeros for regression.
    weight : ndarray of float, shape (n,), optional
        Values to fit, about their mean; None for classification.
    n_groups : int
        Classes; 1 for regression.
    entropy : bool
        Rather than Gini impurity; regression has squared error.
    min_leaf : int
        Fewest rows of a leaf.
    least_error : float
        Nodes of less error (see `BinaryTree`), or of none, aren't split.
    cost : ndarray of float, shape (n_columns,), optional
        Of the splits that are good enough the cheapest is taken, that of the lowest index among
        equals; columns that the tree has used already come first.
    near : float
        Share of the best gain that a split may lack to be good enough.
    """
    n, n_columns = columns.shape
    values = np.ones(n) if weight is None else np.asarray(weight, np.float64)
    table = np.arange(n + 1) * np.log(np.maximum(np.arange(n + 1), 1))
    total = np.zeros((n_groups, n_columns), np.int32 if weight is None else np.float64)
    price = np.zeros(n_columns) if cost is None else cost.astype(np.float64)
    kinds = weight is not None, entropy and weight is None
    column, left, right, count, whole, square = _grow(
        columns, group, values, *kinds, max(1, min_leaf), least_error, price, near, table, total
    )
    if weight is None:
        return BinaryTree(column, left, right, whole.argmax(axis=1), count - whole.max(axis=1))
    mean = whole[:, 0] / count
    return BinaryTree(column, left, right, mean, np.maximum(square - mean * whole[:, 0], 0.0))


@njit(cache=True, nogil=True)
def _tally(columns, rows, group, weight, values, ones, total):  # type: ignore[no-untyped-def]
    """Count, or sum the values of, the rows where each column is 1."""
    total[:] = 0
    ones[:] = 0
    for r in rows:
        line, sums = columns[r], total[group[r]]
        if values:
            w = weight[r]
            for j in range(line.shape[0]):
                ones[j] += line[j]
                sums[j] += w * line[j]
        else:
            for j in range(line.shape[0]):
                sums[j] += line[j]
    if not values:
        for g in range(total.shape[0]):
            for j in range(ones.shape[0]):
                ones[j] += total[g, j]


@njit(cache=True, nogil=True)
def _score(total, ones, whole, count, entropy, table, score):  # type: ignore[no-untyped-def]
    """Negative impurity of the two sides of every split; return that of the undivided rows."""
    base = -table[count] if entropy else 0.0
    for j in range(ones.shape[0]):
        score[j] = -(table[ones[j]] + table[count - ones[j]]) if entropy else 0.0
    for g in range(total.shape[0]):
        base += table[int(whole[g])] if entropy else whole[g] * whole[g] / count
        for j in range(ones.shape[0]):
            one = total[g, j]
            other = whole[g] - one
            if entropy:
                score[j] += table[int(one)] + table[int(other)]
            else:
                score[j] += one * one / max(ones[j], 1) + other * other / max(count - ones[j], 1)
    return base


@njit(cache=True, nogil=True)
def _choose(score, base, ones, count, min_leaf, cost, near):  # type: ignore[no-untyped-def]
    """Return the cheapest of the good splits, or -1."""
    best, found = -np.inf, -1
    for j in range(ones.shape[0]):
        if min_leaf <= ones[j] <= count - min_leaf and score[j] > best:
            best, found = score[j], j
    if found < 0:
        return -1
    enough = best - 1e-9 * (1.0 + abs(best)) - near * (best - base)
    for j in range(ones.shape[0]):
        if (
            min_leaf <= ones[j] <= count - min_leaf
            and score[j] >= enough
            and (cost[j] < cost[found] or (cost[j] == cost[found] and score[j] > score[found]))
        ):
            found = j
    return found


@njit(cache=True, nogil=True)
def _divide(columns, column, rows, buffer):  # type: ignore[no-untyped-def]
    """Move the rows where a column is 0 to the front, in order; return their number."""
    zeros = ones = 0
    for r in rows:
        if columns[r, column]:
            buffer[ones] = r
            ones += 1
        else:
            rows[zeros] = r
            zeros += 1
    rows[zeros:] = buffer[:ones]
    return zeros


@njit(cache=True, nogil=True)
def _grow(columns, group, weight, values, entropy, min_leaf, least_error, cost, near, table, total):  # type: ignore[no-untyped-def]
    n, n_columns = columns.shape
    rows, buffer = np.arange(n), np.empty(n, np.int64)
    ones, score = np.zeros(n_columns, np.int32), np.zeros(n_columns)
    test, left, right = np.full(2 * n, -1), np.full(2 * n, -1), np.full(2 * n, -1)
    start, stop = np.zeros(2 * n, np.int64), np.zeros(2 * n, np.int64)
    whole, square = np.zeros((2 * n, total.shape[0])), np.zeros(2 * n)
    stop[0], made, stack = n, 1, [0]
    while len(stack) > 0:
        node = stack.pop()
        here = rows[start[node] : stop[node]]
        for r in here:
            whole[node, group[r]] += weight[r]
            square[node] += weight[r] * weight[r]
        if values:
            error = square[node] - whole[node, 0] ** 2 / len(here) - 1e-12 * square[0]
        else:
            error = len(here) - whole[node].max()
        if len(here) < 2 * min_leaf or error <= 0.0 or error < least_error:
            continue
        _tally(columns, here, group, weight, values, ones, total)
        base = _score(total, ones, whole[node], len(here), entropy, table, score)
        column = _choose(score, base, ones, len(here), min_leaf, cost, near)
        if column < 0:
            continue
        cost[column] = -1.0
        middle = start[node] + _divide(columns, column, here, buffer)
        test[node], left[node], right[node] = column, made, made + 1
        start[made], stop[made] = start[node], middle
        start[made + 1], stop[made + 1] = middle, stop[node]
        stack.append(made + 1)
        stack.append(made)
        made += 2
    count = stop - start
    return test[:made], left[:made], right[:made], count[:made], whole[:made], square[:made]
