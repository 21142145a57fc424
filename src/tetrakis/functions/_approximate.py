"""The smallest circuit found that computes a function within a verified epsilon."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tetrakis.circuit import Aig
from tetrakis.errors import BudgetError
from tetrakis.functions._approximation import Approximation, Tried, named
from tetrakis.functions._candidate import Problem
from tetrakis.functions._competition import CONSTRUCTIONS, Competition
from tetrakis.functions._expression import Expression
from tetrakis.functions._format import OutputFormat
from tetrakis.functions._rounding import enough_bits, input_rounding
from tetrakis.functions._singular import check_finite
from tetrakis.functions._target import Grid, Target, make_grid, make_target
from tetrakis.functions._verify import Progress, verify_on_grid

Floats = NDArray[np.float64]
KEPT_ROWS = 1 << 22


def approximate(
    function: str | Expression | Target | Callable[..., Any],
    box: Mapping[str, Sequence[float]],
    *,
    epsilon: float,
    input_bits: int | Sequence[int] = 8,
    every_real: bool = False,
    seconds: float = 20.0,
    seed: int = 0,
    constructions: Sequence[str] = CONSTRUCTIONS,
    progress: Progress | None = None,
) -> Approximation:
    """Find a small circuit whose output is within `epsilon` of a function on every input.

    Several constructions compete; the smallest circuit that passes the simulation of every
    representable input wins.

    Parameters
    ----------
    function : str or callable
        A formula (see `parse_formula`), or a callable from points ``(n, d)`` to ``(n,)``.
    box : mapping from variable to (low, high)
        In the order of the circuit's input words.
    epsilon : float
        Largest error allowed, in units of the function.
    input_bits : int or sequence of int
        Of each variable; at most 26 together.
    every_real : bool
        Let epsilon hold for every real input in the box, not only for the representable ones:
        the certified `input_rounding` is taken off first.
    seconds : float
        About how long each search may take on a quiet core, counted in steps: for precisions of
        word arithmetic, for weights of networks, for edits of one of the best circuits.
    seed : int
        Same seed, same circuit.
    constructions : sequence of str
        Which may compete: "table", "pieces", "lattice", "arithmetic", "network".
    progress : callable, optional
        Called with what is done and a fraction.

    Returns
    -------
    Approximation

    Raises
    ------
    FormulaError
        If the formula can't be read, or isn't finite on the box.
    BudgetError
        If epsilon or the bits make no sense, or no construction reached epsilon.

    References
    ----------
    C(f, ε): [Jacot25]; the constructions are ours.

    Examples
    --------
    >>> from tetrakis.functions import approximate
    >>> found = approximate("x * x", {"x": (0, 1)}, epsilon=0.1, input_bits=4)
    >>> found.error <= 0.1, found.verification.rows
    (True, 16)
    """
    if not (np.isfinite(epsilon) and epsilon > 0):
        raise BudgetError(f"epsilon: expected a number > 0, got {epsilon:g}.")
    target = make_target(function, box)
    grid = make_grid(target, input_bits)
    unknown = sorted(set(constructions) - set(CONSTRUCTIONS))
    if unknown:
        raise BudgetError(
            f"There is no construction {unknown[0]!r}.",
            remedy=f"There are {', '.join(CONSTRUCTIONS)}.",
        )
    report = progress or (lambda what, fraction: None)
    check_finite(target)
    if every_real:
        epsilon = _room_left(target, grid, epsilon)
    lo, hi, values = _survey(target, grid, report)
    if hi - lo < 2e-15 * max(abs(lo), abs(hi)) or hi - lo <= 2 * epsilon * (1 - 1e-9):
        return _constant(target, grid, epsilon, (lo, hi))
    if epsilon < 1e-7 * (hi - lo):
        raise BudgetError(
            f"epsilon {epsilon:g} is less than 1e-7 of the function's range {hi - lo:g}: words of"
            " that many bits aren't searched for.",
            remedy="Allow more.",
        )
    problem = Problem(target, grid, epsilon, (lo, hi), values, seed)
    return Competition(problem, seconds, report).run(constructions)


def _room_left(target: Target, grid: Grid, epsilon: float) -> float:
    """Return epsilon less the input rounding.

    Raises
    ------
    BudgetError
        If nothing is left; the message says how many input bits would do.
    """
    rounding = input_rounding(target, grid)
    if rounding is not None and rounding < epsilon * (1 - 1e-6):
        return epsilon - rounding
    if rounding is None:
        raise BudgetError(
            "The effect of input rounding can't be bounded: the function is a callable, or its"
            " slope is unbounded in the box.",
            remedy="Leave out --every-real, or choose a smaller box.",
        )
    half, any_ = (enough_bits(target, grid, share * epsilon) for share in (0.5, 0.999))
    needed = half or any_
    raise BudgetError(
        f"epsilon {epsilon:g}: rounding the inputs alone can move the function by {rounding:.4g}.",
        remedy=f"Use --input-bits {needed}, or allow a larger epsilon."
        if needed else "Allow a larger epsilon.",
    )  # fmt: skip


def _survey(target: Target, grid: Grid, report: Progress) -> tuple[float, float, Floats | None]:
    """Range of the function on the grid; the values where they fit into memory."""
    kept, lo, hi = [], np.inf, -np.inf
    for start, stop in grid.chunks():
        values = target.values(grid.points(np.arange(start, stop)))
        lo, hi = min(lo, float(values.min())), max(hi, float(values.max()))
        if grid.rows <= KEPT_ROWS:
            kept.append(values)
        report("evaluating the function", 0.1 * stop / grid.rows)
    return lo, hi, np.concatenate(kept) if kept else None


def _constant(
    target: Target, grid: Grid, epsilon: float, ends: tuple[float, float]
) -> Approximation:
    """Approximate a function that moves by less than 2 epsilon: no gates are needed."""
    format = OutputFormat(1, max(epsilon, 1e-300), (ends[0] + ends[1]) / 2)
    blank = Aig(grid.total_bits, np.zeros((0, 2), np.int32), np.zeros(1, np.int32))
    aig = named(blank, target, grid)
    found = verify_on_grid(aig, format, target, grid)
    return Approximation(
        aig, format, target, grid, epsilon, found, "constant", (Tried("constant", 0, True),)
    )
