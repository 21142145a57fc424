"""Estimators: scikit-learn's checks, evidence, options, bad input."""

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.estimator_checks import parametrize_with_checks

from tetrakis.convex import ConvexReLUClassifier, ConvexReLURegressor, alpha_max
from tetrakis.errors import BudgetError


def rows(n=60, d=1, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1, 1, (n, d))
    return X, np.abs(X[:, 0]) + 0.05 * rng.standard_normal(n)


@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks(
    [ConvexReLURegressor(1.0, tol=0.3, max_iter=2), ConvexReLUClassifier(0.05, tol=0.3, max_iter=5)]
)
def test_scikit_learn_conventions(estimator, check):
    check(estimator)


def test_network_is_the_program_and_the_certificate_is_global():
    X, y = rows()
    model = ConvexReLURegressor(1e-3, patterns="all", tol=1e-8).fit(X, y)
    U = model.network_.blocks[0].read.toarray()[:, :1]
    bias = model.network_.blocks[0].bias
    write = (model.network_.read_out @ model.network_.blocks[0].write).toarray()[0]
    F = np.maximum(X @ U.T + bias, 0) @ write
    np.testing.assert_allclose(model.predict(X), F, rtol=0, atol=1e-10)
    size = np.sum(np.sqrt((U**2).sum(1) + bias**2) * abs(write))
    assert 0.5 * np.mean((F - y) ** 2) + 1e-3 * size == pytest.approx(model.primal_, rel=1e-10)
    assert model.n_neurons_ == len(bias)
    assert model.dual_gap_ <= 1e-7
    assert model.certificate_.scope == "global"
    assert model.certificate_.value == pytest.approx(sum(model.certificate_.terms.values()))


@pytest.mark.parametrize(
    "options",
    [
        {"patterns": 40},
        {"patterns": 40, "gated": True},
        {"patterns": "all", "gated": True},
        {"certificate": "global"},
        {"loss": "squared_hinge"},
        {"loss": "squared", "fit_intercept": False},
    ],
)
def test_options(options):
    X, y = rows(d=2)
    model = ConvexReLUClassifier(0.003, random_state=0, **options).fit(X, y > 0.5)
    assert 0 <= model.dual_gap_ <= 2e-4
    assert model.certificate_.value >= 0
    assert model.score(X, y > 0.5) > 0.8


def test_gated_network_has_the_fit_of_the_program():
    X, y = rows(d=2)
    model = ConvexReLURegressor(1e-3, patterns="all", gated=True, tol=1e-9).fit(X, y)
    # Gated units of one pattern: at the optimum the loss is below that of the relu program.
    relu = ConvexReLURegressor(1e-3, patterns="all", tol=1e-9).fit(X, y)
    assert model.primal_ <= relu.primal_ * (1 + 1e-8)
    assert np.mean((model.predict(X) - y) ** 2) / 2 < model.primal_


def test_restricted_programs_bound_the_whole_one():
    X, y = rows()
    whole = ConvexReLURegressor(1e-3, patterns="all", tol=1e-7).fit(X, y)
    sampled = ConvexReLURegressor(1e-3, patterns=10, tol=1e-7, random_state=0).fit(X, y)
    assert sampled.certificate_.scope == "sampled patterns"
    assert sampled.primal_ >= whole.dual_


def test_zero_network_is_announced_and_alpha_max_is_exact():
    X, y = rows()
    limit = alpha_max(np.c_[X, np.ones(len(X))], y[:, None])
    with pytest.warns(UserWarning, match="zero network"):
        model = ConvexReLURegressor(limit * 1.001, patterns="all").fit(X, y)
    assert model.n_neurons_ == 0 and (model.predict(X) == 0).all() and model.dual_gap_ < 1e-9
    model = ConvexReLURegressor(limit * 0.999, patterns="all", tol=1e-9).fit(X, y)
    assert model.n_neurons_ > 0


def test_end_of_iterations_is_announced_with_the_gap():
    X, y = rows()
    with pytest.warns(ConvergenceWarning, match="relative gap of"):
        ConvexReLURegressor(1e-4, max_iter=1, tol=1e-9).fit(X, y)


def test_separable_logistic_data():
    X = np.linspace(-1, 1, 40)[:, None]
    model = ConvexReLUClassifier(1e-4, patterns="all").fit(X, X[:, 0] > 0)
    assert model.dual_gap_ < 2e-4 and model.score(X, X[:, 0] > 0) == 1.0
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1.0)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"alpha": 0.0}, "alpha: expected a number > 0"),
        ({"alpha": np.nan}, "alpha"),
        ({"depth": 4}, "depth: expected 2 or 3, got 4"),
        ({"depth": 3, "gated": True, "patterns": 9}, "three layers go with"),
        ({"depth": 3, "patterns": 9}, "three layers go with"),
        ({"depth": 3, "certificate": "global"}, "three layers go with"),
        ({"width": 0}, "width: expected a whole number >= 1"),
        ({"patterns": "some"}, "patterns"),
        ({"patterns": 0}, "patterns"),
        ({"gated": True}, "gated program"),
        ({"tol": -1.0}, "tol"),
        ({"max_iter": 1.5}, "max_iter"),
        ({"certificate": "sampled"}, "certificate"),
        ({"certificate": "proof"}, "certificate"),
    ],
)
def test_bad_options(options, said):
    with pytest.raises(BudgetError, match=said):
        ConvexReLURegressor(**options).fit(*rows())


def test_all_patterns_need_a_small_rank():
    X, y = rows(d=5)
    with pytest.raises(BudgetError, match="rank"):
        ConvexReLURegressor(patterns="all").fit(X, y)
