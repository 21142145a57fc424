"""Certificates of optimality: valid for any network, failed by tampering, bounds above samples."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tetrakis.convex import certify, holds, network_of, solve_relu
from tetrakis.convex._bound import upper_bound
from tetrakis.convex._climb import values_at
from tetrakis.convex._relaxation import Relaxation
from tetrakis.convex._relaxed_dual import relaxed_dual_point
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
    with pytest.raises(NetworkError, match="one hidden layer for a 'global'"):
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


@pytest.mark.parametrize("leaves", [(), (3,)])
def test_a_dual_point_chosen_for_the_bound_proves_more(leaves):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((40, 10))
    y = np.maximum(X[:, 0], 0) - np.maximum(X[:, 1] + X[:, 2], 0)
    found = solve_relu(X, y, 0.05, tol=1e-4)
    values = []
    for nu in (found.nu[:, 0], relaxed_dual_point(X, y, found.nu[:, 0], 0.05, leaves=leaves)):
        bound, attained, _ = upper_bound(X, nu[:, None], max_nodes=100)
        assert bound >= attained
        scales = np.linspace(0.2, 1.0, 500) * 0.05 / bound
        values.append(max(s * nu @ y - 20 * s * s * nu @ nu for s in scales))
    assert values[0] < values[1] <= found.primal


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_the_relaxation_is_a_bound_with_right_slopes(seed):
    rng = np.random.default_rng(seed)
    n, d = 12, 4
    X, w = rng.standard_normal((n, d)), rng.standard_normal(n)
    fixed = np.where(w > 0, rng.choice([-1.0, 0.0, 0.0, 1.0], n), 0.0)
    form = Relaxation(X, w > 0, fixed)
    low, high = form.limits(np.full(n, 0.5))
    z = np.clip(rng.random(2 * n), np.maximum(low, 0.05), np.minimum(high, 2.0))
    value = form.evaluate(w, z)[0]
    U = rng.standard_normal((4000, d))
    U /= np.linalg.norm(U, axis=1, keepdims=True)
    inside = ((U @ X.T) * fixed >= 0).all(axis=1)
    assert (np.maximum(U[inside] @ X.T, 0.0) @ w).max(initial=-np.inf) <= value + 1e-9
    _, slope, own, _ = form.evaluate(w, z, 0.1)
    for k in rng.choice(2 * n, 4):
        step = np.zeros(2 * n)
        step[k] = 1e-6
        change = form.evaluate(w, z + step, 0.1)[0] - form.evaluate(w, z - step, 0.1)[0]
        assert change / 2e-6 == pytest.approx(slope[k], rel=1e-4, abs=1e-5)
        step = np.zeros(n)
        step[k % n] = 1e-6 * abs(w[k % n])
        change = form.evaluate(w + step, z, 0.1)[0] - form.evaluate(w - step, z, 0.1)[0]
        assert change / 2 / step.sum() == pytest.approx(own[k % n], rel=1e-4, abs=1e-5)
