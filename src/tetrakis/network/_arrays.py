"""Checked, canonical, read-only arrays: what every network is made of."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_array, issparse

from tetrakis.errors import NetworkError

#: Rows evaluated at once: keeps the stream of a wide network inside the cache.
ROWS_AT_ONCE = 4096


def _cast(values: np.ndarray, dtype: type, name: str, finite: bool) -> np.ndarray:
    """`values` as `dtype`, refusing any change of a number; −0 becomes +0."""
    if values.dtype.kind not in "biuf":
        raise NetworkError(f"{name}: expected numbers, got dtype {values.dtype}.")
    if dtype is np.float64:
        if np.isnan(values).any() or (finite and not np.isfinite(values).all()):
            raise NetworkError(f"{name}: expected finite numbers, got NaN or infinity.")
        return np.asarray(values, np.float64) + 0.0
    if values.dtype.kind == "f" and not (np.isfinite(values) & (np.abs(values) < 2.0**62)).all():
        raise NetworkError(f"{name}: expected integers below 2**62, got other numbers.")
    whole = values.astype(np.int64)
    if values.dtype.kind in "uf" and (whole != values).any():
        raise NetworkError(
            f"{name}: expected integers, got fractions.", remedy="Round the codes first."
        )
    return whole


def frozen_vector(
    values: Any, dtype: type, name: str, *, shape: tuple[int, ...], finite: bool = True
) -> np.ndarray:
    """Copy `values` into a read-only array of the given shape; a scalar is broadcast."""
    array = np.asarray(values)
    if array.ndim and array.shape != shape:
        raise NetworkError(f"{name}: expected shape {shape}, got {array.shape}.")
    array = np.array(np.broadcast_to(_cast(array, dtype, name, finite), shape))
    array.flags.writeable = False
    return array


def frozen_csr(
    values: Any, dtype: type, name: str, *, shape: tuple[int | None, int | None] = (None, None)
) -> csr_array:
    """Copy `values` into read-only CSR: columns sorted, duplicates added, zeros dropped.

    A matrix that this function made is returned as it is.
    """
    if not issparse(values):
        values = np.asarray(values)
        if values.ndim != 2:
            raise NetworkError(f"{name}: expected a matrix, got {values.ndim} dimensions.")
    for axis, expected in enumerate(shape):
        if expected is not None and values.shape[axis] != expected:
            raise NetworkError(
                f"{name}: expected {expected} {('rows', 'columns')[axis]}, got "
                f"{values.shape[axis]} (shape {tuple(values.shape)})."
            )
    if (
        isinstance(values, csr_array)
        and values.dtype == dtype
        and values.has_canonical_format
        and not values.data.flags.writeable
    ):
        return values
    frozen = _canonical(values, dtype, name)
    frozen.has_sorted_indices = True
    frozen.has_canonical_format = True
    for array in (frozen.data, frozen.indices, frozen.indptr):
        array.flags.writeable = False
    return frozen


def _canonical(values: Any, dtype: type, name: str) -> csr_array:
    """Copy into CSR of the given type with 32-bit indices, columns sorted, no zeros."""
    if isinstance(values, np.ndarray):
        cast = _cast(values, dtype, name, True)
        rows, columns = np.nonzero(cast)
        counts = np.bincount(rows, minlength=len(cast))
        indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
        data = cast[rows, columns]
        return csr_array((data, columns.astype(np.int32), indptr), shape=cast.shape)
    matrix = csr_array(values, copy=True)
    matrix.data = _cast(matrix.data, dtype, name, True)
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    matrix.data = np.ascontiguousarray(matrix.data)
    matrix.indices = matrix.indices.astype(np.int32)
    matrix.indptr = matrix.indptr.astype(np.int32)
    return matrix


def row_sums(matrix: csr_array, terms: np.ndarray) -> np.ndarray:
    """Sum the terms that belong to the stored entries of each row; shape (rows, ...)."""
    starts, ends = matrix.indptr[:-1], matrix.indptr[1:]
    sums = np.zeros((matrix.shape[0], *terms.shape[1:]), terms.dtype)
    some = np.flatnonzero(starts < ends)
    if len(some):
        sums[some] = np.add.reduceat(terms, starts[some], axis=0)
    return sums


def rows_of(matrix: csr_array) -> np.ndarray:
    """Row index of every stored entry, in storage order."""
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))


def with_data(matrix: csr_array, data: np.ndarray) -> csr_array:
    """Return a matrix with the stored positions of `matrix` and other entries."""
    return csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)
