"""Tetrakis functions: continuous piecewise-linear interpolants on the J1 triangulation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tetrakis.errors import BudgetError, DataError
from tetrakis.functions._folded_network import folded_network
from tetrakis.functions._nodal_network import MAX_NODAL, nodal_network
from tetrakis.network import ResNet

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tetrakis.functions._approximation import Approximation

Floats = NDArray[np.float64]
MAX_POINTS = 1 << 24


@dataclass(frozen=True, eq=False)
class Tetrakis:
    """Interpolant of values on a lattice over a box, in any dimension.

    The box is cut into equal intervals along each axis; lattice point k of an axis is even or
    odd as k is. In units of the intervals the triangulation is that of the hyperplanes
    ``x_i ∈ Z`` and ``x_i ± x_j ∈ 2Z``.

    Parameters
    ----------
    lattice : array_like of float, shape (n_1 + 1, …, n_d + 1)
        Values at the lattice points, n_i intervals along axis i.
    box : array_like of float, shape (d, 2)

    Raises
    ------
    DataError
        If shapes don't match, an axis has no interval, or a value isn't finite.

    References
    ----------
    After [Jacot25], figure 1; in d dimensions the triangulation J1 of [Todd76].

    Examples
    --------
    >>> tent = Tetrakis([0, 1, 0], [(0, 2)])
    >>> tent.evaluate([[0.5], [1.5]]).tolist(), tent.lipschitz
    ([0.5, 0.5], 1.0)
    """

    lattice: Floats
    box: Floats

    def __init__(self, lattice: ArrayLike, box: ArrayLike) -> None:
        values, ends = np.array(lattice, np.float64), np.array(box, np.float64).reshape(-1, 2)
        if values.ndim != len(ends) or values.ndim == 0:
            raise DataError(
                f"A lattice of {values.ndim} axes needs a box of as many ranges; got {len(ends)}."
            )
        if min(values.shape) < 2:
            raise DataError(f"Every axis needs two lattice points or more; got {values.shape}.")
        if not np.isfinite(values).all():
            where = np.argwhere(~np.isfinite(values))[0].tolist()
            raise DataError(f"The value at lattice point {where} isn't finite.")
        if not (np.isfinite(ends).all() and (ends[:, 0] < ends[:, 1]).all()):
            raise DataError(f"Expected low < high for every axis of the box, got {ends.tolist()}.")
        values.flags.writeable = ends.flags.writeable = False
        object.__setattr__(self, "lattice", values)
        object.__setattr__(self, "box", ends)

    @classmethod
    def from_function(
        cls, function: Callable[[Floats], Any], box: ArrayLike, intervals: int | Sequence[int]
    ) -> Tetrakis:
        """Interpolate a function of points ``(n, d)``.

        Parameters
        ----------
        function : callable
        box : array_like, (d, 2)
        intervals : int or sequence of int
            Along every axis, or along each.

        Raises
        ------
        BudgetError
            If there would be more than 2^24 lattice points.
        """
        ends = np.array(box, np.float64).reshape(-1, 2)
        counts = np.broadcast_to(np.asarray(intervals, np.int64), len(ends))
        if counts.min() < 1 or np.prod(counts + 1.0) > MAX_POINTS:
            raise BudgetError(
                f"{np.prod(counts + 1.0):.3g} lattice points; expected 1 interval or more along"
                f" every axis and at most {MAX_POINTS:,} points."
            )
        axes = [np.linspace(lo, hi, n + 1) for (lo, hi), n in zip(ends, counts, strict=True)]
        points = np.stack([a.ravel() for a in np.meshgrid(*axes, indexing="ij")], axis=1)
        return cls(np.asarray(function(points), np.float64).reshape(tuple(counts + 1)), ends)

    @property
    def intervals(self) -> NDArray[np.int64]:
        """Intervals along each axis, (d,)."""
        return np.array(self.lattice.shape) - 1

    @property
    def spacing(self) -> Floats:
        """Distance of lattice neighbours along each axis, (d,)."""
        return np.asarray((self.box[:, 1] - self.box[:, 0]) / self.intervals)

    def evaluate(self, points: ArrayLike) -> Floats:
        """Evaluate by folding and sorting.

        Parameters
        ----------
        points : array_like, (n, d)
            Outside the box its nearest point is taken.

        Returns
        -------
        ndarray, (n,)
        """
        x = np.asarray(points, np.float64)
        if x.ndim != 2 or x.shape[1] != self.lattice.ndim:
            raise DataError(f"Expected points (n, {self.lattice.ndim}), got shape {x.shape}.")
        place = np.clip((x - self.box[:, 0]) / self.spacing, 0, self.intervals)
        cell = np.minimum(place.astype(np.int64), self.intervals - 1)
        even = cell + (cell & 1)
        share = np.abs(place - even)
        direction = 1 - 2 * (cell & 1)
        order = np.argsort(-share, axis=1, kind="stable")
        rows = np.arange(len(x))
        vertex = even.copy()
        before = np.ones(len(x))
        total = np.zeros(len(x))
        for k in range(x.shape[1]):
            axis = order[:, k]
            weight = share[rows, axis]
            total += (before - weight) * self.lattice[tuple(vertex.T)]
            vertex[rows, axis] += direction[rows, axis]
            before = weight
        return total + before * self.lattice[tuple(vertex.T)]

    def _corners(self) -> Floats:
        """Values at the corners of every cell, by the axes moved from its even corner."""
        d = self.lattice.ndim
        cells = np.stack(
            [c.ravel() for c in np.meshgrid(*map(np.arange, self.intervals), indexing="ij")], axis=1
        )
        even, odd = cells + (cells & 1), cells | 1
        found = np.empty((2,) * d + (len(cells),))
        for moved in product((0, 1), repeat=d):
            at = np.where(np.array(moved) == 1, odd, even)
            found[moved] = self.lattice[tuple(at.T)]
        return found

    @cached_property
    def lipschitz(self) -> float:
        """Exact Lipschitz constant from the sup norm: the largest l1 norm of a gradient.

        On a simplex that is a sum along a monotone path over a cell's corners; the longest is
        found by dynamic programming over subsets of axes.
        """
        corners, h = self._corners(), self.spacing
        d = self.lattice.ndim
        longest = {(0,) * d: np.zeros(corners.shape[-1])}
        for moved in sorted(product((0, 1), repeat=d), key=sum)[1:]:
            ways = []
            for axis in np.flatnonzero(moved):
                last = (*moved[:axis], 0, *moved[axis + 1 :])
                slope = np.abs(corners[moved] - corners[last]) / h[axis]
                ways.append(longest[last] + slope)
            longest[moved] = np.maximum.reduce(ways)
        return float(longest[(1,) * d].max())

    def to_network(self) -> ResNet:
        """Return an exact relu network.

        Up to 20,000 lattice points with a value other than 0 it is the sum of values times nodal
        functions, ``φ_p(x) = relu(1 − max_{i odd} |x_i − p_i| − max_{i even} |x_i − p_i|)`` in
        units of the intervals; distances and maxima that several lattice points need are made
        once. Above, the fold and the pattern of each kind of point are made once, and every point
        is one relu of d + 1 weights.

        Raises
        ------
        BudgetError
            If more than 2,000,000 lattice points have a value other than 0, or, above 20,000, an
            axis has more than 200,000.

        References
        ----------
        THEORY 5 (ours); checked numerically.
        """
        few = np.count_nonzero(self.lattice) <= MAX_NODAL
        return (nodal_network if few else folded_network)(self.lattice, self.box, self.spacing)

    def to_circuit(
        self, input_bits: int | Sequence[int], *, epsilon: float, **options: Any
    ) -> Approximation:
        """Return a circuit within `epsilon`, verified on every representable input.

        Lattice values as minimised logic, interpolated; where a truth table or, in one
        dimension, linear pieces are smaller, these. The variables are x0, x1, ….

        Parameters
        ----------
        input_bits : int or sequence of int
        epsilon : float
        **options
            Of `approximate`.
        """
        from tetrakis.functions._approximate import approximate

        box = {f"x{i}": (float(lo), float(hi)) for i, (lo, hi) in enumerate(self.box)}
        return approximate(self.evaluate, box, epsilon=epsilon, input_bits=input_bits, **options)

    def multiscale(self) -> tuple[Tetrakis, ...]:
        """Split into levels: ``f = T_0 f + Σ_k (T_k f − T_{k−1} f)``, each a Tetrakis function.

        Level k has twice the intervals of level k − 1. `amplitude` of the parts falls like
        2^{−αk} for an α-Hölder function.

        Returns
        -------
        tuple of Tetrakis
            Their sum is this function.
        """
        strides = []
        counts = self.intervals
        stride = 1
        while not (counts % stride).any():
            strides.append(stride)
            stride *= 2
        parts: list[Tetrakis] = []
        coarser: Tetrakis | None = None
        for stride in reversed(strides):
            every = tuple(slice(None, None, stride) for _ in counts)
            level = Tetrakis(self.lattice[every], self.box)
            if coarser is None:
                parts.append(level)
            else:
                before = Tetrakis.from_function(
                    coarser.evaluate, self.box, level.intervals.tolist()
                )
                parts.append(Tetrakis(level.lattice - before.lattice, self.box))
            coarser = level
        return tuple(parts)

    @property
    def amplitude(self) -> float:
        """Largest absolute value: it is taken at a lattice point."""
        return float(np.abs(self.lattice).max())

    def plot(self) -> Figure:
        """Draw the triangulation of two dimensions, coloured by the value.

        Raises
        ------
        DataError
            If there aren't two axes.
        """
        from tetrakis.functions._triangulation import triangulation_figure

        return triangulation_figure(self.lattice, self.box)
