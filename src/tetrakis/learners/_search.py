"""Search: train many small networks, compile each, and keep the size–accuracy path."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial

import numpy as np
from threadpoolctl import threadpool_limits

from tetrakis._background import Background
from tetrakis.learners._candidate import Candidate
from tetrakis.learners._choose import pareto
from tetrakis.learners._grid import explore_settings, plan_for
from tetrakis.learners._laboratory import Laboratory, Progress, standard_error
from tetrakis.learners._lessons import Lessons, teachable
from tetrakis.learners._networks import convex_networks, trained_networks
from tetrakis.learners._problem import Problem
from tetrakis.learners._simplified import (
    KINDS,
    QUICK,
    NetStart,
    StartOptions,
    simplified,
)
from tetrakis.learners._tree_path import small_trees
from tetrakis.learners._views import Split, folds, guard_split, second_split
from tetrakis.training import Settings

CROSS_VALIDATE_BELOW = 8000
MANY_FOLDS_BELOW = 3000
N_FOLDS = (5, 3)
#: So many rows can do without those of the guard: circuits are scored, not their settings.
NO_REFIT_FROM = 20_000
GUARD_ROWS = 2000
GUARD_SHARES = (0.1, 0.2)


@dataclass(frozen=True, eq=False)
class SearchResult:
    """The size–accuracy path and how its scores were measured.

    Parameters
    ----------
    path : tuple of Candidate
    held_out : str
        How held-out scores were measured, in words.
    standard_error : float
        Of the best held-out score.
    split : Split or None
        Rows trained on and guard rows; None for cross-validation.
    n_folds : int
        Cross-validation folds; 0 with guard rows.
    n_trained : int
        Networks trained.
    """

    path: tuple[Candidate, ...]
    held_out: str
    standard_error: float
    split: Split | None
    n_folds: int
    n_trained: int


def search(
    problem: Problem,
    *,
    guard: Split | None = None,
    max_gates: Sequence[int] = (),
    impute: str | None = None,
    seed: int = 0,
    effort: float = 1.0,
    jobs: int = 1,
    settings: Sequence[Settings] | None = None,
    starts: Sequence[str] = KINDS,
    simplify: bool = True,
    progress: Progress | None = None,
) -> SearchResult:
    """Search for small circuits that fit `problem`.

    Tables below 8,000 rows (Boolean ones below 3,000) are cross-validated: settings are scored on
    held-out folds, then networks of the best settings are trained on all rows. Larger tables set
    guard rows aside and score every circuit on them; below 20,000 rows those worth it are found
    again on all rows, with the scores of circuits like them. Starts and small trees
    compete as they are too.

    Parameters
    ----------
    problem : Problem
    guard : Split, optional
        Given rows to train on and to choose on.
    max_gates : sequence of int
        Sizes to look at closely; the whole range when empty.
    impute : {"median", "mode"}, optional
    seed : int
    effort : float
        Scales the number of training steps and restarts.
    jobs : int
        Threads to train in; the result doesn't depend on it.
    settings : sequence of Settings, optional
        Settings to explore, instead of the built-in grid.
    starts : sequence of {"resnet", "convex", "tree", "boosted", "fringe", "table"}
        What to simplify; networks as they were trained are looked at only with ``"resnet"`` and
        ``"convex"``.
    simplify : bool
        Without, networks are compiled as they were trained, and trees are left out.
    progress : callable, optional
        Called with a text and the fraction done.

    Returns
    -------
    SearchResult
    """
    report = progress or (lambda text, fraction: None)
    given, n = guard is not None, problem.table.n_rows
    guard, splits = held_out(problem, guard, seed)
    whole = Split(np.arange(n), np.arange(0)) if guard is None else guard
    refit = not given and (guard is None or n < NO_REFIT_FROM)
    again = _again(problem, guard, seed) if simplify and refit else []
    thorough = simplify and effort >= QUICK
    half = 0.5 if set(starts) != {"resnet"} else 0.4
    lab = Laboratory(
        problem, impute, plan_for(problem, whole, effort), seed, jobs,
        lambda text, f: report(text, half * f),
    )  # fmt: skip
    options = StartOptions(
        tuple(starts), tuple(max_gates), impute, seed, jobs, effort,
        lambda text, f: report(text, half + (1 - half) * f),
    )  # fmt: skip
    edited: tuple[Candidate, ...] = ()
    with alone() if simplify else nullcontext(), Background() as beside:
        lessons = Lessons(problem, impute, seed, beside)
        if thorough and jobs != 1 and teachable(problem, problem.table.boolean):
            lessons.prepare([s.train for s in [*splits, *again]])
        trees = partial(small_trees, problem, guard, splits, starts, impute, seed)
        small = trees if jobs == 1 or not thorough else beside.submit(trees).result
        trained, nets = _networks(lab, splits, guard, whole, settings, options, again)
        if simplify:
            edited = simplified(
                problem, splits, refit=refit, nets=nets, lessons=lessons, options=options
            )
        plain = small() if thorough else ()
    if again and guard is not None and edited:
        trained = _beyond(trained, edited)
    path = pareto([*trained, *edited, *plain])
    text = _held_out_text(path, splits, guard)
    best = max(path, key=lambda c: c.held_out_score)
    error = standard_error(problem, best.held_out_score, n if guard is None else len(whole.held))
    n_folds = len(splits) if guard is None else 0
    return SearchResult(path, text, error, guard, n_folds, lab.n_trained)


def _beyond(trained: Sequence[Candidate], edited: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Keep networks larger than all simplified circuits: guard rows flatter those they chose."""
    most = max(c.num_gates for c in edited)
    return tuple(c for c in trained if c.num_gates > most)


@contextmanager
def alone() -> Iterator[None]:
    """Set, once for all threads, what scikit-learn's models need to give the same results.

    One thread for BLAS, whose sums depend on the number, and no warnings of models that could be
    trained longer. Both belong to the process: threads that set them would undo each other's.
    """
    with threadpool_limits(1, user_api="blas"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="sklearn")
        yield


def held_out(
    problem: Problem, guard: Split | None, seed: int
) -> tuple[Split | None, Sequence[Split]]:
    """Return the guard split, given or made of a large table, and the splits to score on."""
    n = problem.table.n_rows
    if guard is None and n >= (MANY_FOLDS_BELOW if problem.table.boolean else CROSS_VALIDATE_BELOW):
        guard = guard_split(problem, float(np.clip(GUARD_ROWS / n, *GUARD_SHARES)), seed)
    return guard, folds(problem, _fold_count(problem), seed) if guard is None else [guard]


def _again(problem: Problem, guard: Split | None, seed: int) -> list[Split]:
    """Return splits to train on once more: all rows, and before that others than the guard's."""
    rows = np.arange(problem.table.n_rows)
    more = [] if guard is None else [second_split(problem, guard, seed + 1)]
    return [*more, Split(rows, rows[:0])]


def _networks(
    lab: Laboratory, splits: Sequence[Split], guard: Split | None, whole: Split,
    settings: Sequence[Settings] | None, options: StartOptions, again: Sequence[Split],
) -> tuple[tuple[Candidate, ...], tuple[NetStart, ...]]:  # fmt: skip
    """Train the networks that are asked for: their path, and those worth simplifying."""
    effort, sizes = options.effort, options.max_gates
    trained: tuple[Candidate, ...] = ()
    nets: tuple[NetStart, ...] = ()
    if "resnet" in options.kinds:
        first = list(settings) if settings is not None else explore_settings(lab.problem, effort)
        trained, nets = trained_networks(
            lab, lab.problem, splits, guard, whole, first, sizes, effort, again
        )
    if "convex" in options.kinds:
        more, others = convex_networks(lab, splits, guard, whole, sizes, effort)
        trained, nets = trained + more, nets + others
    return trained, nets


def _held_out_text(path: Sequence[Candidate], splits: Sequence[Split], guard: Split | None) -> str:
    """Say how held-out scores were measured."""
    kinds = {c.held_out_of for c in path}
    rows = 0 if guard is None else len(guard.held)
    where = f"{len(splits)} cross-validation folds" if guard is None else f"{rows:,} guard rows"
    texts = {
        "circuit": f"this circuit on {rows:,} rows that it was not learnt from",
        "settings": f"mean over {where} of circuits found with like settings at its size, moved by"
        " how much better or worse this circuit does than those on fresh rows labelled by a"
        " teacher, or lowered by what it fits its own rows worse than the best one alike",
        "twins": f"mean over {where} of trees of the same settings",
    }
    return "; or ".join(texts[k] for k in sorted(kinds))


def _fold_count(problem: Problem) -> int:
    n = problem.table.n_rows
    most = N_FOLDS[0] if n < MANY_FOLDS_BELOW else N_FOLDS[1]
    if problem.task == "classification":
        return int(np.clip(np.bincount(problem.target).min(), 2, most))
    return min(most, n)
