"""Losses: duals by Fenchel and Young, derivatives by differences."""

import numpy as np
import pytest

from tetrakis.convex import LOSSES
from tetrakis.convex._losses import check_problem
from tetrakis.errors import DataError

CASES = [("squared", 1), ("squared", 3), ("logistic", 1), ("logistic", 4), ("squared_hinge", 2)]


def targets(name, c, rng, n=7):
    if name == "squared":
        return rng.standard_normal((n, c))
    if name == "logistic" and c > 1:
        return np.eye(c)[rng.integers(c, size=n)]
    return rng.choice([-1.0, 1.0], size=(n, c))


@pytest.mark.parametrize(("name", "c"), CASES)
def test_dual_value_is_tight_and_a_bound(name, c):
    rng = np.random.default_rng(0)
    loss, Y = LOSSES[name], targets(name, c, rng)
    F, G = rng.standard_normal((2, *Y.shape))
    nu = loss.dual_point(F, Y)
    # Fenchel and Young: L(F) + L*(−ν) = −⟨ν, F⟩, and >= for any other point.
    assert loss.value(F, Y) - loss.dual_value(nu, Y) == pytest.approx(-np.sum(nu * F), abs=1e-12)
    for s in (0.0, 0.3, 1.0):
        assert loss.value(G, Y) - loss.dual_value(s * nu, Y) >= -s * np.sum(nu * G) - 1e-12


@pytest.mark.parametrize(("name", "c"), CASES)
def test_derivatives(name, c):
    rng = np.random.default_rng(1)
    loss, Y = LOSSES[name], targets(name, c, rng)
    F, step = rng.standard_normal((2, *Y.shape))
    h = 1e-6
    slope = (loss.value(F + h * step, Y) - loss.value(F - h * step, Y)) / (2 * h)
    assert slope == pytest.approx(-np.sum(loss.dual_point(F, Y) * step), abs=1e-8)
    bend = (loss.dual_point(F - h * step, Y) - loss.dual_point(F + h * step, Y)) / (2 * h)
    R = loss.root(F, Y)
    product = R * step if R.ndim == 2 else np.einsum("nij,nj->ni", R, step)
    back = R * product if R.ndim == 2 else np.einsum("nij,ni->nj", R, product)
    np.testing.assert_allclose(back, bend, atol=1e-7)
    bound = (loss.curvature(F, Y)[:, None] * step**2).sum() / len(Y)
    assert np.sum(bend * step) <= bound + 1e-8


def test_dual_is_minus_infinity_outside_its_domain():
    Y = np.array([[1.0], [-1.0]])
    for name in ("logistic", "squared_hinge"):
        assert LOSSES[name].dual_value(-Y, Y) == -np.inf


@pytest.mark.parametrize(
    ("X", "y", "loss", "said"),
    [
        ([[1.0]], [1.0, 2.0], "squared", "expected X"),
        ([[np.nan]], [1.0], "squared", "finite"),
        ([[1.0]], [0.0], "logistic", "-1 and 1"),
        ([[1.0]], [[1.0, 1.0]], "logistic", "one 1"),
        ([[1.0]], [1.0], "absolute", "expected one of"),
    ],
)
def test_bad_problems(X, y, loss, said):
    with pytest.raises(DataError, match=said):
        check_problem(X, y, loss)
