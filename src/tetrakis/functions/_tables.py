"""The construction by truth table: every row's code, spelled out and minimised."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tetrakis.circuit import Aig, AigBuilder
from tetrakis.functions._segments import table_bits
from tetrakis.functions._target import Grid

Longs = NDArray[np.int64]


def input_orders(grid: Grid) -> list[list[int]]:
    """Orders of the input bits for Shannon expansion, last first: by variable, and interleaved."""
    starts = np.concatenate([[0], np.cumsum(grid.bits)[:-1]])
    by_variable = list(range(grid.total_bits))
    place = {int(s) + i: (b - i, k) for k, (s, b) in enumerate(zip(starts, grid.bits, strict=True))
             for i in range(b)}  # fmt: skip
    interleaved = sorted(by_variable, key=lambda bit: (-place[bit][0], place[bit][1]))
    return [by_variable] if interleaved == by_variable else [by_variable, interleaved]


def table_circuit(codes: Longs, bits: int, order: Sequence[int]) -> Aig:
    """Build every output bit of ``codes[row]`` by Shannon expansion in an order of the inputs.

    Parameters
    ----------
    codes : int array, (2^n,)
    bits : int
        Of the output word.
    order : sequence of int
        Inputs, the one that is split last first.
    """
    n = len(codes).bit_length() - 1
    axes = [n - 1 - i for i in reversed(order)]  # axis a of the table is input n − 1 − a
    moved = codes.reshape((2,) * n).transpose(axes).ravel() if n else codes
    builder = AigBuilder(n)
    literals = table_bits(builder, [builder.input(i) for i in order], moved, bits)
    return builder.build(literals)
