"""Ranges of every number in a network; also the exact integer ranges of fixed-point networks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from tetrakis.errors import NetworkError
from tetrakis.network._arrays import row_sums

#: No integer of a fixed-point network reaches this magnitude, partial sums included.
LIMIT = 2**62


@dataclass(frozen=True, eq=False)
class Ranges:
    """Lower and upper ends, shape (…, 2), of every number that occurs on the inputs' ranges.

    Parameters
    ----------
    inputs : ndarray, shape (n_inputs, 2)
    stream : tuple of ndarray, shapes (stream, 2)
        Entry l is the stream that block l reads; the last entry is what `read_out` reads.
    pre : tuple of ndarray, shapes (width, 2)
        Pre-activations of every block.
    units : tuple of ndarray, shapes (width, 2)
        Activations of every block.
    outputs : ndarray, shape (n_outputs, 2)
    """

    inputs: np.ndarray
    stream: tuple[np.ndarray, ...]
    pre: tuple[np.ndarray, ...]
    units: tuple[np.ndarray, ...]
    outputs: np.ndarray


def affine_range(matrix: csr_array, source: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Bound ``start + matrix @ v`` for ``v`` in `source`; `start` has shape (rows, 2)."""
    ends, data = source[matrix.indices], matrix.data[:, None]
    return start + row_sums(matrix, data * np.where(data > 0, ends, ends[:, ::-1]))


def integer_affine_range(
    matrix: csr_array, source: np.ndarray, start: np.ndarray, where: str
) -> np.ndarray:
    """Compute `affine_range` in exact int64.

    Raises
    ------
    NetworkError
        If a partial sum could reach 2**62.
    """
    # abs of a float copy: sums of at most 2**31 terms are relatively exact to far below 1e-6.
    largest = np.abs(source).max(axis=1).astype(np.float64)
    magnitude = row_sums(matrix, np.abs(matrix.data.astype(np.float64)) * largest[matrix.indices])
    magnitude = magnitude + np.abs(start).max(axis=1).astype(np.float64)
    if (magnitude * (1 + 1e-6) >= LIMIT).any():
        worst = int(np.argmax(magnitude))
        raise NetworkError(
            f"{where} {worst}: sums may reach {magnitude[worst]:.3g}, the limit is 2**62.",
            remedy="Use coarser exponents, larger shifts or fewer bits.",
        )
    return affine_range(matrix, source, start)
