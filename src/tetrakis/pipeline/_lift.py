"""A success curve for a table of data, with its pictures, in a folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tetrakis._files import atomic_file, growing_folder
from tetrakis.datasets import Table, check_target, class_labels
from tetrakis.encoding import CategoryColumn, fit_encoding
from tetrakis.errors import DataError
from tetrakis.graphs import BaseGraph, lift, named
from tetrakis.lifts import SuccessCurve, Training, recorded_trials, success_curve
from tetrakis.report import base_graph_figure, lift_figure, save_figure, success_figure

RECORD = "trials.jsonl"


def lift_table(
    table: Table,
    folder: str | os.PathLike[str],
    *,
    graph: str = "mlp:2",
    sizes: Sequence[int] = (4, 8, 16, 32, 64),
    trials: int = 40,
    loss: float = 0.1,
    in_degree: int | None = 4,
    input_degree: int | None = None,
    training: Training | None = None,
    delta: float = 0.05,
    seed: int = 0,
    jobs: int = 1,
    progress: Callable[[str, float], None] | None = None,
) -> SuccessCurve:
    """Measure how wide a lift must be on a table; write trials, pictures and a CSV file.

    Numeric columns and a numeric target are standardised, categories one-hot. A run that was
    interrupted goes on from the folder's trials.

    Parameters
    ----------
    table : Table
        With a target.
    folder : path
        Made if there is none.
    graph : str
        See `tetrakis.graphs.named`.
    sizes, trials, loss, in_degree, input_degree, delta, seed, jobs, progress
        See `tetrakis.lifts.success_curve`; `loss` is in units of the target's variance, or nats.
    training : Training, optional
        Its loss is set by the target.

    Raises
    ------
    DataError
        If the table can't be used: one class, no information, a missing value.
    GraphError, BudgetError, ArtifactError
        See `success_curve`.
    """
    X, y, kind, n_outputs = _arrays(table)
    base = named(graph, X.shape[1], n_outputs=n_outputs)
    plan = _with_loss(training, kind)
    with growing_folder(folder) as target:
        curve = success_curve(
            base, (X, y), sizes, trials, loss, in_degree=in_degree, input_degree=input_degree,
            training=plan, delta=delta, seed=seed, jobs=jobs, record=target / RECORD,
            progress=progress,
        )  # fmt: skip
        _write(curve, base, target, in_degree, input_degree, seed)
    return curve


def kept_trials(folder: str | os.PathLike[str]) -> int:
    """Count the trials that a folder holds the results of; 0 if it holds none."""
    return recorded_trials(Path(folder) / RECORD)


def _write(
    curve: SuccessCurve, base: BaseGraph, target: Path, in_degree: int | None,
    input_degree: int | None, seed: int,
) -> None:  # fmt: skip
    save_figure(success_figure(curve), target / "success")
    save_figure(base_graph_figure(base), target / "graph")
    rng = np.random.default_rng([seed, curve.sizes[0], 0])
    drawn = lift(base, curve.sizes[0], in_degree, rng, input_degree=input_degree)
    save_figure(lift_figure(drawn), target / "lift")
    with atomic_file(target / "success.csv") as file:
        rows = ["copies,edges,successes,trials,wilson_low,wilson_high"]
        rows += [
            f"{s},{e},{k},{n},{low:.6g},{high:.6g}"
            for s, e, k, n, (low, high) in zip(
                curve.sizes, curve.edges, curve.successes, curve.trials, curve.intervals,
                strict=True,
            )
        ]  # fmt: skip
        file.write_text("\n".join(rows) + "\n", encoding="utf-8")


def _with_loss(training: Training | None, kind: str) -> Training:
    return replace(training or Training(), loss=kind)  # type: ignore[arg-type]


def _arrays(table: Table) -> tuple[NDArray, NDArray, str, int]:
    """Standardised inputs, target, loss and number of outputs."""
    task = check_target(table)
    assert table.target is not None
    encoding = fit_encoding(table, bits=8)
    X = encoding.encode(table).astype(np.float64)  # refuses missing values; one-hot categories
    place = 0
    for spec in encoding.columns:
        if not isinstance(spec, CategoryColumn):
            X[:, place] = np.asarray(table.column(spec.name).values, np.float64)
        place += len(spec.words)
    spread = X.std(axis=0)
    X = (X - X.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    if task == "regression":
        values = np.asarray(table.target.values, np.float64)
        if not values.std() > 0:
            raise DataError(f"{table.source}: the target has one value only.")
        return X, (values - values.mean()) / values.std(), "squared", 1
    classes, labels = class_labels(table.target)
    if len(classes) < 2:
        raise DataError(f"{table.source}: expected two classes or more, got one class.")
    return X, labels, *(("logistic", 1) if len(classes) == 2 else ("softmax", len(classes)))
