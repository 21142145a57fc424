"""What a circuit makes of a function: a page and a picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from tetrakis.report._save import BLUE, GREY, INK, ORANGE, style
from tetrakis.report._text import REPORT_END

if TYPE_CHECKING:
    from tetrakis.functions import Approximation

SHOWN = 1 << 16


def function_report(claims: Mapping[str, Any], *, picture: bool) -> str:
    """Return report.md of a circuit for a function."""
    formula = claims["formula"] or "the function"
    box = ", ".join(f"{v['name']} in [{v['lo']:g}, {v['hi']:g}] with {v['bits']} bits"
                    for v in claims["variables"])  # fmt: skip
    out = claims["output"]
    point = ", ".join(
        f"{v['name']} = {x:.6g}" for v, x in zip(claims["variables"], claims["worst_point"],
                                                 strict=True)
    )  # fmt: skip
    lines = [
        f"# `{formula}` as a circuit", "",
        f"{box}; the output is {out['offset']:.10g} + {out['step']:.10g} × a code of {out['bits']}"
        f" bits{', two’s complement' if out['signed'] else ''} (`encoding.json`).", "",
        "| number | value | status |", "|---|---|---|",
        f"| AND nodes | {claims['num_gates']:,} | upper bound on C(f, ε) |",
        f"| levels | {claims['num_levels']:,} | of this circuit |",
        f"| ε asked for | {claims['epsilon']:.6g} | |",
        f"| ε verified | {claims['epsilon_verified']:.6g}, at {point} | all"
        f" {claims['inputs_simulated']:,} representable inputs simulated |",
    ]  # fmt: skip
    if claims["input_rounding"] is not None:
        lines.append(
            f"| input rounding | {claims['input_rounding']:.6g} | certified; for real inputs,"
            f" rounded to the nearest representable one, ε is at most"
            f" {claims['epsilon_verified'] + claims['input_rounding']:.6g} |"
        )
    lines += [
        "",
        "## Constructions",
        "",
        "| construction | AND nodes | within ε |",
        "|---|---|---|",
    ]
    said = {
        True: "yes, verified",
        False: "no",
        None: "not tried: others were smaller or promised to be",
    }
    lines += [f"| {t['construction']} | {t['num_gates']:,} | {said[t['verified']]} |"
              for t in claims["tried"]]  # fmt: skip
    lines += ["", f"The winner, {claims['construction']}, may have been edited further."]
    if picture:
        lines += ["", "![function and circuit](function.png)"]
    lines += ["", "`tetrakis verify` simulates every input again.", "", REPORT_END, ""]
    return "\n".join(lines)


def function_figure(found: Approximation) -> Figure | None:
    """Draw a function of one or two variables, the circuit's output and the error.

    Returns
    -------
    Figure or None
        None for three variables or more.
    """
    grid, target = found.grid, found.target
    if len(grid.bits) > 2:
        return None
    with style():
        if len(grid.bits) == 1:
            return _curve(found)
        figure = Figure(figsize=(9, 3), layout="constrained")
        thin = [max(0, b - 7) for b in grid.bits]
        axes = [np.arange(0, 1 << b, 1 << t) for b, t in zip(grid.bits, thin, strict=True)]
        rows = (axes[0][None, :] + (axes[1][:, None] << grid.bits[0])).ravel()
        exact = target.values(grid.points(rows)).reshape(len(axes[1]), -1)
        made = found.values(rows).reshape(exact.shape)
        (x0, x1), (y0, y1) = target.box
        panels = ((exact, "function", "viridis"), (made, f"circuit, {found.num_gates:,} AND",
                  "viridis"), (made - exact, "error", "coolwarm"))  # fmt: skip
        for axis, (values, title, colours) in zip(figure.subplots(1, 3), panels, strict=True):
            limits = (exact.min(), exact.max())
            if title == "error":
                limits = (-found.epsilon, found.epsilon)
            image = axis.imshow(values, origin="lower", extent=(x0, x1, y0, y1), aspect="auto",
                                cmap=colours, vmin=limits[0], vmax=limits[1])  # fmt: skip
            figure.colorbar(image, ax=axis)
            axis.set_title(title)
            axis.set_xlabel(target.names[0])
            axis.set_ylabel(target.names[1])
        return figure


def _curve(found: Approximation) -> Figure:
    grid, target = found.grid, found.target
    rows = np.arange(0, grid.rows, max(1, grid.rows // SHOWN))
    x = grid.axis(0)[rows]
    exact, made = target.values(grid.points(rows)), found.values(rows)
    figure = Figure(figsize=(7, 4), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    above.plot(x, made, color=ORANGE, lw=1, drawstyle="steps-mid",
               label=f"circuit, {found.num_gates:,} AND")  # fmt: skip
    above.plot(x, exact, color=BLUE, lw=1, label=target.text)
    above.legend(frameon=False)
    below.plot(x, made - exact, color=INK, lw=0.5)
    for end in (-found.epsilon, found.epsilon):
        below.axhline(end, color=GREY, lw=0.8, ls="--")
    below.set_ylabel("error, ± ε")
    below.set_xlabel(target.names[0])
    return figure
