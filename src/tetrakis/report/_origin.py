"""Which block of its network each gate of a circuit belongs to (ours)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tetrakis.circuit import Aig, pack_rows, simulate_nodes
from tetrakis.circuit._aig import _mark as mark_cone
from tetrakis.circuit._aig import fresh
from tetrakis.network import FixedPointResNet

_ROWS = 4096


@dataclass(frozen=True, eq=False)
class Origin:
    """Blocks of gates.

    Parameters
    ----------
    block : ndarray of int, shape (num_gates,)
        The first block that the gate helps to compute; the number of blocks for gates that only
        the outputs need.
    found, total : int
        Bits of activations that were found in the circuit, and that the network has.
    """

    block: NDArray[np.int64]
    found: int
    total: int


def origin(circuit: Aig, fixed: FixedPointResNet) -> Origin:
    """Tell the gates of each block apart by the activations' bits.

    The bits of every activation on random inputs are looked up among the circuit's signals; the
    gates that lead to those of block k, and to none of an earlier one, are block k's. This needs
    no record of the compilation, so it works for circuits that other programs optimised. Where
    two signals agree on all 4,096 inputs it may err: it is for pictures only.

    Parameters
    ----------
    circuit : Aig
        Computes `fixed`, or what is decided by it.
    fixed : FixedPointResNet
    """
    rng = np.random.default_rng(0)
    lo, hi = fixed.ranges.inputs[:, 0], fixed.ranges.inputs[:, 1]
    codes = rng.integers(lo, hi + 1, (_ROWS, fixed.n_inputs))
    signals = _signatures(circuit, _input_bits(codes, fixed))
    places: dict[bytes, int] = {}
    for v in range(len(signals) - 1, 0, -1):
        places[signals[v].tobytes()] = v
    block = np.full(circuit.num_gates, len(fixed.blocks), np.int64)
    found = total = 0
    for k, units in reversed(list(enumerate(fixed.activations(codes)))):
        roots = []
        for signature in _bit_signatures(units):
            total += 1
            roots.append(places.get(signature.tobytes(), 0))
        found += sum(v > 0 for v in roots)
        block[_cone(circuit, roots)] = k
    return Origin(block, found, total)


def _input_bits(codes: NDArray[np.int64], fixed: FixedPointResNet) -> NDArray[np.bool_]:
    parts = [np.zeros((len(codes), 0), bool)]
    for k, format in enumerate(fixed.inputs):
        parts.append(((codes[:, k, None] >> np.arange(format.bits)) & 1).astype(bool))
    return np.concatenate(parts, axis=1)


def _normal(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Invert rows whose first bit is 1, so that a signal and its complement agree."""
    flip = (words[:, :1] & np.uint64(1)).astype(bool)
    return np.where(flip, ~words, words)


def _signatures(circuit: Aig, bits: NDArray[np.bool_]) -> NDArray[np.uint64]:
    return _normal(simulate_nodes(circuit, pack_rows(bits)))


def _bit_signatures(units: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Signatures of all activation bits that vary."""
    width = int(units.max(initial=0)).bit_length()
    bits = (units[:, :, None] >> np.arange(width)) & 1
    flat = bits.reshape(len(units), -1).astype(bool)
    return _normal(pack_rows(flat[:, flat.any(axis=0) & ~flat.all(axis=0)]))


def _cone(circuit: Aig, roots: list[int]) -> NDArray[np.bool_]:
    """Mask of the gates that lead to any of the given variables."""
    first = 1 + circuit.num_pis
    used = np.zeros(first + circuit.num_gates, bool)
    used[roots] = True
    mark_cone(first, fresh(circuit.fanins), used)
    return used[first:]
