"""From a float network whose weights are dyadic to the fixed-point network with those weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_array

from tetrakis.compress._digits import lowest_exponent
from tetrakis.network import (
    Block,
    FixedPointBlock,
    FixedPointFormat,
    FixedPointResNet,
    ResNet,
)
from tetrakis.network._arrays import rows_of

_NONE = 2**40  # an exponent above all others: nothing to represent


def to_fixed_point(
    net: ResNet,
    *,
    input_formats: Sequence[FixedPointFormat],
    grains: Sequence[np.ndarray],
    bits: Sequence[np.ndarray],
) -> FixedPointResNet:
    """Build the integer network with exactly the weights of `net`.

    Every exponent is the coarsest that represents its sums exactly (and no coarser than the
    grain). Caps of `net` are not looked at: `bits` decides where a unit saturates.

    Parameters
    ----------
    net : ResNet
        All numbers are short sums of powers of two (`signed_digits`).
    input_formats : sequence of FixedPointFormat
    grains : sequence of ndarray of int, shapes (width,)
        Activations of unit j are rounded down to multiples of ``2**grains[j]``.
    bits : sequence of ndarray of int, shapes (width,)
        Saturation at ``2**bits − 1`` grains; ``UNBOUNDED`` is none.

    Raises
    ------
    NetworkError
        If weights need more than 53 bits, or sums 62.
    """
    sources = np.array([f.exponent for f in input_formats], np.int64)
    stream = _stream_exponent(net, sources, grains)
    blocks = [
        _fixed_block(block, stream, np.asarray(grain, np.int64), size)
        for block, grain, size in zip(net.blocks, grains, bits, strict=True)
    ]
    output = _row_exponent(net.read_out, stream, net.offset)
    output[output == _NONE] = 0
    return FixedPointResNet(
        tuple(input_formats),
        _codes(net.read_in, stream, sources),
        tuple(blocks),
        _codes(net.read_out, output, stream),
        np.ldexp(net.offset, -output),
        stream,
        output,
    )


def useful_grains(
    net: ResNet, sources: np.ndarray, grains: Sequence[np.ndarray]
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Coarsen grains to what the pre-activations resolve; also tell the exponents of these.

    A coordinate that a block both reads and writes makes its exponent and the grains depend on
    each other: grains only grow from round to round, so every round is valid.
    """
    current, exponents = list(grains), list(grains)
    for _ in range(len(net.blocks) + 1):
        stream = _stream_exponent(net, sources, current)
        exponents = [
            _unit_exponent(block, stream, grain)
            for block, grain in zip(net.blocks, grains, strict=True)
        ]
        current = [np.maximum(g, e) for g, e in zip(grains, exponents, strict=True)]
    return current, exponents


def _row_exponent(matrix: csr_array, column: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Find the coarsest exponent on which every row of ``matrix @ column + bias`` is whole."""
    least = np.full(matrix.shape[0], _NONE, np.int64)
    used = lowest_exponent(matrix.data) + column[matrix.indices]
    np.minimum.at(least, rows_of(matrix), used)
    some = bias != 0
    least[some] = np.minimum(least[some], lowest_exponent(bias[some]))
    return least


def _stream_exponent(net: ResNet, sources: np.ndarray, grains: Sequence[np.ndarray]) -> np.ndarray:
    zero = np.zeros(net.stream)
    least = _row_exponent(net.read_in, sources, zero)
    for block, grain in zip(net.blocks, grains, strict=True):
        least = np.minimum(least, _row_exponent(block.write, grain, zero))
    least[least == _NONE] = 0
    return least


def _unit_exponent(block: Block, stream: np.ndarray, grain: np.ndarray) -> np.ndarray:
    exponent = _row_exponent(block.read, stream, block.bias)
    return np.where(exponent == _NONE, grain, exponent)


def _fixed_block(
    block: Block, stream: np.ndarray, grain: np.ndarray, bits: np.ndarray
) -> FixedPointBlock:
    exponent = np.minimum(_unit_exponent(block, stream, grain), grain)
    return FixedPointBlock(
        _codes(block.read, exponent, stream),
        np.ldexp(block.bias, -exponent),
        grain - exponent,
        bits,
        _codes(block.write, stream, grain),
        exponent,
    )


def _codes(matrix: csr_array, row: np.ndarray, column: np.ndarray) -> csr_array:
    power = column[matrix.indices] - row[rows_of(matrix)]
    return csr_array((np.ldexp(matrix.data, power), matrix.indices, matrix.indptr), matrix.shape)
