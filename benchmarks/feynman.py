"""Circuit size of physics formulas: a curve and an exponent for each.

    python benchmarks/feynman.py --data ../shared/data --out curves [--count 20] [--seconds 3]

The first formulas of 3 to 6 variables. Epsilons are 0.1 to 0.01 of the function's range, verified
on every representable input, of as many bits for each variable as make --bits together (18 when
left out). It can be stopped at any time; the same command goes on. Sizes are upper bounds.
"""

from __future__ import annotations

import argparse
import csv
import time
from pathlib import Path

import numpy as np

from tetrakis.errors import TetrakisError
from tetrakis.functions import make_grid, make_target
from tetrakis.pipeline import curve_folder

SHARES = (0.1, 0.07, 0.05, 0.035, 0.025, 0.018, 0.0125)


def formulas(data: Path) -> list[tuple[str, str, dict[str, tuple[float, float]]]]:
    """Names, formulas and boxes of 3 to 6 variables."""
    found = []
    with (data / "feynman" / "FeynmanEquations.csv").open(encoding="utf-8-sig") as stream:
        for row in csv.DictReader(stream):
            box = {
                row[f"v{k}_name"]: (float(row[f"v{k}_low"]), float(row[f"v{k}_high"]))
                for k in range(1, 11)
                if row.get(f"v{k}_name")
            }
            if 3 <= len(box) <= 6:
                found.append((row["Filename"], row["Formula"], box))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--bits", type=int, default=18)
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    print("| formula | variables × bits | AND nodes at 0.1 … 0.0125 of the range | γ | CPU s |")
    print("|---|---|---|---|---|")
    done = 0
    for name, formula, box in formulas(options.data):
        if done == options.count:
            break
        begin = time.process_time()
        bits = options.bits // len(box)
        try:
            target = make_target(formula, box)
            grid = make_grid(target, bits)
            values = target.values(grid.points(np.arange(grid.rows)))
            width = float(values.max() - values.min())
            curve, document = curve_folder(
                formula, box, [s * width for s in SHARES], options.out / name, input_bits=bits,
                seconds=options.seconds,
            )  # fmt: skip
        except TetrakisError as error:
            print(f"| {name} | {error} | | | |")
            continue
        done += 1
        sizes = ", ".join("–" if p.num_gates is None else str(p.num_gates) for p in curve.points)
        gamma = document["gamma"]
        error = document["gamma_standard_error"]
        said = "–" if gamma is None else f"{gamma:.2f}"
        said += "" if error is None else f" ± {error:.2f}"
        print(
            f"| {name}: {formula} | {len(box)} × {bits} | {sizes} | {said} |"
            f" {time.process_time() - begin:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
