"""Gathered sums and their gradients against dense products; training."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tetrakis.errors import BudgetError
from tetrakis.graphs import lift, mlp, residual, to_resnet, tree
from tetrakis.lifts import Training, train_lifts
from tetrakis.lifts._model import outputs, stacked
from tetrakis.lifts._rows import Rows, sum_rows
from tetrakis.lifts._sparse import gather_sum, index_of


@pytest.mark.parametrize(
    ("lifts", "n_target", "n_source", "k"),
    [(1, 1, 1, 1), (2, 7, 12, 3), (3, 30, 5, 2), (1, 4, 9, 19)],
)
def test_gathering_is_a_product_with_a_sparse_matrix(lifts, n_target, n_source, k):
    rng = np.random.default_rng(n_target)
    parents = rng.integers(n_source, size=(lifts, n_target, k)).astype(np.int32)  # may repeat
    weights = rng.normal(size=(lifts, n_target, k)).astype(np.float32)
    sources = rng.normal(size=(lifts, n_source, 5)).astype(np.float32)
    slope = rng.normal(size=(lifts, n_target, 5)).astype(np.float32)
    index = jax.tree.map(jnp.asarray, index_of(parents, n_source))
    found, back = jax.vjp(lambda w, a: jax.vmap(gather_sum)(w, a, index), weights, sources)
    own, down = back(jnp.asarray(slope))
    for t in range(lifts):
        dense = np.zeros((n_target, n_source))
        np.add.at(dense, (np.arange(n_target)[:, None], parents[t]), weights[t])
        np.testing.assert_allclose(found[t], dense @ sources[t], atol=1e-4)
        np.testing.assert_allclose(down[t], dense.T @ slope[t], atol=1e-4)
        expected = (slope[t] @ sources[t].T)[np.arange(n_target)[:, None], parents[t]]
        np.testing.assert_allclose(own[t], expected, atol=1e-4)


def test_compiled_loops_are_the_same_sum():
    rng = np.random.default_rng(0)
    parents = rng.integers(12, size=(30, 3)).astype(np.int32)
    weights, sources = rng.normal(size=(30, 3)), rng.normal(size=(12, 5))
    slope = rng.normal(size=(30, 5)).astype(np.float32)
    given = jnp.asarray(weights, jnp.float32), jnp.asarray(sources, jnp.float32)
    index = jax.tree.map(lambda v: jnp.asarray(v[0]), index_of(parents[None], 12))
    first, back = jax.vjp(lambda w, a: gather_sum(w, a, index), *given)
    second, again = jax.vjp(lambda w, a: sum_rows(w, a, Rows(jnp.asarray(parents))), *given)
    np.testing.assert_allclose(first, second, atol=1e-5)
    for a, b in zip(back(jnp.asarray(slope)), again(jnp.asarray(slope)), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_large_lifts_train():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(32, 3))
    net = lift(mlp(3, 2), 13_000, 4, rng)
    assert net.n_edges > 100_000 and isinstance(stacked([net])[1][1], Rows)
    found = train_lifts([net], X, np.abs(X[:, :1]), Training(steps=50, learning_rate=1e-4))[0]
    assert found.loss < 0.5 * found.losses[0]


def test_many_sources_are_cut_finely():
    rng = np.random.default_rng(0)
    parents = rng.integers(5000, size=(1, 20_000, 3)).astype(np.int32)
    index = index_of(parents, 5000)
    stored = sum(c.size for c in index.children)
    assert stored < 1.2 * parents.size  # little padding
    assert sorted(index.place[0].tolist()) == list(range(5000))


@pytest.mark.parametrize("graph", [mlp(3, 2), residual(3, 2), tree(((0, 1), 2))])
def test_model_is_the_network(graph):
    rng = np.random.default_rng(0)
    nets = [lift(graph, 6, 3, rng) for _ in range(2)]
    X = rng.normal(size=(9, 3))
    params, index = stacked(nets)
    for k, net in enumerate(nets):
        own = jax.tree.map(lambda v, k=k: jnp.asarray(v[k]), (params, index))
        found = np.asarray(outputs(graph, *own, jnp.asarray(X.T, jnp.float32))).T
        expected = to_resnet(net, box=[[-9, 9]] * 3).evaluate(X)
        np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("solver", ["adam", "flow"])
def test_training_lowers_the_loss_and_stops_at_the_target(solver):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 2))
    y = np.abs(X[:, :1]) - 0.5 * X[:, 1:]
    nets = [lift(mlp(2, 2), 12, 3, np.random.default_rng(s)) for s in range(3)]
    rate = 0.02 if solver == "adam" else 0.05
    plan = Training(solver=solver, steps=1500, learning_rate=rate, target_loss=0.03)
    found = train_lifts(nets, X, y, plan)
    assert all(f.losses[0] > 0.3 for f in found)
    assert any(f.loss <= 0.03 and f.n_steps < 1500 for f in found)
    for f in found:
        network = to_resnet(f.lift, box=[[-9, 9]] * 2)
        assert np.mean((network.evaluate(X) - y) ** 2) == pytest.approx(f.loss, rel=1e-3)
    # one alone is trained as it is among others
    alone = train_lifts(nets[:1], X, y, plan)[0]
    assert alone.n_steps == found[0].n_steps
    assert alone.loss == pytest.approx(found[0].loss, rel=0.05)


def test_flow_follows_gradient_flow_and_its_loss_never_rises():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(60, 2))
    y = np.maximum(X[:, :1], 0)
    net = lift(mlp(2, 1), 8, None, rng)
    plan = Training(solver="flow", steps=300, learning_rate=0.5)
    losses = train_lifts([net], X, y, plan)[0].losses
    assert (np.diff(losses) <= 1e-6).all() and losses[-1] < 0.5 * losses[0]
    fine = Training(solver="flow", steps=300, learning_rate=0.5, flow_error=1e-4)
    # a finer one is nowhere far from the path: it only needs more steps
    assert train_lifts([net], X, y, fine)[0].loss < losses[0]


@pytest.mark.parametrize(("loss", "classes"), [("logistic", 2), ("softmax", 3)])
def test_classes(loss, classes):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 2))
    y = np.digitize(X[:, 0] + X[:, 1], [0.0, 0.9][: classes - 1])
    graph = mlp(2, 1, n_outputs=1 if classes == 2 else classes)
    net = lift(graph, 10, None, rng)
    plan = Training(loss=loss, steps=300, learning_rate=0.05)
    assert train_lifts([net], X, y, plan)[0].loss < 0.15


@pytest.mark.parametrize(
    "options",
    [{"loss": "hinge"}, {"solver": "sgd"}, {"steps": 0}, {"learning_rate": -1.0},
     {"target_loss": 0.0}, {"flow_error": np.nan}],
)  # fmt: skip
def test_bad_options(options):
    with pytest.raises(BudgetError, match=next(iter(options))):
        Training(**options)
