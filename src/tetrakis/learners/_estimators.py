"""scikit-learn estimators: thin shells around the search."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from joblib import effective_n_jobs

from tetrakis._estimators import seed_of
from tetrakis.certificate import Certificate
from tetrakis.datasets import Table
from tetrakis.errors import BudgetError
from tetrakis.learners._candidate import Candidate
from tetrakis.learners._choose import choose
from tetrakis.learners._circuit_estimator import (
    CircuitClassifier,
    CircuitEstimator,
    CircuitRegressor,
)
from tetrakis.learners._problem import Task, problem_from_table
from tetrakis.learners._search import search
from tetrakis.learners._simplified import KINDS, STARTS
from tetrakis.network import FixedPointResNet, ResNet


class _ResNetEstimator(CircuitEstimator):
    """What classifier and regressor share."""

    # What a fit leaves behind.
    path_: tuple[Candidate, ...]
    network_: ResNet
    fixed_point_: FixedPointResNet
    certificate_: Certificate
    held_out_score_: float
    rule_: str

    def __init__(
        self,
        *,
        max_gates: int | None = None,
        tolerance: float | None = None,
        effort: float = 1.0,
        starts: Sequence[str] | None = None,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.max_gates = max_gates
        self.tolerance = tolerance
        self.effort = effort
        self.starts = starts
        self.n_jobs = n_jobs
        self.random_state = random_state

    def _fit(self, table: Table, task: Task) -> None:
        if self.max_gates is not None and not self.max_gates >= 0:
            raise BudgetError(f"max_gates: expected a number >= 0, got {self.max_gates!r}.")
        if not self.effort > 0:
            raise BudgetError(f"effort: expected a number > 0, got {self.effort!r}.")
        starts = KINDS if self.starts is None else tuple(self.starts)
        if not starts or not set(starts) <= set(STARTS):
            raise BudgetError(f"starts: expected some of {', '.join(STARTS)}, got {self.starts!r}.")
        problem = problem_from_table(table, task)
        found = search(
            problem,
            max_gates=() if self.max_gates is None else (self.max_gates,),
            seed=seed_of(self.random_state),
            effort=self.effort,
            jobs=effective_n_jobs(self.n_jobs),
            starts=starts,
        )
        index, self.rule_ = choose(
            found.path,
            max_gates=self.max_gates,
            tolerance=self.tolerance,
            standard_error=found.standard_error,
        )
        self.path_ = found.path
        best = found.path[index]
        self.encoding_, self.network_ = best.encoding, best.network
        self.fixed_point_, self.circuit_ = best.fixed_point, best.circuit
        self.certificate_ = best.certificate
        self.held_out_score_ = best.held_out_score


class ResNetClassifier(CircuitClassifier, _ResNetEstimator):
    """Classifier that is a small circuit, found through sparse quantised residual networks.

    Parameters
    ----------
    max_gates : int, optional
        Best held-out accuracy within so many AND nodes.
    tolerance : float, optional
        Smallest circuit within so much of the best held-out accuracy; one standard error when
        neither this nor `max_gates` is given.
    effort : float
        Scales training steps and restarts.
    starts : sequence of str, optional
        What circuits come from: some of ``"resnet"``, ``"convex"``, ``"tree"``, ``"boosted"``,
        ``"fringe"``, ``"table"``; by default all but ``"convex"`` and ``"table"``.
    n_jobs : int, optional
        Threads to train in, −1 for all cores; the result doesn't depend on it.
    random_state : int, RandomState or None
        Same seed, same circuit.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    network_ : ResNet
        Float network, inputs scaled to [0, 1).
    fixed_point_ : FixedPointResNet
        Integer network that the circuit computes exactly.
    circuit_ : Aig
        ``circuit_.num_gates`` is its size, an upper bound on the smallest possible.
    encoding_ : Encoding
        How values become the circuit's input bits.
    certificate_ : Certificate
        Certified sup-norm distance of the integer network's outputs from the float network's.
    path_ : tuple of Candidate
        Size–accuracy path.
    held_out_score_ : float
        Accuracy of the chosen point on held-out rows, see `path_`.
    rule_ : str
        How the point was chosen.
    n_features_in_ : int

    References
    ----------
    [Jacot25] for the idea; the training is ours.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from tetrakis.learners import ResNetClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = ResNetClassifier(max_gates=200, random_state=0).fit(X, y)  # doctest: +SKIP
    """


class ResNetRegressor(CircuitRegressor, _ResNetEstimator):
    """Regressor that is a small circuit, found through sparse quantised residual networks.

    Parameters
    ----------
    max_gates : int, optional
        Best held-out R² within so many AND nodes.
    tolerance : float, optional
        Smallest circuit within so much of the best held-out R²; one standard error when neither
        this nor `max_gates` is given.
    effort : float
        Scales training steps and restarts.
    starts : sequence of str, optional
        What circuits come from: some of ``"resnet"``, ``"convex"``, ``"tree"``, ``"boosted"``,
        ``"fringe"``, ``"table"``; by default all but ``"convex"`` and ``"table"``.
    n_jobs : int, optional
        Threads to train in, −1 for all cores; the result doesn't depend on it.
    random_state : int, RandomState or None
        Same seed, same circuit.

    Attributes
    ----------
    network_, fixed_point_, circuit_, encoding_, certificate_, path_, held_out_score_, rule_
        As in `ResNetClassifier`, with R² for accuracy. Outputs of the networks are in standard
        deviations of the target; ``encoding_.output`` has offset and scale.
    n_features_in_ : int

    References
    ----------
    [Jacot25] for the idea; the training is ours.
    """
