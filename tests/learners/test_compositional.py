"""Compositional estimators: a known tree, the search for it, circuits, bad input."""

import numpy as np
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from tetrakis.errors import BudgetError, GraphError
from tetrakis.graphs import lift, residual, to_resnet, tree
from tetrakis.learners import CompositionalClassifier, CompositionalRegressor
from tetrakis.learners._shift import lift_values, values_as_relus

QUICK = {"units": 4, "restarts": 2, "max_iter": 100, "learning_rate": 0.05}


def rows(n=400, seed=0):
    """|x0 + x2| (x1 − x3): a tree whose first constituents are known."""
    X = np.random.default_rng(seed).uniform(-1, 1, (n, 4))
    return X, np.abs(X[:, 0] + X[:, 2]) * (X[:, 1] - X[:, 3])


@pytest.mark.usefixtures("quick_compilation")
@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks([CompositionalRegressor(**QUICK), CompositionalClassifier(**QUICK)])
def test_scikit_learn_conventions(estimator, check):
    check(estimator)


def test_constituents_of_a_known_tree():
    """The network finds x1 − x3 up to scale: its constituent doesn't depend on x1 + x3."""
    X, y = rows(800)
    model = CompositionalRegressor(((0, 2), (1, 3)), max_iter=1500, random_state=0).fit(X, y)
    assert model.score(*rows(500, 1)) > 0.98
    assert 1 - model.score(X, y) == pytest.approx(model.loss_, rel=1e-3)
    place = [v.name for v in model.graph_.vertices].index("g_1_v")
    assert model.graph_.parents("g_1_r") == ("x1", "x3")
    net = to_resnet(model.lift_, box=[[-2, 2]] * 4)
    names = [v.name for v in model.graph_.vertices]
    assert names[place] == "g_1_v"
    row = net.read_in.shape[1] + sum(
        n.endswith("_v") for n in model.graph_.order[: model.graph_.order.index("g_1_v")]
    )
    U = np.random.default_rng(2).uniform(-1.5, 1.5, (200, 4))
    z = net.read_in @ U.T
    z = z + net.blocks[0].write @ net.blocks[0].activate(z)
    value = z[row]
    assert abs(np.corrcoef(value, U[:, 1] - U[:, 3])[0, 1]) > 0.98


@pytest.mark.usefixtures("quick_compilation")
def test_search_finds_the_pairs():
    X, y = rows(250)
    model = CompositionalRegressor(
        "search", units=6, restarts=3, max_iter=300, search_iter=300, random_state=0
    ).fit(X, y)  # fmt: skip
    text = str(model.tree_).replace(" ", "")
    assert "(0,2)" in text or "(1,3)" in text


def test_classifier_and_circuit():
    X, y = rows(500)
    labels = np.where(y > 0, "up", "down")
    model = CompositionalClassifier(((0, 2), (1, 3)), max_iter=600, random_state=0).fit(X, labels)
    assert model.score(X, labels) > 0.95
    model.compress(X, labels, deltas=[2**-3], activation_bits=[5])
    assert np.mean(model.predict_circuit(X) == labels) == model.held_out_score_ > 0.9


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"tree": "oak"}, GraphError, "expected a tree, balanced or search"),
        ({"tree": ((0, 1), (2, 7))}, GraphError, "vertex 'x7': reads column 7"),
        ({"tree": ((0, 1), ())}, GraphError, "node 'g_1'"),
        ({"units": 0}, BudgetError, "units"),
        ({"restarts": 0}, BudgetError, "restarts"),
        ({"max_iter": 0}, BudgetError, "max_iter"),
    ],
)
def test_bad_options(options, error, said):
    with pytest.raises(error, match=said):
        CompositionalRegressor(**options).fit(*rows(20))


def test_values_as_relus_is_the_same_function():
    graph = tree((((0, 1), 2), (3, 4)))
    net = lift(graph, 4, None, np.random.default_rng(0))
    X = np.random.default_rng(1).normal(size=(300, 5))
    other = values_as_relus(net, X)
    assert {v.activation for v in other.graph.hidden} == {"relu"}
    before, after = (to_resnet(n, box=[[-9, 9]] * 5).evaluate(X) for n in (net, other))
    np.testing.assert_allclose(before, after, atol=1e-12)
    np.testing.assert_allclose(lift_values(net, X)["y"].T, before, atol=1e-12)
    stays = lift(residual(5, 2), 4, 2, np.random.default_rng(0))
    assert values_as_relus(stays, X) is stays
