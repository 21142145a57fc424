"""What estimators that train lifts share."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin, is_classifier
from sklearn.utils.validation import check_is_fitted, validate_data

from tetrakis._estimators import (
    NetworkClassifier,
    NetworkEstimator,
    RandomState,
    checked_labels,
    checked_values,
    generator_of,
)
from tetrakis.certificate import Certificate
from tetrakis.datasets import table_from_arrays
from tetrakis.errors import BudgetError, GraphError
from tetrakis.graphs import BaseGraph, Lift, to_resnet
from tetrakis.learners._candidate import Candidate
from tetrakis.learners._choose import choose
from tetrakis.learners._circuit_estimator import CircuitEstimator
from tetrakis.learners._compress_edit import edited
from tetrakis.learners._compress_lift import ACTIVATION_BITS, DELTAS, compressed
from tetrakis.learners._compress_sources import Sources
from tetrakis.learners._on_codes import Standard
from tetrakis.learners._problem import Problem
from tetrakis.lifts import Loss, TrainedLift
from tetrakis.network import FixedPointResNet, ResNet


class LiftEstimator(NetworkEstimator, CircuitEstimator):
    """Standardises, trains a lift, keeps its network, and compiles it on request."""

    graph_: BaseGraph
    lift_: Lift
    loss_: float
    n_iter_: int
    path_: tuple[Candidate, ...]
    fixed_point_: FixedPointResNet
    certificate_: Certificate
    held_out_score_: float
    rule_: str
    random_state: RandomState
    _standard: Standard

    def _train(
        self, X: NDArray, y: NDArray, loss: Loss, n_outputs: int, rng: np.random.Generator
    ) -> tuple[BaseGraph, TrainedLift]:
        raise NotImplementedError

    def _learn(self, X: NDArray, y: NDArray, loss: Loss, n_outputs: int) -> None:
        """Train on rows; `y` as the loss wants it, in units of the target for squared loss."""
        rng = generator_of(self.random_state)
        spread = X.std(axis=0)
        varies = (np.ptp(X, axis=0) > 0) & (spread > 0)
        offset, scale = 0.0, 1.0
        if loss == "squared":
            offset, scale = float(y.mean()), float(y.std()) or 1.0
            y = ((y - offset) / scale)[:, None]
        self._standard = Standard(X.mean(axis=0), np.where(varies, spread, 1.0), offset, scale)
        U = np.where(varies, (X - self._standard.centre) / self._standard.spread, 0.0)
        self.graph_, found = self._train(U, y, loss, n_outputs, rng)
        self.lift_, self.loss_, self.n_iter_ = found.lift, found.loss, max(found.n_steps, 1)
        box = np.stack([X.min(axis=0), X.max(axis=0)], axis=1)
        net = to_resnet(
            found.lift, box=box, centre=self._standard.centre, scale=self._standard.spread
        )
        self.network_ = ResNet(
            net.read_in, net.blocks, net.read_out * scale, net.offset * scale + offset, box
        )
        for name in ("path_", "circuit_", "encoding_", "fixed_point_", "certificate_"):
            if hasattr(self, name):  # of an earlier fit
                delattr(self, name)

    def compress(
        self,
        X: Any,
        y: Any,
        *,
        held_out: tuple[Any, Any] | None = None,
        max_gates: int | None = None,
        tolerance: float | None = None,
        bits: int = 6,
        deltas: Any = DELTAS,
        activation_bits: Any = ACTIVATION_BITS,
        simplify: bool = False,
    ) -> Self:
        """Round the network at several precisions, compile, and choose a circuit.

        Numbers that constituents hand on become relus shifted by their least value on the rows.
        Sets ``path_``, ``encoding_``, ``fixed_point_``, ``circuit_``, ``certificate_``,
        ``held_out_score_`` and ``rule_`` as in `ResNetClassifier`; `predict` stays the network's,
        `predict_circuit` is the circuit's. Only where weights were rounded is ``certificate_`` a
        distance from the trained network: tables and simplified circuits are compared with
        themselves (0 on every code), and what they miss of it is in their scores.

        Parameters
        ----------
        X : array_like, shape (n, n_features)
            Rows that fix the encoding: those of `fit`.
        y : array_like, shape (n,)
        held_out : (X, y), optional
            Rows to score and choose on; the score of what was chosen is therefore a little
            optimistic, with `simplify` among hundreds of circuits more so. Without, the score is
            that of the rows `X`, and optimistic.
        max_gates, tolerance
            As in `ResNetClassifier`.
        bits : int
            Of numeric inputs, 1 to 8.
        deltas, activation_bits : sequence
            Precisions to try, see `tetrakis.compress.quantise`. Compositions are also tabulated:
            every constituent is looked up under `activation_bits` bits of what it reads, one more
            or less, as far as that makes at most 12.
        simplify : bool
            Edit up to three circuits gate by gate under the loss of the rows `X`
            (`tetrakis.simplify`), from the smallest that misses at most three times as much as the
            best on. Minutes for thousands of AND nodes and rows; Ctrl-C leaves what there was.

        Raises
        ------
        BudgetError
            If no circuit is within `max_gates`, or no precision could be compiled.
        """
        check_is_fitted(self, "network_")
        rows, target = self._rows(X, y)
        train = np.arange(len(rows))
        held = train
        if held_out is not None:
            more, answers = self._rows(*held_out)
            held = len(rows) + np.arange(len(more))
            rows, target = np.concatenate([rows, more]), np.concatenate([target, answers])
        classes = tuple(map(str, self.classes_)) if is_classifier(self) else ()
        problem = Problem(
            table_from_arrays(rows), "classification" if classes else "regression", target, classes,
            offset=self._standard.offset, scale=self._standard.scale,
        )  # fmt: skip
        sources = Sources.of(self.lift_, self._standard, problem, train, held, bits=bits)
        path = compressed(
            sources, label=self._label(), deltas=deltas, activation_bits=activation_bits
        )  # fmt: skip
        if simplify:
            path = edited(path, sources)
        best_score = max(c.held_out_score for c in path)
        miss = max(1.0 - best_score, 0.0)
        error = np.sqrt(miss * (1 - miss) if classes else 2 * miss**2) / np.sqrt(len(held))
        index, rule = choose(
            path, max_gates=max_gates, tolerance=tolerance, standard_error=float(error)
        )
        self.path_, self.rule_, best = path, rule, path[index]
        self.encoding_, self.circuit_ = best.encoding, best.circuit
        self.fixed_point_, self.certificate_ = best.fixed_point, best.certificate
        self.held_out_score_ = best.held_out_score
        return self

    def _rows(self, X: Any, y: Any) -> tuple[NDArray, NDArray]:
        X, y = validate_data(self, X, y, reset=False, dtype=np.float64)
        if not is_classifier(self):
            return X, np.asarray(y, np.float64)
        unknown = np.setdiff1d(y, self.classes_)
        if len(unknown):
            raise ValueError(f"y: expected classes that fit had, got {unknown[:5].tolist()}.")
        return X, np.searchsorted(self.classes_, y)

    def _label(self) -> str:
        return f"lift of {len(self.graph_.hidden)} types, {self.lift_.n_parameters} parameters"


class LiftRegressor(RegressorMixin, LiftEstimator):
    """Fit and predict values."""

    def fit(self, X: Any, y: Any) -> Self:
        """Fit to rows `X` of shape (n_samples, n_features) and values `y` of shape (n_samples,)."""
        self._learn(*checked_values(self, X, y), "squared", 1)
        return self

    def predict(self, X: Any) -> NDArray[np.float64]:
        """Predict values of rows `X` with the network."""
        return self._outputs(X)[:, 0]

    def predict_circuit(self, X: Any) -> NDArray[np.float64]:
        """Predict values of rows `X` by running the circuit that `compress` made."""
        return self._circuit_values(X)


class LiftClassifier(NetworkClassifier, LiftEstimator):
    """Fit and predict labels."""

    def fit(self, X: Any, y: Any) -> Self:
        """Fit to rows `X` of shape (n_samples, n_features) and labels `y` of shape (n_samples,)."""
        X, self.classes_, labels = checked_labels(self, X, y)
        n = len(self.classes_)
        self._learn(X, labels, "logistic" if n == 2 else "softmax", 1 if n == 2 else n)
        return self

    def predict_circuit(self, X: Any) -> NDArray:
        """Predict labels of rows `X` by running the circuit that `compress` made."""
        return self._circuit_labels(X)


def check_columns(graph: BaseGraph, n_columns: int, n_outputs: int) -> BaseGraph:
    """Return `graph` if it fits the data, or raise GraphError."""
    if not isinstance(graph, BaseGraph):
        raise GraphError(f"graph: expected a BaseGraph or its name, got {graph!r}.")
    if graph.n_inputs > n_columns:
        last = max(graph.inputs, key=lambda v: max(v.columns))
        raise GraphError(
            f"vertex {last.name!r}: reads column {max(last.columns)}, but the data has "
            f"{n_columns} columns."
        )
    if graph.n_outputs != n_outputs:
        raise GraphError(
            f"vertex {graph.outputs[-1].name!r}: the task needs {n_outputs} outputs, the graph has "
            f"{graph.n_outputs}."
        )
    return graph


def check_whole(name: str, value: Any, least: int = 1) -> int:
    """Return a whole number, or raise BudgetError."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < least:
        raise BudgetError(f"{name}: expected a whole number >= {least}, got {value!r}.")
    return int(value)
