"""Scores again, from rows that are at hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from tetrakis.circuit import Aig
from tetrakis.datasets import Table, read_table
from tetrakis.encoding import Encoding
from tetrakis.errors import ArtifactError, TetrakisError
from tetrakis.network import FixedPointResNet, ResNet
from tetrakis.pipeline._claims import unpack_guard_rows
from tetrakis.pipeline._data import data_record, run_circuit, score
from tetrakis.pipeline._gap import check_gap
from tetrakis.pipeline._occam_check import check_occam
from tetrakis.pipeline._verdict import Check, agree

_ROUNDING = 1e-9
_SOURCES = {
    "source": "the training rows",
    "validation_source": "the validation rows",
    "test_source": "the test rows",
}
Metrics = Mapping[str, Any]


def check_scores(
    metrics: Metrics, circuit: Aig | None, encoding: Encoding | None, table: Table | None,
    *, networks: tuple[ResNet | None, FixedPointResNet | None] = (None, None),
) -> Iterator[Check]:  # fmt: skip
    """Check every score whose rows are given or built in; list the others as unchecked."""
    if circuit is None or encoding is None or encoding.output is None:
        yield Check("scores", "unknown", "circuit.aig or encoding.json can't be read")
        return
    if table is not None:
        table = table.with_target(encoding.output.name)
    tables = _tables(metrics, table, encoding.output.name)
    for name, source, rows, reason in _claims(metrics):
        found = tables.get(source) if source else None
        if reason or found is None:
            why = reason or f"needs {_SOURCES[source]}: {_source_name(metrics, source)}"
            yield Check(name, "unchecked", why)
            continue
        part = found if rows is None else found.take(rows)
        yield _check(name, metrics, circuit, encoding, part, f"on {_SOURCES[source]}")
    rows, missing = _learnt_from(metrics, tables.get("source"))
    yield from check_occam(metrics.get("occam_bound"), circuit, encoding, rows, missing)
    yield from check_gap(metrics.get("global_gap"), *networks, encoding, rows, missing)
    if table is not None and not any(found is table for found in tables.values()):
        yield _strange(metrics, circuit, encoding, table)


def _learnt_from(metrics: Metrics, rows: Table | None) -> tuple[Table | None, str]:
    """Rows trained on, all of the source but the guard rows, and what to say if there are none."""
    missing = f"needs {_SOURCES['source']}: {_source_name(metrics, 'source')}"
    if rows is not None and metrics["guard_rows"] is not None:
        try:
            rows = rows.take(~unpack_guard_rows(metrics["guard_rows"], rows.n_rows))
        except ArtifactError as error:
            rows, missing = None, str(error)
    return rows, missing


def _claims(metrics: Metrics) -> Iterator[tuple[str, str, Any, str]]:
    """Claim, where its rows are, which of them (None: all), and why it can't be checked."""
    n_rows = int(metrics["source"]["rows"])
    packed = metrics["guard_rows"]
    try:
        guard = None if packed is None else unpack_guard_rows(packed, n_rows)
    except ArtifactError as error:
        for name in ("train_score", "held_out_score"):
            yield name, "", None, str(error)
        return
    if metrics["train_score"] is not None:
        yield "train_score", "source", None if guard is None else ~guard, ""
    if metrics["held_out_of"] != "circuit":
        reason = "a mean over circuits of other folds; it needs the training again"
        yield "held_out_score", "", None, reason
    elif guard is not None:
        yield "held_out_score", "source", guard, ""
    elif metrics["validation_source"] is not None:
        yield "held_out_score", "validation_source", None, ""
    else:
        yield "held_out_score", "", None, "which rows it was measured on wasn't recorded"
    if metrics["test_source"] is not None:
        yield "test_score", "test_source", None, ""
    elif metrics["test_score"] is not None:
        yield "test_score", "", None, "which rows it was measured on wasn't recorded"


def _tables(metrics: Metrics, given: Table | None, target: str) -> dict[str, Table]:
    """Rows by the source they were recognised as."""
    at_hand = [] if given is None else [given]
    for source in _SOURCES:
        record = metrics[source]
        if record is not None and str(record["name"]).startswith("builtin:"):
            try:
                at_hand.append(read_table(record["name"], target=target))
            except TetrakisError:
                continue  # the name was edited: its digest says so
    known = [(table, data_record(table).sha256) for table in at_hand]
    found: dict[str, Table] = {}
    for source in _SOURCES:
        sha = metrics[source] and metrics[source]["sha256"]
        for table, own in known:
            if sha == own:
                found.setdefault(source, table)
    return found


def _check(
    name: str, metrics: Metrics, circuit: Aig, encoding: Encoding, rows: Table, where: str
) -> Check:
    try:
        value = _score(circuit, encoding, rows)
    except TetrakisError as error:
        return Check(name, "refuted", f"the circuit doesn't run {where}: {error}")
    where = f"{where} ({rows.n_rows:,})"
    if not np.isfinite(value):
        return agree(name, metrics[name], None, where)
    return agree(name, metrics[name], value, where, rounding=_ROUNDING)


def _score(circuit: Aig, encoding: Encoding, rows: Table) -> float:
    assert encoding.output is not None
    target = rows.column(encoding.output.name)
    predictions = run_circuit(circuit, encoding, rows, unknown="ignore")
    return score(target, predictions, task=encoding.output.task)


def _strange(metrics: Metrics, circuit: Aig, encoding: Encoding, rows: Table) -> Check:
    value = _score(circuit, encoding, rows)
    return Check(
        rows.source,
        "unchecked",
        f"{metrics['score_name']} {value:.6g} on its {rows.n_rows:,} rows; these aren't rows of the"
        " fit, so no claim is about them",
    )


def _source_name(metrics: Metrics, source: str) -> str:
    record = metrics[source]
    return f"{record['name']}, {record['rows']:,} rows" if record else "not recorded"
