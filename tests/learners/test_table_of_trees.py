"""Fitted scikit-learn trees against their table networks, on every code."""

import numpy as np
import pytest
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from tetrakis.errors import DataError
from tetrakis.learners import table_network
from tetrakis.network import FixedPointFormat

FORMATS = [FixedPointFormat(4, -2), FixedPointFormat(3, 1, signed=True), FixedPointFormat(2, 0)]
AXES = np.meshgrid(np.arange(16), np.arange(-4, 4), np.arange(4), indexing="ij")
CODES = np.stack([axis.ravel() for axis in AXES], axis=1)
X = np.ldexp(CODES.astype(float), [-2, 1, 0])
Y = np.sin(X[:, 0]) * X[:, 1] + X[:, 2] + np.random.default_rng(0).normal(size=len(X))
CLASSES = np.digitize(Y, [-1.0, 2.0])


@pytest.mark.parametrize(
    "model",
    [
        DecisionTreeRegressor(max_depth=5, random_state=0),
        GradientBoostingRegressor(n_estimators=8, random_state=0),
        HistGradientBoostingRegressor(max_iter=8, min_samples_leaf=3),
    ],
)
def test_regression(model):
    net, certificate = table_network(model.fit(X, Y), FORMATS, leaf_bits=6)
    error = np.abs(net.evaluate(CODES)[:, 0] - model.predict(X)).max()
    assert 0 < error <= certificate.value < 1
    exact, small = table_network(model, FORMATS, leaf_bits=40)
    assert np.abs(exact.evaluate(CODES)[:, 0] - model.predict(X)).max() <= small.value + 1e-12


@pytest.mark.parametrize("labels", [CLASSES, CLASSES > 0])
@pytest.mark.parametrize(
    "model",
    [
        GradientBoostingClassifier(n_estimators=5, random_state=0),
        HistGradientBoostingClassifier(max_iter=5, min_samples_leaf=3),
    ],
)
def test_raw_scores(model, labels):
    net, certificate = table_network(model.fit(X, labels), FORMATS)
    raw = model.decision_function(X).reshape(len(X), -1)
    assert np.abs(net.evaluate(CODES) - raw).max() <= certificate.value + 1e-12


def test_a_classification_tree_is_exact():
    model = DecisionTreeClassifier(random_state=0).fit(X, CLASSES)
    net, certificate = table_network(model, FORMATS)
    assert certificate.value == 0
    assert np.array_equal(net.evaluate_codes(CODES).argmax(axis=1), model.predict(X))


def test_refusals():
    tree = DecisionTreeRegressor()
    with pytest.raises(DataError, match="isn't fitted"):
        table_network(tree, FORMATS)
    with pytest.raises(DataError, match="can't be turned into tables"):
        table_network(RandomForestClassifier(2).fit(X, CLASSES), FORMATS)
    with pytest.raises(DataError, match="expected 3 formats"):
        table_network(tree.fit(X, Y), FORMATS[:2])
    with pytest.raises(DataError, match="one target"):
        table_network(DecisionTreeRegressor().fit(X, np.stack([Y, Y], axis=1)), FORMATS)
