"""Draw docs/arrow.png and docs/arrow.svg: a real table, its network and its circuit.

Run from the repository root: python docs/arrow.py
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from scipy.interpolate import PchipInterpolator

from tetrakis.circuit import Aig
from tetrakis.datasets import Table, class_labels, read_table
from tetrakis.learners import Candidate, problem_from_table, search
from tetrakis.pipeline._equivalence import EXHAUSTIVE_BITS, compare, live_bits
from tetrakis.report import diagram
from tetrakis.report._save import BLUE, GREY, INK, ORANGE, save_figure, style
from tetrakis.training import Settings

HEIGHT, WIDTH = 4.1, 11.12  # inches
TOP, BOTTOM = 0.87, 0.19  # of the panels, as shares of the height
MAX_GATES = 60
ROWS = (0, 1, 50, 51, 100, 101)
Point = tuple[float, float]


def trained(table: Table) -> tuple[Candidate, str]:
    """Search a few settings; return the best circuit that can be drawn, and what proves it."""
    problem = problem_from_table(table, "classification")
    settings = [
        Settings(delta, delta * ratio, 3, bits)
        for bits in (1, 2, 3)
        for delta in (0.1, 0.2, 0.3, 0.5)
        for ratio in (0.01, 0.03)
    ]
    path = search(problem, effort=0.2, settings=settings).path
    best = max((c for c in path if c.num_gates <= MAX_GATES), key=lambda c: c.held_out_score)
    found = compare(best.circuit, best.fixed_point, "argmax")
    assert found.status == "proved", found.detail
    live = len(live_bits(best.circuit, best.fixed_point))
    assert live <= EXHAUSTIVE_BITS
    return best, f"proved equal on all {2**live} inputs"


def panel(figure: Figure, left: float, right: float, title: str) -> Any:
    """Add an empty unit square between two shares of the width, with a title above."""
    axes = figure.add_axes((left, BOTTOM, right - left, TOP - BOTTOM))
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.axis("off")
    figure.text(
        (left + right) / 2, 0.94, title, ha="center", va="center", fontsize=14.5,
        fontweight="bold", color=INK,
    )  # fmt: skip
    return axes


def evidence(figure: Figure, left: float, right: float, claim: str, detail: str) -> None:
    """Write what is handed over below a panel."""
    middle = (left + right) / 2
    figure.text(middle, 0.12, claim, ha="center", va="center", fontsize=11.5, color=BLUE,
                fontweight="bold")  # fmt: skip
    figure.text(middle, 0.05, detail, ha="center", va="center", fontsize=10.5, color=INK)


def arrow(figure: Figure, left: float, right: float, lines: list[str]) -> None:
    """Draw a labelled arrow between two panels."""
    axes = figure.add_axes((left, BOTTOM, right - left, TOP - BOTTOM))
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.axis("off")
    axes.annotate(
        "", (1, 0.40), (0, 0.40),
        arrowprops={"arrowstyle": "-|>,head_width=0.45,head_length=0.8", "lw": 2.6,
                    "color": INK, "shrinkA": 0, "shrinkB": 0},
    )  # fmt: skip
    axes.text(0.45, 0.46, "\n".join(lines), ha="center", va="bottom", fontsize=11, color=INK,
              linespacing=1.35)  # fmt: skip


def draw_table(axes: Any, table: Table, used: set[str]) -> None:
    """Draw some rows; columns that the network doesn't read are grey."""
    target = table.target
    assert target is not None
    columns = [*table.columns, target]
    places = [0.09, 0.27, 0.45, 0.63, 0.86]
    lines = np.linspace(0.78, 0.10, len(ROWS) + 1)
    axes.axhspan(0.82, 1.0, color=BLUE, alpha=0.13, lw=0)
    for x, column in zip(places, columns, strict=True):
        last = column is target
        colour = INK if last or column.name in used else GREY
        name = "species" if last else column.name.replace(" (cm)", "").replace(" ", "\n")
        axes.text(x, 0.91, name, ha="center", va="center", fontsize=9.5, color=colour,
                  fontweight="bold")  # fmt: skip
        texts = column.texts() if last else [f"{v:.1f}" for v in column.values]
        for y, row in zip(lines, ROWS, strict=False):
            axes.text(x, y - 0.04, texts[row], ha="center", va="center", fontsize=10.5,
                      color=colour, style="italic" if last else "normal")  # fmt: skip
        axes.text(x, lines[-1] - 0.03, "⋮", ha="center", va="center", fontsize=11, color=colour)
    for low, high in pairwise(lines):
        axes.axhline((low + high) / 2 - 0.04, color=GREY, lw=0.4, alpha=0.5)


def bend(start: Point, end: Point) -> list[Point]:
    """Points of an S-shaped line that leaves and enters flat."""
    (x0, y0), (x1, y1) = start, end
    steps = [k / 24 for k in range(25)]
    return [(x0 + t * (x1 - x0), y0 + (y1 - y0) * t * t * (3 - 2 * t)) for t in steps]


def draw_network(axes: Any, best: Candidate, classes: tuple[str, ...], names: list[str]) -> None:
    """Draw inputs, relus and outputs; edge width grows with importance, colour is the sign."""
    graph = diagram(best.network)
    x_of = np.linspace(0.0, 1.0, len(graph.columns))
    places = {
        node: (float(x), 1 - (row + 0.5) / len(column))
        for x, column in zip(x_of, graph.columns, strict=True)
        for row, node in enumerate(column)
    }
    top = max(e.importance for e in graph.edges)
    for edge in graph.edges:
        xs, ys = zip(*bend(places[edge.source], places[edge.target]), strict=True)
        axes.plot(xs, ys, color=BLUE if edge.weight > 0 else ORANGE, alpha=0.7,
                  lw=0.8 + 4.5 * (edge.importance / top) ** 0.7,
                  solid_capstyle="round")  # fmt: skip
    looks: dict[str, tuple[str, float, str]] = {
        "input": ("s", 7, INK), "unit": ("o", 15, "white"), "output": ("s", 8, INK)
    }  # fmt: skip
    for (kind, number), (x, y) in places.items():
        marker, size, face = looks[kind]
        axes.plot(x, y, marker, ms=size, mfc=face, mec=INK, mew=1.4, zorder=3, clip_on=False)
        if kind == "unit":
            axes.plot([x - 0.026, x, x + 0.02], [y - 0.012, y - 0.012, y + 0.022], color=INK,
                      lw=1.3, zorder=4)  # fmt: skip
            continue
        left = kind == "input"
        text = names[number].replace(" ", "\n") if left else classes[number]
        axes.annotate(text, (x, y), xytext=(-9 if left else 10, 0), textcoords="offset points",
                      ha="right" if left else "left", va="center", fontsize=10, color=INK,
                      annotation_clip=False, style="normal" if left else "italic")  # fmt: skip


def smooth(points: list[Point]) -> tuple[np.ndarray, np.ndarray]:
    """Lead a smooth line through points that go from left to right."""
    if len(points) == 2:
        points = bend(*points)
    x, y = np.array(points).T
    xs = np.linspace(x[0], x[-1], 24 * len(points))
    return xs, PchipInterpolator(x, y)(xs)


class GateLayout:
    """Places of an AIG's variables: x by level, y so that edges are short.

    An edge that spans several levels is led through one point per level; edges that carry the same
    literal share these.
    """

    def __init__(self, aig: Aig, inputs: list[int]) -> None:
        self.levels = [int(v) for v in aig.levels]
        self.last = aig.num_levels + 1
        self.edges: list[tuple[list[Any], bool]] = []
        self.columns: list[list[Any]] = [[] for _ in range(self.last + 1)]
        self.columns[0] = list(inputs)
        for gate in range(aig.num_gates):
            variable = aig.num_pis + 1 + gate
            self.columns[self.levels[variable]].append(variable)
            for literal in aig.fanins[gate]:
                self._route(int(literal), variable, self.levels[variable])
        for k, literal in enumerate(aig.outputs):
            self.columns[self.last].append(("output", k))
            self._route(int(literal), ("output", k), self.last)
        self.y = self._heights()

    def _route(self, literal: int, target: Any, level: int) -> None:
        source = literal >> 1
        between = [("via", literal, k) for k in range(self.levels[source] + 1, level)]
        for via in between:
            if via not in self.columns[via[2]]:
                self.columns[via[2]].append(via)
        self.edges.append(([source, *between, target], bool(literal & 1)))

    def _heights(self) -> dict[Any, float]:
        near: dict[Any, dict[Any, None]] = {n: {} for column in self.columns for n in column}
        for way, _ in self.edges:
            for a, b in pairwise(way):
                near[a][b] = None
                near[b][a] = None
        y = {
            node: 1 - (row + 0.5) / len(column)
            for column in self.columns
            for row, node in enumerate(column)
        }
        for sweep in range(200):
            order = range(1, self.last + 1) if sweep % 2 == 0 else range(self.last, 0, -1)
            for level in order:
                column = self.columns[level]
                wish = {n: float(np.mean([y[m] for m in near[n]])) for n in column}
                column.sort(key=wish.__getitem__, reverse=True)
                y.update(zip(column, apart([wish[n] for n in column], column), strict=True))
        free = [n for column in self.columns[1:] for n in column]
        low, high = min(y[n] for n in free), max(y[n] for n in free)
        spread = 0.9 / max(high - low, 1e-9)
        return y | {n: 0.07 + (y[n] - low) * spread for n in free}


def apart(wishes: list[float], nodes: list[Any]) -> list[float]:
    """Move falling heights as little as needed to lie apart in [0, 1] (pool adjacent violators)."""
    sizes = [0.035 if isinstance(n, tuple) and n[0] == "via" else 0.085 for n in nodes]
    gaps = np.concatenate([[0.0], np.cumsum([(a + b) / 2 for a, b in pairwise(sizes)])])
    if gaps[-1] > 0.98:
        gaps *= 0.98 / gaps[-1]
    pools: list[list[float]] = []
    for value in np.array(wishes) + gaps:
        pools.append([float(value), 1.0])
        while len(pools) > 1 and pools[-2][0] < pools[-1][0]:
            (a, m), (b, n) = pools[-2:]
            pools[-2:] = [[(a * m + b * n) / (m + n), m + n]]
    level = np.repeat([p[0] for p in pools], [int(p[1]) for p in pools])
    level = np.clip(level, 0.01 + gaps[-1], 0.99)
    return [float(v) for v in level - gaps]


def draw_circuit(axes: Any, best: Candidate) -> None:
    """Draw the gates by level; inverted edges are dashed."""
    aig = best.circuit
    read = np.unique(np.concatenate([aig.fanins.ravel(), aig.outputs]) >> 1)
    inputs = [int(v) for v in read if 0 < v <= aig.num_pis]
    layout = GateLayout(aig, inputs)

    def place(node: Any) -> Point:
        if isinstance(node, tuple):
            level = layout.last if node[0] == "output" else node[2]
        else:
            level = layout.levels[node]
        return (level + 0.9 * (level > 0)) / (layout.last + 0.9), layout.y[node]

    for way, inverted in layout.edges:
        xs, ys = smooth([place(node) for node in way])
        axes.plot(xs, ys, color=INK, lw=0.75, alpha=0.75, ls=(0, (3.2, 2.2)) if inverted else "-")
    for column in layout.columns:
        for node in column:
            kind = node[0] if isinstance(node, tuple) else "input" if node in inputs else "gate"
            if kind == "via":
                continue
            marker, size, face = {
                "input": ("s", 5.5, INK), "gate": ("o", 6.5, BLUE), "output": ("s", 7, INK)
            }[kind]  # fmt: skip
            rim = "white" if kind == "gate" else INK
            axes.plot(*place(node), marker, ms=size, mfc=face, mec=rim, mew=0.7, zorder=3,
                      clip_on=False)  # fmt: skip
    axes.plot(0.64, 0.07, "o", ms=6.5, mfc=BLUE, mec="white", mew=0.7)
    axes.plot([0.615, 0.665], [0.0, 0.0], color=INK, lw=0.9, ls=(0, (3.2, 2.2)), clip_on=False)
    for y, text in ((0.07, "AND"), (0.0, "inverted")):
        axes.text(0.70, y, text, ha="left", va="center", fontsize=9.5, color=INK)
    label_bits(axes, best, inputs, place)


def label_bits(axes: Any, best: Candidate, inputs: list[int], place: Any) -> None:
    """Name the words that the input bits belong to, and the output bits."""
    first = 1
    for word in best.encoding.inputs:
        own = [place(first + b) for b in range(len(word.bits)) if first + b in inputs]
        first += len(word.bits)
        if own:
            low, high = min(y for _, y in own) - 0.025, max(y for _, y in own) + 0.025
            axes.plot([-0.035, -0.05, -0.05, -0.035], [low, low, high, high], color=INK, lw=1,
                      clip_on=False)  # fmt: skip
            name = word.name.replace(" (cm)", "").replace(" ", "\n")
            axes.text(-0.065, (low + high) / 2, name, ha="right", va="center", fontsize=10,
                      color=INK)  # fmt: skip
    ends = [place(("output", k)) for k in range(best.circuit.num_pos)]
    axes.text(1.03, float(np.mean([y for _, y in ends])), "species", ha="left", va="center",
              fontsize=10, style="italic", color=INK)  # fmt: skip


def main() -> None:
    """Train, and draw all three panels."""
    table = read_table("builtin:iris")
    assert table.target is not None
    best, detail = trained(table)
    used = {node[1] for node in diagram(best.network).columns[0]}
    names = [c.name.replace(" (cm)", "") for c in table.columns]
    with style():
        figure = Figure(figsize=(WIDTH, HEIGHT))
        axes = panel(figure, 0.01, 0.275, "data")
        draw_table(axes, table, {table.columns[i].name for i in used})
        evidence(
            figure, 0.01, 0.275, "encoding fixed on training rows",
            f"{table.n_rows} rows, 3 bits per column",
        )  # fmt: skip
        arrow(figure, 0.288, 0.352, ["train,", "prune,", "quantise"])
        axes = panel(figure, 0.415, 0.53, "network")
        draw_network(axes, best, class_labels(table.target)[0], names)
        evidence(
            figure, 0.375, 0.575,
            f"ResNet norm {best.resnet_norm:.0f}, certified ε = {best.certificate.value:.1f}",
            "integers within ε of the real network",
        )  # fmt: skip
        arrow(figure, 0.61, 0.674, ["compile,", "optimise"])
        axes = panel(figure, 0.745, 0.935, "circuit")
        draw_circuit(axes, best)
        evidence(
            figure, 0.72, 0.965, detail,
            f"{best.num_gates} AND nodes, cross-validated accuracy {best.held_out_score:.2f}",
        )  # fmt: skip
        save_figure(figure, Path("docs/arrow"))
    print(f"{best.label}: {best.num_gates} AND nodes, {best.circuit.num_levels} levels; {detail}")


if __name__ == "__main__":
    main()
