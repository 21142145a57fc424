"""A network as a graph that can be drawn: inputs, units, outputs and what joins them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array

from tetrakis.measures import backward_bounds, forward_bounds, influence
from tetrakis.network import Block, FixedPointResNet, ResNet, TableBlock

Node = tuple[str, int]


@dataclass(frozen=True)
class Edge:
    """A weight between two nodes; `importance` is |w| ā L̄."""

    source: Node
    target: Node
    weight: float
    importance: float


@dataclass(frozen=True)
class Diagram:
    """Nodes by column, left to right, and the edges between them.

    Parameters
    ----------
    columns : tuple of tuples of Node
        ``("input", i)``, ``("unit", j)`` counted over all blocks, ``("output", k)``; from top
        to bottom.
    edges : tuple of Edge
        The most important one last.
    total : int
        Number of edges before small ones were left out.
    tables : frozenset of int
        The units that are tables.
    """

    columns: tuple[tuple[Node, ...], ...]
    edges: tuple[Edge, ...]
    total: int
    tables: frozenset[int] = frozenset()


def diagram(network: ResNet | FixedPointResNet, *, max_edges: int = 200) -> Diagram:
    """Lay a network out as a graph.

    A stream coordinate is no node: what is written to it is joined to what reads it, with the
    product of the weights. A unit that hands one non-negative input on unchanged is no node
    either. Nodes that nothing is read from, or that reach no output, are left out.

    Parameters
    ----------
    network : ResNet or FixedPointResNet
        An integer network is drawn unit by unit, tables as tables; the importance of its edges is
        the most that the unit they lead to (the last ones: come from) can do to an output.
    max_edges : int
        Most edges kept, by importance; every kept node keeps a path.
    """
    if isinstance(network, ResNet):
        edges = _useful(_without_relays(network, _edges(network)))
    else:
        edges = _useful(_integer_edges(network))
    total = len(edges)
    kept = _useful(sorted(edges, key=lambda e: -e.importance)[:max_edges])
    kept.sort(key=lambda e: e.importance)
    tables: list[int] = []
    first = 0
    for block in network.blocks:
        tables += range(first, first + block.width) if isinstance(block, TableBlock) else []
        first += block.width
    return Diagram(_columns(kept, network.n_outputs), tuple(kept), total, frozenset(tables))


def _integer_edges(network: FixedPointResNet) -> list[Edge]:
    """Join every writer of a stream coordinate with every reader of it."""
    reach = [units.max(axis=1, initial=0.0) for units in influence(network).units]
    edges: list[Edge] = []
    writers: list[tuple[csr_array, str, int, np.ndarray]] = [
        (network.read_in.tocsc(), "input", 0, np.ones(network.n_inputs))
    ]
    last = [(network.read_in.tocsc(), "input", 0, np.zeros(network.n_inputs))]
    first = 0
    for index, block in enumerate(network.blocks):
        edges += _joined(block.read, writers, "unit", first, reach[index])
        writers.append((block.write.tocsc(), "unit", first, np.ones(block.width)))
        last.append((block.write.tocsc(), "unit", first, reach[index]))
        first += block.width
    found = edges + _joined(network.read_out, last, "output", 0, np.ones(network.n_outputs))
    return [replace(e, importance=e.importance / max(abs(e.weight), 1e-300)) for e in found]


def _edges(network: ResNet) -> list[Edge]:
    """Join every writer of a stream coordinate with every reader of it."""
    ahead = forward_bounds(network)
    back = backward_bounds(network)
    edges: list[Edge] = []
    writers: list[tuple[csr_array, str, int, np.ndarray]] = [
        (network.read_in.tocsc(), "input", 0, ahead.inputs)
    ]
    first = 0
    for index, block in enumerate(network.blocks):
        edges += _joined(block.read, writers, "unit", first, back.units[index])
        writers.append((block.write.tocsc(), "unit", first, ahead.units[index]))
        first += block.width
    edges += _joined(network.read_out, writers, "output", 0, np.ones(network.n_outputs))
    return edges


def _joined(
    read: csr_array,
    writers: list[tuple[csr_array, str, int, np.ndarray]],
    kind: str,
    first: int,
    price: np.ndarray,
) -> list[Edge]:
    found = []
    for write, source, start, bound in writers:
        product = (read @ write).tocoo()
        for j, i, weight in zip(product.row, product.col, product.data, strict=True):
            if weight != 0:
                importance = abs(float(weight)) * float(bound[i]) * float(price[j])
                ends = (source, start + int(i)), (kind, first + int(j))
                found.append(Edge(*ends, float(weight), importance))
    return found


def _without_relays(network: ResNet, edges: list[Edge]) -> list[Edge]:
    """Replace units that hand one input on unchanged by direct edges."""
    into: dict[Node, list[Edge]] = {}
    for edge in edges:
        into.setdefault(edge.target, []).append(edge)
    relays: dict[Node, Edge] = {}
    number = 0
    for block in network.blocks:
        for j in range(block.width):
            own = into.get(("unit", number), [])
            if len(own) == 1 and _is_relay(network, block, j, own[0]):
                relays[("unit", number)] = own[0]
            number += 1
    found = []
    for edge in edges:
        if edge.target in relays:
            continue
        relay = relays.get(edge.source)
        if relay is not None:
            edge = replace(edge, source=relay.source, weight=edge.weight * relay.weight)
        found.append(edge)
    return _summed(found, network)


def _is_relay(network: ResNet, block: Block, j: int, edge: Edge) -> bool:
    if edge.source[0] != "input" or block.bias[j] != 0 or edge.weight <= 0:
        return False
    lo, hi = network.box[edge.source[1]]
    return bool(lo >= 0 and edge.weight * hi <= block.cap[j])


def _summed(edges: list[Edge], network: ResNet) -> list[Edge]:
    """Add up edges between the same two nodes."""
    found: dict[tuple[Node, Node], Edge] = {}
    for edge in edges:
        key = edge.source, edge.target
        if key in found:
            old = found[key]
            edge = replace(
                edge, weight=old.weight + edge.weight, importance=old.importance + edge.importance
            )
        found[key] = edge
    return list(found.values())


def _useful(edges: list[Edge]) -> list[Edge]:
    """Drop edges that don't lie on a way from an input to an output (constants aside)."""
    while True:
        sources = {e.source for e in edges}
        targets = {e.target for e in edges}
        kept = [
            e
            for e in edges
            if (e.target[0] == "output" or e.target in sources)
            and (e.source[0] == "input" or e.source in targets)
        ]
        if len(kept) == len(edges):
            return kept
        edges = kept


def _columns(edges: list[Edge], n_outputs: int) -> tuple[tuple[Node, ...], ...]:
    """Sort nodes into columns by their depth, and each column to have few crossings."""
    depth: dict[Node, int] = {}
    for edge in sorted(edges, key=lambda e: e.source[1] if e.source[0] == "unit" else -1):
        depth.setdefault(edge.source, 0)
        if edge.target[0] == "unit":
            depth[edge.target] = max(depth.get(edge.target, 1), depth[edge.source] + 1)
    last = max(depth.values(), default=0) + 1
    for k in range(n_outputs):
        depth[("output", k)] = last
    columns = [sorted(n for n, d in depth.items() if d == level) for level in range(last + 1)]
    for sweep in range(8):
        forth = sweep % 2 == 0
        levels = range(1, last + 1) if forth else range(last - 1, -1, -1)
        for level in levels:
            if columns[level] and columns[level][0][0] != "output":
                _reorder(columns, level, edges)
    return tuple(tuple(c) for c in columns)


def _reorder(columns: list[list[Node]], level: int, edges: list[Edge]) -> None:
    """Sort a column by the mean height of each node's neighbours, weighted by importance."""
    height = {
        node: (row + 0.5) / len(column) for column in columns for row, node in enumerate(column)
    }
    own = set(columns[level])
    total = dict.fromkeys(own, 0.0)
    weight = dict.fromkeys(own, 0.0)
    for edge in edges:
        for node, other in ((edge.source, edge.target), (edge.target, edge.source)):
            if node in own:
                share = edge.importance + 1e-12
                total[node] += share * height[other]
                weight[node] += share
    columns[level].sort(key=lambda n: (total[n] / weight[n] if weight[n] else 0.5, n))
