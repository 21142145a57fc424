"""Fix an encoding from training rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tetrakis.datasets import Column, Table, number_text, table_from_arrays
from tetrakis.encoding._columns import (
    MAX_BITS,
    BoxColumn,
    CategoryColumn,
    InputColumn,
    LevelsColumn,
)
from tetrakis.encoding._encoding import Encoding
from tetrakis.errors import DataError, EncodingError

MAX_CATEGORIES = 256
Impute = Literal["median", "mode"]


def fit_encoding(
    data: Table | ArrayLike,
    *,
    bits: int | ArrayLike = 4,
    levels: Mapping[str, ArrayLike] | None = None,
    impute: Impute | None = None,
    trim: float = 0.0,
    vocabulary: Table | None = None,
) -> Encoding:
    """Fix how columns become bits; only the rows of `data` are looked at.

    Parameters
    ----------
    data : Table, or array_like of shape (n, d)
        Training rows. Array columns are named ``x0``, ``x1``, ….
    bits : int or array_like of shape (d,)
        Bits per numeric column, 1 to 8; 0 leaves a column out. A column with two values takes
        one bit, a categorical column one per category, whatever `bits` says.
    levels : mapping from column name to thresholds, optional
        Strictly rising thresholds for columns that shall not have an even grid.
    impute : {"median", "mode"}, optional
        Fill missing values by the column's median or most frequent value (categories: always
        the most frequent); refuse them when left out.
    trim : float
        Share of a numeric column's values to leave outside its box at each end (they are clipped
        to it), so that a few outliers don't take up the grid.
    vocabulary : Table, optional
        Rows whose categories have bits as well, whether they occur in `data` or not.

    Notes
    -----
    A column of whole numbers that has at most ``2**bits`` steps keeps them exactly, on no more
    bits than they need.

    Raises
    ------
    DataError
        A missing value without `impute`, or no column carries information.
    EncodingError
        `bits` or `levels` make no sense.

    Examples
    --------
    >>> encoding = fit_encoding([[0.0, 5.0], [1.0, 7.0], [4.0, 5.0]], bits=2)
    >>> encoding.encode([[2.0, 7.0]])
    array([[2, 1]])
    """
    table = data if isinstance(data, Table) else table_from_arrays(data)
    if impute not in (None, "median", "mode"):
        raise EncodingError(f"impute: expected median or mode, got {impute!r}.")
    widths = _widths(bits, len(table.columns))
    thresholds = dict(levels or {})
    for name in thresholds:
        table.column(name)
    specs: list[InputColumn] = []
    dropped, notes = [], []
    for index, column in enumerate(table.columns):
        if widths[index] == 0:
            continue
        known = column
        if vocabulary is not None and column.categories is not None:
            known = vocabulary.column(column.name)
        reason = "" if table.boolean else _uninformative(known)
        if reason:
            dropped.append(column.name)
            notes.append(f"column {column.name!r} is left out: {reason}")
            continue
        fill = _fill(column, table, impute)
        if table.boolean:
            specs.append(BoxColumn(column.name, index, 0.0, 1.0, 1, _number(fill)))
        else:
            levels_here = thresholds.get(column.name)
            specs.append(_spec(known, index, int(widths[index]), levels_here, fill, trim))
    if not specs:
        why = f" ({'; '.join(notes[:4])})" if notes else ""
        raise DataError(
            f"{table.source}: no input column carries information{why}.",
            remedy="Add a column that differs between rows.",
        )
    return Encoding(
        tuple(specs), len(table.columns), dropped=tuple(dropped), impute=impute, notes=tuple(notes)
    )


def quantile_levels(values: ArrayLike, *, bits: int) -> NDArray[np.float64]:
    """Thresholds that split values into about equally frequent codes.

    Parameters
    ----------
    values : array_like of shape (n,)
        Training values; NaN is ignored.
    bits : int
        At most ``2**bits − 1`` thresholds are returned.

    Returns
    -------
    ndarray of float64
        Strictly rising values of the column, every one above its smallest value; empty for a
        constant column.
    """
    array = np.asarray(values, dtype=np.float64)
    array = array[~np.isnan(array)]
    if not len(array):
        return np.empty(0)
    shares = np.arange(1, 2**bits) / 2**bits
    thresholds = np.unique(np.quantile(array, shares, method="higher"))
    return thresholds[thresholds > array.min()]


def _widths(bits: int | ArrayLike, n_columns: int) -> NDArray[np.int64]:
    widths = np.asarray(bits)
    if widths.dtype.kind not in "iu" or widths.shape not in ((), (n_columns,)):
        raise EncodingError(
            f"bits: expected an integer or {n_columns} integers, got {widths.dtype} of shape"
            f" {widths.shape}."
        )
    if widths.size and not 0 <= widths.min() <= widths.max() <= MAX_BITS:
        raise EncodingError(f"bits: expected 0 to {MAX_BITS}, got {widths.min()}..{widths.max()}.")
    return np.broadcast_to(widths, (n_columns,)).astype(np.int64)


def _uninformative(column: Column) -> str:
    """Why a column can't help; empty when it can."""
    present = column.values[~column.missing]
    if not len(present):
        return "it has no values"
    if column.is_numeric:
        lo, hi = float(present.min()), float(present.max())
        if lo == hi:
            return f"it is {number_text(lo)} in every row"
        return "" if np.isfinite(hi - lo) else "its range is too wide for a float"
    distinct = len(np.unique(present))
    if distinct == 1:
        return "it has the same category in every row"
    return f"it has {distinct} categories" if distinct > MAX_CATEGORIES else ""


def _fill(column: Column, table: Table, impute: Impute | None) -> float | str | None:
    missing = column.missing
    if impute is None:
        if missing.any():
            row = int(np.flatnonzero(missing)[0])
            raise DataError(
                f"Missing value (or NaN) at {table.place(column.name, row)}; the column has"
                f" {missing.sum()}.",
                remedy="Fill them in, or use --impute median or --impute mode.",
            )
        return None
    present = column.values[~missing]
    if column.is_numeric and impute == "median":
        return float(np.median(present))
    values, counts = np.unique(present, return_counts=True)
    mode = values[np.argmax(counts)]
    return float(mode) if column.categories is None else column.categories[mode]


def _spec(
    column: Column,
    index: int,
    bits: int,
    levels: ArrayLike | None,
    fill: float | str | None,
    trim: float,
) -> InputColumn:
    if column.categories is not None:
        occurring = np.unique(column.values[~column.missing])
        categories = tuple(column.categories[k] for k in occurring)
        return CategoryColumn(column.name, index, categories, None if fill is None else str(fill))
    if levels is not None:
        steps = tuple(float(t) for t in np.asarray(levels, dtype=np.float64))
        return LevelsColumn(column.name, index, steps, _number(fill))
    lo, hi, width = _box(column.values[~column.missing], bits, trim)
    return BoxColumn(column.name, index, lo, hi, width, _number(fill))


def _box(values: NDArray[np.float64], bits: int, trim: float) -> tuple[float, float, int]:
    """Find the ends of the box and the bits for a numeric column."""
    distinct = np.unique(values)
    lo, hi = float(distinct[0]), float(distinct[-1])
    if len(distinct) == 2:
        return lo, hi, 1
    if hi - lo < 2**bits and np.all(distinct == np.rint(distinct)):
        width = int(hi - lo).bit_length()
        return lo, lo + 2**width - 1, width
    if trim > 0:
        low, high = (float(v) for v in np.quantile(values, [trim, 1 - trim]))
        if high > low:
            lo, hi = low, high
    return lo, hi, bits


def _number(fill: float | str | None) -> float | None:
    return None if fill is None else float(fill)
