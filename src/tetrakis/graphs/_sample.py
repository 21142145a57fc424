"""Random parents."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_AT_ONCE = 2**22


def distinct(n: int, available: int, size: int, rng: np.random.Generator) -> NDArray[np.int32]:
    """Draw `n` sets of `size` different numbers below `available`, each uniform; sorted rows.

    Returns
    -------
    ndarray of int32, shape (n, size)
    """
    if 4 * size * size > available:  # repetitions would be common
        rows = max(1, _AT_ONCE // available)
        parts = [
            np.argsort(rng.random((min(rows, n - start), available)), axis=1)[:, :size]
            for start in range(0, n, rows)
        ]
        return np.sort(np.concatenate(parts), axis=1).astype(np.int32)
    drawn = np.sort(rng.integers(available, size=(n, size)), axis=1)
    while True:
        again = np.flatnonzero((np.diff(drawn, axis=1) == 0).any(axis=1))
        if not len(again):
            return drawn.astype(np.int32)
        drawn[again] = np.sort(rng.integers(available, size=(len(again), size)), axis=1)
