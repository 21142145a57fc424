"""Sizes of a network that need no data: weights, digits, bits."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tetrakis.network import Block, FixedPointBlock, FixedPointResNet, ResNet, TableBlock


def num_weights(net: ResNet | FixedPointResNet) -> int:
    """Count the nonzero block weights, biases and table entries (offsets and fixed maps not)."""
    return sum(_weights_of(block) for block in net.blocks)


def _weights_of(block: Block | FixedPointBlock | TableBlock) -> int:
    if isinstance(block, TableBlock):
        return int(block.write.nnz + np.count_nonzero(block.entries))
    return int(block.read.nnz + block.write.nnz + np.count_nonzero(block.bias))


def num_units(net: ResNet | FixedPointResNet) -> int:
    """Count the units that read something and write something."""
    return sum(
        int(np.count_nonzero(np.diff(b.read.indptr) * (b.write != 0).sum(axis=0)))
        for b in net.blocks
    )


def num_digits(fixed: FixedPointResNet) -> int:
    """Count the nonzero canonical signed digits of all integer parameters.

    Parameters are block weights, biases, table entries and offsets. A sum of n digits costs about
    n − 1 word additions.
    """
    return sum(int(popcount(v ^ (3 * v)).sum()) for v in _magnitudes(fixed))


def num_bits(fixed: FixedPointResNet) -> int:
    """Count the significant bits of all integer parameters.

    A nonzero parameter (block weight, bias, table entry, offset) takes one sign bit and the
    binary digits from its highest to its lowest one; positions (exponents, sparsity pattern,
    wires of tables) aren't counted.
    """
    total = 0
    for values in _magnitudes(fixed):
        odd = values // (values & -values)
        total += int((1 + np.frexp(odd.astype(np.float64))[1]).sum())
    return total


def popcount(values: np.ndarray) -> np.ndarray:
    """Count the ones of non-negative int64 numbers, shape (n,)."""
    octets = np.ascontiguousarray(values, np.int64).view(np.uint8).reshape(len(values), 8)
    return np.unpackbits(octets, axis=1).sum(axis=1, dtype=np.int64)


def _magnitudes(fixed: FixedPointResNet) -> Iterator[np.ndarray]:
    for block in fixed.blocks:
        own = [block.entries] if isinstance(block, TableBlock) else [block.read.data, block.bias]
        for values in (*own, block.write.data):
            yield np.abs(values[values != 0])
    yield np.abs(fixed.offset[fixed.offset != 0])
