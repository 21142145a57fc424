"""Which point of a path is taken, and by what rule."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tetrakis.errors import BudgetError
from tetrakis.measures import OccamBound
from tetrakis.pipeline._simplify_rows import EditRows
from tetrakis.pipeline._simplify_values import Point, Wish

SLACK = 1e-9


def pareto(points: Sequence[Point]) -> tuple[Point, ...]:
    """Drop points that another one is no larger, and no worse on either rows, than; sort."""
    ordered = sorted(
        points, key=lambda p: (p.circuit.num_gates, p.loss, p.guard_loss or 0.0, p.seed)
    )
    kept: list[Point] = []
    for point in ordered:
        if not any(
            other.loss <= point.loss and (other.guard_loss or 0.0) <= (point.guard_loss or 0.0)
            for other in kept
        ):
            kept.append(point)
    return tuple(kept[::-1])


def choose(
    points: Sequence[Point], rows: EditRows, guard: EditRows | None, wish: Wish,
    start_loss: float, *, bounds: Sequence[OccamBound] = (), interrupted: bool = False,
) -> tuple[int, str]:  # fmt: skip
    """Choose a point; after an interruption the smallest, if none is within a size asked for.

    Parameters
    ----------
    points : sequence of Point
    rows, guard : EditRows, EditRows or None
    wish : Wish
    start_loss : float
        On the rows edited.
    bounds : sequence of OccamBound
        Of the points, where there are any.
    interrupted : bool

    Returns
    -------
    int
        Its index.
    str
        The rule, in words.

    Raises
    ------
    BudgetError
        If no point is small enough.
    """
    sizes = np.array([p.circuit.num_gates for p in points])
    allowed, within = np.arange(len(points)), ""
    if wish.max_gates is not None:
        allowed, within = allowed[sizes <= wish.max_gates], f" within {wish.max_gates:,} AND nodes"
        if interrupted and not len(allowed):
            return int(np.argmin(sizes)), "smallest so far: interrupted before the size asked for"
        if not len(allowed):
            raise BudgetError(
                f"No circuit found has at most {wish.max_gates} AND nodes; the smallest has"
                f" {sizes.min()}."
            )
    if wish.choose == "occam":
        merit, slack = np.array([bound.value for bound in bounds]), 0.0
        rule = f"least Occam bound{within}; no guard rows were needed"
    else:
        judge = rows if guard is None or wish.choose == "rows" else guard
        merit = _losses(points, judge, guard)
        slack, rule = _slack(merit, judge, judge is rows, wish, start_loss, rows.score_name)
        rule += within
    near = allowed[merit[allowed] <= merit[allowed].min() + slack]
    return int(near[np.argmin(sizes[near])]), rule


def _losses(
    points: Sequence[Point], judge: EditRows, guard: EditRows | None
) -> NDArray[np.float64]:
    """Losses on the rows that judge."""
    if judge is guard:
        return np.array([np.nan if p.guard_loss is None else p.guard_loss for p in points])
    return np.array([p.loss for p in points])


def _slack(
    losses: NDArray[np.float64], judge: EditRows, on_rows: bool, wish: Wish, start_loss: float,
    score_name: str,
) -> tuple[float, str]:  # fmt: skip
    """Say how much more than the least loss is allowed, and the rule in words."""
    where = "the rows edited" if on_rows else "the guard rows"
    least, rounding = float(losses.min()), SLACK * judge.best_constant
    if wish.max_gates is not None:
        return rounding, f"least loss on {where}"
    if wish.tolerance is not None:
        rule = f"smallest whose score on {where} is within {wish.tolerance:g} of the best"
        return wish.tolerance * judge.best_constant + rounding, rule
    if score_name == "sup norm":
        return np.inf, "smallest within the tolerance on every input"
    if not on_rows:
        return rounding, f"least loss on {where}"
    if wish.budget is not None:
        return np.inf, f"smallest whose score on {where} is at least {1 - wish.budget:g}"
    rule = f"smallest that is no worse on {where} than the start"
    return max(start_loss - least, 0.0) + rounding, rule
