"""Estimators keep scikit-learn's conventions, and predict what their circuit says."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris, make_friedman1
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from tetrakis.circuit import simulate_rows
from tetrakis.learners import ResNetClassifier, ResNetRegressor

QUICK = 0.01


@pytest.mark.parametrize(
    "estimator",
    [
        ResNetClassifier(effort=QUICK, starts=("tree", "boosted", "fringe")),
        ResNetRegressor(effort=QUICK, starts=("resnet",)),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_scikit_learn_conventions(estimator):
    """Between them the two use every default start: each with all of them takes minutes."""
    found = check_estimator(estimator, on_skip=None, on_fail="raise")
    assert sum(check["status"] == "passed" for check in found) > 40


@pytest.fixture(scope="module")
def classifier():
    X, y = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    return ResNetClassifier(effort=0.1, random_state=0).fit(X, names), X, names


@pytest.fixture(scope="module")
def regressor():
    X, y = make_friedman1(200, random_state=1)
    return ResNetRegressor(effort=QUICK, random_state=5, n_jobs=1).fit(X, y), X, y


def test_prediction_is_the_circuit_bit_for_bit(classifier, regressor):
    model, X, names = classifier
    bits = simulate_rows(model.circuit_, model.encoding_.encode_bits(X))
    index = bits.astype(int) @ (1 << np.arange(bits.shape[1]))
    assert np.array_equal(model.predict(X), model.classes_[index])
    integers = model.fixed_point_.evaluate_codes(model.encoding_.encode(X))
    spelt = (integers >= 0).astype(int) @ (1 << np.arange(integers.shape[1]))
    own = integers.shape[1] < len(model.classes_)  # a simplified circuit's own network
    assert np.array_equal(index, spelt if own else integers.argmax(axis=1))
    assert model.score(X, names) > 0.9

    model, X, _ = regressor
    integers = model.fixed_point_.evaluate_codes(model.encoding_.encode(X))[:, 0]
    output = model.encoding_.output
    assert np.array_equal(model.predict(X), output.offset + output.scale * integers)


def test_attributes(classifier):
    model, X, _ = classifier
    assert model.circuit_ in [p.circuit for p in model.path_]
    assert model.certificate_.value >= 0 and model.certificate_.quantity
    sizes = [p.num_gates for p in model.path_]
    assert sizes == sorted(sizes)
    values = np.ldexp(model.encoding_.encode(X).astype(float), model.fixed_point_.input_exponent)
    assert model.network_.evaluate(values).shape == (150, model.fixed_point_.n_outputs)


def test_clone_and_pickle(classifier):
    model, X, _ = classifier
    assert np.array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))
    assert clone(model).get_params() == model.get_params()


def test_pipeline_and_grid_search():
    X, y = load_iris(return_X_y=True)
    keep = y < 2
    learner = ResNetClassifier(effort=QUICK, starts=("fringe",), random_state=0)
    model = make_pipeline(StandardScaler(), learner)
    search = GridSearchCV(model, {"resnetclassifier__max_gates": [500, 1000]}, cv=2)
    search.fit(X[keep], y[keep])
    assert search.best_score_ > 0.8
    assert search.best_estimator_[-1].circuit_.num_gates <= 1000


def test_same_seed_same_circuit(regressor):
    first, X, y = regressor
    assert clone(first).set_params(n_jobs=2).fit(X, y).circuit_ == first.circuit_


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"max_gates": -1}, "max_gates"),
        ({"effort": 0}, "effort"),
        ({"tolerance": -0.5}, "toler"),
        ({"starts": ("bush",)}, "starts"),
        ({"starts": ()}, "starts"),
    ],
)
def test_senseless_parameters(parameters, text):
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match=text):
        ResNetClassifier(**({"effort": QUICK} | parameters)).fit(X, y)
