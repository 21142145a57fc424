"""MNIST, ten classes: a table network before and after simplification, by AND nodes.

A pixel counts as its top bit: it is at least 128. The last 5,000 training rows make every choice;
the other 55,000 are trained on, with --shift also shifted by a pixel in four directions, and with
--rotate also turned by so many degrees either way. For every budget the circuit of the best
validation score is scored on the test rows. Run

    python benchmarks/mnist.py --out mnist

A folder with a trained circuit is refused unless the options are the same; then that one is taken.
"""

from __future__ import annotations

import argparse
import json
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
from scipy.ndimage import rotate

from tetrakis.circuit import (
    Aig,
    compile_network,
    count_luts,
    optimise,
    read_aiger,
    simulate_rows,
    write_aiger,
)
from tetrakis.errors import BudgetError, MissingDependencyError, ToolError
from tetrakis.network import FixedPointFormat
from tetrakis.simplify import simplify
from tetrakis.training import TablePlan, candidates_of, to_table_network, train_tables

HELD = 5000
CLASSES = 10
SIDE = 28
#: Options that don't change the circuit that is trained.
ELSEWHERE = ("simplify", "budgets", "min_gates", "max_seconds", "data", "out")
SHIFTS = ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0))


class Images:
    """Top bits of pixels and labels: to train on, to choose on, and to test on."""

    def __init__(self, data: Path) -> None:
        with np.load(data / "mnist" / "mnist.npz") as file:
            self.gray = file["x_train"]
            bits = (self.gray >= 128).astype(np.uint8)
            self.test = (file["x_test"] >= 128).reshape(-1, SIDE**2)
            labels, self.y_test = file["y_train"].astype(int), file["y_test"].astype(int)
        self.train, self.y = bits[:-HELD], labels[:-HELD]
        self.held, self.y_held = bits[-HELD:].reshape(HELD, -1), labels[-HELD:]

    @property
    def flat(self) -> np.ndarray:
        return self.train.reshape(len(self.train), -1)

    def turned(self, degrees: float) -> tuple[np.ndarray, np.ndarray]:
        """Training rows turned either way."""
        gray = self.gray[:-HELD].astype(np.float32)
        copies = [
            rotate(gray, angle, axes=(1, 2), reshape=False, order=1) >= 128
            for angle in (-degrees, degrees)
        ]
        X = np.concatenate(copies).astype(np.uint8)
        return X.reshape(len(X), -1), np.tile(self.y, len(copies))

    def shifted(self) -> tuple[np.ndarray, np.ndarray]:
        """Training rows and their copies shifted by a pixel."""
        wide = np.pad(self.train, ((0, 0), (1, 1), (1, 1)))
        moved = [wide[:, 1 + i : 1 + i + SIDE, 1 + j : 1 + j + SIDE] for i, j in SHIFTS]
        return np.concatenate(moved).reshape(-1, SIDE**2), np.tile(self.y, len(SHIFTS))


def trained(images: Images, plan: TablePlan, options: argparse.Namespace) -> Aig:
    """Train one network; the validation rows choose among its last states."""
    X, y = images.shifted() if options.shift else (images.flat, images.y)
    if options.rotate:
        turned, labels = images.turned(options.rotate)
        X, y = np.concatenate([X, turned]), np.concatenate([y, labels])
    X, y = np.concatenate([X, images.held]), np.concatenate([y, images.y_held])
    held = np.arange(len(X)) >= len(X) - HELD
    candidates = candidates_of(images.flat.astype(np.int64), np.ones(SIDE**2, int))
    begun = time.perf_counter()

    def tell(done: float) -> None:
        if round(done * plan.steps) % 2000 < 100:
            print(f"  {done:4.0%} of the steps, {time.perf_counter() - begun:.0f} s", flush=True)

    (found,) = train_tables(
        candidates.evaluate(X), y.astype(float), plan, penalties=[options.penalty],
        seed=options.seed, held=held, check=1000, progress=tell,
    )  # fmt: skip
    network = to_table_network(found.layers, candidates, [FixedPointFormat(1, 0)] * SIDE**2)
    return optimise(compile_network(network, decision="argmax"))


def accuracy(circuit: Aig, bits: np.ndarray, labels: np.ndarray) -> float:
    found = simulate_rows(circuit, bits.astype(bool))
    return float(np.mean(found @ (1 << np.arange(found.shape[1])) == labels))


def luts_of(circuit: Aig) -> str:
    try:
        return f"{count_luts(circuit):,} LUT-6"
    except (MissingDependencyError, ToolError):
        return "LUT-6 not counted"


def show(name: str, circuit: Aig, images: Images, *, test: bool = False) -> None:
    text = f"{name}: {circuit.num_gates:,} AND, {luts_of(circuit)},"
    text += f" validation {accuracy(circuit, images.held, images.y_held):.4f}"
    if test:
        text += f", test {accuracy(circuit, images.test, images.y_test):.4f}"
    print(text, flush=True)


def edit_rows(images: Images, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Training rows, and of each one a copy shifted in a direction drawn at random."""
    X, y = images.shifted()
    n = len(images.y)
    drawn = np.random.default_rng(seed).integers(1, len(SHIFTS), n) * n + np.arange(n)
    chosen = np.concatenate([np.arange(n), drawn])
    return X[chosen].astype(bool), y[chosen]


def simplified(images: Images, start: Aig, options: argparse.Namespace) -> list[tuple[int, Aig]]:
    """Simplify; return budgets, each with the circuit of the best validation score within it."""
    begun = time.perf_counter()
    rounds = 0

    def tell(size: int, loss: float, guard: float | None) -> None:
        nonlocal rounds
        rounds += 1
        if rounds % 5 == 1:
            print(f"  {size:,} AND, {loss:.0f} rows wrong, {guard:.0f} of {HELD} validation rows,"
                  f" {time.perf_counter() - begun:.0f} s", flush=True)  # fmt: skip

    path = simplify(
        start, *edit_rows(images, options.seed), guard=(images.held.astype(bool), images.y_held),
        seed=options.seed, min_gates=options.min_gates, max_seconds=options.max_seconds,
        progress=tell,
    )  # fmt: skip
    found = []
    for budget in options.budgets:
        with suppress(BudgetError):
            found.append((budget, optimise(path.circuits[path.best(max_gates=budget)])))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=int, default=1000)
    parser.add_argument("--pins", type=int, default=6)
    parser.add_argument("--bits", type=int, default=1)
    parser.add_argument("--candidates", type=int, default=128)
    parser.add_argument("--redraw", type=int, default=200, help="steps; of candidates")
    parser.add_argument("--penalty", type=float, default=1e-5)
    parser.add_argument("--steps", type=int, default=18_000)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--shift", action="store_true", help="train on shifted rows as well")
    parser.add_argument("--rotate", type=float, default=0.0, help="degrees; train on turned rows")
    parser.add_argument("--simplify", action="store_true", help="the trained circuit")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--budgets", nargs="+", type=int, default=[7000, 10_000, 20_000, 40_000])
    parser.add_argument("--min-gates", type=int, default=5000, help="simplify down to this")
    parser.add_argument("--max-seconds", type=float, help="of simplification")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("mnist"), help="folder of circuits")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    images = Images(options.data)
    start, asked = options.out / "start.aig", options.out / "options.json"
    own = {k: v for k, v in vars(options).items() if k not in ELSEWHERE}
    if start.exists() and (not asked.exists() or json.loads(asked.read_text()) != own):
        parser.error(f"{options.out} holds a circuit of other options; name another --out.")
    asked.write_text(json.dumps(own))
    if not start.exists():
        plan = TablePlan(
            "softmax", CLASSES, options.tables, (), options.pins, options.bits, options.steps,
            options.batch, learning_rate=0.05, wire_rate=2.0, candidates=options.candidates,
            redraw=options.redraw,
        )  # fmt: skip
        begun = time.perf_counter(), time.process_time()
        write_aiger(trained(images, plan, options), start)
        print(f"trained: {time.perf_counter() - begun[0]:.0f} s,"
              f" {time.process_time() - begun[1]:.0f} s CPU")  # fmt: skip
    circuit = read_aiger(start)
    show("before simplification", circuit, images, test=True)
    if not options.simplify:
        return
    begun = time.perf_counter(), time.process_time()
    found = simplified(images, circuit, options)
    print(f"simplified: {time.perf_counter() - begun[0]:.0f} s,"
          f" {time.process_time() - begun[1]:.0f} s CPU")  # fmt: skip
    for budget, made in found:
        write_aiger(made, options.out / f"at_most_{budget}.aig")
        show(f"at most {budget:,}", made, images, test=True)


if __name__ == "__main__":
    main()
