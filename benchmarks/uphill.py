"""What several seeds and uphill moves (nodes that are added) buy on contest sets.

python benchmarks/uphill.py [--data-sets ex00 ex60 ex75] [--seeds 5]

Full decision trees are edited on the training rows; the point, and the best of several seeds, are
chosen on the validation rows; test rows are looked at last.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from _data import CONTEST, available, load_fold
from choosers import Set
from frontier import show

from tetrakis.learners._starts import Recipe
from tetrakis.simplify import Schedule, simplify

SCHEDULES = {
    "never": Schedule(cycles=0),
    "4 a price": Schedule(),
    "16 a price": Schedule(cycles=16),
    "4, prices rise by 1.1": Schedule(growth=1.1),
}


def run(name: str, data: Set, schedule: Schedule, uphill: str, n_seeds: int) -> list[str]:
    """Edit from several seeds; return the means of one, and the best by validation rows."""
    bits, held = data.X[data.train].astype(bool), data.X[data.valid].astype(bool)
    start = Recipe("tree").grow(
        data.X, [1] * data.X.shape[1], data.y, "classification", data.train, n_classes=2, seed=0
    )
    found, begin = [], time.perf_counter()
    for seed in range(n_seeds):
        path = simplify(
            start.circuit, bits, data.y[data.train], guard=(held, data.y[data.valid]), seed=seed,
            schedule=schedule,
        )  # fmt: skip
        best = path.best()
        assert path.guard_losses is not None
        circuit = path.circuits[best]
        found.append((float(path.guard_losses[best]), circuit.num_gates, data.score(circuit)))
    seconds = (time.perf_counter() - begin) / n_seeds
    sizes, scores = (np.array([x[k] for x in found]) for k in (1, 2))
    cells = [f"{sizes.mean():.0f} / {scores.mean():.4f}", f"± {scores.std(ddof=1):.4f}"]
    for most in (2, n_seeds):
        _, size, score = min(found[:most])
        cells.append(f"{size} / {score:.4f}")
    return [name, uphill, *cells, f"{seconds:.1f} s"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-sets", nargs="+", default=["ex00", "ex60", "ex75"], choices=CONTEST)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    rows = [["set", "uphill rounds", "one seed, mean", "spread", "best of 2",
             f"best of {options.seeds}", "each"]]  # fmt: skip
    for name in options.data_sets:
        if not available(name, options.data):
            continue
        data = Set(load_fold(name, 0, options.data))
        for uphill, schedule in SCHEDULES.items():
            rows.append(run(name, data, schedule, uphill, options.seeds))
            print(" | ".join(rows[-1]), flush=True)
    show(rows, options.markdown, title="AND nodes / test accuracy")


if __name__ == "__main__":
    main()
