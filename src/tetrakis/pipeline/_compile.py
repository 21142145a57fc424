"""From a fixed-point network to a folder with its circuit."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import tetrakis
from tetrakis._files import atomic_folder
from tetrakis.circuit import (
    Aig,
    Optimised,
    TimeLimitReached,
    check_method,
    compile_network,
    count_luts,
    optimise_with,
    output_words,
)
from tetrakis.circuit._emit import Decision
from tetrakis.compress import Allocation, Price, allocate
from tetrakis.errors import FormatError, MissingDependencyError, ToolError
from tetrakis.export import FORMATS
from tetrakis.measures import num_weights
from tetrakis.network import (
    FixedPointFormat,
    FixedPointResNet,
    ResNet,
    load_network,
    read_integer_network,
    save_network,
)
from tetrakis.pipeline._documents import sealed, write_document
from tetrakis.pipeline._equivalence import Equivalence, simulated
from tetrakis.pipeline._folder import CIRCUITS, file_record

NAME, SCHEMA = "compile.json", 1
EXHAUSTIVE_BITS, ROWS, CORNER_INPUTS = 24, 1_000_000, 16
Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Compiled:
    """A circuit of a network and how it came about.

    Parameters
    ----------
    fixed : FixedPointResNet
    circuit : Aig
    compiled_gates : int
        AND nodes before the optimiser.
    decision : {"words", "sign", "argmax"}
    effort : int
    optimised : Optimised
        Outcome of the optimiser.
    checked : Equivalence
        Outcome of the comparison with the network's integers.
    luts : int or None
        Look-up tables of six inputs by ABC; None without ABC.
    network : ResNet or None
        The float network whose precision was allocated, if any.
    allocation : Allocation or None
        What came of it.
    """

    fixed: FixedPointResNet
    circuit: Aig
    compiled_gates: int
    decision: Decision
    effort: int
    optimised: Optimised
    checked: Equivalence
    luts: int | None
    network: ResNet | None = None
    allocation: Allocation | None = None


def read_fixed_point(path: str | os.PathLike[str]) -> FixedPointResNet:
    """Read an integer network: .npz as `save_network` writes it, or .json.

    Raises
    ------
    FormatError
        If the name ends otherwise, the file is no JSON of a network, or it holds a float network.
    ArtifactError
        If an .npz file is missing or damaged.
    """
    network = read_network(path)
    if not isinstance(network, FixedPointResNet):
        raise FormatError(
            f"{path} holds a float network; only integers can be compiled.",
            remedy="Name the error that is allowed with --epsilon, or compile fixed_point.npz.",
        )
    return network


def read_network(path: str | os.PathLike[str]) -> FixedPointResNet | ResNet:
    """Read an integer or a float network; see `read_fixed_point`."""
    path = Path(path)
    if path.suffix == ".json":
        return read_integer_network(path)
    if path.suffix != ".npz":
        raise FormatError(
            f"{path}: the ending doesn't tell the format of a network.",
            remedy="Give a .npz file of tetrakis or a .json file (docs/representation.md).",
        )
    return load_network(path)


def compile_float(
    path: str | os.PathLike[str],
    inputs: str | os.PathLike[str],
    epsilon: float,
    *,
    decision: Decision = "words",
    time_limit: float = 60.0,
    progress: Progress | None = None,
    **options: Any,
) -> Compiled:
    """Allocate the precision of a float network for the fewest AND nodes, and compile it.

    Gates are counted by compiling at effort 0. Inputs of one bit are taken to have no values but
    their codes.

    Parameters
    ----------
    path : path
        Of the float network.
    inputs : path
        Of an integer network with the formats of the inputs.
    epsilon : float
        Certified error that may be spent, in units of the network's output.
    decision, time_limit, progress, **options
        See `compile_fixed_point`; the time limit holds for the allocation as well.

    Raises
    ------
    FormatError
        If `path` doesn't hold a float network.
    BudgetError
        If `epsilon` can't be certified.
    """
    network = read_network(path)
    if not isinstance(network, ResNet):
        raise FormatError(
            f"{path} holds an integer network: its precision is fixed.",
            remedy="Leave --epsilon out, or name a float network, such as network.npz.",
        )
    formats = read_fixed_point(inputs).inputs
    report = progress or (lambda what, fraction: None)
    report("allocating precision", 0.0)
    allocation = allocate(
        network,
        input_formats=formats,
        tolerance=epsilon,
        gates=lambda fixed: compile_network(fixed, decision=decision, effort=0).num_gates,
        time_limit=time_limit,
        continuous=continuous_inputs(formats),
    )
    found = compile_fixed_point(
        allocation.fixed, decision=decision, time_limit=time_limit, progress=progress, **options
    )
    return replace(found, network=network, allocation=allocation)


def continuous_inputs(formats: Sequence[FixedPointFormat]) -> np.ndarray:
    """Mask of the inputs that stand for a range of values and not for two."""
    return np.array([f.bits > 1 for f in formats], bool)


def compile_fixed_point(
    fixed: FixedPointResNet,
    *,
    decision: Decision = "words",
    effort: int = 1,
    method: str = "builtin",
    time_limit: float = 60.0,
    progress: Progress | None = None,
) -> Compiled:
    """Compile, optimise and check a network.

    The circuit is simulated against the network's integers: on every input if at most 24 bits
    matter, else on a million random inputs and on corners (all of them up to 16 inputs).

    Parameters
    ----------
    fixed : FixedPointResNet
    decision, effort, progress
        See `tetrakis.circuit.compile_network`.
    method, time_limit
        See `tetrakis.circuit.optimise_with`.

    Raises
    ------
    CircuitError
        If a decision or method doesn't exist or doesn't fit the network.
    MissingDependencyError
        If the optimiser isn't installed.
    """
    check_method(method)
    report = progress or (lambda what, fraction: None)
    raw = compile_network(
        fixed,
        decision=decision,
        effort=effort,
        progress=lambda what, fraction: report(what, 0.8 * fraction),
    )
    report(f"optimising: {raw.num_gates:,} AND nodes", 0.8)
    optimised = optimise_with(raw, method, time_limit=time_limit)
    circuit = _named(optimised.aig, fixed, decision)
    report(f"checking: {circuit.num_gates:,} AND nodes", 0.9)
    checked = simulated(
        circuit,
        fixed,
        decision,
        exhaustive_bits=EXHAUSTIVE_BITS,
        rows=ROWS,
        corner_inputs=CORNER_INPUTS,
    )
    if checked.status == "refuted":
        raise RuntimeError(f"the compiled circuit is wrong: {checked.detail}")
    luts = _luts(circuit, time_limit)
    return Compiled(fixed, circuit, raw.num_gates, decision, effort, optimised, checked, luts)


def _luts(circuit: Aig, time_limit: float) -> int | None:
    try:
        return count_luts(circuit, seconds=time_limit)
    except (MissingDependencyError, ToolError, TimeLimitReached):
        return None


def output_widths(fixed: FixedPointResNet, decision: Decision) -> list[int]:
    """Bits of every output word of a compiled circuit."""
    if decision == "words":
        return output_words(fixed)
    return [1 if decision == "sign" else (fixed.n_outputs - 1).bit_length()]


def _words(names: Sequence[str], widths: Sequence[int], **more: Sequence[Any]) -> list[Any]:
    """Words as in encoding.json, with further fields per word."""
    words, start = [], 0
    for k, (name, width) in enumerate(zip(names, widths, strict=True)):
        own = {key: values[k] for key, values in more.items()}
        words.append({"name": name, "bits": list(range(start, start + width)), **own})
        start += width
    return words


def interface(fixed: FixedPointResNet, decision: Decision) -> dict[str, Any]:
    """Return the content of encoding.json: which circuit bits are which number."""
    widths = output_widths(fixed, decision)
    names = [f"y{k}" for k in range(len(widths))] if decision == "words" else ["y"]
    whole = decision == "words"
    exponents = fixed.output_exponent.tolist() if whole else [0]
    return {
        "schema": SCHEMA,
        "kind": "network",
        "decision": decision,
        "inputs": _words(
            [f"x{k}" for k in range(fixed.n_inputs)],
            [f.bits for f in fixed.inputs],
            signed=[f.signed for f in fixed.inputs],
            exponent=[f.exponent for f in fixed.inputs],
        ),
        "outputs": _words(names, widths, signed=[whole] * len(widths), exponent=exponents),
    }


def _named(circuit: Aig, fixed: FixedPointResNet, decision: Decision) -> Aig:
    words = interface(fixed, decision)
    names = [
        tuple(
            w["name"] if len(w["bits"]) == 1 else f"{w['name']}[{k}]"
            for w in words[side]
            for k in range(len(w["bits"]))
        )
        for side in ("inputs", "outputs")
    ]
    return Aig(circuit.num_pis, circuit.fanins, circuit.outputs, *names)


def claims_of_compiled(found: Compiled, source: str) -> dict[str, Any]:
    """Return the content of compile.json without files and digests."""
    circuit = found.circuit
    weights = num_weights(found.fixed)
    return {
        "schema": SCHEMA,
        "kind": "compile",
        "source": source,
        "decision": found.decision,
        "effort": found.effort,
        "num_gates": circuit.num_gates,
        "num_levels": circuit.num_levels,
        "num_pis": circuit.num_pis,
        "num_pos": circuit.num_pos,
        "num_luts": found.luts,
        "num_weights": weights,
        "compiled_gates": found.compiled_gates,
        "optimiser": found.optimised.method,
        "optimiser_status": found.optimised.status,
        "optimiser_detail": found.optimised.detail,
        "verified": "every input" if found.checked.status == "proved" else "simulation",
        "verified_detail": found.checked.detail,
        "epsilon_certified": None
        if found.allocation is None
        else found.allocation.certificate.value,
        "status": {
            **dict.fromkeys(("num_gates", "num_levels", "num_luts"), "upper bound"),
            "compiled_gates": "upper bound",
            "epsilon_certified": "certified",
            **dict.fromkeys(("num_pis", "num_pos", "num_weights"), "exact"),
        },
        "versions": {"tetrakis": tetrakis.__version__},
    }


def write_compiled(
    found: Compiled, folder: str | os.PathLike[str], *, source: str = "", force: bool = False
) -> None:
    """Write a compiled network: circuit in three formats, network, encoding.json, compile.json.

    Parameters
    ----------
    found : Compiled
    folder : path
        Written whole or not at all.
    source : str
        Name of the network's file, for compile.json.
    force : bool
        Write into a folder that has other files; they stay.

    Raises
    ------
    ArtifactError
        If the folder can't be written or isn't tetrakis' own.
    """
    claims = claims_of_compiled(found, source)
    with atomic_folder(folder, force=force) as target:
        save_network(found.fixed, target / "fixed_point.npz")
        if found.network is not None and found.allocation is not None:
            save_network(found.network, target / "network.npz")
            _write_prices(found.allocation.prices, target / "prices.csv")
        for name, format in CIRCUITS.items():
            FORMATS[format](found.circuit, str(target / name))
        words = interface(found.fixed, found.decision)
        (target / "encoding.json").write_text(words_json(words), encoding="utf-8")
        claims["files"] = {item.name: file_record(item) for item in sorted(target.iterdir())}
        write_document(sealed(claims), target / NAME)


def _write_prices(prices: Sequence[Price], path: Path) -> None:
    """Write what every last digit and bit costs and buys, most gates per error first."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["where", "kind", "gates", "error"])
        writer.writerows([p.where, p.kind, p.gates, repr(p.error)] for p in prices)


def words_json(words: dict[str, Any]) -> str:
    """One line per word."""
    lines = []
    for name, value in words.items():
        if isinstance(value, list) and value:
            rows = ",\n".join(f"    {json.dumps(word)}" for word in value)
            lines.append(f'  "{name}": [\n{rows}\n  ]')
        else:
            lines.append(f'  "{name}": {json.dumps(value)}')
    return "{\n" + ",\n".join(lines) + "\n}\n"
