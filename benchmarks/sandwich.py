"""Both ways between networks and circuits, on real objects.

    python benchmarks/sandwich.py [--seconds 10]

Network → circuit: random relu networks, precision allocated to a certified ε, compiled; AND nodes
against R/ε (R the ResNet norm). Circuit → network: every AND a unit; weights against AND nodes.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from tetrakis.circuit import compile_network, network_from_circuit, optimise
from tetrakis.compress import allocate
from tetrakis.errors import TetrakisError
from tetrakis.functions import approximate, fit_gamma
from tetrakis.measures import num_weights, resnet_norm
from tetrakis.network import FixedPointFormat, dense

WIDTHS = ((2, 4, 1), (4, 8, 1), (4, 8, 8, 1))
SHARES = (0.2, 0.1, 0.05, 0.02, 0.01)


def to_circuits(seconds: float) -> None:
    print("| network | R | ε certified | R/ε | AND nodes | AND / (R/ε)² | CPU s |")
    print("|---|---|---|---|---|---|---|")
    for widths in WIDTHS:
        net = dense(widths, box=[[0, 255 / 256]] * widths[0], rng=np.random.default_rng(0))
        norm = resnet_norm(net)
        ratios, sizes = [], []
        for share in SHARES:
            begin = time.process_time()
            formats = (FixedPointFormat(8, -8),) * widths[0]
            try:
                found = allocate(
                    net, input_formats=formats, tolerance=share * norm, time_limit=seconds,
                    gates=lambda fixed: compile_network(fixed, effort=0).num_gates,
                    continuous=np.zeros(widths[0], bool),
                )  # fmt: skip
            except TetrakisError as error:
                print(f"| {widths} | {norm:.3g} | {share * norm:.3g} | {error} | | | |")
                continue
            gates = optimise(compile_network(found.fixed, effort=1)).num_gates
            ratio = norm / found.certificate.value
            ratios.append(ratio)
            sizes.append(gates)
            print(
                f"| {'–'.join(map(str, widths))} | {norm:.3g} | {found.certificate.value:.3g} |"
                f" {ratio:.1f} | {gates:,} | {gates / ratio**2:.3g} |"
                f" {time.process_time() - begin:.1f} |",
                flush=True,
            )
        fit = fit_gamma(1 / np.array(ratios), sizes)
        print(f"| {'–'.join(map(str, widths))} | AND ∝ (R/ε)^({fit.gamma:.2f} ±"
              f" {fit.standard_error:.2f}) | | | | | |")  # fmt: skip


def to_networks() -> None:
    print("| circuit | AND nodes | weights | weights / AND | R on {0,1} inputs |")
    print("|---|---|---|---|---|")
    nodes, weights = [], []
    for epsilon in (0.2, 0.1, 0.05, 0.02, 0.01):
        found = approximate("x*y", {"x": (0, 1), "y": (0, 1)}, epsilon=epsilon, input_bits=7)
        net = network_from_circuit(found.circuit).to_resnet()
        nodes.append(found.num_gates)
        weights.append(num_weights(net))
        print(f"| x*y, ε = {epsilon:g} | {found.num_gates} | {weights[-1]:,} |"
              f" {weights[-1] / found.num_gates:.1f} | {resnet_norm(net):.3g} |")  # fmt: skip
    slope = fit_gamma(1 / np.array(nodes), weights)
    print(f"| weights ∝ AND^({slope.gamma:.2f} ± {slope.standard_error:.2f}) | | | | |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="for each allocation")
    to_circuits(parser.parse_args().seconds)
    print()
    to_networks()


if __name__ == "__main__":
    main()
