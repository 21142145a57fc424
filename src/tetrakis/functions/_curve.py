"""The curve of circuit size against epsilon."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tetrakis.errors import BudgetError, DataError
from tetrakis.functions._approximate import approximate
from tetrakis.functions._approximation import Approximation
from tetrakis.functions._expression import Expression
from tetrakis.functions._gamma import GammaFit, fit_gamma
from tetrakis.functions._rounding import enough_bits
from tetrakis.functions._target import MAX_BITS, Target, make_grid, make_target
from tetrakis.functions._verify import Progress

ROUNDING_SHARE = 0.25


@dataclass(frozen=True)
class CurvePoint:
    """One epsilon of a curve.

    Parameters
    ----------
    epsilon : float
        Asked for.
    num_gates : int or None
        Smallest circuit found; None if epsilon wasn't reached.
    error : float or None
        Verified on every representable input.
    input_bits : tuple of int
    every_real : bool
        Whether epsilon holds between the representable inputs too.
    construction : str
        Which one won, or why there is none.
    """

    epsilon: float
    num_gates: int | None
    error: float | None
    input_bits: tuple[int, ...]
    every_real: bool
    construction: str


@dataclass(frozen=True)
class Curve:
    """Sizes against epsilons, largest epsilon first.

    Parameters
    ----------
    points : tuple of CurvePoint
    """

    points: tuple[CurvePoint, ...]

    @property
    def reached(self) -> tuple[CurvePoint, ...]:
        """Points with a circuit."""
        return tuple(p for p in self.points if p.num_gates is not None)

    @property
    def epsilons(self) -> list[float]:
        """Of the points reached."""
        return [p.epsilon for p in self.reached]

    @property
    def sizes(self) -> list[int]:
        """AND nodes of the points reached."""
        return [int(p.num_gates or 0) for p in self.reached]

    def fit(self) -> GammaFit | None:
        """Return the exponent; None if there are too few points."""
        try:
            return fit_gamma(self.epsilons, self.sizes)
        except DataError:
            return None


def circuit_size_curve(
    function: str | Expression | Target | Callable[..., Any],
    box: Mapping[str, Sequence[float]],
    epsilons: Iterable[float],
    *,
    input_bits: int | Sequence[int] | None = None,
    known: Mapping[float, CurvePoint] | None = None,
    found: Callable[[CurvePoint, Approximation | None], None] | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> Curve:
    """Find circuits for a row of epsilons.

    Parameters
    ----------
    function, box
        See `approximate`.
    epsilons : iterable of float
    input_bits : int, sequence of int, or None
        None: for each epsilon as many as make the certified input rounding a quarter of it, and
        epsilon holds for every real input. Otherwise epsilon is about representable inputs.
    known : mapping from epsilon to CurvePoint, optional
        Points that aren't searched again.
    found : callable, optional
        Called with every new point and its circuit as soon as it is there.
    progress : callable, optional
    **options
        Of `approximate`.

    Returns
    -------
    Curve
        A size is that of the smallest circuit found whose own bound is at most epsilon, also one
        found for a smaller epsilon. An epsilon that can't be reached has none.

    Raises
    ------
    FormulaError
        If the formula can't be read, or isn't finite on the box.
    BudgetError
        If the epsilons or the input bits make no sense.
    """
    target = make_target(function, box)
    wanted = sorted({float(e) for e in epsilons}, reverse=True)
    if not wanted:
        raise BudgetError("There are no epsilons.")
    if not all(np.isfinite(e) and e > 0 for e in wanted):
        raise BudgetError(f"epsilons: expected numbers > 0, got {wanted[-1]:g}.")
    if input_bits is not None:
        make_grid(target, input_bits)
    report = progress or (lambda what, fraction: None)
    points = []
    for k, epsilon in enumerate(wanted):
        if known is not None and epsilon in known:
            points.append(known[epsilon])
            continue

        def told(what: str, fraction: float, k: int = k, epsilon: float = epsilon) -> None:
            report(f"epsilon {epsilon:.4g}: {what}", (k + fraction) / len(wanted))

        point, made = _point(target, box, epsilon, input_bits, told, options)
        points.append(point)
        if found is not None:
            found(point, made)
    return Curve(tuple(_lowered(points)))


def _point(
    target: Target, box: Mapping[str, Sequence[float]], epsilon: float,
    input_bits: int | Sequence[int] | None, progress: Progress, options: dict[str, Any],
) -> tuple[CurvePoint, Approximation | None]:  # fmt: skip
    d = len(target.names)
    bits: Any = input_bits
    every_real = input_bits is None
    if bits is None:
        grid = make_grid(target, 1)
        bits = enough_bits(target, grid, ROUNDING_SHARE * epsilon, MAX_BITS // d)
        bits = bits or enough_bits(target, grid, 0.8 * epsilon, MAX_BITS // d)
        if bits is None:
            why = f"needs more than {MAX_BITS // d} bits for each variable"
            return CurvePoint(epsilon, None, None, (), True, why), None
    try:
        made = approximate(
            target, box, epsilon=epsilon, input_bits=bits, every_real=every_real,
            progress=progress, **options,
        )  # fmt: skip
    except BudgetError as error:
        return CurvePoint(epsilon, None, None, (), every_real, error.message), None
    point = CurvePoint(
        epsilon, made.num_gates, made.error, made.grid.bits, every_real, made.construction
    )
    return point, made


def _lowered(points: Sequence[CurvePoint]) -> list[CurvePoint]:
    """Let a circuit for a smaller epsilon serve a larger one, if it is smaller."""
    result = list(points)
    for k in range(len(points) - 2, -1, -1):
        mine, next_ = result[k], result[k + 1]
        if next_.num_gates is None or next_.every_real != mine.every_real:
            continue
        if not mine.every_real and mine.input_bits not in ((), next_.input_bits):
            continue
        if mine.num_gates is None or next_.num_gates < mine.num_gates:
            result[k] = replace(next_, epsilon=mine.epsilon)
    return result
