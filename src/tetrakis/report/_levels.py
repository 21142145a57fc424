"""The levels of a circuit as a picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from numpy.typing import NDArray

from tetrakis.circuit import Aig
from tetrakis.report._save import BLUE, GREY, INK, ORANGE, style

_GROUPS = 8
LIGHT = "#8fbfe3"


def levels_figure(
    circuit: Aig, block: NDArray[np.int64] | None = None, names: list[str] | None = None
) -> Figure:
    """Draw how many AND nodes each level has, and which block of the network they belong to.

    Parameters
    ----------
    circuit : Aig
    block : ndarray of int, shape (num_gates,), optional
        Index of a name for every gate; see `origin`.
    names : list of str, optional
        Of the blocks, from the inputs to the outputs; many are drawn in eight groups.
    """
    levels = circuit.levels[1 + circuit.num_pis :].astype(np.int64)
    if block is None or names is None:
        block, names = np.zeros(len(levels), np.int64), ["circuit"]
    block, names = _grouped(block, names)
    deep = max(int(levels.max(initial=1)), 1)
    counts = np.zeros((len(names), deep), np.int64)
    np.add.at(counts, (block, levels - 1), 1)
    with style():
        figure = Figure(figsize=(8.0, 4.2), layout="constrained")
        axes = figure.add_subplot()
        _bars(axes, counts, [_label(n, levels[block == k]) for k, n in enumerate(names)])
        _decorate(axes, circuit, counts.sum(axis=0))
        figure.legend(loc="outside right upper", frameon=False, fontsize=8, reverse=True)
        return figure


def _grouped(block: NDArray[np.int64], names: list[str]) -> tuple[NDArray[np.int64], list[str]]:
    """Join neighbouring blocks, all but the last name, so that at most eight groups remain."""
    inner = len(names) - 1
    if inner < _GROUPS:
        return block, names
    group = np.append(np.arange(inner) * (_GROUPS - 1) // inner, _GROUPS - 1)
    ends = [np.flatnonzero(group == k)[[0, -1]] for k in range(_GROUPS - 1)]
    joined = [names[a] if a == b else f"blocks {a}–{b}" for a, b in ends]
    return group[block], [*joined, names[-1]]


def _label(name: str, levels: NDArray[np.int64]) -> str:
    if not len(levels):
        return f"{name}\nno nodes"
    return f"{name}\n{len(levels):,} nodes, levels {levels.min()}–{levels.max()}"


def _colours(count: int) -> list[Any]:
    """Choose a colour for every block; the last is for the outputs."""
    if count == 1:
        return [BLUE]
    if count <= 3:
        return [*(BLUE, LIGHT)[: count - 1], ORANGE]
    return [*colormaps["YlGnBu_r"](np.linspace(0.15, 0.8, count - 1)), ORANGE]


def _bars(axes: Any, counts: NDArray[np.int64], labels: list[str]) -> None:
    deep = counts.shape[1]
    start = np.zeros(deep)
    gap = 0.15 if deep <= 150 else 0.0
    for row, label, colour in zip(counts, labels, _colours(len(labels)), strict=True):
        axes.bar(
            np.arange(1, deep + 1), row, width=1 - gap, bottom=start, color=colour, label=label,
            linewidth=0,
        )  # fmt: skip
        start = start + row


def _decorate(axes: Any, circuit: Aig, total: NDArray[np.int64]) -> None:
    axes.set_xlabel("level (ANDs from the inputs)")
    axes.set_ylabel("AND nodes")
    axes.set_title(
        f"{circuit.num_gates:,} AND nodes, {circuit.num_levels:,} levels; {circuit.num_pis:,} input"
        f" and {circuit.num_pos:,} output bits",
        fontsize=9, color=INK, loc="left",
    )  # fmt: skip
    axes.set_xlim(0.3, len(total) + 0.7)
    axes.set_ylim(0, max(int(total.max(initial=1)), 1) * 1.05)
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(axis="y", color="#e3e5e8", lw=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(colors=GREY, labelcolor=INK)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
