"""Any circuit as a residual network: the other direction of the compiler."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from tetrakis.circuit._aig import Aig
from tetrakis.errors import CircuitError
from tetrakis.network import FixedPointBlock, FixedPointFormat, FixedPointResNet

Longs = NDArray[np.int64]
Reading = Literal["signs", "words"]


def network_from_circuit(
    aig: Aig, inputs: Sequence[FixedPointFormat] | None = None, *, reading: Reading = "signs"
) -> FixedPointResNet:
    """Return a residual network of O(size) weights that computes exactly what a circuit does.

    Words of several bits are first taken apart by thresholds, most significant bit first. Then
    each level of the circuit is a block and each AND a unit ``relu(a + b − 1)`` of bits, where an
    inverted bit is ``1 − a``.

    Parameters
    ----------
    aig : Aig
    inputs : sequence of FixedPointFormat, optional
        Unsigned words whose bits, least significant first, are the circuit's inputs; one-bit
        words by default.
    reading : {"signs", "words"}
        ``"signs"``: output k is 1 where the circuit's output k is 1, else −1. ``"words"``: one
        output, the two's complement word of the circuit's outputs.

    Returns
    -------
    FixedPointResNet
        Its float network (`to_resnet`) has the same values on all input codes.

    Raises
    ------
    CircuitError
        If the words don't have as many bits as the circuit has inputs, or one is signed.

    References
    ----------
    [Jacot25] for circuits as residual networks; the units are ours.
    """
    formats = tuple(inputs) if inputs is not None else (FixedPointFormat(1, 0),) * aig.num_pis
    widths = np.array([f.bits for f in formats], np.int64)
    if widths.sum() != aig.num_pis or any(f.signed for f in formats):
        raise CircuitError(
            f"Expected unsigned words of {aig.num_pis} bits together, got {widths.tolist()}."
        )
    plan = _Plan(aig, formats, widths)
    blocks = [*plan.bit_blocks(), *plan.gate_blocks()]
    n = len(formats)
    read_in = csr_array(
        (np.ones(n, np.int64), (np.arange(n), np.arange(n))), shape=(plan.stream, n)
    )
    read_out, offset = plan.outputs(reading)
    exponents = np.zeros(plan.stream, np.int64)
    exponents[:n] = [f.exponent for f in formats]
    return FixedPointResNet(
        formats, read_in, tuple(blocks), read_out, offset, exponents,
        np.zeros(len(offset), np.int64),
    )  # fmt: skip


class _Plan:
    """Places of the stream: words, then bits of wide words that are used, then gates."""

    def __init__(self, aig: Aig, formats: tuple[FixedPointFormat, ...], widths: Longs) -> None:
        self.aig, self.widths = aig, widths
        self.exponent = np.array([f.exponent for f in formats], np.int64)
        self.word = np.repeat(np.arange(len(widths)), widths)
        self.power = np.concatenate([np.arange(w) for w in widths] or [np.zeros(0)]).astype(
            np.int64
        )
        used = np.zeros(aig.num_pis, bool)
        read = np.concatenate([aig.fanins.ravel(), aig.outputs]) >> 1
        used[read[(read > 0) & (read <= aig.num_pis)] - 1] = True
        lowest = np.full(len(widths), 62)
        np.minimum.at(lowest, self.word[used], self.power[used])
        self.needed = (self.power >= lowest[self.word]) & (widths[self.word] > 1)
        count = int(self.needed.sum())
        place = self.word.copy()
        place[self.needed] = len(widths) + np.arange(count)
        first = len(widths) + count
        self.stream = first + aig.num_gates
        self.place = np.concatenate([[-1], place, first + np.arange(aig.num_gates)])

    def bit_blocks(self) -> list[FixedPointBlock]:
        """Thresholds ``[word − higher bits >= 2**power]``, from the most significant bit down."""
        blocks = []
        down = self.widths[self.word] - 1 - self.power
        for step in range(int(down[self.needed].max(initial=-1)) + 1):
            bits = np.flatnonzero(self.needed & (down == step))
            rows, columns, data = [np.arange(len(bits))], [self.word[bits]], [np.ones(len(bits))]
            for above in range(1, step + 1):
                rows.append(np.arange(len(bits)))
                columns.append(self.place[1 + bits + above])
                data.append(-np.exp2(self.power[bits] + above))
            blocks.append(
                self._block(rows, columns, data, 1 - np.exp2(self.power[bits]),
                            self.place[1 + bits], self.exponent[self.word[bits]])
            )  # fmt: skip
        return blocks

    def gate_blocks(self) -> list[FixedPointBlock]:
        """One block for each level of the circuit."""
        aig = self.aig
        level = aig.levels[1 + aig.num_pis :]
        blocks = []
        for depth in range(1, int(level.max(initial=0)) + 1):
            gates = np.flatnonzero(level == depth)
            rows, columns, data, bias = [], [], [], -np.ones(len(gates))
            for side in (0, 1):
                literal = aig.fanins[gates, side]
                real = literal > 1
                rows.append(np.flatnonzero(real))
                columns.append(self.place[literal[real] >> 1])
                data.append(1.0 - 2.0 * (literal[real] & 1))
                bias += literal & 1
            zeros = np.zeros(len(gates), np.int64)
            place = self.place[1 + aig.num_pis + gates]
            blocks.append(self._block(rows, columns, data, bias, place, zeros))
        return blocks

    def _block(
        self, rows: list[Longs], columns: list[Longs], data: list[NDArray[np.float64]],
        bias: NDArray[np.float64], place: Longs, exponent: Longs,
    ) -> FixedPointBlock:  # fmt: skip
        width = len(place)
        read = coo_array(
            (
                np.concatenate(data).astype(np.int64),
                (np.concatenate(rows), np.concatenate(columns)),
            ),
            shape=(width, self.stream),
        ).tocsr()
        write = csr_array(
            coo_array((np.ones(width, np.int64), (place, np.arange(width))),
                      shape=(self.stream, width))
        )  # fmt: skip
        return FixedPointBlock(
            csr_array(read), bias.astype(np.int64), np.zeros(width, np.int64),
            np.ones(width, np.int64), write, exponent,
        )  # fmt: skip

    def outputs(self, reading: Reading) -> tuple[csr_array, Longs]:
        """Return the read-out and the offset."""
        literal = np.asarray(self.aig.outputs, np.int64)
        k = len(literal)
        if reading == "words":
            weight = np.left_shift(np.int64(1), np.arange(k, dtype=np.int64))
            weight[-1:] *= -1
            row, base, n = np.zeros(k, np.int64), np.zeros(k, np.int64), 1
        else:
            weight, row, base, n = np.full(k, 2), np.arange(k), np.full(k, -1), k
        inverted = literal & 1
        offset = np.zeros(n, np.int64)
        np.add.at(offset, row, base + weight * inverted)
        real = literal > 1
        out = coo_array(
            ((weight * (1 - 2 * inverted))[real], (row[real], self.place[literal[real] >> 1])),
            shape=(n, self.stream),
        )
        return csr_array(out.tocsr()), offset
