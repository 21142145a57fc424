"""Lifts as functions of their weights, for gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from tetrakis.graphs import BaseGraph, Lift
from tetrakis.lifts._rows import Rows, sum_rows
from tetrakis.lifts._sparse import gather_sum, index_of

_DENSE = 16
_LARGE = 50_000

Loss = Literal["squared", "logistic", "softmax"]


class Params(NamedTuple):
    """Weights per edge and biases per vertex, float32."""

    weights: tuple[Any, ...]
    biases: tuple[Any, ...]


class Mask(NamedTuple):
    """Parents (n_target, k) of few sources: the weights are spread over a dense matrix."""

    parents: Any


def stacked(lifts: Sequence[Lift]) -> tuple[Params, tuple[Any, ...]]:
    """Stack the weights of lifts of one shape, and index their edges; lifts are the first axis.

    Edges that read everything have no index: they are dense products. Where a copy reads a
    sixteenth of the sources or more, the product is dense as well, with zeros. Single large lifts
    on a CPU take compiled loops.
    """
    first = lifts[0]
    weights = tuple(
        np.stack([net.weights[k] for net in lifts]).astype(np.float32)
        for k in range(len(first.weights))
    )
    biases = tuple(
        np.stack([net.biases[k] for net in lifts]).astype(np.float32)
        for k in range(len(first.biases))
    )
    index: list[Any] = []
    for k, edge in enumerate(first.graph.edges):
        drawn = [p for p in (net.parents[k] for net in lifts) if p is not None]
        n = first.counts[edge.source]
        dense = bool(drawn) and n <= _DENSE * drawn[0].shape[1]
        if not drawn:
            index.append(None)
        elif dense:
            index.append(Mask(np.stack(drawn)))
        elif len(lifts) == 1 and drawn[0].size >= _LARGE and jax.default_backend() == "cpu":
            index.append(Rows(drawn[0][None]))
        else:
            index.append(index_of(np.stack(drawn), n))
    return Params(weights, biases), tuple(index)


def outputs(graph: BaseGraph, params: Params, index: tuple[Any, ...], X: Any) -> Any:
    """Compute the outputs (n_outputs, n_rows) of one lift for inputs X (n_columns, n_rows)."""
    values: dict[str, Any] = {}
    biases = {v.name: b for v, b in zip(graph.vertices, params.biases, strict=True)}
    for name in graph.order:
        vertex = graph.by_name[name]
        if vertex.kind == "input":
            values[name] = X[np.asarray(vertex.columns)]
            continue
        total = biases[name][:, None] if biases[name].shape[0] else 0.0
        for k, edge in enumerate(graph.edges):
            if edge.target == name:
                source = values[edge.source]
                if edge.skip:
                    total = total + source
                elif index[k] is None:
                    total = total + params.weights[k] @ source
                elif isinstance(index[k], Mask):
                    total = total + _spread(params.weights[k], index[k].parents, source) @ source
                elif isinstance(index[k], Rows):
                    total = total + sum_rows(params.weights[k], source, index[k])
                else:
                    total = total + gather_sum(params.weights[k], source, index[k])
        values[name] = jax.nn.relu(total) if vertex.activation == "relu" else total
    return jnp.concatenate([values[v.name] for v in graph.outputs])


def _spread(weights: Any, parents: Any, source: Any) -> Any:
    """Put weights (n_target, k) where they belong in a matrix (n_target, n_source)."""
    rows = jnp.arange(weights.shape[0])[:, None]
    empty = jnp.zeros((weights.shape[0], source.shape[0]), weights.dtype)
    return empty.at[rows, parents].add(weights, mode="promise_in_bounds")


def mean_loss(loss: Loss, found: Any, target: Any) -> Any:
    """Compute the mean loss of outputs (n_outputs, n_rows).

    Squared: (f − y)² for targets (n_outputs, n_rows). Logistic: log(1 + e^{−yf}) for y of 0 and 1
    (n_rows,). Softmax: −log of the class's share for class indices (n_rows,).
    """
    if loss == "squared":
        return jnp.mean((found - target) ** 2)
    if loss == "logistic":
        return jnp.mean(jnp.logaddexp(0.0, jnp.where(target > 0, -found[0], found[0])))
    chosen = jnp.take_along_axis(found, target[None].astype(jnp.int32), axis=0)[0]
    return jnp.mean(jax.nn.logsumexp(found, axis=0) - chosen)


def number_of(values: Any) -> NDArray[np.float64]:
    """Return values of a device as float64."""
    return np.asarray(values, np.float64)
