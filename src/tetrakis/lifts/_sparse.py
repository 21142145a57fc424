"""Sums over random parents and their gradients, by gathering only: time and memory follow edges.

The gradient with respect to the parents is a sum over children. It is gathered as well, along
lists of children sorted by their length: a scatter of rows costs three times as much on a CPU.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

_EXACT = 8
_UNROLL = 16


class Index(NamedTuple):
    """Parents of every copy, and the way back.

    Parameters
    ----------
    parents : ndarray of int32, shape (n_target, k)
    children : tuple of ndarray of int32, shapes (width, rows)
        Of the sources with about `width` children: numbers of weights; one past the last pads.
    place : ndarray of int32, shape (n_source,)
        Where a source's sum is among the concatenated rows.
    """

    parents: Any
    children: tuple[Any, ...]
    place: Any


def index_of(parents: NDArray[np.int32], n_source: int) -> Index:
    """Prepare many lifts of one shape; all arrays have the lift as their first axis.

    Parameters
    ----------
    parents : ndarray of int32, shape (n_lifts, n_target, k)
    n_source : int
    """
    n_lifts, n_target, k = parents.shape
    n_weights = n_target * k
    flat = parents.reshape(n_lifts, n_weights)
    degree = np.stack([np.bincount(row, minlength=n_source) for row in flat])
    ranks = np.argsort(-degree, axis=1, kind="stable")
    widest = np.take_along_axis(degree, ranks, axis=1).max(axis=0)
    order = np.argsort(flat, axis=1, kind="stable").astype(np.int32)
    first = np.concatenate([np.zeros((n_lifts, 1), np.int64), degree.cumsum(axis=1)], axis=1)
    children = []
    for start, stop, width in _buckets(widest):
        rows = ranks[:, start:stop]
        slot = np.arange(width)[None, :, None]
        wanted = np.take_along_axis(first, rows, axis=1)[:, None] + slot
        real = slot < np.take_along_axis(degree, rows, axis=1)[:, None]
        where = np.minimum(wanted, n_weights - 1).reshape(n_lifts, -1)
        found = np.take_along_axis(order, where, axis=1).reshape(real.shape)
        children.append(np.where(real, found, n_weights).astype(np.int32))
    place = np.argsort(ranks, axis=1).astype(np.int32)
    return Index(parents, tuple(children), place)


def _buckets(widest: NDArray[np.int64]) -> list[tuple[int, int, int]]:
    """Cut sources, most children first, where the number of children falls."""
    cuts: list[tuple[int, int, int]] = []
    start, n = 0, len(widest)
    coarse = n < 4096
    while start < n:
        width = int(widest[start])
        least = width // 2 if coarse else width - 1 if width <= _EXACT else int(0.8 * width)
        stop = int(np.searchsorted(-widest, -least, side="left")) if width else n
        stop = max(stop, start + 1)
        cuts.append((start, stop, width))
        start = stop
    return cuts


@jax.custom_vjp
def gather_sum(weights: Any, sources: Any, index: Index) -> Any:
    """Compute ``out[i] = Σ_j weights[i, j] · sources[parents[i, j]]``.

    Parameters
    ----------
    weights : array, shape (n_target, k)
    sources : array, shape (n_source, n_rows)
    index : Index
        Of one lift (use `jax.vmap` for many).

    Returns
    -------
    array, shape (n_target, n_rows)
    """
    return _summed(weights.T, index.parents.T, sources)


def _summed(weights: Any, rows: Any, sources: Any) -> Any:
    """Add ``weights[j][:, None] * sources[rows[j]]`` over j, a few at a time."""
    k = weights.shape[0]
    total = jnp.zeros((weights.shape[1], sources.shape[1]), sources.dtype)
    if k > _UNROLL:
        pad = -k % _UNROLL
        weights = jnp.pad(weights, ((0, pad), (0, 0))).reshape(-1, _UNROLL, weights.shape[1])
        rows = jnp.pad(rows, ((0, pad), (0, 0))).reshape(-1, _UNROLL, rows.shape[1])
        return jax.lax.scan(
            lambda carry, part: (carry + _summed(*part, sources), None), total, (weights, rows)
        )[0]
    for j in range(k):
        total = total + weights[j][:, None] * _taken(sources, rows[j])
    return total


def _taken(values: Any, rows: Any) -> Any:
    return values.at[rows].get(mode="promise_in_bounds")


def _forward(weights: Any, sources: Any, index: Index) -> Any:
    return gather_sum(weights, sources, index), (weights, sources, index)


def _backward(saved: Any, slope: Any) -> Any:
    weights, sources, index = saved
    k = weights.shape[1]
    flat = jnp.append(weights.ravel(), 0.0)
    parts = [
        _summed(_taken(flat, c), jnp.minimum(c // k, weights.shape[0] - 1), slope)
        for c in index.children
    ]
    down = _taken(jnp.concatenate(parts), index.place)
    columns = index.parents.T
    if k <= _UNROLL:
        own = jnp.stack([_dots(slope, _taken(sources, c)) for c in columns], axis=1)
    else:
        own = jax.lax.map(lambda c: _dots(slope, _taken(sources, c)), columns).T
    return own, down, None


def _dots(a: Any, b: Any) -> Any:
    """Multiply rows; halving the columns first lets the additions run side by side."""
    product = a * b
    while product.shape[1] > 16 and product.shape[1] % 2 == 0:
        half = product.shape[1] // 2
        product = product[:, :half] + product[:, half:]
    return product.sum(axis=1)


gather_sum.defvjp(_forward, _backward)
