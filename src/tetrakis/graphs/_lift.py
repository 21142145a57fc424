"""Random sparse lifts: copies of the hidden types of a base graph, with random parents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tetrakis.errors import GraphError
from tetrakis.graphs._base import BaseGraph, Edge
from tetrakis.graphs._sample import distinct

_BIAS = 0.3


@dataclass(frozen=True, eq=False)
class Lift:
    """A lift of a base graph with its weights.

    Copy i of vertex v is relu(b_v[i] + Σ_edges Σ_j w[i, j] a_u[parents[i, j]]), without the relu
    for identities and outputs and without a bias for hidden identities.

    Parameters
    ----------
    graph : BaseGraph
    counts : dict from vertex name to int
        Scalars of every vertex.
    parents : tuple of ndarray of int32 or None, shapes (counts[target], k)
        Per edge of the graph: which copies of its source every copy of its target reads. None reads
        them all; for a skip edge, copy i reads copy i.
    weights : tuple of ndarray, shapes (counts[target], k)
        Per edge; a skip edge has none: shape (counts[target], 0).
    biases : tuple of ndarray
        Per vertex: (counts[vertex],), or (0,) for inputs and hidden identities.
    """

    graph: BaseGraph
    counts: dict[str, int]
    parents: tuple[NDArray[np.int32] | None, ...]
    weights: tuple[NDArray[np.float64], ...]
    biases: tuple[NDArray[np.float64], ...]

    @property
    def n_edges(self) -> int:
        """Edges with a weight."""
        return sum(w.size for w in self.weights)

    @property
    def n_parameters(self) -> int:
        """Weights and biases."""
        return self.n_edges + sum(b.size for b in self.biases)

    @cached_property
    def starts(self) -> dict[str, int]:
        """Number of every vertex's first node, when all nodes are numbered vertex by vertex."""
        names = [v.name for v in self.graph.vertices]
        ends = np.cumsum([0, *(self.counts[n] for n in names)])
        return {name: int(start) for name, start in zip(names, ends, strict=False)}

    @property
    def labels(self) -> NDArray[np.int64]:
        """Map every node to the index of its vertex in the base graph: the homomorphism."""
        sizes = [self.counts[v.name] for v in self.graph.vertices]
        return np.repeat(np.arange(len(sizes)), sizes)

    def edges(self) -> NDArray[np.int64]:
        """Pairs (source node, target node), shape (number of edges, 2), skips included."""
        found = [
            np.stack([self.starts[e.source] + u, self.starts[e.target] + v], axis=1)
            for e, (v, u) in zip(self.graph.edges, self._pairs(), strict=True)
        ]
        return np.concatenate(found) if found else np.zeros((0, 2), np.int64)

    def _pairs(self) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        return [self.pairs(k) for k in range(len(self.graph.edges))]

    def pairs(self, k: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give (copy of the target, copy of the source) of every weight of edge `k`, row by row."""
        edge, parents = self.graph.edges[k], self.parents[k]
        n = self.counts[edge.target]
        if edge.skip:
            return np.arange(n), np.arange(n)
        if parents is None:
            m = self.counts[edge.source]
            return np.repeat(np.arange(n), m), np.tile(np.arange(m), n)
        return np.repeat(np.arange(n), parents.shape[1]), parents.ravel().astype(np.int64)

    def with_weights(self, weights: Any, biases: Any) -> Lift:
        """Return the same structure with other numbers, in the same shapes."""
        given = [np.asarray(v, np.float64) for v in (*weights, *biases)]
        n = len(self.weights)
        old = [*self.weights, *self.biases]
        if len(given) != len(old) or any(
            a.shape != b.shape for a, b in zip(given, old, strict=True)
        ):
            raise GraphError("lift: expected weights and biases of the lift's own shapes.")
        return replace(self, weights=tuple(given[:n]), biases=tuple(given[n:]))


def lift(
    graph: BaseGraph,
    copies: int | Mapping[str, int],
    in_degree: int | None,
    rng: np.random.Generator,
    *,
    input_degree: int | None = None,
) -> Lift:
    """Draw a random sparse lift.

    Parameters
    ----------
    graph : BaseGraph
    copies : int, or mapping from vertex name to int
        Copies of every hidden type without a size of its own.
    in_degree : int or None
        Parents that a copy draws, without repetition, for every base edge between two types that
        are replicated. None reads all copies. Edges from or into vertices that aren't replicated
        (outputs, vertices with a size) read everything.
    rng : numpy.random.Generator
    input_degree : int, optional
        Columns that a copy draws of every input; all when left out.

    Returns
    -------
    Lift
        Weights are normal with variance 2/fan-in into relus and 1/fan-in elsewhere, biases of
        relus normal with standard deviation 0.3, those of outputs zero.

    Raises
    ------
    GraphError
        If a number of copies is missing or below 1, or a degree exceeds the parents available; the
        vertex is named.

    References
    ----------
    [Robin24]; THEORY section 8. The distribution of the weights is ours.

    Examples
    --------
    >>> from tetrakis.graphs import mlp
    >>> net = lift(mlp(3, 2), 10, 4, np.random.default_rng(0))
    >>> [w.shape for w in net.weights]
    [(10, 3), (10, 4), (1, 10)]
    """
    counts = _counts(graph, copies)
    for name, degree in (("in_degree", in_degree), ("input_degree", input_degree)):
        if degree is not None and (isinstance(degree, bool) or not degree >= 1):
            raise GraphError(f"{name}: expected a whole number >= 1 or None, got {degree!r}.")
    parents = []
    for edge in graph.edges:
        size = _degree(graph, edge, counts, in_degree, input_degree)
        whole = edge.skip or size == counts[edge.source]
        n = counts[edge.target]
        parents.append(None if whole else distinct(n, counts[edge.source], size, rng))
    weights, biases = _weights(graph, counts, parents, rng)
    return Lift(graph, counts, tuple(parents), weights, biases)


def _counts(graph: BaseGraph, copies: int | Mapping[str, int]) -> dict[str, int]:
    given = copies if isinstance(copies, Mapping) else None
    if given is not None:
        for name in given:
            if name not in graph.by_name or not graph.by_name[name].is_lifted:
                raise GraphError(f"copies: vertex {name!r} isn't one that a lift replicates.")
    counts = {}
    for v in graph.vertices:
        if v.size is not None:
            counts[v.name] = v.size
            continue
        if given is not None and v.name not in given:
            raise GraphError(f"copies: vertex {v.name!r} has no number of copies.")
        count: Any = copies if given is None else given[v.name]
        if isinstance(count, bool) or not hasattr(count, "__index__") or count < 1:
            raise GraphError(
                f"copies: vertex {v.name!r}: expected a whole number >= 1, got {count!r}."
            )
        counts[v.name] = int(count)
    for edge in graph.edges:
        if edge.skip and counts[edge.source] != counts[edge.target]:
            raise GraphError(
                f"copies: vertex {edge.target!r} has {counts[edge.target]} copies, but the skip "
                f"edge from {edge.source!r} brings {counts[edge.source]}."
            )
    return counts


def _degree(
    graph: BaseGraph, edge: Edge, counts: dict[str, int], in_degree: int | None,
    input_degree: int | None,
) -> int:  # fmt: skip
    source, target = graph.by_name[edge.source], graph.by_name[edge.target]
    available = counts[edge.source]
    inner = source.is_lifted and target.is_lifted
    outer = source.kind == "input" and target.is_lifted
    name, wanted = ("in_degree", in_degree) if inner else ("input_degree", input_degree)
    if wanted is None or not (inner or outer):
        return available
    if outer and available == 1:
        return 1
    if wanted > available:
        raise GraphError(
            f"vertex {edge.target!r}: {name} {wanted} is larger than the {available} parents "
            f"available among the copies of {edge.source!r}.",
            remedy="Use more copies or a smaller degree.",
        )
    return int(wanted)


def _weights(
    graph: BaseGraph, counts: dict[str, int], parents: list[Any], rng: np.random.Generator
) -> tuple[tuple[NDArray, ...], tuple[NDArray, ...]]:
    sizes = [
        0 if e.skip else counts[e.source] if p is None else p.shape[1]
        for e, p in zip(graph.edges, parents, strict=True)
    ]
    fan = dict.fromkeys(counts, 0)
    for edge, size in zip(graph.edges, sizes, strict=True):
        fan[edge.target] += size
    weights = []
    for edge, size in zip(graph.edges, sizes, strict=True):
        gain = 2.0 if graph.by_name[edge.target].activation == "relu" else 1.0
        deviation = np.sqrt(gain / max(fan[edge.target], 1))
        weights.append(rng.normal(0.0, deviation, (counts[edge.target], size)))
    biases = [
        rng.normal(0.0, _BIAS, counts[v.name]) if v.activation == "relu"
        else np.zeros(counts[v.name] if v.kind == "output" else 0)
        for v in graph.vertices
    ]  # fmt: skip
    return tuple(weights), tuple(biases)
