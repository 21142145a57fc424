"""The size–accuracy path as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from tetrakis.report._save import BLUE, INK, short, style

_MARKERS = "s^DvPX*<>p"
_COLOURS = ("#d9622b", "#5b8c3a", "#8b5aa8", "#b08a1e", "#4a9aa5", "#a8495e")
Row = Mapping[str, Any]


def path_figure(path: Sequence[Row], baselines: Sequence[Row], *, score_name: str) -> Figure:
    """Draw held-out score against AND nodes.

    Parameters
    ----------
    path : sequence of mappings
        With ``score``, ``num_gates`` and ``chosen``.
    baselines : sequence of mappings
        With ``name``, ``score`` and ``num_gates``; what follows a comma in the name isn't shown.
    score_name : str
    """
    with style():
        figure = Figure(figsize=(6.4, 4.0), layout="constrained")
        axes = figure.add_subplot()
        points = [row for row in path if row["score"] is not None]
        axes.plot(*_places(points), "-o", color=BLUE, ms=4.5, lw=1.4, label="tetrakis", zorder=3)
        for index, name in enumerate(dict.fromkeys(map(_model, baselines))):
            rows = [r for r in baselines if _model(r) == name and r["score"] is not None]
            axes.plot(
                *_places(rows),
                _MARKERS[index % len(_MARKERS)],
                color=_COLOURS[index % len(_COLOURS)],
                ms=6,
                label=name,
                zorder=2,
            )
        chosen = [row for row in points if row["chosen"]]
        axes.plot(
            *_places(chosen), "o", ms=13, mfc="none", mec=INK, mew=1.6, label="chosen", zorder=4
        )
        _decorate(axes, [*points, *baselines], score_name)
        handles, labels = axes.get_legend_handles_labels()
        widest = max(map(len, labels))
        figure.legend(
            handles, labels, loc="outside upper center", ncols=max(1, 85 // (widest + 8)),
            frameon=False, fontsize=8, markerscale=0.8,
        )  # fmt: skip
        return figure


def _model(row: Row) -> str:
    return short(str(row["name"]).split(",")[0])


def _places(rows: Sequence[Row]) -> tuple[list[int], list[float]]:
    return [max(1, row["num_gates"]) for row in rows], [row["score"] for row in rows]


def _decorate(axes: Any, rows: Sequence[Row], score_name: str) -> None:
    sizes = [max(1, row["num_gates"]) for row in rows] or [1]
    axes.set_xscale("log")
    axes.set_xlim(min(sizes) / 1.5, max(sizes) * 1.5)
    axes.margins(y=0.12)
    ticks = [t * 10**d for d in range(8) for t in (1, 2, 5)]
    ticks = [t for t in ticks if min(sizes) / 1.5 <= t <= max(sizes) * 1.5]
    while len(ticks) > 9:
        ticks = [t for t in ticks if str(t)[0] == "1"] if len(ticks) > 18 else ticks[::2]
    axes.set_xticks(ticks, [f"{t:,}" for t in ticks], minor=False)
    axes.set_xticks([], minor=True)
    zero = any(row["num_gates"] < 1 for row in rows)
    axes.set_xlabel(f"AND nodes (log scale{'; 0 drawn at 1' if zero else ''})")
    axes.set_ylabel(f"held-out {'R²' if score_name == 'R2' else score_name}")
    axes.grid(color="#e3e5e8", lw=0.7)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
