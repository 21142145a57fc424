"""An immutable table: numeric and categorical columns, perhaps with a target."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tetrakis.errors import DataError


@dataclass(frozen=True, eq=False)
class Column:
    """One column of a table.

    Parameters
    ----------
    name : str
        From the header.
    values : ndarray of shape (n_rows,)
        Numeric column: float64, NaN where a value is missing. Categorical column: int32 indices
        into `categories`, −1 where a value is missing. Not writeable.
    categories : tuple of str, optional
        The texts that occur; None for a numeric column.
    """

    name: str
    values: NDArray
    categories: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        dtype = np.float64 if self.categories is None else np.int32
        values = np.array(self.values, dtype=dtype)
        values.setflags(write=False)
        object.__setattr__(self, "values", values)

    @property
    def is_numeric(self) -> bool:
        """Whether the values are numbers."""
        return self.categories is None

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Mask of the rows without a value, shape (n_rows,)."""
        return np.isnan(self.values) if self.is_numeric else self.values < 0

    def texts(self) -> NDArray[np.object_]:
        """Values as texts, None where missing; whole numbers are written without a point."""
        if self.categories is not None:
            return np.array([*self.categories, None], dtype=object)[self.values]
        unique, inverse = np.unique(self.values, return_inverse=True)
        texts = [None if np.isnan(v) else number_text(v) for v in unique]
        return np.array(texts, dtype=object)[inverse]


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of data with named columns.

    Parameters
    ----------
    columns : tuple of Column
        The inputs, in the order of the file.
    target : Column, optional
        What is to be predicted.
    source : str
        Where the table came from: a file name or ``builtin:NAME``.
    n_rows : int
        Number of rows.
    boolean : bool
        Whether the columns are the 0/1 inputs of a Boolean function (Espresso PLA); all of them
        become circuit inputs, in order.
    notes : tuple of str
        What the reader wants a person to know.
    """

    columns: tuple[Column, ...]
    target: Column | None = None
    source: str = "table"
    n_rows: int = 0
    boolean: bool = False
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the input columns."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """Find a column by its name, the target included.

        Raises
        ------
        DataError
            If there is none; the message suggests the closest names.
        """
        every = [*self.columns, *([] if self.target is None else [self.target])]
        for column in every:
            if column.name == name:
                return column
        raise missing_column(name, [c.name for c in every], self.source)

    def with_target(self, name: str | None) -> Table:
        """Make the column `name` the target; the old target, if any, becomes an input."""
        if name is None or (self.target is not None and self.target.name == name):
            return self
        target = self.column(name)
        columns = [c for c in self.columns if c.name != name]
        if self.target is not None:
            columns.append(self.target)
        return replace(self, columns=tuple(columns), target=target)

    def take(self, rows: ArrayLike) -> Table:
        """Select rows by index or mask; categories keep their indices."""
        rows = np.asarray(rows)
        if rows.dtype == bool:
            rows = np.flatnonzero(rows)
        columns = tuple(replace(c, values=c.values[rows]) for c in self.columns)
        target = self.target and replace(self.target, values=self.target.values[rows])
        return replace(self, columns=columns, target=target, n_rows=len(rows))

    def place(self, column: str, row: int) -> str:
        """Say where a value stands; `row` counts from 0, the text counts from 1."""
        return f"column {column!r}, row {row + 1} (the header not counted) of {self.source}"


def number_text(value: float) -> str:
    """Write a number in the shortest way that reads back equal: 3.0 as ``3``."""
    value = float(value)
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)


def missing_column(name: str, names: Sequence[str], source: str) -> DataError:
    """Compose the error for a column that isn't there, with the closest names."""
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    if not close:
        by_lower = {n.lower(): n for n in names}
        close = [by_lower[name.lower()]] if name.lower() in by_lower else []
    shown = ", ".join(repr(n) for n in (close or list(names)[:12]))
    more = "" if close or len(names) <= 12 else f", … ({len(names)} in all)"
    remedy = f"Did you mean {shown}?" if close else f"Its columns are {shown}{more}."
    return DataError(f"{source} has no column {name!r}.", remedy=remedy)


def table_from_arrays(
    X: ArrayLike, y: ArrayLike | None = None, *, names: Sequence[str] = (), source: str = "array"
) -> Table:
    """Make a table of numeric columns from a matrix.

    Parameters
    ----------
    X : array_like of shape (n_rows, n_columns)
        Numbers; NaN is a missing value.
    y : array_like of shape (n_rows,), optional
        Numbers or texts.
    names : sequence of str
        Column names; ``x0``, ``x1``, … when left out.
    source : str
        For messages.
    """
    X = np.asarray(X, dtype=np.float64)
    names = list(names) or [f"x{j}" for j in range(X.shape[1])]
    columns = tuple(Column(name, X[:, j]) for j, name in enumerate(names))
    target = None
    if y is not None:
        y = np.asarray(y)
        if y.dtype.kind in "biuf":
            target = Column("target", y)
        else:
            categories, codes = np.unique(y.astype(str), return_inverse=True)
            target = Column("target", codes, tuple(str(c) for c in categories))
    return Table(columns, target, source, len(X))
