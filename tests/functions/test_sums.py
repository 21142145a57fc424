"""Multilevel Monte Carlo sums: against the slow sum of every summand."""

import numpy as np
import pytest

from tetrakis.circuit import AigBuilder, all_patterns, simulate
from tetrakis.errors import BudgetError, DataError
from tetrakis.functions import Hierarchy, OutputFormat, sum_circuits
from tetrakis.functions._format import word_codes
from tetrakis.functions._segments import table_of


def hierarchies(count, levels, inputs, rng):
    """Summands ``n Σ_k 2^-k s_k(x)`` with random bits s_k of all inputs; and their tables."""
    made, tables = [], []
    for _ in range(count):
        norm = float(rng.uniform(0.5, 1.5)) / count
        digits = rng.integers(0, 2, (levels, 1 << inputs))
        circuits = []
        for k in range(levels):
            codes = sum(digits[j] << (k - j) for j in range(k + 1))
            builder = AigBuilder(inputs)
            word = table_of(builder, [builder.input(i) for i in range(inputs)], codes)
            aig = builder.build([word.bit(i) for i in range(k + 1)])
            circuits.append((aig, OutputFormat(k + 1, norm * 2.0 ** (-k - 1), 0.0)))
        made.append(Hierarchy(norm, circuits, range(inputs)))
        tables.append(norm * sum(digits[j] * 2.0 ** (-j - 1) for j in range(levels)))
    return made, np.array(tables)


def values(found, inputs):
    words = all_patterns(inputs)
    codes = word_codes(simulate(found.circuit, words), 1 << inputs, signed=found.format.signed)
    return found.format.values(codes)


def test_few_summands_are_added_exactly():
    rng = np.random.default_rng(0)
    made, tables = hierarchies(3, 8, 4, rng)
    found = sum_circuits(made, 0.1, 3.0, rng)
    assert all(found.exact) and found.deviation == 0
    error = np.abs(values(found, 4) - tables.sum(axis=0)).max()
    assert error <= found.rounding + found.truncation <= 0.1


def test_many_summands_are_drawn_and_the_deviation_is_bounded():
    rng = np.random.default_rng(1)
    made, tables = hierarchies(400, 6, 4, rng)
    squares = []
    for seed in range(6):
        found = sum_circuits(made, 0.6, 2.5, np.random.default_rng(seed))
        squares.append((values(found, 4) - tables.sum(axis=0)) ** 2)
    assert not all(found.exact)
    bound = np.sqrt(found.deviation**2) + found.rounding + found.truncation
    assert np.sqrt(np.mean(squares)) <= bound


def test_the_draws_are_unbiased():
    rng = np.random.default_rng(2)
    made, tables = hierarchies(200, 5, 3, rng)
    mean = np.mean([values(sum_circuits(made, 0.9, 3.0, np.random.default_rng(s)), 3)
                    for s in range(40)], axis=0)  # fmt: skip
    found = sum_circuits(made, 0.9, 3.0, rng)
    slack = 4 * found.deviation / np.sqrt(40) + found.rounding + found.truncation
    assert np.abs(mean - tables.sum(axis=0)).max() <= slack


def test_too_few_levels_are_named():
    rng = np.random.default_rng(3)
    made, _ = hierarchies(2, 2, 3, rng)
    with pytest.raises(BudgetError, match="levels"):
        sum_circuits(made, 0.01, 3.0, rng)
    with pytest.raises(DataError):
        sum_circuits([], 0.1, 3.0, rng)
