"""To and from networkx."""

from __future__ import annotations

from typing import Any

from tetrakis.errors import GraphError, MissingDependencyError
from tetrakis.graphs._base import BaseGraph, Edge, Vertex


def _networkx() -> Any:
    try:
        import networkx
    except ImportError:
        raise MissingDependencyError(
            "networkx is not installed.", remedy="Run: pip install 'tetrakis[graphs]'"
        ) from None
    return networkx


def to_networkx(graph: BaseGraph) -> Any:
    """Return a ``networkx.DiGraph`` with the fields of vertices and edges as attributes.

    Raises
    ------
    MissingDependencyError
        If networkx isn't installed.
    """
    result = _networkx().DiGraph()
    for v in graph.vertices:
        result.add_node(
            v.name, kind=v.kind, activation=v.activation, size=v.size, columns=v.columns
        )
    for e in graph.edges:
        result.add_edge(e.source, e.target, skip=e.skip)
    return result


def from_networkx(source: Any) -> BaseGraph:
    """Read a directed graph of networkx.

    Parameters
    ----------
    source : networkx.DiGraph
        Attributes of nodes: ``kind``, ``activation``, ``size``, ``columns``; of edges: ``skip``. A
        node without a kind is an input if nothing enters it, an output if nothing leaves it, else
        hidden; inputs without columns take the next one each.

    Raises
    ------
    GraphError
        If it isn't directed, two nodes have the same text, or `BaseGraph` refuses it.
    """
    if not source.is_directed() or source.is_multigraph():
        raise GraphError(f"networkx: expected a DiGraph, got a {type(source).__name__}.")
    vertices, taken = [], 0
    for node, given in source.nodes(data=True):
        guess = (
            "input" if not source.in_degree(node)
            else "output" if not source.out_degree(node) else "hidden"
        )  # fmt: skip
        fields = {k: v for k, v in given.items() if k in ("activation", "size", "columns")}
        kind = given.get("kind", guess)
        if kind == "input" and "columns" not in fields:
            fields["columns"] = tuple(range(taken, taken + (fields.get("size") or 1)))
        if kind == "input":
            taken = max(taken, 1 + max(fields["columns"], default=-1))
        vertices.append(Vertex(str(node), kind, **fields))
    edges = [
        Edge(str(u), str(v), bool(d.get("skip", False))) for u, v, d in source.edges(data=True)
    ]
    return BaseGraph(tuple(vertices), tuple(edges))
