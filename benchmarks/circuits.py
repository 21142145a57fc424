"""What the compiler, the optimisers, allocation, simulation and exports reach: one table.

python benchmarks/circuits.py [--data ../shared/data] [--only compile speed allocate c] [--markdown]
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from _measure import measured
from _trained import PLANS, Trained, trained
from _uniform import best_uniform

from tetrakis.circuit import (
    Aig,
    AigBuilder,
    compile_network,
    count_luts,
    equivalent,
    optimise,
    simulate,
)
from tetrakis.circuit._tools import find_abc
from tetrakis.compress import allocate
from tetrakis.export import write_c
from tetrakis.measures import error_certificate
from tetrakis.network import (
    FixedPointBlock,
    FixedPointFormat,
    FixedPointResNet,
    read_integer_network,
)
from tetrakis.pipeline import compile_fixed_point

Row = list[str]
GOALS = {"a": (798, 775), "b": (9200, 9000), "c": (16500, 15900)}
SHARES = (2.0, 1.0, 0.75)  # of the error of the network's own integer twin


def compiled(data: Path) -> Iterator[Row]:
    """The three networks of CIRCUITS.md at effort 3."""
    for name, goals in GOALS.items():
        net = read_integer_network(data / "networks" / f"{name}.json")
        for method, goal in zip(("builtin", "abc"), goals, strict=True):
            if method == "abc" and find_abc() is None:
                yield [f"{name}, effort 3, abc", "no ABC here", f"≤ {goal:,}", "", ""]
                continue
            start = time.perf_counter()
            found = compile_fixed_point(net, effort=3, method=method, time_limit=120)
            seconds = time.perf_counter() - start
            aig = found.circuit
            luts = "" if found.luts is None else f", {found.luts:,} LUT-6"
            size = f"{aig.num_gates:,} AND, {aig.num_levels} levels{luts}"
            how = f"{found.checked.detail}; {found.optimised.detail}"
            yield [f"{name}, effort 3, {method}", size, f"≤ {goal:,}", f"{seconds:.0f} s", how]


def large_network(nonzeros: int) -> FixedPointResNet:
    """50 inputs of 8 bits, two blocks of 100 relus, weights of 4 bits."""
    rng = np.random.default_rng(0)
    n, width, share = 50, 100, nonzeros / (4 * 50 * 100)

    def matrix(rows: int, columns: int) -> np.ndarray:
        weights = rng.integers(1, 9, (rows, columns)) * rng.choice([-1, 1], (rows, columns))
        return weights * (rng.random((rows, columns)) < share)

    blocks = tuple(
        FixedPointBlock(matrix(width, n), rng.integers(-99, 100, width), 8, 8, matrix(n, width), 0)
        for _ in range(2)
    )
    inputs = (FixedPointFormat(8, 0),) * n
    return FixedPointResNet(inputs, np.eye(n), blocks, matrix(2, n), [0, 0], 0, 0)


def speed() -> Iterator[Row]:
    """Effort 0 on 10,000 nonzeros; simulation; exhaustive comparison."""
    compile_network(large_network(200), effort=0)  # compiles the kernels
    net = large_network(10_000)
    weights = sum(b.read.nnz + b.write.nnz for b in net.blocks)
    aig, seconds, peak = measured(lambda: compile_network(net, effort=0))
    what = f"effort 0, {weights:,} nonzeros"
    size = f"{seconds:.1f} s, {peak:,.0f} MB"
    yield [what, size, "< 20 s, < 2,000 MB", "", f"{aig.num_gates:,} AND"]
    logic = random_logic(64, 5000)
    rng = np.random.default_rng(0)
    words = rng.integers(0, 2**63, (64, 157), dtype=np.uint64)
    seconds = best_of(lambda: simulate(logic, words), 20)
    what = f"{logic.num_gates:,} AND × {64 * 157:,} patterns"
    yield [what, f"{1e3 * seconds:.1f} ms", "< 10 ms", "", "simulated"]
    first = random_logic(24, 2000)
    second = optimise(first)
    seconds = best_of(lambda: equivalent(first, second), 2)
    found = equivalent(first, second)
    what = f"{first.num_gates:,} against {second.num_gates:,} AND, 24 inputs"
    yield [what, f"{seconds:.2f} s", "seconds", "", f"{found.status}: {found.detail}"]


def random_logic(pis: int, gates: int) -> Aig:
    """A circuit of exactly `gates` ANDs; what nothing reads is an output."""
    builder, rng = AigBuilder(pis), np.random.default_rng(1)
    pool = [builder.input(k) for k in range(pis)]
    unread = set(pool)
    while len(pool) < pis + gates:
        a, b = (pool[k] for k in rng.integers(max(0, len(pool) - 200), len(pool), 2))
        made = builder.and_(a ^ int(rng.integers(2)), b ^ int(rng.integers(2)))
        if made == 2 * (len(pool) + 1):
            pool.append(made)
            unread = (unread - {a, b}) | {made}
    return builder.build(sorted(unread))


def best_of(call: Callable[[], object], times: int) -> float:
    call()
    return min(measured(call)[1] for _ in range(times))


def final(fixed: FixedPointResNet, decision: str) -> int:
    return optimise(compile_network(fixed, decision=decision, effort=2)).num_gates


def allocation(task: Trained, seconds: float) -> Iterator[Row]:
    """Allocated against uniform precision: within one error, and within the uniform one's own.

    Uniform steps are coarse, so the best within an error may certify far less than that.
    """
    net, formats = task.network, task.fixed.inputs
    continuous = np.array([f.bits > 1 for f in formats])
    own = error_certificate(net, task.fixed, continuous=continuous)
    inputs = own.terms["inputs"]
    for share in SHARES:
        asked = inputs + share * (own.value - inputs)
        uniform = best_uniform(net, formats, task.decision, asked, continuous)
        base, reached = uniform or (None, asked)
        for error in sorted({asked, reached}, reverse=True):
            start = time.perf_counter()
            found = allocate(
                net, input_formats=formats, tolerance=error, continuous=continuous,
                gates=lambda f: compile_network(f, decision=task.decision, effort=0).num_gates,
                time_limit=seconds,
            )  # fmt: skip
            spent = time.perf_counter() - start
            size = final(found.fixed, task.decision)
            saved = f"{size:,} AND; no uniform precision reaches this error"
            if base is not None:
                whole = final(base, task.decision)
                saved = f"{1 - size / whole:.0%} fewer: {whole:,} → {size:,} AND"
            how = (
                f"certified ≤ {error:.4g}"
                f" ({share:g} of the error of the trained twin beyond the inputs'),"
                f" uniform {reached:.4g}; effort 2 and built-in passes"
            )
            yield [f"allocation, {task.name}", saved, "≥ 25 % fewer", f"{spent:.0f} s", how]


def exported(task: Trained) -> Iterator[Row]:
    """Predictions per second of the exported C."""
    aig = optimise(compile_network(task.fixed, decision=task.decision))
    compiler = shutil.which("gcc") or shutil.which("cc")
    what = f"C, {task.name} ({task.score:.3f} on test rows), {aig.num_gates:,} AND"
    if compiler is None:
        yield [what, "no C compiler here", "≥ 20 million/s", "", ""]
        return
    with tempfile.TemporaryDirectory() as folder:
        source, program = Path(folder) / "c.c", Path(folder) / "c"
        write_c(aig, source)
        line = [compiler, "-O2", "-DTETRAKIS_MAIN", str(source), "-o", str(program)]
        subprocess.run(line, check=True)
        text = subprocess.run([program, "500000"], check=True, capture_output=True, text=True)
        exact = _exact(program, aig)
    sliced, rows = (float(x.split()[0]) for x in text.stdout.splitlines() if "second" in x)
    speed = f"{sliced / 1e6:.0f} million/s bit-sliced, {rows / 1e6:.0f} from rows"
    luts = f", {count_luts(aig):,} LUT-6" if find_abc() else ""
    how = f"-O2, one core; {exact}{luts}"
    yield [what, speed, "≥ 20 million/s", "", how]


def _exact(program: Path, aig: Aig) -> str:
    rng = np.random.default_rng(0)
    words = rng.integers(0, 2**63, (aig.num_pis, 1000), dtype=np.uint64)
    data = np.ascontiguousarray(words.T).astype("<u8").tobytes()
    done = subprocess.run([program], input=data, capture_output=True, check=True)
    got = np.frombuffer(done.stdout, "<u8").reshape(1000, -1).T
    same = bool((got == simulate(aig, words)).all())
    return f"{'equal to' if same else 'DIFFERS FROM'} simulation on 64,000 inputs"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--only", nargs="*", choices=["compile", "speed", "allocate", "c"])
    parser.add_argument("--seconds", type=float, default=120.0, help="for one allocation")
    parser.add_argument("--allocated", nargs="*", choices=PLANS, default=list(PLANS))
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    wanted = options.only or ["compile", "speed", "allocate", "c"]
    rows = [["what", "reached", "goal", "time", "how"]]
    if "compile" in wanted:
        rows += compiled(options.data)
    if "speed" in wanted:
        rows += speed()
    for name in PLANS:
        chosen = "allocate" in wanted and name in options.allocated
        if not chosen and not ("c" in wanted and name == "digits"):
            continue
        task = trained(name, options.data)
        rows += allocation(task, options.seconds) if chosen else []
        rows += exported(task) if "c" in wanted and name == "digits" else []
    from frontier import show  # late: it loads every learner

    show(rows, options.markdown, title="Circuits")


if __name__ == "__main__":
    main()
