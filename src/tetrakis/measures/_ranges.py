"""Interval ranges of a network's numbers, and the bounds that follow from them."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from tetrakis.measures._norms import (
    BackwardBounds,
    ForwardBounds,
    Outputs,
    backward_bounds,
    forward_bounds,
)
from tetrakis.network import FixedPointResNet, Ranges, ResNet
from tetrakis.network._ranges import affine_range

_EPS = float(np.finfo(np.float64).eps)


def _outward(matrix: csr_array, source: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Bound ``start + matrix @ v`` with room for the rounding of this sum and of evaluate's."""
    exact = affine_range(matrix, source, start)
    terms = np.diff(matrix.indptr) + 2
    size = abs(matrix) @ np.abs(source).max(axis=1) + np.abs(start).max(axis=1)
    room = 4 * _EPS * terms * size
    return np.stack([exact[:, 0] - room, exact[:, 1] + room], axis=1)


def interval_ranges(net: ResNet) -> Ranges:
    """Bound every pre-activation, activation, stream coordinate and output on the box.

    Interval arithmetic in float64, rounded outwards: both the real function's numbers and
    those that `evaluate` computes lie inside.

    Examples
    --------
    >>> from tetrakis.network import parallel_units
    >>> net = parallel_units([[2.0]], [-1.0], [[3.0]], [0.5], box=[[-1.0, 1.0]])
    >>> interval_ranges(net).pre[0].round(9).tolist()
    [[-3.0, 1.0]]
    """
    stream = [_outward(net.read_in, net.box, np.zeros((net.stream, 2)))]
    pres, units = [], []
    for block in net.blocks:
        pre = _outward(block.read, stream[-1], np.stack([block.bias] * 2, axis=1))
        unit = np.minimum(np.maximum(pre, 0.0), block.cap[:, None])
        pres.append(pre)
        units.append(unit)
        stream.append(_outward(block.write, unit, stream[-1]))
    outputs = _outward(net.read_out, stream[-1], np.stack([net.offset] * 2, axis=1))
    return Ranges(np.array(net.box), tuple(stream), tuple(pres), tuple(units), outputs)


def integer_ranges(fixed: FixedPointResNet) -> Ranges:
    """Exact integer interval ranges on all input codes (int64; found at construction)."""
    return fixed.ranges


def range_bounds(net: ResNet, *, outputs: Outputs = "sum") -> tuple[ForwardBounds, BackwardBounds]:
    """Tighten ā by interval ranges and L̄ by the relus that can't change on the box.

    Never above the path version: the smaller of the two is taken.
    """
    ranges, path = interval_ranges(net), forward_bounds(net)

    def least(bound: np.ndarray, interval: np.ndarray) -> np.ndarray:
        return np.minimum(bound, np.abs(interval).max(axis=1))

    forward = ForwardBounds(
        path.inputs,
        tuple(map(least, path.stream, ranges.stream)),
        tuple(map(least, path.units, ranges.units)),
        least(path.outputs, ranges.outputs),
    )
    active = [
        ((pre[:, 1] > 0) & (pre[:, 0] < block.cap)).astype(np.float64)
        for pre, block in zip(ranges.pre, net.blocks, strict=True)
    ]
    return forward, backward_bounds(net, outputs=outputs, active=active)


def lipschitz_bound(net: ResNet) -> float:
    """Bound the Lipschitz constant on the box, sup norm of inputs to sup norm of outputs.

    The largest output's sum over inputs of L̄, relus that can't change left out.
    """
    _, backward = range_bounds(net, outputs="each")
    return float(backward.inputs.sum(axis=0).max(initial=0.0)) * (1 + 1e-9)


def lipschitz_per_input(net: ResNet) -> np.ndarray:
    """Bound |∂output/∂input i|, the largest output's, on the box; shape (n_inputs,)."""
    _, backward = range_bounds(net, outputs="max")
    return backward.inputs * (1 + 1e-9)
