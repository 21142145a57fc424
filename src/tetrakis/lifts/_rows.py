"""Sums over random parents for large lifts on a CPU: compiled loops over rows, called from JAX.

XLA turns a gather of rows into scalar loads; these loops read a row at a time and take about half
as long. The gradient with respect to the sources is scattered row by row.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import numpy as np
from numba import njit


class Rows(NamedTuple):
    """Parents of every copy, int32 (n_target, k)."""

    parents: Any


@njit(cache=True, fastmath=True, nogil=True)
def _sum_rows(weights: Any, sources: Any, parents: Any, out: Any) -> None:
    for i in range(parents.shape[0]):
        for b in range(out.shape[1]):
            out[i, b] = 0.0
        for j in range(parents.shape[1]):
            row, weight = parents[i, j], weights[i, j]
            for b in range(out.shape[1]):
                out[i, b] += weight * sources[row, b]


@njit(cache=True, fastmath=True, nogil=True)
def _slopes(weights: Any, sources: Any, parents: Any, slope: Any, own: Any, down: Any) -> None:
    down[:] = 0.0
    for i in range(parents.shape[0]):
        for j in range(parents.shape[1]):
            row, weight = parents[i, j], weights[i, j]
            total = np.float32(0.0)
            for b in range(slope.shape[1]):
                total += slope[i, b] * sources[row, b]
                down[row, b] += weight * slope[i, b]
            own[i, j] = total


@jax.custom_vjp
def sum_rows(weights: Any, sources: Any, index: Rows) -> Any:
    """Compute ``out[i] = Σ_j weights[i, j] · sources[parents[i, j]]``, as `gather_sum` does.

    Parameters
    ----------
    weights : array of float32, shape (n_target, k)
    sources : array of float32, shape (n_source, n_rows)
    index : Rows
    """

    def call(weights: Any, sources: Any, parents: Any) -> Any:
        w, a, p = (np.asarray(v) for v in (weights, sources, parents))
        out = np.empty((len(w), a.shape[1]), np.float32)
        _sum_rows(w, a, p, out)
        return out

    shape = _shape((weights.shape[0], sources.shape[1]))
    return jax.pure_callback(call, shape, weights, sources, index.parents, vmap_method="sequential")


def _shape(sizes: tuple[int, ...]) -> Any:
    return jax.ShapeDtypeStruct(sizes, np.float32)  # type: ignore[no-untyped-call]


def _forward(weights: Any, sources: Any, index: Rows) -> Any:
    return sum_rows(weights, sources, index), (weights, sources, index)


def _backward(saved: Any, slope: Any) -> Any:
    weights, sources, index = saved

    def call(weights: Any, sources: Any, parents: Any, slope: Any) -> Any:
        w, a, p, g = (np.asarray(v) for v in (weights, sources, parents, slope))
        own, down = np.empty_like(w), np.empty_like(a)
        _slopes(w, a, p, g, own, down)
        return own, down

    shapes = (_shape(weights.shape), _shape(sources.shape))
    own, down = jax.pure_callback(
        call, shapes, weights, sources, index.parents, slope, vmap_method="sequential"
    )
    return own, down, None


sum_rows.defvjp(_forward, _backward)
