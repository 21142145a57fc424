"""Bit-parallel simulation: 64 patterns in every machine word."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tetrakis.circuit._aig import Aig, fresh
from tetrakis.errors import CircuitError

Words = NDArray[np.uint64]
_CHUNK = 32


def pack_rows(bits: NDArray[np.bool_]) -> Words:
    """Pack rows of bits into one row of 64-bit words per column.

    Parameters
    ----------
    bits : bool array, (rows, n)

    Returns
    -------
    uint64 array, (n, ceil(rows / 64))
        Bit ``r % 64`` of word ``r // 64`` is row ``r``; bits past the last row are 0.
    """
    rows, columns = bits.shape
    padded = np.zeros((columns, -(-rows // 64) * 64), np.bool_)
    padded[:, :rows] = np.asarray(bits, np.bool_).T
    packed = np.packbits(padded, axis=1, bitorder="little")
    return packed.view("<u8").astype(np.uint64, copy=False)


def unpack(words: Words, rows: int) -> NDArray[np.bool_]:
    """Undo `pack_rows`: (k, words) back to a bool array (rows, k)."""
    data = np.ascontiguousarray(words.astype("<u8", copy=False)).view(np.uint8)
    bits = np.unpackbits(data, axis=1, count=rows, bitorder="little")
    return np.ascontiguousarray(bits.T).view(np.bool_)


@njit(cache=True, nogil=True)
def _gate_range(values: Words, first: int, fanins: NDArray[np.int32], width: int) -> None:
    ones = np.uint64(0xFFFFFFFFFFFFFFFF)
    for gate in range(fanins.shape[0]):
        a, b = fanins[gate, 0], fanins[gate, 1]
        flip_a = ones if a & 1 else np.uint64(0)
        flip_b = ones if b & 1 else np.uint64(0)
        left, right, out = values[a >> 1], values[b >> 1], values[first + gate]
        for w in range(width):
            out[w] = (left[w] ^ flip_a) & (right[w] ^ flip_b)


@njit(cache=True, nogil=True)
def _simulate(
    num_pis: int,
    fanins: NDArray[np.int32],
    outputs: NDArray[np.int32],
    words: Words,
    values: Words,
    result: Words,
) -> None:
    ones = np.uint64(0xFFFFFFFFFFFFFFFF)
    total, chunk = words.shape[1], values.shape[1]
    for start in range(0, total, chunk):
        width = min(chunk, total - start)
        for pi in range(num_pis):
            for w in range(width):
                values[pi + 1, w] = words[pi, start + w]
        _gate_range(values, num_pis + 1, fanins, width)
        for k in range(outputs.shape[0]):
            flip = ones if outputs[k] & 1 else np.uint64(0)
            for w in range(width):
                result[k, start + w] = values[outputs[k] >> 1, w] ^ flip


def _checked(aig: Aig, words: Words) -> Words:
    if words.ndim != 2 or words.shape[0] != aig.num_pis:
        raise CircuitError(
            f"Expected patterns for {aig.num_pis} inputs, got an array of shape {words.shape}."
        )
    return np.require(words, np.uint64, ["C", "W"])


def simulate(aig: Aig, words: Words) -> Words:
    """Evaluate every output on packed patterns.

    Parameters
    ----------
    aig : Aig
    words : uint64 array, (num_pis, n_words)
        See `pack_rows`.

    Returns
    -------
    uint64 array, (num_pos, n_words)

    Raises
    ------
    CircuitError
        If the first axis isn't the number of inputs.
    """
    words = _checked(aig, words)
    values = np.zeros((aig.num_pis + 1 + aig.num_gates, _CHUNK), np.uint64)
    result = np.empty((aig.num_pos, words.shape[1]), np.uint64)
    _simulate(aig.num_pis, fresh(aig.fanins), fresh(aig.outputs), words, values, result)
    return result


def simulate_nodes(aig: Aig, words: Words) -> Words:
    """Evaluate every variable, ``(1 + num_pis + num_gates, n_words)``; row 0 is false."""
    words = _checked(aig, words)
    values = np.zeros((aig.num_pis + 1 + aig.num_gates, words.shape[1]), np.uint64)
    values[1 : aig.num_pis + 1] = words
    _gate_range(values, aig.num_pis + 1, fresh(aig.fanins), words.shape[1])
    return values


def simulate_rows(aig: Aig, bits: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Evaluate the circuit on rows of bits, (rows, num_pis) to (rows, num_pos)."""
    bits = np.asarray(bits)
    if bits.ndim != 2 or bits.shape[1] != aig.num_pis:
        raise CircuitError(
            f"Expected rows of {aig.num_pis} bits, got an array of shape {bits.shape}."
        )
    return unpack(simulate(aig, pack_rows(bits)), bits.shape[0])


_SMALL_PATTERNS = np.array(
    [sum(1 << r for r in range(64) if r >> i & 1) for i in range(6)], np.uint64
)


def all_patterns(num_pis: int, *, start_word: int = 0, num_words: int | None = None) -> Words:
    """Return packed truth-table patterns: row ``r`` assigns bit ``i`` of ``r`` to input ``i``.

    Parameters
    ----------
    num_pis : int
    start_word, num_words : int
        A range of words, for tables too large for memory. By default all
        ``max(1, 2**num_pis / 64)``.
    """
    if num_words is None:
        num_words = max(1, 2**num_pis // 64)
    index = np.arange(start_word, start_word + num_words, dtype=np.uint64)
    result = np.empty((num_pis, num_words), np.uint64)
    result[: min(6, num_pis)] = _SMALL_PATTERNS[:num_pis, None]
    for i in range(6, num_pis):
        bit = index >> np.uint64(i - 6) & np.uint64(1)
        result[i] = np.uint64(0) - bit
    return result
