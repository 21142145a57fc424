"""Whether a circuit computes what a fixed-point network decides."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tetrakis.circuit import (
    Aig,
    all_patterns,
    compile_network,
    equivalent,
    network_from_circuit,
    optimise,
    output_words,
    pack_rows,
    simulate,
    unpack,
)
from tetrakis.network import FixedPointResNet, common_exponent, save_network

Decision = Literal["sign", "argmax", "words", "signs"]
Status = Literal["proved", "refuted", "unknown"]
EXHAUSTIVE_BITS = 20
SAMPLED_BITS = 1 << 23
CORNER_INPUTS = 8
_WORDS_AT_ONCE = 256


@dataclass(frozen=True)
class Equivalence:
    """Outcome of `compare`: what is known, and how it was found out."""

    status: Status
    detail: str


def compare(
    circuit: Aig,
    fixed: FixedPointResNet,
    decision: Decision,
    *,
    effort: int = 1,
    time_limit: float = 60.0,
) -> Equivalence:
    """Compare a circuit with a fixed-point network on all inputs, as far as possible.

    Only inputs that the network or the circuit reads are varied. Up to 20 such bits every
    pattern is simulated: a proof. With more, corners and random patterns are simulated, and the
    network is compiled again: the same circuit node by node, or one that `equivalent` proves
    equal, is a proof relative to the compiler. Otherwise the outcome is unknown.

    Parameters
    ----------
    circuit : Aig
    fixed : FixedPointResNet
        Its inputs' bits, least significant first, are the circuit's inputs.
    decision : {"sign", "argmax", "words"}
        As for `tetrakis.circuit.compile_network`.
    effort : int
        With which to compile again.
    time_limit : float
        Seconds for the proof of equality with the circuit compiled again.
    """
    found = simulated(circuit, fixed, decision)
    if found.status != "unknown" or decision == "signs":
        return found
    again = optimise(compile_network(fixed, decision=decision, effort=effort))
    return _recompiled(circuit, again, found.detail, time_limit)


def simulated(
    circuit: Aig,
    fixed: FixedPointResNet,
    decision: Decision,
    *,
    exhaustive_bits: int | None = None,
    rows: int | None = None,
    corner_inputs: int | None = None,
) -> Equivalence:
    """Compare a circuit with a network's integers by simulation alone.

    Parameters
    ----------
    circuit, fixed, decision
        As for `compare`.
    exhaustive_bits : int, optional
        Most input bits of which every pattern is simulated, 20 by default.
    rows : int, optional
        Random patterns otherwise; by default about 2^23 bits.
    corner_inputs : int, optional
        Most inputs of which every combination of smallest and largest code is simulated, 8 by
        default; of more, 256 random ones and every single input at its other end.
    """
    limit = EXHAUSTIVE_BITS if exhaustive_bits is None else exhaustive_bits
    if circuit.num_pis != sum(f.bits for f in fixed.inputs):
        return Equivalence("refuted", "the numbers of input bits differ")
    live = live_bits(circuit, fixed)
    exhaustive = len(live) <= limit
    corners = CORNER_INPUTS if corner_inputs is None else corner_inputs
    patterns = _every(circuit.num_pis, live) if exhaustive else _some(fixed, rows, corners)
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
    return Equivalence("unknown", f"agreed on {count:,} corner and random patterns")


def own_network(circuit: Aig, fixed: FixedPointResNet, decision: Decision) -> Equivalence:
    """Check that a network is the one that spells a circuit out gate by gate.

    Random patterns (all of them up to 20 bits) are simulated; then the network is made from the
    circuit again and compared number by number: a proof relative to `network_from_circuit`.
    """
    words = decision == "words"
    found = simulated(circuit, fixed, "words" if words else "signs")
    if found.status != "unknown":
        return found
    again = network_from_circuit(circuit, fixed.inputs, reading="words" if words else "signs")
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("a.npz", "b.npz")]
        for path, network in zip(paths, (again, fixed), strict=True):
            save_network(network, path)
        same = paths[0].read_bytes() == paths[1].read_bytes()
    if same:
        return Equivalence(
            "proved",
            f"{found.detail}; fixed_point.npz is this circuit gate by gate (a proof relative to"
            " tetrakis' network_from_circuit)",
        )
    return Equivalence("unknown", f"{found.detail}, but fixed_point.npz is another network")


def _recompiled(circuit: Aig, again: Aig, agreed: str, time_limit: float) -> Equivalence:
    if np.array_equal(again.fanins, circuit.fanins) and np.array_equal(
        again.outputs, circuit.outputs
    ):
        return Equivalence(
            "proved",
            f"{agreed}; fixed_point.npz compiles to this very circuit, node by node (a proof"
            " relative to tetrakis' compiler and optimiser)",
        )
    found = equivalent(again, circuit, time_limit=time_limit)
    if found.status == "equal":
        return Equivalence(
            "proved",
            f"{agreed}; fixed_point.npz compiles to an equal circuit ({found.detail}; a proof"
            " relative to tetrakis' compiler)",
        )
    if found.status == "different" and found.witness is not None:
        bits = "".join("01"[b] for b in found.witness)
        return Equivalence("refuted", f"they differ for the input bits {bits} (first input first)")
    return Equivalence(
        "unknown",
        f"{agreed}, no proof for all: fixed_point.npz compiles to another circuit with this"
        f" version ({again.num_gates} nodes, here {circuit.num_gates}), and {found.detail}",
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
    if decision == "argmax":
        fixed = common_exponent(fixed)
    y = fixed.evaluate_codes(codes)
    if decision == "signs":
        return y >= 0 if width == y.shape[1] else None
    if decision == "sign":
        return y[:, :1] >= 0 if (width, y.shape[1]) == (1, 1) else None
    if decision == "argmax":
        best = np.argmax(y, axis=1)
        fits = (y.shape[1] - 1).bit_length() == width
    else:
        return _word_bits(fixed, y, width)
    return ((best[:, None] >> np.arange(width)) & 1).astype(bool) if fits else None


def _word_bits(
    fixed: FixedPointResNet, y: NDArray[np.int64], width: int
) -> NDArray[np.bool_] | None:
    """Two's complement words of all outputs, together `width` bits; None if they can't fit."""
    widths = [width] if y.shape[1] == 1 else output_words(fixed)
    if sum(widths) != width or min(widths, default=1) < 1:
        return None
    tops = np.left_shift(np.int64(1), np.array(widths) - 1)
    if ((y < -tops) | (y >= tops)).any():
        return None
    words = [(y[:, k, None] >> np.arange(w)) & 1 for k, w in enumerate(widths)]
    return np.concatenate([np.zeros((len(y), 0), np.int64), *words], axis=1).astype(bool)


def _every(num_pis: int, live: NDArray[np.int64]) -> Iterator[NDArray[np.uint64]]:
    """Every pattern of the live bits, packed; the others are 0."""
    total = max(1, 2 ** len(live) // 64)
    for start in range(0, total, _WORDS_AT_ONCE):
        count = min(_WORDS_AT_ONCE, total - start)
        words = np.zeros((num_pis, count), np.uint64)
        words[live] = all_patterns(len(live), start_word=start, num_words=count)
        yield words


def _some(
    fixed: FixedPointResNet, rows: int | None, corner_inputs: int
) -> Iterator[NDArray[np.uint64]]:
    """Corner patterns, then random ones, packed."""
    rng = np.random.default_rng(0)
    n = fixed.n_inputs
    num_pis = sum(f.bits for f in fixed.inputs)
    if n <= corner_inputs:
        high = ((np.arange(2**n)[:, None] >> np.arange(n)) & 1).astype(bool)
    else:  # all at one end, one at its other end, each at either end
        alone = np.eye(n, dtype=bool)
        same = np.array([[False], [True]]).repeat(n, axis=1)
        high = np.concatenate([same, alone, ~alone, rng.random((256, n)) < 0.5])
    for start in range(0, len(high), 64 * _WORDS_AT_ONCE):
        part = high[start : start + 64 * _WORDS_AT_ONCE]
        bits = _ends(fixed, part)
        yield pack_rows(np.concatenate([bits, bits[np.zeros(-len(bits) % 64, np.int64)]]))
    left = (max(4096, SAMPLED_BITS // max(num_pis, 1)) if rows is None else rows + 63) // 64
    for start in range(0, left, _WORDS_AT_ONCE):
        shape = (num_pis, min(_WORDS_AT_ONCE, left - start))
        yield rng.integers(0, 2**64, shape, dtype=np.uint64)


def _ends(fixed: FixedPointResNet, high: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Bits of the smallest or, where `high`, the largest code of every input."""
    parts = [np.zeros((len(high), 0), bool)]
    for k, format in enumerate(fixed.inputs):
        codes = np.where(high[:, k], format.hi, format.lo)
        parts.append(((codes[:, None] >> np.arange(format.bits)) & 1).astype(bool))
    return np.concatenate(parts, axis=1)
