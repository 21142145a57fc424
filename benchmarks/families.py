"""Exponents of families whose exponent is known.

    python benchmarks/families.py

A random Lipschitz function on a lattice of spacing ε in d dimensions: smooth at large, and a
random ±ε at every lattice point. To tell its values apart a circuit needs as many bits as there
are points, ``ε^-d``, up to logarithms. Circuits are truth tables, optimised; verified on every
input.
"""

from __future__ import annotations

import time

import numpy as np

from tetrakis.circuit import optimise
from tetrakis.functions import fit_gamma, make_grid, make_target, verify_on_grid
from tetrakis.functions._format import OutputFormat
from tetrakis.functions._tables import input_orders, table_circuit


def size(d: int, bits: int, rng: np.random.Generator) -> int:
    """AND nodes for a random function of spacing 2^-bits."""
    shape = (1 << bits,) * d
    axes = np.meshgrid(*(np.arange(n) for n in shape), indexing="ij")
    smooth = np.rint(sum(axes) / (2 * d)).astype(np.int64)  # slope 1/2 in the sup norm
    codes = (smooth + rng.integers(0, 2, shape)).transpose().ravel()
    values = codes / (1 << bits)
    target = make_target(
        lambda points: values[np.rint(points @ places).astype(np.int64)],
        {f"x{i}": (0.0, float((1 << bits) - 1)) for i in range(d)},
    )
    places = np.array([1 << (bits * i) for i in range(d)])
    grid = make_grid(target, bits)
    width = int(codes.max()).bit_length()
    made = []
    for order in input_orders(grid):
        aig = optimise(table_circuit(codes, width, order))
        found = verify_on_grid(aig, OutputFormat(width, 2.0**-bits, 0.0), target, grid)
        assert found.error < 1e-12
        made.append(aig.num_gates)
    return min(made)


def main() -> None:
    print("| d | ε | AND nodes, mean of 3 | γ̂ | off by | γ̂ of size · log size | CPU s |")
    print("|---|---|---|---|---|---|---|")
    for d, levels in ((1, range(8, 16)), (2, range(3, 8)), (3, range(2, 6))):
        begin = time.process_time()
        rng = np.random.default_rng(0)
        sizes = [float(np.mean([size(d, k, rng) for _ in range(3)])) for k in levels]
        eps = [2.0**-k for k in levels]
        fit, logged = fit_gamma(eps, sizes), fit_gamma(eps, [s * np.log2(s) for s in sizes])
        print(
            f"| {d} | 2^-{levels[0]} … 2^-{levels[-1]} | {', '.join(f'{s:.0f}' for s in sizes)} |"
            f" {fit.gamma:.2f} ± {fit.standard_error:.2f} | {fit.gamma / d - 1:+.0%} |"
            f" {logged.gamma:.2f} |"
            f" {time.process_time() - begin:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
