"""Whether a circuit computes what a fixed-point network decides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tetrakis.circuit import (
    Aig,
    all_patterns,
    compile_network,
    optimise,
    pack_rows,
    simulate,
    unpack,
)
from tetrakis.network import FixedPointResNet

Decision = Literal["sign", "argmax", "words"]
Status = Literal["proved", "refuted", "unknown"]
EXHAUSTIVE_BITS = 20
SAMPLED_BITS = 1 << 23
_WORDS_AT_ONCE = 256


@dataclass(frozen=True)
class Equivalence:
    """Outcome of `compare`: what is known, and how it was found out."""

    status: Status
    detail: str


def compare(circuit: Aig, fixed: FixedPointResNet, decision: Decision) -> Equivalence:
    """Compare a circuit with a fixed-point network on all inputs, as far as possible.

    Only inputs that the network or the circuit reads are varied. Up to 20 such bits every
    pattern is simulated: a proof. With more, corners and random patterns are simulated, and the
    network is compiled again: the same circuit node by node is a proof relative to the compiler
    and the optimiser. Otherwise the outcome is unknown.

    Parameters
    ----------
    circuit : Aig
    fixed : FixedPointResNet
        Its inputs' bits, least significant first, are the circuit's inputs.
    decision : {"sign", "argmax", "words"}
        As for `tetrakis.circuit.compile_network`.
    """
    if circuit.num_pis != sum(f.bits for f in fixed.inputs):
        return Equivalence("refuted", "the numbers of input bits differ")
    live = live_bits(circuit, fixed)
    exhaustive = len(live) <= EXHAUSTIVE_BITS
    patterns = _every(circuit.num_pis, live) if exhaustive else _some(fixed)
    count = 0
    for words in patterns:
        bits = unpack(words, 64 * words.shape[1])
        good = expected_bits(fixed, codes_of(bits, fixed), decision, circuit.num_pos)
        found = unpack(simulate(circuit, words), len(bits))
        if good is None:
            return Equivalence("refuted", "the network's outputs don't fit the circuit's")
        wrong = np.flatnonzero((good != found).any(axis=1))
        if len(wrong):
            text = "".join("01"[int(b)] for b in bits[wrong[0]])
            return Equivalence(
                "refuted", f"they differ for the input bits {text} (first input first)"
            )
        count += len(bits)
    if exhaustive:
        return Equivalence(
            "proved", f"simulated on all 2^{len(live)} patterns of the bits that either reads"
        )
    return _recompiled(circuit, fixed, decision, f"agreed on {count:,} corner and random patterns")


def _recompiled(
    circuit: Aig, fixed: FixedPointResNet, decision: Decision, agreed: str
) -> Equivalence:
    again = optimise(compile_network(fixed, decision=decision))
    if np.array_equal(again.fanins, circuit.fanins) and np.array_equal(
        again.outputs, circuit.outputs
    ):
        return Equivalence(
            "proved",
            f"{agreed}; fixed_point.npz compiles to this very circuit, node by node (a proof"
            " relative to tetrakis' compiler and optimiser)",
        )
    return Equivalence(
        "unknown",
        f"{agreed}, no proof for all: fixed_point.npz compiles to another circuit with this"
        f" version ({again.num_gates} nodes, here {circuit.num_gates})",
    )


def live_bits(circuit: Aig, fixed: FixedPointResNet) -> NDArray[np.int64]:
    """Find the circuit's inputs that the circuit or the network can depend on."""
    owner = np.repeat(np.arange(fixed.n_inputs), [f.bits for f in fixed.inputs])
    live = read_inputs(fixed)[owner]
    used = np.concatenate([circuit.fanins.ravel(), circuit.outputs]) >> 1
    live[used[(used > 0) & (used <= circuit.num_pis)] - 1] = True
    return np.flatnonzero(live)


def read_inputs(fixed: FixedPointResNet) -> NDArray[np.bool_]:
    """Mask of the inputs from which a path of nonzero weights leads to an output."""
    need = abs(fixed.read_out).sum(axis=0) > 0
    for block in reversed(fixed.blocks):
        units = (abs(block.write) != 0).T @ need.astype(np.int64) > 0
        need = need | ((abs(block.read) != 0).T @ units.astype(np.int64) > 0)
    return np.asarray((abs(fixed.read_in) != 0).T @ need.astype(np.int64) > 0)


def codes_of(bits: NDArray[np.bool_], fixed: FixedPointResNet) -> NDArray[np.int64]:
    """Read rows of input bits (n, num_pis) as input codes (n, n_inputs)."""
    codes = np.empty((len(bits), fixed.n_inputs), np.int64)
    start = 0
    for k, format in enumerate(fixed.inputs):
        weights = np.int64(1) << np.arange(format.bits, dtype=np.int64)
        if format.signed:
            weights[-1] = -weights[-1]
        codes[:, k] = bits[:, start : start + format.bits].astype(np.int64) @ weights
        start += format.bits
    return codes


def expected_bits(
    fixed: FixedPointResNet, codes: NDArray[np.int64], decision: Decision, width: int
) -> NDArray[np.bool_] | None:
    """Bits (n, width) that a circuit must give for input codes; None if they can't fit."""
    y = fixed.evaluate_codes(codes)
    if decision == "sign":
        return y[:, :1] >= 0 if (width, y.shape[1]) == (1, 1) else None
    if decision == "argmax":
        best = np.argmax(y, axis=1)
        fits = (y.shape[1] - 1).bit_length() == width
    elif y.shape[1] != 1 or width < 1:
        return None
    else:
        best = y[:, 0]
        fits = bool((best >= -(1 << width - 1)).all() and (best < 1 << width - 1).all())
    return ((best[:, None] >> np.arange(width)) & 1).astype(bool) if fits else None


def _every(num_pis: int, live: NDArray[np.int64]) -> Iterator[NDArray[np.uint64]]:
    """Every pattern of the live bits, packed; the others are 0."""
    total = max(1, 2 ** len(live) // 64)
    for start in range(0, total, _WORDS_AT_ONCE):
        count = min(_WORDS_AT_ONCE, total - start)
        words = np.zeros((num_pis, count), np.uint64)
        words[live] = all_patterns(len(live), start_word=start, num_words=count)
        yield words


def _some(fixed: FixedPointResNet) -> Iterator[NDArray[np.uint64]]:
    """Corner patterns, then random ones, packed: about 2^23 bits in all."""
    rng = np.random.default_rng(0)
    num_pis = sum(f.bits for f in fixed.inputs)
    ends = np.cumsum([f.bits for f in fixed.inputs])
    corners = [np.zeros(num_pis, bool), np.ones(num_pis, bool)]
    for k, end in enumerate(ends):
        for base in (False, True):  # one input at its other end
            row = np.full(num_pis, base)
            row[end - fixed.inputs[k].bits : end] = not base
            corners.append(row)
    whole = rng.random((256, fixed.n_inputs)) < 0.5  # every input at either end
    corners += list(np.repeat(whole, [f.bits for f in fixed.inputs], axis=1))
    rows = np.array(corners)
    padded = np.concatenate([rows, rows[np.zeros(-len(rows) % 64, np.int64)]])
    yield pack_rows(padded)
    left = max(4096, SAMPLED_BITS // max(num_pis, 1)) // 64
    for start in range(0, left, _WORDS_AT_ONCE):
        shape = (num_pis, min(_WORDS_AT_ONCE, left - start))
        yield rng.integers(0, 2**64, shape, dtype=np.uint64)
