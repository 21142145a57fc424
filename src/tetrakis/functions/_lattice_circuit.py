"""Tetrakis functions of input codes as circuits: fold, sort, look up, interpolate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from tetrakis.circuit import Aig, AigBuilder, Word, greater, mux_word, sum_words
from tetrakis.errors import BudgetError
from tetrakis.functions._format import OutputFormat
from tetrakis.functions._segments import table_bits
from tetrakis.functions._target import Grid

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]
MAX_LATTICE, MAX_AXES = 1 << 14, 4


def lattice_points(grid: Grid, local_bits: int) -> Floats:
    """Lattice points of an interpolant over codes, (points, d), the first axis slowest.

    Along each axis they lie at codes ``k 2^local_bits − 1/2``, so that folding is an XOR; the
    outermost two are half a code outside the box.
    """
    axes = []
    for (lo, _), bits, step in zip(grid.box, grid.bits, grid.steps, strict=True):
        codes = np.arange((1 << (bits - local_bits)) + 1) * float(1 << local_bits) - 0.5
        axes.append(lo + step * codes)
    return np.stack([a.ravel() for a in np.meshgrid(*axes, indexing="ij")], axis=1)


def lattice_values(function: Callable[[Floats], Floats], grid: Grid, local_bits: int) -> Floats:
    """Values at the lattice points; outside the box they go on along the line inside.

    Raises
    ------
    BudgetError
        If there are too many points or axes.
    """
    points = lattice_points(grid, local_bits)
    if len(points) > MAX_LATTICE or len(grid.bits) > MAX_AXES:
        raise BudgetError(f"{len(points):,} lattice points on {len(grid.bits)} axes are too many.")
    ends = np.array(grid.box)
    inside = np.clip(points, ends[:, 0], ends[:, 1])
    mirrored = np.clip(2 * inside - points, ends[:, 0], ends[:, 1])
    values = np.asarray(function(inside))
    shape = [(1 << (b - local_bits)) + 1 for b in grid.bits]
    return np.asarray((2 * values - function(mirrored)).reshape(shape))


def lattice_circuit(
    values: Floats, grid: Grid, local_bits: int, *, step: float, guard: int
) -> tuple[Aig, OutputFormat]:
    """Build the interpolant of lattice values as a circuit.

    Parameters
    ----------
    values : ndarray, (2^(bits_1 − local) + 1, …)
        See `lattice_values`.
    grid : Grid
    local_bits : int
        Low bits of every variable that lie between lattice points; no variable has fewer.
    step : float
        Of the output; values are rounded to ``step / 2^guard``.
    guard : int

    Returns
    -------
    Aig
    OutputFormat
        Not centred.

    References
    ----------
    THEORY 5, ours: with u the folded distances, sorted falling, and v_k the vertices,
    ``f = f(v_0) + Σ_k (f(v_k) − f(v_{k−1})) u_k``.
    """
    builder = AigBuilder(grid.total_bits)
    unit = step / 2**guard
    least = float(values.min())
    codes = np.rint((values - least) / unit).astype(np.int64)
    folds, highs = [], []
    first = 0
    for bits in grid.bits:
        literals = [builder.input(first + i) for i in range(bits)]
        first += bits
        parity = literals[local_bits] if bits > local_bits else 0
        folds.append(Word(tuple(builder.xor(x, parity) for x in literals[:local_bits])))
        highs.append(literals[local_bits:])
    vertices, sorted_folds = _vertices(builder, codes, folds, highs)
    total = _interpolated(builder, vertices, sorted_folds, local_bits, guard)
    format = OutputFormat(max(1, len(total.bits)), step, least, total.signed)
    return builder.build(total.bits or (0,)), format


def _vertices(
    builder: AigBuilder, codes: Longs, folds: Sequence[Word], highs: Sequence[list[int]]
) -> tuple[list[Word], list[Word]]:
    """Words of the values at the d + 1 vertices, and the folded distances, falling."""
    d = len(folds)
    width = max(1, int(codes.max()).bit_length())
    tables = {moved: _table(builder, codes, highs, moved, width)
              for moved in product((0, 1), repeat=d)}  # fmt: skip
    after = {
        (i, j): greater(builder, folds[j], folds[i]) for i in range(d) for j in range(i + 1, d)
    }
    found = [tables[(0,) * d]]
    for count in range(1, d):
        subsets = [m for m in product((0, 1), repeat=d) if sum(m) == count]
        word = tables[subsets[0]]
        for moved in subsets[1:]:
            conditions = [after[i, j] ^ (1 - moved[j]) if moved[i] != moved[j] else 1
                          for i, j in after]  # fmt: skip
            chosen = builder.or_all(x ^ 1 for x in conditions) ^ 1
            word = mux_word(builder, chosen, tables[moved], word)
        found.append(word)
    found.append(tables[(1,) * d])
    return found, _sorted(builder, list(folds))


def _sorted(builder: AigBuilder, words: list[Word]) -> list[Word]:
    """Sort words, largest first, by exchanges of neighbours."""
    for last in range(len(words) - 1, 0, -1):
        for i in range(last):
            swap = greater(builder, words[i + 1], words[i])
            words[i], words[i + 1] = (
                mux_word(builder, swap, words[i + 1], words[i]),
                mux_word(builder, swap, words[i], words[i + 1]),
            )
    return words


def _table(
    builder: AigBuilder,
    codes: Longs,
    highs: Sequence[list[int]],
    moved: tuple[int, ...],
    width: int,
) -> Word:
    """Values at the corner that lies at the odd end of the axes moved, the even end elsewhere."""
    index = []
    for axis, odd in enumerate(moved):
        k = np.arange(codes.shape[axis] - 1)
        index.append(k | 1 if odd else k + (k & 1))
    table = codes[np.ix_(*index)].transpose().ravel()  # the first axis fastest
    literals = [x for bits in highs for x in bits]
    bits = table_bits(builder, literals, table, width)
    return Word(bits, False, int(table.min()), int(table.max()))


def _interpolated(
    builder: AigBuilder,
    vertices: Sequence[Word],
    folds: Sequence[Word],
    local_bits: int,
    guard: int,
) -> Word:
    """``v_0 + Σ (v_k − v_{k−1}) (u_k + 1/2) / 2^local``, the lowest guard bits dropped."""
    top = local_bits + 1
    terms: list[tuple[int, Word]] = [(1 << top, vertices[0])]
    for k, fold in enumerate(folds):
        gap = sum_words(builder, [(1, vertices[k + 1]), (-1, vertices[k])])
        if not gap.bits:
            continue
        terms.append((1, gap))  # the half code
        for place, bit in enumerate(fold.bits):
            row = Word(tuple(builder.and_(bit, x) for x in gap.bits), gap.signed)
            terms.append((2 << place, row))
    hi = max(v.range[1] for v in vertices) << top
    drop = top + guard
    return sum_words(builder, terms, 1 << (drop - 1), lo=0, hi=hi + (1 << (drop - 1)), drop=drop)
