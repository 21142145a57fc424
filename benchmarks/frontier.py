"""Test score and AND nodes at fixed budgets: ours and the peers, on the same folds.

Every choice is made on training rows (peers: inner splits; contest data: the validation file).
Sizes are those of the emitted circuit as our own optimisation leaves it. Run

    python benchmarks/frontier.py --json results.jsonl

and run it again to go on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from dataclasses import replace
from os import cpu_count
from pathlib import Path
from typing import Any

import numpy as np
from _data import NAMES, available, folds_of, load_fold
from _measure import measured
from _peers import PEERS, score
from joblib import Parallel, delayed

OURS = "ours"
KINDS = ("resnet", "tree", "boosted", "fringe")
ALL_KINDS = (*KINDS, "table")
REACH = [  # data set, least test score, most AND nodes
    ("breast_cancer", 0.960, 200),
    ("digits", 0.950, 5000),
    ("friedman1", 0.90, 700),
    ("friedman1", 0.93, 2000),
    ("ex30", 0.995, 300),
    ("ex50", 0.995, 1500),
    ("ex75", 1.000, 200),
    ("ex80", 0.925, 1500),
    # after simplification
    ("breast_cancer", 0.966, 110),
    ("digits", 0.955, 1400),
    ("digits", 0.965, 2500),
    ("friedman1", 0.92, 460),
    ("friedman1", 0.94, 1000),
    ("ex00", 0.994, 80),
    ("ex10", 0.922, 150),
    ("ex30", 0.998, 38),
    ("ex40", 0.967, 550),
    ("ex50", 0.999, 41),
    ("ex60", 0.993, 110),
    ("ex70", 0.993, 8),
    ("ex75", 1.000, 120),
    ("ex80", 0.925, 900),
]
Cell = dict[str, Any]


def fit_ours(
    name: str,
    fold: int,
    seed: int,
    budgets: list[int],
    data: Path,
    effort: float,
    starts: list[str],
) -> list[Cell]:
    """Search once, looking closely at all budgets, then choose for each on held-out scores."""
    from tetrakis.circuit import simulate_rows
    from tetrakis.datasets import table_from_arrays
    from tetrakis.errors import BudgetError
    from tetrakis.learners import choose, problem_from_table, search

    rows = load_fold(name, fold, data)
    table = replace(table_from_arrays(rows.X, rows.y), boolean=name.startswith("ex"))
    problem = problem_from_table(table, rows.task)
    found, seconds, peak = measured(
        lambda: search(
            problem,
            max_gates=budgets,
            seed=seed,
            effort=effort,
            jobs=cpu_count() or 1,
            starts=starts,
        )
    )
    cells = []
    for budget in budgets:
        cell = {
            "data": name, "fold": fold, "seed": seed, "method": OURS, "budget": budget,
            "score": None, "gates": None, "held_out": None, "seconds": seconds, "peak_mb": peak,
        }  # fmt: skip
        try:
            index, _ = choose(
                found.path, max_gates=budget, tolerance=None, standard_error=found.standard_error
            )
        except BudgetError:
            cells.append(cell)
            continue
        point = found.path[index]
        output = point.encoding.output
        bits = simulate_rows(point.circuit, point.encoding.encode_bits(rows.X_test))
        guess = output.predictions(bits)
        if rows.task == "classification":
            guess = guess.astype(float)
        cell |= {
            "score": score(rows.y_test, guess, rows.task), "gates": point.num_gates,
            "held_out": point.held_out_score, "label": point.label,
        }  # fmt: skip
        cells.append(cell)
    return cells


def fit_peer(
    name: str, fold: int, seed: int, method: str, budgets: list[int], data: Path
) -> list[Cell]:
    rows = load_fold(name, fold, data)
    points, seconds, peak = measured(lambda: PEERS[method](rows, seed))
    cells = []
    for budget in budgets:
        fits = [p for p in points if p.gates <= budget]
        best = max(fits, key=lambda p: (p.held_out_score, -p.gates), default=None)
        cells.append(
            {
                "data": name,
                "fold": fold,
                "seed": seed,
                "method": method,
                "budget": budget,
                "score": best and best.test_score,
                "gates": best and best.gates,
                "held_out": best and best.held_out_score,
                "label": best and best.label,
                "seconds": seconds,
                "peak_mb": peak,
            }
        )
    return cells


def key(cell: Cell) -> tuple:
    return tuple(cell[k] for k in ("data", "fold", "seed", "method", "budget"))


def read_cells(path: Path | None) -> dict[tuple, Cell]:
    if path is None or not path.exists():
        return {}
    cells = [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
    return {key(cell): cell for cell in cells}


def all_budgets(name: str, budgets: list[int], reach: bool) -> list[int]:
    """The wanted budgets, and those of the goals."""
    return sorted({*budgets, *(g for n, _, g in REACH if reach and n == name)})


def todo(options: argparse.Namespace, done: dict[tuple, Cell]) -> list:
    jobs = []
    for name, fold in folds_of(options.data_sets, options.folds):
        budgets = all_budgets(name, options.budgets, not options.no_reach)
        for seed in options.seeds:
            methods = [] if options.ours_only else options.peers
            for method in methods:
                if any((name, fold, seed, method, b) not in done for b in budgets):
                    call = delayed(fit_peer)
                    jobs.append(call(name, fold, seed, method, budgets, options.data))
            if options.peers_only or all((name, fold, seed, OURS, b) in done for b in budgets):
                continue
            call = delayed(fit_ours)
            asked = (budgets, options.data, options.effort, options.starts)
            jobs.append(call(name, fold, seed, *asked))
    return jobs


def run(options: argparse.Namespace) -> dict[tuple, Cell]:
    cells = read_cells(options.json)
    jobs = todo(options, cells)
    results = Parallel(n_jobs=options.jobs, return_as="generator")(jobs)
    for number, made in enumerate(results, start=1):
        for cell in made:
            cells[key(cell)] = cell
            if options.json is not None:
                with options.json.open("a") as file:
                    file.write(json.dumps(cell) + "\n")
        one = made[0]
        print(
            f"[{number}/{len(jobs)}] {one['data']} fold {one['fold']} seed {one['seed']}"
            f" {one['method']}: {one['seconds']:.0f} s",
            flush=True,
        )
    return cells


# -- tables --------------------------------------------------------------------------------------


def means(cells: list[Cell]) -> dict[str, float] | None:
    """Means over folds and seeds; None where a fold has no circuit in the budget."""
    if not cells or any(cell["score"] is None for cell in cells):
        return None
    names = ("score", "gates", "seconds", "peak_mb")
    return {
        **{name: float(np.mean([cell[name] for cell in cells])) for name in names},
        "peak_mb": max(cell["peak_mb"] for cell in cells),
    }


def table(cells: dict[tuple, Cell], options: argparse.Namespace) -> list[list[str]]:
    groups = defaultdict(list)
    wanted = {(n, f) for n, f in folds_of(options.data_sets, options.folds)}
    for cell in cells.values():
        if (cell["data"], cell["fold"]) in wanted and cell["seed"] in options.seeds:
            groups[cell["data"], cell["method"], cell["budget"]].append(cell)
    head = ["data", "method", *(f"≤ {b:,}" for b in options.budgets), "s / fit", "peak MB", "reach"]
    rows = [head]
    for name in options.data_sets:
        for method in (OURS, *PEERS):
            found = [means(groups[name, method, b]) for b in options.budgets]
            if not any(found):
                continue
            texts = [f"{m['score']:.3f} at {m['gates']:,.0f}" if m else "–" for m in found]
            seconds = max(m["seconds"] for m in found if m)
            peak = max(m["peak_mb"] for m in found if m)
            goals = [
                goal_text(groups[name, method, most], least, most)
                for n, least, most in REACH
                if n == name
            ]
            rows.append([name, method, *texts, f"{seconds:.0f}", f"{peak:.0f}", "; ".join(goals)])
    return rows


def goal_text(cells: list[Cell], least: float, most: int) -> str:
    goal = f"{least:.3f} at ≤ {most:,}"
    mean = means(cells)
    if mean is None:
        return f"{goal}: {'no circuit so small' if cells else 'not run'}"
    got = f"{mean['score']:.4f} at {mean['gates']:,.0f}"
    return f"{goal}: {'reached' if mean['score'] >= least else 'missed'} ({got})"


def show(rows: list[list[str]], markdown: bool, title: str = "") -> None:
    if markdown:
        for number, row in enumerate(rows):
            print("| " + " | ".join(row) + " |")
            if number == 0:
                print("|" + "---|" * len(row))
        return
    from rich.console import Console
    from rich.table import Table

    shown = Table(*rows[0], title=title)
    last = ""
    for row in rows[1:]:
        if last and row[0] != last:
            shown.add_section()
        shown.add_row(row[0] if row[0] != last else "", *row[1:])
        last = row[0]
    Console(width=None if Console().is_terminal else 160).print(shown)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-sets", nargs="+", default=list(NAMES), choices=NAMES)
    parser.add_argument("--budgets", nargs="+", type=int, default=[300, 1000, 5000])
    parser.add_argument("--folds", type=int, default=5, help="run the first so many of 5 folds")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--effort", type=float, default=1.0, help="of our estimators")
    parser.add_argument("--starts", nargs="+", default=list(KINDS), choices=ALL_KINDS)
    parser.add_argument("--peers", nargs="+", default=list(PEERS), choices=list(PEERS))
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--ours-only", action="store_true")
    which.add_argument("--peers-only", action="store_true")
    parser.add_argument("--no-reach", action="store_true", help="leave out the goals' budgets")
    parser.add_argument("--json", type=Path, help="append results, and skip those in the file")
    parser.add_argument("--markdown", action="store_true")
    return parser.parse_args(arguments)


def main() -> None:
    options = parse()
    for name in [n for n in options.data_sets if not available(n, options.data)]:
        print(f"{name}: skipped, its files aren't in {options.data} (--data FOLDER)")
        options.data_sets.remove(name)
    rows = table(run(options), options)
    show(rows, options.markdown, "Test score and AND nodes, means over folds")


if __name__ == "__main__":
    main()
