"""Compositional functions: trees against shallow and dense deep networks.

python benchmarks/compositional.py [--part exponents gates] [--variables 4 8] [--restarts 16]
    [--simplify] [--networks NAME …]

exponents  Root mean squared error on fresh rows against parameters, for the tree of the function,
           one hidden layer, and three hidden layers; the fitted exponent of error^-p with its 95 %
           interval, next to 2/m and d/m for m = 2 (the constituents are smooth).
gates      AND nodes of the smallest circuit with R² of --wanted (.95, and a little for chance) on
           held-out rows, and its R² on test rows, for 8 variables; the same rounding, compiler and
           optimiser for all.

CPU seconds of one thread.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")

import argparse
import time

import numpy as np
from scipy.stats import linregress
from scipy.stats import t as student

from tetrakis.graphs import BaseGraph, balanced, binary_tree, lift, mlp
from tetrakis.learners import CompositionalRegressor, SparseLiftRegressor
from tetrakis.lifts import Training, train_lifts
from tetrakis.lifts._model import number_of, outputs, stacked


def constituent(level: int, k: int, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """A smooth function of two variables from the square [-1, 1]² into [-1, 1]."""
    turn = 0.6 + 0.5 * level + 0.37 * k
    return np.sin(1.2 * (np.cos(turn) * a + np.sin(turn) * b) + a * b + 0.3 * k)


def target(X: np.ndarray) -> np.ndarray:
    """A balanced binary tree of such functions, over neighbours."""
    values = list(X.T)
    level = 0
    while len(values) > 1:
        values = [
            constituent(level, k, values[2 * k], values[2 * k + 1]) for k in range(len(values) // 2)
        ]
        level += 1
    return values[0]


def rows(n: int, d: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    X = np.random.default_rng([seed, d]).uniform(-1, 1, (n, d))
    return X, target(X)


def error_of(
    graph: BaseGraph, copies: int, data: tuple, test: tuple, restarts: int, steps: int
) -> tuple[int, float]:
    """Parameters, and the least relative error on fresh rows among some starts."""
    import jax
    import jax.numpy as jnp

    rng = np.random.default_rng(copies)
    nets = [lift(graph, copies, None, rng) for _ in range(restarts)]
    mean, scale = data[1].mean(), data[1].std()
    plan = Training(steps=steps, learning_rate=0.02, batch=256)
    unit = np.sqrt(3.0)  # the standard deviation of uniform rows is 1/√3
    found = train_lifts(nets, unit * data[0], ((data[1] - mean) / scale)[:, None], plan)
    best = np.inf
    for one in found:
        params, index = jax.tree.map(lambda v: v[0], stacked([one.lift]))
        values = number_of(
            outputs(graph, params, index, jnp.asarray(unit * test[0].T, jnp.float32))
        )
        gap = values[0] - (test[1] - mean) / scale
        best = min(best, float(np.sqrt(np.mean(gap**2))))
    return found[0].lift.n_parameters, best


def run_exponents(variables: list[int], restarts: int) -> None:
    sizes = {"tree": (2, 3, 4, 6, 8, 12, 16), "shallow": (8, 16, 32, 64, 128, 256),
             "dense, 3 layers": (4, 6, 8, 12, 16, 24, 32)}  # fmt: skip
    print("\n| variables | network | parameters → relative error | params ~ error^-p: p | theory |")
    print("|---|---|---|---|---|")
    for d in variables:
        data, test = rows(20_000, d, 0), rows(5000, d, 1)
        graphs = {"tree": binary_tree(d), "shallow": mlp(d, 1), "dense, 3 layers": mlp(d, 3)}
        for name, graph in graphs.items():
            points = [error_of(graph, n, data, test, restarts, 6000) for n in sizes[name]]
            count, error = np.array(points).T
            fit = linregress(np.log(1 / error), np.log(count))
            half = float(student.ppf(0.975, len(points) - 2)) * fit.stderr
            theory = {"tree": "2/m = 1", "shallow": f"at most d/m = {d / 2:g}"}.get(name, "none")
            text = ", ".join(f"{int(n)} → {e:.3f}" for n, e in points)
            print(
                f"| {d} | {name} | {text} | {fit.slope:.2f} ± {half:.2f} | {theory} |", flush=True
            )


SMALL = ((2, 12), (2, 16), (2, 24), (3, 8), (3, 12), (3, 16))
LARGE = ((2, 32), (2, 48), (3, 16), (3, 24), (3, 32))


def gate_models(restarts: int, wanted: float) -> dict:
    """Trees of few relus, dense networks from small to large, and sparse lifts."""
    tree = {
        f"tree, {u} relus each": CompositionalRegressor(
            balanced(range(8)), units=u, restarts=restarts, max_iter=5000, random_state=0
        )
        for u in (4, 8, 16)
    }
    dense = {
        f"dense, {k} layers of {w}": SparseLiftRegressor(
            f"mlp:{k}", copies=w, in_degree=None, max_iter=5000, random_state=0
        )
        for k, w in (SMALL if wanted < 0.97 else LARGE)
    }
    return {**tree, **dense}


def smallest(model, data: tuple, held: tuple, wanted: float, simplify: bool):
    """Compress at several precisions; the smallest circuit with the wanted R² on held-out rows."""
    found = []
    for bits in (4, 5):
        model.compress(
            *data, held_out=held, bits=bits, deltas=[2.0**-k for k in (8, 7, 6, 5.5, 5, 4.5)],
            activation_bits=(4, 5, 6), simplify=simplify,
        )  # fmt: skip
        found += [p for p in model.path_ if p.held_out_score >= wanted]
    return min(found, key=lambda p: p.num_gates, default=None)


def test_score(point, test: tuple) -> float:
    output = point.encoding.output
    whole = point.fixed_point.evaluate_codes(point.encoding.encode(test[0]))[:, 0]
    guess = output.offset + output.scale * whole
    return 1 - float(np.mean((guess - test[1]) ** 2) / np.var(test[1]))


def run_gates(restarts: int, wanted: float, names: list[str], simplify: bool) -> None:
    margin = 0.04 * (1 - wanted)
    data, held, test = rows(10_000, 8, 0), rows(3000, 8, 1), rows(10_000, 8, 2)
    print("\n| 8 variables | parameters | test R² | AND nodes | test R² of the circuit | CPU s |")
    print("|---|---|---|---|---|---|")
    least: dict[str, int] = {}
    for name, model in gate_models(restarts, wanted).items():
        if not any(text in name for text in names):
            continue
        start = time.process_time()
        model.fit(*data)
        score, count = model.score(*test), model.lift_.n_parameters
        point = None
        if score >= wanted:
            point = smallest(model, data, held, wanted + margin, simplify)
        spent = time.process_time() - start
        gates = "none reaches it" if point is None else f"{point.num_gates:,}"
        r2 = float("nan") if point is None else test_score(point, test)
        print(f"| {name} | {count} | {score:.4f} | {gates} | {r2:.4f} | {spent:.0f} |", flush=True)
        if point is not None and r2 >= wanted:
            kind = name.split(",")[0]
            least[kind] = min(least.get(kind, point.num_gates), point.num_gates)
    if {"tree", "dense"} <= set(least):
        print(f"\ndense / tree: {least['dense'] / least['tree']:.1f} ×")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", nargs="*", default=["exponents", "gates"])
    parser.add_argument("--variables", type=int, nargs="*", default=[4, 8])
    parser.add_argument("--restarts", type=int, default=16)
    parser.add_argument("--wanted", type=float, default=0.95)
    parser.add_argument("--networks", nargs="*", default=[""], help="gates: parts of names")
    parser.add_argument("--simplify", action="store_true", help="gates: edit under the rows' loss")
    given = parser.parse_args()
    start = time.process_time()
    if "exponents" in given.part:
        run_exponents(given.variables, given.restarts)
    if "gates" in given.part:
        run_gates(given.restarts, given.wanted, given.networks, given.simplify)
    print(f"\n{time.process_time() - start:.0f} CPU seconds")


if __name__ == "__main__":
    main()
