"""Certificates of optimality: valid for any network, failed by tampering, bounds above samples."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tetrakis.convex import certify, holds, network_of, solve_relu
from tetrakis.convex._bound import upper_bound
from tetrakis.convex._climb import values_at
from tetrakis.convex._sphere import sphere_maximum
from tetrakis.errors import BudgetError, NetworkError
from tetrakis.network import dense, from_layers, parallel_units


def problem(n=40, d=1):
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (n, d))
    return X, np.sin(4 * X[:, :1]), np.array([[-1.0, 1.0]] * d)


def solved(alpha=0.002):
    X, Y, box = problem()
    found = solve_relu(np.c_[X, np.ones(len(X))], Y, alpha, tol=1e-9, exact=True)
    return X, Y, box, found, network_of(found.V, found.A, box=box, intercept=True)


def test_optimum_is_confirmed_and_a_tampered_network_fails():
    X, Y, box, found, network = solved()
    proof = certify(network, X, Y, 0.002)
    assert proof.value <= 1e-8 * found.primal and proof.scope == "global"
    assert holds(proof, network, X, Y, 0.002)
    for factor in (1.001, 0.999, -1.0):
        V = found.V.copy()
        V[0] *= factor
        other = network_of(V, found.A, box=box, intercept=True)
        assert not holds(proof, other, X, Y, 0.002)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_no_network_beats_the_lower_bound(seed):
    """Lower bounds from poor networks stay below the objective of the best one."""
    X, Y, box, found, _ = solved()
    rng = np.random.default_rng(seed)
    other = parallel_units(
        rng.standard_normal((3, 1)), rng.standard_normal(3), 0.3 * rng.standard_normal((1, 3)),
        [0.0], box=box,
    )  # fmt: skip
    proof = certify(other, X, Y, 0.002)
    assert -proof.terms["minus the lower bound"] <= found.primal
    assert proof.value >= proof.terms["objective, rounded up"] - found.primal - 1e-12


def test_several_outputs_and_many_inputs():
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((12, 4)), rng.standard_normal((12, 2))
    found = solve_relu(X, Y, 0.05, tol=1e-5)
    network = network_of(found.V, found.A, box=[[-4, 4]] * 4)
    whole = certify(network, X, Y, 0.05, max_nodes=2000)
    local = certify(network, X, Y, 0.05, scope="heuristic")
    assert whole.value >= local.value >= 0
    assert "branch and bound" in whole.method and "local search" in local.method


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 10), st.integers(1, 3000))
def test_branch_and_bound_is_above(seed, n, d, nodes):
    rng = np.random.default_rng(seed)
    X, nu = rng.standard_normal((n, d)), rng.standard_normal((n, 1))
    bound, attained, _ = upper_bound(X, nu, max_nodes=nodes)
    U = rng.standard_normal((2000, d))
    U /= np.linalg.norm(U, axis=1, keepdims=True)
    assert max(values_at(X, nu, U).max(), attained) <= bound


def test_branch_and_bound_reaches_the_enumerated_maximum():
    rng = np.random.default_rng(0)
    X, nu = rng.standard_normal((20, 3)), rng.standard_normal((20, 1))
    bound, _, _ = upper_bound(X, nu, max_nodes=20_000)
    assert bound == pytest.approx(sphere_maximum(X, nu)[1], rel=1e-6)


def test_networks_that_are_not_of_the_program():
    X, Y, box, _, network = solved()
    deep = dense([1, 2, 2, 1], box=box, rng=np.random.default_rng(0))
    with pytest.raises(BudgetError, match="three layers have no 'global'"):
        certify(deep, X, Y, 0.1)
    deeper = dense([1, 2, 2, 2, 1], box=box, rng=np.random.default_rng(0))
    with pytest.raises(NetworkError, match="one or two hidden layers, got 3"):
        certify(deeper, X, Y, 0.1, scope="heuristic")
    with pytest.raises(NetworkError, match="offset"):
        certify(from_layers([[[1.0]], [[1.0]]], [[0], [1.0]], box=box), X, Y, 0.1)
    with pytest.raises(NetworkError, match="biases"):
        certify(network, X, Y, 0.1, intercept=False)
    with pytest.raises(NetworkError, match="outputs"):
        certify(network, X, np.c_[Y, Y], 0.1)
    with pytest.raises(BudgetError, match="alpha"):
        certify(network, X, Y, 0.0)
    with pytest.raises(BudgetError, match="scope"):
        certify(network, X, Y, 0.1, scope="sampled")
