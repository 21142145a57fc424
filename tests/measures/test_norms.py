from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import oracles
from strategies import points, resnets
from tetrakis.measures import (
    backward_bounds,
    edge_importance,
    forward_bounds,
    interval_ranges,
    lipschitz_bound,
    lipschitz_per_input,
    path_norm,
    range_bounds,
    resnet_norm,
)
from tetrakis.network import Block, ResNet, dense

NEAR = 1 + 1e-9


@given(resnets())
def test_norms_are_sums_over_paths(net):
    paths = oracles.network_paths(net)
    assert path_norm(net) == sum(p for p, _, _ in paths)
    assert resnet_norm(net) == sum(p * count for p, count, _ in paths)


@given(resnets(caps=False))
def test_resnet_norm_is_a_derivative_of_the_path_norm(net):
    """R = Σ|w| ∂P/∂|w|: scale all parameters by t; P is a polynomial in t, R its slope at 1."""

    def scaled(t):
        blocks = tuple(Block(b.read * t, b.bias * t, b.cap, b.write * t) for b in net.blocks)
        return path_norm(dataclasses.replace(net, blocks=blocks, offset=net.offset * t))

    t = 2.0**-10
    slope = (scaled(1 + t) - scaled(1 - t)) / (2 * t)
    assert slope == pytest.approx(resnet_norm(net), rel=1e-4)


@given(resnets(skip=False))
def test_path_norm_bounds_the_resnet_norm_from_both_sides(net):
    assert path_norm(net) <= resnet_norm(net) <= 2 * len(net.blocks) * path_norm(net)


@given(resnets(caps=False), st.integers(-3, 3))
def test_rescaling_a_unit_changes_nothing(net, power):
    if not net.blocks or not net.blocks[0].width:
        return
    block, scale = net.blocks[0], np.ones(net.blocks[0].width)
    scale[-1] = 2.0**power
    moved = Block(
        block.read * scale[:, None], block.bias * scale, block.cap, block.write / scale[None, :]
    )
    other = dataclasses.replace(net, blocks=(moved, *net.blocks[1:]))
    X = points(net)
    assert (other.evaluate(X) == net.evaluate(X)).all()
    assert path_norm(other) == path_norm(net)
    assert resnet_norm(other) == resnet_norm(net)


@given(resnets())
def test_importance_adds_up_to_the_norm(net):
    importance = edge_importance(net)
    total = importance.offset.sum() + sum(
        b.read.sum() + b.bias.sum() + b.write.sum() for b in importance.blocks
    )
    assert total == resnet_norm(net)
    for block, scores in zip(net.blocks, importance.blocks, strict=True):
        assert (scores.read.indices == block.read.indices).all()
        assert (scores.write.indptr == block.write.indptr).all()


@given(resnets())
def test_tighter_versions_stay_below_the_path_version(net):
    path, back = forward_bounds(net), backward_bounds(net)
    tight, tight_back = range_bounds(net)
    for a, b in zip(tight.units + tight.stream, path.units + path.stream, strict=True):
        assert (a <= b).all()
    for a, b in zip(tight_back.units, back.units, strict=True):
        assert (a <= b).all()
    assert resnet_norm(net, forward=tight, backward=tight_back) <= resnet_norm(net)
    assert lipschitz_bound(net) <= backward_bounds(net, outputs="each").inputs.sum(0).max() * NEAR
    for ranges, bound in zip(interval_ranges(net).stream, path.stream, strict=True):
        assert (np.abs(ranges).max(axis=1, initial=0) <= bound * NEAR).all()


@given(resnets())
def test_outputs_sum_max_and_each_agree(net):
    each = backward_bounds(net, outputs="each")
    assert (backward_bounds(net).inputs == each.inputs.sum(axis=1)).all()
    assert (backward_bounds(net, outputs="max").inputs == each.inputs.max(axis=1)).all()
    peak, total = (edge_importance(net, outputs=o) for o in ("max", "sum"))
    for a, b in zip(peak.blocks, total.blocks, strict=True):
        assert (a.read.data <= b.read.data).all() and (a.bias <= b.bias).all()


@given(resnets())
def test_ranges_hold(net):
    X, ranges = points(net), interval_ranges(net)
    y = net.evaluate(X)
    assert ((ranges.outputs[:, 0] <= y) & (y <= ranges.outputs[:, 1])).all()
    for units, range_, bound in zip(
        net.activations(X), ranges.units, forward_bounds(net).units, strict=True
    ):
        assert ((range_[:, 0] <= units) & (units <= range_[:, 1])).all()
        assert (units <= bound).all()


def test_ranges_hold_for_numbers_that_round():
    rng = np.random.default_rng(0)
    net = dense([6, 20, 20, 3], box=np.tile([-np.pi, np.e], (6, 1)), rng=rng)
    X = net.box[:, 0] + rng.random((2000, 6)) * (net.box[:, 1] - net.box[:, 0])
    y, (lo, hi) = net.evaluate(X), interval_ranges(net).outputs.T
    assert ((lo <= y) & (y <= hi)).all()
    point = ResNet(net.read_in, net.blocks, net.read_out, net.offset, np.stack([X[0]] * 2, 1))
    lo, hi = interval_ranges(point).outputs.T
    assert ((lo <= y[0]) & (y[0] <= hi) & (hi - lo < 1e-9)).all()


@given(resnets())
def test_lipschitz_bounds_hold(net):
    X = points(net)
    Y = net.evaluate(X)
    distance = np.abs(X[:, None] - X[None]).max(axis=2)
    change = np.abs(Y[:, None] - Y[None]).max(axis=2)
    assert (change <= lipschitz_bound(net) * distance).all()
    for i, bound in enumerate(lipschitz_per_input(net)):
        moved = X.copy()
        moved[:, i] = X[::-1, i]
        change = np.abs(net.evaluate(moved) - Y).max(axis=1)
        assert (change <= bound * np.abs(moved[:, i] - X[:, i])).all()


def test_norms_can_be_traced_and_differentiated():
    net = dense([3, 4, 5, 2], box=[[-1.0, 1.0]] * 3, rng=np.random.default_rng(0))
    arrays = [
        {k: jnp.asarray(v.toarray() if hasattr(v, "toarray") else v) for k, v in parts.items()}
        for parts in (
            {"read_in": net.read_in, "read_out": net.read_out, "offset": net.offset,
             "box": net.box},
            *({"read": b.read, "bias": b.bias, "write": b.write} for b in net.blocks),
        )
    ]  # fmt: skip

    class View:
        def __init__(self, values):
            self.__dict__.update(values)

    def norm(rest, blocks):
        return resnet_norm(View({**rest, "blocks": [View(b) for b in blocks]}))

    value, slopes = jax.jit(jax.value_and_grad(norm, argnums=1))(arrays[0], arrays[1:])
    assert float(value) == pytest.approx(resnet_norm(net), rel=1e-5)
    assert all(np.isfinite(s).all() for block in slopes for s in block.values())
