"""Occam bounds of circuits on real data, from training rows alone.

    python benchmarks/occam.py --data ../shared/data [--only adult mnist_binary mnist digits tables]
        [--seconds 120]

Inputs are fixed before any row is seen: pixels of 14 × 14 means of MNIST at or above half grey,
digits' pixels at or above 8 of 16, adult's categories as its documentation lists them and
round thresholds of its numbers. A decision tree is grown on the training rows, its circuit edited
under their loss, and the point of the path with the least bound taken (delta = 0.05). `tables` is
MNIST by a network of tables, told table by table. Test rows are only looked at to compare.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeClassifier

from tetrakis.circuit import (
    DecisionTree,
    compile_network,
    optimise,
    simulate_rows,
    tree_ensemble_circuit,
)
from tetrakis.measures import occam_bound
from tetrakis.network import FixedPointFormat
from tetrakis.simplify import simplify
from tetrakis.training import TablePlan, candidates_of, to_table_network, train_tables

Bits = NDArray[np.bool_]
Rows = tuple[Bits, NDArray[np.int64]]
NUMBERS = {
    0: (20, 23, 25, 27, 30, 33, 36, 40, 45, 50, 55, 60, 65),
    4: tuple(range(5, 17)),
    10: (1, 3000, 4000, 5000, 7000, 10000),
    11: (1, 1500, 1700, 1800, 1900, 2000, 2200),
    12: (15, 20, 30, 35, 40, 41, 45, 50, 60),
}
TEXTS = {
    1: "Private Self-emp-not-inc Self-emp-inc Federal-gov Local-gov State-gov Without-pay",
    5: "Married-civ-spouse Divorced Never-married Separated Widowed Married-spouse-absent",
    6: "Tech-support Craft-repair Other-service Sales Exec-managerial Prof-specialty"
    " Handlers-cleaners Machine-op-inspct Adm-clerical Farming-fishing Transport-moving"
    " Priv-house-serv Protective-serv Armed-Forces",
    7: "Wife Own-child Husband Not-in-family Other-relative Unmarried",
    8: "White Asian-Pac-Islander Amer-Indian-Eskimo Other Black",
    9: "Female",
}


def adult(data: Path) -> tuple[Rows, Rows]:
    def read(name: str) -> Rows:
        lines = (data / "adult" / name).read_text(encoding="utf-8").splitlines()
        rows = [[c.strip() for c in line.split(",")] for line in lines]
        rows = [row for row in rows if len(row) == 15]
        columns = [[float(r[k]) >= t for r in rows] for k, ts in NUMBERS.items() for t in ts]
        columns += [[r[k] == text for r in rows] for k, ts in TEXTS.items() for text in ts.split()]
        return np.array(columns, bool).T, np.array([r[14].startswith(">50K") for r in rows], int)

    return read("adult.data"), read("adult.test")


def mnist(data: Path) -> tuple[Rows, Rows]:
    with np.load(data / "mnist" / "mnist.npz") as file:
        parts = {name: file[name] for name in file.files}

    def rows(kind: str) -> Rows:
        x = parts[f"x_{kind}"].reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)) >= 128
        return x.reshape(len(x), -1), parts[f"y_{kind}"].astype(np.int64)

    return rows("train"), rows("test")


def mnist_binary(data: Path) -> tuple[Rows, Rows]:
    (a, b), (c, d) = mnist(data)
    return (a, (b >= 5).astype(np.int64)), (c, (d >= 5).astype(np.int64))


def digits(data: Path) -> tuple[Rows, Rows]:
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    train, test = order[:1437], order[1437:]
    return (x[train] >= 8, y[train]), (x[test] >= 8, y[test])


SETS = {"adult": (adult, 200), "mnist_binary": (mnist_binary, 400), "mnist": (mnist, 400),
        "digits": (digits, 60)}  # fmt: skip


def grown(x: Bits, y: NDArray[np.int64], leaves: int) -> DecisionTree:
    tree = DecisionTreeClassifier(max_leaf_nodes=leaves, min_samples_leaf=5, random_state=0)
    found = tree.fit(x, y).tree_
    inner = found.children_left >= 0
    return DecisionTree(
        np.where(inner, found.feature, -1), np.ones(len(inner)), found.children_left,
        found.children_right, found.value[:, 0].argmax(axis=1),
    )  # fmt: skip


def wrong(outputs: Bits, y: NDArray[np.int64]) -> float:
    return float(np.mean(outputs @ (1 << np.arange(outputs.shape[1])) != y))


def run_tables(data: Path) -> None:
    """Ten classes by 200 tables of three wires and one-bit entries, trained on all rows."""
    begin = time.process_time()
    (x, y), (x_test, y_test) = mnist(data)
    n = x.shape[1]
    plan = TablePlan(
        "softmax", 10, 200, (), 3, 1, 12_000, 256, learning_rate=0.05, wire_rate=2.0,
        candidates=96, redraw=200,
    )  # fmt: skip
    every = candidates_of(x.astype(np.int64), np.ones(n, int))
    (found,) = train_tables(every.evaluate(x), y.astype(float), plan, penalties=[1e-5])
    network = to_table_network(found.layers, every, [FixedPointFormat(1, 0)] * n)

    def errors(bits: Bits, labels: NDArray[np.int64]) -> int:
        codes = network.evaluate_codes(bits.astype(np.int64))
        return int(np.sum(codes.argmax(axis=1) != labels))

    bound = occam_bound(network, errors(x, y), len(y))
    size = optimise(compile_network(network, decision="argmax")).num_gates
    print(
        f"| mnist, tables | {len(y):,} | | {size} | {bound.risk:.4f} | {bound.bits:.0f} |"
        f" **{bound.value:.4f}** | {errors(x_test, y_test) / len(y_test):.4f} |"
        f" {time.process_time() - begin:.0f} |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--only", nargs="+", choices=[*SETS, "tables"],
                        default=[*SETS, "tables"])  # fmt: skip
    parser.add_argument("--seconds", type=float, default=120.0, help="of editing, for each set")
    options = parser.parse_args()
    print("| data | rows | tree AND | AND | training error | bits | bound (δ .05) | test error |"
          " CPU s |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|")
    if "tables" in options.only:
        run_tables(options.data)
    for name in (n for n in options.only if n in SETS):
        read, leaves = SETS[name]
        begin = time.process_time()
        (x, y), (x_test, y_test) = read(options.data)
        words = [(1, False)] * x.shape[1]
        start = tree_ensemble_circuit(words, [grown(x, y, leaves)], decision="index")
        path = simplify(start, x, y, max_seconds=options.seconds)
        best, bound = path.least_risk()
        circuit = path.circuits[best]
        test = wrong(simulate_rows(circuit, x_test), y_test)
        print(
            f"| {name} | {len(y):,} | {start.num_gates} | {circuit.num_gates} | {bound.risk:.4f} |"
            f" {bound.bits:.0f} | **{bound.value:.4f}** | {test:.4f} |"
            f" {time.process_time() - begin:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
