"""How much a formula moves when its inputs are rounded to representable ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tetrakis.functions._expression import Expression
from tetrakis.functions._interval import (
    Interval,
    cosine,
    exponential,
    interval_of,
    logarithm,
    point,
    power,
    sine,
    square,
    step,
)
from tetrakis.functions._target import Grid, Target

Floats = NDArray[np.float64]
CELLS = 1 << 13
Dual = tuple[Interval, list[Interval]]


def input_rounding(target: Target, grid: Grid) -> float | None:
    """Bound ``|f(x) − f(nearest representable x)|`` over the whole box.

    The box is cut into cells; on each the partial derivatives are enclosed by interval
    arithmetic, and the bound is ``Σ_i max |∂f/∂x_i| step_i / 2``, or the enclosed range of f
    over the cell and half a step around it, whichever is less.

    Returns
    -------
    float or None
        Rounded outwards. None for a callable, or where a derivative is unbounded and the cells
        are too many.

    References
    ----------
    Ours.
    """
    if target.expression is None:
        return None
    cells = _cells(grid)
    with np.errstate(all="ignore"):
        _, gradient = _dual(target.expression, target.names, cells)
        bound = np.zeros_like(cells[0].lo)
        for slope, width in zip(gradient, grid.steps, strict=True):
            size = slope.magnitude()
            bound = bound + np.where(size == 0, 0.0, size * (width / 2))
        bound = np.where(np.isnan(bound), np.inf, bound)
        bad = np.flatnonzero(~np.isfinite(bound))
        if len(bad):
            bound[bad] = _by_range(target, grid, [Interval(c.lo[bad], c.hi[bad]) for c in cells])
    worst = float(bound.max()) * (1 + 1e-12)
    return worst if np.isfinite(worst) else None


def _cells(grid: Grid) -> list[Interval]:
    """Cut the box into about `CELLS` equal cells."""
    d = len(grid.box)
    count = max(1, int(CELLS ** (1 / d)))
    edges = [np.linspace(lo, hi, count + 1) for lo, hi in grid.box]
    lows = np.meshgrid(*(e[:-1] for e in edges), indexing="ij")
    highs = np.meshgrid(*(e[1:] for e in edges), indexing="ij")
    return [Interval(a.ravel(), b.ravel()) for a, b in zip(lows, highs, strict=True)]


def _by_range(target: Target, grid: Grid, cells: list[Interval]) -> Floats:
    """Width of f's range over each cell and half a step more."""
    assert target.expression is not None
    wide = []
    for cell, width, (lo, hi) in zip(cells, grid.steps, grid.box, strict=True):
        wide.append(Interval(np.maximum(cell.lo - width / 2, lo), np.minimum(cell.hi + width / 2,
                                                                             hi)))  # fmt: skip
    found = enclosure(target.expression, dict(zip(target.names, wide, strict=True)))
    return np.asarray(found.hi - found.lo)


def enclosure(expression: Expression, cells: dict[str, Interval]) -> Interval:
    """Enclose a formula over boxes."""
    if expression.op == "variable":
        return cells[expression.name]
    if expression.op == "constant":
        return point(expression.value, next(iter(cells.values())))
    args = [enclosure(a, cells) for a in expression.arguments]
    return interval_of(expression.op, args, _exponent(expression))


def _exponent(expression: Expression) -> float | None:
    last = expression.arguments[-1]
    return last.value if expression.op == "pow" and last.op == "constant" else None


def _dual(expression: Expression, names: Sequence[str], cells: list[Interval]) -> Dual:
    """Enclose a formula and its partial derivatives over boxes."""
    zero, one = point(0.0, cells[0]), point(1.0, cells[0])
    if expression.op == "constant":
        return point(expression.value, cells[0]), [zero] * len(names)
    if expression.op == "variable":
        own = names.index(expression.name)
        return cells[own], [one if i == own else zero for i in range(len(names))]
    parts = [_dual(a, names, cells) for a in expression.arguments]
    args = [value for value, _ in parts]
    exponent = _exponent(expression)
    value = interval_of(expression.op, args, exponent)
    slopes = _slopes(expression.op, args, value, exponent)
    gradient = [zero] * len(names)
    for slope, (_, inner), part in zip(slopes, parts, expression.arguments, strict=False):
        for i, name in enumerate(names):
            if name in part.variables:
                gradient[i] = gradient[i] + slope * inner[i]
    return value, gradient


def _slopes(
    op: str, args: list[Interval], value: Interval, exponent: float | None
) -> list[Interval]:
    """Enclose the derivatives of an operation by its arguments."""
    x = args[0]
    one = point(1.0, x)
    if len(args) == 2:
        return _slopes_of_two(op, x, args[1], value, exponent)
    inverse = x.reciprocal()
    two, half = point(2.0, x), point(0.5, x)
    table = {
        "neg": lambda: -one,
        "reciprocal": lambda: -square(inverse),
        "square": lambda: two * x,
        "sqrt": lambda: half * value.reciprocal(),
        "cbrt": lambda: (point(3.0, x) * square(value)).reciprocal(),
        "exp": lambda: value,
        "exp2": lambda: point(float(np.log(2)), x) * value,
        "expm1": lambda: exponential(x),
        "log": lambda: inverse,
        "log2": lambda: inverse * point(float(1 / np.log(2)), x),
        "log10": lambda: inverse * point(float(1 / np.log(10)), x),
        "log1p": lambda: (one + x).reciprocal(),
        "sin": lambda: cosine(x),
        "cos": lambda: -sine(x),
        "tan": lambda: one + square(value),
        "arcsin": lambda: (one - square(x)).monotone(np.sqrt).reciprocal(),
        "arccos": lambda: -(one - square(x)).monotone(np.sqrt).reciprocal(),
        "arctan": lambda: (one + square(x)).reciprocal(),
        "sinh": lambda: interval_of("cosh", [x], None),
        "cosh": lambda: interval_of("sinh", [x], None),
        "tanh": lambda: one - square(value),
        "sigmoid": lambda: value * (one - value),
        "relu": lambda: step(x),
        "abs": lambda: two * step(x) - one,
    }
    return [table[op]()]


def _slopes_of_two(
    op: str, x: Interval, y: Interval, value: Interval, exponent: float | None
) -> list[Interval]:
    one = point(1.0, x)
    if op == "pow" and exponent is not None:
        return [point(exponent, x) * power(x, exponent - 1)]
    over = y.reciprocal()
    table = {
        "add": lambda: [one, one],
        "sub": lambda: [one, -one],
        "mul": lambda: [y, x],
        "div": lambda: [over, -(x * square(over))],
        "pow": lambda: [value * y * x.reciprocal(), value * logarithm(x)],
        "maximum": lambda: [step(x - y), step(y - x)],
        "minimum": lambda: [step(y - x), step(x - y)],
        "hypot": lambda: [x * value.reciprocal(), y * value.reciprocal()],
        "arctan2": lambda: [y * (square(x) + square(y)).reciprocal(),
                            -(x * (square(x) + square(y)).reciprocal())],
    }  # fmt: skip
    return table[op]()


def enough_bits(target: Target, grid: Grid, room: float, most: int = 20) -> int | None:
    """Fewest bits per variable for which `input_rounding` is at most `room`; None above `most`."""
    for bits in range(1, most + 1):
        found = input_rounding(target, replace(grid, bits=(bits,) * len(grid.bits)))
        if found is not None and found <= room:
            return bits
    return None
