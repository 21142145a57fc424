"""Sums are as easy as their hardest part above γ = 2: size against the number of summands.

    python benchmarks/convexity.py [--most 4096]

Summand i is ``n_i Σ_k 2^-k s_k(x)`` with Σ n = 1; s_k is a random Boolean function of about
``2^{γk}`` AND nodes, different for each summand, so level k costs ``2^{γk}`` and errs by
``n_i 2^-k``. Sizes are the AND nodes of the circuits built (all of them, hashed). The constant is
``c = ‖sum‖ / Σ‖f_i‖ = ε · size^{1/γ}`` with ε the root mean square bound of the construction.
Exact addition of all levels is beside it.
"""

from __future__ import annotations

import argparse
import math
import time

import numpy as np

from tetrakis.circuit import Aig, AigBuilder
from tetrakis.functions import Hierarchy, OutputFormat, sum_circuits
from tetrakis.functions._segments import table_of

INPUTS = 12


def summand(norm: float, levels: int, gamma: float, rng: np.random.Generator) -> Hierarchy:
    """One summand; digit k reads so many inputs that a random function of them costs 2^{γk}."""
    digits = []
    for k in range(levels):
        wanted = 2.0 ** (gamma * k)
        n = min(INPUTS, max(1, math.ceil(math.log2(wanted * max(math.log2(wanted), 1) + 1))))
        places = rng.choice(INPUTS, n, replace=False)
        digits.append((places, rng.integers(0, 2, 1 << n)))
    builder = AigBuilder(INPUTS)
    made = [table_of(builder, [builder.input(int(p)) for p in places], codes).bit(0)
            for places, codes in digits]  # fmt: skip
    circuits: list[tuple[Aig, OutputFormat]] = [
        (builder.build(made[k::-1]), OutputFormat(k + 1, norm * 2.0 ** (-k - 1), 0.0))
        for k in range(levels)
    ]
    return Hierarchy(norm, circuits, range(INPUTS))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=1024, help="most summands")
    most = parser.parse_args().most
    print(
        "| γ | ε asked | summands | draws at each level | AND nodes | added exactly | c | CPU s |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for gamma, epsilon in ((1.5, 1.5), (2.0, 1.5), (2.5, 1.5), (3.0, 1.5)):
        sizes, counts = [], []
        count = 4
        while count <= most:
            rng, begin = np.random.default_rng(count), time.process_time()
            last = max(0, math.ceil(math.log2(3 / epsilon)))
            parts = [summand(1 / count, last + 3, gamma, rng) for _ in range(count)]
            found = sum_circuits(parts, epsilon, gamma, rng)
            exact = sum(p.levels[last][0].num_gates for p in parts)
            error = found.deviation + found.rounding + found.truncation
            gates = found.circuit.num_gates
            print(
                f"| {gamma} | {epsilon:g} | {count} | {', '.join(map(str, found.draws))} |"
                f" {gates:,} | {exact:,} | {error * gates ** (1 / gamma):.2f} |"
                f" {time.process_time() - begin:.1f} |", flush=True,
            )  # fmt: skip
            sizes.append(gates)
            counts.append(count)
            count *= 4
        tail = slice(len(counts) // 2, None)
        slope = np.polyfit(np.log(counts[tail]), np.log(sizes[tail]), 1)[0]
        print(f"| {gamma} | | growth: size ∝ summands^{slope:.2f} in the upper half | | | | | |")


if __name__ == "__main__":
    main()
