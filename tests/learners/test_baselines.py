import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_iris, make_friedman1
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.tree import DecisionTreeClassifier

from tetrakis.encoding import fit_encoding
from tetrakis.learners import _baselines as baselines
from tetrakis.learners._baselines import baseline_path, best_baselines
from tetrakis.learners._baselines_models import score
from tetrakis.learners._baselines_trees import (
    boosted_trees,
    leaf_counts,
    pruned_trees,
    weakest_links,
)

DATA = {
    "binary": (load_breast_cancer, "classification", 3),
    "classes": (load_iris, "classification", 4),
    "values": (lambda return_X_y: make_friedman1(300, noise=1.0, random_state=0), "regression", 3),
}


def encoded(name: str):
    load, task, bits = DATA[name]
    X, y = load(return_X_y=True)
    encoding = fit_encoding(X, bits=bits)
    return encoding.encode(X), [len(w.bits) for w in encoding.inputs], y, task


@pytest.fixture
def quick(monkeypatch):
    """Search few settings."""
    monkeypatch.setattr(baselines, "DEPTHS", (2, 3))
    monkeypatch.setattr(baselines, "KEPT_BITS", (8, 2))
    monkeypatch.setattr(baselines, "LEAF_BITS", (3, 6))


@pytest.mark.parametrize("name", DATA)
def test_circuits_equal_their_models(name, quick):
    codes, bits, y, task = encoded(name)
    rows = np.random.default_rng(0).permutation(len(y))
    train, held = rows[: len(y) // 2], rows[len(y) // 2 :]
    path = baseline_path(
        codes, bits, y, task, train_rows=train, held_rows=held, seed=0, max_gates=600
    )
    assert {p.name for p in path} == {"decision tree", "boosted trees"}
    anywhere = np.random.default_rng(1).integers(0, 1 << np.array(bits), (500, len(bits)))
    for point in path:
        for asked in (codes, anywhere):
            assert (point.predict(asked) == point.model.predict(asked)).all()
        guess = point.predict(codes)
        assert point.held_out_score == pytest.approx(
            score(y[held], guess[held], point.model.decision)
        )
        assert point.train_score == pytest.approx(
            score(y[train], guess[train], point.model.decision)
        )
        assert point.num_gates <= 600
        if task == "classification":
            assert point.circuit.num_pos == int(y.max()).bit_length()
    for kind in ("decision tree", "boosted trees"):
        mine = [(p.num_gates, p.held_out_score) for p in path if p.name == kind]
        assert mine == sorted(mine) == sorted(mine, key=lambda p: p[1])


def test_folds_score_settings_and_train_on_all_rows(quick):
    codes, bits, y, task = encoded("binary")
    rows = np.random.default_rng(0).permutation(len(y))
    folds = [(rows[k::2], rows[1 - k :: 2]) for k in (0, 1)]
    path = baseline_path(codes, bits, y, task, train_rows=rows, folds=folds, max_gates=300)
    again = baseline_path(codes, bits, y, task, train_rows=rows, folds=folds, max_gates=300)
    assert [(p.label, p.num_gates) for p in path] == [(p.label, p.num_gates) for p in again]
    best = best_baselines(path, 100)
    assert [p.name for p in best] == ["decision tree", "boosted trees"]
    for point in best:
        same = [p.held_out_score for p in path if p.name == point.name and p.num_gates <= 100]
        assert point.held_out_score == max(same) > 0.9
    assert best_baselines(path, -1) == []


def test_rows_to_score_are_asked_for():
    codes, bits, y, task = encoded("classes")
    with pytest.raises(ValueError, match="held_rows or folds"):
        baseline_path(codes, bits, y, task, train_rows=np.arange(len(y)))


def test_a_constant_model_is_a_circuit_without_gates(quick):
    codes = np.zeros((40, 2), int)
    y = np.arange(40) % 2
    path = baseline_path(
        codes, [3, 1], y, "classification", train_rows=np.arange(30), held_rows=np.arange(30, 40)
    )
    assert path and all(p.num_gates == 0 and p.circuit.num_pos == 1 for p in path)


def test_a_class_without_training_rows_leaves_decision_trees(quick):
    codes, bits, y, task = encoded("classes")
    train, held = np.arange(100), np.arange(100, 150)
    path = baseline_path(codes, bits, y, task, train_rows=train, held_rows=held)
    assert {p.name for p in path} == {"decision tree"}
    assert path[0].circuit.num_pos == 2


@pytest.mark.parametrize("seed", range(3))
def test_weakest_links_are_sklearns_path(seed):
    X, y = make_friedman1(200, random_state=seed)
    labels = y > np.median(y)
    whole = DecisionTreeClassifier(random_state=0).fit(X, labels)
    tree, n = whole.tree_, len(y)
    order = weakest_links(
        tree.children_left, tree.children_right, tree.impurity * tree.weighted_n_node_samples
    )
    left = tree.n_leaves - np.cumsum([gone for _, gone in order])
    assert left[-1] == 1
    alphas = whole.cost_complexity_pruning_path(X, labels).ccp_alphas
    for alpha in (alphas[:-1] + alphas[1:]) / 2:
        pruned = DecisionTreeClassifier(random_state=0, ccp_alpha=alpha).fit(X, labels)
        assert pruned.get_n_leaves() in [tree.n_leaves, *left], n


def test_pruned_trees_have_at_most_so_many_leaves():
    codes, _, y, task = encoded("binary")
    shift = np.zeros(codes.shape[1], np.int64)
    series = list(pruned_trees(codes, y, task, shift, min_leaf=1, max_leaves=32))
    sizes = [int((s.rounds[0][0].left < 0).sum()) for s in series]
    assert all(a <= b for a, b in zip(sizes, leaf_counts(32), strict=True))
    assert sizes == sorted(sizes) and sizes[-1] > 16


def test_float_sums_are_sklearns():
    codes, _, y, task = encoded("classes")
    shift = np.ones(codes.shape[1], np.int64)
    series = boosted_trees(codes, y, task, shift, depth=2, rate=0.5, rounds=4, seed=0)
    model = HistGradientBoostingClassifier(
        learning_rate=0.5, max_iter=4, max_depth=2, max_leaf_nodes=None, min_samples_leaf=5,
        l2_regularization=1.0, early_stopping=False, random_state=0,
    ).fit((codes >> 1).astype(float), y)  # fmt: skip
    want = model.decision_function((codes >> 1).astype(float))
    got = np.tile(series.base, (len(y), 1))
    for trees in series.rounds:
        for k, tree in enumerate(trees):
            got[:, k] += tree.value[tree.leaves(codes)]
    difference = got - want
    np.testing.assert_allclose(
        difference, np.broadcast_to(difference[:1, :1], got.shape), atol=1e-9
    )
