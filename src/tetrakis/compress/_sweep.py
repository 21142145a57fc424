"""Remove what can't reach an output or never changes; the function on the box stays."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array, diags_array

from tetrakis.compress._prune import columns_used, rows_used
from tetrakis.measures import interval_ranges
from tetrakis.network import Block, ResNet


def sweep(network: ResNet, *, compact: bool = True) -> ResNet:
    """Drop dead units and paths, and fold constants into later biases and the offset.

    A unit is constant if its interval range on the box is 0 or its cap throughout; it is dead
    if it writes only where nothing reads afterwards. The function on the box is unchanged (up
    to the rounding of folded constants: without constants, bit for bit).

    Parameters
    ----------
    network : ResNet
    compact : bool
        Also drop unused stream coordinates and empty blocks, order kept. Inputs always stay.
    """
    blocks, offset = _fold_constants(network)
    blocks, needed = _drop_dead(network, blocks)
    if not compact:
        return ResNet(network.read_in, tuple(blocks), network.read_out, offset, network.box)
    small = [Block(b.read[:, needed], b.bias, b.cap, b.write[needed]) for b in blocks if b.width]
    read_in, read_out = network.read_in[needed], network.read_out[:, needed]
    return ResNet(read_in, tuple(small), read_out, offset, network.box)


def _fold_constants(network: ResNet) -> tuple[list[Block], np.ndarray]:
    """Remove constant units; also reads of coordinates that are still zero."""
    ranges = interval_ranges(network)
    constant = np.zeros(network.stream)  # what removed units have written so far
    varies = rows_used(network.read_in)
    blocks = []
    for block, units in zip(network.blocks, ranges.units, strict=True):
        bias = block.bias + block.read @ constant
        read = _scale_columns(block.read, varies)
        alone = ~rows_used(read)
        fixed = alone | (units[:, 0] == units[:, 1])
        value = np.where(alone, np.clip(bias, 0.0, block.cap), units[:, 0])
        constant = constant + block.write @ np.where(fixed, value, 0.0)
        keep = ~fixed
        write = csr_array(block.write[:, keep])
        blocks.append(Block(read[keep], bias[keep], block.cap[keep], write))
        varies = varies | rows_used(write)
    return blocks, network.offset + network.read_out @ constant


def _drop_dead(network: ResNet, blocks: list[Block]) -> tuple[list[Block], np.ndarray]:
    """Remove writes that nothing reads and the units left without a write."""
    needed = columns_used(network.read_out)
    kept: list[Block] = []
    for block in reversed(blocks):
        write = _scale_columns(block.write.T.tocsr(), needed).T.tocsr()
        live = columns_used(write)
        block = Block(block.read[live], block.bias[live], block.cap[live], write[:, live])
        kept.insert(0, block)
        needed = needed | columns_used(block.read)
    return kept, needed


def _scale_columns(matrix: csr_array, keep: np.ndarray) -> csr_array:
    masked = csr_array(matrix @ diags_array(keep.astype(np.float64)))
    masked.eliminate_zeros()
    return masked
