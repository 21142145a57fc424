"""Normalised gradient flows: the linear case, agreement of the flows, margins, generalisation.

python benchmarks/dynamics.py [--part linear networks gap]

linear    Cosine with the direction of scikit-learn's LinearSVC (large C, no intercept).
networks  Margins and KKT residuals where three flows from the same weights end, and how the margin
          of the plain flow rises with log ρ.
gap       Test − training loss of the normalised network (exponential loss of y f_V scaled by the
          median training margin), and the test error, against the number of rows: means of 16
          data sets, with standard errors.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import time

import numpy as np
from sklearn.svm import LinearSVC

from tetrakis.dynamics import FlowResult, normalised_flow, random_layers

METHODS = ("plain", "weight_norm", "lagrange")
GAP_SEEDS = 16


def separable(n: int, d: int, seed: int, gap: float = 0.2) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X, w = rng.normal(size=(n, d)), rng.normal(size=d)
    w /= np.linalg.norm(w)
    y = np.sign(X @ w)
    return X + gap * y[:, None] * w, y


def run_linear() -> None:
    print("\n| data | flow | cosine with the SVM | margin / SVM's | KKT residual | log ρ | steps |")
    print("|---|---|---|---|---|---|---|")
    for n, d, seed in ((40, 5, 0), (200, 10, 1), (500, 20, 2)):
        X, y = separable(n, d, seed)
        svm = LinearSVC(C=1e4, loss="hinge", fit_intercept=False, max_iter=10**6, tol=1e-9)
        w = svm.fit(X, y).coef_[0]
        w /= np.linalg.norm(w)
        best = (y * (X @ w)).min()
        for method in METHODS:
            start = random_layers([d, 1], np.random.default_rng(seed))
            found = normalised_flow(start, X, y, method=method, tol=3e-3)
            print(
                f"| {n} × {d} | {method} | {found.layers[0][0] @ w:.6f} | "
                f"{found.margin / best:.4f} | {found.kkt:.2g} | {found.log_rho[-1]:.1f} | "
                f"{found.n_steps} |",
                flush=True,
            )


def alignment(a: FlowResult, b: FlowResult) -> float:
    parts = zip(a.layers, b.layers, strict=True)
    return float(np.mean([(v * w).sum() for v, w in parts]))


def run_networks() -> None:
    X, y = separable(40, 5, 0, 0.3)
    print("\n| start | flow | status | margin | KKT residual | log ρ | alignment with plain |")
    print("|---|---|---|---|---|---|---|")
    for seed in range(4):
        start = random_layers([5, 6, 1], np.random.default_rng(seed))
        first = None
        for method in METHODS:
            found = normalised_flow(start, X, y, method=method, tol=1e-2)
            first = found if first is None else first
            print(
                f"| {seed} | {method} | {found.status} | {found.margin:.4f} | {found.kkt:.2g} | "
                f"{found.log_rho[-1]:.1f} | {alignment(found, first):.4f} |",
                flush=True,
            )
        places = np.searchsorted(first.log_rho, np.arange(2, first.log_rho[-1], 2))
        shown = ", ".join(f"{first.log_rho[p]:.0f}: {first.margins[p]:.3f}" for p in places)
        print(f"| {seed} | plain | margin at log ρ | {shown} | | | |")


def run_gap() -> None:
    print("\n| rows | normalised loss: train | test | gap | test error | margin |")
    print("|---|---|---|---|---|---|")
    for n in (25, 50, 100):
        numbers = []
        for seed in range(GAP_SEEDS):
            X, y = separable(n + 4000, 4, seed, 0.0)
            rng = np.random.default_rng(seed)
            start = random_layers([4, 8, 1], rng)
            found = normalised_flow(start, X[:n], y[:n], tol=3e-2, max_log_rho=8.0)
            scores = y * found.network.evaluate(X)[:, 0]
            unit = np.median(np.abs(scores[:n]))
            train, test = np.exp(-scores[:n] / unit).mean(), np.exp(-scores[n:] / unit).mean()
            numbers.append((train, test, test - train, np.mean(scores[n:] <= 0), found.margin))
        mean, error = np.mean(numbers, axis=0), np.std(numbers, axis=0, ddof=1) / GAP_SEEDS**0.5
        cells = [f"{v:.4f} ± {e:.4f}" for v, e in zip(mean, error, strict=True)]
        print(f"| {n} | " + " | ".join(cells) + " |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", nargs="*", default=["linear", "networks", "gap"])
    given = parser.parse_args()
    start = time.process_time()
    for name, run in (("linear", run_linear), ("networks", run_networks), ("gap", run_gap)):
        if name in given.part:
            run()
    print(f"\n{time.process_time() - start:.0f} CPU seconds")


if __name__ == "__main__":
    main()
