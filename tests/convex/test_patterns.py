"""Patterns: enumeration against the counting formula and against brute sampling."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tetrakis.convex import count_patterns, enumerate_patterns, patterns_of, sample_patterns
from tetrakis.errors import BudgetError


def rows_of(patterns):
    return {bytes(signs) for signs in patterns.signs}


@pytest.mark.parametrize(("n", "d"), [(1, 1), (5, 1), (1, 2), (8, 2), (2, 3), (9, 3), (40, 3)])
def test_general_position_reaches_the_formula(n, d):
    X = np.random.default_rng(0).standard_normal((n, d))
    assert len(enumerate_patterns(X)) == count_patterns(n, min(n, d))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 7), st.integers(1, 3))
def test_degenerate_rows(seed, n, d):
    """Small integers: zero, parallel and opposite rows, many planes through one line."""
    rng = np.random.default_rng(seed)
    X = rng.integers(-2, 3, size=(n, d)).astype(float)
    found = enumerate_patterns(X)
    assert len(rows_of(found)) == len(found)
    open_gates = rng.standard_normal((3000, d))
    assert rows_of(patterns_of(X, open_gates)) <= rows_of(found)
    assert len(found) <= count_patterns(n, d)
    np.testing.assert_array_equal((found.gates @ X.T >= -1e-12) | (X == 0).all(1), found.signs == 1)


def test_low_rank_in_many_dimensions():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((12, 3)) @ rng.standard_normal((3, 20))
    assert len(enumerate_patterns(X)) == count_patterns(12, 3)


def test_rank_limit():
    with pytest.raises(BudgetError, match="rank 4"):
        enumerate_patterns(np.eye(4))


@pytest.mark.parametrize("method", ["gaussian", "data"])
def test_samples_are_distinct_patterns_of_their_gates(method):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((30, 4))
    found = sample_patterns(X, 50, rng=rng, method=method)
    assert len(rows_of(found)) == len(found) <= 50
    np.testing.assert_array_equal(found.gates @ X.T >= 0, found.signs == 1)
    with pytest.raises(BudgetError):
        sample_patterns(X, 0, rng=rng)
