"""Sums are as easy as their hardest part above γ = 2: size against the number of summands.

    python benchmarks/convexity.py [--most 1024]

Counted: with summands of norm 1/m and levels of exactly ``2^{γk}`` gates, the gates of all levels
drawn (two circuits for each difference; a level never has more draws than summands), and
``c = max over ε of ε · size^{1/γ}``, ε the construction's own bound. Sums being as easy as their
parts means that c stays put as m grows.

Built: real circuits. Summand i is ``n_i Σ_k 2^-k s_k(x)``; s_k is a random Boolean function of
about ``2^{γk}`` AND nodes, different for each summand. Beside it, all levels added exactly.
"""

from __future__ import annotations

import argparse
import math
import time

import numpy as np

from tetrakis.circuit import Aig, AigBuilder
from tetrakis.functions import Hierarchy, OutputFormat, sum_circuits
from tetrakis.functions._segments import table_of
from tetrakis.functions._sums import _scale, level_draws

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


def counted(gamma: float, count: int, most_levels: int = 40) -> tuple[float, float]:
    """Largest ``ε · size^{1/γ}`` over the last level K, and the ε where it is."""
    best = (0.0, 0.0)
    norms = np.full(count, 1 / count)
    for last in range(1, most_levels):
        epsilon = 3 * 2.0**-last
        draws = level_draws(norms, last, gamma, _scale(1.0, last, gamma, epsilon))
        variance = sum(9 * 4.0**-k / n for k, n in enumerate(draws) if n < count)
        error = 2.0**-last + math.sqrt(variance)
        size = sum(n * (2.0 ** (gamma * k) + (2.0 ** (gamma * (k - 1)) if k else 0))
                   for k, n in enumerate(draws))  # fmt: skip
        best = max(best, (error * size ** (1 / gamma), error))
    return best


def counts() -> None:
    summands = [4**j for j in range(1, 11)]
    print("| γ | " + " | ".join(f"c, m = {m:,}" for m in summands) + " | c grows like |")
    print("|---|" + "---|" * (len(summands) + 1))
    for gamma in (1.5, 2.0, 2.5, 3.0):
        found = [counted(gamma, m)[0] for m in summands]
        slope = np.polyfit(np.log(summands[-4:]), np.log(found[-4:]), 1)[0]
        row = " | ".join(f"{c:.1f}" for c in found)
        print(f"| {gamma} | {row} | m^{slope:.3f} |", flush=True)


def built(most: int) -> None:
    print("| γ | summands | draws at each level | AND nodes | added exactly | CPU s |")
    print("|---|---|---|---|---|---|")
    epsilon = 1.5
    last = max(0, math.ceil(math.log2(3 / epsilon)))
    for gamma in (1.5, 2.0, 2.5, 3.0):
        count = 16
        while count <= most:
            rng, begin = np.random.default_rng(count), time.process_time()
            parts = [summand(1 / count, last + 1, gamma, rng) for _ in range(count)]
            found = sum_circuits(parts, epsilon, gamma, rng)
            exact = sum(p.levels[last][0].num_gates for p in parts)
            draws = ", ".join(map(str, found.draws))
            print(
                f"| {gamma} | {count} | {draws} | {found.circuit.num_gates:,} | {exact:,} |"
                f" {time.process_time() - begin:.1f} |",
                flush=True,
            )
            count *= 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=1024, help="most summands of built circuits")
    most = parser.parse_args().most
    counts()
    print()
    built(most)


if __name__ == "__main__":
    main()
