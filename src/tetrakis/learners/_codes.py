"""Numbers as codes of a few bits: where they are read, and what each code stands for (ours)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tetrakis.encoding import Encoding

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]
LLOYD_STEPS = 20


@dataclass(frozen=True, eq=False)
class Code:
    """A number known by a few bits.

    Parameters
    ----------
    pins : tuple of (int, int)
        Stream coordinate and bit, lowest first.
    levels : ndarray, shape (2**len(pins),)
        What each code stands for.
    rows : ndarray of int, shape (n,)
        The code in every row.
    """

    pins: tuple[tuple[int, int], ...]
    levels: Floats
    rows: Longs


def input_codes(encoding: Encoding, codes: Longs, units: Floats, bits: int) -> dict[int, Code]:
    """Read the leading bits of every column's word; columns without a word were constant.

    A code stands for the mean of its rows, and where it has none for what lies between those next
    to it.

    Parameters
    ----------
    encoding : Encoding
        At most one word a column.
    codes : ndarray of int, shape (n, n_words)
    units : ndarray, shape (n, n_columns)
        What the columns are worth.
    bits : int
    """
    none = np.zeros(len(codes), np.int64)
    found = {c: Code((), units[:1, c], none) for c in range(units.shape[1])}
    for place, (spec, word) in enumerate(zip(encoding.columns, encoding.inputs, strict=True)):
        whole, values = len(word.bits), units[:, spec.index]
        used = min(whole, bits)
        rows = codes[:, place] >> (whole - used)
        pins = tuple((place, bit) for bit in range(whole - used, whole))
        every = np.arange(1 << used)
        seen = np.unique(rows)
        between = np.interp(every, seen, means(rows, values, np.zeros(1 << used))[seen])
        found[spec.index] = Code(pins, between, rows)
    return found


def places(codes: Sequence[Code]) -> Longs:
    """Join the rows' codes, the first lowest."""
    found, shift = np.zeros(len(codes[0].rows), np.int64), 0
    for code in codes:
        found |= code.rows << shift
        shift += len(code.pins)
    return found


def all_levels(codes: Sequence[Code]) -> list[Floats]:
    """Give what codes stand for at all places, each (2**pins,)."""
    every, shift, found = np.arange(1 << sum(len(c.pins) for c in codes)), 0, []
    for code in codes:
        found.append(code.levels[every >> shift & (len(code.levels) - 1)])
        shift += len(code.pins)
    return found


def lloyd(table: Floats, rows: Longs, bits: int) -> tuple[Longs, Floats]:
    """Round a table to 2**bits levels that are best in the mean square for rows that look it up.

    Parameters
    ----------
    table : ndarray, shape (places,)
    rows : ndarray of int, shape (n,)
        Where each row looks it up.
    bits : int

    Returns
    -------
    codes : ndarray of int64, shape (places,)
        They rise with the value.
    levels : ndarray, shape (2**bits,)

    References
    ----------
    Lloyd, Least squares quantization in PCM, 1982.
    """
    values, size = table[rows], 1 << bits
    even = np.linspace(values.min(), values.max(), size)
    levels = (even + np.quantile(values, (np.arange(size) + 0.5) / size)) / 2
    for _ in range(LLOYD_STEPS):
        own = np.searchsorted((levels[1:] + levels[:-1]) / 2, values)
        levels = np.sort(means(own, values, levels))
    return np.searchsorted((levels[1:] + levels[:-1]) / 2, table).astype(np.int64), levels


def reflected(codes: Longs, levels: Floats) -> tuple[Longs, Floats]:
    """Renumber levels by the reflected binary code (Gray's): neighbours differ in one bit.

    Examples
    --------
    >>> reflected(np.arange(4), np.arange(4.0))
    (array([0, 1, 3, 2]), array([0., 1., 3., 2.]))
    """
    number = np.arange(len(levels))
    number ^= number >> 1
    moved = np.empty_like(levels)
    moved[number] = levels
    return number[codes], moved


def means(codes: Longs, values: Floats, otherwise: Floats) -> Floats:
    """Mean value of each code; the number given where a code has no rows."""
    count = np.bincount(codes, minlength=len(otherwise))
    total = np.bincount(codes, values, minlength=len(otherwise))
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), otherwise))
