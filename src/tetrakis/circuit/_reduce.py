"""Merging gates that compute the same function, up to inversion, of a common cut.

References
----------
A. Mishchenko, S. Chatterjee, R. Jiang, R. Brayton, FRAIGs, 2005, for the signature classes;
the proof by exhaustive simulation over a cut instead of SAT is ours.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tetrakis.circuit._aig import Aig, fresh, reachable
from tetrakis.circuit._kernels import inner, kernel
from tetrakis.circuit._simulate import Words, all_patterns, simulate_nodes

CUT = 14
CONE = 400
RANDOM_WORDS = 64
Ints = NDArray[np.int32]


@inner
def _insert(leaves: Ints, count: int, variable: int) -> int:
    """Insert into an ascending list without repeats; variable 0 is no leaf."""
    if variable == 0:
        return count
    place = count
    while place > 0 and leaves[place - 1] >= variable:
        if leaves[place - 1] == variable:
            return count
        place -= 1
    for k in range(count, place, -1):
        leaves[k] = leaves[k - 1]
    leaves[place] = variable
    return count + 1


@inner
def _equal_over_cut(
    a: int,
    b: int,
    flip: bool,
    first: int,
    fanins: Ints,
    patterns: Words,
    values: Words,
    row: Ints,
    scratch: Ints,
) -> bool:
    """Compare two variables on all values of the deepest cut of at most CUT leaves found."""
    leaves, best, cone = scratch[0], scratch[1], scratch[2]
    count = _insert(leaves, _insert(leaves, np.int64(0), a), b)
    size = depth = best_size = best_depth = 0
    while count and count <= 3 * CUT and depth < CONE and leaves[count - 1] >= first:
        gate = np.int64(leaves[count - 1])
        cone[depth] = gate
        depth += 1
        count -= 1
        count = _insert(leaves, count, np.int64(fanins[gate - first, 0] >> 1))
        count = _insert(leaves, count, np.int64(fanins[gate - first, 1] >> 1))
        if count <= CUT:
            for k in range(count):
                best[k] = leaves[k]
            best_size, best_depth = count, depth
    if best_depth == 0:
        return False
    words = 1 if best_size <= 6 else 1 << (best_size - 6)
    row[0] = 0
    for k in range(best_size):
        row[best[k]] = 1 + k
        for w in range(words):
            values[1 + k, w] = patterns[k, w]
    size = 1 + best_size
    for k in range(best_depth - 1, -1, -1):
        x, y = fanins[cone[k] - first, 0], fanins[cone[k] - first, 1]
        left, right, out = values[row[x >> 1]], values[row[y >> 1]], values[size]
        left_flip = ~np.uint64(0) if x & 1 else np.uint64(0)
        right_flip = ~np.uint64(0) if y & 1 else np.uint64(0)
        for w in range(words):
            out[w] = (left[w] ^ left_flip) & (right[w] ^ right_flip)
        row[cone[k]] = size
        size += 1
    difference = ~np.uint64(0) if flip else np.uint64(0)
    different = np.uint64(0)
    for w in range(words):
        different |= values[row[a], w] ^ values[row[b], w] ^ difference
    return different == 0


@kernel
def _merges(
    first: int,
    fanins: Ints,
    order: NDArray[np.int64],
    starts: NDArray[np.bool_],
    flips: NDArray[np.bool_],
    patterns: Words,
    proved: bool,
    moved: Ints,
    values: Words,
    row: Ints,
    scratch: Ints,
) -> None:
    """Set for every variable the literal it may be replaced by."""
    head = last = np.int64(0)
    for place in range(order.shape[0]):
        v = order[place]
        if starts[place]:
            head = last = v
            continue
        if v >= first:
            for other in (head, last):
                flip = flips[v] != flips[other]
                if moved[v] == 2 * v and (
                    proved
                    or _equal_over_cut(
                        other, v, flip, first, fanins, patterns, values, row, scratch
                    )
                ):
                    moved[v] = moved[other] ^ flip
        last = v


def _signatures(aig: Aig) -> tuple[Words, bool]:
    """Values of every variable on patterns, and whether those are all patterns."""
    if aig.num_pis <= CUT:
        return simulate_nodes(aig, all_patterns(aig.num_pis)), True
    rng = np.random.default_rng(0)
    words = rng.integers(0, 2**64, (aig.num_pis, RANDOM_WORDS), dtype=np.uint64)
    mask = rng.integers(0, 2**64, words.shape, dtype=np.uint64)
    words[:, : RANDOM_WORDS // 4] &= mask[:, : RANDOM_WORDS // 4]
    words[:, -RANDOM_WORDS // 4 :] |= mask[:, -RANDOM_WORDS // 4 :]
    return simulate_nodes(aig, words), False


def merge_equal(aig: Aig) -> Aig:
    """Return the circuit with gates of provably equal function merged.

    Candidates agree on random patterns (all patterns up to 14 inputs); each is proved by
    simulating all values of a cut of at most 14 signals, or left alone.
    """
    if not aig.num_gates:
        return aig
    values, proved = _signatures(aig)
    flips = (values[:, 0] & np.uint64(1)).astype(bool)
    values[flips] = ~values[flips]
    if aig.num_pis < 6 and proved:
        values &= np.uint64((1 << (1 << aig.num_pis)) - 1)
    rng = np.random.default_rng(1)
    key = rng.integers(0, 2**64, values.shape[1], dtype=np.uint64) | np.uint64(1)
    mixed = values ^ (values >> np.uint64(31))
    digest = (mixed * key).sum(axis=1, dtype=np.uint64)
    order = np.argsort(digest, kind="stable")
    starts = np.ones(len(order), bool)
    starts[1:] = (values[order[1:]] != values[order[:-1]]).any(axis=1)
    patterns = all_patterns(CUT)
    moved = 2 * np.arange(len(flips), dtype=np.int32)
    _merges(
        aig.num_pis + 1,
        fresh(aig.fanins),
        order,
        starts,
        flips,
        patterns,
        proved,
        moved,
        np.zeros((2 + CUT + CONE, patterns.shape[1]), np.uint64),
        np.zeros(len(flips), np.int32),
        np.zeros((3, CONE), np.int32),
    )
    fanins, outputs = (moved[x >> 1] ^ (x & 1) for x in (aig.fanins, aig.outputs))
    kept, final = reachable(aig.num_pis, fanins, outputs)
    return Aig(aig.num_pis, kept, final, aig.input_names, aig.output_names)
