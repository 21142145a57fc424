"""Decision trees and boosted trees as circuits: what a learnt circuit has to compare with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tetrakis.circuit import optimise
from tetrakis.learners._baselines_models import IntArray, Series, TreeCircuit, padded, score
from tetrakis.learners._baselines_trees import (
    boosted_trees,
    estimated_gates,
    leaf_counts,
    pruned_trees,
)

Split = tuple[ArrayLike, ArrayLike]
KINDS = ("decision tree", "boosted trees")
DEPTHS = (2, 3, 4, 6)
RATES = (0.3, 0.8)
KEPT_BITS = (8, 4, 3)
LEAF_BITS = (3, 4, 5, 6, 8)
MAX_GATES = 5000
SCORED_ROWS = 20_000


@dataclass(frozen=True, eq=False)
class _Setting:
    series: Series
    rounds: int
    leaf_bits: int
    held_out_score: float
    chosen_by: float
    size: float


def baseline_path(
    codes: ArrayLike,
    bits: Sequence[int],
    y: ArrayLike,
    task: str,
    *,
    train_rows: ArrayLike,
    held_rows: ArrayLike | None = None,
    folds: Sequence[Split] = (),
    choose_on: Sequence[Split] = (),
    seed: int = 0,
    max_gates: int | None = None,
    kinds: Sequence[str] = KINDS,
) -> list[TreeCircuit]:
    """Find the size–accuracy paths of pruned decision trees and of boosted trees.

    Settings (leaves; depth, learning rate, rounds, bits of the leaves, low input bits ignored)
    are scored on held-out rows; those that look best for their estimated size are compiled.

    Parameters
    ----------
    codes : array_like of int, shape (n, n_words)
        As an `Encoding` gives them, ``0 <= code < 2**bits``.
    bits : sequence of int, length n_words
    y : array_like, shape (n,)
        Class indices 0 to k − 1, or values.
    task : {"classification", "regression"}
    train_rows : array_like of int
        Rows that the compiled models are trained on.
    held_rows : array_like of int, optional
        Rows to score these very models on.
    folds : sequence of (train rows, held rows), optional
        Instead of `held_rows`: the score is the mean over models trained on these splits with
        the same settings.
    choose_on : sequence of (train rows, held rows), optional
        Other splits to choose settings on, so that the choice doesn't flatter the scores.
    seed : int
    max_gates : int, optional
        Larger circuits are left out; 5,000 by default.
    kinds : sequence of {"decision tree", "boosted trees"}

    Returns
    -------
    list of TreeCircuit
        For each kind, rising in AND nodes and in the score that they were chosen by.

    Notes
    -----
    Of more than 20,000 rows a random 20,000 are scored; models are trained on all. Boosted
    trees need training rows of every class: there are none where a split lacks one.
    """
    codes, y = np.asarray(codes, np.int64), np.asarray(y)
    if (held_rows is None) == (not folds):
        raise ValueError("Expected either held_rows or folds.")
    train = np.asarray(train_rows)
    splits = [(np.asarray(a), np.asarray(b)) for a, b in folds or [(train, held_rows)]]  # type: ignore[list-item]
    other = [(np.asarray(a), np.asarray(b)) for a, b in choose_on]
    rng = np.random.default_rng(seed)
    splits, other = (
        [(a, rng.permutation(b)[:SCORED_ROWS]) for a, b in part] for part in (splits, other)
    )
    limit = MAX_GATES if max_gates is None else max_gates
    paths = []
    for name in kinds:
        used = (train, *(rows for rows, _ in splits + other))
        apart = name == "boosted trees" and task == "classification"  # each class has its trees
        if apart and not all(_every_class(y, rows) for rows in used):
            continue
        settings = [
            setting
            for shift in _shifts(bits)
            for fitted in _fits(name, codes, y, task, train, [*splits, *other], shift, limit, seed)
            for setting in _scored(fitted, codes, y, splits, other, bits)
        ]
        some = rng.permutation(train)[:SCORED_ROWS]
        promising = _promising(settings, limit)
        found = [(s, _compiled(s, bits, codes, y, some, limit)) for s in promising]
        paths += _frontier([(s.chosen_by, c) for s, c in found if c is not None])
    return paths


def best_baselines(path: Sequence[TreeCircuit], max_gates: int | None = None) -> list[TreeCircuit]:
    """Return the best of each kind within a budget: by held-out score, then by size."""
    best: dict[str, TreeCircuit] = {}
    for point in path:
        if max_gates is not None and point.num_gates > max_gates:
            continue
        other = best.get(point.name)
        if other is None or _rank(point) > _rank(other):
            best[point.name] = point
    return list(best.values())


def _every_class(y: NDArray, rows: NDArray) -> bool:
    return len(np.unique(y[rows])) == y.max() + 1


def _rank(point: TreeCircuit) -> tuple[float, int]:
    return point.held_out_score, -point.num_gates


def _shifts(bits: Sequence[int]) -> list[IntArray]:
    """Return low bits to ignore in every word, for each choice of how many are kept."""
    wide = np.asarray(bits, np.int64)
    kept = sorted({min(k, int(wide.max())) for k in KEPT_BITS}, reverse=True)
    return [np.maximum(wide - k, 0) for k in kept]


def _fits(
    name: str,
    codes: IntArray,
    y: NDArray,
    task: str,
    train: NDArray,
    splits: list[tuple[NDArray, NDArray]],
    shift: IntArray,
    limit: int,
    seed: int,
) -> Iterator[tuple[Series, list[Series]]]:
    """Yield models trained on all training rows, each with its twins on the splits' rows."""
    parts, twin = [train], []
    for rows, _ in splits:
        if rows is not train:
            parts.append(rows)
        twin.append(0 if rows is train else len(parts) - 1)

    def together(series: list[Series]) -> tuple[Series, list[Series]]:
        return series[0], [series[k] for k in twin]

    if name == "decision tree":
        for least in (1, 5):
            grown = [
                pruned_trees(codes[r], y[r], task, shift, min_leaf=least, max_leaves=limit // 3)
                for r in parts
            ]
            for series in zip(*grown, strict=True):
                yield together(list(series))
        return
    outputs = int(y.max()) + 1 if task == "classification" and y.max() > 1 else 1
    for depth in DEPTHS:
        rounds = int(np.clip(limit / (outputs * 4 * 2**depth), 1, 128))
        for rate in RATES:
            yield together(
                [
                    boosted_trees(
                        codes[r],
                        y[r],
                        task,
                        shift,
                        depth=depth,
                        rate=rate,
                        rounds=rounds,
                        seed=seed,
                    )
                    for r in parts
                ]
            )


def _scored(
    fitted: tuple[Series, list[Series]],
    codes: IntArray,
    y: NDArray,
    splits: list[tuple[NDArray, NDArray]],
    other: list[tuple[NDArray, NDArray]],
    bits: Sequence[int],
) -> list[_Setting]:
    series, twins = fitted
    rounds = [1, *leaf_counts(min(len(s.rounds) for s in (series, *twins)))]
    widths = (1,) if series.decision == "index" else LEAF_BITS
    scores = [
        twin.scores(codes[held], y[held], rounds, widths)
        for twin, (_, held) in zip(twins, [*splits, *other], strict=True)
    ]
    own = scores[: len(splits)]
    return [
        _Setting(
            series,
            r,
            w,
            float(np.mean([s[r, w] for s in own])),
            float(np.mean([s[r, w] for s in scores[len(splits) :] or own])),
            estimated_gates(series, r, w, bits),
        )
        for r, w in scores[0]
    ]


def _promising(settings: list[_Setting], limit: int, *, bins: int = 20) -> list[_Setting]:
    """Keep the best three settings of every range of estimated sizes, if worth a look."""
    edges = np.geomspace(8, 1.5 * limit, bins)
    sizes = np.array([s.size for s in settings])
    place = np.searchsorted(edges, sizes)
    kept: list[_Setting] = []
    for k in range(bins):
        here = [s for s, p in zip(settings, place, strict=True) if p == k]
        best = max((s.chosen_by for s in kept if s.size < edges[max(k - 2, 0)]), default=-np.inf)
        here = sorted(here, key=lambda s: (-s.chosen_by, s.size))[:3]
        kept += [s for s in here if s.chosen_by > best]
    return kept


def _compiled(
    setting: _Setting, bits: Sequence[int], codes: IntArray, y: NDArray, rows: NDArray, limit: int
) -> TreeCircuit | None:
    series = setting.series
    model = series.integers(setting.rounds, setting.leaf_bits)
    raw = model.circuit(bits)
    if raw.num_gates > 2 * limit:
        return None
    width = max(1, int(y.max()).bit_length()) if model.decision == "index" else raw.num_pos
    circuit = optimise(padded(raw, width))
    if circuit.num_gates > limit:
        return None
    label = series.label
    if model.decision != "index":
        label += f", {setting.rounds} rounds" * (series.name == "boosted trees")
        label += f", leaves of {setting.leaf_bits} bits"
    trained = score(y[rows], model.predict(codes[rows]), model.decision)
    return TreeCircuit(
        series.name, label, model, tuple(bits), circuit, setting.held_out_score, trained
    )


def _frontier(points: list[tuple[float, TreeCircuit]]) -> list[TreeCircuit]:
    """Keep the points that no smaller one equals in the score that chooses."""
    best: list[tuple[float, TreeCircuit]] = []
    for point in sorted(points, key=lambda p: (p[1].num_gates, -p[0])):
        if not best or point[0] > best[-1][0]:
            best.append(point)
    return [circuit for _, circuit in best]
