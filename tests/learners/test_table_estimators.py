"""Table networks as estimators and as starts."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris, make_friedman1
from sklearn.utils.estimator_checks import check_estimator

from tetrakis.circuit import simulate_rows
from tetrakis.learners import TableNetClassifier, TableNetRegressor, TableSettings, fit_tables
from tetrakis.learners._starts import Recipe
from tetrakis.learners._starts_menu import recipes
from tetrakis.measures import error_certificate

# Most tests train networks of these shapes on up to 256 rows of up to 64 bits: compiled once.
QUICK = {"n_tables": 6, "n_pins": 3, "steps": 100, "batch": 64, "penalty": 1e-3, "grid_bits": 2}
SETTINGS = TableSettings(6, 3, 4, penalties=(1e-3,), steps=100, batch=64, boosted=True)


@pytest.mark.usefixtures("quick_compilation")
@pytest.mark.parametrize("kind", [TableNetClassifier, TableNetRegressor])
def test_scikit_learn_conventions(kind):
    found = check_estimator(kind(**QUICK), on_skip=None, on_fail="raise")
    assert sum(check["status"] == "passed" for check in found) > 40


@pytest.fixture(scope="module")
def classifier():
    X, y = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    model = TableNetClassifier(n_tables=15, steps=300, batch=64, random_state=0)
    return model.fit(X, names), X, names


@pytest.fixture(scope="module")
def regressor():
    X, y = make_friedman1(600, random_state=0)
    model = TableNetRegressor(n_tables=20, steps=500, batch=64, penalty=1e-3, random_state=0)
    return model.fit(X, y), X, y


def test_prediction_is_the_circuit_bit_for_bit(classifier, regressor):
    model, X, names = classifier
    sums = model.fixed_point_.evaluate_codes(model.encoding_.encode(X))
    assert np.array_equal(model.predict(X), model.classes_[sums.argmax(axis=1)])
    assert model.score(X, names) > 0.9
    model, X, y = regressor
    integers = model.fixed_point_.evaluate_codes(model.encoding_.encode(X))[:, 0]
    output = model.encoding_.output
    assert np.array_equal(model.predict(X), output.offset + output.scale * integers)
    assert model.score(X, y) > 0.75


def test_attributes(classifier):
    model, X, _ = classifier
    assert [p.net.penalty for p in model.path_] == [1e-4, 3e-4, 1e-3, 3e-3]
    assert model.circuit_ in [p.circuit for p in model.path_]
    assert model.fixed_point_.has_tables and 0 < model.held_out_score_ <= 1
    codes = model.encoding_.encode(X)
    values = np.ldexp(codes.astype(float), model.fixed_point_.input_exponent)
    wanted = model.fixed_point_.evaluate(codes)
    assert np.array_equal(model.network_.evaluate(values), wanted)
    assert error_certificate(model.network_, model.fixed_point_, continuous=False).value == 0


def test_clone_pickle_and_seed(classifier):
    model, X, names = classifier
    assert np.array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))
    assert clone(model).get_params() == model.get_params()
    again = clone(model).fit(X, names)
    assert again.circuit_ == model.circuit_


def test_few_candidates():
    X, y = load_iris(return_X_y=True)
    model = TableNetClassifier(**(QUICK | {"n_candidates": 12})).fit(X, y)
    assert model.score(X, y) > 0.85


def test_limits_of_size(classifier):
    model, X, names = classifier
    least = min(p.num_gates for p in model.path_)
    small = clone(model).set_params(max_gates=least).fit(X, names)
    assert small.circuit_.num_gates <= least
    with pytest.raises(ValueError, match=f"the smallest has {least}"):
        clone(model).set_params(max_gates=1).fit(X, names)


@pytest.mark.parametrize(
    "parameters",
    [
        {"n_pins": 13}, {"n_bits": 0}, {"n_tables": 0}, {"penalty": -1.0}, {"penalty": ()},
        {"max_gates": -1}, {"validation_fraction": 1.0}, {"input_bits": 0}, {"grid_bits": 0},
        {"hidden": (0,)}, {"penalty": np.nan}, {"n_candidates": 0},
    ],
)  # fmt: skip
def test_senseless_parameters(parameters):
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match="expected"):
        TableNetClassifier(**(QUICK | parameters)).fit(X, y)


def test_odd_data():
    X = np.ones((20, 2))
    with pytest.raises(ValueError, match="no input column carries information"):
        TableNetRegressor(**QUICK).fit(X, np.arange(20.0))
    y = np.array([0] * 15 + [1] * 5)
    (constant,) = fit_tables(
        np.ones((20, 2), int), np.array([2, 2]), y, "classification", TableSettings(), n_classes=2
    )
    assert not constant.predict(np.ones((3, 2), int)).any()
    assert constant.circuit().num_gates == 0
    X = np.random.default_rng(0).random((20, 2))
    with pytest.raises(ValueError, match="one class"):
        TableNetClassifier(**QUICK).fit(X, y * 0)
    with pytest.raises(ValueError, match="NaN"):
        TableNetRegressor(**QUICK).fit(X, np.full(20, np.nan))
    many = TableNetClassifier(**QUICK).fit(np.arange(3.0)[:, None], np.arange(3))
    assert set(many.predict(np.arange(3.0)[:, None])) <= set(range(3))


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_starts_compute_their_model(task):
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 8, (250, 4))
    y = codes[:, 0] // 3 if task == "classification" else codes[:, 0] * 1.5 + codes[:, 1]
    bits = [3] * 4
    recipe = Recipe("table", tables=SETTINGS)
    start = recipe.grow(codes, bits, y, task, np.arange(250), n_classes=3, seed=0)
    rows = np.concatenate([(codes[:, j, None] >> np.arange(3)) & 1 for j in range(4)], axis=1)
    out = simulate_rows(start.circuit, rows.astype(bool)).astype(np.int64)
    weights = 1 << np.arange(out.shape[1])
    model = recipe.fit(codes, bits, y, task, np.arange(250), n_classes=3, seed=0)[0]
    if task == "classification":
        assert np.array_equal(out @ weights, model.predict(codes))
        assert np.mean(out @ weights == y) > 0.8
    else:
        weights[-1] *= -1
        assert np.allclose(start.offset + start.scale * (out @ weights), model.predict(codes))


def test_recipes_list_tables_where_asked():
    found = recipes("regression", 500, 0, [4, 4], kinds=["table"], effort=1.0)
    assert {r.kind for r in found} == {"table"} and found[0].tables.boosted
    assert not recipes("classification", 500, 2, [1, 1], kinds=["table"])[0].tables.boosted


def test_a_class_may_be_missing():
    codes = np.random.default_rng(1).integers(0, 4, (60, 2))
    (net,) = fit_tables(
        codes, np.array([2, 2]), codes[:, 0] // 2 * 2, "classification", SETTINGS, n_classes=3
    )
    assert set(net.predict(codes)) <= {0, 1, 2} and net.network.n_outputs == 3
