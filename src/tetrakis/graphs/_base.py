"""Base computation graphs: what a network is a lift of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Literal

from tetrakis.errors import GraphError

Kind = Literal["input", "hidden", "output"]
Activation = Literal["relu", "identity"]


@dataclass(frozen=True)
class Vertex:
    """A vertex of a base graph.

    Parameters
    ----------
    name : str
    kind : {"input", "hidden", "output"}
    activation : {"relu", "identity"}
        Of hidden vertices; inputs and outputs are identities.
    size : int, optional
        Number of scalars, for a vertex that a lift doesn't replicate. Outputs have 1 unless told,
        inputs their columns, hidden vertices None: as many copies as the lift gives them.
    columns : tuple of int
        Of the data, for an input: the scalars it stands for.

    Raises
    ------
    GraphError
        If the fields don't fit each other; the vertex is named.
    """

    name: str
    kind: Kind = "hidden"
    activation: Activation = "relu"
    size: int | None = None
    columns: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        say = f"vertex {self.name!r}"
        if self.kind not in ("input", "hidden", "output"):
            raise GraphError(f"{say}: expected kind input, hidden or output, got {self.kind!r}.")
        if self.activation not in ("relu", "identity"):
            raise GraphError(
                f"{say}: expected activation relu or identity, got {self.activation!r}."
            )
        columns = tuple(int(c) for c in self.columns)
        object.__setattr__(self, "columns", columns)
        if self.kind == "input":
            if not columns or min(columns) < 0 or len(set(columns)) < len(columns):
                raise GraphError(
                    f"{say}: expected an input to name different columns >= 0, got {columns}."
                )
            if self.size not in (None, len(columns)):
                raise GraphError(f"{say}: has {len(columns)} columns, but size {self.size}.")
            object.__setattr__(self, "size", len(columns))
        elif columns:
            raise GraphError(f"{say}: only inputs name columns of the data.")
        if self.kind == "output" and self.size is None:
            object.__setattr__(self, "size", 1)
        if self.kind != "hidden":
            object.__setattr__(self, "activation", "identity")
        if self.size is not None and not (isinstance(self.size, int) and self.size >= 1):
            raise GraphError(f"{say}: expected a size >= 1, got {self.size!r}.")

    @property
    def is_lifted(self) -> bool:
        """Whether a lift replicates it."""
        return self.size is None


@dataclass(frozen=True)
class Edge:
    """An edge between two vertices.

    Parameters
    ----------
    source, target : str
    skip : bool
        A connection of weight 1, copy to copy, that isn't a parameter; its target is an identity.
    """

    source: str
    target: str
    skip: bool = False


@dataclass(frozen=True)
class BaseGraph:
    """A directed acyclic graph of inputs, hidden types and outputs.

    Parameters
    ----------
    vertices : sequence of Vertex
        One is an output; `order` is topological and otherwise as given.
    edges : sequence of Edge, or of pairs of names

    Raises
    ------
    GraphError
        If a name is double or unknown, an edge is double, enters an input or leaves an output,
        there is a cycle, an output can't be reached from an input, or a hidden vertex has no
        parent or leads to no output; the vertex is named.

    References
    ----------
    [Robin24] for base graphs and their lifts; THEORY section 8.

    Examples
    --------
    >>> x, h, y = Vertex("x", "input", columns=(0, 1)), Vertex("h"), Vertex("y", "output")
    >>> BaseGraph((x, h, y), (("x", "h"), ("h", "y"))).parents("y")
    ('h',)
    """

    vertices: tuple[Vertex, ...]
    edges: tuple[Edge, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "vertices", tuple(self.vertices))
        object.__setattr__(self, "edges", tuple(_edge(e) for e in self.edges))
        _check_names(self)
        _check_edges(self)
        _check_order(self)
        _check_reach(self)

    @cached_property
    def by_name(self) -> dict[str, Vertex]:
        """Vertices by their names."""
        return {v.name: v for v in self.vertices}

    @cached_property
    def order(self) -> tuple[str, ...]:
        """Names, parents before children."""
        return _order(self)

    @property
    def inputs(self) -> tuple[Vertex, ...]:
        """Input vertices."""
        return tuple(v for v in self.vertices if v.kind == "input")

    @property
    def outputs(self) -> tuple[Vertex, ...]:
        """Output vertices; their scalars are the network's outputs, in order."""
        return tuple(v for v in self.vertices if v.kind == "output")

    @property
    def hidden(self) -> tuple[Vertex, ...]:
        """Hidden vertices."""
        return tuple(v for v in self.vertices if v.kind == "hidden")

    @property
    def n_inputs(self) -> int:
        """Columns of the data: one more than the largest that an input names."""
        return 1 + max(c for v in self.inputs for c in v.columns)

    @property
    def n_outputs(self) -> int:
        """Scalars of all outputs."""
        return sum(v.size or 1 for v in self.outputs)

    def parents(self, name: str) -> tuple[str, ...]:
        """List the sources of the edges that enter a vertex."""
        return tuple(e.source for e in self.edges if e.target == name)

    def children(self, name: str) -> tuple[str, ...]:
        """List the targets of the edges that leave a vertex."""
        return tuple(e.target for e in self.edges if e.source == name)


def _edge(value: Edge | tuple[str, str]) -> Edge:
    return value if isinstance(value, Edge) else Edge(*value)


def _check_names(graph: BaseGraph) -> None:
    seen: set[str] = set()
    for vertex in graph.vertices:
        if vertex.name in seen:
            raise GraphError(f"vertex {vertex.name!r}: there are two of that name.")
        seen.add(vertex.name)
    for kind in ("input", "output"):
        if not any(v.kind == kind for v in graph.vertices):
            raise GraphError(f"graph: expected an {kind} vertex, got none.")


def _check_edges(graph: BaseGraph) -> None:
    seen: set[tuple[str, str]] = set()
    for edge in graph.edges:
        for name in (edge.source, edge.target):
            if name not in graph.by_name:
                raise GraphError(f"edge {edge.source!r} -> {edge.target!r}: no vertex {name!r}.")
        if (edge.source, edge.target) in seen:
            raise GraphError(f"vertex {edge.target!r}: two edges from {edge.source!r}.")
        seen.add((edge.source, edge.target))
        source, target = graph.by_name[edge.source], graph.by_name[edge.target]
        if target.kind == "input":
            raise GraphError(f"vertex {target.name!r}: an edge enters this input.")
        if source.kind == "output":
            raise GraphError(f"vertex {source.name!r}: an edge leaves this output.")
        if edge.skip and (target.activation != "identity" or source.size != target.size):
            raise GraphError(
                f"vertex {target.name!r}: a skip edge needs an identity with as many copies as "
                f"{source.name!r}."
            )


def _order(graph: BaseGraph) -> tuple[str, ...]:
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for vertex in graph.vertices:
        sorter.add(vertex.name)
    for edge in graph.edges:
        sorter.add(edge.target, edge.source)
    return tuple(sorter.static_order())


def _check_order(graph: BaseGraph) -> None:
    try:
        _order(graph)
    except CycleError as error:
        names = " -> ".join(repr(name) for name in reversed(error.args[1]))
        raise GraphError(
            f"vertex {error.args[1][0]!r}: lies on the cycle {names}.",
            remedy="A computation graph has no cycles; remove one of these edges.",
        ) from None


def _check_reach(graph: BaseGraph) -> None:
    ahead = _reached(graph.edges, [v.name for v in graph.inputs])
    back = _reached(
        [Edge(e.target, e.source) for e in graph.edges], [v.name for v in graph.outputs]
    )
    for vertex in (*graph.outputs, *graph.hidden):
        if vertex.kind == "output" and vertex.name not in ahead:
            raise GraphError(f"vertex {vertex.name!r}: this output can't be reached from an input.")
        if vertex.kind == "hidden" and vertex.name not in ahead:
            raise GraphError(f"vertex {vertex.name!r}: can't be reached from an input.")
        if vertex.kind == "hidden" and vertex.name not in back:
            raise GraphError(f"vertex {vertex.name!r}: leads to no output.")


def _reached(edges: Iterable[Edge], starts: Iterable[str]) -> set[str]:
    """Vertices on a way from one of `starts`."""
    children: dict[str, list[str]] = {}
    for edge in edges:
        children.setdefault(edge.source, []).append(edge.target)
    found, todo = set(), list(starts)
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += children.get(name, [])
    return found
