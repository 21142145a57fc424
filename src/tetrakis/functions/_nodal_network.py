"""Interpolants on a lattice as exact relu networks, by nodal functions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tetrakis.functions._relu_graph import Affine, ReluGraph
from tetrakis.network import ResNet

Floats = NDArray[np.float64]
MAX_NODAL = 20_000


def nodal_network(lattice: Floats, box: Floats, spacing: Floats) -> ResNet:
    """Return the sum of lattice values times nodal functions; see `Tetrakis.to_network`."""
    points = np.argwhere(lattice != 0)
    graph = ReluGraph(lattice.ndim)
    places = [
        graph.input(i) * (1 / h) + Affine((), -lo / h)
        for i, (h, lo) in enumerate(zip(spacing, box[:, 0], strict=True))
    ]
    pieces = []
    for point in points:
        far = [graph.absolute(place - Affine((), float(p)))
               for place, p in zip(places, point, strict=True)]  # fmt: skip
        odd = graph.maximum([far[i] for i in np.flatnonzero(point & 1)])
        even = graph.maximum([far[i] for i in np.flatnonzero(~point & 1)])
        nodal = graph.relu(Affine((), 1.0) - odd - even)
        pieces += [(place, f * float(lattice[tuple(point)])) for place, f in nodal.terms]
    return graph.build([Affine(tuple(pieces))], box)
