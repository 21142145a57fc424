"""Decision trees on features found at the fringe of earlier trees: ANDs and XORs of two tests.

Near the leaves of a tree that lacks a feature, the feature's parts are tested again and again.
Conjunctions of two consecutive tests, and exclusive-ors where both sides of a test are tested
alike, are proposed as new columns; a proposal is kept if the tree grown with it makes a shorter
description: ANDs of its circuit and the price of its errors.

References
----------
Pagallo, Haussler: Boolean feature discovery in empirical learning (FRINGE). Machine Learning 5,
1990. Search by the length of the description, exclusive-ors, removal of features: ours.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tetrakis.circuit import DecisionTree
from tetrakis.learners._baselines_models import Decision, IntArray
from tetrakis.learners._starts_columns import (
    Bytes,
    Columns,
    ColumnTree,
    threshold_tests,
)
from tetrakis.learners._starts_grow import BinaryTree, grow_tree
from tetrakis.learners._starts_pairs import fresh_pairs, fringe_pairs
from tetrakis.learners._starts_prune import mux_gates, prune_tree
from tetrakis.learners._starts_rows import TrainingRows

REMOVALS, OTHER_CRITERION = 0.4, 0.05
NEAR = 0.05
LEAST_PROPOSALS, MOST_CELLS = 40, 6_000_000_000  # rows × columns × proposals
PRICED_SHARE = 0.1  # of the variance: the squared error that counts as one error


@dataclass(frozen=True)
class Fringe:
    """Settings.

    Parameters
    ----------
    entropy : bool
        First criterion, for classification; else Gini impurity.
    min_leaf : int
        Fewest rows of a leaf.
    error_price : float
        ANDs that one wrong row is worth; infinity: trees aren't pruned.
    proposals, restarts : int
        Sets of features tried, fewer for large tables; a quarter of them is shared between
        restarts, whose best goes on.
    added, columns, tests : int
        Most features of a proposal, features kept, and tests of input words.
    leaf_bits : int
        Of values at leaves, for regression.
    """

    entropy: bool = True
    min_leaf: int = 1
    error_price: float = np.inf
    proposals: int = 400
    restarts: int = 4
    added: int = 12
    columns: int = 80
    tests: int = 600
    leaf_bits: int = 5


def fringe_tree(rows: TrainingRows, settings: Fringe, *, seed: int) -> ColumnTree:
    """Grow trees with fringe features; keep what shortens the description."""
    return _Search(rows, settings).found(np.random.default_rng(seed))


@dataclass(frozen=True, eq=False)
class _State:
    """Columns, their values (columns, rows), proposals since each was of use, and the tree."""

    columns: Columns
    made: Bytes
    idle: IntArray
    tree: BinaryTree
    entropy: bool
    price: float
    length: float

    @property
    def needed(self) -> NDArray[np.bool_]:
        """Marks columns that the tree needs."""
        return self.columns.needed(_used(self.tree, len(self.made)))


class _Search:
    """Proposals of features for some rows, each judged by the tree that is grown with it."""

    def __init__(self, rows: TrainingRows, settings: Fringe) -> None:
        self.rows, self.settings = rows, settings
        self.group, self.weight = rows.group, rows.weight
        bits = (rows.n_classes - 1).bit_length() if rows.classes else settings.leaf_bits
        self.mux = 0.5 + 0.5 * bits  # size relative to a mux of single bits
        variance = 1.0 if self.weight is None else float(np.var(self.weight)) or 1.0
        self.unit = 1.0 if rows.classes else PRICED_SHARE * variance
        columns = threshold_tests(rows.codes, rows.shift, settings.tests)
        made = np.ascontiguousarray(columns.evaluate(rows.codes).T)
        self.first = self.state(
            columns, made, np.zeros(len(made), np.int64), settings.entropy, settings.error_price
        )

    def priced(self, state: _State, price: float) -> _State:
        """Grow the tree again at another price of errors."""
        if price == state.price:
            return state
        return self.state(state.columns, state.made, state.idle, state.entropy, price)

    def state(
        self, columns: Columns, made: Bytes, idle: IntArray, entropy: bool, price: float
    ) -> _State:
        """Grow the tree and measure the description."""
        own = columns.own_gates(self.rows.bits)
        tree = grow_tree(
            np.ascontiguousarray(made.T), self.group, self.weight, n_groups=self.rows.n_groups,
            entropy=entropy, min_leaf=self.settings.min_leaf, cost=columns.gates(own), near=NEAR,
            least_error=self.mux * self.unit / price,  # a split costs the mux above an AND or more
        )  # fmt: skip
        pruned = bool(np.isfinite(price))
        if pruned:
            tree = prune_tree(tree, self.mux, price / self.unit)
        errors = float(tree.error[~tree.inner].sum()) / self.unit
        needed = columns.needed(_used(tree, len(made)))
        length = self.mux * mux_gates(tree) + float(own[needed].sum())
        length += (price if pruned else 1.0) * errors
        return _State(columns, made, idle, tree, entropy, price, length)

    def found(self, rng: np.random.Generator) -> ColumnTree:
        """Search from several restarts, then from the best of them."""
        cells = self.first.made.size + self.settings.columns * len(self.group)
        total = min(self.settings.proposals, max(LEAST_PROPOSALS, MOST_CELLS // cells))
        restarts = self.settings.restarts
        each, price = total // (4 * restarts), self.settings.error_price
        tried = []
        for k in range(restarts):  # a dearer error keeps trees that need several features at once
            state = self.improved(self.priced(self.first, price * 2.0**k), each, rng)
            tried.append(self.priced(state, price))
        best = min(tried, key=lambda state: state.length)
        return self.model(self.improved(best, total - each * restarts, rng))

    def improved(self, state: _State, proposals: int, rng: np.random.Generator) -> _State:
        """Try proposals, taking those that don't make the description longer."""
        for _ in range(proposals):
            state = replace(state, idle=np.where(state.needed, 0, state.idle + 1))
            other = self.proposed(state, rng)
            if other.length <= state.length:
                state = other
        return state

    def proposed(self, state: _State, rng: np.random.Generator) -> _State:
        """Add some features, or remove one with all that is made of it."""
        entropy = state.entropy != (rng.random() < OTHER_CRITERION)
        if rng.random() < REMOVALS:
            first = len(state.columns.word)
            inside = first + np.flatnonzero(state.needed[first:])
            if len(inside):
                kept = ~state.columns.users(int(rng.choice(inside)))
                less = self.state(
                    state.columns.take(kept),
                    state.made[kept],
                    state.idle[kept],
                    entropy,
                    state.price,
                )
                if less.length <= state.length:
                    return less
                state = less
        pairs = fringe_pairs(state.tree, rng)
        count = int(rng.integers(1, self.settings.added + 1))
        fresh = fresh_pairs(pairs, state.columns, state.made, count)
        if not fresh and entropy == state.entropy:
            return state
        columns, made, idle = _extended(state, fresh, self.settings.columns)
        return self.state(columns, made, idle, entropy, state.price)

    def model(self, state: _State) -> ColumnTree:
        """Keep what the tree uses, with integers at its leaves."""
        needed, tree = state.needed, state.tree
        decision: Decision = "index" if self.rows.classes else "words"
        step, value = 1.0, tree.value
        if not self.rows.classes:
            leaves = tree.value[~tree.inner]
            reach = float(leaves.max() - leaves.min()) or 1.0
            step = float(2.0 ** (np.ceil(np.log2(reach)) - self.settings.leaf_bits))
            value = np.rint(tree.value / step)
        number = np.append(np.cumsum(needed) - 1, 0)  # leaves have column -1
        column = np.where(tree.inner, number[tree.column], 0)
        whole = DecisionTree(
            column, np.ones_like(column), tree.left, tree.right, value.astype(np.int64)
        )
        return ColumnTree(state.columns.take(needed), whole, decision, self.rows.mean, step)


def _used(tree: BinaryTree, n_columns: int) -> NDArray[np.bool_]:
    used = np.zeros(n_columns, bool)
    used[tree.column[tree.inner]] = True
    return used


def _extended(
    state: _State, fresh: list[tuple[IntArray, Bytes]], most: int
) -> tuple[Columns, Bytes, IntArray]:
    """Add columns; where they are too many, drop those pairs that were of no use for longest."""
    if not fresh:
        return state.columns, state.made, state.idle
    pairs = np.concatenate([state.columns.pairs, [pair for pair, _ in fresh]])
    columns = replace(state.columns, pairs=pairs)
    made = np.concatenate([state.made, [column for _, column in fresh]])
    idle = np.concatenate([state.idle, np.zeros(len(fresh), np.int64)])
    first, excess = len(columns.word), len(pairs) - most
    if excess <= 0:
        return columns, made, idle
    kept = np.ones(len(made), bool)
    oldest = first + np.argsort(-idle[first:], kind="stable")[:excess]
    kept[oldest[idle[oldest] > 0]] = False
    kept = columns.needed(kept)
    kept[:first] = True
    return columns.take(kept), made[kept], idle[kept]
