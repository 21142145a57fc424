"""Base graphs to start from: layers, blocks, parallel parts, trees, local windows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise, product
from typing import Any

from tetrakis.errors import GraphError
from tetrakis.graphs._base import BaseGraph, Edge, Vertex

Tree = Any  # a column, or a sequence of trees


def mlp(n_inputs: int, depth: int = 2, *, n_outputs: int = 1) -> BaseGraph:
    """Build a chain of `depth` hidden types, the first reading all columns.

    Examples
    --------
    >>> [v.name for v in mlp(3, 2).vertices]
    ['x', 'h1', 'h2', 'y']
    """
    names = [f"h{k + 1}" for k in range(_count("depth", depth))]
    chain = [Edge(a, b) for a, b in pairwise(["x", *names, "y"])]
    return BaseGraph((_all(n_inputs), *map(Vertex, names), _out(n_outputs)), tuple(chain))


def residual(n_inputs: int, blocks: int = 2, *, n_outputs: int = 1) -> BaseGraph:
    """Build a stream of identities ``z`` to which every block adds relus that read it."""
    vertices = [_all(n_inputs), Vertex("z0", activation="identity")]
    edges = [Edge("x", "z0")]
    for k in range(1, _count("blocks", blocks) + 1):
        vertices += [Vertex(f"r{k}"), Vertex(f"z{k}", activation="identity")]
        edges += [
            Edge(f"z{k - 1}", f"r{k}"), Edge(f"r{k}", f"z{k}"), Edge(f"z{k - 1}", f"z{k}", True),
        ]  # fmt: skip
    edges.append(Edge(f"z{blocks}", "y"))
    return BaseGraph((*vertices, _out(n_outputs)), tuple(edges))


def parallel(n_inputs: int, parts: int = 2, depth: int = 2, *, n_outputs: int = 1) -> BaseGraph:
    """Build `parts` chains side by side, whose outputs are added ([Ergen23])."""
    vertices, edges = [_all(n_inputs)], []
    for part in range(1, _count("parts", parts) + 1):
        names = [f"h{part}_{k + 1}" for k in range(_count("depth", depth))]
        vertices += map(Vertex, names)
        edges += [Edge(a, b) for a, b in pairwise(["x", *names, "y"])]
    return BaseGraph((*vertices, _out(n_outputs)), tuple(edges))


def tree(structure: Tree, *, values: bool = True, n_outputs: int = 1) -> BaseGraph:
    """Build the graph of a composition of local functions.

    Parameters
    ----------
    structure : nested sequence of int
        ``((0, 1), (2, 3))`` is h(g(x0, x1), g'(x2, x3)). A node may have any number of children,
        each a column or a node; every node is a constituent function of its own.
    values : bool
        Every constituent but the last hands one number up (an identity vertex of size 1) that its
        relus make, as a composition does. Without, relus read the relus of their children.
    n_outputs : int

    Raises
    ------
    GraphError
        If a node is empty or no sequence of columns and nodes.

    References
    ----------
    [Poggio19]; THEORY section 9.

    Examples
    --------
    >>> tree(((0, 1), 2)).parents("g_r")
    ('g_0_v', 'x2')
    """
    vertices: list[Vertex] = []
    edges: list[Edge] = []
    if _is_column(structure):
        raise GraphError(f"tree: expected a node with children, got column {structure!r}.")
    top = _grow(structure, "g", vertices, edges, values)
    known = {v.name for v in vertices}
    columns = sorted({e.source for e in edges} - known, key=lambda name: int(name[1:]))
    inputs = [Vertex(name, "input", columns=(int(name[1:]),)) for name in columns]
    return BaseGraph((*inputs, *vertices, _out(n_outputs)), (*edges, Edge(top, "y")))


def _grow(node: Tree, name: str, vertices: list[Vertex], edges: list[Edge], values: bool) -> str:
    """Add a node's relus above its children; return the vertex that others read."""
    if isinstance(node, str) or not isinstance(node, Sequence) or not len(node):
        raise GraphError(
            f"tree: node {name!r}: expected a column >= 0 or a sequence of nodes, got {node!r}."
        )
    sources: list[str] = []
    for place, child in enumerate(node):
        if _is_column(child):
            sources.append(f"x{int(child)}")
            continue
        below = _grow(child, f"{name}_{place}", vertices, edges, values)
        if values:
            value = f"{name}_{place}_v"
            vertices.append(Vertex(value, activation="identity", size=1))
            edges.append(Edge(below, value))
            below = value
        sources.append(below)
    if len(set(sources)) < len(sources):
        raise GraphError(f"tree: node {name!r}: a column occurs twice among its children.")
    vertices.append(Vertex(f"{name}_r"))
    edges += [Edge(source, f"{name}_r") for source in sources]
    return f"{name}_r"


def _is_column(node: Tree) -> bool:
    if isinstance(node, bool) or not hasattr(node, "__index__"):
        return False
    if int(node) < 0:
        raise GraphError(f"tree: expected columns >= 0, got {node!r}.")
    return True


def binary_tree(n_inputs: int, *, values: bool = True, n_outputs: int = 1) -> BaseGraph:
    """Build the balanced binary tree over all columns, neighbours first."""
    return tree(balanced(range(_count("n_inputs", n_inputs, 2))), values=values,
                n_outputs=n_outputs)  # fmt: skip


def balanced(columns: Sequence[int]) -> Tree:
    """Nest columns into a balanced binary tree; the halves differ by one column at most.

    Examples
    --------
    >>> balanced([0, 1, 2])
    ((0, 1), 2)
    """
    if len(columns) == 1:
        return int(columns[0])
    half = (len(columns) + 1) // 2
    return balanced(columns[:half]), balanced(columns[half:])


def local_1d(n_inputs: int, window: int = 3, stride: int = 2, *, n_outputs: int = 1) -> BaseGraph:
    """Build layers of windows over a line, each window a type of its own (weights not shared).

    Every layer reads windows of the one below, until one window covers what is left.
    """
    return _local((n_inputs,), window, stride, n_outputs)


def local_2d(
    height: int, width: int, window: int = 3, stride: int = 2, *, n_outputs: int = 1
) -> BaseGraph:
    """Build layers of square windows over an image, as `local_1d`; columns are row by row."""
    return _local((height, width), window, stride, n_outputs)


def _local(shape: tuple[int, ...], window: int, stride: int, n_outputs: int) -> BaseGraph:
    for side in shape:
        _count("side", side)
    if not 1 <= _count("stride", stride) <= _count("window", window, 2):
        raise GraphError(f"local: expected a stride of 1 to the window {window}, got {stride}.")
    grid = {place: f"x{k}" for k, place in enumerate(product(*map(range, shape)))}
    vertices = [Vertex(name, "input", columns=(int(name[1:]),)) for name in grid.values()]
    edges: list[Edge] = []
    level = 0
    while level == 0 or any(side > 1 for side in shape):
        level += 1
        starts = [_starts(side, window, stride) for side in shape]
        above = {}
        for place in product(*(range(len(s)) for s in starts)):
            name = "_".join([f"l{level}", *map(str, place)])
            corner = [s[k] for s, k in zip(starts, place, strict=True)]
            spans = [range(a, min(a + window, side))
                     for a, side in zip(corner, shape, strict=True)]  # fmt: skip
            vertices.append(Vertex(name))
            edges += [Edge(grid[p], name) for p in product(*spans)]
            above[place] = name
        grid, shape = above, tuple(len(s) for s in starts)
    edges += [Edge(name, "y") for name in grid.values()]
    return BaseGraph((*vertices, _out(n_outputs)), tuple(edges))


def _starts(side: int, window: int, stride: int) -> list[int]:
    """Where windows start; the last ends at the border."""
    if side <= window:
        return [0]
    starts = list(range(0, side - window + 1, stride))
    if starts[-1] + window < side:
        starts.append(side - window)
    return starts


GRAPHS: dict[str, Callable[..., BaseGraph]] = {
    "mlp": mlp,
    "residual": residual,
    "parallel": parallel,
    "tree": lambda n, **more: binary_tree(n, values=False, **more),
    "local": lambda n, window=3, **more: local_1d(n, window, **more),
}


def named(text: str, n_inputs: int, *, n_outputs: int = 1) -> BaseGraph:
    """Build a graph from its name: ``mlp:DEPTH``, ``residual:BLOCKS``, ``parallel:PARTS``, ``tree``
    or ``local:WINDOW``; the number may be left out.

    Raises
    ------
    GraphError
        If there is no such graph.

    Examples
    --------
    >>> len(named("mlp:3", 2).hidden)
    3
    """
    name, colon, number = text.partition(":")
    numbers = number.isascii() and number.isdigit() and name != "tree"
    if name not in GRAPHS or (bool(colon) and not numbers):
        raise GraphError(
            f"graph: expected one of {', '.join(GRAPHS)}, with :NUMBER or not, got {text!r}."
        )
    more = (int(number),) if colon else ()
    return GRAPHS[name](n_inputs, *more, n_outputs=n_outputs)


def _count(name: str, value: int, least: int = 1) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < least:
        raise GraphError(f"{name}: expected a whole number >= {least}, got {value!r}.")
    return int(value)


def _all(n_inputs: int) -> Vertex:
    return Vertex("x", "input", columns=tuple(range(_count("n_inputs", n_inputs))))


def _out(n_outputs: int) -> Vertex:
    return Vertex("y", "output", size=_count("n_outputs", n_outputs))
