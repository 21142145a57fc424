"""The baselines of a fit: trees and boosted trees, compiled the same way."""

from __future__ import annotations

import numpy as np

from tetrakis.datasets import Table
from tetrakis.learners import Problem
from tetrakis.learners._baselines import best_baselines
from tetrakis.learners._baselines_models import TreeCircuit
from tetrakis.learners._search import held_out
from tetrakis.learners._tree_path import TreePath, tree_path
from tetrakis.learners._views import Split
from tetrakis.pipeline._data import score
from tetrakis.pipeline._result import Baseline


def tree_baselines(
    problem: Problem, guard: Split | None, impute: str | None, seed: int
) -> TreePath:
    """Find trees and boosted trees on the rows that a search with this guard learns from."""
    return tree_path(problem, *held_out(problem, guard, seed), impute, seed)


def listed_baselines(
    found: TreePath, problem: Problem, budget: int, test: Table | None
) -> tuple[Baseline, ...]:
    """Pick the best within the budget, and of any size."""
    codes = None if test is None else found.encoding.encode(test, unknown="ignore")
    listed = [(p, f"{p.name}, at most {budget:,} AND") for p in best_baselines(found.path, budget)]
    listed += [(p, f"{p.name}, any size") for p in best_baselines(found.path)]
    return tuple(_baseline(p, name, problem, test, codes) for p, name in listed)


def _baseline(
    point: TreeCircuit, name: str, problem: Problem, test: Table | None, codes: np.ndarray | None
) -> Baseline:
    test_score = None
    if test is not None and codes is not None:
        assert test.target is not None
        guess = point.predict(codes)
        if problem.task == "classification":
            guess = np.array(problem.classes, object)[guess]
        test_score = score(test.target, guess, task=problem.task)
    return Baseline(name, point.circuit, point.held_out_score, test_score)
