"""The largest value over the sphere: enumeration and climbing against brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls

from tetrakis.convex._climb import climb, local_maxima, project, values_at
from tetrakis.convex._sphere import sphere_maximum
from tetrakis.errors import BudgetError


def sphere(count, d, rng):
    U = rng.standard_normal((count, d))
    return U / np.linalg.norm(U, axis=1, keepdims=True)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 8),
    st.integers(1, 3),
    st.integers(1, 2),
    st.booleans(),
)
def test_enumeration_is_the_maximum(seed, n, d, c, rounded):
    rng = np.random.default_rng(seed)
    X, nu = rng.standard_normal((n, d)), rng.standard_normal((n, c))
    X = np.round(X) if rounded else X
    u, value, error = sphere_maximum(X, nu)
    assert 0 <= error <= 1e-10 * max(value, 1)
    assert values_at(X, nu, u[None])[0] == pytest.approx(value, abs=1e-12)
    U = sphere(2000, d, rng)
    climbed = local_maxima(X, nu, U[:200], count=20)[1].max()
    assert max(values_at(X, nu, U).max(), climbed) <= value + error


def test_climbing_finds_the_maximum_of_many_rows():
    rng = np.random.default_rng(0)
    X, nu = rng.standard_normal((60, 3)), rng.standard_normal((60, 1))
    _, value, _ = sphere_maximum(X, nu)
    assert local_maxima(X, nu, sphere(64, 3, rng))[1][0] == pytest.approx(value, rel=1e-12)


def test_climbing_never_falls():
    rng = np.random.default_rng(0)
    X, w = rng.standard_normal((40, 8)), rng.standard_normal(40)
    for u in sphere(20, 8, rng):
        assert np.maximum(X @ climb(X, w, u), 0) @ w >= np.maximum(X @ u, 0) @ w - 1e-12


@pytest.mark.parametrize("seed", range(5))
def test_projection_on_a_cone(seed):
    rng = np.random.default_rng(seed)
    cone, g = rng.standard_normal((6, 4)), rng.standard_normal(4)
    p, multipliers = project(cone, g)
    np.testing.assert_allclose(p, g + cone.T @ nnls(cone.T, -g)[0], atol=1e-10)
    np.testing.assert_allclose(p, g + cone.T @ multipliers, atol=1e-12)
    assert (cone @ p).min() >= -1e-10 and multipliers.min() >= 0


def test_rank_limit():
    with pytest.raises(BudgetError, match="rank 4"):
        sphere_maximum(np.eye(4), np.ones((4, 1)))
    with pytest.raises(BudgetError, match="rank 4"):
        sphere_maximum(np.vstack([np.eye(4)] * 2), np.ones((8, 1)))
