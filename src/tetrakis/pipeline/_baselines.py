"""The baselines of a fit: trees and boosted trees, compiled the same way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tetrakis.datasets import Table
from tetrakis.encoding import Encoding, fit_encoding
from tetrakis.learners import Problem
from tetrakis.learners._baselines import baseline_path, best_baselines
from tetrakis.learners._baselines_models import TreeCircuit
from tetrakis.learners._search import held_out
from tetrakis.learners._views import TRIM, Split
from tetrakis.pipeline._data import score
from tetrakis.pipeline._result import Baseline

_TREE_BITS = 8


@dataclass(frozen=True, eq=False)
class Baselines:
    """Size–accuracy paths of trees, and the encoding of what they read."""

    path: list[TreeCircuit]
    encoding: Encoding


def tree_baselines(
    problem: Problem, guard: Split | None, impute: str | None, seed: int
) -> Baselines:
    """Find trees and boosted trees on the rows that a search with this guard learns from."""
    table = problem.table
    own, splits = held_out(problem, guard, seed)
    rows = np.arange(table.n_rows) if own is None else own.train
    encoding = fit_encoding(table.take(rows), bits=_TREE_BITS, impute=impute, trim=TRIM)  # type: ignore[arg-type]
    codes = encoding.encode(table, unknown="ignore")
    scored: dict[str, Any] = (
        {"folds": [(s.train, s.held) for s in splits]} if own is None else {"held_rows": own.held}
    )
    path = baseline_path(
        codes, [len(w.bits) for w in encoding.inputs], problem.target, problem.task,
        train_rows=rows, seed=seed, **scored,
    )  # fmt: skip
    return Baselines(path, encoding)


def listed_baselines(
    found: Baselines, problem: Problem, budget: int, test: Table | None
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
