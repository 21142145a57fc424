"""Circuits of `tetrakis fit` against published gate counts on MONK's problems, adult, Ljubljana.

The published figures are of differentiable logic gate networks (Petersen et al., NeurIPS 2022),
counted in two-input gates of any kind; ours are AND nodes. Test rows are used for the score alone:
the official test files, or for Ljubljana, which has none, five stratified folds. Run

    python benchmarks/published.py --json published.jsonl
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
from collections.abc import Iterator
from os import cpu_count
from pathlib import Path

import numpy as np
from _measure import measured
from frontier import show
from sklearn.model_selection import StratifiedKFold

from tetrakis.datasets import Table, read_table
from tetrakis.pipeline import fit_table

PUBLISHED = {  # accuracy, gates, gates that ours may have
    "monks-1": (1.000, 144, 143),
    "monks-2": (0.909, 72, 71),
    "monks-3": (0.977, 72, 71),
    "adult": (0.848, 1280, 640),
    "ljubljana": (0.761, 640, 320),
}
ADULT = [
    "age", "workclass", "fnlwgt", "education", "education-num", "marital-status", "occupation",
    "relationship", "race", "sex", "capital-gain", "capital-loss", "hours-per-week",
    "native-country", "target",
]  # fmt: skip


def tables(name: str, data: Path) -> Iterator[tuple[Table, Table]]:
    """Training and test rows, with their columns as the collections describe them."""
    with tempfile.TemporaryDirectory() as folder:

        def made(rows: list[list[str]], header: list[str], label: str) -> Table:
            path = Path(folder) / f"{name}-{label}.csv"
            with path.open("w", newline="") as file:
                csv.writer(file).writerows([header, *rows])
            return read_table(path, target="target")

        if name.startswith("monks"):
            header = ["target", *(f"a{k}" for k in range(1, 7))]
            parts = [
                [
                    [row[0], *(f"v{x}" for x in row[1:7])]  # the values are names
                    for row in map(str.split, (data / "monks" / f"{name}.{part}").open())
                    if row
                ]
                for part in ("train", "test")
            ]
            yield made(parts[0], header, "train"), made(parts[1], header, "test")
        elif name == "adult":
            parts = [_rows(data / "adult" / f"adult.{part}") for part in ("data", "test")]
            yield made(parts[0], ADULT, "train"), made(parts[1], ADULT, "test")
        else:
            rows = _rows(data / "breast_cancer_ljubljana" / "breast-cancer.data")
            header = ["target", *(f"a{k}" for k in range(1, 10))]
            folds = StratifiedKFold(5, shuffle=True, random_state=0)
            whole = np.array(rows, dtype=object)
            for train, test in folds.split(whole, whole[:, 0].astype(str)):
                yield (
                    made(whole[train].tolist(), header, "train"),
                    made(_known(whole[train], whole[test]).tolist(), header, "test"),
                )


def _known(train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Replace test rows' categories that no training row has by the most frequent."""
    test = test.copy()
    for k in range(1, test.shape[1]):
        names, counts = np.unique(train[:, k].astype(str), return_counts=True)
        test[~np.isin(test[:, k].astype(str), names), k] = names[counts.argmax()]
    return test


def _rows(path: Path) -> list[list[str]]:
    with path.open() as file:
        rows = [[x.strip().rstrip(".") for x in row] for row in csv.reader(file)]
    return [row for row in rows if len(row) > 2]


def run(name: str, data: Path, seed: int, effort: float) -> list[dict]:
    most = PUBLISHED[name][2]
    cells = []
    for fold, (train, test) in enumerate(tables(name, data)):
        found, seconds, peak = measured(
            lambda train=train, test=test: fit_table(
                train, test=test, task="classification", max_gates=most, impute="mode", seed=seed,
                jobs=cpu_count() or 1, effort=effort,
            )
        )  # fmt: skip
        point = found.path[found.chosen]
        cells.append(
            {
                "data": name, "fold": fold, "seed": seed, "score": found.test_score,
                "gates": point.num_gates, "held_out": point.held_out_score, "start": point.start,
                "seconds": seconds, "peak_mb": peak,
            }
        )  # fmt: skip
        print(f"{name} fold {fold} seed {seed}: {seconds:.0f} s", flush=True)
    return cells


def table(cells: list[dict]) -> list[list[str]]:
    rows = [["data", "accuracy on test rows", "AND nodes", "published", "s / fit", "peak MB"]]
    for name, (score, gates, _) in PUBLISHED.items():
        own = [c for c in cells if c["data"] == name]
        if not own:
            continue
        scores = np.array([c["score"] for c in own])
        spread = f" ± {scores.std(ddof=1):.3f}" if len(own) > 1 else ""
        mean = {k: float(np.mean([c[k] for c in own])) for k in ("gates", "seconds", "peak_mb")}
        rows.append(
            [
                name, f"{scores.mean():.4f}{spread}", f"{mean['gates']:.0f}",
                f"{score:.3f} with {gates:,} gates", f"{mean['seconds']:.0f}",
                f"{mean['peak_mb']:.0f}",
            ]
        )  # fmt: skip
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--data-sets", nargs="+", default=list(PUBLISHED), choices=list(PUBLISHED))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--effort", type=float, default=1.0)
    parser.add_argument("--json", type=Path, help="append results, and skip those in the file")
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    cells = []
    if options.json is not None and options.json.exists():
        cells = [json.loads(line) for line in options.json.read_text().splitlines()]
    for name in options.data_sets:
        for seed in options.seeds:
            if any(c["data"] == name and c["seed"] == seed for c in cells):
                continue
            made = run(name, options.data, seed, options.effort)
            cells += made
            if options.json is not None:
                with options.json.open("a") as file:
                    file.writelines(json.dumps(c) + "\n" for c in made)
    show(table(cells), options.markdown, "Test accuracy and AND nodes; ± over folds and seeds")


if __name__ == "__main__":
    main()
