"""Sparse lift estimators: conventions, doubling, circuits, bad input."""

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.estimator_checks import parametrize_with_checks

from tetrakis.errors import BudgetError, GraphError
from tetrakis.graphs import mlp, tree
from tetrakis.learners import SparseLiftClassifier, SparseLiftRegressor

QUICK = {"copies": 8, "in_degree": None, "max_iter": 100, "learning_rate": 0.05}


def rows(n=250, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1, 1, (n, 3))
    return X, np.abs(X[:, 0]) - 0.5 * X[:, 1]


@pytest.mark.usefixtures("quick_compilation")
@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks(
    [SparseLiftRegressor("mlp:1", **QUICK), SparseLiftClassifier("mlp:1", **QUICK)]
)
def test_scikit_learn_conventions(estimator, check):
    check(estimator)


def test_doubling_stops_at_the_target():
    X, y = rows()
    model = SparseLiftRegressor(
        copies=4, in_degree=3, target_loss=0.02, max_iter=600, random_state=0
    ).fit(X, y)
    assert model.loss_ <= 0.02 and model.copies_ >= 4
    assert 1 - model.score(X, y) == pytest.approx(model.loss_, rel=1e-3)
    assert model.lift_.counts["h1"] == model.copies_
    with pytest.warns(ConvergenceWarning, match="was not reached with 8 copies"):
        SparseLiftRegressor(copies=4, max_copies=8, target_loss=1e-9, max_iter=50).fit(X, y)


@pytest.mark.parametrize("graph", ["mlp:2", "residual:2", tree(((0, 1), 2), values=False)])
def test_circuit_of_a_lift(graph):
    X, y = rows()
    model = SparseLiftRegressor(graph, copies=8, in_degree=3, max_iter=500, random_state=0)
    model.fit(X[:200], y[:200]).compress(
        X[:200], y[:200], held_out=(X[200:], y[200:]), tolerance=0.02, deltas=[2**-6, 2**-4],
        activation_bits=[5],
    )  # fmt: skip
    predicted = model.predict_circuit(X[200:])
    r2 = 1 - np.mean((y[200:] - predicted) ** 2) / np.var(y[200:])
    assert r2 == pytest.approx(model.held_out_score_, abs=1e-9) and r2 > 0.85
    codes = model.encoding_.encode(X)
    whole = model.fixed_point_.evaluate_codes(codes)[:, 0]
    grain = model.encoding_.output.scale
    expected = model.encoding_.output.offset + grain * whole
    np.testing.assert_array_equal(model.predict_circuit(X), expected)
    assert model.certificate_.value > 0


def test_circuits_of_classes():
    X, y = rows()
    labels = np.array(["low", "mid", "top"])[np.digitize(y, [0.2, 0.7])]
    model = SparseLiftClassifier(copies=8, max_iter=300, random_state=0).fit(X, labels)
    assert model.score(X, labels) > 0.9
    model.compress(X, labels, max_gates=6000, deltas=[2**-5], activation_bits=[4])
    assert model.circuit_.num_gates <= 6000
    assert np.mean(model.predict_circuit(X) == labels) == model.held_out_score_ > 0.85
    two = SparseLiftClassifier("mlp:1", **QUICK, random_state=0).fit(X, y > 0.3)
    assert set(two.predict(X)) == {False, True} and two.decision_function(X).shape == (250,)
    two.compress(X, y > 0.3, deltas=[2**-3], activation_bits=[4])
    assert two.circuit_.num_pos == 1 and two.predict_circuit(X).dtype == bool
    with pytest.raises(BudgetError, match="No circuit of at most 1"):
        two.compress(X, y > 0.3, max_gates=1, deltas=[2**-3], activation_bits=[4])


def test_constant_columns_carry_nothing():
    X, y = rows()
    X[:, 2] = 1e6 + 0.1
    model = SparseLiftRegressor(copies=8, max_iter=300, random_state=0).fit(X, y)
    assert model.score(X, y) > 0.95
    model.compress(X, y, deltas=[2**-5], activation_bits=[5])
    assert len(model.encoding_.inputs) == 2 and model.held_out_score_ > 0.9


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"graph": "tower"}, GraphError, "expected one of mlp"),
        ({"graph": 3}, GraphError, "expected a BaseGraph"),
        ({"graph": mlp(5, 1)}, GraphError, "vertex 'x': reads column 4"),
        ({"graph": mlp(3, 1, n_outputs=2)}, GraphError, "vertex 'y': the task needs 1 outputs"),
        ({"copies": 3, "in_degree": 4}, GraphError, "larger than the 3 parents available"),
        ({"copies": 0}, BudgetError, "copies"),
        ({"max_iter": 1.5}, BudgetError, "max_iter"),
        ({"learning_rate": -1}, BudgetError, "learning_rate"),
        ({"solver": "sgd"}, BudgetError, "solver"),
        ({"target_loss": -1}, BudgetError, "target_loss"),
    ],
)
def test_bad_options(options, error, said):
    with pytest.raises(error, match=said):
        SparseLiftRegressor(**options).fit(*rows(20))


def test_one_class():
    with pytest.raises(ValueError, match="one class"):
        SparseLiftClassifier().fit(rows(20)[0], np.zeros(20))
