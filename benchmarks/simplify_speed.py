"""Seconds and peak memory of whole simplification paths, one thread.

python benchmarks/simplify_speed.py [--cases small middle large] [--limit 600] [--data DIR]

Every path is run in a process of its own, so that its memory is its own. The starts: trees on
contest rows, and boosted trees on synthetic rows of 30 columns of 8 bits.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from _data import available, load_fold
from _measure import measured
from frontier import show
from sklearn.datasets import make_classification

from tetrakis.circuit import read_aiger, write_aiger
from tetrakis.learners._starts import Recipe
from tetrakis.simplify import simplify

ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "NUMBA", "OPENBLAS", "MKL")}


@dataclass(frozen=True)
class Case:
    """A start on some rows; `rows` is 0 for all of a contest's training and validation rows."""

    name: str
    data: str
    recipe: Recipe
    rows: int = 0
    goal: str = ""


BOOSTED = Recipe("boosted", depth=4, rounds=100, leaf_bits=4)
CASES = {
    "small": [
        Case("small", "ex10", Recipe("tree"), goal="1,200 × 12,800 in 12 s"),
        Case("small", "ex40", Recipe("tree")),
        Case("small", "ex80", Recipe("tree")),
    ],
    "middle": [
        Case("middle", "ex80", replace(BOOSTED, max_gates=3800), goal="3,400 × 12,800 in 45 s"),
        Case("middle", "ex40", replace(BOOSTED, depth=6, rounds=32)),
    ],
    "large": [
        Case(
            "large", "synthetic", replace(BOOSTED, depth=7, rounds=80, max_gates=26_000), 60_000,
            "20,000 × 60,000 in 4 GB",
        ),
    ],
}  # fmt: skip


def prepare(case: Case, data: Path, folder: Path) -> tuple[int, int]:
    """Grow the start and write it with its rows; return AND nodes and rows."""
    if case.data == "synthetic":
        X, y = make_classification(
            case.rows, 30, n_informative=10, n_clusters_per_class=4, flip_y=0.05, random_state=0
        )
        low, high = np.quantile(X, [0.005, 0.995], axis=0)
        codes = np.rint(255 * np.clip((X - low) / (high - low), 0, 1)).astype(np.int64)
        width = 8
    else:
        fold = load_fold(case.data, 0, data)
        codes, y, width = fold.X, fold.y, 1
    start = case.recipe.grow(
        codes, [width] * codes.shape[1], y, "classification", np.arange(len(y)), n_classes=2, seed=0
    )
    bits = ((codes[:, :, None] >> np.arange(width)) & 1).astype(bool).reshape(len(codes), -1)
    np.savez(folder / "rows.npz", bits=bits, y=y)
    write_aiger(start.circuit, folder / "start.aig")
    return start.circuit.num_gates, len(y)


def edit(folder: Path, limit: float | None) -> dict[str, float]:
    """Simplify once to compile, then once on the clock."""
    rows = np.load(folder / "rows.npz")
    bits, y = rows["bits"], rows["y"]
    start = read_aiger(folder / "start.aig")
    simplify(start, bits[:256], y[:256], max_seconds=2.0)
    began = time.process_time()
    path, seconds, peak = measured(lambda: simplify(start, bits, y, max_seconds=limit))
    busy = time.process_time() - began
    return {
        "seconds": seconds, "busy": busy, "peak": peak, "rounds": path.rounds,
        "last": int(path.sizes[-1]), "finished": path.finished,
    }  # fmt: skip


def run(case: Case, data: Path, limit: float | None) -> list[str]:
    with tempfile.TemporaryDirectory() as name:
        gates, rows = prepare(case, data, Path(name))
        command = [sys.executable, __file__, "--edit", name]
        if limit is not None:
            command += ["--limit", str(limit)]
        done = subprocess.run(
            command, env={**os.environ, **ONE_THREAD}, capture_output=True, text=True, check=True
        )
    found = json.loads(done.stdout)
    until = f"to {found['last']:,}" + ("" if found["finished"] else " (stopped by the limit)")
    return [
        case.data, case.recipe.kind, f"{gates:,} × {rows:,}", until, f"{found['rounds']:,}",
        f"{found['seconds']:.1f} s", f"{found['busy']:.1f} s", f"{found['peak'] / 1024:.2f} GB",
        case.goal,
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", nargs="+", default=list(CASES), choices=list(CASES))
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--limit", type=float, help="seconds for each path")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--edit", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.edit is not None:
        print(json.dumps(edit(options.edit, options.limit)))
        return
    rows = [["rows of", "start", "AND × rows", "path", "rounds", "time", "of a core", "peak",
             "goal"]]  # fmt: skip
    for case in [case for name in options.cases for case in CASES[name]]:
        if case.data == "synthetic" or available(case.data, options.data):
            rows.append(run(case, options.data, options.limit))
            print(" | ".join(rows[-1]), file=sys.stderr, flush=True)
    show(rows, options.markdown, title="Simplification")


if __name__ == "__main__":
    main()
