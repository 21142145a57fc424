"""From starts to simplification paths to candidates, by cross-validation or on guard rows.

A plan (a start and what it learns from) is run on every split: that gives its held-out score as a
function of size. The best plans are run again on all rows, and each circuit found then is given
the held-out score of its plan at its size.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from tetrakis.learners._candidate import Candidate, with_names
from tetrakis.learners._choose import pareto
from tetrakis.learners._grounds import Ground, Point, StartCircuit
from tetrakis.learners._starts import Recipe
from tetrakis.simplify import Schedule

Progress = Callable[[str, float], None]
SIZES = np.geomspace(4, 40_000, 82)
MOST_REFITS = 2
#: Fringe trees for values, whose sums take long, grow on so many.
MOST_FRINGE_ROWS = 20_000
#: How much of a difference on the teacher's rows is seen again on others: 0.5 to 0.9 measured.
AUDIT_SHARE = 0.75


@dataclass(frozen=True, eq=False)
class Plan:
    """A start, how it is simplified, and on which rows.

    Parameters
    ----------
    recipe : Recipe or None
        None for circuits of trained networks.
    taught : bool
        Whether it learns from rows labelled by the teacher as well.
    given : sequence of (Ground, StartCircuit)
        For networks: start on each split, then on all rows (left out if never trained on them).
    """

    recipe: Recipe | None
    taught: bool
    given: tuple[tuple[Ground, StartCircuit], ...] = ()

    def start(self, ground: Ground, place: int, seed: int) -> tuple[Ground, StartCircuit]:
        """Return the start on a split and the rows it reads."""
        if self.recipe is None:
            return self.given[place]
        codes, target, _ = ground.rows_for(self.taught)
        rows = np.arange(len(target))
        if self.recipe.kind == "fringe" and not ground.n_classes and len(rows) > MOST_FRINGE_ROWS:
            rows = np.random.default_rng(seed).permutation(rows)[:MOST_FRINGE_ROWS]
        made = self.recipe.grow(
            codes, ground.widths.tolist(), target, ground.problem.task, rows,
            n_classes=ground.n_classes, seed=seed,
        )  # fmt: skip
        return ground, StartCircuit(made.kind, made.label, made.circuit, made.offset, made.scale)

    def refits(self, n_splits: int) -> bool:
        """Whether it can be run on all rows."""
        return self.recipe is not None or len(self.given) > n_splits


@dataclass(eq=False)
class Curve:
    """Scores of a plan as functions of size, on the grid SIZES; NaN where no circuit is so small.

    Parameters
    ----------
    held, fitted, audit : ndarray, shape (len(SIZES),)
        On held rows, on training rows, and on fresh rows that the teacher labelled.
    """

    held: NDArray[np.float64]
    fitted: NDArray[np.float64]
    audit: NDArray[np.float64]

    def at(self, size: int) -> tuple[float, float, float]:
        """Return (held-out, training, audit score) of the largest size on the grid within `size`.

        Of the smallest size that the splits reached, for smaller circuits.
        """
        known = np.flatnonzero(~np.isnan(self.held))
        if not len(known):
            return float("-inf"), float("inf"), float("nan")
        place = int(np.searchsorted(SIZES, size, side="right")) - 1
        place = min(max(place, int(known[0])), int(known[-1]))
        return float(self.held[place]), float(self.fitted[place]), float(self.audit[place])


@dataclass(frozen=True, eq=False)
class Options:
    """What a search of starts is told.

    Parameters
    ----------
    max_gates : tuple of int
        Sizes to look at closely.
    seed, jobs : int
    n_seeds : int
        Runs of every plan on all rows; a network, which is one start, is run once.
    schedule : Schedule
    report : callable
    """

    max_gates: tuple[int, ...]
    seed: int
    jobs: int
    n_seeds: int
    report: Progress
    schedule: Schedule = field(default_factory=Schedule)


def occam_candidates(
    plans: Sequence[Plan], splits: Sequence[Ground], whole: Ground | None, options: Options
) -> tuple[Candidate, ...]:
    """Run plans on the splits, and the best ones on all rows.

    Without `whole` the circuits found on the one split are the candidates.

    Returns
    -------
    tuple of Candidate
        A Pareto front.
    """
    stop = 1.0 if whole is None else 0.6
    paths = _run(
        [(plan, ground, place, 0) for plan in plans for place, ground in enumerate(splits)],
        options, (0.0, stop), "simplifying starts",
    )  # fmt: skip
    grouped = [paths[i : i + len(splits)] for i in range(0, len(paths), len(splits))]
    found: list[Candidate] = []
    again = [p.refits(len(splits)) and whole is not None for p in plans]
    for k, group in enumerate(grouped):
        if not again[k] and len(splits) == 1:  # these very circuits were scored on guard rows
            ground, start, points = group[0]
            found += [_candidate(p, ground, start, p.held_score, "circuit") for p in points]
    if whole is None:
        return pareto(found)
    curves = [_curve([points for _, _, points in group]) for group in grouped]
    best = _best_plans(
        [c if a else None for c, a in zip(curves, again, strict=True)], options.max_gates
    )[:MOST_REFITS]
    seeds = [options.n_seeds if plans[k].recipe is not None else 1 for k in best]
    todo = [
        (plans[k], whole, len(splits), seed)
        for k, count in zip(best, seeds, strict=True)
        for seed in range(count)
    ]
    refits = iter(_run(todo, options, (stop, 1.0), "simplifying on all rows"))
    for k, count in zip(best, seeds, strict=True):
        found += _expected(list(islice(refits, count)), curves[k])
    return pareto(found)


def _run(
    jobs: Sequence[tuple[Plan, Ground, int, int]], options: Options, span: tuple[float, float],
    text: str,
) -> list[tuple[Ground, StartCircuit, list[Point]]]:  # fmt: skip
    """Grow and simplify; results don't depend on the number of threads.

    What was grown is the first point of its path.
    """
    least = max(0, min(options.max_gates, default=0) // 3)

    def one(
        plan: Plan, ground: Ground, place: int, seed: int
    ) -> tuple[Ground, StartCircuit, list[Point]]:
        own = options.seed + 1000 * seed
        ground, start = plan.start(ground, place, own)
        points = ground.path(
            start, taught=plan.taught, seed=own, schedule=options.schedule, min_gates=least
        )
        if plan.recipe is not None:  # networks compete as they are with their own float networks
            points = [ground.point(start.circuit, start, audited=plan.taught), *points]
        return ground, start, points

    results = []
    parallel = Parallel(n_jobs=options.jobs, prefer="threads", return_as="generator")
    with warnings.catch_warnings():  # here, as filters are shared by all threads
        warnings.simplefilter("ignore")  # of teachers that could be trained longer
        warnings.filterwarnings("error", "Training interrupted by user")  # and goes on
        try:
            for done, result in enumerate(parallel(delayed(one)(*job) for job in jobs)):
                results.append(result)
                options.report(text, span[0] + (span[1] - span[0]) * (done + 1) / len(jobs))
        except UserWarning:
            raise KeyboardInterrupt from None
    return results


def _curve(paths: Sequence[list[Point]]) -> Curve:
    """Average the splits' scores at every size, smoothed over neighbouring sizes."""
    tables = []
    for points in paths:
        sizes = np.array([p.circuit.num_gates for p in points])
        scores = np.array([(p.held_score, p.train_score, p.audit_score) for p in points])
        row = np.full((len(SIZES), 3), np.nan)
        for k, size in enumerate(SIZES):
            small = np.flatnonzero(sizes <= size)
            if len(small):
                row[k] = scores[small[0]]
        tables.append(row)
    mean = np.mean(tables, axis=0)
    smooth = mean.copy()
    for k in range(len(SIZES)):
        near = mean[max(k - 1, 0) : k + 2]
        near = near[~np.isnan(near[:, 0])]
        if len(near) and not np.isnan(mean[k, 0]):
            smooth[k] = near.mean(axis=0)
    return Curve(smooth[:, 0], mean[:, 1], smooth[:, 2])


def _best_plans(curves: Sequence[Curve | None], budgets: Sequence[int]) -> list[int]:
    """Choose the plans that are best within some budget, those that are so most often first."""
    limits = list(budgets) or [int(s) for s in SIZES[8::6]]
    score = np.full((len(curves), len(limits)), -np.inf)
    for k, curve in enumerate(curves):
        for j, limit in enumerate(limits):
            if curve is None:
                continue
            allowed = ~np.isnan(curve.held) & (limit >= SIZES)
            if allowed.any():
                score[k, j] = curve.held[allowed].max()
    wins = [int(k) for k in score.argmax(axis=0) if np.isfinite(score[k]).any()]
    if budgets:  # the runners-up within a budget as well
        wins += [int(k) for j in range(len(limits)) for k in np.argsort(-score[:, j])[1:2]
                 if np.isfinite(score[k, j])]  # fmt: skip
    return sorted(set(wins), key=lambda k: -wins.count(k))


def _expected(
    runs: Sequence[tuple[Ground, StartCircuit, list[Point]]], curve: Curve
) -> list[Candidate]:
    """Give circuits found on all rows the score of their plan at their size.

    With a teacher it is moved by most of how much better or worse they agree with theirs, on
    fresh rows, than the folds' circuits with the folds' teachers; for classes it is only lowered.
    Else it is lowered by as much as they fit their rows worse than the best circuit of the plan
    that is no larger, and than the folds' circuits of that size fitted theirs.
    """
    flat = [(ground, start, point) for ground, start, points in runs for point in points]
    found = []
    for ground, start, point in flat:
        size = point.circuit.num_gates
        held, fitted, audit = curve.at(size)
        if not np.isfinite(held):
            continue
        moved = AUDIT_SHARE * (point.audit_score - audit)
        if ground.problem.task == "classification":
            moved = min(moved, 0.0)  # NaN stays
        if not np.isfinite(moved):
            best = max(p.train_score for _, _, p in flat if p.circuit.num_gates <= size)
            moved = point.train_score - max(fitted, best)
        found.append(_candidate(point, ground, start, held + moved, "settings"))
    return found


def _candidate(
    point: Point, ground: Ground, start: StartCircuit, held: float, held_of: str
) -> Candidate:
    encoding = ground.encoding.with_output(ground.output(point.circuit, start))
    edited = "" if point.circuit is start.circuit else ", simplified"
    return Candidate(
        with_names(point.circuit, encoding), encoding, train_score=point.train_score,
        held_out_score=held, held_out_of=held_of, label=start.label + edited,
        start=start.kind,
    )  # fmt: skip
