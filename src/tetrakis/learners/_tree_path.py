"""Trees and boosted trees of a problem, compiled as they are, on the rows that a search uses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tetrakis.encoding import Encoding, Output, fit_encoding
from tetrakis.learners._baselines import KINDS, baseline_path
from tetrakis.learners._baselines_models import TreeCircuit
from tetrakis.learners._candidate import Candidate
from tetrakis.learners._problem import Problem
from tetrakis.learners._views import TRIM, Split, folds, second_split

_TREE_BITS = 8
#: Up to so many AND nodes, trees are candidates without having been simplified.
SMALL_TREE = 64
_STARTS = dict(zip(KINDS, ("tree", "boosted"), strict=True))


@dataclass(frozen=True, eq=False)
class TreePath:
    """Size–accuracy paths of trees, and the encoding of what they read."""

    path: list[TreeCircuit]
    encoding: Encoding


def tree_path(
    problem: Problem, guard: Split | None, splits: Sequence[Split], impute: str | None, seed: int,
    *, kinds: Sequence[str] = KINDS, choose_on: Sequence[Split] = (), max_gates: int | None = None,
) -> TreePath:  # fmt: skip
    """Find trees and boosted trees on the rows that a search with this guard learns from."""
    table = problem.table
    rows = np.arange(table.n_rows) if guard is None else guard.train
    encoding = fit_encoding(table.take(rows), bits=_TREE_BITS, impute=impute, trim=TRIM)  # type: ignore[arg-type]
    codes = encoding.encode(table, unknown="ignore")
    scored: dict[str, Any] = {"held_rows": guard.held} if guard else {"folds": _pairs(splits)}
    path = baseline_path(
        codes, [len(w.bits) for w in encoding.inputs], problem.target, problem.task,
        train_rows=rows, choose_on=_pairs(choose_on), seed=seed, max_gates=max_gates, kinds=kinds,
        **scored,
    )  # fmt: skip
    return TreePath(path, encoding)


def small_trees(
    problem: Problem, guard: Split | None, splits: Sequence[Split], starts: Sequence[str],
    impute: str | None, seed: int,
) -> tuple[Candidate, ...]:  # fmt: skip
    """Compile small trees as candidates.

    Few rows support little more than a few comparisons, which nothing that is simplified finds as
    surely. Settings are chosen on other splits than they are scored on: hundreds are tried.
    """
    kinds = [name for name, start in _STARTS.items() if start in starts]
    if not kinds:
        return ()
    other = (
        folds(problem, min(len(splits), 3), seed + 1)
        if guard is None
        else [_within(second_split(problem, guard, seed + 1), guard)]
    )
    found = tree_path(
        problem, guard, splits, impute, seed, kinds=kinds, choose_on=other, max_gates=SMALL_TREE
    )
    return tuple(_candidate(p, found.encoding, problem, guard is None) for p in found.path)


def _within(split: Split, guard: Split) -> Split:
    """Leave the guard's rows out."""
    return Split(np.setdiff1d(split.train, guard.held), split.held)


def _pairs(splits: Sequence[Split]) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(s.train, s.held) for s in splits]


def _candidate(point: TreeCircuit, encoding: Encoding, problem: Problem, folded: bool) -> Candidate:
    model, p = point.model, problem
    output = (
        Output(p.name, p.task, p.decision, point.circuit.num_pos, p.classes)
        if p.task == "classification"
        else Output(
            p.name, p.task, p.decision, point.circuit.num_pos, offset=model.mean, scale=model.step
        )
    )
    encoding = encoding.with_output(output)
    circuit = replace(
        point.circuit, input_names=encoding.input_names, output_names=encoding.output_names
    )
    return Candidate(
        circuit, encoding, train_score=point.train_score, held_out_score=point.held_out_score,
        held_out_of="settings" if folded else "circuit", label=f"{point.name}, {point.label}",
        start=_STARTS[point.name],
    )  # fmt: skip
