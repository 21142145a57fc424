"""Claims about convex training, run again: objectives against Adam, small UCI sets, the spiral.

python benchmarks/convex_claims.py [--uci FOLDER] [--only spiral adam uci]

FOLDER holds a folder for every data set with NAME_R.dat (tab separated, last column the class)
and conxuntos.dat (training rows, test rows), as published by Fernández-Delgado et al. (JMLR 2014).
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
from convex_solvers import problems
from sklearn.model_selection import StratifiedKFold
from sklearn.neural_network import MLPClassifier

from tetrakis.convex import ConvexReLUClassifier, solve_relu

ALPHAS = (0.1, 0.03, 0.01, 0.003)
SETS = (
    "acute-inflammation", "acute-nephritis", "balloons", "breast-tissue", "fertility",
    "pittsburg-bridges-SPAN",
)  # fmt: skip


def adam(
    X: np.ndarray, y: np.ndarray, alpha: float, width: int, seed: int, steps: int = 4000
) -> float:
    """Train with full-batch Adam and weight decay; return 1/(2n)‖f − y‖² + alpha Σ‖u‖|a|."""
    rng = np.random.default_rng(seed)
    n, d = X.shape
    z = np.concatenate(
        [
            rng.standard_normal((width, d)) / np.sqrt(d),
            rng.choice([-1.0, 1.0], (width, 1)) / np.sqrt(width),
        ],
        axis=1,
    )
    m, v, best = np.zeros_like(z), np.zeros_like(z), np.inf
    for step in range(1, steps + 1):
        U, a = z[:, :d], z[:, d]
        H = np.maximum(X @ U.T, 0.0)
        r = (H @ a - y) / n
        if step % 100 == 0 or step == steps:
            size = float(np.linalg.norm(U, axis=1) @ np.abs(a))
            best = min(best, 0.5 * n * float(r @ r) + alpha * size)
        g = (
            np.concatenate([(np.outer(r, a) * (H > 0)).T @ X, (H.T @ r)[:, None]], axis=1)
            + alpha * z
        )
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        rate = 1e-2 * 0.5 * (1 + np.cos(np.pi * step / steps))
        z = z - rate * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-9)
    return best


def against_adam() -> None:
    print(
        "\n| squared loss | convex objective | neurons | s | ten Adam runs: best, median, worst | "
        "width | s |"
    )
    print("|---|---|---|---|---|---|---|")
    for p in problems()[:2]:
        for alpha in (p.alpha, 0.2 * p.alpha):
            start = time.process_time()
            found = solve_relu(p.X, p.y, alpha, tol=1e-4, max_iter=40)
            middle = time.process_time()
            for width in (max(len(found.V), 1), 100):
                begin = time.process_time()
                runs = sorted(adam(p.X, p.y, alpha, width, seed, 2000) for seed in range(10))
                print(
                    f"| {p.name}, alpha {alpha:g} | {found.primal:.5f} | {len(found.V)} | "
                    f"{middle - start:.1f} | {runs[0]:.5f}, {runs[4]:.5f}, {runs[-1]:.5f} | "
                    f"{width} | {time.process_time() - begin:.1f} |",
                    flush=True,
                )


def uci(folder: Path) -> None:
    print(
        "\n| UCI set | rows × columns, classes | convex, test accuracy | Adam, mean of 10 seeds |"
    )
    print("|---|---|---|---|")
    for name in SETS:
        table = np.genfromtxt(folder / name / f"{name}_R.dat", skip_header=1, delimiter="\t")[:, 1:]
        lines = (folder / name / "conxuntos.dat").read_text().splitlines()
        train, test = (np.array(line.split(), dtype=int) for line in lines[:2])
        X, y = table[:, :-1], table[:, -1].astype(int)
        score = chosen(X[train], y[train], [ConvexReLUClassifier(a, tol=1e-3) for a in ALPHAS])
        convex = score.fit(X[train], y[train]).score(X[test], y[test])
        grid = [MLPClassifier((100,), alpha=a, max_iter=1000, random_state=0) for a in ALPHAS]
        best = chosen(X[train], y[train], grid)
        runs = [
            best.set_params(random_state=s).fit(X[train], y[train]).score(X[test], y[test])
            for s in range(10)
        ]
        print(
            f"| {name} | {len(X)} × {X.shape[1]}, {len(np.unique(y))} | {convex:.3f} | "
            f"{np.mean(runs):.3f} ± {np.std(runs):.3f} |",
            flush=True,
        )


def chosen(X: np.ndarray, y: np.ndarray, models: list) -> object:
    """Pick a model by four-fold cross-validation on the training rows; the earliest of equals."""
    folds = list(StratifiedKFold(4, shuffle=True, random_state=0).split(X, y))
    scores = [np.mean([m.fit(X[a], y[a]).score(X[b], y[b]) for a, b in folds]) for m in models]
    return models[int(np.argmax(scores))]


def spiral() -> None:
    """Two arms, a turn and a half, 2 × 200 points; rank 3 with the constant, so gaps are global."""
    t = np.linspace(0.5, 3 * np.pi, 200)
    arm = np.stack([t * np.cos(t), t * np.sin(t)], axis=1) / 5
    X = np.concatenate([np.concatenate([arm, -arm]), np.ones((400, 1))], axis=1)
    y = np.repeat([1.0, -1.0], 200)
    print(
        "\n| spiral, two layers, alpha | objective | gap (scope) | neurons | "
        "training accuracy | s |"
    )
    print("|---|---|---|---|---|---|")
    for alpha in (1e-2, 1e-3):
        start = time.process_time()
        found = solve_relu(X, y, alpha, tol=1e-3, exact=True, max_iter=30)
        right = np.mean(np.sign(np.maximum(X @ found.V.T, 0) @ found.A[:, 0]) == y)
        print(
            f"| {alpha:g} | {found.primal:.5f} | {found.gap:.1e} ({found.scope}) | "
            f"{len(found.V)} | {right:.3f} | {time.process_time() - start:.1f} |",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--uci", type=Path)
    parser.add_argument("--only", nargs="*", choices=["spiral", "adam", "uci"])
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    if not asked.only or "spiral" in asked.only:
        spiral()
    if not asked.only or "adam" in asked.only:
        against_adam()
    if asked.uci is not None and (not asked.only or "uci" in asked.only):
        uci(asked.uci)


if __name__ == "__main__":
    main()
