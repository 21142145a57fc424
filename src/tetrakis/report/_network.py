"""The network as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from tetrakis.report._diagram import Diagram, Node
from tetrakis.report._save import BLUE, GREY, INK, ORANGE, short, style

_ROW = 0.24  # inches between neighbours of the fullest column
_COLUMN = 2.3  # inches between columns, at least
_FOOT, _HEAD = 0.55, 0.1  # inches for the legend, and above the picture


def network_figure(
    graph: Diagram, *, input_names: Sequence[str], output_names: Sequence[str]
) -> Figure:
    """Draw a network from left to right; edge width grows with importance, colour is the sign.

    Parameters
    ----------
    graph : Diagram
        See `diagram`.
    input_names, output_names : sequence of str
        One per input and output of the network.
    """
    rows = max([len(column) for column in graph.columns] + [4])
    height = min(max(rows * _ROW, 1.6), 40.0)
    left, right = _room(input_names), _room(output_names)
    steps = max(len(graph.columns) - 1, 1)
    width = left + steps * min(max(_COLUMN, 0.3 * height), 4.0) + right
    whole = height + _FOOT + _HEAD
    with style():
        figure = Figure(figsize=(width, whole))
        axes = figure.add_axes(
            (left / width, _FOOT / whole, 1 - (left + right) / width, height / whole)
        )
        places = _places(graph)
        _draw_edges(axes, graph, places)
        _draw_nodes(axes, places, graph.tables)
        _label(axes, places, input_names, output_names)
        axes.set_xlim(0, steps)
        axes.set_ylim(0, 1)
        axes.axis("off")
        _legend(figure, graph, 0.24 / whole)
        return figure


def _room(names: Sequence[str]) -> float:
    """Inches for the labels of one side."""
    return 0.075 * max([len(short(name)) for name in names] + [4]) + 0.3


def _places(graph: Diagram) -> dict[Node, tuple[float, float]]:
    """Coordinates of every node: each column spread over the whole height."""
    places = {}
    for x, column in enumerate(graph.columns):
        for row, node in enumerate(column):
            places[node] = (float(x), 1 - (row + 0.5) / len(column))
    return places


def _draw_edges(axes: Any, graph: Diagram, places: dict[Node, tuple[float, float]]) -> None:
    top = max((e.importance for e in graph.edges), default=1.0) or 1.0
    axes.add_collection(
        LineCollection(
            [_route(graph, places[e.source], places[e.target]) for e in graph.edges],
            colors=[BLUE if e.weight > 0 else ORANGE for e in graph.edges],
            linewidths=[0.35 + 4.5 * (e.importance / top) ** 0.7 for e in graph.edges],
            alpha=0.62,
            capstyle="round",
            zorder=1,
        )
    )


def _route(
    graph: Diagram, start: tuple[float, float], end: tuple[float, float]
) -> list[tuple[float, float]]:
    """Lead a line that skips columns through the gaps between their nodes."""
    stops = [start]
    for x in range(int(start[0]) + 1, int(end[0])):
        count = len(graph.columns[x])
        share = (x - start[0]) / (end[0] - start[0])
        straight = start[1] + share * (end[1] - start[1])
        stops.append((float(x), round(straight * count) / count if count else straight))
    stops.append(end)
    return [point for pair in pairwise(stops) for point in _curve(*pair)]


def _curve(start: tuple[float, float], end: tuple[float, float]) -> list[tuple[float, float]]:
    """Points of an S-shaped line that leaves and enters flat, so that lines part at nodes."""
    (x0, y0), (x1, y1) = start, end
    steps = [k / 24 for k in range(25)]
    return [(x0 + t * (x1 - x0), y0 + (y1 - y0) * t * t * (3 - 2 * t)) for t in steps]


def _draw_nodes(axes: Any, places: dict[Node, tuple[float, float]], tables: frozenset[int]) -> None:
    for kind, marker, size, face in (
        ("input", "s", 4.5, INK), ("unit", "o", 7.5, "white"), ("table", "D", 6.5, "white"),
        ("output", "s", 7.0, INK),
    ):  # fmt: skip
        spots = [place for node, place in places.items() if _kind(node, tables) == kind]
        axes.plot(
            [x for x, _ in spots], [y for _, y in spots], marker, ms=size, mfc=face, mec=INK,
            mew=1.1, zorder=3, clip_on=False,
        )  # fmt: skip


def _kind(node: Node, tables: frozenset[int]) -> str:
    return "table" if node[0] == "unit" and node[1] in tables else node[0]


def _label(
    axes: Any,
    places: dict[Node, tuple[float, float]],
    input_names: Sequence[str],
    output_names: Sequence[str],
) -> None:
    for (kind, number), (x, y) in places.items():
        if kind == "unit":
            continue
        left = kind == "input"
        name = (input_names if left else output_names)[number]
        axes.annotate(
            short(name), (x, y), xytext=(-7 if left else 9, 0), textcoords="offset points",
            ha="right" if left else "left", va="center", fontsize=8, color=INK,
            annotation_clip=False, parse_math=False,
        )  # fmt: skip


def _legend(figure: Figure, graph: Diagram, line: float) -> None:
    handles = [
        Line2D([], [], color=BLUE, lw=3, label="positive weight"),
        Line2D([], [], color=ORANGE, lw=3, label="negative weight"),
    ]
    kinds = {_kind(node, graph.tables) for column in graph.columns for node in column}
    unit = "relu or threshold" if graph.tables else "relu"
    for kind, marker, label in (("unit", "o", unit), ("table", "D", "table")):
        if kind in kinds:
            handles.append(
                Line2D([], [], color=INK, marker=marker, mfc="white", ms=6, ls="none", label=label)
            )
    figure.legend(
        handles=handles, loc="lower center", ncols=len(handles), frameon=False, fontsize=8,
        bbox_to_anchor=(0.5, 0.6 * line), handlelength=1.6, columnspacing=1.4,
    )  # fmt: skip
    shown = len(graph.edges)
    if shown < graph.total:
        figure.text(
            0.5, 0.15 * line, f"the {shown} most important of {graph.total:,} edges", fontsize=7,
            color=GREY, ha="center", va="bottom",
        )  # fmt: skip
