"""Trees and boosted trees of a problem, compiled as they are, on the rows that a search uses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tetrakis.encoding import Encoding, fit_encoding
from tetrakis.learners._baselines import KINDS, baseline_path
from tetrakis.learners._baselines_models import TreeCircuit, score
from tetrakis.learners._candidate import Candidate, with_names
from tetrakis.learners._problem import Problem
from tetrakis.learners._views import TRIM, Split, folds, guard_split

_TREE_BITS = 8
#: Up to so many AND nodes, trees are candidates without having been simplified.
SMALL_TREE = 64
#: Share of the training rows that settings are chosen on where guard rows score them.
CHOOSING_SHARE = 0.25
_STARTS = dict(zip(KINDS, ("tree", "boosted"), strict=True))


@dataclass(frozen=True, eq=False)
class TreePath:
    """Size–accuracy paths of trees, the encoding of what they read, and the rows in its codes."""

    path: list[TreeCircuit]
    encoding: Encoding
    codes: np.ndarray


def tree_path(
    problem: Problem, guard: Split | None, splits: Sequence[Split], impute: str | None, seed: int,
    *, kinds: Sequence[str] = KINDS, choose_on: Sequence[Split] = (), max_gates: int | None = None,
) -> TreePath:  # fmt: skip
    """Find trees and boosted trees on the rows that a search with this guard learns from."""
    table = problem.table
    rows = np.arange(table.n_rows) if guard is None else guard.train
    encoding = fit_encoding(
        table.take(rows), bits=_TREE_BITS, impute=impute, trim=TRIM,  # type: ignore[arg-type]
        vocabulary=problem.known,
    )  # fmt: skip
    codes = encoding.encode(table, unknown="ignore")
    scored: dict[str, Any] = {"held_rows": guard.held} if guard else {"folds": _pairs(splits)}
    path = baseline_path(
        codes, [len(w.bits) for w in encoding.inputs], problem.target, problem.task,
        train_rows=rows, choose_on=_pairs(choose_on), seed=seed, max_gates=max_gates, kinds=kinds,
        **scored,
    )  # fmt: skip
    return TreePath(path, encoding, codes)


def small_trees(
    problem: Problem, guard: Split | None, splits: Sequence[Split], starts: Sequence[str],
    impute: str | None, seed: int,
) -> tuple[Candidate, ...]:  # fmt: skip
    """Compile small trees as candidates, at most one of a kind for each doubling of the size.

    Few rows support little more than a few comparisons, which nothing that is simplified finds as
    surely. Hundreds of settings are tried: they are chosen on other splits than they are scored
    on, and few are offered, since the best of many scores would flatter once more.
    """
    kinds = [name for name, start in _STARTS.items() if start in starts]
    rows = np.arange(problem.table.n_rows) if guard is None else guard.train
    if not kinds or len(rows) < 2:
        return ()
    other = (
        folds(problem, min(len(splits), 3), seed + 1)
        if guard is None
        else [guard_split(problem, CHOOSING_SHARE, seed + 1, rows)]
    )
    found = tree_path(
        problem, guard, splits, impute, seed, kinds=kinds, choose_on=other, max_gates=SMALL_TREE
    )
    offered = [p for name in kinds for p in _few([p for p in found.path if p.name == name])]
    return tuple(_candidate(p, found, problem, guard) for p in offered)


def _few(path: Sequence[TreeCircuit]) -> list[TreeCircuit]:
    """Keep the last point within 0, 1, 2, 4, … AND nodes; they rise in what they were chosen by."""
    limits = [0, *(2**k for k in range(SMALL_TREE.bit_length()))]
    within = [[p for p in path if p.num_gates <= limit] for limit in limits]
    return list(dict.fromkeys(points[-1] for points in within if points))


def _pairs(splits: Sequence[Split]) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(s.train, s.held) for s in splits]


def _candidate(
    point: TreeCircuit, found: TreePath, problem: Problem, guard: Split | None
) -> Candidate:
    """Score the circuit on all rows: its settings were chosen, and scored, on some of many."""

    def scored(rows: np.ndarray) -> float:
        guess = point.predict(found.codes[rows])
        return score(problem.target[rows], guess, point.model.decision)

    model = point.model
    encoding = found.encoding.with_output(problem.reading(point.circuit, model.mean, model.step))
    rows = np.arange(problem.table.n_rows) if guard is None else guard.train
    return Candidate(
        with_names(point.circuit, encoding), encoding, train_score=scored(rows),
        held_out_score=point.held_out_score if guard is None else scored(guard.held),
        held_out_of="twins" if guard is None else "circuit",
        label=f"{point.name}, {point.label}", start=_STARTS[point.name],
    )  # fmt: skip
