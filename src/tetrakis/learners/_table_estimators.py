"""scikit-learn estimators that are table networks."""

from __future__ import annotations

import numpy as np
from sklearn.utils.validation import check_is_fitted

from tetrakis._estimators import seed_of
from tetrakis.datasets import Table
from tetrakis.encoding import fit_encoding
from tetrakis.errors import BudgetError, DataError
from tetrakis.learners._circuit_estimator import (
    CircuitClassifier,
    CircuitEstimator,
    CircuitRegressor,
)
from tetrakis.learners._problem import Task, problem_from_table
from tetrakis.learners._table_nets import TableSettings, fit_tables
from tetrakis.learners._table_points import TablePoint, best_point, held_rows, point_of
from tetrakis.learners._views import TRIM
from tetrakis.network import FixedPointResNet, ResNet


class _TableNetEstimator(CircuitEstimator):
    """What classifier and regressor share."""

    path_: tuple[TablePoint, ...]
    fixed_point_: FixedPointResNet
    held_out_score_: float

    def __init__(
        self,
        *,
        n_tables: int | None = None,
        n_pins: int = 4,
        n_bits: int = 4,
        hidden: tuple[int, ...] = (),
        penalty: float | tuple[float, ...] = (1e-4, 3e-4, 1e-3, 3e-3),
        input_bits: int = 6,
        grid_bits: int = 4,
        warm_start_trees: bool = True,
        max_gates: int | None = None,
        validation_fraction: float = 0.2,
        steps: int = 2000,
        batch: int = 512,
        n_candidates: int | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.n_tables = n_tables
        self.n_pins = n_pins
        self.n_bits = n_bits
        self.hidden = hidden
        self.penalty = penalty
        self.input_bits = input_bits
        self.grid_bits = grid_bits
        self.warm_start_trees = warm_start_trees
        self.max_gates = max_gates
        self.validation_fraction = validation_fraction
        self.steps = steps
        self.batch = batch
        self.n_candidates = n_candidates
        self.random_state = random_state

    def _settings(self, n_outputs: int) -> TableSettings:
        tables = self.n_tables if self.n_tables is not None else 30 + 20 * n_outputs
        penalties = tuple(np.atleast_1d(np.asarray(self.penalty, np.float64)).tolist())
        for name, value, low, high in (
            ("max_gates", self.max_gates, 0, np.inf), ("input_bits", self.input_bits, 1, 16),
            ("grid_bits", self.grid_bits, 1, 16),
            *(("penalty", p, 0, np.finfo(float).max) for p in penalties),
        ):  # fmt: skip
            if value is not None and not low <= value <= high:
                raise BudgetError(f"{name}: expected {low} to {high}, got {value!r}.")
        if not 0 <= self.validation_fraction < 1:
            raise BudgetError(
                "validation_fraction: expected a number in [0, 1), got "
                f"{self.validation_fraction!r}."
            )
        if not penalties:
            raise BudgetError("penalty: expected at least one number, got none.")
        return TableSettings(
            tables, self.n_pins, self.n_bits, tuple(self.hidden),
            penalties, self.grid_bits, self.steps, self.batch,
            self.warm_start_trees, self.n_candidates,
        )  # fmt: skip

    def _fit(self, table: Table, task: Task) -> None:
        problem = problem_from_table(table, task)
        if task == "classification" and len(problem.classes) > table.n_rows:
            raise DataError(f"{len(problem.classes)} classes, but only {table.n_rows} rows.")
        settings = self._settings(problem.n_outputs)
        seed = seed_of(self.random_state)
        held = held_rows(problem, self.validation_fraction, seed)
        own = np.arange(table.n_rows) if held is None else np.flatnonzero(~held)
        encoding = fit_encoding(table.take(own), bits=self.input_bits, trim=TRIM)
        codes = encoding.encode(table, unknown="ignore")
        widths = np.array([len(word.bits) for word in encoding.inputs], np.int64)
        nets = fit_tables(
            codes, widths, problem.target, task, settings, n_classes=len(problem.classes),
            seed=seed, held=held,
        )  # fmt: skip
        self.path_ = tuple(point_of(net, problem, codes, own, held) for net in nets)
        best = best_point(self.path_, self.max_gates)
        self.fixed_point_, self.circuit_ = best.net.network, best.circuit
        self.held_out_score_ = best.held_out_score
        output = problem.reading(best.circuit, best.net.mean, best.net.step)
        self.encoding_ = encoding.with_output(output)

    @property
    def network_(self) -> ResNet:
        """The float network: tables as threshold units (`without_tables`)."""
        check_is_fitted(self, "fixed_point_")
        return self.fixed_point_.to_resnet()


class TableNetClassifier(CircuitClassifier, _TableNetEstimator):
    """Classifier that is a small circuit: comparators, learned tables and a sum of their entries.

    Parameters
    ----------
    n_tables : int, optional
        Tables to begin with, 30 and 20 more for each output if left out; the penalty empties some.
    n_pins : int
        Wires of a table, 1 to 12.
    n_bits : int
        Bits of its entries, 1 to 12.
    hidden : tuple of int
        Units of earlier layers that emit one bit each, for data that are logic.
    penalty : float or tuple of float
        Weights of the group lasso on pins; one network is trained for each.
    input_bits : int
        Bits of numeric inputs.
    grid_bits : int
        Thresholds are multiples of ``2**(input_bits − grid_bits)``.
    warm_start_trees : bool
        Start from boosted trees of depth 2 rather than at random.
    max_gates : int, optional
        Best held-out score within so many AND nodes.
    validation_fraction : float
        Share of the rows held out to stop early and to choose a penalty; 0 for none.
    steps, batch : int
    n_candidates : int, optional
        Thresholds that a wire chooses among, drawn at random, all of them if left out; a few
        (128) make training on wide data, like images, much faster.
    random_state : int, RandomState or None
        Same seed, same circuit.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    fixed_point_ : FixedPointResNet
        Threshold and table units; the circuit computes exactly its decision.
    network_ : ResNet
        The same with tables as threshold units.
    circuit_ : Aig
        ``circuit_.num_gates`` is its size, an upper bound on the smallest possible.
    encoding_ : Encoding
        How values become the circuit's input bits.
    path_ : tuple of TablePoint
        One for each penalty.
    held_out_score_ : float
        Of the chosen point; slightly optimistic, as the choice was made on it.
    n_features_in_ : int

    References
    ----------
    Ours; see docs/tables.md.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from tetrakis.learners import TableNetClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = TableNetClassifier(random_state=0).fit(X, y)  # doctest: +SKIP
    """


class TableNetRegressor(CircuitRegressor, _TableNetEstimator):
    """Regressor that is a small circuit: comparators, learned tables and a sum of their entries.

    Parameters
    ----------
    n_tables, n_pins, n_bits, hidden, penalty, input_bits, grid_bits, warm_start_trees
        As in `TableNetClassifier`.
    max_gates, validation_fraction, steps, batch, n_candidates, random_state
        As in `TableNetClassifier`, with R² for the accuracy.

    Attributes
    ----------
    fixed_point_, network_, circuit_, encoding_, path_, held_out_score_
        As in `TableNetClassifier`; ``encoding_.output`` has offset and scale.
    n_features_in_ : int

    References
    ----------
    Ours; see docs/tables.md.
    """
