"""Which rows a claim speaks about, and the score on rows."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tetrakis.circuit import Aig, simulate_rows
from tetrakis.datasets import Column, Table
from tetrakis.encoding import Encoding
from tetrakis.errors import ArtifactError, EncodingError

ROWS_AT_ONCE = 1 << 15
Unknown = Literal["error", "ignore"]


@dataclass(frozen=True)
class DataRecord:
    """Enough to know a table again: its name, its number of rows and a hash of its values."""

    name: str
    rows: int
    sha256: str


def data_record(table: Table) -> DataRecord:
    """Record a table. The hash covers names and values in order, not where they were read from."""
    digest = hashlib.sha256()
    for column in [*table.columns, *([] if table.target is None else [table.target])]:
        digest.update(repr((column.name, column.categories, len(column.values))).encode())
        values = column.values
        if column.is_numeric:
            values = np.where(np.isnan(values), np.nan, values + 0.0)  # one NaN, no minus zero
        digest.update(np.ascontiguousarray(values, "<f8" if column.is_numeric else "<i4"))
    return DataRecord(table.source, table.n_rows, digest.hexdigest())


def run_circuit(
    circuit: Aig, encoding: Encoding, table: Table, *, unknown: Unknown = "error"
) -> NDArray:
    """Predict every row of a table with the circuit, some rows at a time.

    `unknown` says what to do with a category that the training rows didn't have.

    Returns
    -------
    ndarray, shape (n_rows,)
        Class texts (object) or float64 target values.

    Raises
    ------
    DataError, EncodingError
        If a column is missing or a value has no place in the encoding.
    ArtifactError
        If circuit and encoding don't fit together.
    """
    output = encoding.output
    if output is None or (circuit.num_pis, circuit.num_pos) != (encoding.num_pis, encoding.num_pos):
        raise ArtifactError(
            f"encoding.json describes {encoding.num_pis} inputs and {encoding.num_pos} outputs,"
            f" circuit.aig has {circuit.num_pis} and {circuit.num_pos}.",
            remedy="One of them was edited; run tetrakis fit again.",
        )
    needed = tuple(table.column(spec.name) for spec in encoding.columns)
    rows = replace(table, columns=needed, target=None)
    parts = []
    for start in range(0, table.n_rows, ROWS_AT_ONCE):
        part = rows.take(np.arange(start, min(start + ROWS_AT_ONCE, table.n_rows)))
        try:
            bits = encoding.encode_bits(part, unknown=unknown)
        except EncodingError:
            encoding.encode(rows, unknown=unknown)  # fails too, and counts rows from the first
            raise
        parts.append(output.predictions(simulate_rows(circuit, bits)))
    return np.concatenate(parts) if parts else output.predictions(np.zeros((0, output.bits), bool))


def score(target: Column, predictions: NDArray, *, task: str) -> float:
    """Score predictions: the share of right classes, or R² = 1 − SSE/SST (0 if SST is).

    Parameters
    ----------
    target : Column
        Without missing values.
    predictions : ndarray, shape (n,)
        As `run_circuit` gives them.
    task : {"classification", "regression"}
    """
    if task == "classification":
        return float(np.mean(target.texts() == predictions))
    truth = target.values.astype(np.float64)
    total = np.sum((truth - truth.mean()) ** 2)
    return float(1.0 - np.sum((truth - predictions) ** 2) / total) if total > 0 else 0.0
