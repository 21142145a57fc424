"""A full decision tree or boosted trees in exact integers, where a fold may lack a class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tetrakis.circuit import DecisionTree
from tetrakis.learners._baselines_models import IntArray, IntegerTrees, Series
from tetrakis.learners._baselines_trees import boosted_trees, estimated_gates, grown_tree
from tetrakis.learners._starts_rows import TrainingRows


def full_tree(
    rows: TrainingRows,
    *,
    criterion: str,
    min_leaf: int,
    max_leaves: int,
    leaf_bits: int,
    seed: int,
) -> IntegerTrees:
    """Grow one decision tree, best split first, to at most `max_leaves` leaves.

    Parameters
    ----------
    criterion : {"entropy", "gini"}
        For classification.
    leaf_bits : int
        Of the leaves' values, for regression.
    """
    tree, _, base, decision = grown_tree(
        rows.codes,
        rows.y,
        rows.task,
        rows.shift,
        min_leaf=min_leaf,
        max_leaves=max(2, max_leaves),
        criterion=criterion if rows.classes else None,
        seed=seed,
    )
    return Series("decision tree", "", ((tree,),), base, decision).integers(1, leaf_bits)


def boosted(
    rows: TrainingRows,
    *,
    depth: int,
    rate: float,
    rounds: int,
    leaf_bits: int,
    max_gates: float,
    seed: int,
) -> tuple[IntegerTrees, int]:
    """Boost trees, as many of the `rounds` as an estimated size allows.

    Returns
    -------
    model : IntegerTrees
        Over all classes, also those that no row has.
    rounds : int
        Rounds kept.
    """
    present = np.unique(rows.y) if rows.classes else np.zeros(0, np.int64)
    if len(present) == 1:
        return _constant(int(present[0])), 0
    labels = np.searchsorted(present, rows.y) if rows.classes else rows.y
    series = boosted_trees(
        rows.codes, labels, rows.task, rows.shift, depth=depth, rate=rate, rounds=rounds, seed=seed
    )
    kept = _rounds_within(series, leaf_bits, rows.bits.tolist(), max_gates)
    model = diffused(series, kept, leaf_bits, rows.codes)
    if rows.classes and len(present) < rows.n_classes:
        model = _spread(model, present, rows.n_classes)
    return model, kept


def _rounds_within(series: Series, leaf_bits: int, bits: Sequence[int], max_gates: float) -> int:
    """Return the most rounds, at least one, of an estimated size within `max_gates`."""
    low, high = 1, len(series.rounds)
    while low < high:
        middle = (low + high + 1) // 2
        fits = estimated_gates(series, middle, leaf_bits, bits) <= max_gates
        low, high = (middle, high) if fits else (low, middle - 1)
    return low


def diffused(series: Series, rounds: int, leaf_bits: int, codes: IntArray) -> IntegerTrees:
    """Round leaves like `Series.integers`, each tree making up for what earlier ones lost.

    A leaf becomes the nearest integer to the mean, over the rows in it, of what the float trees
    add up to so far less what the integer trees before it do.

    Parameters
    ----------
    codes : ndarray of int64, shape (n, n_words)
        Training rows.

    References
    ----------
    Error feedback of quantisation, from tree to tree: ours.
    """
    step, model = series.step(leaf_bits), series.integers(rounds, leaf_bits)
    start = np.zeros(1) if series.decision == "words" else series.base / step
    lost = np.tile(start - np.array(model.offset), (len(codes), 1))
    trees, width = [], len(series.base)
    for place, tree in enumerate(t for made in series.rounds[:rounds] for t in made):
        output, leaf = place % width, tree.leaves(codes)
        wanted = lost[:, output] + tree.value[leaf] / step
        rows = np.bincount(leaf, minlength=len(tree.value))
        mean = np.bincount(leaf, wanted, len(tree.value)) / np.maximum(rows, 1)
        value = model.trees[place].value.copy()
        value[:, output] = np.where(rows > 0, np.rint(mean), value[:, output])
        lost[:, output] = wanted - value[leaf, output]
        trees.append(replace(model.trees[place], value=value))
    return replace(model, trees=tuple(trees))


def _constant(label: int) -> IntegerTrees:
    leaf = np.array([-1])
    tree = DecisionTree(leaf * 0, leaf * 0, leaf, leaf, np.array([label]))
    return IntegerTrees((tree,), (0,), "index")


def _spread(model: IntegerTrees, present: IntArray, n_classes: int) -> IntegerTrees:
    """Turn a model over the classes that are present into one over all classes.

    A class that isn't present gets a constant below every score.
    """
    scores = _two_scores(model) if model.decision == "sign" else model
    leaves = [tree.value[tree.left < 0] for tree in scores.trees]
    least = int(np.min(scores.offset)) + sum(int(v.min(initial=0)) for v in leaves) - 1
    offset = np.full(n_classes, least)
    offset[present] = scores.offset
    trees = []
    for tree in scores.trees:
        value = np.zeros((len(tree.value), n_classes), np.int64)
        value[:, present] = tree.value
        trees.append(replace(tree, value=value))
    return IntegerTrees(tuple(trees), tuple(offset.tolist()), "argmax")


def _two_scores(model: IntegerTrees) -> IntegerTrees:
    """``s >= 0`` as ``0 < s + 1``: the first of two scores wins ties."""
    trees = tuple(
        replace(t, value=np.concatenate([np.zeros_like(t.value), t.value], axis=1))
        for t in model.trees
    )
    return IntegerTrees(trees, (0, model.offset[0] + 1), "argmax")
