"""Table networks as they are trained, before simplification: test score and AND nodes.

Penalties are scored on the held rows of an inner split (of all four, for tables of fewer than
2,000 rows). Networks of each are then trained on all training rows, and for every budget the one
whose penalty scored best, among those that fit, is scored on the test rows. The same after
simplification is `frontier.py --starts table`. Run

    python benchmarks/tables.py --data-sets friedman1 --folds 1
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from _data import NAMES, Fold, available, folds_of, load_fold, one_split
from _peers import score

from tetrakis.circuit import Aig, count_luts, optimise
from tetrakis.datasets import table_from_arrays
from tetrakis.encoding import fit_encoding
from tetrakis.errors import MissingDependencyError, ToolError
from tetrakis.learners import TableNet, TableSettings, fit_tables

SMALL = 2000
PENALTIES = (5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3)


@dataclass(frozen=True)
class Choice:
    """Settings of a data set."""

    bits: int
    settings: TableSettings


def choice_for(fold: Fold) -> Choice:
    classes = len(np.unique(fold.y))
    boolean = bool(np.isin(fold.X, (0, 1)).all())
    if fold.task == "regression" and len(fold.y) < SMALL:  # measured values, far from uniform
        return Choice(8, TableSettings(100, 4, 4, (), PENALTIES[1:], 6, 1500, 256, True))
    if fold.task == "regression":
        return Choice(6, TableSettings(60, 4, 4, (), PENALTIES, 4, 2500, 512, True))
    if classes > 2:
        return Choice(4, TableSettings(30 * classes, 4, 3, (), PENALTIES[:4], 2, 2000, 512, True))
    if boolean:
        return Choice(1, TableSettings(80, 4, 3, (), PENALTIES[1:], 1, 2500, 512, False))
    return Choice(5, TableSettings(30, 4, 3, (), PENALTIES, 4, 1000, 256, True))


@dataclass(frozen=True)
class Fitted:
    net: TableNet
    circuit: Aig
    held: float
    test: float


def fitted(fold: Fold, rows: np.ndarray, held: np.ndarray, choice: Choice, seed: int):
    """Train on some rows; score on the held and the test rows."""
    table = table_from_arrays(fold.X, fold.y.astype(float))
    table = replace(table, boolean=choice.bits == 1)
    encoding = fit_encoding(table.take(rows), bits=choice.bits, trim=0.005)
    codes = encoding.encode(fold.X, unknown="ignore")
    test = encoding.encode(fold.X_test, unknown="ignore")
    widths = np.array([len(word.bits) for word in encoding.inputs])
    classify = fold.task == "classification"
    y = fold.y.astype(np.int64) if classify else fold.y
    nets = fit_tables(
        codes[rows], widths, y[rows], fold.task, choice.settings,
        n_classes=len(np.unique(fold.y)) if classify else 0, seed=seed,
    )  # fmt: skip
    found = []
    for net in nets:
        own = score(fold.y[held], net.predict(codes[held]), fold.task) if len(held) else 0.0
        final = score(fold.y_test, net.predict(test), fold.task)
        found.append(Fitted(net, optimise(net.circuit()), own, final))
    return found


def points(fold: Fold, choice: Choice, seed: int) -> list[tuple[int, float, float, Aig]]:
    """Return (gates, score to choose by, test score, circuit) of every penalty."""
    inner = fold.inner if len(fold.y) < SMALL else [one_split(fold)]
    splits = [fitted(fold, own, held, choice, seed) for own, held in inner]
    last = fitted(fold, np.arange(len(fold.y)), np.zeros(0, int), choice, seed)
    means = np.array([[f.held for f in runs] for runs in splits]).mean(axis=0)
    return [
        (f.circuit.num_gates, float(m), f.test, f.circuit) for f, m in zip(last, means, strict=True)
    ]


def luts_of(circuit: Aig) -> int | None:
    try:
        return count_luts(circuit)
    except (MissingDependencyError, ToolError):
        return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-sets", nargs="+", default=list(NAMES), choices=NAMES)
    parser.add_argument("--folds", type=int, default=1)
    parser.add_argument("--budgets", nargs="+", type=int, default=[300, 500, 1000, 2000, 5000])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--json", type=Path, help="append results")
    options = parser.parse_args()
    groups = defaultdict(list)
    for name, number in folds_of(options.data_sets, options.folds):
        if not available(name, options.data):
            print(f"{name}: skipped, its files aren't in {options.data} (--data FOLDER)")
            continue
        fold = load_fold(name, number, options.data)
        wall, cpu = time.perf_counter(), time.process_time()
        found = points(fold, choice_for(fold), options.seed)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        for gates, held, test, circuit in found:
            print(f"{name} fold {number}: {test:.4f} at {gates} (held {held:.4f},"
                  f" {luts_of(circuit)} LUT-6)", flush=True)  # fmt: skip
            if options.json is not None:
                with options.json.open("a") as file:
                    cell = {"data": name, "fold": number, "gates": gates, "held": held,
                            "test": test, "seed": options.seed}  # fmt: skip
                    file.write(json.dumps(cell) + "\n")
        print(f"{name} fold {number}: {wall:.0f} s wall, {cpu:.0f} s CPU, all penalties")
        for budget in options.budgets:
            within = [p for p in found if p[0] <= budget]
            if within:
                gates, _, test, _ = max(within, key=lambda p: p[1])
                groups[name, budget].append((test, gates))
    for (name, budget), cells in groups.items():
        tests, gates = zip(*cells, strict=True)
        print(f"{name} ≤ {budget:,}: {np.mean(tests):.4f} at {np.mean(gates):,.0f}"
              f" ({len(cells)} folds)")  # fmt: skip


if __name__ == "__main__":
    main()
