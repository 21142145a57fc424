"""Put tables on top of each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tetrakis.datasets._table import Column, Table
from tetrakis.errors import DataError


def stack_tables(first: Table, second: Table) -> Table:
    """Append the rows of `second` to `first`; columns are matched by name.

    Raises
    ------
    DataError
        If `second` lacks a column, or one is numeric in one table and text in the other.
    """
    columns = tuple(_stack(c, second.column(c.name), second) for c in first.columns)
    target = first.target
    if target is not None:
        target = _stack(target, second.column(target.name), second)
    return replace(first, columns=columns, target=target, n_rows=first.n_rows + second.n_rows)


def _stack(a: Column, b: Column, table: Table) -> Column:
    if a.is_numeric != b.is_numeric:
        kinds = ["numbers" if c.is_numeric else "texts" for c in (a, b)]
        raise DataError(
            f"{table.source}: column {a.name!r} holds {kinds[1]}, in the training table {kinds[0]}."
        )
    values = np.asarray(b.values)
    categories = a.categories
    if categories is not None and b.categories is not None:
        categories += tuple(c for c in b.categories if c not in a.categories)  # type: ignore[operator]
        index = {c: i for i, c in enumerate(categories)}
        values = np.array([*(index[c] for c in b.categories), -1], np.int32)[values]
    return Column(a.name, np.concatenate([a.values, values]), categories)
