"""scikit-learn estimators that are table networks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from tetrakis.circuit import Aig, optimise, simulate_rows
from tetrakis.datasets import table_from_arrays
from tetrakis.encoding import Encoding, Output, fit_encoding
from tetrakis.errors import BudgetError, DataError
from tetrakis.learners._estimators import _seed
from tetrakis.learners._problem import Problem, Task, problem_from_table, r2
from tetrakis.learners._table_nets import TableNet, TableSettings, fit_tables
from tetrakis.learners._views import TRIM
from tetrakis.network import FixedPointResNet, ResNet

_ROWS_AT_ONCE = 65_536


@dataclass(frozen=True, eq=False)
class TablePoint:
    """One trained table network: its penalty, its circuit, and what it scores.

    Parameters
    ----------
    net : TableNet
    circuit : Aig
    train_score : float
    held_out_score : float
        On rows that training didn't see; NaN without `validation_fraction`.
    """

    net: TableNet
    circuit: Aig
    train_score: float
    held_out_score: float

    @property
    def num_gates(self) -> int:
        """AND nodes of the circuit."""
        return self.circuit.num_gates


class _TableNetEstimator(BaseEstimator):
    """What classifier and regressor share."""

    path_: tuple[TablePoint, ...]
    encoding_: Encoding
    fixed_point_: FixedPointResNet
    circuit_: Aig
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

    def _fit(self, X: np.ndarray, y: np.ndarray, task: Task) -> None:
        table = table_from_arrays(X, np.asarray(y, np.float64))
        problem = problem_from_table(table, task)
        if task == "classification" and len(problem.classes) > len(y):
            raise DataError(f"{len(problem.classes)} classes, but only {len(y)} rows.")
        settings = self._settings(problem.n_outputs)
        seed = _seed(self.random_state)
        held = _held_rows(problem, self.validation_fraction, seed)
        own = np.arange(len(y)) if held is None else np.flatnonzero(~held)
        encoding = fit_encoding(table.take(own), bits=self.input_bits, trim=TRIM)
        codes = encoding.encode(table, unknown="ignore")
        widths = np.array([len(word.bits) for word in encoding.inputs], np.int64)
        nets = fit_tables(
            codes, widths, problem.target, task, settings, n_classes=len(problem.classes),
            seed=seed, held=held,
        )  # fmt: skip
        self.path_ = tuple(_point(net, problem, codes, own, held) for net in nets)
        best = self._chosen()
        self.fixed_point_, self.circuit_ = best.net.network, best.circuit
        self.held_out_score_ = best.held_out_score
        width, classes = best.circuit.num_pos, problem.classes
        if task == "classification":
            output = Output(problem.name, task, problem.decision, width, classes)
        else:
            output = Output(
                problem.name, task, "words", width, offset=best.net.mean, scale=best.net.step
            )
        self.encoding_ = encoding.with_output(output)

    def _chosen(self) -> TablePoint:
        """Pick the best held-out score (training score without) within the budget."""
        within = [p for p in self.path_ if self.max_gates is None or p.num_gates <= self.max_gates]
        if not within:
            least = min(p.num_gates for p in self.path_)
            raise BudgetError(
                f"No circuit of at most {self.max_gates} AND nodes was found; the smallest has "
                f"{least}.",
                remedy="Allow more, or give larger penalties or fewer tables.",
            )
        held = not np.isnan(within[0].held_out_score)
        return max(
            within, key=lambda p: (p.held_out_score if held else p.train_score, -p.num_gates)
        )

    @property
    def network_(self) -> ResNet:
        """The float network: tables as threshold units (`without_tables`)."""
        check_is_fitted(self, "fixed_point_")
        return self.fixed_point_.to_resnet()

    def _integers(self, X: Any) -> np.ndarray:
        """Run the circuit on rows: integers of its output word."""
        check_is_fitted(self, "circuit_")
        X = validate_data(self, X, reset=False, dtype=np.float64)
        output = self.encoding_.output
        assert output is not None
        parts = [
            output.integers(
                simulate_rows(self.circuit_, self.encoding_.encode_bits(X[i : i + _ROWS_AT_ONCE]))
            )
            for i in range(0, len(X), _ROWS_AT_ONCE)
        ]
        return np.concatenate(parts)


def _held_rows(problem: Problem, share: float, seed: int) -> np.ndarray | None:
    """Mark rows to hold out; every class keeps a row to train on."""
    n = problem.table.n_rows
    count = int(share * n)
    if not count:
        return None
    order = np.random.default_rng(seed).permutation(n)
    if problem.task == "classification":
        _, first = np.unique(problem.target[order], return_index=True)
        order = np.concatenate([np.delete(order, first), order[first]])
    held = np.zeros(n, bool)
    held[order[: min(count, n - max(1, len(problem.classes)))]] = True
    return held if held.any() else None


def _point(
    net: TableNet, problem: Problem, codes: np.ndarray, own: np.ndarray, held: np.ndarray | None
) -> TablePoint:
    guess = net.predict(codes)

    def score(rows: np.ndarray) -> float:
        truth = problem.target[rows]
        if problem.task == "regression":
            return r2(truth, guess[rows])
        return float(np.mean(guess[rows] == truth))

    rest = float("nan") if held is None else score(np.flatnonzero(held))
    return TablePoint(net, optimise(net.circuit()), score(own), rest)


class TableNetClassifier(ClassifierMixin, _TableNetEstimator):
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

    classes_: np.ndarray

    def fit(self, X: Any, y: Any) -> Self:
        """Fit to rows `X` of shape (n_samples, n_features) and labels `y`."""
        X, y = validate_data(self, X, y, dtype=np.float64, ensure_min_samples=2)
        check_classification_targets(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"Expected two classes or more, got one class: {self.classes_[0]!r}.")
        self._fit(X, labels.astype(float), "classification")
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Predict labels of rows `X` by running the circuit."""
        indices = self._integers(X)
        return self.classes_[np.minimum(indices, len(self.classes_) - 1)]


class TableNetRegressor(RegressorMixin, _TableNetEstimator):
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

    def fit(self, X: Any, y: Any) -> Self:
        """Fit to rows `X` of shape (n_samples, n_features) and values `y` of shape (n_samples,)."""
        X, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True, ensure_min_samples=2)
        self._fit(X, np.asarray(y, np.float64), "regression")
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Predict values of rows `X` by running the circuit."""
        output = self.encoding_.output if hasattr(self, "encoding_") else None
        integers = self._integers(X)
        assert output is not None
        return output.offset + output.scale * integers.astype(np.float64)
