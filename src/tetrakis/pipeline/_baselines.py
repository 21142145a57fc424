"""The baselines of a fit: trees and boosted trees, compiled the same way."""

from __future__ import annotations

from typing import Any

import numpy as np

from tetrakis.datasets import Table
from tetrakis.encoding import fit_encoding
from tetrakis.learners import Problem, SearchResult
from tetrakis.learners._baselines import baseline_path, best_baselines
from tetrakis.learners._baselines_models import TreeCircuit
from tetrakis.learners._views import TRIM, folds
from tetrakis.pipeline._data import score
from tetrakis.pipeline._result import Baseline

_TREE_BITS = 8


def tree_baselines(
    problem: Problem, found: SearchResult, budget: int, impute: str | None, seed: int,
    test: Table | None,
) -> tuple[Baseline, ...]:  # fmt: skip
    """Trees and boosted trees on the same rows: the best within the budget, and of any size."""
    table = problem.table
    rows = np.arange(table.n_rows) if found.split is None else found.split.train
    encoding = fit_encoding(table.take(rows), bits=_TREE_BITS, impute=impute, trim=TRIM)  # type: ignore[arg-type]
    codes = encoding.encode(table, unknown="ignore")
    splits: dict[str, Any] = (
        {"folds": [(s.train, s.held) for s in folds(problem, found.n_folds, seed)]}
        if found.split is None
        else {"held_rows": found.split.held}
    )
    path = baseline_path(
        codes, [len(w.bits) for w in encoding.inputs], problem.target, problem.task,
        train_rows=rows, seed=seed, **splits,
    )  # fmt: skip
    test_codes = None if test is None else encoding.encode(test, unknown="ignore")
    listed = [(p, f"{p.name}, at most {budget:,} AND") for p in best_baselines(path, budget)]
    listed += [(p, f"{p.name}, any size") for p in best_baselines(path)]
    return tuple(_baseline(p, name, problem, test, test_codes) for p, name in listed)


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
