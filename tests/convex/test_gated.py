"""The gated program: exact gaps, agreement with a slow solver, both backends of the products."""

import numpy as np
import pytest

from tetrakis.convex import LOSSES, sample_patterns, solve_gated
from tetrakis.convex._products import all_gradients


def problem(name, c, seed=0, n=40, d=4):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d))
    score = np.maximum(X @ rng.standard_normal((d, c)), 0) - 0.5 + 0.3 * rng.standard_normal((n, c))
    if name == "squared":
        return X, score, sample_patterns(X, 60, rng=rng)
    if c > 1 and name == "logistic":
        return X, np.eye(c)[score.argmax(1)], sample_patterns(X, 60, rng=rng)
    return X, np.where(score > 0, 1.0, -1.0), sample_patterns(X, 60, rng=rng)


@pytest.mark.parametrize(
    ("name", "c"),
    [("squared", 1), ("squared", 3), ("logistic", 1), ("logistic", 3), ("squared_hinge", 1)],
)
def test_gap_is_reached_and_honest(name, c):
    X, Y, patterns = problem(name, c)
    found = solve_gated(X, Y, patterns, 0.02, loss=name, tol=1e-8)
    assert found.converged and found.gap <= 1e-8
    units = zip(patterns.signs[found.support], found.V, strict=True)
    F = sum((on[:, None] * (X @ V) for on, V in units), np.zeros_like(Y))
    size = np.sqrt((found.V**2).sum((1, 2))).sum()
    assert LOSSES[name].value(F, Y) + 0.02 * size == pytest.approx(found.primal, rel=1e-10)
    # The dual point is feasible for every pattern, also those that were never in a working set.
    nu = LOSSES[name].dual_point(F, Y)
    G = np.einsum("pn,nd,nc->pdc", patterns.signs.astype(float), X, nu)
    assert np.sqrt((G**2).sum((1, 2))).max() <= 0.02 * (1 + 1e-4)


def test_agrees_with_proximal_gradient():
    X, Y, patterns = problem("squared", 1, n=15, d=2)
    found = solve_gated(X, Y, patterns, 0.05, tol=1e-10)
    A = np.concatenate([s[:, None] * X for s in patterns.signs.astype(float)], axis=1)
    step = len(X) / np.linalg.norm(A, 2) ** 2
    v = np.zeros((len(patterns), 2))
    for _ in range(20000):
        v -= step * (A.T @ (A @ v.ravel()[:, None] - Y) / len(X)).reshape(v.shape)
        length = np.linalg.norm(v, axis=1, keepdims=True)
        v *= np.maximum(1 - step * 0.05 / np.maximum(length, 1e-300), 0)
    slow = 0.5 * np.mean((A @ v.ravel() - Y[:, 0]) ** 2) + 0.05 * np.linalg.norm(v, axis=1).sum()
    assert found.primal == pytest.approx(slow, rel=1e-6)
    assert found.dual <= slow * (1 + 1e-12)


def test_warm_start_and_zero_solution():
    X, Y, patterns = problem("squared", 1)
    first = solve_gated(X, Y, patterns, 0.02, tol=1e-8)
    assert solve_gated(X, Y, patterns, 0.02, tol=1e-7, start=first).n_iter == 0
    zero = solve_gated(X, Y, patterns, 100.0)
    assert len(zero.support) == 0 and zero.converged


def test_one_iteration_says_it_has_not_converged():
    X, Y, patterns = problem("squared", 1)
    found = solve_gated(X, Y, patterns, 0.001, tol=1e-12, max_iter=1)
    assert not found.converged and found.gap > 1e-12


def test_products_of_both_backends_agree():
    X, Y, patterns = problem("squared", 2)
    expected = np.einsum("pn,nd,nc->pdc", patterns.signs.astype(float), X, Y).reshape(
        len(patterns), -1
    )
    for backend in ("numpy", "jax"):
        got = all_gradients(X, patterns.signs, Y, backend=backend)
        np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-10)
