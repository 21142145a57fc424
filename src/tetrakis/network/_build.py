"""Networks from layers, from parallel units, and from other networks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.sparse import block_diag, csr_array, hstack, vstack

from tetrakis.errors import NetworkError
from tetrakis.network._resnet import Block, ResNet


def from_layers(weights: Sequence[Any], biases: Sequence[Any], *, box: Any) -> ResNet:
    """Turn a multilayer perceptron into a residual network.

    The stream is ``[inputs | hidden 1 | … | hidden L−1 | outputs]``: every layer writes into
    fresh coordinates; the last hidden layer writes the outputs.

    Parameters
    ----------
    weights : sequence of array_like, shapes (width_l, width_{l−1})
        Two or more layers; the last is linear, the others are relus.
    biases : sequence of array_like, shapes (width_l,)
    box : array_like, shape (n_inputs, 2)

    Examples
    --------
    >>> net = from_layers([[[1.0], [-1.0]], [[1.0, 1.0]]], [[0, 0], [0]], box=[[-1, 1]])
    >>> net.evaluate([[-0.5]]).tolist()
    [[0.5]]
    """
    matrices = [csr_array(np.asarray(w, np.float64)) for w in weights]
    if len(matrices) < 2 or len(biases) != len(matrices):
        raise NetworkError(
            f"layers: expected two or more, each with a bias, got {len(matrices)} weights and "
            f"{len(biases)} biases."
        )
    widths = [matrices[0].shape[1], *(m.shape[0] for m in matrices)]
    fresh = [*widths[:-2], widths[-1]]  # the last hidden layer has no coordinates of its own
    starts = np.concatenate([[0], np.cumsum(fresh)])
    stream = int(starts[-1])
    blocks = []
    for layer in range(len(matrices) - 1):
        last = layer == len(matrices) - 2
        out = matrices[-1] if last else csr_array(np.eye(widths[layer + 1]))
        read = _place(matrices[layer], 0, int(starts[layer]), (widths[layer + 1], stream))
        write = _place(out, int(starts[layer + 1]), 0, (stream, widths[layer + 1]))
        blocks.append(Block(read, biases[layer], np.full(widths[layer + 1], np.inf), write))
    read_in = _place(csr_array(np.eye(widths[0])), 0, 0, (stream, widths[0]))
    eye = csr_array(np.eye(widths[-1]))
    read_out = _place(eye, 0, stream - widths[-1], (widths[-1], stream))
    return ResNet(read_in, tuple(blocks), read_out, biases[-1], box)


def _place(matrix: csr_array, row: int, column: int, shape: tuple[int, int]) -> csr_array:
    """Put `matrix` with its upper left corner at (row, column) of an empty matrix."""
    coo = matrix.tocoo()
    return csr_array((coo.data, (coo.row + row, coo.col + column)), shape=shape)


def dense(widths: Sequence[int], *, box: Any, rng: np.random.Generator) -> ResNet:
    """Draw a random perceptron of the given widths, inputs and outputs included.

    Weights are normal with variance 2/fan-in, biases zero.
    """
    weights = [rng.normal(0.0, np.sqrt(2.0 / max(a, 1)), (b, a)) for a, b in pairwise(widths)]
    return from_layers(weights, [np.zeros(w) for w in widths[1:]], box=box)


def parallel_units(read: Any, bias: Any, write: Any, offset: Any, *, box: Any) -> ResNet:
    """Build ``write @ relu(read @ x + bias) + offset``: one block of units side by side.

    Parameters
    ----------
    read : array_like, shape (width, n_inputs)
    bias : array_like, shape (width,)
    write : array_like, shape (n_outputs, width)
    offset : array_like, shape (n_outputs,)
    box : array_like, shape (n_inputs, 2)
    """
    return from_layers([read, write], [bias, offset], box=box)


def add(first: ResNet, *others: ResNet) -> ResNet:
    """Add networks on the same inputs: their streams side by side.

    The box is the intersection of the boxes.
    """
    nets = (first, *others)
    sizes = {(net.n_inputs, net.n_outputs) for net in nets}
    if len(sizes) > 1:
        raise NetworkError(f"add: expected equal (inputs, outputs), got {sorted(sizes)}.")
    depth = max(len(net.blocks) for net in nets)
    blocks = []
    for level in range(depth):
        row = [_block_or_empty(net, level) for net in nets]
        blocks.append(
            Block(
                block_diag([b.read for b in row], format="csr"),
                np.concatenate([b.bias for b in row]),
                np.concatenate([b.cap for b in row]),
                block_diag([b.write for b in row], format="csr"),
            )
        )
    boxes = np.stack([net.box for net in nets])
    box = np.stack([boxes[:, :, 0].max(axis=0), boxes[:, :, 1].min(axis=0)], axis=1)
    return ResNet(
        vstack([net.read_in for net in nets], format="csr"),
        tuple(blocks),
        hstack([net.read_out for net in nets], format="csr"),
        np.sum([net.offset for net in nets], axis=0),
        box,
    )


def _block_or_empty(net: ResNet, level: int) -> Block:
    if level < len(net.blocks):
        return net.blocks[level]
    empty = csr_array((0, net.stream))
    return Block(empty, np.zeros(0), np.zeros(0), csr_array((net.stream, 0)))


def compose(outer: ResNet, inner: ResNet) -> ResNet:
    """Build ``outer(inner(x))`` on the inner box, without any further unit.

    The streams lie side by side; whatever reads the outer stream also reads the inner outputs
    through the product of the weights. `outer.box` is not used.
    """
    if outer.n_inputs != inner.n_outputs:
        raise NetworkError(
            f"compose: expected an outer network of {inner.n_outputs} inputs, got {outer.n_inputs}."
        )
    link = csr_array(outer.read_in @ inner.read_out)
    shift = outer.read_in @ inner.offset
    n, m = inner.stream, outer.stream
    blocks = [
        Block(
            hstack([b.read, csr_array((b.width, m))], format="csr"),
            b.bias, b.cap,
            vstack([b.write, csr_array((m, b.width))], format="csr"),
        )
        for b in inner.blocks
    ]  # fmt: skip
    for b in outer.blocks:
        read = hstack([b.read @ link, b.read], format="csr")
        write = vstack([csr_array((n, b.width)), b.write], format="csr")
        blocks.append(Block(read, b.bias + b.read @ shift, b.cap, write))
    read_out = hstack([outer.read_out @ link, outer.read_out], format="csr")
    read_in = vstack([inner.read_in, csr_array((m, inner.n_inputs))], format="csr")
    offset = outer.offset + outer.read_out @ shift
    return ResNet(read_in, tuple(blocks), read_out, offset, inner.box)
