"""Verification by simulating every representable input against the float64 function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tetrakis.circuit import Aig, all_patterns, simulate
from tetrakis.functions._format import OutputFormat, word_codes
from tetrakis.functions._target import Grid, Target

Floats = NDArray[np.float64]
Progress = Callable[[str, float], None]
WORST_KEPT = 1 << 9


@dataclass(frozen=True, eq=False)
class Verification:
    """The outcome of simulating every input.

    Parameters
    ----------
    error : float
        ``max |decoded output − f|`` over all representable inputs.
    least, most : float
        Extremes of the signed difference.
    point : tuple of float
        Where the error is.
    rows : int
        Inputs simulated.
    worst : int array
        Rows with large errors, from all parts of the grid.
    """

    error: float
    least: float
    most: float
    point: tuple[float, ...]
    rows: int
    worst: NDArray[np.int64]


def verify_on_grid(
    aig: Aig, format: OutputFormat, target: Target, grid: Grid, *, progress: Progress | None = None
) -> Verification:
    """Simulate a circuit on every representable input, 64 at a time.

    Parameters
    ----------
    aig : Aig
        Its inputs are the bits of the first variable, least significant first, then the next.
    format : OutputFormat
    target : Target
    grid : Grid
    progress : callable, optional
        Called with what is done and the fraction.

    Returns
    -------
    Verification
        Exact in float64; nothing is sampled.
    """
    least, most, where = np.inf, -np.inf, 0
    worst = []
    for start, stop in grid.chunks():
        words = all_patterns(
            grid.total_bits, start_word=start // 64, num_words=max(1, (stop - start) // 64)
        )
        codes = word_codes(simulate(aig, words), stop - start, signed=format.signed)
        rows = np.arange(start, stop)
        errors = format.values(codes) - target.values(grid.points(rows))
        size = np.abs(errors)
        k = int(np.argmax(size))
        if size[k] > max(abs(least), abs(most)) or not np.isfinite(least):
            where = start + k
        count = min(max(8, WORST_KEPT * (stop - start) // grid.rows), len(size))
        worst.append(rows[np.argpartition(-size, count - 1)[:count]])
        least, most = min(least, float(errors.min())), max(most, float(errors.max()))
        if progress is not None:
            progress(f"simulating {grid.rows:,} inputs", stop / grid.rows)
    point = tuple(float(x) for x in grid.points(np.array([where]))[0])
    return Verification(
        max(abs(least), abs(most)), least, most, point, grid.rows, np.concatenate(worst)
    )
