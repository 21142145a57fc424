"""Path quantities: forward and backward bounds, path norm, ResNet norm, importance.

The formulas use array operators only, so that they also hold for traced arrays: any object
with the attributes of a ResNet will do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.sparse import csr_array

from tetrakis.network import ResNet
from tetrakis.network._arrays import rows_of, with_data

Outputs = Literal["sum", "max", "each"]


@dataclass(frozen=True, eq=False)
class ForwardBounds:
    """Bounds ā on magnitudes; shapes (n_inputs,), (stream,), (width,), (n_outputs,).

    Entry l of `stream` is what block l reads, the last entry what `read_out` reads.
    """

    inputs: np.ndarray
    stream: tuple[np.ndarray, ...]
    units: tuple[np.ndarray, ...]
    outputs: np.ndarray


@dataclass(frozen=True, eq=False)
class BackwardBounds:
    """Bounds L̄ on |∂output/∂node| for inputs, the stream (as in ForwardBounds) and units.

    For units it is that of the pre-activation. One more axis (n_outputs,) if asked per output.
    """

    inputs: np.ndarray
    stream: tuple[np.ndarray, ...]
    units: tuple[np.ndarray, ...]


@dataclass(frozen=True, eq=False)
class BlockImportance:
    """``|w| ā L̄`` of a block's weights (same stored positions) and biases."""

    read: csr_array
    bias: np.ndarray
    write: csr_array


@dataclass(frozen=True, eq=False)
class EdgeImportance:
    """``|w| ā L̄`` of every parameter; the sum of all entries is the ResNet norm."""

    blocks: tuple[BlockImportance, ...]
    offset: np.ndarray


def forward_bounds(net: ResNet) -> ForwardBounds:
    """Bound every magnitude on the box: the network run with |w|, |b| on x̄.

    x̄_i = max(|lo_i|, |hi_i|); relus are the identity and caps are ignored.

    References
    ----------
    THEORY section 2 (ours, after [Jacot25]).
    """
    inputs = abs(net.box).max(axis=1)
    stream = [abs(net.read_in) @ inputs]
    units = []
    for block in net.blocks:
        units.append(abs(block.read) @ stream[-1] + abs(block.bias))
        stream.append(stream[-1] + abs(block.write) @ units[-1])
    outputs = abs(net.read_out) @ stream[-1] + abs(net.offset)
    return ForwardBounds(inputs, tuple(stream), tuple(units), outputs)


def backward_bounds(net: ResNet, *, outputs: Outputs = "sum", active: Any = None) -> BackwardBounds:
    """Bound what a change of every node can do to the outputs: a reverse pass with |w|.

    Parameters
    ----------
    net : ResNet
    outputs : {"sum", "max", "each"}
        The sum over outputs (one pass), the largest output (the sup norm; one pass per
        output), or every output in a last axis.
    active : sequence of ndarray of shape (width,), optional
        0 where a relu can't pass a change (see `interval_ranges`), 1 elsewhere: a tighter
        version that holds for inputs in the box only.
    """
    out = abs(net.read_out)
    sens = out.sum(axis=0) if outputs == "sum" else out.T @ np.eye(out.shape[0])
    stream: list[Any] = [sens]
    units: list[Any] = []
    for index in reversed(range(len(net.blocks))):
        block = net.blocks[index]
        unit = abs(block.write).T @ stream[0]
        if active is not None:
            unit = (unit.T * active[index]).T
        units.insert(0, unit)
        stream.insert(0, stream[0] + abs(block.read).T @ unit)
    inputs = abs(net.read_in).T @ stream[0]
    if outputs == "max":
        inputs = inputs.max(axis=1)
        stream = [s.max(axis=1) for s in stream]
        units = [u.max(axis=1) for u in units]
    return BackwardBounds(inputs, tuple(stream), tuple(units))


def path_norm(net: ResNet) -> Any:
    """Sum over all paths from an input or a bias to an output of ``ā ∏|w|``, P(θ).

    The paths of all outputs count.

    Examples
    --------
    >>> from tetrakis.network import parallel_units
    >>> path_norm(parallel_units([[2.0]], [-1.0], [[3.0]], [0.5], box=[[-1.0, 1.0]]))
    9.5
    """
    return _plain(forward_bounds(net).outputs.sum())


def resnet_norm(
    net: ResNet, *, forward: ForwardBounds | None = None, backward: BackwardBounds | None = None
) -> Any:
    """Price every parameter by what it can move: R(θ) = Σ_e |w_e| ā_src(e) L̄_dst(e).

    One forward and one backward pass, O(number of weights). Outputs are summed, so that
    R = Σ_e |w_e| ∂P/∂|w_e| and P ≤ R ≤ 2·(number of blocks)·P when every path carries a
    parameter.

    Parameters
    ----------
    net : ResNet
    forward, backward : bounds, optional
        Tighter bounds (`range_bounds`) in place of the path version.

    References
    ----------
    THEORY section 2 (ours, after [Jacot25]).

    Examples
    --------
    >>> from tetrakis.network import parallel_units
    >>> resnet_norm(parallel_units([[2.0]], [-1.0], [[3.0]], [0.5], box=[[-1.0, 1.0]]))
    18.5
    """
    ahead = forward_bounds(net) if forward is None else forward
    back = backward_bounds(net) if backward is None else backward
    total = abs(net.offset).sum()
    for index, block in enumerate(net.blocks):
        moved = abs(block.read) @ ahead.stream[index] + abs(block.bias)
        total = total + back.units[index] @ moved
        total = total + back.stream[index + 1] @ (abs(block.write) @ ahead.units[index])
    return _plain(total)


def edge_prices(matrix: csr_array, source: np.ndarray, target: np.ndarray) -> csr_array:
    """Multiply out ``ā_src L̄_dst`` at every stored position of `matrix`."""
    return with_data(matrix, source[matrix.indices] * target[rows_of(matrix)])


def edge_importance(
    net: ResNet,
    *,
    outputs: Literal["sum", "max"] = "sum",
    forward: ForwardBounds | None = None,
    backward: BackwardBounds | None = None,
) -> EdgeImportance:
    """Compute ``|w| ā L̄`` of every parameter: the terms whose sum is `resnet_norm`."""
    ahead = forward_bounds(net) if forward is None else forward
    back = backward_bounds(net, outputs=outputs) if backward is None else backward
    blocks = []
    for index, block in enumerate(net.blocks):
        unit, after = back.units[index], back.stream[index + 1]
        read = edge_prices(block.read, ahead.stream[index], unit)
        write = edge_prices(block.write, ahead.units[index], after)
        blocks.append(
            BlockImportance(
                with_data(block.read, abs(block.read.data) * read.data),
                abs(block.bias) * unit,
                with_data(block.write, abs(block.write.data) * write.data),
            )
        )
    return EdgeImportance(tuple(blocks), abs(net.offset))


def _plain(value: Any) -> Any:
    """Turn a numpy scalar into a float; leave a traced value as it is."""
    return float(value) if isinstance(value, np.generic) else value
