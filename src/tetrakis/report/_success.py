"""The success curve as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from tetrakis.report._save import BLUE, GREY, INK, ORANGE, style

if TYPE_CHECKING:
    from tetrakis.lifts import SuccessCurve


def success_figure(*curves: SuccessCurve, labels: tuple[str, ...] = ()) -> Figure:
    """Draw success fractions with Wilson's intervals against the number of copies.

    Parameters
    ----------
    curves : SuccessCurve
        One or several on the same axes.
    labels : tuple of str
        One per curve, for a legend.
    """
    colours = [BLUE, ORANGE, INK, "#4a9a68", GREY]
    with style():
        figure = Figure(figsize=(6.4, 4.0), layout="constrained")
        axes = figure.add_subplot()
        for k, curve in enumerate(curves):
            name = labels[k] if labels else None
            _draw(axes, curve, colours[k % len(colours)], name, shift=0.02 * k)
        first = curves[0]
        axes.axhline(1 - first.delta, color=GREY, lw=0.8, ls="--")
        axes.set_xscale("log", base=2)
        sizes = sorted({s for c in curves for s in c.sizes})
        axes.set_xticks(sizes, [f"{s:,}" for s in sizes])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_ylim(-0.03, 1.05)
        axes.set_xlabel("copies of every hidden type")
        axes.set_ylabel(f"share of lifts that reach loss {first.loss:g}")
        axes.grid(axis="y", color="#e3e5e8", lw=0.7)
        axes.set_axisbelow(True)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        text = ", ".join(sorted({f"{n}" for c in curves for n in c.trials}, key=int))
        axes.set_title(
            f"{text} trials a size; bars are {first.confidence:.0%} Wilson intervals, the dashed "
            f"line is {1 - first.delta:g}",
            fontsize=8, color=INK, loc="left",
        )  # fmt: skip
        if labels:
            axes.legend(frameon=False, fontsize=8)
        return figure


def _draw(axes: Any, curve: SuccessCurve, colour: str, name: str | None, shift: float) -> None:
    x = np.array(curve.sizes) * 2.0**shift
    share = np.array(curve.successes) / np.array(curve.trials)
    low, high = np.array(curve.intervals).T
    axes.errorbar(
        x, share, yerr=[np.maximum(share - low, 0), np.maximum(high - share, 0)], color=colour,
        marker="o", ms=5, lw=1.4, capsize=3, label=name,
    )  # fmt: skip
    if curve.smallest is not None:
        at = curve.sizes.index(curve.smallest)
        axes.plot(x[at], share[at], "o", ms=10, mfc="none", mec=colour, mew=1.4)
