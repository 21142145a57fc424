"""Estimators: random sparse lifts of a base graph."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from tetrakis.graphs import BaseGraph, lift, named
from tetrakis.learners._lift_base import (
    LiftClassifier,
    LiftEstimator,
    LiftRegressor,
    check_columns,
    check_whole,
)
from tetrakis.lifts import Loss, Solver, TrainedLift, Training, train_lifts


class _SparseLift(LiftEstimator):
    """What classifier and regressor share."""

    copies_: int

    def __init__(
        self,
        graph: BaseGraph | str = "mlp:2",
        *,
        copies: int = 64,
        in_degree: int | None = 4,
        input_degree: int | None = None,
        target_loss: float | None = None,
        max_copies: int = 4096,
        solver: Solver = "adam",
        learning_rate: float = 0.01,
        max_iter: int = 2000,
        batch_size: int = 256,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.graph = graph
        self.copies = copies
        self.in_degree = in_degree
        self.input_degree = input_degree
        self.target_loss = target_loss
        self.max_copies = max_copies
        self.solver = solver
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.random_state = random_state

    def _train(
        self, X: NDArray, y: NDArray, loss: Loss, n_outputs: int, rng: np.random.Generator
    ) -> tuple[BaseGraph, TrainedLift]:
        given = self.graph
        graph = named(given, X.shape[1], n_outputs=n_outputs) if isinstance(given, str) else given
        graph = check_columns(graph, X.shape[1], n_outputs)
        plan = Training(
            loss, self.solver, check_whole("max_iter", self.max_iter), self.learning_rate,
            check_whole("batch_size", self.batch_size), self.target_loss,
        )  # fmt: skip
        copies, most = (
            check_whole("copies", self.copies),
            check_whole("max_copies", self.max_copies),
        )
        best: TrainedLift | None = None
        while True:
            net = lift(graph, copies, self.in_degree, rng, input_degree=self.input_degree)
            found = train_lifts([net], X, y, plan, seed=int(rng.integers(2**31)))[0]
            if best is None or found.loss < best.loss:
                best, self.copies_ = found, copies
            if self.target_loss is None or best.loss <= self.target_loss:
                return graph, best
            if 2 * copies > most:
                warnings.warn(
                    f"target_loss={self.target_loss:g} was not reached with {copies} copies; the "
                    f"least loss is {best.loss:.3g}, with {self.copies_}. Raise max_copies, "
                    "max_iter or target_loss.",
                    ConvergenceWarning,
                    stacklevel=4,
                )
                return graph, best
            copies *= 2


class SparseLiftRegressor(LiftRegressor, _SparseLift):
    """Regressor that is a random sparse lift of a base graph, trained by gradients.

    Parameters
    ----------
    graph : BaseGraph or str
        ``"mlp:DEPTH"``, ``"residual:BLOCKS"``, ``"parallel:PARTS"``, ``"tree"``,
        ``"local:WINDOW"``, or a graph of one's own that reads the columns of the data.
    copies : int
        Of every hidden type; where doubling starts when `target_loss` is given.
    in_degree : int or None
        Parents that a copy draws per edge between hidden types; None for all.
    input_degree : int, optional
        Columns that a copy draws of every input; all when left out.
    target_loss : float, optional
        Mean loss on the training rows to reach: training stops there, and lifts are doubled until
        it is. For regression in units of the target's variance (1 − R²).
    max_copies : int
        Most copies when doubling.
    solver : {"adam", "flow"}
        ``flow`` approximates gradient flow on all rows by Heun's method with small adaptive steps,
        see `tetrakis.lifts.Training`.
    learning_rate : float
        Of Adam, falling along a half cosine; the first step size of ``flow``.
    max_iter : int
        Steps for each size.
    batch_size : int
        Rows per step of Adam.
    random_state : int, RandomState or None

    Attributes
    ----------
    network_ : ResNet
        Inputs and outputs in the units of the data.
    lift_ : Lift
        In standardised inputs and outputs.
    graph_ : BaseGraph
    copies_ : int
    loss_ : float
        Mean loss on the training rows.
    n_iter_ : int
        Steps taken at that size.
    path_, encoding_, fixed_point_, circuit_, certificate_, held_out_score_, rule_
        After `compress`.
    n_features_in_ : int

    References
    ----------
    [Robin24] for random sparse lifts; THEORY section 8. Training and compression: ours.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.linspace(-1, 1, 200)[:, None]
    >>> model = SparseLiftRegressor("mlp:1", copies=16, random_state=0).fit(X, abs(X[:, 0]))
    >>> bool(model.score(X, abs(X[:, 0])) > 0.99)
    True
    """


class SparseLiftClassifier(LiftClassifier, _SparseLift):
    """Classifier that is a random sparse lift of a base graph, trained by gradients.

    Logistic loss for two classes, softmax for more.

    Parameters
    ----------
    graph, copies, in_degree, input_degree, max_copies, solver, learning_rate, max_iter, batch_size
        As in `SparseLiftRegressor`.
    target_loss : float, optional
        Mean loss in nats.
    random_state : int, RandomState or None

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    network_, lift_, graph_, copies_, loss_, n_iter_, n_features_in_
        As in `SparseLiftRegressor`.
    path_, encoding_, fixed_point_, circuit_, certificate_, held_out_score_, rule_
        After `compress`.

    References
    ----------
    [Robin24] for random sparse lifts; THEORY section 8. Training and compression: ours.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = SparseLiftClassifier(copies=16, max_iter=100, random_state=0).fit(X, y)
    >>> bool(model.score(X, y) > 0.95)
    True
    """
