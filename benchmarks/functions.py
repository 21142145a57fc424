"""Circuits of functions, side by side with the truth table minimised by ABC, and with the goals.

    python benchmarks/functions.py [--only univariate] [--only bivariate] [--only products]

One variable: 12-bit inputs, epsilon = 2^-8 of the range. The table has 7 output bits, the fewest
that reach epsilon, each row rounded to the nearest code; ABC's best of four scripts counts.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from tetrakis.circuit import AigBuilder
from tetrakis.circuit._abc import run_script
from tetrakis.circuit._tools import find_abc
from tetrakis.errors import TetrakisError
from tetrakis.functions import approximate, make_grid, make_target
from tetrakis.functions._segments import table_bits

UNIVARIATE = (
    ("sin(x)", "0:6.283185307179586"), ("exp(x)", "0:1"), ("sqrt(x)", "0:1"), ("log(x)", "1:2"),
    ("1/x", "0.5:2"), ("1/x", "0.1:1"), ("exp(-x**2/2)", "-4:4"), ("sigmoid(x)", "-8:8"),
    ("tanh(x)", "-4:4"),
)  # fmt: skip
SCRIPTS = (
    "dc2; ifraig; dc2; dc2",
    "collapse; sop; strash; dc2; dc2; dc2",
    "collapse; bdd; strash; dc2; resub -K 10 -N 2; dc2; resub -K 12 -N 3; dc2",
    "balance -l; resub -K 6 -l; rewrite -l; resub -K 6 -N 2 -l; refactor -l; resub -K 8 -l;"
    " balance -l; resub -K 8 -N 2 -l; rewrite -l; resub -K 10 -l; rewrite -z -l; resub -K 10 -N 2"
    " -l; balance -l; resub -K 12 -l; refactor -z -l; resub -K 12 -N 2 -l; rewrite -z -l; dc2; dc2",
)


def abc_table(text: str, box: dict[str, tuple[float, float]]) -> int | None:
    """AND nodes of the nearest codes' truth table after ABC, the best script's."""
    if find_abc() is None:
        return None
    target = make_target(text, box)
    grid = make_grid(target, 12)
    values = target.values(grid.points(np.arange(grid.rows)))
    place = (values - values.min()) / (values.max() - values.min()) * 128 - 0.5
    codes = np.clip(np.rint(place), 0, 127).astype(np.int64)
    builder = AigBuilder(12)
    aig = builder.build(table_bits(builder, [builder.input(i) for i in range(12)], codes, 7))
    sizes = [aig.num_gates]
    for script in SCRIPTS:
        try:
            sizes.append(run_script(aig, script, seconds=60).num_gates)
        except TetrakisError as error:
            print(f"  ({error})")
    return min(sizes)


def univariate() -> None:
    print("| function | ABC, table | ours | share | goal | verified error / ε | CPU s |")
    print("|---|---|---|---|---|---|---|")
    for text, ends in UNIVARIATE:
        lo, hi = (float(x) for x in ends.split(":"))
        box = {"x": (lo, hi)}
        values = make_target(text, box).values(np.linspace(lo, hi, 4096)[:, None])
        epsilon = float(values.max() - values.min()) / 256
        begin = time.process_time()
        found = approximate(text, box, epsilon=epsilon, input_bits=12)
        seconds = time.process_time() - begin
        table = abc_table(text, box)
        share = "" if table is None else f"{found.num_gates / table:.0%}"
        print(
            f"| {text} on [{lo:.4g}, {hi:.4g}] | {table} | {found.num_gates} | {share} | ≤ 60 % |"
            f" {found.error / epsilon:.4f} | {seconds:.1f} |",
            flush=True,
        )


def one(
    text: str, box: dict[str, tuple[float, float]], bits: int, epsilon: float, goal: int
) -> None:
    begin, clock = time.process_time(), time.monotonic()
    found = approximate(text, box, epsilon=epsilon, input_bits=bits)
    print(
        f"{text}, {bits} bits each, ε = {epsilon:g}: {found.num_gates} AND (goal ≤ {goal}), error"
        f" {found.error:.6f} on all {found.verification.rows:,} inputs,"
        f" {found.construction}, {time.process_time() - begin:.1f} s CPU,"
        f" {time.monotonic() - clock:.1f} s",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("univariate", "bivariate", "products"), action="append")
    wanted = parser.parse_args().only or ("univariate", "bivariate", "products")
    if "univariate" in wanted:
        univariate()
    if "bivariate" in wanted:
        one("sin(3*x)*cos(2*y)", {"x": (0, 1), "y": (-1, 1)}, 10, 0.02, 3000)
    if "products" in wanted:
        one("x*y + z*w", dict.fromkeys("xyzw", (0, 1)), 6, 0.02, 2500)


if __name__ == "__main__":
    main()
