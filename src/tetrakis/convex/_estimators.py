"""scikit-learn estimators: parallel relu networks trained to a certified optimum."""

from __future__ import annotations

import warnings
from typing import Any, Literal, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.metaestimators import available_if

from tetrakis._estimators import (
    NetworkClassifier,
    NetworkEstimator,
    checked_labels,
    checked_values,
    generator_of,
)
from tetrakis.certificate import Certificate
from tetrakis.convex._fit import Fit, fit_program
from tetrakis.convex._losses import relative_gap

Scope = Literal["sampled", "heuristic", "global"]


class _ConvexReLU(NetworkEstimator):
    """What classifier and regressor share."""

    certificate_: Certificate
    primal_: float
    dual_: float
    dual_gap_: float
    n_neurons_: int
    n_iter_: int

    def __init__(
        self,
        alpha: float = 1e-2,
        *,
        depth: int = 2,
        width: int = 8,
        fit_intercept: bool = True,
        gated: bool = False,
        patterns: str | int = "generate",
        tol: float = 1e-4,
        max_iter: int = 50,
        certificate: Scope | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.alpha = alpha
        self.depth = depth
        self.width = width
        self.fit_intercept = fit_intercept
        self.gated = gated
        self.patterns = patterns
        self.tol = tol
        self.max_iter = max_iter
        self.certificate = certificate
        self.random_state = random_state

    def _fit(self, X: np.ndarray, Y: np.ndarray, loss: str) -> None:
        options = self.get_params()
        fit: Fit = fit_program(
            X, Y, loss=loss, rng=generator_of(options["random_state"]),
            **{k: options[k] for k in options if k not in ("loss", "random_state")},
        )  # fmt: skip
        self.network_, self.certificate_ = fit.network, fit.certificate
        self.primal_, self.dual_ = fit.primal, fit.dual
        self.dual_gap_ = relative_gap(fit.primal, fit.dual)
        self.n_neurons_, self.n_iter_ = fit.n_neurons, fit.n_iter
        if not fit.n_neurons:
            warnings.warn(
                f"alpha={options['alpha']:g} gives the zero network: it is at least alpha_max = "
                f"{fit.alpha_max:.6g}. Choose a smaller alpha.",
                UserWarning,
                stacklevel=3,
            )
        if not fit.converged:
            warnings.warn(
                f"stopped after max_iter={options['max_iter']} rounds at a relative gap of "
                f"{fit.solver_gap:.3g} > tol={options['tol']:g}. Raise max_iter, tol or alpha.",
                ConvergenceWarning,
                stacklevel=3,
            )


class ConvexReLURegressor(RegressorMixin, _ConvexReLU):
    """Parallel relu network of any width, trained to a certified global optimum.

    Minimises 1/(2n) ‖f(X) − y‖² + alpha Σ_k ‖u_k‖‖α_k‖ over f(x) = Σ_k (x·u_k)₊ α_k and the
    number of neurons. There is no learning rate and no width to choose.

    Parameters
    ----------
    alpha : float
        Strength of the regularisation.
    depth : {2, 3}
        Number of layers. With three, sub-networks (X W₁)₊w₂ stand side by side, the penalty is the
        path norm √(Σ_j ‖w_1j‖² w_2j²)‖w₃‖ of each, and certificates are heuristic; choose a `tol`
        of 1e-2 or so.
    width : int
        First-layer neurons of a sub-network, for three layers.
    fit_intercept : bool
        Append a constant feature, so that neurons have (regularised) biases.
    gated : bool
        Drop the cone constraints: the gated relu program, a group lasso over the patterns.
    patterns : {'generate', 'all'} or int
        Neurons by column generation; all activation patterns, for rows of rank at most 3; or so
        many sampled ones. The gated program needs 'all' or a number.
    tol : float
        Relative duality gap to stop at, in the program that is solved.
    max_iter : int
        Most rounds of the working set.
    certificate : {'sampled', 'heuristic', 'global'}, optional
        What the gap refers to: the patterns used; all networks, as far as local search can see;
        all networks, rigorously. By default 'sampled' with a number of patterns, 'global' with
        'all', else 'heuristic'.
    random_state : int, RandomState or None
        For sampled patterns and the starts of local search.

    Attributes
    ----------
    network_ : ResNet
        Inputs as given to `fit`.
    primal_, dual_ : float
        Objective, and the lower bound of the optimum within the scope of the certificate.
    dual_gap_ : float
        (primal − dual) / primal.
    certificate_ : Certificate
        Value (primal − dual, rounded up), scope and method.
    n_neurons_ : int
        Sub-networks, for three layers.
    n_iter_ : int
    n_features_in_ : int

    References
    ----------
    [Ergen23] for the programs; THEORY section 7. Algorithms and bounds: ours.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.linspace(-1, 1, 50)[:, None]
    >>> model = ConvexReLURegressor(1e-3, patterns="all", tol=1e-8).fit(X, abs(X[:, 0]))
    >>> bool(model.dual_gap_ < 1e-7), model.certificate_.scope
    (True, 'global')
    """

    def fit(self, X: Any, y: Any) -> Self:
        """Fit to rows `X` (n, d) and values `y` of shape (n,) or (n, c)."""
        X, y = checked_values(self, X, y, multi_output=True)
        self._flat = y.ndim == 1
        self._fit(X, y.reshape(len(y), -1), "squared")
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Predict values of rows `X`."""
        F = self._outputs(X)
        return F[:, 0] if self._flat else F

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def _has_probabilities(model: ConvexReLUClassifier) -> bool:
    return model.loss == "logistic"


class ConvexReLUClassifier(NetworkClassifier, _ConvexReLU):
    """Parallel relu network of any width, trained to a certified global optimum.

    Minimises the mean loss plus alpha Σ_k ‖u_k‖‖α_k‖ over f(x) = Σ_k (x·u_k)₊ α_k and the number
    of neurons; one output for two classes, else one for every class.

    Parameters
    ----------
    alpha : float
        Strength of the regularisation.
    loss : {'logistic', 'squared_hinge', 'squared'}
        Logistic is softmax for three classes and more; the others compare with ±1, one class
        against the rest, and have a factor 1/2.
    depth, width, fit_intercept, gated, patterns, tol, max_iter, certificate, random_state
        As in `ConvexReLURegressor`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    network_, primal_, dual_, dual_gap_, certificate_, n_neurons_, n_iter_, n_features_in_
        As in `ConvexReLURegressor`.

    References
    ----------
    [Ergen23] for the programs; THEORY section 7. Algorithms and bounds: ours.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = ConvexReLUClassifier(0.02, random_state=0).fit(X[:100], y[:100])
    >>> model.score(X[:100], y[:100])
    1.0
    """

    def __init__(
        self,
        alpha: float = 1e-2,
        *,
        loss: str = "logistic",
        depth: int = 2,
        width: int = 8,
        fit_intercept: bool = True,
        gated: bool = False,
        patterns: str | int = "generate",
        tol: float = 1e-4,
        max_iter: int = 50,
        certificate: Scope | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        super().__init__(
            alpha, depth=depth, width=width, fit_intercept=fit_intercept, gated=gated,
            patterns=patterns, tol=tol, max_iter=max_iter, certificate=certificate,
            random_state=random_state,
        )  # fmt: skip
        self.loss = loss

    def fit(self, X: Any, y: Any) -> Self:
        """Fit to rows `X` (n, d) and labels `y` of shape (n,)."""
        X, self.classes_, labels = checked_labels(self, X, y)
        Y = np.eye(len(self.classes_))[labels]
        if len(self.classes_) == 2:
            Y = 2 * Y[:, 1:] - 1
        elif self.loss != "logistic":
            Y = 2 * Y - 1
        self._fit(X, Y, self.loss)
        return self

    @available_if(_has_probabilities)
    def predict_proba(self, X: Any) -> np.ndarray:
        """Compute probabilities of the classes, shape (n, n_classes); logistic loss only."""
        return super().predict_proba(X)
