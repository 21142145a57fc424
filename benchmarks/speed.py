"""Seconds and peak memory of the main job, and the speed of its parts.

python benchmarks/speed.py [--rows 100000] [--only fit parts]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from _measure import measured
from frontier import show

from tetrakis.circuit import compile_network, optimise, simulate
from tetrakis.compress import quantise
from tetrakis.measures import resnet_norm
from tetrakis.network import FixedPointFormat, dense

Row = list[str]


def command(*arguments: str) -> tuple[float, float, int]:
    """Run Python; return seconds, peak memory in MB, and the exit code."""
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return time.perf_counter() - start, usage.ru_maxrss / unit, process.returncode


def fits(rows: int, jobs: int) -> list[Row]:
    table = []
    seconds, peak, _ = command("-c", "import tetrakis.pipeline, tetrakis.learners")
    table.append(["import", "", f"{seconds:.1f} s", f"{peak:.0f} MB"])
    with tempfile.TemporaryDirectory() as folder:
        wide = synthetic(Path(folder) / "wide.csv", rows)
        for name, data, target in (
            ("tetrakis fit", "builtin:breast_cancer", "target"),
            ("tetrakis fit", str(wide), "y"),
        ):
            out = str(Path(folder) / f"out{len(table)}")
            asked = ("fit", data, "--target", target, "--out", out, "--jobs", str(jobs))
            seconds, peak, code = command("-m", "tetrakis", *asked)
            size = "569 × 30" if data.startswith("builtin") else f"{rows:,} × 30"
            failed = f" (exit code {code})" if code else ""
            table.append([name, size, f"{seconds:.1f} s{failed}", f"{peak:.0f} MB"])
    return table


def synthetic(path: Path, rows: int) -> Path:
    """Write a table with 30 numeric columns and two classes; ten columns matter."""
    from sklearn.datasets import make_classification

    X, y = make_classification(
        rows, 30, n_informative=10, n_clusters_per_class=4, flip_y=0.05, random_state=0
    )
    head = ",".join([*(f"x{j}" for j in range(30)), "y"])
    np.savetxt(path, np.column_stack([X, y]), delimiter=",", fmt="%.6g", header=head, comments="")
    return path


def best_of(call: Callable[[], object], times: int = 3) -> float:
    call()
    return min(measured(call)[1] for _ in range(times))


def circuits() -> list[Row]:
    """Compile, optimise and simulate quantised random perceptrons."""
    table, rng = [], np.random.default_rng(0)
    for width in (8, 16, 32):
        net = dense([16, width, width, 1], box=[[0.0, 15 / 16]] * 16, rng=rng)
        formats = [FixedPointFormat(4, -4)] * 16
        fixed, _ = quantise(net, input_formats=formats, delta=0.05, activation_bits=4)
        raw = compile_network(fixed)
        what = f"16 × 4 bits, {width} + {width} relus, {raw.num_gates:,} ANDs"
        seconds = best_of(lambda fixed=fixed: compile_network(fixed), 1)
        table.append(["compile", what, f"{seconds:.2f} s", rate(raw.num_gates, seconds, "AND")])
        small = optimise(raw)
        seconds = best_of(lambda raw=raw: optimise(raw), 1)
        made = f"{what} → {small.num_gates:,}"
        table.append(["optimise", made, f"{seconds:.2f} s", rate(raw.num_gates, seconds, "AND")])
        words = rng.integers(0, 2**63, (small.num_pis, 2**14), dtype=np.uint64)
        seconds = best_of(lambda small=small, words=words: simulate(small, words))
        what = f"{small.num_gates:,} ANDs × {64 * words.shape[1]:,} rows"
        work = small.num_gates * 64 * words.shape[1]
        table.append(["simulate", what, f"{seconds:.2f} s", rate(work, seconds, "AND·row")])
    return sorted(table, key=lambda row: row[0])


def norms() -> list[Row]:
    """ResNet norm of dense networks: seconds grow as the number of weights."""
    table, rng = [], np.random.default_rng(0)
    for width in (30, 100, 300, 1000):
        net = dense([width, width, width, 1], box=[[0.0, 1.0]] * width, rng=rng)
        weights = 2 * width**2 + width
        seconds = best_of(lambda net=net: resnet_norm(net))
        text = f"{1e3 * seconds:.2f} ms"
        table.append(["R(θ)", f"{weights:,} weights", text, rate(weights, seconds, "weight")])
    return table


def rate(work: float, seconds: float, unit: str) -> str:
    return f"{work / max(seconds, 1e-9):.3g} {unit}/s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000, help="of the synthetic table")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", choices=["fit", "parts"], help="default: both")
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    rows = [["what", "size", "time", "memory or speed"]]
    if options.only != "parts":
        rows += fits(options.rows, options.jobs)
    if options.only != "fit":
        rows += circuits() + norms()
    show(rows, options.markdown, title="Speed")


if __name__ == "__main__":
    main()
