"""Random sparse lifts: success against size, in-degree and samples; cost per edge.

python benchmarks/lifts.py [--part planted data speed] [--trials 80] [--jobs 1] [--out FOLDER]

planted   A base network of few copies is the teacher; lifts of growing size are trained on its
          outputs, with several in-degrees, two numbers of samples, and dense MLPs of equal edges.
data      breast_cancer and friedman1: success against size at a stated training loss.
speed     Time of a training step at 10^3 to 10^6 edges, against the time in which this machine
          reads as many rows at random. CPU seconds of one thread.

With --out, trials are kept there and pictures drawn; the same command goes on where it stopped.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")

import argparse
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from tetrakis.graphs import lift, mlp, to_resnet
from tetrakis.lifts import SuccessCurve, Training, success_curve
from tetrakis.lifts._model import stacked
from tetrakis.lifts._train import _CHUNK, _compiled
from tetrakis.report import save_figure, success_figure

SIZES = (4, 8, 16, 32, 64)


def planted(n_rows: int, d: int = 4, copies: int = 5, seed: int = 1) -> tuple:
    """Rows and standardised outputs of a random base network: two layers of five relus."""
    net = lift(mlp(d, 2), copies, 2, np.random.default_rng([seed, 1]))
    X = np.random.default_rng([seed, 2]).normal(size=(n_rows, d))
    y = to_resnet(net, box=[[-9, 9]] * d).evaluate(X)[:, 0]
    return X, (y - y.mean()) / y.std()


def row(label: str, curve: SuccessCurve) -> str:
    cells = [
        f"{s}/{n} ({low:.2f}–{high:.2f})"
        for s, n, (low, high) in zip(
            curve.successes, curve.trials, curve.intervals, strict=True
        )
    ]  # fmt: skip
    return f"| {label} | " + " | ".join(cells) + f" | {curve.smallest or 'none'} |"


def heading(first: str, sizes: tuple[int, ...]) -> None:
    print(f"\n| {first} | " + " | ".join(map(str, sizes)) + " | lower limit ≥ .95 from |")
    print("|---" * (len(sizes) + 2) + "|")


def record(out: Path | None, name: str) -> Path | None:
    if out is None:
        return None
    out.mkdir(parents=True, exist_ok=True)
    return out / f"{name}.jsonl"


def equal_width(edges: int, d: int) -> int:
    """Width of a dense MLP of two hidden layers with about as many edges."""
    return round((-(d + 1) + np.sqrt((d + 1) ** 2 + 4 * edges)) / 2)


def run_planted(trials: int, jobs: int, out: Path | None, loss: float = 0.001) -> None:
    plan = Training(steps=3000, learning_rate=0.02, batch=10**9)
    common = {"training": plan, "jobs": jobs}
    flow = {**common, "training": Training(solver="flow", steps=6000, learning_rate=0.05)}
    curves, labels = [], []
    heading(f"planted network, loss {loss:g}; copies", SIZES)
    for n_rows in (200, 800, 3200):
        data = planted(n_rows)
        few = trials if n_rows == 200 else max(trials // 4, 10)
        for k in (2, 4) if n_rows == 200 else (4,):
            name = f"{n_rows} rows, in-degree {k}"
            curve = success_curve(
                mlp(4, 2), data, SIZES, few, loss, in_degree=k,
                record=record(out, f"planted_{n_rows}_{k}"), **common,
            )  # fmt: skip
            print(row(name, curve), flush=True)
            curves.append(curve)
            labels.append(name)
    sparse = curves[1]
    slow = success_curve(
        mlp(4, 2), planted(200), SIZES, max(trials // 4, 10), 10 * loss, in_degree=4,
        record=record(out, "planted_flow"), **flow,
    )  # fmt: skip
    print(row(f"200 rows, in-degree 4, approximate gradient flow, loss {10 * loss:g}", slow))
    widths = tuple(equal_width(e, 4) for e in sparse.edges)
    dense = success_curve(
        mlp(4, 2), planted(200), widths, trials, loss, in_degree=None,
        record=record(out, "planted_dense"), **common,
    )  # fmt: skip
    print(row(f"200 rows, dense MLP of equal edges (widths {list(dense.sizes)})", dense))
    print(f"edges: sparse {list(sparse.edges)}, dense {list(dense.edges)}")
    if out is not None:
        save_figure(success_figure(*curves, labels=tuple(labels)), out / "planted")


def run_data(trials: int, jobs: int, out: Path | None) -> None:
    from sklearn.datasets import load_breast_cancer, make_friedman1

    X, y = load_breast_cancer(return_X_y=True)
    F, f = make_friedman1(500, noise=1.0, random_state=0)
    cases = [
        ("breast_cancer, log-loss 0.02", X, y, Training("logistic", steps=1000), 0.02, 6),
        ("friedman1, R² 0.95", F, (f - f.mean()) / f.std(),
         Training(steps=2000, learning_rate=0.02), 0.05, None),
    ]  # fmt: skip
    heading("data, training loss; copies", SIZES)
    for name, rows, target, plan, loss, input_degree in cases:
        U = (rows - rows.mean(0)) / rows.std(0)
        curve = success_curve(
            mlp(U.shape[1], 2), (U, target), SIZES, trials, loss, in_degree=4,
            input_degree=input_degree, training=plan, jobs=jobs,
            record=record(out, name.split(",")[0]),
        )  # fmt: skip
        print(row(name, curve), flush=True)


def best(function, repeats: int = 5) -> float:
    """Least CPU seconds of a call."""
    found = np.inf
    for _ in range(repeats):
        start = time.process_time()
        function()
        found = min(found, time.process_time() - start)
    return found


def run_speed(n_rows: int = 64, k: int = 4, depth: int = 4) -> None:
    print(f"\n{n_rows} rows a step, in-degree {k}, {depth} hidden layers of float32")
    print("| edges | ms a step | ns an edge | MB read at random | at GB/s | ms it takes | ratio |")
    print("|---" * 7 + "|")
    rng = np.random.default_rng(0)
    for n in (70, 700, 7000, 70_000):
        graph = mlp(4, depth)
        net = lift(graph, n, k, rng)
        params, index = jax.tree.map(lambda v: jnp.asarray(v[0]), stacked([net]))
        functions = _compiled(graph, Training(batch=10**9), True)
        state = functions.start(params, jnp.float32(0.01))
        X = jnp.asarray(rng.normal(size=(4, n_rows)), jnp.float32)

        def steps(p=params, s=state, i=index, X=X, f=functions):
            jax.block_until_ready(f.advance(p, s, i, X, X[:1], jax.random.key(0), 0, 1000))

        steps()
        spent = best(steps, 3) / _CHUNK
        rows = rng.normal(size=(n, n_rows)).astype(np.float32)
        take = rng.integers(n, size=n)
        out = np.empty_like(rows)
        rate = rows.nbytes / best(lambda r=rows, t=take, o=out: np.take(r, t, 0, o, "clip"), 20)
        drawn = sum(net.weights[e].size for e, p in enumerate(net.parents) if p is not None)
        moved = 3 * drawn * n_rows * 4  # forward, to the parents, to the weights
        estimate = moved / rate + 7 * 4 * net.n_parameters / 10e9
        print(
            f"| {net.n_edges:,} | {spent * 1e3:.3g} | {spent / net.n_edges * 1e9:.3g} | "
            f"{moved / 1e6:.4g} | {rate / 1e9:.3g} | {estimate * 1e3:.3g} | "
            f"{spent / estimate:.2f} |",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", nargs="*", default=["planted", "data", "speed"])
    parser.add_argument("--trials", type=int, default=80)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    start = time.process_time()
    if "planted" in given.part:
        run_planted(given.trials, given.jobs, given.out)
    if "data" in given.part:
        run_data(max(given.trials // 4, 10), given.jobs, given.out)
    if "speed" in given.part:
        run_speed()
    print(f"\n{time.process_time() - start:.0f} CPU seconds (of this process)")


if __name__ == "__main__":
    main()
