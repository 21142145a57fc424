"""The rank-κ program: its bound and guarantee against the exact optimum."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tetrakis.convex import LOSSES, solve_relu, solve_truncated, truncated_bound
from tetrakis.convex._climb import values_at
from tetrakis.convex._neurons import Neurons
from tetrakis.convex._sphere import sphere_maximum
from tetrakis.errors import BudgetError


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 8), st.integers(1, 5), st.integers(1, 3))
def test_bound_is_above_the_sphere(seed, n, d, kappa):
    rng = np.random.default_rng(seed)
    X, nu = rng.standard_normal((n, d)), rng.standard_normal((n, 1 + seed % 2))
    U = rng.standard_normal((2000, d))
    U /= np.linalg.norm(U, axis=1, keepdims=True)
    bound = truncated_bound(X, nu, min(kappa, d))
    assert values_at(X, nu, U).max() <= bound
    if d <= 3:
        assert sphere_maximum(X, nu)[1] <= bound


@pytest.mark.parametrize("small", [0.3, 0.03, 0.003])
def test_guarantee_contains_the_optimum_and_closes(small):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((50, 3)) * [1.0, 1.0, small]
    y = np.abs(X[:, 0]) + X[:, 1]
    whole = solve_relu(X, y, 0.02, tol=1e-8, exact=True)
    cut = solve_truncated(X, y, 0.02, 2, tol=1e-8)
    assert cut.dual <= whole.primal and whole.dual <= cut.primal
    network = Neurons(cut.V, cut.A)
    objective = network.objective(X, y[:, None], LOSSES["squared"], 0.02)
    assert objective == pytest.approx(cut.primal, rel=1e-9)
    assert cut.gap < 40 * small


def test_kappa():
    with pytest.raises(BudgetError, match="kappa"):
        solve_truncated(np.eye(5), np.ones(5), 0.1, 4)
