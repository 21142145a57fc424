"""Base graphs and their lifts as pictures."""

from __future__ import annotations

from typing import Any

from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from tetrakis.graphs import BaseGraph, Lift
from tetrakis.report._save import BLUE, GREY, INK, ORANGE, short, style

_MOST_COPIES, _MOST_EDGES = 16, 4000
_Place = dict[str, tuple[float, float]]


def base_graph_figure(graph: BaseGraph) -> Figure:
    """Draw a base graph from left to right: inputs and outputs are squares, relus white circles.

    Identities are dots, skip edges dashed.
    """
    places = _places(graph)
    with style():
        figure, axes = _canvas(places, 1.0)
        lines = [(e, [places[e.source], places[e.target]]) for e in graph.edges]
        for skip, colour in ((False, BLUE), (True, GREY)):
            axes.add_collection(
                LineCollection(
                    [line for e, line in lines if e.skip == skip], colors=colour, zorder=1,
                    linewidths=1.2, linestyles="--" if skip else "-", alpha=0.8,
                )
            )  # fmt: skip
        for vertex in graph.vertices:
            _node(axes, places[vertex.name], vertex.kind, vertex.activation)
            text = vertex.name if vertex.size in (None, 1) else f"{vertex.name} ({vertex.size})"
            axes.annotate(
                short(text, 18), places[vertex.name], xytext=(0, 7), textcoords="offset points",
                ha="center", va="bottom", fontsize=7, color=INK, parse_math=False,
            )  # fmt: skip
        _legend(figure, any(e.skip for e in graph.edges))
        return figure


def lift_figure(lift: Lift) -> Figure:
    """Draw a lift: copies in a column per vertex, blue edges for positive weights, orange others.

    At most 16 copies of a vertex and 4,000 edges are drawn; the title says so.
    """
    graph = lift.graph
    shown = {v.name: min(lift.counts[v.name], _MOST_COPIES) for v in graph.vertices}
    centres = _places(graph, heights=shown)
    spots = {
        name: [(x, y + 0.5 * (shown[name] - 1) - k) for k in range(shown[name])]
        for name, (x, y) in centres.items()
    }
    with style():
        flat = {f"{n}{k}": p for n, column in spots.items() for k, p in enumerate(column)}
        figure, axes = _canvas(flat, 0.28)
        segments, colours = _segments(lift, spots)
        axes.add_collection(
            LineCollection(segments, colors=colours, linewidths=0.7, alpha=0.55, zorder=1)
        )
        for vertex in graph.vertices:
            for place in spots[vertex.name]:
                _node(axes, place, vertex.kind, vertex.activation, size=5)
            axes.annotate(
                f"{short(vertex.name, 14)} × {lift.counts[vertex.name]:,}", spots[vertex.name][0],
                xytext=(0, 6), textcoords="offset points", ha="center", va="bottom", fontsize=7,
                color=INK, parse_math=False,
            )  # fmt: skip
        _legend(figure, any(e.skip for e in graph.edges), signs=True)
        if len(segments) < lift.n_edges:
            axes.set_title(
                f"{len(segments):,} of {lift.n_edges:,} edges", fontsize=8, color=GREY, loc="right"
            )
        return figure


def _segments(lift: Lift, spots: dict[str, list[Any]]) -> tuple[list[Any], list[str]]:
    segments: list[Any] = []
    colours: list[str] = []
    for k, edge in enumerate(lift.graph.edges):
        above, below = spots[edge.target], spots[edge.source]
        targets, sources = lift.pairs(k)
        seen = (targets < len(above)) & (sources < len(below))
        weights = [1.0] * len(targets) if edge.skip else lift.weights[k].ravel()
        for i in seen.nonzero()[0][: _MOST_EDGES - len(segments)]:
            segments.append([below[sources[i]], above[targets[i]]])
            colours.append(GREY if edge.skip else BLUE if weights[i] > 0 else ORANGE)
    return segments, colours


def _places(graph: BaseGraph, heights: dict[str, int] | None = None) -> _Place:
    """Put vertices into columns by depth, and into rows by the mean height of their parents."""
    depth: dict[str, int] = {}
    for name in graph.order:
        depth[name] = 1 + max((depth[p] for p in graph.parents(name)), default=-1)
    last = max(depth.values())
    for vertex in graph.outputs:
        depth[vertex.name] = last
    for vertex in graph.inputs:  # beside the first that reads them
        children = graph.children(vertex.name)
        depth[vertex.name] = min((depth[c] for c in children), default=1) - 1
    size = heights or dict.fromkeys(depth, 1)
    places: _Place = {}
    for level in range(last + 1):
        column = [n for n in (v.name for v in graph.vertices) if depth[n] == level]
        column.sort(key=lambda n: -_mean([places[p][1] for p in graph.parents(n) if p in places]))
        gap = 1.0 if heights is None else 2.0
        total = sum(size[n] for n in column) + gap * (len(column) - 1)
        top = total / 2
        for name in column:
            places[name] = (float(level), top - size[name] / 2)
            top -= size[name] + gap
    return places


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _canvas(places: _Place, row: float) -> tuple[Figure, Any]:
    xs, ys = [x for x, _ in places.values()], [y for _, y in places.values()]
    height = min(max((max(ys) - min(ys)) * row * 0.7 + 1.3, 2.2), 20.0)
    figure = Figure(figsize=(min(max(1.6 * (max(xs) + 1), 4.0), 16.0), height))
    axes = figure.add_axes((0.03, 0.45 / height, 0.94, 1 - 0.7 / height))
    pad = 0.08 * (max(ys) - min(ys)) + 0.5
    axes.set_xlim(-0.4, max(xs) + 0.4)
    axes.set_ylim(min(ys) - pad, max(ys) + pad)
    axes.axis("off")
    return figure, axes


def _node(axes: Any, place: tuple[float, float], kind: str, activation: str, size: int = 8) -> None:
    square = kind != "hidden"
    dot = activation == "identity" and not square
    axes.plot(
        *place, marker="s" if square else "o", ms=size * (0.6 if dot else 1.0), mec=INK, mew=1.1,
        mfc=INK if square or dot else "white", zorder=3, ls="none",
    )  # fmt: skip


def _legend(figure: Figure, skips: bool, *, signs: bool = False) -> None:
    handles = [
        Line2D([], [], color=INK, marker="s", ls="none", ms=6, label="input, output"),
        Line2D([], [], color=INK, marker="o", mfc="white", ls="none", ms=6, label="relu"),
        Line2D([], [], color=INK, marker="o", ls="none", ms=4, label="identity"),
    ]
    if signs:
        handles += [Line2D([], [], color=BLUE, label="positive weight"),
                    Line2D([], [], color=ORANGE, label="negative weight")]  # fmt: skip
    if skips:
        handles.append(Line2D([], [], color=GREY, ls="--" if not signs else "-", label="skip"))
    figure.legend(
        handles=handles, loc="lower center", ncols=len(handles), frameon=False, fontsize=7,
        handlelength=1.4, columnspacing=1.2,
    )  # fmt: skip
