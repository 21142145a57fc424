"""Where the vertices of a lift lie in a residual network: blocks and stream coordinates."""

from __future__ import annotations

from dataclasses import dataclass

from tetrakis.graphs._base import Edge
from tetrakis.graphs._lift import Lift


@dataclass(frozen=True)
class Layout:
    """Blocks and coordinates.

    Parameters
    ----------
    level : dict from name to int
        Block (from 1) that computes a vertex; 0 for inputs. Of an identity: the last that adds
        to it.
    place : dict from name to int
        First stream coordinate of every vertex that has some.
    stream : int
    carried : tuple of str
        Identities that relus pass on, as pairs relu(z), relu(−z), in the block after their level.
    """

    level: dict[str, int]
    place: dict[str, int]
    stream: int
    carried: tuple[str, ...]


def layout(lift: Lift, n_inputs: int) -> Layout:
    """Plan the residual network of a lift.

    Inputs have the first coordinates. A relu has coordinates if another relu reads it, an identity
    always; it shares them with the identity at the source of a skip edge if all that reads this
    one has done so before anything is added.
    """
    graph, counts = lift.graph, lift.counts
    level: dict[str, int] = {}
    shared: dict[str, str] = {}
    carried: list[str] = []
    for name in graph.order:
        vertex = graph.by_name[name]
        enter = [e for e in graph.edges if e.target == name]
        if vertex.kind == "input":
            level[name] = 0
        elif vertex.activation == "relu":
            level[name] = 1 + max(level[e.source] for e in enter)
        elif vertex.kind == "hidden":
            direct = _shareable(lift, name, enter, level, shared)
            if direct is not None:
                shared[name] = direct.source
            level[name] = 0
            for edge in enter:
                pair = edge is not direct and _is_identity(lift, edge.source)
                if pair:
                    carried.append(edge.source)
                level[name] = max(level[name], level[edge.source] + pair)
    place: dict[str, int] = {}
    end = n_inputs
    for name in graph.order:
        vertex = graph.by_name[name]
        below = name
        while below in shared:
            below = shared[below]
        if below != name:
            place[name] = place[below]
        elif vertex.kind != "input" and _has_place(lift, name):
            place[name] = end
            end += counts[name]
    return Layout(level, place, end, tuple(dict.fromkeys(carried)))


def _is_identity(lift: Lift, name: str) -> bool:
    vertex = lift.graph.by_name[name]
    return vertex.kind == "hidden" and vertex.activation == "identity"


def _has_place(lift: Lift, name: str) -> bool:
    vertices = lift.graph.by_name
    if vertices[name].activation == "identity":
        return True
    return any(vertices[c].activation == "relu" for c in lift.graph.children(name))


def _shareable(
    lift: Lift, name: str, enter: list[Edge], level: dict[str, int], shared: dict[str, str]
) -> Edge | None:
    """Find a skip edge into `name` whose source hands its coordinates on."""
    others = [e for e in enter if not e.skip]
    if any(lift.graph.by_name[e.source].activation != "relu" for e in others):
        return None
    first = min((level[e.source] for e in others), default=10**9)
    for edge in enter:
        if not edge.skip or not _is_identity(lift, edge.source) or edge.source in shared.values():
            continue
        readers = [e.target for e in lift.graph.edges if e.source == edge.source and e is not edge]
        relus = [r for r in readers if lift.graph.by_name[r].activation == "relu"]
        if len(relus) == len(readers) and all(level.get(r, 10**9) <= first for r in relus):
            return edge
    return None
