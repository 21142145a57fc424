"""The distribution of margins as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from tetrakis.report._save import BLUE, GREY, INK, ORANGE, style

if TYPE_CHECKING:
    from tetrakis.dynamics import MarginReport


def margins_figure(report: MarginReport) -> Figure:
    """Draw the share of rows whose margin is below a value, one panel per norm."""
    panels = [("margin", report.margins)]
    panels += [(f"margin / {name}", values) for name, values in report.normalised.items()]
    with style():
        figure = Figure(figsize=(2.6 * len(panels) + 0.4, 2.9), layout="constrained")
        rows = figure.subplots(1, len(panels), squeeze=False)[0]
        share = (np.arange(len(report.margins)) + 1) / len(report.margins)
        for axes, (name, values) in zip(rows, panels, strict=True):
            ordered = np.sort(values)
            axes.step(ordered, share, where="post", color=BLUE, lw=1.4)
            wrong = ordered <= 0
            if wrong.any():
                axes.fill_between(
                    ordered[wrong], share[wrong], step="post", color=ORANGE, alpha=0.4, lw=0
                )
            axes.axvline(0, color=GREY, lw=0.8, ls="--")
            axes.set_xlabel(name, fontsize=8)
            axes.set_ylim(0, 1.02)
            axes.tick_params(colors=GREY, labelcolor=INK, labelsize=7)
            axes.locator_params(axis="x", nbins=4)
            for side in ("top", "right"):
                axes.spines[side].set_visible(False)
        rows[0].set_ylabel("share of rows below", fontsize=8)
        rows[0].set_title(
            f"{len(report.margins):,} rows, {report.errors:,} wrong", fontsize=8, loc="left"
        )
        return figure
