"""Starts of simplification for a problem: trees, boosted trees and trained networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tetrakis.encoding import Encoding
from tetrakis.learners._candidate import Candidate
from tetrakis.learners._grounds import Ground, StartCircuit
from tetrakis.learners._lessons import MOST_TAUGHT, SMALL, Lessons, teachable
from tetrakis.learners._occam import Options, Plan, occam_candidates
from tetrakis.learners._problem import Problem, Task
from tetrakis.learners._starts_menu import MANY, recipes
from tetrakis.learners._views import EncodedView, Split, encode_view
from tetrakis.network import FixedPointResNet
from tetrakis.simplify import Schedule

#: Starts of a search by default, and all there are.
KINDS = ("resnet", "tree", "boosted", "fringe")
#: All that can be asked for; by default `KINDS` are.
STARTS = ("resnet", "convex", "tree", "boosted", "fringe", "table")
QUICK = 0.25
MOST_RECIPES = {"tree": 1, "boosted": 1, "fringe": 2, "table": 2}
Progress = Callable[[str, float], None]


@dataclass(frozen=True, eq=False)
class NetStart:
    """A setting's networks: one for each split, and one for all rows unless it has none.

    Parameters
    ----------
    label : str
    networks : tuple of (EncodedView, FixedPointResNet)
    kind : {"resnet", "convex"}
    """

    label: str
    networks: tuple[tuple[EncodedView, FixedPointResNet], ...]
    kind: str = "resnet"


@dataclass(frozen=True, eq=False)
class StartOptions:
    """What the person asked for.

    Parameters
    ----------
    kinds : tuple of {"resnet", "convex", "tree", "boosted", "fringe", "table"}
    max_gates : tuple of int
    impute : {"median", "mode"} or None
    seed, jobs : int
    effort : float
    report : callable
    """

    kinds: tuple[str, ...]
    max_gates: tuple[int, ...]
    impute: str | None
    seed: int
    jobs: int
    effort: float
    report: Progress


def simplified(
    problem: Problem, splits: Sequence[Split], *, refit: bool, nets: Sequence[NetStart],
    lessons: Lessons, options: StartOptions,
) -> tuple[Candidate, ...]:  # fmt: skip
    """Simplify starts on the splits and, with `refit`, on all rows.

    Returns
    -------
    tuple of Candidate
        A Pareto front.
    """
    rows = np.arange(problem.table.n_rows)
    whole = Split(rows, rows[:0])
    grounds = _grounds(problem, [*splits, whole] if refit else list(splits), lessons, options)
    plans = [
        *tree_plans(problem, grounds[-1], options),
        *_net_plans(problem, nets, lessons, options),
    ]
    if not plans:
        return ()
    seeds = max(1, round(2 * options.effort))
    quick = options.effort < QUICK
    schedule = Schedule(growth=2.0, pool=2, cycles=1, share=0.1) if quick else Schedule()
    todo = Options(
        options.max_gates, options.seed, options.jobs, 1 if quick else seeds, options.report,
        schedule,
    )  # fmt: skip
    last = grounds[-1] if refit else None
    return occam_candidates(plans, grounds[: len(splits)], last, todo)


def input_bits(n_rows: int, task: Task) -> int:
    """Bits of numeric inputs that tree starts read: fewer labels support fewer thresholds."""
    few = task == "classification" and n_rows < SMALL
    return 5 if few else 6 if n_rows < MOST_TAUGHT else 8


def _ground(
    problem: Problem, view: EncodedView, like: Encoding, lessons: Lessons, seed: int
) -> Ground:
    widths = np.array([len(word.bits) for word in like.inputs], np.int64)
    rows = view.view.rows
    return Ground(
        problem, view.view.codes, widths, like, view.encoding, rows, view.held, seed,
        lessons.of(rows),
    )  # fmt: skip


def _grounds(
    problem: Problem, splits: Sequence[Split], lessons: Lessons, options: StartOptions
) -> list[Ground]:
    """Encode all rows for each split in the words of the last."""
    bits = input_bits(problem.table.n_rows, problem.task)
    like = encode_view(problem, splits[-1], bits, options.impute).encoding
    views = [encode_view(problem, s, bits, options.impute, like=like) for s in splits]
    return [_ground(problem, view, like, lessons, options.seed) for view in views]


def tree_plans(problem: Problem, ground: Ground, options: StartOptions) -> list[Plan]:
    """List the plans that start from trees."""
    n, kinds = problem.table.n_rows, options.kinds
    boolean = bool((ground.widths == 1).all())
    taught = teachable(problem, boolean) and options.effort >= QUICK
    asked = [k for k in STARTS if k in kinds and k not in ("resnet", "convex")]
    if options.effort < QUICK:
        asked = ["boosted"] if "boosted" in asked else asked[-1:]
    found = recipes(
        problem.task, n, len(problem.classes), ground.widths.tolist(), kinds=asked,
        effort=options.effort, max_gates=options.max_gates,
    )  # fmt: skip
    plans = []
    spared = _spared(n, kinds, boolean)
    for kind in (k for k in asked if k not in spared):
        most = _most_recipes(kind, n, len(problem.classes), options.effort)
        plans += [Plan(r, taught) for r in [r for r in found if r.kind == kind][:most]]
    return plans


def _most_recipes(kind: str, n_rows: int, n_classes: int, effort: float) -> int:
    """How many recipes of a kind can be told apart: few by the folds of few rows."""
    if effort < QUICK:
        return 1
    if kind == "table" and n_classes > 2:  # two sizes, as they compete unedited too
        return MOST_RECIPES[kind]
    most = 1 if n_rows < SMALL else MOST_RECIPES[kind]
    return most + (kind == "boosted" and n_rows > MANY)


def _spared(n_rows: int, kinds: Sequence[str], boolean: bool) -> tuple[str, ...]:
    """Default kinds that are left to the others: folds of few rows score few plans well.

    Of few rows of numbers fringe trees were never the best: none of 75 choices on breast cancer;
    small trees are so only below 50 ANDs, for a seventh of the time.
    """
    if n_rows >= SMALL or tuple(kinds) != KINDS:
        return ()
    return ("tree",) if boolean else ("tree", "fringe")


def _net_plans(
    problem: Problem, nets: Sequence[NetStart], lessons: Lessons, options: StartOptions
) -> list[Plan]:
    plans = []
    for net in nets if options.effort >= QUICK else ():
        given = []
        for view, fixed in net.networks:
            ground = _ground(problem, view, view.like, lessons, options.seed)
            ground.widths = np.asarray(view.view.bits, np.int64)
            scale = problem.scale * 2.0 ** int(fixed.output_exponent[0])
            regression = problem.task == "regression"
            start = StartCircuit(
                net.kind, net.label, problem.compile(fixed),
                problem.offset if regression else 0.0, scale if regression else 1.0,
            )  # fmt: skip
            given.append((ground, start))
        boolean = bool((given[0][0].widths == 1).all())
        plans.append(Plan(None, teachable(problem, boolean), tuple(given)))
    return plans
