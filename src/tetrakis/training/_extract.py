"""From trained weights to the shared representation: the float network and its integer twin."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from tetrakis.network import Block, FixedPointBlock, FixedPointFormat, FixedPointResNet, ResNet
from tetrakis.training._plan import TrainedNetwork

_NO_TERM = 2**20


def to_networks(
    trained: TrainedNetwork, input_bits: np.ndarray, *, common_exponent: bool = True
) -> tuple[ResNet, FixedPointResNet]:
    """Build both networks; the integer one computes exactly the trained forward pass.

    The stream is [inputs | relus | outputs]. The linear part goes through units that read one input
    each (relu is the identity there). Both networks have the trained weights, sums of at most four
    signed powers of two. The float network's biases, activations and inputs are not rounded, its
    relus are capped where the integer ones saturate. The integer network's biases are floored to
    the grid on which their sum moves, which changes no floored activation and no sign.

    Parameters
    ----------
    trained : TrainedNetwork
    input_bits : ndarray of int, shape (d,)
        Bits of every input; its code is worth ``2**-bits``.
    common_exponent : bool
        One exponent for all outputs, as comparing them needs.

    Returns
    -------
    network : ResNet
    fixed_point : FixedPointResNet
    """
    layers = _Layers(trained, np.asarray(input_bits, np.int64))
    pairs = [layers.block(index) for index in range(layers.n_blocks)]
    exponent, fixed_offset, offset = layers.outputs(common_exponent)
    stream_exponent = layers.stream_exponent(exponent)
    formats = tuple(FixedPointFormat(int(b), -int(b)) for b in layers.input_bits)
    top = [1.0 - 2.0 ** -int(b) for b in layers.input_bits]
    box = np.stack([np.zeros(len(top)), np.array(top)], axis=1) if top else np.zeros((0, 2))
    read_in = csr_array(np.eye(layers.stream, layers.n_inputs, dtype=np.int64))
    read_out = np.zeros((layers.k, layers.stream), np.int64)
    read_out[np.arange(layers.k), layers.stream - layers.k + np.arange(layers.k)] = 1
    network = ResNet(read_in, tuple(p[0] for p in pairs), csr_array(read_out), offset, box)
    blocks = tuple(layers.integers(p[1], stream_exponent) for p in pairs)
    fixed = FixedPointResNet(
        formats, read_in, blocks, csr_array(read_out), fixed_offset, stream_exponent, exponent
    )
    return network, fixed


def lowest_exponent(values: np.ndarray) -> np.ndarray:
    """Exponent of the lowest set bit of every dyadic number; a large number for zero."""
    mantissa, exponent = np.frexp(values)
    whole = np.abs(np.ldexp(mantissa, 53)).astype(np.int64)
    low = np.log2(np.maximum(whole & -whole, 1)).astype(np.int64)
    return np.where(values == 0, _NO_TERM, exponent - 53 + low)


class _Layers:
    """Sweeps dead relus and lays the trained matrices out on the stream."""

    def __init__(self, trained: TrainedNetwork, input_bits: np.ndarray) -> None:
        self.latent, self.rounded, self.steps = trained.latent, trained.rounded, trained.steps
        self.bits = trained.settings.activation_bits
        self.input_bits, self.n_inputs = input_bits, len(input_bits)
        self.n_blocks, self.k = len(trained.steps), len(trained.latent["c"])
        self.alive = self._alive()
        counts = [len(a) for a in self.alive[:-1]]
        self.starts = self.n_inputs + np.cumsum([0, *counts])
        self.stream = int(self.starts[-1]) + self.k

    def _alive(self) -> list[np.ndarray]:
        """Find the relus of every block from which something reaches an output."""
        width = [len(s) for s in self.steps]
        useful = [np.zeros(w, bool) for w in width]
        for block in reversed(range(self.n_blocks)):
            useful[block] = (self.rounded[f"V{block}"] != 0).any(axis=1)
            for later in range(block + 1, self.n_blocks):
                start = self.n_inputs + sum(width[:block])
                edges = self.rounded[f"W{later}"][start : start + width[block]] != 0
                useful[block] |= (edges & useful[later]).any(axis=1)
        return [np.flatnonzero(u) for u in useful]

    def _sources(self, block: int) -> tuple[np.ndarray, np.ndarray]:
        """Rows of ``W`` that stay, and the stream coordinates they read."""
        width = [len(s) for s in self.steps]
        rows = [np.arange(self.n_inputs)]
        rows += [self.n_inputs + sum(width[:b]) + self.alive[b] for b in range(block)]
        return np.concatenate(rows), np.arange(self.starts[block])

    def block(self, index: int) -> tuple[Block, dict[str, np.ndarray]]:
        """Build the float block, and its dense arrays with steps for the integer twin."""
        dense = self._dense(index)
        cap = dense["step"] * (np.exp2(dense["bits"]) - 1)
        if index == 0:
            cap[len(self.alive[0]) :] = np.inf
        return Block(dense["read"], dense["bias"], cap, dense["write"]), dense

    def _dense(self, index: int) -> dict[str, np.ndarray]:
        """Lay one block out densely: relus first, then (first block) the linear part's units."""
        which = self.rounded
        alive = self.alive[index]
        rows, coordinates = self._sources(index)
        linear = np.flatnonzero((self.rounded["S"] != 0).any(axis=1)) if index == 0 else alive[:0]
        n, extra = len(alive), len(linear)
        read = np.zeros((n + extra, self.stream))
        read[:n, coordinates] = which[f"W{index}"][np.ix_(rows, alive)].T
        read[n + np.arange(extra), linear] = 1.0
        write = np.zeros((self.stream, n + extra))
        write[self.stream - self.k :, :n] = which[f"V{index}"][alive].T
        write[self.stream - self.k :, n:] = which["S"][linear].T
        if index + 1 < self.n_blocks:
            write[self.starts[index] + np.arange(n), np.arange(n)] = 1.0
        step = np.concatenate([self.steps[index][alive], np.exp2(-self.input_bits[linear])])
        bits = np.concatenate([np.full(n, self.bits), self.input_bits[linear]])
        bias = np.concatenate([self.latent[f"b{index}"][alive], np.zeros(extra)])
        return {"read": read, "write": write, "step": step, "bits": bits, "bias": bias}

    def outputs(self, common: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Find the exponents, integer offsets and float offsets of the outputs."""
        exponent = np.full(self.k, _NO_TERM)
        for block in range(self.n_blocks):
            grain = lowest_exponent(self.steps[block])[:, None]
            terms = lowest_exponent(self.rounded[f"V{block}"]) + grain
            dead = np.setdiff1d(np.arange(len(terms)), self.alive[block])
            terms[dead] = _NO_TERM
            exponent = np.minimum(exponent, terms.min(axis=0, initial=_NO_TERM))
        linear = lowest_exponent(self.rounded["S"]) - self.input_bits[:, None]
        exponent = np.minimum(exponent, linear.min(axis=0, initial=_NO_TERM))
        if common:
            exponent = np.full(self.k, exponent.min(initial=_NO_TERM))
        exponent = np.where(exponent > _NO_TERM // 2, -8, exponent)
        offset = self.latent["c"]
        return exponent, np.floor(np.ldexp(offset, -exponent)).astype(np.int64), offset

    def stream_exponent(self, output_exponent: np.ndarray) -> np.ndarray:
        """Exponents of the stream coordinates."""
        units = [lowest_exponent(self.steps[b][self.alive[b]]) for b in range(self.n_blocks - 1)]
        return np.concatenate([-self.input_bits, *units, output_exponent]).astype(np.int64)

    def integers(self, block: dict[str, np.ndarray], stream: np.ndarray) -> FixedPointBlock:
        """Scale one block's rounded weights to integers."""
        step = lowest_exponent(block["step"])
        terms = lowest_exponent(block["read"]) + stream
        exponent = np.minimum(terms.min(axis=1, initial=_NO_TERM), step)
        read = np.ldexp(block["read"], stream[None, :] - exponent[:, None])
        write = np.ldexp(block["write"], step[None, :] - stream[:, None])
        bias = np.floor(np.ldexp(block["bias"], -exponent))
        return FixedPointBlock(
            csr_array(read.astype(np.int64)), bias.astype(np.int64), step - exponent,
            block["bits"].astype(np.int64), csr_array(write.astype(np.int64)), exponent,
        )  # fmt: skip
