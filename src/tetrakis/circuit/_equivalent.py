"""Whether two circuits compute the same function."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tetrakis.circuit._aig import Aig
from tetrakis.circuit._builder import AigBuilder
from tetrakis.circuit._reduce import merge_equal
from tetrakis.circuit._sat import Sweep, is_available
from tetrakis.circuit._simulate import Words, all_patterns, pack_rows, simulate
from tetrakis.errors import CircuitError

Verdict = Literal["equal", "different", "unknown"]
EXHAUSTIVE_INPUTS = 24
_WORDS_AT_ONCE = 1 << 11
_SAMPLED_WORDS = 1 << 10


@dataclass(frozen=True)
class Equivalence:
    """Outcome of `equivalent`.

    Parameters
    ----------
    status : {"equal", "different", "unknown"}
    detail : str
        How it was found out.
    witness : tuple of bool, optional
        Input bits for which the circuits differ.
    """

    status: Verdict
    detail: str
    witness: tuple[bool, ...] | None = None


def equivalent(spec: Aig, impl: Aig, *, time_limit: float = 60.0) -> Equivalence:
    """Decide whether two circuits give the same outputs for all inputs.

    Inputs and outputs are matched by position. Random and corner patterns are simulated first.
    If the outputs depend on at most 24 inputs, all patterns of these are: a proof. Otherwise
    equal gates are merged (over cuts, then by SAT if python-sat is installed) and the remaining
    output pairs are put to the SAT solver.

    Parameters
    ----------
    spec, impl : Aig
        With equal numbers of inputs and outputs.
    time_limit : float
        Seconds for the SAT solver; afterwards the outcome is unknown.

    Raises
    ------
    CircuitError
        If the numbers of inputs or outputs differ.

    References
    ----------
    Equality of gates from the inputs to the outputs: A. Kuehlmann, Dynamic transition relation
    simplification for bounded property checking, ICCAD 2004.
    """
    for what in ("num_pis", "num_pos"):
        numbers = getattr(spec, what), getattr(impl, what)
        if numbers[0] != numbers[1]:
            kind = "inputs" if what == "num_pis" else "outputs"
            raise CircuitError(
                f"Circuits with {numbers[0]} and {numbers[1]} {kind} can't be compared."
            )
    end = time.monotonic() + time_limit
    both = merge_equal(_joined(spec, impl))
    count = spec.num_pos
    live = _live_inputs(both)
    if len(live) <= EXHAUSTIVE_INPUTS:
        return _simulated(both, count, _every(both.num_pis, live)) or Equivalence(
            "equal", f"simulated on all 2^{len(live)} patterns of the inputs that matter"
        )
    found = _simulated(both, count, _some(both.num_pis))
    if found is not None:
        return found
    if np.array_equal(both.outputs[:count], both.outputs[count:]):
        return Equivalence("equal", "every gate that matters has an equal one (over cuts)")
    return _by_sat(both, count, end)


def _joined(spec: Aig, impl: Aig) -> Aig:
    """Both circuits on the same inputs, equal gates shared; the outputs of `spec` come first."""
    builder = AigBuilder(spec.num_pis)
    inputs = [builder.input(i) for i in range(spec.num_pis)]
    outputs = [*builder.replay(spec, inputs), *builder.replay(impl, inputs)]
    return builder.build(outputs)


def _live_inputs(both: Aig) -> NDArray[np.int64]:
    used = np.concatenate([both.fanins.ravel(), both.outputs]) >> 1
    return np.unique(used[(used > 0) & (used <= both.num_pis)]).astype(np.int64) - 1


def _simulated(both: Aig, count: int, patterns: Iterator[Words]) -> Equivalence | None:
    for words in patterns:
        values = simulate(both, words)
        different = (values[:count] ^ values[count:]).any(axis=0)
        if different.any():
            word = int(np.argmax(different))
            first, second = values[:count, word], values[count:, word]
            output = int(np.argmax(first != second))
            mask = int(first[output] ^ second[output])
            bit = (mask & -mask).bit_length() - 1
            row = tuple(bool(w >> np.uint64(bit) & np.uint64(1)) for w in words[:, word])
            return Equivalence("different", f"output {output} differs", row)
    return None


def _every(num_pis: int, live: NDArray[np.int64]) -> Iterator[Words]:
    total = max(1, 2 ** len(live) // 64)
    for start in range(0, total, _WORDS_AT_ONCE):
        count = min(_WORDS_AT_ONCE, total - start)
        words = np.zeros((num_pis, count), np.uint64)
        words[live] = all_patterns(len(live), start_word=start, num_words=count)
        yield words


def _some(num_pis: int) -> Iterator[Words]:
    rng = np.random.default_rng(0)
    corners = np.concatenate([np.eye(num_pis, dtype=bool), ~np.eye(num_pis, dtype=bool)])
    corners = np.concatenate([corners, np.zeros((1, num_pis), bool), np.ones((1, num_pis), bool)])
    yield pack_rows(corners)
    words = rng.integers(0, 2**64, (num_pis, _SAMPLED_WORDS), dtype=np.uint64)
    yield words
    sparse = words & rng.integers(0, 2**64, words.shape, dtype=np.uint64)
    yield sparse & np.roll(sparse, 1, axis=1)
    yield ~(sparse & np.roll(sparse, 1, axis=1))


def _by_sat(both: Aig, count: int, end: float) -> Equivalence:
    if not is_available():
        return Equivalence(
            "unknown",
            "equal on random and corner patterns; no proof without a SAT solver"
            " (pip install 'tetrakis[sat]')",
        )
    with Sweep(both, end) as sweep:
        sweep.merge()
        for k in range(count):
            status, row = sweep.compare(int(both.outputs[k]), int(both.outputs[count + k]))
            if status == "different":
                return Equivalence("different", f"output {k} differs (SAT)", row)
            if status == "unknown":
                return Equivalence(
                    "unknown",
                    f"equal on random and corner patterns; the time limit was reached at output"
                    f" {k} of {count}",
                )
        return Equivalence("equal", f"proved by SAT, {sweep.proved} gates merged on the way")
