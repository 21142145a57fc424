"""Identities of a lift as relus, so that what they hand on can be rounded to few bits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tetrakis.graphs import BaseGraph, Lift


def values_as_relus(lift: Lift, X: NDArray[np.float64]) -> Lift:
    """Turn identities that relus feed into relus of the value less its least value on rows.

    The function stays the same wherever no value falls below that. Identities at a skip edge, or
    that read inputs or identities, stay.

    Parameters
    ----------
    lift : Lift
    X : ndarray, shape (n, n_columns)
        In the units of the lift.
    """
    graph = lift.graph
    chosen = {v.name for v in graph.hidden if v.activation == "identity" and _plain(graph, v.name)}
    if not chosen:
        return lift
    values = lift_values(lift, X)
    least = {name: values[name].min(axis=1) for name in chosen}
    biases = {v.name: b.copy() for v, b in zip(graph.vertices, lift.biases, strict=True)}
    for k, edge in enumerate(graph.edges):
        if edge.source in chosen:
            rows, columns = lift.pairs(k)
            if edge.target not in chosen:
                np.add.at(
                    biases[edge.target], rows, lift.weights[k].ravel() * least[edge.source][columns]
                )
    for name in chosen:
        biases[name] = -least[name]
    vertices = tuple(
        replace(v, activation="relu") if v.name in chosen else v for v in graph.vertices
    )
    return Lift(
        BaseGraph(vertices, graph.edges), lift.counts, lift.parents, lift.weights,
        tuple(biases[v.name] for v in vertices),
    )  # fmt: skip


def _plain(graph: BaseGraph, name: str) -> bool:
    """Whether relus alone feed an identity, and relus or outputs alone read it, without skips."""
    for edge in graph.edges:
        source, target = graph.by_name[edge.source], graph.by_name[edge.target]
        if edge.target == name and (edge.skip or source.activation != "relu"):
            return False
        reads = target.activation == "relu" or target.kind == "output"
        if edge.source == name and (edge.skip or not reads):
            return False
    return True


def lift_values(lift: Lift, X: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Compute the values of every vertex, shapes (copies, n), for rows (n, n_columns)."""
    graph, rows, own = lift.graph, np.asarray(X, np.float64), _own(lift)
    values = {v.name: rows[:, list(v.columns)].T for v in graph.inputs}
    for name in graph.order:
        if name not in values:
            values[name] = _value(lift, own[name], values)
    return values


def values_from(
    lift: Lift, given: Mapping[str, NDArray[np.float64]], name: str
) -> NDArray[np.float64]:
    """Compute the values of one vertex, shape (copies, n), from those of vertices above it.

    Parameters
    ----------
    lift : Lift
    given : dict from vertex name to ndarray, shape (copies, n)
    name : str
        Every way up from it leads to a vertex that is given.
    """
    graph, own = lift.graph, _own(lift)
    values, needed = dict(given), {name}
    for vertex in reversed(graph.order):
        if vertex in needed and vertex not in values:
            needed.update(graph.edges[k].source for k in own[vertex][1])
    for vertex in graph.order:
        if vertex in needed and vertex not in values:
            values[vertex] = _value(lift, own[vertex], values)
    return values[name]


def _own(lift: Lift) -> dict[str, tuple[int, list[int]]]:
    """Place and incoming edges of every vertex."""
    found = {v.name: (place, list[int]()) for place, v in enumerate(lift.graph.vertices)}
    for k, edge in enumerate(lift.graph.edges):
        found[edge.target][1].append(k)
    return found


def _value(
    lift: Lift, own: tuple[int, list[int]], values: Mapping[str, NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Compute a vertex from its parents."""
    place, edges = own
    biases = lift.biases[place]
    sent = [_sent(lift, k, values[lift.graph.edges[k].source]) for k in edges]
    total = np.sum(sent, axis=0) + (biases[:, None] if len(biases) else 0.0)
    return np.maximum(total, 0.0) if lift.graph.vertices[place].activation == "relu" else total


def _sent(lift: Lift, k: int, source: NDArray[np.float64]) -> NDArray[np.float64]:
    parents = lift.parents[k]
    if lift.graph.edges[k].skip:
        return source
    if parents is None:
        return lift.weights[k] @ source
    columns = zip(lift.weights[k].T, parents.T, strict=True)
    return np.asarray(sum(w[:, None] * source[p] for w, p in columns))
