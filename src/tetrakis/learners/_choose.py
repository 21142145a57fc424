"""Pareto front over size and score, and the rule that picks one point."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tetrakis.errors import BudgetError
from tetrakis.learners._candidate import Candidate


def pareto(candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Keep candidates that no other beats: rising in AND nodes and in held-out score.

    Of equal held-out scores the smaller circuit stays, of equal both the better training score.
    """
    order = sorted(candidates, key=lambda c: (c.num_gates, -c.held_out_score, -c.train_score))
    front: list[Candidate] = []
    for candidate in order:
        if not front or candidate.held_out_score > front[-1].held_out_score:
            front.append(candidate)
    return tuple(front)


def choose(
    path: Sequence[Candidate],
    *,
    max_gates: int | None,
    tolerance: float | None,
    standard_error: float,
) -> tuple[int, str]:
    """Pick a point of the path.

    Parameters
    ----------
    path : sequence of Candidate
        A Pareto front.
    max_gates : int, optional
        Best held-out score within so many AND nodes.
    tolerance : float, optional
        Smallest circuit within so much of the best held-out score (among those within
        `max_gates`). Without both, one standard error of the best score is allowed.
    standard_error : float
        Of the best held-out score.

    Returns
    -------
    index : int
    rule : str
        The rule in words.

    Raises
    ------
    BudgetError
        If no circuit found is within `max_gates`.
    """
    within = [i for i, c in enumerate(path) if max_gates is None or c.num_gates <= max_gates]
    if not within:
        least = min(c.num_gates for c in path)
        raise BudgetError(
            f"No circuit of at most {max_gates} AND nodes was found; the smallest has {least}.",
            remedy=f"Allow {least} or more.",
        )
    best = max(path[i].held_out_score for i in within)
    limit = "" if max_gates is None else f" among circuits of at most {max_gates} AND nodes"
    if tolerance is None and max_gates is not None:
        index = max(within, key=lambda i: (path[i].held_out_score, -path[i].num_gates))
        return index, f"best held-out score{limit}"
    slack = standard_error if tolerance is None else tolerance
    if not (math.isfinite(slack) and slack >= 0):
        raise BudgetError(f"tolerance: expected a number >= 0, got {slack}.")
    index = next(i for i in within if path[i].held_out_score >= best - slack)
    what = f"{slack:.4g}" + (" (one standard error)" if tolerance is None else "")
    return index, f"smallest circuit within {what} of the best held-out score{limit}"
