"""Seconds to a duality gap, for the gated and the exact relu program, next to other solvers.

python benchmarks/convex_solvers.py [--only gated relu global memory] [--problems breast_cancer]

One BLAS thread, CPU seconds, the same objective for all: the mean loss plus alpha times the sum
of norms. The gap of every answer is computed here from its weights. Peers (skglm, pyscnn, CVXPY
with Clarabel) are left out where they are not installed.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import importlib.util
import resource
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits

from tetrakis.convex import (
    LOSSES,
    Patterns,
    certify,
    network_of,
    sample_patterns,
    solve_gated,
    solve_relu,
    solve_sampled,
)

SQUARED = LOSSES["squared"]
TARGETS = (1e-2, 1e-4, 1e-6)


@dataclass(frozen=True)
class Problem:
    name: str
    X: np.ndarray
    y: np.ndarray
    alpha: float

    def gap(self, patterns: Patterns, V: np.ndarray) -> float:
        """Relative gap of gated weights V (P, d)."""
        D = patterns.signs.astype(float)
        F = ((self.X @ V.T) * D.T).sum(axis=1)[:, None]
        nu = SQUARED.dual_point(F, self.y[:, None])
        largest = np.linalg.norm(D @ (self.X * nu), axis=1).max()
        primal = SQUARED.value(F, self.y[:, None]) + self.alpha * np.linalg.norm(V, axis=1).sum()
        dual = SQUARED.dual_value(min(1.0, self.alpha / largest) * nu, self.y[:, None])
        return float((primal - dual) / primal)


def problems() -> list[Problem]:
    rng = np.random.default_rng(0)
    X, y = load_breast_cancer(return_X_y=True)
    rows = rng.permutation(len(X))[:455]
    X = (X[rows] - X[rows].mean(axis=0)) / X[rows].std(axis=0)
    found = [Problem("breast_cancer", _constant(X), 2.0 * y[rows] - 1, 0.1)]
    X = rng.standard_normal((1000, 20))
    U, a = rng.standard_normal((10, 20)) / np.sqrt(20), rng.choice([-1.0, 1.0], 10)
    y = np.maximum(X @ U.T, 0) @ a + 0.1 * rng.standard_normal(1000)
    found.append(Problem("planted", X, y, 0.05))
    X, y = load_digits(return_X_y=True)
    rows = rng.permutation(len(X))[:1437]
    found.append(Problem("digits", _constant(X[rows] / 16), 2.0 * (y[rows] == 3) - 1, 0.01))
    return found


def _constant(X: np.ndarray) -> np.ndarray:
    return np.concatenate([X, np.ones((len(X), 1))], axis=1)


def clocked(call: Callable[[], Any]) -> tuple[float, Any]:
    start = time.process_time()
    answer = call()
    return time.process_time() - start, answer


def gated_ours(p: Problem, patterns: Patterns, tol: float) -> np.ndarray:
    found = solve_gated(p.X, p.y, patterns, p.alpha, tol=tol)
    V = np.zeros((len(patterns), p.X.shape[1]))
    V[found.support] = found.V[:, :, 0]
    return V


def gated_skglm(p: Problem, patterns: Patterns, tol: float) -> np.ndarray:
    from skglm.datafits import QuadraticGroup
    from skglm.penalties import WeightedGroupL2
    from skglm.solvers import GroupBCD
    from skglm.utils.data import grp_converter

    d, P = p.X.shape[1], len(patterns)
    design = np.asfortranarray(
        np.concatenate([s[:, None] * p.X for s in patterns.signs.astype(float)], axis=1)
    )
    indices, starts = grp_converter(d, P * d)
    fit = QuadraticGroup(starts, indices)
    penalty = WeightedGroupL2(p.alpha, np.ones(P), starts, indices)
    solver = GroupBCD(max_iter=1000, max_epochs=100_000, tol=tol, fit_intercept=False)
    return np.asarray(solver.solve(design, p.y, fit, penalty)[0]).reshape(P, d)


def gated_pyscnn(p: Problem, patterns: Patterns, tol: float) -> np.ndarray:
    from scnn.metrics import Metrics
    from scnn.models import ConvexGatedReLU
    from scnn.optimize import optimize_model
    from scnn.regularizers import NeuronGL1
    from scnn.solvers import RFISTA

    model = ConvexGatedReLU(np.ascontiguousarray(patterns.gates.T))
    model, _ = optimize_model(
        model, RFISTA(model, tol=tol, max_iters=5000), Metrics(), p.X, p.y[:, None],
        regularizer=NeuronGL1(p.alpha), unitize_data=False, return_convex=True, dtype="float64",
    )  # fmt: skip
    found = np.asarray(model.parameters[0])
    place = [int(np.argmin(((patterns.gates - g) ** 2).sum(axis=1))) for g in np.asarray(model.G).T]
    V = np.zeros((len(patterns), p.X.shape[1]))
    V[place] = found.reshape(found.shape[-2:])
    return V


GATED = {
    "tetrakis": (gated_ours, TARGETS, None),
    "skglm GroupBCD": (gated_skglm, (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8), "skglm"),
    "pyscnn R-FISTA, float64": (gated_pyscnn, (1e-6, 1e-9, 1e-11, 1e-13), "scnn"),
}


def gated(chosen: list[Problem]) -> None:
    print("\n| gated, 500 patterns | solver | seconds to a gap of 1e-2 | 1e-4 | 1e-6 |")
    print("|---|---|---|---|---|")
    for base in chosen:
        patterns = sample_patterns(base.X, 500, rng=np.random.default_rng(0))
        some = patterns.signs.any(axis=1)  # skglm can't have empty groups
        patterns = Patterns(patterns.signs[some], patterns.gates[some])
        for share in (1.0, 0.1):
            p = Problem(base.name, base.X, base.y, base.alpha * share)
            for name, (solver, tolerances, package) in GATED.items():
                if package and importlib.util.find_spec(package) is None:
                    continue
                solver(p, patterns, tolerances[0])  # compile
                first = dict.fromkeys(TARGETS, np.nan)
                for tol in tolerances:
                    if first[TARGETS[-1]] == first[TARGETS[-1]]:
                        break
                    seconds, V = clocked(lambda s=solver, t=tol, q=p, g=patterns: s(q, g, t))
                    gap = p.gap(patterns, V)
                    for target in TARGETS:
                        if gap <= target * 1.0001 and np.isnan(first[target]):
                            first[target] = seconds
                shown = " | ".join(f"{first[t]:.3f}" for t in TARGETS)
                print(f"| {p.name}, alpha {p.alpha:g} | {name} | {shown} |", flush=True)


def relu_clarabel(p: Problem, patterns: Patterns) -> float:
    """Solve the program over the patterns; return the objective."""
    import cvxpy as cp

    D, (n, d), P = patterns.signs.astype(float), p.X.shape, len(patterns)
    V, W = cp.Variable((P, d)), cp.Variable((P, d))
    fit = sum(cp.multiply(D[i], p.X @ (V[i] - W[i])) for i in range(P))
    norms = cp.sum(cp.norm(V, 2, axis=1)) + cp.sum(cp.norm(W, 2, axis=1))
    cones = [
        cp.multiply((2 * D[i] - 1)[:, None], p.X) @ v >= 0 for i in range(P) for v in (V[i], W[i])
    ]
    program = cp.Problem(cp.Minimize(cp.sum_squares(fit - p.y) / (2 * n) + p.alpha * norms), cones)
    return float(program.solve(solver=cp.CLARABEL))


def relu_pyscnn(p: Problem, patterns: Patterns, iterations: int) -> tuple[float, float, float]:
    """Run the augmented Lagrangian; return the objective, violations' largest and 2-norm."""
    from scnn.metrics import Metrics
    from scnn.models import ConvexReLU
    from scnn.optimize import optimize_model
    from scnn.regularizers import NeuronGL1
    from scnn.solvers import AL

    model = ConvexReLU(np.ascontiguousarray(patterns.gates.T))
    solver = AL(model, max_primal_iters=iterations, max_dual_iters=1)
    model, _ = optimize_model(
        model, solver, Metrics(), p.X, p.y[:, None], regularizer=NeuronGL1(p.alpha),
        unitize_data=False, return_convex=True, dtype="float64",
    )  # fmt: skip
    V, W = (np.asarray(part).reshape(-1, p.X.shape[1]) for part in model.parameters)
    D = (p.X @ np.asarray(model.G) >= 0).T.astype(float)
    fit = (D * ((V - W) @ p.X.T)).sum(axis=0)
    norms = np.linalg.norm(V, axis=1).sum() + np.linalg.norm(W, axis=1).sum()
    beyond = np.concatenate([np.maximum((1 - 2 * D) * (U @ p.X.T), 0) for U in (V, W)])
    value = SQUARED.value(fit[:, None], p.y[:, None]) + p.alpha * norms
    return value, float(beyond.max()), float(np.linalg.norm(beyond))


def relu(chosen: list[Problem]) -> None:
    print("\n| exact relu | method | patterns | objective | relative gap | neurons | seconds |")
    print("|---|---|---|---|---|---|---|")
    for p in chosen:
        label = f"{p.name}, alpha {p.alpha:g}"
        solve_relu(p.X, p.y, p.alpha, max_iter=1)  # compile
        seconds, found = clocked(lambda q=p: solve_relu(q.X, q.y, q.alpha, tol=1e-4))
        print(
            f"| {label} | tetrakis, column generation | generated | {found.primal:.6f} | "
            f"{found.gap:.1e} ({found.scope}) | {len(found.V)} | {seconds:.2f} |",
            flush=True,
        )
        for count in (20, 500):
            patterns = sample_patterns(p.X, count, rng=np.random.default_rng(0))
            seconds, found = clocked(lambda q=p, s=patterns: solve_sampled(q.X, q.y, s, q.alpha))
            print(
                f"| {label} | tetrakis, cones of given patterns | {len(patterns)} | "
                f"{found.primal:.6f} | {found.gap:.1e} ({found.scope}) | {len(found.V)} | "
                f"{seconds:.2f} |",
                flush=True,
            )
            if count == 500 and importlib.util.find_spec("scnn") is not None:
                for iterations in (30, 100, 300):
                    seconds, (value, most, norm) = clocked(
                        lambda q=p, s=patterns, k=iterations: relu_pyscnn(q, s, k)
                    )
                    print(
                        f"| {label} | pyscnn augmented Lagrangian, {iterations} iterations | "
                        f"{len(patterns)} | {value:.6f} | violated by {most:.1e} "
                        f"(2-norm {norm:.1e}) | | {seconds:.2f} |",
                        flush=True,
                    )
            if count == 20 and importlib.util.find_spec("cvxpy") is not None:
                seconds, value = clocked(lambda q=p, s=patterns: relu_clarabel(q, s))
                print(
                    f"| {label} | CVXPY + Clarabel | {len(patterns)} | {value:.6f} | | | "
                    f"{seconds:.2f} |",
                    flush=True,
                )


def rigorous(chosen: list[Problem]) -> None:
    print("\n| rigorous gap to the global optimum | alpha | gap | method | seconds |")
    print("|---|---|---|---|---|")
    rng = np.random.default_rng(0)
    cases = []
    for d in (2, 3):
        X = rng.standard_normal((200, d))
        X[:, -1] = 1.0
        cases.append(Problem(f"d = {d}, n = 200", X, np.sin(3 * X[:, 0]), 0.01))
    for p in [*cases, *chosen]:
        exact = p.X.shape[1] <= 3
        start = time.process_time()
        found = solve_relu(p.X, p.y, p.alpha, tol=1e-8 if exact else 1e-4, exact=exact)
        box = np.stack([p.X.min(axis=0), p.X.max(axis=0)], axis=1)
        network = network_of(found.V, found.A, box=box)
        proof = certify(network, p.X, p.y, p.alpha, intercept=False)
        print(
            f"| {p.name} | {p.alpha:g} | {proof.value / found.primal:.1e} | {proof.method} | "
            f"{time.process_time() - start:.1f} |",
            flush=True,
        )


def memory(_: list[Problem]) -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((100_000, 100))
    y = (
        np.maximum(X[:, 0], 0)
        - np.maximum(X[:, 1] + X[:, 2], 0)
        + 0.1 * rng.standard_normal(len(X))
    )
    patterns = sample_patterns(X, 2000, rng=rng)
    seconds, found = clocked(lambda: solve_gated(X, y, patterns, 0.05, tol=1e-3))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)
    print(
        f"\n100,000 × 100, 2,000 patterns, squared loss: gap {found.gap:.1e}, "
        f"{seconds:.0f} s, peak {peak:.1f} GB"
    )


PARTS = {"gated": gated, "relu": relu, "global": rigorous, "memory": memory}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", choices=PARTS, default=["gated", "relu", "global"])
    parser.add_argument("--problems", nargs="*", default=["breast_cancer", "planted", "digits"])
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    chosen = [p for p in problems() if p.name in asked.problems]
    for part in asked.only:
        PARTS[part](chosen)


if __name__ == "__main__":
    main()
