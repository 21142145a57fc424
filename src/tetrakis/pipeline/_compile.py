"""From a network to a circuit that is checked against the network's integers."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tetrakis.circuit import (
    Aig,
    Optimised,
    TimeLimitReached,
    check_method,
    compile_network,
    count_luts,
    optimise_with,
)
from tetrakis.circuit._emit import Decision
from tetrakis.compress import Allocation, allocate
from tetrakis.errors import FormatError, MissingDependencyError, ToolError
from tetrakis.network import FixedPointFormat, FixedPointResNet, ResNet
from tetrakis.pipeline._equivalence import Equivalence, simulated
from tetrakis.pipeline._read_network import read_fixed_point, read_network
from tetrakis.pipeline._words import with_words

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
    circuit = with_words(optimised.aig, fixed, decision)
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
