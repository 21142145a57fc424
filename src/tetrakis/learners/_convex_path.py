"""From solved convex programs to compiled candidates with held-out scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tetrakis.learners._candidate import Candidate, ConvexProgram, with_names
from tetrakis.learners._convex import LOSSES, ConvexTrial
from tetrakis.learners._problem import Problem

Progress = Callable[[str, float], None]
_SLACK = 1.3


def convex_candidates(
    problem: Problem, trials: Sequence[ConvexTrial], held: Sequence[float], sizes: Sequence[int],
    *, guarded: bool, report: Progress,
) -> tuple[Candidate, ...]:  # fmt: skip
    """Compile networks, unless a much smaller one scores as well.

    Parameters
    ----------
    problem : Problem
    trials : sequence of ConvexTrial
        The last group of `convex_trials`.
    held : sequence of float
        `convex_scores` of them.
    sizes : sequence of int
        AND nodes of quick compilations.
    guarded : bool
        Whether their held rows are guard rows.
    report : callable
    """
    scored = list(zip(held, (t.train_score for t in trials), sizes, strict=True))
    found = []
    for k, (trial, own) in enumerate(zip(trials, scored, strict=True)):
        report("compiling", k / len(scored))
        if any(o[:2] >= own[:2] and o[2] * _SLACK < own[2] for o in scored):
            continue
        circuit = problem.compile(trial.fixed)
        encoding = trial.where.encoding.with_output(problem.output(trial.fixed, circuit))
        found.append(
            Candidate(
                with_names(circuit, encoding), encoding, trial.train_score, own[0],
                "circuit" if guarded else "settings",
                trial.settings.label, start="convex", trained=(trial.network, trial.fixed),
                program=ConvexProgram(LOSSES[problem.decision], trial.settings.alpha),
            )
        )  # fmt: skip
    return tuple(found)


def convex_scores(trials: Sequence[Sequence[ConvexTrial]], *, guarded: bool) -> list[float]:
    """Score the last group of trials.

    With guard rows a network is scored on them. Without, its score is the mean over the folds'
    networks of the same settings, less what it fits its own rows worse than they fitted theirs.
    """
    if guarded:
        return [t.held_score for t in trials[-1]]
    table = np.array([[(t.held_score, t.train_score) for t in group] for group in trials[:-1]])
    held, fitted = table.mean(axis=0).T
    own = np.array([t.train_score for t in trials[-1]])
    return list((held - np.maximum(fitted - own, 0.0)).tolist())
