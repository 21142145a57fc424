"""Who chooses the point of a simplification path best: guard rows, cross-validation, Occam?

python benchmarks/choosers.py [--data-sets ex00 ex10] [--seeds 0 1]

Contest sets, started from a full decision tree. All choosers have the same 12,800 rows: guard
rows learn on the training half and choose on the validation half; refit edits all rows again and
takes the best fit no larger than the guard's choice; cross-validation runs 5 folds over all rows
for the size and edits all rows again; the Occam bound edits all rows once. Test rows are looked
at last, and by the column 'best' only, which is what a perfect chooser would have found.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from _data import CONTEST, Fold, available, load_fold
from frontier import show

from tetrakis.circuit import Aig, simulate_rows
from tetrakis.learners._starts import Recipe
from tetrakis.simplify import SimplificationPath, simplify

N_FOLDS = 5
SIZES = np.geomspace(2, 4000, 120)
SETS = ("ex00", "ex10", "ex30", "ex60", "ex75")


class Set:
    """Rows of a contest set as bits."""

    def __init__(self, fold: Fold) -> None:
        self.X, self.y = fold.X, fold.y.astype(np.int64)
        self.test, self.answers = fold.X_test.astype(bool), fold.y_test
        self.train, self.valid = fold.inner[0]

    def path(
        self, rows: np.ndarray, seed: int, guard: np.ndarray | None = None
    ) -> SimplificationPath:
        """Grow a tree on some rows and edit it on them."""
        start = Recipe("tree").grow(
            self.X, [1] * self.X.shape[1], self.y, "classification", rows, n_classes=2, seed=seed
        )
        held = None if guard is None else (self.X[guard].astype(bool), self.y[guard])
        bits = self.X[rows].astype(bool)
        return simplify(start.circuit, bits, self.y[rows], guard=held, seed=seed)

    def score(self, circuit: Aig) -> float:
        """Accuracy on the test rows."""
        return float(np.mean(simulate_rows(circuit, self.test)[:, 0] == self.answers))


def folds(n: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Split n rows into training and held rows."""
    parts = np.array_split(np.random.default_rng(seed).permutation(n), N_FOLDS)
    for k, held in enumerate(parts):
        yield np.concatenate(parts[:k] + parts[k + 1 :]), held


def size_by_folds(data: Set, seed: int) -> float:
    """Return the size whose mean accuracy over the folds is best."""
    table = np.full((N_FOLDS, len(SIZES)), np.nan)
    for k, (train, held) in enumerate(folds(len(data.y), seed)):
        path = data.path(train, seed, held)
        assert path.guard_losses is not None
        for j, size in enumerate(SIZES):
            small = np.flatnonzero(path.sizes <= size)
            if len(small):
                table[k, j] = path.guard_losses[small].min() / len(held)
    return float(SIZES[int(np.nanargmin(table.mean(axis=0)))])


def within(path: SimplificationPath, size: float) -> int:
    """Return the point that fits best within a size, or the smallest there is."""
    small = np.flatnonzero(path.sizes <= size)
    return int(small[0]) if len(small) else len(path) - 1


def run(name: str, data: Set, seed: int) -> list[str]:
    clock = [time.perf_counter()]
    guarded = data.path(data.train, seed, data.valid)
    first = guarded.circuits[guarded.best()]
    clock.append(time.perf_counter())
    whole = data.path(np.arange(len(data.y)), seed)
    clock.append(time.perf_counter())
    folded = size_by_folds(data, seed)
    clock.append(time.perf_counter())
    index, bound = whole.least_risk()
    best = max(whole.circuits, key=lambda c: (data.score(c), -c.num_gates))
    chosen = [
        first,
        whole.circuits[within(whole, first.num_gates)],
        whole.circuits[within(whole, folded)],
        whole.circuits[index],
        best,
    ]
    cells = [f"{c.num_gates} / {data.score(c):.4f}" for c in chosen]
    once, again, cross = np.diff(clock)
    seconds = f"{once:.0f}, {once + again:.0f}, {cross + again:.0f}, {again:.0f} s"
    return [name, str(seed), *cells, f"{bound.value:.3f}", seconds]


def main() -> None:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-sets", nargs="+", default=list(SETS), choices=CONTEST)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    rows = [["set", "seed", "guard", "guard, refit", "5 folds, refit", "Occam", "best", "Occam's"
             " bound on the error", "seconds of each"]]  # fmt: skip
    for name in options.data_sets:
        if not available(name, options.data):
            continue
        data = Set(load_fold(name, 0, options.data))
        for seed in options.seeds:
            rows.append(run(name, data, seed))
            print(" | ".join(rows[-1]), flush=True)
    show(rows, options.markdown, title="AND nodes / test accuracy")


if __name__ == "__main__":
    main()
