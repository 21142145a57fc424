"""Where a formula isn't finite between the representable inputs."""

from __future__ import annotations

import numpy as np

from tetrakis.errors import FormulaError
from tetrakis.functions._interval import Interval
from tetrakis.functions._rounding import enclosure
from tetrakis.functions._target import Target

HALVINGS, HUGE = 60, 1e12


def check_finite(target: Target) -> None:
    """Raise if a formula has a pole in its box, though perhaps at no representable input.

    The box is halved towards a part over which the formula's enclosure is infinite; what is
    found there decides.

    Raises
    ------
    FormulaError
        The point is named.
    """
    if target.expression is None:
        return
    cells = [Interval(np.array([lo]), np.array([hi])) for lo, hi in target.box]
    if not _infinite(target, cells):
        return
    for step in range(HALVINGS * len(cells)):
        axis = step % len(cells)
        cell = cells[axis]
        middle = (cell.lo + cell.hi) / 2
        for half in (Interval(cell.lo, middle), Interval(middle, cell.hi)):
            tried = [*cells[:axis], half, *cells[axis + 1 :]]
            if _infinite(target, tried):
                cells = tried
                break
        else:
            return
    ends = np.array([[c.lo[0], c.hi[0]] for c in cells])
    points = np.stack([ends[:, 0], ends.mean(axis=1), ends[:, 1]])
    columns = dict(zip(target.names, points.T, strict=True))
    values = np.broadcast_to(np.abs(target.expression.evaluate(columns)), (3,))
    if np.all(values < HUGE):
        return
    near = points[int(np.argmax(np.where(np.isnan(values), np.inf, values)))]
    where = ", ".join(f"{n} = {v:.6g}" for n, v in zip(target.names, near, strict=True))
    raise FormulaError(
        f"{target.text} isn't finite at or near {where}.",
        remedy="Choose a box on which it is finite.",
    )


def _infinite(target: Target, cells: list[Interval]) -> bool:
    assert target.expression is not None
    with np.errstate(all="ignore"):
        found = enclosure(target.expression, dict(zip(target.names, cells, strict=True)))
    return not bool(np.isfinite(found.lo[0]) and np.isfinite(found.hi[0]))
