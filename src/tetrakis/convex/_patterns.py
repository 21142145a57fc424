"""Activation patterns 1[X g ≥ 0]: sampled, or all of them, or only their number."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from typing import Any, Literal

import numpy as np

from tetrakis.convex._arrangement import cells, lines_of
from tetrakis.errors import BudgetError

#: Singular values below this times the largest one are rounding errors.
RANK_TOLERANCE = 1e-12


@dataclass(frozen=True, eq=False)
class Patterns:
    """Distinct activation patterns of rows X, each with a gate that causes it.

    Parameters
    ----------
    signs : ndarray of uint8, shape (P, n)
        ``signs[i, r]`` is 1 where ``X[r] @ gates[i] >= 0``.
    gates : ndarray, shape (P, d)
    complete : bool
        Whether these are all patterns of the rows.
    """

    signs: np.ndarray
    gates: np.ndarray
    complete: bool = False

    def __len__(self) -> int:
        return len(self.signs)


def patterns_of(X: np.ndarray, gates: np.ndarray) -> Patterns:
    """Collect the distinct patterns of `gates`, in order of first appearance."""
    signs = (gates @ X.T) >= 0
    packed = np.packbits(signs, axis=1)
    _, first = np.unique(packed.view(f"V{packed.shape[1]}"), return_index=True)
    first.sort()
    return Patterns(signs[first].view(np.uint8), gates[first])


def sample_patterns(
    X: Any,
    count: int,
    *,
    rng: np.random.Generator,
    method: Literal["gaussian", "data"] = "gaussian",
) -> Patterns:
    """Draw gates at random and keep the distinct patterns, at most `count`.

    Parameters
    ----------
    X : array_like, shape (n, d)
    count : int
        Number of gates drawn.
    rng : numpy.random.Generator
    method : {'gaussian', 'data'}
        Standard normal gates; or gates that are hyperplanes half-way between two random rows,
        tilted by a small normal vector, which separate the data more often.

    References
    ----------
    Gaussian sampling: Ergen & Pilanci; 'data' is ours.
    """
    X = np.asarray(X, dtype=np.float64)
    if count < 1:
        raise BudgetError(f"patterns: expected a number >= 1, got {count}.")
    gates = rng.standard_normal((count, X.shape[1]))
    if method == "data":
        a, b = X[rng.integers(len(X), size=(2, count))]
        scale = np.linalg.norm(a - b, axis=1, keepdims=True) / np.sqrt(X.shape[1])
        middle = (a + b) / 2
        gates = a - b + 0.1 * scale * gates
        square = np.maximum((middle**2).sum(axis=1, keepdims=True), 1e-300)
        gates -= middle * (middle * gates).sum(axis=1, keepdims=True) / square
    return patterns_of(X, gates)


def enumerate_patterns(X: Any) -> Patterns:
    """Find all activation patterns of rows of rank at most 3.

    Zero rows are on in every pattern; parallel rows share one hyperplane.

    Raises
    ------
    BudgetError
        If the rank of `X` exceeds 3.

    References
    ----------
    Ours: every cell of an arrangement of great circles has an arc on its boundary, and the arcs
    of one circle are found by sorting its crossings: O(n² log n) in all.
    """
    X = np.asarray(X, dtype=np.float64)
    reduced, basis = reduce_rank(X)
    if basis.shape[1] > 3:
        raise BudgetError(
            f"patterns: can enumerate all for rows of rank at most 3, got rank {basis.shape[1]}.",
            remedy="Use patterns='generate', or a number to sample.",
        )
    points = cells(lines_of(reduced))
    on = (points @ reduced.T) >= 0
    on |= ~X.any(axis=1)
    return Patterns(on.view(np.uint8), points @ basis.T, complete=True)


def reduce_rank(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return coordinates (n, r) of the rows in an orthonormal basis (d, r) of their span."""
    _, values, basis = np.linalg.svd(X, full_matrices=False)
    rank = int((values > RANK_TOLERANCE * max(values.max(initial=0.0), 1e-300)).sum())
    kept = np.ascontiguousarray(basis[:rank].T)
    return X @ kept, kept


def count_patterns(n_hyperplanes: int, rank: int) -> int:
    """Largest number of patterns: 2 Σ_{j<rank} C(n−1, j), reached in general position.

    References
    ----------
    T. M. Cover, 1965; THEORY section 7.1.
    """
    if n_hyperplanes == 0 or rank == 0:
        return 1
    return 2 * sum(comb(n_hyperplanes - 1, j) for j in range(rank))
