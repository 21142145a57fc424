"""Trees trained by scikit-learn on integer codes, and their pruning."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tetrakis.learners._baselines_models import Decision, FloatArray, FloatTree, IntArray, Series


def pruned_trees(
    codes: IntArray, y: NDArray, task: str, shift: IntArray, *, min_leaf: int, max_leaves: int
) -> Iterator[Series]:
    """Grow one tree and yield its weakest-link prunings, small to large.

    Parameters
    ----------
    shift : ndarray of int64, shape (n_words,)
        Low bits of every word that thresholds leave alone.
    min_leaf, max_leaves : int
        Fewest rows of a leaf, and most leaves of a tree that is yielded; the tree to prune
        is grown, best split first, to at most twice as many.

    References
    ----------
    Breiman, Friedman, Olshen, Stone: Classification and Regression Trees, chapter 3.
    """
    whole, risk, base, decision = grown_tree(
        codes, y, task, shift, min_leaf=min_leaf, max_leaves=2 * max_leaves + 2
    )
    order = weakest_links(whole.left, whole.right, risk)
    below = np.array([gone for _, gone in order], np.int64)
    left = 1 + below.sum() - np.cumsum(below)  # leaves after each collapse
    for most in leaf_counts(max_leaves):
        steps = int(np.searchsorted(-left, -most)) + 1 if 1 + below.sum() > most else 0
        cut = np.isin(np.arange(len(whole.left)), [node for node, _ in order[:steps]])
        small = replace(
            whole, left=np.where(cut, -1, whole.left), right=np.where(cut, -1, whole.right)
        )
        label = f"{most} leaves" + f", at least {min_leaf} rows each" * (min_leaf > 1)
        yield Series("decision tree", label, ((compact(small),),), base, decision)


def grown_tree(
    codes: IntArray,
    y: NDArray,
    task: str,
    shift: IntArray,
    *,
    min_leaf: int,
    max_leaves: int,
    criterion: str | None = None,
    seed: int = 0,
) -> tuple[FloatTree, FloatArray, FloatArray, Decision]:
    """Grow one tree, best split first.

    Returns
    -------
    tree : FloatTree
        Class indices, or values less the mean, at its nodes.
    risk : ndarray, shape (nodes,)
        Impurity of each node times its rows.
    base : ndarray, shape (1,)
        The mean; 0 for classes.
    decision : {"index", "words"}
    """
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    kind, default = (
        (DecisionTreeClassifier, "gini")
        if task == "classification"
        else (DecisionTreeRegressor, "squared_error")
    )
    model = kind(
        criterion=criterion or default,
        min_samples_leaf=min_leaf,
        max_leaf_nodes=max_leaves,
        random_state=seed,
    )
    grown = model.fit(codes >> shift, y).tree_
    value, base, decision = grown.value[:, 0, :], np.zeros(1), "words"
    if task == "classification":
        value, decision = np.unique(y)[value.argmax(axis=1)], "index"
    else:
        value, base = value[:, 0] - y.mean(), np.array([y.mean()])
    tree = _tree(
        grown.feature, grown.threshold, grown.children_left, grown.children_right, value, shift
    )
    risk = grown.impurity * grown.weighted_n_node_samples
    return tree, risk, base, decision  # type: ignore[return-value]


def leaf_counts(most: int) -> list[int]:
    """Return 2, 3, 4, 6, 8, 11, … up to `most`."""
    return sorted({round(2 ** (k / 2)) for k in range(2, 64) if 2 ** (k / 2) <= most + 0.5})


def weakest_links(left: IntArray, right: IntArray, risk: FloatArray) -> list[tuple[int, int]]:
    """Order inner nodes as cost-complexity pruning collapses them, with leaves lost by each.

    Parameters
    ----------
    left, right : int array, (nodes,)
        Children, numbered after their parent; -1 at leaves.
    risk : float array, (nodes,)
        Loss of the node as a leaf, summed over its rows.
    """
    n = len(left)
    parent, leaves, below = np.full(n, -1), np.ones(n, np.int64), np.array(risk, np.float64)
    for node in range(n - 1, -1, -1):
        if left[node] >= 0:
            parent[[left[node], right[node]]] = node
            leaves[node] = leaves[left[node]] + leaves[right[node]]
            below[node] = below[left[node]] + below[right[node]]

    def entry(node: int) -> tuple[float, int, int]:
        return (risk[node] - below[node]) / (leaves[node] - 1), -node, leaves[node]

    heap = [entry(node) for node in range(n) if left[node] >= 0]
    heapq.heapify(heap)
    alive, order = np.ones(n, bool), []
    while heap:
        _, negative, count = heapq.heappop(heap)
        node = -negative
        if not alive[node] or leaves[node] != count:
            continue
        gone, more = leaves[node] - 1, risk[node] - below[node]
        order.append((node, int(gone)))
        inside = [node]
        for inner in inside:
            alive[inner] = False
            inside += [int(c) for c in (left[inner], right[inner]) if c >= 0 and alive[c]]
        while (node := int(parent[node])) >= 0:
            leaves[node] -= gone
            below[node] += more
            heapq.heappush(heap, entry(node)) if leaves[node] > 1 else None
    return order


def boosted_trees(
    codes: IntArray,
    y: NDArray,
    task: str,
    shift: IntArray,
    *,
    depth: int,
    rate: float,
    rounds: int,
    seed: int,
) -> Series:
    """Boost histogram trees of at most `depth` levels.

    Class indices in `y` are 0 to k − 1, all of them present.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    kind = (
        HistGradientBoostingClassifier
        if task == "classification"
        else HistGradientBoostingRegressor
    )
    model = kind(
        learning_rate=rate,
        max_iter=rounds,
        max_depth=depth,
        max_leaf_nodes=None,
        min_samples_leaf=5 if len(codes) < 20_000 else 20,
        l2_regularization=1.0,
        early_stopping=False,
        random_state=seed,
    )
    with threadpool_limits(1, user_api="openmp"):  # threads cost more than they gain here
        model.fit((codes >> shift).astype(np.float64), y)
    made = tuple(tuple(_of_nodes(p.nodes, shift) for p in trees) for trees in model._predictors)
    decision: Decision = "words"
    base = np.array([np.mean(y)])
    if task == "classification":
        share = np.bincount(y) / len(y)
        decision = "sign" if len(share) == 2 else "argmax"
        base = np.log(share[1:] / share[:1]) if decision == "sign" else np.log(share)
    label = f"depth {depth}, rate {rate:g}"
    return Series("boosted trees", label, made, np.asarray(base, np.float64), decision)


def estimated_gates(series: Series, rounds: int, leaf_bits: int, bits: Sequence[int]) -> float:
    """Estimate AND nodes, for a choice of what to compile."""
    size, step = 0.0, series.step(leaf_bits)
    comparators: set[tuple[int, int]] = set()
    for trees in series.rounds[:rounds]:
        for tree in trees:
            inner = tree.left >= 0
            pairs = zip(tree.feature[inner].tolist(), tree.threshold[inner].tolist(), strict=True)
            comparators.update(pairs)
            width = np.log2(1 + tree.reach / step)
            size += inner.sum() * (1 + 0.7 * width) + 6 * width * (series.decision != "index")
    low = [(t & -t).bit_length() - 1 for _, t in comparators]
    size += sum(max(0, 0.8 * (bits[f] - z - 1)) for (f, _), z in zip(comparators, low, strict=True))
    return float(size + (25 * len(series.base) if series.decision == "argmax" else 0))


def _of_nodes(nodes: Any, shift: IntArray) -> FloatTree:
    """Translate the nodes of scikit-learn's histogram trees."""
    leaf = nodes["is_leaf"].astype(bool)
    left = np.where(leaf, -1, nodes["left"].astype(np.int64))
    right = np.where(leaf, -1, nodes["right"].astype(np.int64))
    threshold = np.where(leaf, 0.0, nodes["num_threshold"])
    return _tree(nodes["feature_idx"], threshold, left, right, nodes["value"], shift)


def _tree(
    feature: Any, threshold: Any, left: Any, right: Any, value: Any, shift: IntArray
) -> FloatTree:
    """Turn ``code >> shift <= threshold`` goes left into ``code >= threshold`` goes right."""
    feature = np.where(left < 0, 0, feature).astype(np.int64)
    codes = (np.floor(np.where(left < 0, 0, threshold)).astype(np.int64) + 1) << shift[feature]
    return FloatTree(
        feature,
        codes,
        left.astype(np.int64),
        right.astype(np.int64),
        np.asarray(value, np.float64),
    )


def compact(tree: FloatTree) -> FloatTree:
    """Drop the nodes that pruning has cut off."""
    keep = [0]
    for node in keep:
        if tree.left[node] >= 0:
            keep += [int(tree.left[node]), int(tree.right[node])]
    number = np.full(len(tree.left) + 1, -1)
    number[keep] = np.arange(len(keep))
    rows = np.array(keep)
    return FloatTree(
        tree.feature[rows],
        tree.threshold[rows],
        number[tree.left[rows]],
        number[tree.right[rows]],
        tree.value[rows],
    )
