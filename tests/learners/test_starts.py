import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer, load_iris, make_friedman1

from tetrakis.circuit import simulate_rows
from tetrakis.encoding import fit_encoding
from tetrakis.learners import TableSettings
from tetrakis.learners._baselines_trees import boosted_trees
from tetrakis.learners._starts import KINDS, Recipe
from tetrakis.learners._starts_columns import Columns, threshold_tests
from tetrakis.learners._starts_grow import BinaryTree, grow_tree
from tetrakis.learners._starts_menu import recipes
from tetrakis.learners._starts_pairs import fringe_pairs
from tetrakis.learners._starts_prune import mux_gates, prune_tree
from tetrakis.learners._starts_trees import diffused

DATA = {
    "binary": (load_breast_cancer, "classification", 3),
    "classes": (load_iris, "classification", 4),
    "values": (lambda return_X_y: make_friedman1(300, noise=1.0, random_state=0), "regression", 3),
}
QUICK = {
    "tree": Recipe("tree", leaf_bits=4),
    "boosted": Recipe("boosted", depth=3, rounds=5, leaf_bits=3, kept_bits=2),
    "fringe": Recipe("fringe", proposals=24, leaf_bits=4),
    "table": Recipe("table", tables=TableSettings(12, 3, 3, steps=100, batch=64, boosted=True)),
}


def encoded(name):
    load, task, bits = DATA[name]
    X, y = load(return_X_y=True)
    encoding = fit_encoding(X, bits=bits)
    widths = [len(w.bits) for w in encoding.inputs]
    return encoding.encode(X), widths, y, task, int(y.max()) + 1 if task != "regression" else 0


def predicted(start, codes, bits, task):
    """Simulate the circuit as the interface describes it."""
    parts = [(codes[:, j, None] >> np.arange(b)) & 1 for j, b in enumerate(bits)]
    out = simulate_rows(start.circuit, np.concatenate(parts, axis=1).astype(bool))
    weights = 1 << np.arange(out.shape[1])
    if task == "regression":
        weights[-1] *= -1
        return start.offset + start.scale * (out @ weights)
    return out @ weights


def check(recipe, codes, bits, y, task, rows, n_classes):
    asked = {"n_classes": n_classes, "seed": 1}
    start = recipe.grow(codes, bits, y, task, rows, **asked)
    model, label = recipe.fit(codes, bits, y, task, rows, **asked)
    anywhere = np.random.default_rng(0).integers(0, 1 << np.array(bits), (500, len(bits)))
    for these in (codes, anywhere):
        assert (predicted(start, these, bits, task) == model.predict(these)).all()
    if task == "classification":
        assert start.circuit.num_pos == max(1, (n_classes - 1).bit_length())
        assert (start.offset, start.scale) == (0.0, 1.0)
        assert set(model.predict(anywhere)) <= set(y[rows].tolist())
    assert (start.kind, start.label) == (recipe.kind, label)
    assert start.circuit.num_pis == sum(bits)
    return start


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("kind", KINDS)
def test_circuits_equal_their_models(kind, name):
    codes, bits, y, task, n_classes = encoded(name)
    rows = np.random.default_rng(0).permutation(len(y))[: len(y) // 2]
    start = check(QUICK[kind], codes, bits, y, task, rows, n_classes)
    guess = predicted(start, codes, bits, task)[rows]
    wrong = np.mean(guess != y[rows]) if n_classes else np.var(guess - y[rows]) / np.var(y[rows])
    assert wrong < (0.1 if n_classes else 0.4)


@pytest.mark.parametrize("present", [(0, 2), (1, 2), (1,), (0, 1, 3)])
@pytest.mark.parametrize("kind", KINDS)
def test_folds_may_lack_classes(kind, present):
    rng = np.random.default_rng(0)
    codes, y = rng.integers(0, 8, (200, 3)), rng.integers(0, 5, 200)
    y = np.where(rng.random(200) < 0.2, y, codes.sum(axis=1) % 5)
    rows = np.flatnonzero(np.isin(y, present))
    check(QUICK[kind], codes, [3, 3, 3], y, "classification", rows, 5)
    check(QUICK[kind], codes, [3, 3, 3], y // 4, "classification", np.flatnonzero(y < 4), 2)


@pytest.mark.parametrize("kind", KINDS)
def test_rows_that_say_nothing(kind):
    codes, y = np.zeros((40, 2), int), np.arange(40) % 3 // 2
    start = check(QUICK[kind], codes, [3, 0], y, "classification", np.arange(40), 2)
    assert start.circuit.num_gates == 0 and not predicted(start, codes, [3, 0], "c").any()
    level = check(QUICK[kind], codes, [3, 0], np.full(40, 2.5), "regression", np.arange(40), 0)
    assert (predicted(level, codes, [3, 0], "regression") == 2.5).all()


@pytest.mark.parametrize("price", [0.5, np.inf])
def test_fringe_finds_a_planted_function(price):
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 2, (4000, 20))
    pairs = codes[:, 2:12].reshape(-1, 5, 2)
    y = (pairs[..., 0] & (pairs[..., 1] ^ [0, 1, 0, 1, 0])).sum(axis=1) % 2
    train, test = np.arange(2000), np.arange(2000, 4000)
    asked = (codes, [1] * 20, y, "classification", train)
    small = Recipe("fringe", error_price=price, proposals=150).grow(*asked, n_classes=2, seed=0)
    large = Recipe("tree").grow(*asked, n_classes=2, seed=0)
    assert small.circuit.num_gates <= 25  # five ANDs and four XORs: 17
    assert 10 * small.circuit.num_gates < large.circuit.num_gates
    right = [predicted(s, codes[test], [1] * 20, "c") == y[test] for s in (small, large)]
    assert right[0].all() and right[1].mean() < 0.9


@pytest.mark.parametrize("kind", KINDS)
def test_recipes_are_reproducible_and_hashable(kind):
    codes, bits, y, task, n_classes = encoded("binary")
    recipe = QUICK[kind]
    assert hash(recipe) == hash(Recipe(**vars(recipe))) and recipe == Recipe(**vars(recipe))
    grown = [
        recipe.grow(codes, bits, y, task, np.arange(300), n_classes=n_classes, seed=3)
        for _ in range(2)
    ]
    assert grown[0].circuit == grown[1].circuit and grown[0].label == grown[1].label


def test_menu():
    tables = [("classification", 500, 2), ("classification", 9000, 10), ("regression", 500, 0)]
    for task, n, k in tables:
        few = recipes(task, n, k, [8, 1], effort=0.5)
        assert [r.kind for r in few] == list(KINDS)
        many = recipes(task, n, k, [8, 1], effort=3, kinds=("boosted", "fringe"))
        assert {r.kind for r in many} == {"boosted", "fringe"} and len(set(many)) == len(many) > 4
    with pytest.raises(ValueError, match="tree, boosted, fringe, table, got oak"):
        recipes("classification", 10, 2, [1], kinds=("oak",))
    with pytest.raises(ValueError, match="kind: expected one of"):
        QUICK["tree"].__class__("oak").grow(
            np.zeros((4, 1), int), [1], np.zeros(4), "regression", np.arange(4), n_classes=0, seed=0
        )


# -- parts ---------------------------------------------------------------------------------------


def entropy(labels):
    share = np.bincount(labels) / max(1, len(labels))
    return -sum(len(labels) * p * np.log(p) for p in share if p > 0)


def gini(labels):
    return len(labels) - sum(np.bincount(labels) ** 2) / max(1, len(labels))


def spread(values):
    return len(values) * np.var(values) if len(values) else 0.0


@pytest.mark.parametrize("impurity", [entropy, gini, spread])
@given(seed=st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_every_split_is_a_best_one(impurity, seed):
    rng = np.random.default_rng(seed)
    columns = (rng.random((40, 5)) < rng.random(5)).astype(np.uint8)
    values = impurity is spread
    y = rng.normal(size=40) if values else rng.integers(0, 3, 40)
    least = int(rng.integers(1, 4))
    tree = grow_tree(
        columns, np.zeros(40, np.int64) if values else y, y if values else None,
        n_groups=1 if values else 3, entropy=impurity is entropy, min_leaf=least,
    )  # fmt: skip
    reached = {0: np.arange(40)}
    for node, rows in ((n, reached[n]) for n in range(len(tree.left))):
        sides = [(rows[columns[rows, j] == 0], rows[columns[rows, j] == 1]) for j in range(5)]
        after = [
            impurity(y[a]) + impurity(y[b]) if min(len(a), len(b)) >= least else np.inf
            for a, b in sides
        ]
        if tree.left[node] < 0:
            assert min(after) == np.inf or impurity(y[rows]) < 1e-9
        else:
            assert after[tree.column[node]] <= min(after) + 1e-6
            pair = sides[tree.column[node]]
            reached[tree.left[node]], reached[tree.right[node]] = pair
        error = spread(y[rows]) if values else len(rows) - np.bincount(y[rows]).max()
        assert tree.error[node] == pytest.approx(error, abs=1e-6)
        wanted = y[rows].mean() if values else np.bincount(y[rows]).argmax()
        assert tree.value[node] == pytest.approx(wanted)


@given(seed=st.integers(0, 10**6), price=st.sampled_from([0.1, 0.5, 1.0, 4.0]))
@settings(max_examples=30, deadline=None)
def test_pruning_never_lengthens(seed, price):
    rng = np.random.default_rng(seed)
    columns = rng.integers(0, 2, (60, 6)).astype(np.uint8)
    y = np.where(rng.random(60) < 0.2, rng.integers(0, 2, 60), columns[:, 0] & columns[:, 1])
    whole = grow_tree(columns, y, None, n_groups=2)

    def length(tree):
        return mux_gates(tree) + price * tree.error[~tree.inner].sum()

    pruned = prune_tree(whole, 1.0, price)
    assert length(pruned) <= min(length(whole), price * whole.error[0]) + 1e-9
    assert pruned.error[0] == whole.error[0]
    again = prune_tree(pruned, 1.0, price)
    assert len(again.left) == len(pruned.left)


def test_pairs_near_leaves():
    # column 0 at the root; both sides test column 1, the right side then column 2
    left = np.array([1, 3, 5, -1, -1, -1, 7, -1, -1])
    right = np.array([2, 4, 6, -1, -1, -1, 8, -1, -1])
    column = np.array([0, 1, 1, -1, -1, -1, 2, -1, -1])
    tree = BinaryTree(column, left, right, np.zeros(9), np.zeros(9))
    pairs = {tuple(p) for p in fringe_pairs(tree).tolist()}
    assert pairs == {
        (1, 3, 0), (1, 2, 0), (0, 3, 0), (0, 2, 0), (2, 5, 0), (2, 4, 0), (0, 2, 1),
    }  # fmt: skip
    assert fringe_pairs(tree)[0].tolist() == [0, 2, 1]


def test_columns_are_evaluated_and_taken():
    codes = np.array(list(itertools.product(range(4), range(2))))
    pairs = np.array([[0, 7, 0], [2, 9, 1], [1, 3, 0]])
    columns = Columns(np.array([0, 0, 0, 1]), np.array([1, 2, 3, 1]), pairs)
    a, b, c, d = (codes[:, 0] >= 1, codes[:, 0] >= 2, codes[:, 0] >= 3, codes[:, 1] >= 1)
    first = a & ~d
    want = np.stack([a, b, c, d, first, b ^ ~first, ~a & ~b], axis=1)
    assert (columns.evaluate(codes) == want).all()
    assert columns.gates(columns.own_gates(np.array([2, 1]))).tolist() == [1, 0, 1, 0, 2, 5, 2]
    used = np.zeros(7, bool)
    used[5] = True
    needed = columns.needed(used)
    assert np.flatnonzero(needed).tolist() == [0, 1, 3, 4, 5]
    assert (columns.take(needed).evaluate(codes) == want[:, needed]).all()
    assert np.flatnonzero(columns.users(3)).tolist() == [3, 4, 5]


def test_tests_are_thinned_out_but_every_word_keeps_one():
    codes = np.random.default_rng(0).integers(0, [256, 256, 2, 1], (500, 4))
    shift = np.zeros(4, np.int64)
    assert len(threshold_tests(codes, shift, 10**6).word) > 400
    few = threshold_tests(codes, shift, 20)
    assert len(few.word) <= 20 and set(few.word) == {0, 1, 2}
    assert len(threshold_tests(codes, shift, 0).word) == 3


@pytest.mark.parametrize("name", ["classes", "values"])
def test_rounding_errors_are_made_up_for(name):
    codes, _, y, task, _ = encoded(name)
    shift = np.zeros(codes.shape[1], np.int64)
    series = boosted_trees(codes, y, task, shift, depth=3, rate=0.3, rounds=20, seed=0)
    step = series.step(2)
    exact = np.tile(np.zeros(1) if task == "regression" else series.base, (len(y), 1))
    for trees in series.rounds:
        for k, tree in enumerate(trees):
            exact[:, k] += tree.value[tree.leaves(codes)]
    plain, better = series.integers(20, 2), diffused(series, 20, 2, codes)
    lost = [np.abs(exact - step * m.evaluate(codes)).mean() for m in (plain, better)]
    assert lost[1] < 0.6 * lost[0]
    for k, tree in enumerate(series.rounds[-1]):
        leaf = tree.leaves(codes)
        rest = (exact / step - better.evaluate(codes))[:, k]
        means = np.bincount(leaf, rest) / np.maximum(np.bincount(leaf), 1)
        assert np.abs(means).max() <= 0.5 + 1e-9
