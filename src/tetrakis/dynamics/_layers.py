"""Homogeneous relu networks as lists of weight matrices."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tetrakis.errors import NetworkError
from tetrakis.network import Block, ResNet

Layers = tuple[NDArray[np.float64], ...]


def layers_of(network: ResNet) -> Layers:
    """Read the weight matrices of a homogeneous chain W_L relu(… relu(W_1 x)).

    Parameters
    ----------
    network : ResNet
        As `from_layers` or `dense` build it, without biases; without blocks it is linear.

    Returns
    -------
    tuple of ndarray, shapes (width_l, width_{l−1})

    Raises
    ------
    NetworkError
        If the network isn't positively homogeneous in its layers (a bias, an offset, a cap) or no
        chain (a layer that reads or writes past its neighbours); the block is named.
    """
    if network.offset.any():
        raise _refused("the offset isn't zero")
    for place, block in enumerate(network.blocks):
        if block.bias.any():
            raise _refused(f"block {place} has a bias")
        if np.isfinite(block.cap).any():
            raise _refused(f"block {place} has capped relus")
    state = network.read_in.toarray()  # the stream as a linear map of the last layer's values
    layers: list[NDArray[np.float64]] = []
    for place, block in enumerate(network.blocks):
        layers.append(block.read.toarray() @ state)
        state = block.write.toarray()
        known = _reads_later(network, place + 1)
        earlier = _written(network, place)
        if (known & earlier & ~state.any(axis=1)).any() or (earlier & state.any(axis=1)).any():
            raise _refused(f"what block {place} reads is read again after it (no chain)")
    layers.append(network.read_out.toarray() @ state)
    return tuple(layers)


def _written(network: ResNet, place: int) -> NDArray[np.bool_]:
    """Stream coordinates that the inputs or blocks before `place` write."""
    found = np.diff(network.read_in.indptr) > 0
    for block in network.blocks[:place]:
        found = found | (np.diff(block.write.indptr) > 0)
    return found


def _reads_later(network: ResNet, place: int) -> NDArray[np.bool_]:
    """Stream coordinates that are read from block `place` on."""
    found = np.zeros(network.stream, bool)
    found[network.read_out.indices] = True
    for block in network.blocks[place:]:
        found[block.read.indices] = True
    return found


def _refused(why: str) -> NetworkError:
    return NetworkError(
        f"network: expected a homogeneous chain of relu layers, but {why}.",
        remedy="Normalised flows need f(cW) = c^L f(W): leave biases, caps and skips out.",
    )


def check_layers(given: ResNet | Sequence[Any]) -> Layers:
    """Return weight matrices whose shapes fit and that end in one output, or raise NetworkError."""
    layers = layers_of(given) if isinstance(given, ResNet) else tuple(
        np.asarray(w, np.float64) for w in given
    )  # fmt: skip
    if not layers or any(w.ndim != 2 for w in layers):
        raise NetworkError("layers: expected one matrix or more.")
    for k in range(1, len(layers)):
        if layers[k].shape[1] != layers[k - 1].shape[0]:
            raise NetworkError(
                f"layers: layer {k} reads {layers[k].shape[1]} values, but layer {k - 1} has "
                f"{layers[k - 1].shape[0]}."
            )
    if layers[-1].shape[0] != 1:
        raise NetworkError(f"layers: expected one output, got {layers[-1].shape[0]}.")
    for k, w in enumerate(layers):
        if not np.isfinite(w).all() or not w.any():
            raise NetworkError(f"layers: layer {k} is zero or not finite.")
    return layers


def random_layers(widths: Sequence[int], rng: np.random.Generator) -> Layers:
    """Draw the layers of a relu network of the given widths, inputs and the output included."""
    return tuple(rng.normal(0.0, np.sqrt(2.0 / a), (b, a)) for a, b in pairwise(widths))


def network_of_layers(layers: Sequence[NDArray], box: Any) -> ResNet:
    """Build the network of a chain; one layer is linear, without blocks."""
    from tetrakis.network import from_layers

    if len(layers) > 1:
        return from_layers(layers, [np.zeros(len(w)) for w in layers], box=box)
    blocks: tuple[Block, ...] = ()
    return ResNet(np.eye(layers[0].shape[1]), blocks, layers[0], np.zeros(1), box)
