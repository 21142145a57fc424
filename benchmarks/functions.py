"""Circuits of functions, side by side with the truth table minimised by ABC, and with the goals.

    python benchmarks/functions.py [--only univariate] [--only bivariate] [--only products]
                                   [--only several]

One variable: 12-bit inputs, epsilon = 2^-8 of the range. The table has 7 output bits, the fewest
that reach epsilon, each row rounded to the nearest code; ABC's best of four scripts counts.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tetrakis.circuit import AigBuilder
from tetrakis.circuit._abc import run_script
from tetrakis.circuit._tools import find_abc
from tetrakis.errors import TetrakisError
from tetrakis.functions import approximate, make_grid, make_target, parse_formula
from tetrakis.functions._segments import table_bits

UNIVARIATE = (
    ("sin(x)", "0:6.283185307179586"), ("exp(x)", "0:1"), ("sqrt(x)", "0:1"), ("log(x)", "1:2"),
    ("1/x", "0.5:2"), ("1/x", "0.1:1"), ("exp(-x**2/2)", "-4:4"), ("sigmoid(x)", "-8:8"),
    ("tanh(x)", "-4:4"),
)  # fmt: skip
SECTIONS = ("univariate", "bivariate", "products", "several")
UNIT, SIGNED, PHYSICAL = (0.0, 1.0), (-1.0, 1.0), (1.0, 5.0)
SEVERAL = (  # text, box, bits, epsilon, whether as a formula
    ("(x0*x1 + x2*x3)/(x0 + x2)", (PHYSICAL,) * 4, 4, 0.4, True),
    ("(x1 + x2)/(1 + x1*x2/x0**2)", (PHYSICAL,) * 3, 6, 0.45, True),
    ("x0*x1*x2", (PHYSICAL,) * 3, 6, 12.0, True),
    ("sin(3*x0)*cos(2*x1)", (UNIT, SIGNED), 8, 0.05, True),
    ("sin(3*x0)*cos(2*x1)", (UNIT, SIGNED), 8, 0.05, False),
    ("sqrt(x0**2 + x1**2 + x2**2)", (SIGNED,) * 3, 6, 0.1, False),
    ("exp(-4*(x0**2 + x1**2 + x2**2))", (SIGNED,) * 3, 6, 0.05, False),
    ("abs(x0 - x1) + abs(x2 - x1)", (UNIT,) * 3, 6, 0.05, False),
    ("log1p(exp(4*x0 - 4*x1 + 2*x2 - 2*x3 + x4))/4", (UNIT,) * 5, 4, 0.05, False),
)
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


def from_callable(text: str) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """Return a formula of x0, x1, … as a callable, whose words nobody sees."""

    def values(points: NDArray[np.float64]) -> NDArray[np.float64]:
        names = [f"x{i}" for i in range(points.shape[1])]
        columns = dict(zip(names, points.T, strict=True))
        return np.asarray(parse_formula(text, names).evaluate(columns), np.float64)

    return values


def competition() -> None:
    """Sizes by construction, edited where that was worth trying."""
    print("| function | given as | variables × bits | ε | AND nodes | others | CPU s |")
    print("|---|---|---|---|---|---|---|")
    for text, ends, bits, epsilon, formula in SEVERAL:
        box = {f"x{i}": ends_i for i, ends_i in enumerate(ends)}
        begin = time.process_time()
        found = approximate(
            text if formula else from_callable(text), box, epsilon=epsilon, input_bits=bits
        )
        best: dict[str, str] = {}
        for tried in sorted(found.tried, key=lambda t: (t.verified is None, t.num_gates)):
            what = {True: "", None: " unedited", False: " failed"}[tried.verified]
            if tried.construction != found.construction:
                best.setdefault(tried.construction, f"{tried.construction} {tried.num_gates}{what}")
        print(
            f"| {text} | {'formula' if formula else 'callable'} | {len(box)} × {bits} | {epsilon:g}"
            f" | {found.num_gates}, {found.construction} | {'; '.join(best.values())} |"
            f" {time.process_time() - begin:.0f} |",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=SECTIONS, action="append")
    wanted = parser.parse_args().only or SECTIONS
    if "univariate" in wanted:
        univariate()
    if "bivariate" in wanted:
        one("sin(3*x)*cos(2*y)", {"x": (0, 1), "y": (-1, 1)}, 10, 0.02, 3000)
    if "products" in wanted:
        one("x*y + z*w", dict.fromkeys("xyzw", (0, 1)), 6, 0.02, 2500)
    if "several" in wanted:
        competition()


if __name__ == "__main__":
    main()
