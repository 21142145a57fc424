"""A picture of a Tetrakis function of two variables."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from tetrakis.errors import DataError


def triangulation_figure(lattice: NDArray[np.float64], box: NDArray[np.float64]) -> Figure:
    """Draw the triangulation, coloured by the value.

    Raises
    ------
    DataError
        If there aren't two axes.
    """
    if lattice.ndim != 2:
        raise DataError(f"Only two axes can be drawn; there are {lattice.ndim}.")
    figure = Figure(figsize=(5, 4.5), layout="constrained")
    axis = figure.add_subplot()
    nx, ny = (n - 1 for n in lattice.shape)
    (x0, x1), (y0, y1) = box.tolist()
    x, y = np.linspace(x0, x1, nx + 1), np.linspace(y0, y1, ny + 1)
    i, j = (a.ravel() for a in np.meshgrid(range(nx), range(ny), indexing="ij"))
    ei, ej, oi, oj = i + (i & 1), j + (j & 1), i | 1, j | 1
    number = np.arange((nx + 1) * (ny + 1)).reshape(nx + 1, ny + 1)
    triangles = np.concatenate([
        np.stack([number[ei, ej], number[oi, ej], number[oi, oj]], axis=1),
        np.stack([number[ei, ej], number[ei, oj], number[oi, oj]], axis=1),
    ])  # fmt: skip
    grid = np.meshgrid(x, y, indexing="ij")
    image = axis.tripcolor(
        grid[0].ravel(), grid[1].ravel(), lattice.ravel(), triangles=triangles,
        shading="gouraud", cmap="viridis",
    )  # fmt: skip
    axis.triplot(grid[0].ravel(), grid[1].ravel(), triangles, color="white", lw=0.6)
    axis.set_aspect("equal" if abs(np.ptp(x) / np.ptp(y) - 1) < 0.5 else "auto")
    figure.colorbar(image, ax=axis)
    return figure
