"""A simplification path as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from tetrakis.report._path import _decorate
from tetrakis.report._save import BLUE, GREY, INK, ORANGE, style

Row = Mapping[str, Any]


def simplification_figure(
    path: Sequence[Row], *, score_name: str, bound: bool = False
) -> Figure:  # fmt: skip
    """Draw the scores of a simplification path against AND nodes.

    Parameters
    ----------
    path : sequence of mappings
        With ``num_gates``, ``score`` (on the rows edited), ``guard_score`` (on rows that the
        editor never read, or None) and ``chosen``.
    score_name : {"accuracy", "R2"}
    bound : bool
        Whether to draw the least accuracy on unseen rows by the ``occam_bound``, too.
    """
    rows = [{**row, "least": 1 - row["occam_bound"]} for row in path] if bound else path
    with style():
        figure = Figure(figsize=(6.4, 4.0), layout="constrained")
        axes = figure.add_subplot()
        drawn = []
        for key, colour, marker, label in (
            ("score", BLUE, "o", "rows edited (not held out)"),
            ("guard_score", ORANGE, "s", "guard rows"),
            ("least", GREY, "v", "unseen rows, at least (Occam bound)"),
        ):
            known = [row for row in rows if row.get(key) is not None]
            points = [(max(1, row["num_gates"]), row[key]) for row in known]
            if points:
                axes.plot(
                    *zip(*points, strict=True), f"-{marker}", color=colour, ms=3.5, lw=1.2,
                    label=label, zorder=2,
                )  # fmt: skip
                drawn.append((key, known))
        for key, known in drawn[-1:]:
            chosen = [(max(1, row["num_gates"]), row[key]) for row in known if row["chosen"]]
            axes.plot(
                *zip(*chosen, strict=True), "o", ms=13, mfc="none", mec=INK, mew=1.6,
                label="chosen", zorder=4,
            )  # fmt: skip
        _decorate(axes, path, score_name)
        axes.set_ylabel("R²" if score_name == "R2" else score_name)
        figure.legend(loc="outside upper center", ncols=3, frameon=False, fontsize=8)
        return figure
