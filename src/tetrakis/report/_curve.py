"""The log–log picture of a circuit-size curve."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from tetrakis.report._save import BLUE, GREY, style

if TYPE_CHECKING:
    from tetrakis.functions import Curve


def curve_figure(curve: Curve, title: str) -> Figure:
    """Draw AND nodes against epsilon with the fitted line."""
    with style():
        figure = Figure(figsize=(5.5, 4), layout="constrained")
        axis = figure.add_subplot()
        eps, sizes = np.array(curve.epsilons), np.array(curve.sizes, float)
        axis.plot(eps[sizes > 0], sizes[sizes > 0], "o-", color=BLUE, lw=1, ms=4,
                  label="smallest verified circuit found")  # fmt: skip
        fit = curve.fit()
        if fit is not None:
            error = "" if np.isnan(fit.standard_error) else f" ± {fit.standard_error:.2f}"
            axis.plot(eps, fit.constant * eps**-fit.gamma, "--", color=GREY, lw=1,
                      label=f"γ = {fit.gamma:.2f}{error}")  # fmt: skip
        axis.set_xscale("log")
        axis.set_yscale("log")
        axis.invert_xaxis()
        axis.set_xlabel("ε, verified")
        axis.set_ylabel("AND nodes: upper bound on C(f, ε)")
        axis.set_title(title if len(title) < 60 else title[:57] + "…")
        axis.legend(frameon=False)
        return figure
