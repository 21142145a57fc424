"""Whether a network is a lift of a base graph."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from tetrakis.errors import GraphError
from tetrakis.graphs._base import BaseGraph


def is_homomorphism(labels: ArrayLike, edges: ArrayLike, graph: BaseGraph) -> bool:
    """Whether mapping nodes to vertices maps every edge onto an edge of the base graph.

    Parameters
    ----------
    labels : array_like of int, shape (n_nodes,)
        Index of every node's vertex in ``graph.vertices``.
    edges : array_like of int, shape (n_edges, 2)
        Source and target node.
    graph : BaseGraph

    Raises
    ------
    GraphError
        If a label or node doesn't exist.

    References
    ----------
    THEORY section 8.
    """
    names = np.asarray(labels, np.int64)
    pairs = np.asarray(edges, np.int64).reshape(-1, 2)
    n = len(graph.vertices)
    if len(names) and not 0 <= names.min() <= names.max() < n:
        raise GraphError(f"labels: expected indices of {n} vertices.")
    if len(pairs) and not 0 <= pairs.min() <= pairs.max() < len(names):
        raise GraphError(f"edges: expected nodes below {len(names)}.")
    place = {v.name: k for k, v in enumerate(graph.vertices)}
    known = [place[e.source] * n + place[e.target] for e in graph.edges]
    return bool(np.isin(names[pairs[:, 0]] * n + names[pairs[:, 1]], known).all())
