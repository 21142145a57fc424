from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import oracles
from strategies import all_codes, fixed_point_resnets, perturbed
from tetrakis.compress import quantise, signed_digits, to_fixed_point
from tetrakis.errors import BudgetError, NetworkError
from tetrakis.measures import error_certificate, num_digits, num_weights
from tetrakis.network import FixedPointFormat, dense, parallel_units

FORMATS = (FixedPointFormat(6, -6),) * 5


def network():
    rng = np.random.default_rng(0)
    return dense([5, 12, 8, 2], box=[[0.0, 1 - 2.0**-6]] * 5, rng=rng)


@given(st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=20), st.floats(1e-6, 10))
def test_signed_digits_stay_within_the_allowance(values, allowance):
    values = np.array(values)
    rounded, counts = signed_digits(values, allowance)
    assert (np.abs(values - rounded) <= allowance).all()
    assert (np.abs(rounded[counts > 0]) > 0).all() and (rounded[counts == 0] == 0).all()
    whole = np.ldexp(rounded, 60)
    assert counts.tolist() == [oracles.signed_digit_count(int(w)) for w in whole]
    # One digit less would not do.
    assert ((counts > 0) == (np.abs(values) > allowance)).all()


def test_signed_digits_without_allowance_keep_the_value():
    values = np.random.default_rng(0).normal(size=50)
    assert (signed_digits(values, 0.0)[0] == values).all()
    assert (signed_digits(values, np.inf)[0] == 0).all()


@settings(max_examples=100)
@given(st.data())
def test_quantised_networks_keep_their_certificate(data):
    base = data.draw(fixed_point_resnets())
    net = data.draw(perturbed(base))
    maxima = None
    if data.draw(st.booleans()):
        maxima = [np.full(b.width, 1.5) for b in net.blocks]
    fixed, certificate = quantise(
        net,
        input_formats=base.inputs,
        delta=data.draw(st.sampled_from([2.0, 0.25, 0.01])),
        activation_bits=data.draw(st.sampled_from([None, 1, 3])),
        maxima=maxima,
        nearest=data.draw(st.booleans()),
        continuous=False,
    )
    codes = all_codes(fixed)
    values = np.ldexp(codes.astype(float), fixed.input_exponent)
    # The certificate is about the real function: leave room for the rounding of evaluate.
    error = np.abs(fixed.evaluate(codes) - net.evaluate(values)).max()
    assert error <= certificate.value + 1e-12
    assert certificate == error_certificate(net, fixed, continuous=False)


def test_a_smaller_delta_takes_more_digits_and_is_closer():
    found = [quantise(network(), input_formats=FORMATS, delta=d) for d in (0.1, 0.01, 0.001)]
    digits = [num_digits(fixed) for fixed, _ in found]
    errors = [certificate.value for _, certificate in found]
    assert digits == sorted(digits) and errors == sorted(errors, reverse=True)
    assert num_weights(found[0][0]) < num_weights(network())


@pytest.mark.parametrize("bits", [None, 6, [5, 7]])
def test_a_tolerance_is_met_with_as_few_digits_as_it_allows(bits):
    tolerance = 4.0
    fixed, certificate = quantise(
        network(), input_formats=FORMATS, tolerance=tolerance, activation_bits=bits
    )
    assert 0.9 * tolerance < certificate.value <= tolerance
    codes = np.random.default_rng(0).integers(0, 64, (5000, 5))
    error = np.abs(fixed.evaluate(codes) - network().evaluate(codes / 64)).max()
    assert error <= certificate.value
    if bits == 6:
        assert all((b.bits <= 6).all() for b in fixed.blocks)


def test_what_cannot_be_certified_is_an_error_with_a_remedy():
    with pytest.raises(BudgetError, match=r"least certified error is .*activation bits"):
        quantise(network(), input_formats=FORMATS, tolerance=1e-6, activation_bits=3)
    with pytest.raises(BudgetError, match="delta or tolerance"):
        quantise(network(), input_formats=FORMATS)
    with pytest.raises(BudgetError, match="delta or tolerance"):
        quantise(network(), input_formats=FORMATS, delta=0.0)
    with pytest.raises(NetworkError, match="input_formats: expected 5"):
        quantise(network(), input_formats=FORMATS[:2], delta=0.1)
    with pytest.raises(NetworkError, match="activation_bits: expected 2"):
        quantise(network(), input_formats=FORMATS, delta=0.1, activation_bits=[3])


def test_saturation_at_empirical_maxima_takes_fewer_bits():
    net = network()
    codes = np.random.default_rng(0).integers(0, 64, (500, 5))
    maxima = [a.max(axis=0) for a in net.activations(codes / 64)]
    wide, _ = quantise(net, input_formats=FORMATS, delta=0.01)
    narrow, certificate = quantise(net, input_formats=FORMATS, delta=0.01, maxima=maxima)
    assert sum(b.bits.sum() for b in narrow.blocks) < sum(b.bits.sum() for b in wide.blocks)
    error = np.abs(narrow.evaluate(codes) - net.evaluate(codes / 64)).max()
    assert error < 0.1 < certificate.value


@settings(max_examples=200)
@given(fixed_point_resnets())
def test_dyadic_weights_come_through_unchanged(fixed):
    """Fixed → float → fixed gives the same function when the grains are the same."""
    net = fixed.to_resnet()
    again = to_fixed_point(
        net,
        input_formats=fixed.inputs,
        grains=[b.exponent + b.shift for b in fixed.blocks],
        bits=[b.bits for b in fixed.blocks],
    )
    twin = again.to_resnet()
    for a, b in zip((*net.blocks, net), (*twin.blocks, twin), strict=True):
        for name in ("read", "bias", "write", "read_in", "read_out", "offset"):
            if hasattr(a, name):
                x, y = getattr(a, name), getattr(b, name)
                assert (abs(x - y)).max() == 0 if x.size else True
    assert (again.evaluate(all_codes(fixed)) == fixed.evaluate(all_codes(fixed))).all()


def test_nothing_is_added_where_nothing_is_shifted_out():
    net = parallel_units([[0.75]], [0.25], [[0.5]], [0.0], box=[[0.0, 7.0]])
    fixed, certificate = quantise(
        net, input_formats=(FixedPointFormat(3, 0),), delta=1e-6, continuous=False
    )
    assert certificate.value == 0
    assert fixed.blocks[0].shift.tolist() == [0]
    assert fixed.blocks[0].bias.tolist() == [1]
