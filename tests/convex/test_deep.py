"""Three layers: the program, its network, its certificate, and what it must not be worse than."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tetrakis.convex import (
    ConvexReLUClassifier,
    ConvexReLURegressor,
    certify,
    deep_network_of,
    holds,
    solve_deep,
    solve_relu,
)
from tetrakis.convex._deep_search import ascend_units, unit_outputs, unit_starts
from tetrakis.convex._deep_units import Units, descend, polish
from tetrakis.convex._losses import LOSSES
from tetrakis.errors import NetworkError
from tetrakis.network import from_layers


def bumps(n=40):
    x = np.linspace(-1, 1, n)
    return np.c_[x, np.ones(n)], np.abs(np.abs(x) - 0.5)[:, None]


def drawn(seed, K=3, m=4, d=2, c=2):
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((K, c))
    return (
        rng.standard_normal((K, m, d)),
        rng.choice([-1.0, 1.0], (K, m)),
        A / np.linalg.norm(A, axis=1, keepdims=True),
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_the_network_is_the_program_and_path_norms_are_group_norms(seed, intercept):
    V, signs, A = drawn(seed, d=3)
    V[0, 1] = 0.0  # a neuron that isn't there
    X = np.random.default_rng(seed + 1).standard_normal((30, 3 - intercept))
    rows = np.c_[X, np.ones(30)] if intercept else X
    net = deep_network_of(V, signs, A, box=[[-9, 9]] * X.shape[1], intercept=intercept)
    F = np.zeros((30, 2))
    for v, s, a in zip(V, signs, A, strict=True):  # by the definition
        F += np.outer(np.maximum(np.maximum(rows @ v.T, 0) @ s, 0), a)
    np.testing.assert_allclose(net.evaluate(X), F, rtol=0, atol=1e-10)
    np.testing.assert_allclose(Units(V, signs, A).predict(rows), F, rtol=0, atol=1e-10)
    one, two = net.blocks
    W1 = np.c_[one.read.toarray()[:, : X.shape[1]], one.bias]
    W2 = (two.read @ one.write).toarray()
    W3 = (net.read_out @ two.write).toarray()
    paths = np.sqrt((W2**2) @ (W1**2).sum(axis=1)) * np.linalg.norm(W3, axis=0)
    np.testing.assert_allclose(paths, np.linalg.norm(V.reshape(3, -1), axis=1), rtol=1e-12)


@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_optimum_is_below_two_layers_and_confirmed(loss):
    X, Y = bumps()
    Y = Y if loss == "squared" else np.sign(Y - 0.25)
    found = solve_deep(X, Y, 2e-3, width=4, loss=loss, tol=1e-2)
    assert found.converged
    assert found.gap <= 1e-2
    flat = solve_relu(X, Y, 2e-3, loss=loss, tol=1e-6)
    assert found.primal < flat.primal
    net = deep_network_of(found.V, found.signs, found.A, box=[[-1, 1]], intercept=True)
    proof = certify(net, X[:, :1], Y, 2e-3, loss=loss, scope="heuristic")
    assert proof.scope == "heuristic"
    assert proof.terms["objective"] == pytest.approx(found.primal, rel=1e-9)
    assert proof.value <= 3e-2 * found.primal
    assert holds(proof, net, X[:, :1], Y, 2e-3, loss=loss)
    worse = deep_network_of(1.01 * found.V, found.signs, found.A, box=[[-1, 1]], intercept=True)
    assert not holds(proof, worse, X[:, :1], Y, 2e-3, loss=loss)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6))
def test_no_step_raises_the_objective(seed):
    X, Y = bumps(25)
    V, signs, A = drawn(seed, K=2, m=3, c=1)
    units, loss = Units(0.3 * V, signs, A), LOSSES["squared"]
    values = [units.objective(X, Y, loss, 1e-2)]
    for step in (lambda u: descend(X, Y, loss, 1e-2, u, max_iter=30),
                 lambda u: polish(X, Y, loss, 1e-2, u, gap=1e-6)):  # fmt: skip
        units = step(units)
        values.append(units.objective(X, Y, loss, 1e-2))
    assert values[0] >= values[1] >= values[2]


def test_polishing_inside_cells_finds_the_least_objective_of_its_patterns():
    X, Y = bumps(20)
    V, signs, A = drawn(3, K=2, m=2, c=1)
    units, loss = Units(0.3 * V, signs, A), LOSSES["squared"]
    best = polish(X, Y, loss, 1e-2, units, gap=1e-9)
    value = best.objective(X, Y, loss, 1e-2)

    def patterns(u):
        first = np.einsum("kmd,nd->kmn", u.V, X)
        return first > 1e-7, unit_outputs(X, u.V, u.signs) > 1e-7

    old = patterns(units)
    for found, own in zip(patterns(best), old, strict=True):
        assert not (found & ~own).any()  # it stays in the closed cells
    rng = np.random.default_rng(0)
    for _ in range(300):  # no neighbour with the same patterns is better
        near = Units(best.V + 1e-3 * rng.standard_normal(V.shape), signs, A)
        if all((a == b).all() for a, b in zip(patterns(near), old, strict=True)):
            assert near.objective(X, Y, loss, 1e-2) >= value - 1e-9


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6))
def test_climbing_never_descends(seed):
    X, Y = bumps()
    rng = np.random.default_rng(seed)
    V, signs = unit_starts(X, 6, 3, rng)
    nu = rng.standard_normal(Y.shape)
    before = np.linalg.norm(unit_outputs(X, V, signs) @ nu, axis=1)
    W, after = ascend_units(X, nu, V, signs, steps=20)
    assert (after >= before - 1e-12).all()
    np.testing.assert_allclose(np.linalg.norm(unit_outputs(X, W, signs) @ nu, axis=1), after)
    np.testing.assert_allclose(np.linalg.norm(W.reshape(6, -1), axis=1), 1.0)


def test_estimators():
    X, Y = bumps()
    model = ConvexReLURegressor(2e-3, depth=3, width=4, tol=2e-2).fit(X[:, :1], Y[:, 0])
    assert model.certificate_.scope == "heuristic"
    assert len(model.network_.blocks) == 2
    assert model.network_.blocks[1].width == model.n_neurons_
    assert model.score(X[:, :1], Y[:, 0]) > 0.9
    labels = np.digitize(Y[:, 0], [0.15, 0.35])
    model = ConvexReLUClassifier(3e-3, depth=3, width=3, tol=0.05).fit(X[:, :1], labels)
    assert model.score(X[:, :1], labels) > 0.8
    with pytest.warns(UserWarning, match="zero network"):
        ConvexReLURegressor(1e3, depth=3).fit(X[:, :1], Y[:, 0])


def test_what_has_no_certificate_is_refused():
    X, Y = bumps()
    net = from_layers([[[1.0]], [[1.0]], [[1.0]]], [[0], [0], [0]], box=[[-1, 1]])
    with pytest.raises(NetworkError, match="one hidden layer for a 'global' certificate"):
        certify(net, X[:, :1], Y, 0.1)
    net = from_layers([[[1.0]], [[1.0]], [[1.0]]], [[0], [0.5], [0]], box=[[-1, 1]])
    with pytest.raises(NetworkError, match="biases in the second layer"):
        certify(net, X[:, :1], Y, 0.1, scope="heuristic")
