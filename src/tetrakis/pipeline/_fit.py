"""From a table to the size–accuracy path, the chosen circuit and its baselines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from tetrakis._background import Background
from tetrakis.datasets import Table, check_target, stack_tables
from tetrakis.encoding import fit_encoding
from tetrakis.errors import BudgetError, DataError
from tetrakis.learners import (
    Candidate,
    Problem,
    Split,
    choose,
    labels_like,
    problem_from_table,
    search,
)
from tetrakis.learners._search import SearchResult, alone
from tetrakis.learners._simplified import KINDS, STARTS
from tetrakis.learners._tree_path import TreePath
from tetrakis.pipeline._baselines import listed_baselines, tree_baselines
from tetrakis.pipeline._data import data_record, run_circuit, score
from tetrakis.pipeline._gap import gap_claim
from tetrakis.pipeline._occam import occam_claim
from tetrakis.pipeline._result import FitResult

Progress = Callable[[str, float], None]
_SEARCH_SHARE = 0.85
LEARNERS = ("resnet", "convex")


def fit_table(
    train: Table,
    *,
    validation: Table | None = None,
    test: Table | None = None,
    task: str | None = None,
    max_gates: int | None = None,
    tolerance: float | None = None,
    impute: str | None = None,
    seed: int = 0,
    jobs: int = 1,
    effort: float = 1.0,
    starts: Sequence[str] = KINDS,
    learner: str = "resnet",
    progress: Progress | None = None,
) -> FitResult:
    """Find a small circuit that predicts the target of a table.

    Parameters
    ----------
    train : Table
        With a target.
    validation : Table, optional
        Rows to choose on; a part of `train`, or cross-validation, when left out.
    test : Table, optional
        Rows to score the result on; never used for a choice.
    task : {"classification", "regression"}, optional
        Detected from the target when left out.
    max_gates : int, optional
        Best held-out score within so many AND nodes.
    tolerance : float, optional
        Smallest circuit within so much of the best held-out score, in units of the score.
    impute : {"median", "mode"}, optional
        Fill missing values.
    seed : int
        Same seed, same circuit.
    jobs : int
        Threads to train in; the result doesn't depend on it.
    effort : float
        Scales training steps and restarts.
    starts : sequence of {"resnet", "convex", "tree", "boosted", "fringe", "table"}
        Models whose circuits are simplified.
    learner : {"resnet", "convex"}
        ``"convex"``: nothing but two-layer networks trained to the global optimum, compiled as
        they are, with a bound on how far they are from the best of any width; `starts` is not
        looked at.
    progress : callable, optional
        Called with a text and the fraction done.

    Returns
    -------
    FitResult

    Raises
    ------
    DataError, EncodingError, BudgetError
    """
    starts = _checked_starts(starts, learner, max_gates)
    kind = check_target(train, task)
    table, guard = _stacked(train, validation)
    problem = _problem(table, train, kind)
    _check_test(problem, test, impute)
    found, compared = _searched(
        problem, guard, progress or (lambda text, fraction: None), simplify=learner == "resnet",
        max_gates=() if max_gates is None else (max_gates,), impute=impute, seed=seed,
        effort=effort, jobs=jobs, starts=starts,
    )  # fmt: skip
    index, rule = choose(
        found.path, max_gates=max_gates, tolerance=tolerance, standard_error=found.standard_error
    )
    best = found.path[index]
    budget = best.num_gates if max_gates is None else max_gates
    own_guard = found.split if guard is None and best.held_out_of == "circuit" else None
    return FitResult(
        task=kind, target=problem.name, score_name=problem.score_name, path=found.path,
        chosen=index, held_out=found.held_out, rule=rule,
        baselines=listed_baselines(compared, problem, budget, test),
        test_score=None if test is None else _test_score(best, test, kind),
        source=train.source, n_rows=train.n_rows, seed=seed,
        options={"max_gates": max_gates, "tolerance": tolerance, "impute": impute,
                 "task": task, "effort": effort, "starts": list(starts),
                 **({} if learner == "resnet" else {"learner": learner})},
        notes=(*train.notes, *best.encoding.notes),
        train_data=data_record(train),
        validation_data=None if validation is None else data_record(validation),
        test_data=None if test is None else data_record(test),
        guard_rows=None if own_guard is None else tuple(int(r) for r in own_guard.held),
        occam=_occam(best, train, kind, own_guard),
        global_gap=_gap(best, train, own_guard),
    )  # fmt: skip


def _searched(
    problem: Problem, guard: Split | None, report: Progress, *, simplify: bool, impute: str | None,
    seed: int, jobs: int, **options: Any,
) -> tuple[SearchResult, TreePath]:  # fmt: skip
    """Search, and fit the baselines beside it where threads may be shared."""
    trees = partial(tree_baselines, problem, guard, impute, seed)
    apart = jobs == 1 or not simplify  # the convex learner wants all threads of BLAS
    with nullcontext() if apart else alone(), Background() as beside:
        early = None if apart else beside.submit(trees)
        found = search(
            problem, guard=guard, simplify=simplify, impute=impute, seed=seed, jobs=jobs,
            progress=lambda text, f: report(text, _SEARCH_SHARE * f), **options,
        )  # fmt: skip
        report("baselines: trees and boosted trees", _SEARCH_SHARE)
        return found, trees() if early is None else early.result()


def _checked_starts(starts: Sequence[str], learner: str, max_gates: int | None) -> tuple[str, ...]:
    """Check the options that name models or a size; return the models to start from."""
    unknown = [s for s in starts if s not in STARTS]
    if unknown or not starts:
        raise BudgetError(f"starts: expected some of {', '.join(STARTS)}, got {list(starts)}.")
    if learner not in LEARNERS:
        raise BudgetError(f"learner: expected one of {', '.join(LEARNERS)}, got {learner!r}.")
    if max_gates is not None and max_gates < 0:
        raise BudgetError(f"max_gates: expected a number >= 0, got {max_gates}.")
    return ("convex",) if learner == "convex" else tuple(starts)


def _stacked(train: Table, validation: Table | None) -> tuple[Table, Split | None]:
    """Put the rows to choose on below those to learn from."""
    if validation is None:
        return train, None
    table = stack_tables(train, validation)
    return table, Split(np.arange(train.n_rows), np.arange(train.n_rows, table.n_rows))


def _occam(best: Candidate, train: Table, task: str, guard: Split | None) -> dict[str, Any] | None:
    """Bound the error from the rows that the circuit was learnt from."""
    if task != "classification":
        return None
    return occam_claim(best.circuit, best.encoding, _learnt_from(train, guard))


def _gap(best: Candidate, train: Table, guard: Split | None) -> dict[str, Any] | None:
    """Bound how far a network of the convex learner is from the best one of any width."""
    if best.program is None:
        return None
    return gap_claim(
        best.network, best.fixed_point, best.encoding, _learnt_from(train, guard),
        loss=best.program.loss, alpha=best.program.alpha,
    )  # fmt: skip


def _learnt_from(train: Table, guard: Split | None) -> Table:
    if guard is None:
        return train
    return train.take(np.setdiff1d(np.arange(train.n_rows), guard.held))


def _problem(table: Table, train: Table, task: Any) -> Problem:
    """Read the target; classes and scale come from the training rows alone."""
    problem = problem_from_table(table, task, np.arange(train.n_rows))
    problem = replace(problem, n_known=train.n_rows)
    if task == "classification" and table is not train:
        classes = problem_from_table(train, task).classes
        assert table.target is not None
        target = labels_like(table.target, classes, "the validation rows")
        return replace(problem, target=target, classes=classes)
    return problem


def _check_test(problem: Problem, test: Table | None, impute: Any) -> None:
    """Raise now, not after the training, if the test table doesn't fit."""
    if test is None:
        return
    if test.target is None:
        raise DataError(f"{test.source}: expected a column {problem.name!r}, the target.")
    missing = np.flatnonzero(test.target.missing)
    if len(missing):
        raise DataError(
            f"The target has no value at {test.place(problem.name, missing[0])}.",
            remedy="Remove these rows.",
        )
    for column in problem.table.columns:
        test.column(column.name)
    fit_encoding(problem.known, impute=impute).encode(test)


def _test_score(best: Candidate, test: Table, task: str) -> float:
    assert test.target is not None
    return score(test.target, run_circuit(best.circuit, best.encoding, test), task=task)
