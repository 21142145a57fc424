"""The relu program: certified optima, neurons that are neurons, agreement with a full program."""

import numpy as np
import pytest

from tetrakis.convex import LOSSES, enumerate_patterns, solve_relu
from tetrakis.convex._interior import Program, solve_interior
from tetrakis.convex._neurons import Neurons, tidy
from tetrakis.errors import BudgetError


def problem(n=20, d=2, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d))
    X[:, -1] = 1.0
    return X, np.abs(X[:, :1]) - 0.5 + 0.1 * rng.standard_normal((n, 1))


@pytest.mark.parametrize(("d", "alpha"), [(2, 0.05), (2, 0.005), (3, 0.05), (3, 0.01)])
def test_global_gap(d, alpha):
    X, Y = problem(60, d)
    found = solve_relu(X, Y, alpha, tol=1e-8, exact=True)
    assert found.converged and found.scope == "global"
    assert 0 <= found.primal - found.dual <= 1e-8 * found.primal
    network = Neurons(found.V, found.A)
    assert network.objective(X, Y, LOSSES["squared"], alpha) == pytest.approx(
        found.primal, rel=1e-12
    )


@pytest.mark.parametrize("alpha", [0.05, 0.005])
def test_agrees_with_the_program_over_all_patterns(alpha):
    """One interior point solve with a cone for every pattern and sign, nothing generated."""
    X, Y = problem(9)
    patterns = enumerate_patterns(X)
    on = patterns.signs.T.astype(float)
    D, a = np.concatenate([on, on], axis=1), np.repeat([1.0, -1.0], len(patterns))
    design = np.einsum("nk,nd,k->nkd", D, X, a).reshape(len(X), -1)
    rows = X / np.linalg.norm(X, axis=1, keepdims=True)
    program = Program(design, rows, 2 * D.T - 1, Y, LOSSES["squared"], alpha)
    start = np.tile(0.1 * patterns.gates, (2, 1))
    V, _ = solve_interior(program, start, gap=1e-10, max_iter=200)
    full = LOSSES["squared"].value(program.predict(V), Y) + alpha * np.linalg.norm(V, axis=1).sum()
    found = solve_relu(X, Y, alpha, tol=1e-9, exact=True)
    assert found.primal == pytest.approx(full, rel=1e-7)


@pytest.mark.parametrize(("loss", "c"), [("logistic", 1), ("logistic", 3), ("squared_hinge", 2)])
def test_other_losses(loss, c):
    X, score = problem(40, 2)
    Y = np.where(score > 0, 1.0, -1.0)
    if c > 1:
        Y = np.eye(3)[np.digitize(X[:, 0], [-0.5, 0.5])]
        Y = Y if loss == "logistic" else 2 * Y[:, :c] - 1
    found = solve_relu(X, Y, 0.01, loss=loss, tol=1e-4, exact=True)
    assert found.converged and 0 <= found.gap <= 1e-4


def test_local_search_agrees_with_the_exact_one():
    X, Y = problem(30, 3)
    exact = solve_relu(X, Y, 0.02, tol=1e-7, exact=True)
    local = solve_relu(X, Y, 0.02, tol=1e-7)
    assert local.scope == "heuristic"
    assert local.primal == pytest.approx(exact.primal, rel=1e-6)


def test_warm_start_needs_no_round():
    X, Y = problem(30)
    first = solve_relu(X, Y, 0.02, tol=1e-8, exact=True)
    again = solve_relu(X, Y, 0.02, tol=1e-7, exact=True, start=first)
    assert again.n_iter == 0


@pytest.mark.parametrize("change", ["duplicates", "zero column", "n < d", "scales"])
def test_awkward_rows(change):
    X, Y = problem(25, 3)
    if change == "duplicates":
        X, Y = np.repeat(X, 2, axis=0), np.concatenate([Y, Y + 0.1], axis=1).reshape(-1, 1)
    elif change == "zero column":
        X[:, 1] = 0.0
    elif change == "n < d":
        X, Y = X[:2], Y[:2]
    else:
        X = X * [1.0, 1e-4, 1.0]
    found = solve_relu(X, Y, 0.02, tol=1e-6, exact=True)
    assert found.converged and found.gap <= 1e-6


def test_tidy_adds_up_neurons_of_one_pattern():
    X = np.array([[1.0, 0.5], [-1.0, 0.2]])
    V, A = np.array([[1.0, 0.0], [2.0, 0.1], [-1.0, 0.0]]), np.ones((3, 1))
    found = tidy(X, Neurons(V, A))
    assert len(found) == 2
    np.testing.assert_allclose(found.predict(X), Neurons(V, A).predict(X))
    assert found.size <= Neurons(V, A).size


@pytest.mark.parametrize("alpha", [0.0, -1.0, np.nan, np.inf])
def test_bad_alpha(alpha):
    with pytest.raises(BudgetError, match="alpha"):
        solve_relu(*problem(), alpha)
