"""Paths: exact start, monotone objectives, warm starts, the plot."""

import numpy as np
import pytest

from tetrakis.convex import convex_path, plot_path, solve_relu
from tetrakis.errors import BudgetError

X = np.linspace(-1, 1, 40)[:, None]
Y = np.abs(X[:, 0]) + 0.2 * np.sin(9 * X[:, 0])


def test_path():
    path = convex_path(X, Y, n_alphas=6, fit_intercept=True, tol=1e-7)
    assert path.exact and path.n_neurons[0] == 0 and path.n_neurons[1] > 0
    assert (path.gaps <= 1e-7).all()
    primal = [s.primal for s in path.solutions]
    assert (np.diff(primal) < 0).all()  # the optimum rises with alpha
    assert (path.entered <= path.n_neurons).all() and (path.left[1:] <= path.n_neurons[:-1]).all()
    assert path.entered.sum() > 0
    rows = np.c_[X, np.ones(len(X))]
    cold = solve_relu(rows, Y, path.alphas[-1], tol=1e-7, exact=True)
    assert cold.primal == pytest.approx(primal[-1], rel=1e-6)
    figure = plot_path(path)
    assert len(figure.axes) == 3 and all(axes.get_xlabel() == "alpha" for axes in figure.axes)


def test_given_alphas_are_sorted_and_checked():
    path = convex_path(X, Y, alphas=[0.01, 0.1])
    assert path.alphas.tolist() == [0.1, 0.01]
    for bad in ([], [0.0], [np.nan]):
        with pytest.raises(BudgetError, match="alphas"):
            convex_path(X, Y, alphas=bad)
