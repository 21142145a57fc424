"""Normalised flows: known directions, what is conserved, outcomes, bad input."""

import numpy as np
import pytest

from tetrakis.dynamics import (
    kkt_residual,
    layers_of,
    network_of_layers,
    normalised_flow,
    random_layers,
)
from tetrakis.errors import BudgetError, DataError, NetworkError
from tetrakis.network import Block, ResNet, add, dense, from_layers

METHODS = ["plain", "weight_norm", "lagrange"]
FEW = 12  # rows of two columns in several tests, which then share a compiled flow


def separable(n=30, d=3, seed=0):
    rng = np.random.default_rng(seed)
    X, w = rng.normal(size=(n, d)), rng.normal(size=d)
    y = np.sign(X @ w)
    return X + 0.3 * y[:, None] * w / np.linalg.norm(w), y


@pytest.mark.parametrize(
    ("method", "loss"), [*((m, "exponential") for m in METHODS), ("plain", "logistic")]
)
def test_two_points_of_known_direction(method, loss):
    """The direction is that of the point nearest to the origin between y_1 x_1 and y_2 x_2."""
    X, y = np.array([[3.0, 1.0], [0.5, -1.5]]), np.array(["b", "a"])
    first, second = X[0], -X[1]
    gap = first - second
    share = np.clip(-(second @ gap) / (gap @ gap), 0, 1)
    direction = second + share * gap
    assert 0 < share < 1  # both are support vectors
    found = normalised_flow([[[0.2, 1.0]]], X, y, method=method, loss=loss, tol=2e-3)
    assert found.status == "converged"
    v = found.layers[0][0]
    assert v @ direction / np.linalg.norm(direction) > 0.9999
    assert found.margin == pytest.approx(np.linalg.norm(direction), rel=2e-3)
    assert found.margins[-1] == found.margin <= found.best_margin


def test_flows_agree_and_their_margins_rise():
    X, y = separable()
    start = random_layers([3, 1], np.random.default_rng(1))
    ends = [normalised_flow(start, X, y, method=m, tol=1e-2) for m in METHODS]
    for found in ends:
        assert found.status == "converged" and found.kkt <= 1e-2
        assert abs((found.layers[0] * ends[0].layers[0]).sum()) > 0.9999
        smooth = -found.log_loss / np.exp(found.log_rho)  # rises by at least H(p)/ρ² as ρ grows
        grows = np.diff(found.log_rho) > 0
        assert (np.diff(smooth)[grows] > -1e-4).all() and grows[-10:].all()
        assert (np.diff(found.log_loss) < 1e-9).all()
        np.testing.assert_allclose(found.network.evaluate(X)[:, 0] * y, found.row_margins)


@pytest.mark.parametrize("method", METHODS)
def test_differences_of_squared_norms_are_conserved(method):
    X, y = separable()
    start = [w * s for w, s in zip(random_layers([3, 4, 1], np.random.default_rng(7)), (2.0, 0.7),
                                   strict=True)]  # fmt: skip
    found = normalised_flow(start, X, y, method=method, tol=0.05, max_log_rho=3.0)
    difference = found.rhos[:, 0] ** 2 - found.rhos[:, 1] ** 2
    np.testing.assert_allclose(difference, difference[0], rtol=2e-3)
    assert found.imbalance[-1] == pytest.approx(abs(difference[0]), rel=2e-3)
    assert found.log_rho[-1] > found.log_rho[0] and found.alignment[-1] == pytest.approx(1.0)
    for layer in found.layers:
        assert np.linalg.norm(layer) == pytest.approx(1.0)


def test_plain_flow_is_gradient_descent():
    """Small steps of gradient descent end where the flow is when the norms are the same."""
    X, y = separable(FEW, 2)
    w = np.array([0.3, -0.2])
    found = normalised_flow([w[None]], X, y, tol=1e-9, max_log_rho=2.0)
    for _ in range(80_000):
        w = w + 1e-3 * (np.exp(-y * (X @ w)) * y) @ X / np.exp(-y * (X @ w)).sum()
        if np.linalg.norm(w) >= found.rho[0]:
            break
    assert found.layers[0][0] @ w / np.linalg.norm(w) == pytest.approx(1.0, abs=1e-5)


def test_outcomes():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(FEW, 2)), rng.integers(2, size=FEW)
    found = normalised_flow([[[1.0, 0.0]]], X, y)
    assert found.status == "not separated" and found.margin < 0
    assert "not separated; the best normalised margin is -" in found.message
    X, y = separable()
    early = normalised_flow([[[1.0, 1.0, 1.0]]], X, y, tol=1e-6, max_log_rho=2.0)
    assert early.status in ("stopped", "not separated")


def test_diffrax_takes_the_same_way():
    pytest.importorskip("diffrax", reason="diffrax is not installed")
    X, y = separable(FEW, 2)
    start = [[[0.2, 1.0]]]
    own = normalised_flow(start, X, y, tol=1e-2)
    other = normalised_flow(start, X, y, tol=1e-2, solver="diffrax")
    np.testing.assert_allclose(own.layers[0], other.layers[0], atol=2e-3)


def test_kkt_residual_is_zero_at_the_optimum():
    margins, gradients = np.array([1.0, 1.0, 3.0]), np.array([[0, 1.0], [0, -2.0], [5.0, 0]])
    assert kkt_residual(margins, gradients, 1) == pytest.approx(0.0, abs=1e-6)
    assert kkt_residual(margins[:1], gradients[:1], 1) == pytest.approx(1.0)
    assert kkt_residual(-margins, gradients, 1) == np.inf


def test_layers_and_back():
    layers = random_layers([3, 4, 5, 1], np.random.default_rng(0))
    network = network_of_layers(layers, [[-1, 1]] * 3)
    for a, b in zip(layers_of(network), layers, strict=True):
        np.testing.assert_allclose(a, b)
    (line,) = layers_of(network_of_layers([np.array([[1.0, -2.0]])], [[-1, 1]] * 2))
    assert line.tolist() == [[1.0, -2.0]]


def test_networks_that_are_not_homogeneous():
    X, y = separable()
    net = dense([3, 4, 1], box=[[-1, 1]] * 3, rng=np.random.default_rng(0))
    block = net.blocks[0]
    layers = random_layers([3, 4, 1], np.random.default_rng(0))
    bias = from_layers(layers, [np.ones(4), np.zeros(1)], box=net.box)
    cap = ResNet(net.read_in, (Block(block.read, block.bias, np.ones(4), block.write),),
                 net.read_out, net.offset, net.box)  # fmt: skip
    offset = ResNet(net.read_in, net.blocks, net.read_out, [1.0], net.box)
    skip = ResNet(net.read_in, net.blocks, net.read_out + np.array([[1.0, 0, 0, 0]]), [0], net.box)
    deep = dense([3, 4, 4, 1], box=net.box, rng=np.random.default_rng(0))
    for network, said in (
        (bias, "block 0 has a bias"), (cap, "capped"), (offset, "offset"), (skip, "no chain"),
        (add(net, deep), "no chain"),
    ):  # fmt: skip
        with pytest.raises(NetworkError, match=said):
            normalised_flow(network, X, y)


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"y": np.ones(30)}, DataError, "two classes, got 1"),
        ({"y": np.arange(30)}, DataError, "two classes, got 30"),
        ({"y": np.ones(3)}, DataError, r"y \(n,\)"),
        ({"X": np.full((30, 3), np.nan)}, DataError, "finite"),
        ({"network": []}, NetworkError, "one matrix"),
        ({"network": [np.ones((2, 3))]}, NetworkError, "one output"),
        ({"network": [np.ones((2, 3)), np.ones((1, 4))]}, NetworkError, "layer 1 reads 4"),
        ({"network": [np.zeros((1, 3))]}, NetworkError, "layer 0 is zero"),
        ({"method": "adam"}, BudgetError, "method"),
        ({"tol": 0}, BudgetError, "tol"),
    ],
)
def test_bad_input(change, error, said):
    X, y = separable()
    given = {"network": [[[1.0, 0, 0]]], "X": X, "y": y, **change}
    with pytest.raises(error, match=said):
        normalised_flow(**given)
