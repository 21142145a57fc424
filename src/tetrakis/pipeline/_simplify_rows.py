"""The rows that a circuit is edited on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tetrakis.circuit import Aig, simulate_rows
from tetrakis.datasets import Table
from tetrakis.encoding import Encoding, Output
from tetrakis.errors import ArtifactError, DataError
from tetrakis.measures import OccamBound
from tetrakis.pipeline._data import DataRecord, data_record
from tetrakis.pipeline._inputs import narrowed, widened
from tetrakis.pipeline._occam import bound_of
from tetrakis.simplify import RowLoss, classification_loss, squared_loss

Bits = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class EditRows:
    """Rows as the circuit's inputs, with their loss.

    Parameters
    ----------
    bits : ndarray of bool, shape (rows, num_pis)
    loss : RowLoss
    score_name : {"accuracy", "R2", "sup norm"}
    best_constant : float
        Loss that counts as score 0: of the mean, or of getting every row wrong.
    record : DataRecord, optional
        Which rows these are; None for every input of the circuit.
    live : tuple of int, optional
        Inputs of the circuit that the columns of `bits` are, where the others don't matter.
    encoding : Encoding, optional
        How the rows became bits; None if they are the circuit's inputs as they stand.
    """

    bits: Bits
    loss: RowLoss
    score_name: str
    best_constant: float
    record: DataRecord | None = None
    live: tuple[int, ...] | None = None
    encoding: Encoding | None = None

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.bits)

    def score(self, loss: float) -> float:
        """Accuracy or R² of a total loss."""
        return 1.0 - loss / self.best_constant if self.best_constant > 0 else 0.0

    @property
    def constant_error(self) -> float:
        """Share of rows that the most frequent class alone gets wrong."""
        return 1.0 - float(np.unique(self.loss.low, return_counts=True)[1].max()) / self.n_rows

    def occam(self, circuit: Aig, loss: float) -> OccamBound | None:
        """Bound the share of errors on unseen rows; None unless the loss counts wrong rows."""
        if self.score_name != "accuracy":
            return None
        return bound_of(circuit, self.encoding, round(loss), self.n_rows)

    def narrowed(self, circuit: Aig) -> Aig:
        """Return a circuit with the live inputs only."""
        return circuit if self.live is None else narrowed(circuit, self.live)

    def widened(self, circuit: Aig, start: Aig) -> Aig:
        """Undo `narrowed`: return a circuit with the inputs of `start`."""
        if self.live is None:
            return circuit
        return widened(circuit, self.live, start.num_pis, start.input_names)

    def integers(self, circuit: Aig) -> NDArray[np.int64]:
        """Read a circuit's outputs on all rows as one word."""
        found = simulate_rows(self.narrowed(circuit), self.bits)
        weights = np.int64(1) << np.arange(circuit.num_pos, dtype=np.int64)
        if self.loss.signed:
            weights[-1:] *= -1
        return found @ weights

    def total_loss(self, circuit: Aig) -> float:
        """Simulate a circuit and add up the loss of the rows, apart from the editor."""
        loss, codes = self.loss, self.integers(circuit).astype(np.float64)
        if loss.name == "squared":
            return float((loss.weight * (codes - loss.low) ** 2).sum())
        return float(loss.weight[(codes < loss.low) | (codes > loss.high)].sum())


def table_rows(circuit: Aig, table: Table, encoding: Encoding | None = None) -> EditRows:
    """Encode a table for a circuit.

    Without an encoding the columns, all 0 or 1, are the circuit's inputs: matched by name if
    the names are the same, else in their order; and the target is the number that the outputs
    read, unsigned.

    Parameters
    ----------
    circuit : Aig
    table : Table
        With a target.
    encoding : Encoding, optional
        Of the circuit, with its output.

    Raises
    ------
    DataError, EncodingError
        If columns, values or classes don't fit.
    ArtifactError
        If circuit and encoding don't fit together.
    """
    if table.target is None:
        raise DataError(
            f"{table.source}: no target column was named.", remedy="Choose one with --target."
        )
    missing = np.flatnonzero(table.target.missing)
    if len(missing):
        place = table.place(table.target.name, missing[0])
        raise DataError(
            f"The target has no value at {place}.", remedy="Remove rows without a target."
        )
    if not table.n_rows:
        raise DataError(f"{table.source}: there are no rows.")
    if encoding is None:
        return _plain(circuit, table)
    output = checked_output(circuit, encoding)
    bits = encoding.encode_bits(replace(table, target=None))
    if output.task == "regression":
        values = _numbers(table)
        loss = squared_loss((values - output.offset) / output.scale)
        spread = float(((loss.low - loss.low.mean()) ** 2).sum())
        return EditRows(bits, loss, "R2", spread, data_record(table))
    return _classes(bits, _class_numbers(table, output), table, encoding)


def checked_output(circuit: Aig, encoding: Encoding) -> Output:
    """Return the meaning of a circuit's outputs.

    Raises
    ------
    ArtifactError
        If the encoding has none, or describes other inputs or outputs.
    """
    output = encoding.output
    if output is None:
        raise ArtifactError(
            "encoding.json doesn't say what the outputs mean.",
            remedy="Give the encoding.json of tetrakis fit.",
        )
    if (circuit.num_pis, circuit.num_pos) != (encoding.num_pis, encoding.num_pos):
        raise ArtifactError(
            f"encoding.json describes {encoding.num_pis} inputs and {encoding.num_pos} outputs,"
            f" the circuit has {circuit.num_pis} and {circuit.num_pos}.",
            remedy="Give the circuit and the encoding.json of the same folder.",
        )
    return output


def _classes(
    bits: Bits, labels: NDArray[np.int64], table: Table, encoding: Encoding | None = None
) -> EditRows:
    return EditRows(
        bits, classification_loss(labels), "accuracy", float(len(labels)), data_record(table),
        encoding=encoding,
    )  # fmt: skip


def _plain(circuit: Aig, table: Table) -> EditRows:
    if table.boolean and circuit.num_pos != 1:
        raise DataError(
            f"{table.source} has the values of one output, the circuit {circuit.num_pos} outputs.",
            remedy="Give a table whose target is the number that the outputs read.",
        )
    columns = table.columns
    if len(columns) != circuit.num_pis:
        raise DataError(
            f"{table.source} has {len(columns)} input columns, the circuit {circuit.num_pis}"
            " inputs.",
            remedy="Name the circuit's encoding.json with --encoding, or give its own inputs.",
        )
    if set(circuit.input_names) == set(table.names):
        columns = tuple(table.column(name) for name in circuit.input_names)
    for column in columns:
        bad = np.ones(table.n_rows, bool) if column.categories else column.values % 1 != 0
        bad |= (column.values != 0) & (column.values != 1)
        if bad.any():
            row = int(np.argmax(bad))
            raise DataError(
                f"Expected 0 or 1 at {table.place(column.name, row)}, got {column.texts()[row]}.",
                remedy="Name the circuit's encoding.json with --encoding.",
            )
    bits = np.stack([c.values for c in columns], axis=1) if columns else np.zeros((table.n_rows, 0))
    labels, most = _numbers(table), 2.0**circuit.num_pos - 1
    bad = (labels != np.rint(labels)) | (labels < 0) | (labels > most)
    if bad.any():
        row, name = int(np.argmax(bad)), table.target.name if table.target else ""
        raise DataError(
            f"Expected a class, a whole number from 0 to {most:g} (the circuit has"
            f" {circuit.num_pos} outputs), at {table.place(name, row)}, got {labels[row]:g}.",
            remedy="Number the classes from 0, or name the circuit's encoding.json with"
            " --encoding.",
        )
    return _classes(bits.astype(np.bool_), labels.astype(np.int64), table)


def _numbers(table: Table) -> NDArray[np.float64]:
    target = table.target
    assert target is not None
    if target.categories is not None:
        raise DataError(
            f"{table.source}: target {target.name!r} holds texts, the circuit gives numbers.",
            remedy="Choose another target, or name the circuit's encoding.json with --encoding.",
        )
    return np.asarray(target.values, np.float64)


def _class_numbers(table: Table, output: Output) -> NDArray[np.int64]:
    """Look up every row's class."""
    assert table.target is not None
    texts = table.target.texts()
    number = {text: k for k, text in enumerate(output.classes)}
    labels = np.array([number.get(text, -1) for text in texts], np.int64)
    if (labels < 0).any():
        row = int(np.argmax(labels < 0))
        raise DataError(
            f"Class {texts[row]!r} at {table.place(table.target.name, row)} is none of the"
            f" circuit's: {', '.join(output.classes)}."
        )
    return labels
