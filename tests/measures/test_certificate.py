from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import oracles
from strategies import all_codes, fixed_point_resnets, integers, perturbed, points
from tetrakis.errors import NetworkError
from tetrakis.measures import (
    activation_errors,
    backward_bounds,
    error_certificate,
    error_terms,
    integer_ranges,
    num_bits,
    num_digits,
    num_units,
    num_weights,
)
from tetrakis.network import (
    Block,
    FixedPointBlock,
    FixedPointFormat,
    FixedPointResNet,
    ResNet,
    dense,
)


def values_of(fixed, codes):
    return np.ldexp(codes.astype(float), fixed.input_exponent)


def nearest_codes(fixed, X):
    lo, hi = fixed.ranges.inputs.T
    return np.clip(np.rint(np.ldexp(X, -fixed.input_exponent)), lo, hi).astype(np.int64)


@settings(max_examples=300)
@given(st.data())
def test_certificate_is_never_violated(data):
    """Weights, biases and caps moved, floors, saturation: on all codes and on real inputs."""
    fixed = data.draw(fixed_point_resnets())
    net = data.draw(perturbed(fixed))
    codes = all_codes(fixed)
    error = np.abs(fixed.evaluate(codes) - net.evaluate(values_of(fixed, codes))).max()
    assert error <= error_certificate(net, fixed, continuous=False).value
    X = points(net, 200)
    error = np.abs(fixed.evaluate(nearest_codes(fixed, X)) - net.evaluate(X)).max()
    certificate = error_certificate(net, fixed)
    assert error <= certificate.value
    assert sum(certificate.terms.values()) == certificate.value
    assert set(certificate.terms) == {"weights", "activations", "inputs"}


@given(st.data())
def test_known_shifts_never_cost_more_than_their_parts(data):
    fixed = data.draw(fixed_point_resnets())
    net = data.draw(perturbed(fixed))
    back = backward_bounds(net, outputs="each")
    plain = oracles.uncentred_errors(net, fixed, back, activation_errors)
    found = error_terms(net, fixed, continuous=False)
    assert (sum(found.values()) <= np.array(plain) * (1 + 1e-9) + 1e-9).all()


@pytest.mark.parametrize("deep", [False, True])
def test_a_bias_may_undo_what_a_rounded_weight_shifts(deep):
    """0.875 relu(x) by relu(x) − 15/16: half the error, which is what the ends really have."""
    unit = Block([[1.0, 0.0]], [0.0], np.inf, [[0.0], [0.875]])
    passed = Block([[0.0, 1.0]], [2.0], np.inf, [[0.0], [1.0]])
    blocks, out = ((unit, passed), [[0.0, 1.0]]) if deep else ((unit,), [[0.0, 1.0]])
    net = ResNet([[1.0], [0.0]], blocks, out, [0.0], [[0.0, 15.0]])
    formats, scale = (FixedPointFormat(4, 0),), 2.0 if deep else 1.0

    def certified(shift):
        bias = [0.0] + [32 - 16 * shift] * deep
        made = [[[1, 0]], [[0, 1]]][: 1 + deep]
        written = [[[0], [16]], [[0], [1]]]
        exponents = [0, -4]
        blocks = tuple(
            FixedPointBlock(r, [b], 0, 62, w, e)
            for r, b, w, e in zip(made, bias, written, exponents, strict=False)
        )
        offset = [-int(16 * shift * scale) if not deep else -int(16 * shift)]
        fixed = FixedPointResNet(formats, [[1], [0]], blocks, [[0, 1]], offset, [0, -4], -4)
        codes = np.arange(16)[:, None]
        error = np.abs(fixed.evaluate(codes) - net.evaluate(codes.astype(float))).max()
        return error, error_certificate(net, fixed, continuous=False).value

    whole, half = 15 / 8 * scale, 15 / 16 * scale
    assert certified(0.0) == pytest.approx((whole, whole), rel=1e-6)
    assert certified(15 / 16) == pytest.approx((half, half), rel=1e-6)


@given(fixed_point_resnets())
def test_certificate_is_zero_for_the_same_function(fixed):
    blocks = tuple(dataclasses.replace(b, shift=np.zeros(b.width, int)) for b in fixed.blocks)
    exact = FixedPointResNet(
        fixed.inputs, fixed.read_in, blocks, fixed.read_out, fixed.offset,
        fixed.stream_exponent, fixed.output_exponent,
    )  # fmt: skip
    certificate = error_certificate(exact.to_resnet(), exact, continuous=False)
    assert certificate.value == 0


def test_certificate_on_ten_thousand_inputs_of_a_larger_network():
    rng = np.random.default_rng(0)
    net = dense([6, 16, 12, 3], box=[[0.0, 1 - 2.0**-6]] * 6, rng=rng)
    grid = 2.0**-5

    def block(b, exponent):
        return FixedPointBlock(
            np.rint(b.read.toarray() / grid), np.rint(b.bias / grid), 3, 6,
            np.rint(b.write.toarray() / grid), exponent,
        )  # fmt: skip

    fixed = FixedPointResNet(
        (FixedPointFormat(6, -6),) * 6, np.rint(net.read_in.toarray()),
        tuple(block(b, -11) for b in net.blocks), np.rint(net.read_out.toarray()), [0, 0, 0],
        -6, -6,
    )  # fmt: skip
    X = net.box[:, 0] + rng.random((10_000, 6)) * (net.box[:, 1] - net.box[:, 0])
    error = np.abs(fixed.evaluate(nearest_codes(fixed, X)) - net.evaluate(X)).max()
    certificate = error_certificate(net, fixed)
    assert 0 < error < certificate.value
    partly = error_certificate(net, fixed, continuous=[True] + [False] * 5)
    assert certificate.terms["inputs"] > partly.terms["inputs"] > 0


@settings(max_examples=300)
@given(st.data())
def test_activation_errors_bound_every_integer(data):
    block = FixedPointBlock(
        [[0]], [0], data.draw(st.integers(0, 4)), data.draw(st.sampled_from([1, 2, 3, 62])),
        [[0]], data.draw(st.integers(-2, 2)),
    )  # fmt: skip
    lo = data.draw(st.integers(-20, 60))
    hi = data.draw(st.integers(lo, lo + 80))
    unit = 2.0 ** int(block.exponent[0])
    cap = data.draw(st.sampled_from([0, 1, 7, 16, 20.5, 48, np.inf])) * unit
    half = data.draw(st.booleans()) * (2 ** int(block.shift[0]) // 2)

    def difference(s):
        code = oracles.fixed_activation(s, int(block.shift[0]), int(block.bits[0]))
        return code * 2 ** int(block.shift[0]) * unit - min(max(s - half, 0) * unit, cap)

    found = activation_errors(block, np.array([[lo, hi]]), np.array([cap]), offset=half)
    exact = [difference(s) for s in range(lo, hi + 1)]
    assert found[0][0] >= max(-min(exact), 0) and found[1][0] >= max(*exact, 0)
    if half == 0 and not 0 < cap < np.inf:
        step = 2.0 ** int(block.shift[0]) * unit
        assert max(found)[0] <= max(*np.abs(exact), step)


def test_rounding_to_nearest_is_seen():
    """Half a step in the bias halves the certified error of a plain shift."""

    def twin(bias):
        unit = FixedPointBlock([[1, 0]], [bias], 3, 62, [[0], [1]], 0)
        return FixedPointResNet(
            (FixedPointFormat(6, 0),), [[1], [0]], (unit,), [[0, 1]], [0], [0, 3], 3
        )

    net = twin(0).to_resnet()
    down, near = (error_certificate(net, twin(b), continuous=False).value for b in (0, 4))
    assert down == pytest.approx(7, rel=1e-6)
    assert near == pytest.approx(4, rel=1e-6)
    codes = np.arange(64)[:, None]
    assert np.abs(twin(4).evaluate(codes) - codes).max() == 4


def test_other_shapes_and_boxes_are_refused():
    fixed = FixedPointResNet((FixedPointFormat(3, 0),), [[1]], (), [[1]], [0], 0, 0)
    net = fixed.to_resnet()
    with pytest.raises(NetworkError, match="equal"):
        error_certificate(dense([2, 2, 1], box=[[0, 1]] * 2, rng=np.random.default_rng()), fixed)
    wide = dataclasses.replace(net, box=[[0.0, 7.5]])
    assert error_certificate(wide, fixed).value == pytest.approx(0.5)
    with pytest.raises(NetworkError, match="input 0: the codes cover"):
        error_certificate(wide, fixed, continuous=False)
    with pytest.raises(NetworkError, match="input 0: the codes cover"):
        error_certificate(dataclasses.replace(net, box=[[-1.0, 7.0]]), fixed)


@given(fixed_point_resnets())
def test_integer_ranges_are_the_networks(fixed):
    assert integer_ranges(fixed) is fixed.ranges


@given(integers((6,), -(2**40), 2**40))
def test_counts(offset):
    unit = FixedPointBlock([[3, 0], [0, 0], [1, 1]], [1, 2, 0], 0, 62, [[0, 1, 0], [2, 0, 0]], 0)
    fixed = FixedPointResNet(
        (FixedPointFormat(2, 0),), [[1], [0]], (unit,), np.zeros((6, 2), int), offset, 0, 0
    )
    assert num_weights(fixed) == 7
    assert num_units(fixed) == 1
    assert num_digits(fixed) == 8 + sum(map(oracles.signed_digit_count, offset))
    odd = [len(bin(abs(n)).strip("0b")) for n in map(int, offset)]
    assert num_bits(fixed) == (3 + 6 * 2) + sum(1 + n for n in odd if n)
    assert num_weights(fixed.to_resnet()) == 7
