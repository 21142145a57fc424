"""Task detection, target checks and built-in data."""

import numpy as np
import pytest

from tetrakis.datasets import (
    BUILTIN,
    Column,
    check_target,
    class_labels,
    detect_task,
    read_table,
    table_from_arrays,
)
from tetrakis.errors import DataError

ROWS = np.arange(20.0)[:, None]


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (["a", "b"] * 10, "classification"),
        ([0, 1] * 10, "classification"),
        ([-1.0, 1.0] * 10, "classification"),
        ([0.5, 1.5] * 10, "regression"),
        (range(20), "regression"),
        ([0, 1, 2, 3] * 5, "classification"),
    ],
)
def test_detect_task(values, task):
    table = table_from_arrays(ROWS, list(values))
    assert detect_task(table.target) == task
    assert check_target(table) == task


def test_class_labels_keep_order():
    classes, labels = class_labels(Column("y", [10, 2, 10]))
    assert classes == ("2", "10")
    np.testing.assert_array_equal(labels, [1, 0, 1])
    classes, labels = class_labels(Column("y", [2, 0, 2], ("b", "unused", "a")))
    assert classes == ("b", "a")
    np.testing.assert_array_equal(labels, [1, 0, 1])


@pytest.mark.parametrize(
    ("y", "task", "message"),
    [
        (None, None, "--target"),
        (["a"] * 20, None, "one class only"),
        ([7] * 20, "regression", "nothing to learn"),
        ([1.5] * 20, None, "nothing to learn"),
        (["a", "b"] * 10, "regression", "holds texts"),
        (range(20), "classification", "20 rows for 20 classes"),
        ([np.nan, *range(19)], None, r"no value at column 'target', row 1 .*Remove"),
        ([0, 1] * 10, "ranking", "task: expected"),
    ],
)
def test_bad_targets(y, task, message):
    table = table_from_arrays(ROWS, None if y is None else list(y))
    with pytest.raises(DataError, match=message):
        check_target(table, task)


@pytest.mark.parametrize("name", sorted(BUILTIN))
def test_builtin(name):
    table = read_table(f"builtin:{name}")
    task = check_target(table)
    assert task == ("regression" if name in ("friedman1", "diabetes") else "classification")
    assert table.source == f"builtin:{name}"
    assert all(len(column.values) == table.n_rows for column in table.columns)


def test_unknown_builtin():
    with pytest.raises(DataError, match="Did you mean builtin:digits"):
        read_table("builtin:digit")


def test_comparator_truth_table():
    table = read_table("builtin:comparator")
    bits = np.stack([c.values for c in table.columns], axis=1).astype(int)
    numbers = bits.reshape(-1, 2, 5) @ [16, 8, 4, 2, 1]
    np.testing.assert_array_equal(table.target.values, numbers[:, 0] > numbers[:, 1])
