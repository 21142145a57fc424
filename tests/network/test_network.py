from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given

import oracles
from strategies import all_codes, fixed_point_resnets, points, resnets
from tetrakis.errors import NetworkError
from tetrakis.network import (
    Block,
    FixedPointBlock,
    FixedPointFormat,
    FixedPointResNet,
    ResNet,
    add,
    compose,
    dense,
    from_layers,
    parallel_units,
)

RNG = np.random.default_rng(0)
BOX = [[-1.0, 1.0]] * 3


@given(resnets())
def test_evaluate_is_the_definition(net):
    X = points(net, 5)
    assert net.evaluate(X).tolist() == [oracles.evaluate(net, x) for x in X]


@given(fixed_point_resnets())
def test_evaluate_codes_is_the_definition(fixed):
    codes = all_codes(fixed)[::17]
    expected = [oracles.evaluate_codes(fixed, c) for c in codes]
    assert fixed.evaluate_codes(codes).tolist() == expected
    assert (fixed.evaluate(codes) == np.ldexp(1.0, fixed.output_exponent) * expected).all()


@given(fixed_point_resnets())
def test_float_twin_is_exact_where_nothing_is_shifted_out(fixed):
    blocks = tuple(dataclasses.replace(b, shift=np.zeros(b.width, int)) for b in fixed.blocks)
    exact = FixedPointResNet(
        fixed.inputs, fixed.read_in, blocks, fixed.read_out, fixed.offset,
        fixed.stream_exponent, fixed.output_exponent,
    )  # fmt: skip
    codes = all_codes(exact)
    values = np.ldexp(codes.astype(float), exact.input_exponent)
    assert (exact.to_resnet().evaluate(values) == exact.evaluate(codes)).all()


@given(fixed_point_resnets())
def test_integer_ranges_hold_everywhere(fixed):
    codes = all_codes(fixed)
    y, (lo, hi) = fixed.evaluate_codes(codes), fixed.ranges.outputs.T
    assert ((lo <= y) & (y <= hi)).all()
    for units, ranges in zip(fixed.activations(codes), fixed.ranges.units, strict=True):
        assert ((ranges[:, 0] <= units) & (units <= ranges[:, 1])).all()


def test_integer_ranges_are_attained_by_one_sum():
    fixed = FixedPointResNet(
        (FixedPointFormat(4, 0, signed=True), FixedPointFormat(3, 0)), [[3, -5]], (), [[2]], [7],
        0, 0,
    )  # fmt: skip
    y = fixed.evaluate_codes(all_codes(fixed))
    assert fixed.ranges.outputs.tolist() == [[y.min(), y.max()]]


def test_one_bit_unit_is_the_ramp_on_integers():
    unit = FixedPointBlock([[1, 0]], [-2], 0, 1, [[0], [1]], 0)
    fixed = FixedPointResNet((FixedPointFormat(3, 0),), [[1], [0]], (unit,), [[0, 1]], [0], 0, 0)
    codes = np.arange(8)[:, None]
    assert fixed.evaluate_codes(codes).ravel().tolist() == np.clip(codes - 2, 0, 1).ravel().tolist()


def test_overflow_is_refused():
    def net(blocks):
        return FixedPointResNet((FixedPointFormat(50, 0),), [[1]], blocks, [[1]], [0], 0, 0)

    unit = FixedPointBlock([[1]], [0], 0, 62, [[2**11]], 0)
    assert net((unit,)).ranges.outputs[0, 1] == (2**50 - 1) * (2**11 + 1)
    with pytest.raises(NetworkError, match=r"block 1.*2\*\*62"):
        net((unit, unit))
    with pytest.raises(NetworkError, match=r"2\*\*62"):  # one interval end only would fit
        net((FixedPointBlock([[2**13]], [0], 0, 62, [[0]], 0),))


def test_arrays_are_copies_that_cannot_be_written():
    bias = np.zeros(2)
    block = Block(np.ones((2, 1)), bias, np.inf, np.ones((1, 2)))
    bias[0] = 9
    assert block.bias.tolist() == [0, 0]
    for array in (block.bias, block.cap, block.read.data, block.read.indices, block.write.indptr):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        block.bias = bias
    assert Block(block.read, bias, np.inf, block.write).read is block.read


def test_matrices_are_canonical():
    block = Block([[0.0, -0.0, 2.0]], [-0.0], np.inf, np.zeros((3, 1)))
    assert block.read.nnz == 1 and block.write.nnz == 0
    assert not np.signbit(block.bias).any()


def _net(**change):
    values = {
        "read_in": np.eye(2), "blocks": (), "read_out": np.eye(2), "offset": [0.0, 0.0],
        "box": [[0.0, 1.0]] * 2,
    }  # fmt: skip
    return ResNet(**{**values, **change})


def _fixed(**change):
    values = {
        "inputs": (FixedPointFormat(3, 0),), "read_in": [[1]], "blocks": (), "read_out": [[1]],
        "offset": [0], "stream_exponent": 0, "output_exponent": 0,
    }  # fmt: skip
    return FixedPointResNet(**{**values, **change})


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: _net(read_out=np.eye(3)), "read_out: expected 2 columns, got 3"),
        (lambda: _net(offset=[0.0]), r"offset: expected shape \(2,\), got \(1,\)"),
        (lambda: _net(offset=[np.nan, 0.0]), "offset: expected finite"),
        (lambda: _net(read_in=[[np.inf, 0], [0, 1]]), "read_in: expected finite"),
        (lambda: _net(read_in=[1.0, 2.0]), "read_in: expected a matrix"),
        (lambda: _net(offset=["a", "b"]), "offset: expected numbers"),
        (lambda: _net(box=[[1.0, 0.0]] * 2), "box"),
        (lambda: _net(blocks=(Block([[1.0]], [0.0], np.inf, [[1.0]]),)), "block 0.*stream of 2"),
        (lambda: Block([[1.0]], [0.0], [-1.0], [[1.0]]), "cap"),
        (lambda: Block([[1.0]], [0.0], np.nan, [[1.0]]), "cap"),
        (lambda: _net().evaluate(np.zeros(2)), r"expected shape \(n, 2\)"),
        (lambda: _fixed(offset=[0.5]), "offset: expected integers"),
        (lambda: _fixed(offset=[np.inf]), "offset: expected integers"),
        (lambda: _fixed(read_out=[[2**54]]), "read_out"),
        (lambda: _fixed(stream_exponent=300), "stream_exponent"),
        (lambda: _fixed().evaluate_codes([[8]]), r"codes in 0\.\.7, got 8"),
        (lambda: _fixed().evaluate_codes([[0.5]]), "integer codes"),
        (lambda: FixedPointFormat(0, 0), "bits"),
        (lambda: FixedPointFormat(3, 1000), "exponent"),
        (lambda: FixedPointBlock([[1]], [0], 63, 1, [[1]], 0), "shift"),
        (lambda: FixedPointBlock([[1]], [0], 0, 63, [[1]], 0), "bits"),
        (lambda: from_layers([np.eye(1)], [[0]], box=[[0, 1]]), "two or more"),
        (lambda: add(_net(), dense([3, 2, 2], box=BOX, rng=RNG)), "add"),
        (lambda: compose(dense([3, 2, 2], box=BOX, rng=RNG), _net()), "compose"),
    ],
)
def test_errors_name_the_place(make, text):
    with pytest.raises(NetworkError, match=text):
        make()


def test_layers_add_and_compose_are_the_formulas():
    rng = np.random.default_rng(1)
    weights = [rng.integers(-4, 5, s) / 4 for s in [(4, 3), (5, 4), (2, 5)]]
    biases = [rng.integers(-4, 5, n) / 4 for n in (4, 5, 2)]
    net = from_layers(weights, biases, box=BOX)
    X = points(net)
    hidden = X.T
    for w, b in zip(weights[:-1], biases[:-1], strict=True):
        hidden = np.maximum(w @ hidden + b[:, None], 0)
    y = (weights[-1] @ hidden + biases[-1][:, None]).T
    assert (net.evaluate(X) == y).all()
    other = parallel_units(weights[0], biases[0], np.ones((2, 4)), biases[2], box=BOX)
    assert (add(net, other, net).evaluate(X) == 2 * y + other.evaluate(X)).all()
    outer = from_layers([np.array([[1.0, -0.5]]), [[2.0]]], [[0.25], [1.0]], box=[[0, 1]] * 2)
    assert (compose(outer, net).evaluate(X) == outer.evaluate(y)).all()
    assert dense([3, 4, 5, 1], box=BOX, rng=rng).evaluate(X).shape == (50, 1)


def test_many_rows_are_evaluated_in_parts():
    net = dense([3, 4, 1], box=BOX, rng=np.random.default_rng(0))
    X = np.random.default_rng(0).uniform(-1, 1, (9000, 3))
    assert (net.evaluate(X)[8990:] == net.evaluate(X[8990:])).all()
    assert net.evaluate(X[:0]).shape == (0, 1)
