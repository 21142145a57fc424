"""Interpolants on large lattices as exact relu networks: one fold serves all lattice points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from tetrakis.errors import BudgetError
from tetrakis.functions._relu_graph import Affine, ReluGraph
from tetrakis.network import Block, ResNet

Floats = NDArray[np.float64]
MAX_FOLDED, MAX_AXIS = 2_000_000, 200_000


def folded_network(lattice: Floats, box: Floats, spacing: Floats) -> ResNet:
    """Return the network of an interpolant with one relu for each lattice value other than 0.

    The fold u of x has coordinates in [0, 1], 0 at even and 1 at odd multiples of the spacing.
    Nodal functions of points whose odd coordinates are the same, S, have supports that don't
    overlap, and are ``ψ_S = relu(min_{i in S} u_i − max_{i not in S} u_i)`` there. Point p takes
    its own part, ``relu(ψ_S − Σ_i (1 − b_{i, p_i}(x_i)))`` with trapezoids b that are 1 on its
    support and fall to 0 within one interval: beyond the support ψ_S is at most the distance from
    it. So there are about N + Σ n_i + d 2^d units and (d + 2) N weights.

    Raises
    ------
    BudgetError
        If more than 2,000,000 lattice points have a value other than 0, or an axis has more than
        200,000.

    References
    ----------
    Ours; THEORY 5 for the fold.
    """
    points = np.argwhere(lattice != 0)
    if len(points) > MAX_FOLDED or max(lattice.shape) > MAX_AXIS:
        raise BudgetError(
            f"{len(points):,} lattice points, up to {max(lattice.shape):,} on an axis; networks are"
            f" built of at most {MAX_FOLDED:,}, and {MAX_AXIS:,} on an axis.",
            remedy="Take a coarser lattice.",
        )
    d = lattice.ndim
    graph = ReluGraph(d)
    axes = [
        _Axis(graph, graph.input(i) * (1 / h) + Affine((), -lo / h), n - 1)
        for i, (h, lo, n) in enumerate(zip(spacing, box[:, 0], lattice.shape, strict=True))
    ]
    folds = [axis.fold() for axis in axes]
    odd = (points & 1) @ (1 << np.arange(d))
    shape = np.array([_place(_pattern(graph, folds, int(k))) for k in np.unique(odd)])
    trapezoids = [
        np.array([_place(axis.trapezoid(k)) for k in range(n)])
        for axis, n in zip(axes, lattice.shape, strict=True)
    ]
    reads = [shape[np.searchsorted(np.unique(odd), odd)]]
    reads += [own[points[:, i]] for i, own in enumerate(trapezoids)]
    return _with_last(
        graph.build([], box), np.stack(reads, axis=1), -float(d), lattice[tuple(points.T)]
    )


class _Axis:
    """Piecewise linear functions of one coordinate, in intervals from 0 to n."""

    def __init__(self, graph: ReluGraph, place: Affine, n: int) -> None:
        self.graph, self.n = graph, n
        self.hinges = [graph.relu(place - Affine((), float(k))) for k in range(n + 3)]

    def hinge(self, k: int) -> Affine:
        """Return relu(t − k) for t >= 0."""
        return self.hinges[k] if k >= 0 else self.hinges[0] + Affine((), float(-k))

    def fold(self) -> Affine:
        """Return the triangle wave that is 0 at even and 1 at odd k."""
        slopes = (1.0, *(-2.0 if k & 1 else 2.0 for k in range(1, self.n)))
        terms = ((_place(hinge), s) for hinge, s in zip(self.hinges, slopes, strict=False))
        return self.graph.relu(Affine(tuple(terms)))

    def trapezoid(self, k: int) -> Affine:
        """Return 1 on [k − 1, k + 1], falling to 0 at k − 2 and k + 2."""
        up, down = self.hinge(k - 2) - self.hinge(k - 1), self.hinge(k + 2) - self.hinge(k + 1)
        return self.graph.relu(up + down)


def _pattern(graph: ReluGraph, folds: list[Affine], odd: int) -> Affine:
    """Return ψ of the points whose odd coordinates are the bits of `odd`."""
    inside = [u * -1.0 for i, u in enumerate(folds) if odd >> i & 1]
    outside = [u for i, u in enumerate(folds) if not odd >> i & 1]
    least = graph.maximum(inside) * -1.0 if inside else Affine((), 1.0)
    return graph.relu(least - graph.maximum(outside))


def _place(unit: Affine) -> int:
    ((place, _),) = unit.terms
    return place


def _with_last(net: ResNet, reads: NDArray[np.int64], bias: float, values: Floats) -> ResNet:
    """Append a block of relus that read coordinates with weight 1 and add up to the output."""
    stream, (n, k) = net.read_in.shape[0] + 1, reads.shape

    def wider(matrix: csr_array, shape: tuple[int, int]) -> csr_array:
        made = matrix.tocoo()
        return coo_array((made.data, (made.row, made.col)), shape=shape).tocsr()

    blocks = [
        Block(wider(b.read, (b.width, stream)), b.bias, b.cap, wider(b.write, (stream, b.width)))
        for b in net.blocks
    ]
    rows = np.repeat(np.arange(n), k)
    read = coo_array((np.ones(n * k), (rows, reads.ravel())), shape=(n, stream)).tocsr()
    last = (np.full(n, stream - 1), np.arange(n))
    write = coo_array((values, last), shape=(stream, n)).tocsr()
    blocks.append(Block(read, np.full(n, bias), np.full(n, np.inf), write))
    read_out = coo_array((np.ones(1), ([0], [stream - 1])), shape=(1, stream)).tocsr()
    read_in = wider(net.read_in, (stream, net.read_in.shape[1]))
    return ResNet(read_in, tuple(blocks), read_out, np.zeros(1), net.box)
