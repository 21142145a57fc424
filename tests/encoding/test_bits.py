"""What an encoding costs in bits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tetrakis.datasets import Column, Table
from tetrakis.encoding import encoding_bits, fit_encoding, is_boolean
from tetrakis.encoding._bits import number_bits


def bits_of(data, used=None, **options):
    encoding = fit_encoding(data, **options)
    return encoding_bits(encoding, range(encoding.num_pis) if used is None else used)


def test_boolean_data_cost_nothing():
    rows = np.array([[0, 1], [1, 1], [1, 0]], float)
    assert is_boolean(fit_encoding(rows))
    assert bits_of(rows) == 0
    assert not is_boolean(fit_encoding(rows + 1))
    assert bits_of(rows + 1) > 0
    filled = fit_encoding(np.array([[0, 1], [1, np.nan], [1, 0]]), impute="mode")
    assert not is_boolean(filled)


def test_only_what_is_read_is_paid_for():
    rows = np.random.default_rng(0).normal(size=(50, 6))
    costs = [bits_of(rows, range(4 * k)) for k in range(7)]
    assert (np.diff(costs) > 100).all()  # two ends of a box, as floats
    assert costs[0] == np.log2(7)
    assert bits_of(rows, [0]) == bits_of(rows, range(4))  # the mask of its bits is told anyway
    whole = np.round(rows)
    assert bits_of(whole) < bits_of(rows) / 3


def test_categories_pay_for_their_texts():
    names = ("a", "bb", "a long name of a category")
    table = Table((Column("c", np.array([0, 1, 2, 0]), names),), None, "x.csv", 4)
    assert bits_of(table, [0]) < bits_of(table, [1]) < bits_of(table, [2]) < bits_of(table)
    assert bits_of(table, [2]) > 8 * len(names[2])


def test_thresholds_pay_for_each():
    rows = np.arange(20.0)[:, None]
    few, many = ({"x0": np.arange(1.0, k)} for k in (4, 9))
    assert bits_of(rows, levels=few) < bits_of(rows, levels=many)


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_numbers_take_65_bits_at_most(value):
    assert 0 < number_bits(value) <= 65


@pytest.mark.parametrize(
    ("value", "most"), [(0, 7), (1, 9), (-3, 11), (4.3, 17), (255, 23), (1e20, 65), (0.1 + 0.2, 65)]
)
def test_short_decimals_take_few(value, most):
    assert number_bits(value) <= most


def test_the_code_of_numbers_is_prefix_free():
    """Kraft's inequality over all decimals of up to three places and digits."""
    seen = {}
    for places in range(4):
        for whole in range(-999, 1000):
            value = float(f"{whole}e-{places}")
            seen[value] = min(seen.get(value, 99.0), number_bits(value))
    assert sum(2.0**-bits for bits in seen.values()) <= 1
