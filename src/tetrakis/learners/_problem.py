"""A table and its target as numbers that training and scoring need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tetrakis.circuit import Aig, compile_network, optimise
from tetrakis.datasets import Column, Table, class_labels
from tetrakis.encoding import Decision, Output
from tetrakis.errors import DataError
from tetrakis.network import FixedPointResNet, common_exponent
from tetrakis.training import Loss

Task = Literal["classification", "regression"]


@dataclass(frozen=True, eq=False)
class Problem:
    """What is to be learnt from which rows.

    Parameters
    ----------
    table : Table
        Input columns; the target is not looked at.
    task : {"classification", "regression"}
    target : ndarray, shape (n,)
        Class indices, or values in units of the target.
    classes : tuple of str
        For classification.
    name : str
        Of the target.
    offset, scale : float
        Mean and standard deviation of the training target; 0 and 1 for classification.
    n_known : int, optional
        The first so many rows are the person's training rows, all of whose categories are known,
        those that are set aside for a choice among them; all rows when left out.
    """

    table: Table
    task: Task
    target: np.ndarray
    classes: tuple[str, ...] = ()
    name: str = "target"
    offset: float = 0.0
    scale: float = 1.0
    n_known: int | None = None

    @property
    def known(self) -> Table:
        """The rows whose categories are known."""
        n = self.n_known
        return self.table if n in (None, self.table.n_rows) else self.table.take(np.arange(n))

    @property
    def decision(self) -> Decision:
        """How the circuit's outputs become a prediction."""
        if self.task == "regression":
            return "words"
        return "sign" if len(self.classes) == 2 else "argmax"

    @property
    def loss(self) -> Loss:
        """Loss to train with."""
        return {"words": "squared", "sign": "logistic", "argmax": "softmax"}[self.decision]  # type: ignore[return-value]

    @property
    def n_outputs(self) -> int:
        """Outputs of the network."""
        return len(self.classes) if self.decision == "argmax" else 1

    @property
    def score_name(self) -> str:
        """Name of the score: higher is better."""
        return "R2" if self.task == "regression" else "accuracy"

    @property
    def standardised(self) -> np.ndarray:
        """Target as the loss wants it."""
        return (self.target - self.offset) / self.scale

    def score(self, fixed_point: FixedPointResNet, codes: np.ndarray, rows: np.ndarray) -> float:
        """Accuracy or R² of the integer network (hence of its circuit) on `rows`."""
        whole = common_exponent(fixed_point) if self.decision == "argmax" else fixed_point
        y = whole.evaluate_codes(codes[rows])
        if self.decision == "sign":
            return float(np.mean((y[:, 0] >= 0) == self.target[rows]))
        if self.decision == "argmax":
            return float(np.mean(y.argmax(axis=1) == self.target[rows]))
        grain = self.scale * 2.0 ** int(fixed_point.output_exponent[0])
        return r2(self.target[rows], self.offset + grain * y[:, 0])

    def output(self, fixed_point: FixedPointResNet, circuit: Aig) -> Output:
        """Describe how the outputs of a network's circuit are read."""
        if self.task == "classification":
            return self.reading(circuit, 0.0, 1.0)
        grain = self.scale * 2.0 ** int(fixed_point.output_exponent[0])
        return self.reading(circuit, self.offset, grain)

    def reading(self, circuit: Aig, offset: float, scale: float) -> Output:
        """Describe how outputs are read: classes, or values ``offset + scale * integer``."""
        if self.task == "classification":
            return Output(self.name, self.task, self.decision, circuit.num_pos, self.classes)
        return Output(
            self.name, self.task, self.decision, circuit.num_pos, offset=offset, scale=scale
        )

    def compile(self, fixed_point: FixedPointResNet, *, thorough: bool = True) -> Aig:
        """Compile to a circuit: optimised, or quickly for an estimate of its size from above."""
        if not thorough:
            return compile_network(fixed_point, decision=self.decision, effort=0)
        return optimise(compile_network(fixed_point, decision=self.decision))


def problem_from_table(table: Table, task: Task, rows: np.ndarray | None = None) -> Problem:
    """Read the target of `table`; mean and scale come from `rows` (all when left out)."""
    column = table.target
    assert column is not None
    if task == "classification":
        classes, labels = class_labels(column)
        return Problem(table, task, labels, classes, column.name)
    values = column.values.astype(np.float64)
    known = values if rows is None else values[rows]
    scale = float(known.std()) or 1.0
    return Problem(table, task, values, (), column.name, float(known.mean()), scale)


def labels_like(column: Column, classes: tuple[str, ...], source: str) -> np.ndarray:
    """Class indices of another table's target; classes that training didn't have are refused."""
    index = {name: i for i, name in enumerate(classes)}
    texts = column.texts()
    unknown = sorted({str(t) for t in texts if t not in index})
    if unknown:
        raise DataError(
            f"{source}: target {column.name!r} has classes that the training rows don't:"
            f" {', '.join(unknown[:6])}.",
            remedy="Remove these rows, or train on rows that have all classes.",
        )
    return np.array([index[t] for t in texts], np.int64)


def r2(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Coefficient of determination; 0 for a constant truth."""
    spread = float(((truth - truth.mean()) ** 2).sum())
    return 0.0 if spread == 0 else 1.0 - float(((truth - predicted) ** 2).sum()) / spread
