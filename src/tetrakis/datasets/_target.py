"""What the target column asks for, and whether it can be learnt."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tetrakis.datasets._table import Column, Table, number_text
from tetrakis.errors import DataError

Task = Literal["classification", "regression"]
TASKS = ("classification", "regression")
_FEW = 20


def detect_task(target: Column) -> Task:
    """Tell classification from regression.

    Texts are classes, and so are few distinct whole numbers: at most 20, and at most one for
    every five rows (two are always few enough).
    """
    if not target.is_numeric:
        return "classification"
    distinct = np.unique(target.values[~target.missing])
    few = len(distinct) <= min(_FEW, max(2, len(target.values) // 5))
    return "classification" if few and np.all(distinct == np.rint(distinct)) else "regression"


def class_labels(target: Column) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Classes that occur and each row's class index.

    Returns
    -------
    classes : tuple of str
        Numbers in rising order, categories in the order of the column.
    labels : ndarray of int64, shape (n_rows,)
        Index into `classes`.
    """
    values, labels = np.unique(target.values, return_inverse=True)
    if target.categories is None:
        classes = tuple(number_text(v) for v in values)
    else:
        classes = tuple(target.categories[v] for v in values)
    return classes, labels.astype(np.int64)


def check_target(table: Table, task: str | None = None) -> Task:
    """Check that the target can be learnt; return the task, detected when it is not given.

    Raises
    ------
    DataError
        For a table without target or rows, missing target values, a target that doesn't fit the
        task, one class only, or fewer than two rows per class.
    """
    target = table.target
    if target is None:
        names = ", ".join(repr(n) for n in table.names[:12])
        raise DataError(
            f"{table.source}: no target column was named.",
            remedy=f"Choose one with --target. The columns are {names}.",
        )
    if task is not None and task not in TASKS:
        raise DataError(f"task: expected one of {', '.join(TASKS)}, got {task!r}.")
    missing = np.flatnonzero(target.missing)
    if len(missing):
        raise DataError(
            f"The target has no value at {table.place(target.name, missing[0])}"
            f" ({len(missing)} such rows).",
            remedy="Remove these rows: a missing target is never filled in.",
        )
    if table.n_rows < 2 or not table.columns:
        raise DataError(
            f"{table.source}: expected two rows and one input column at least,"
            f" got {table.n_rows} rows and {len(table.columns)} columns."
        )
    if task is None:
        task = detect_task(target)
    if task == "regression":
        _check_regression(table, target)
        return "regression"
    _check_classes(table, target)
    return "classification"


def _check_regression(table: Table, target: Column) -> None:
    if not target.is_numeric:
        raise DataError(
            f"{table.source}: target {target.name!r} holds texts, regression needs numbers.",
            remedy="Use --task classification, or choose another target.",
        )
    if np.ptp(target.values) == 0:
        raise DataError(
            f"{table.source}: target {target.name!r} is {number_text(target.values[0])} in every"
            " row; there is nothing to learn.",
            remedy="Choose another target.",
        )


def _check_classes(table: Table, target: Column) -> None:
    classes, _ = class_labels(target)
    if len(classes) < 2:
        raise DataError(
            f"{table.source}: target {target.name!r} has one class only ({classes[0]!r});"
            " there is nothing to learn.",
            remedy="Choose another target, or add rows of another class.",
        )
    if table.n_rows < 2 * len(classes):
        raise DataError(
            f"{table.source}: {table.n_rows} rows for {len(classes)} classes in target"
            f" {target.name!r}; at least two rows per class are needed.",
            remedy="If the target is a quantity, use --task regression; otherwise add rows.",
        )
