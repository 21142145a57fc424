"""From a trained lift to circuits: input codes, rounding at several precisions, compilation."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from tetrakis.compress import quantise
from tetrakis.errors import BudgetError, NetworkError
from tetrakis.learners._candidate import Candidate, with_names
from tetrakis.learners._choose import pareto
from tetrakis.learners._compress_sources import Sources, Trial
from tetrakis.learners._on_codes import data_prices, on_codes
from tetrakis.learners._shift import lift_values, values_as_relus
from tetrakis.learners._tabulate import readings, tabulated
from tetrakis.measures import num_digits
from tetrakis.network import FixedPointResNet, TableBlock

DELTAS = tuple(2.0**k for k in range(-11, 1))
ACTIVATION_BITS = (3, 4, 5, 6, 8)
MOST_COMPILED = 10
PRICED = 1000
GRAINS = (-1, -2, -3, -4)  # of the outputs of tables, in units of the target or of the loss


def compressed(
    sources: Sources,
    *,
    label: str,
    deltas: Sequence[float] = DELTAS,
    activation_bits: Sequence[int] = ACTIVATION_BITS,
) -> tuple[Candidate, ...]:
    """Round a lift at several precisions and compile those that can matter.

    Parameters
    ----------
    sources : Sources
    label : str
    deltas, activation_bits : sequence
        Of `quantise`; all pairs are tried, ten at most are compiled, and ten table networks where
        the lift is a composition of functions of few bits (`tabulated`).

    Returns
    -------
    tuple of Candidate
        A Pareto front. The network of a candidate that was tabulated is that of its tables.

    Raises
    ------
    BudgetError
        If there is nothing to compile.
    """
    problem, found = sources.problem, []
    trials = [
        *_worth_compiling(_rounded(sources, deltas, activation_bits)),
        *_worth_compiling(_tabulated(sources, activation_bits)),
    ]
    if not trials:
        raise BudgetError(
            "no precision was given that can be compiled.",
            remedy="Give deltas and activation_bits, or leave them out.",
        )
    for trial in trials:
        circuit = problem.compile(trial.fixed)
        own = sources.encoding.with_output(problem.output(trial.fixed, circuit))
        how = ", tabulated" if trial.network is None else ""
        found.append(
            Candidate(
                with_names(circuit, own), own, trial.train, trial.held, "circuit", label + how,
                start="lift", trained=(trial.network or trial.fixed.to_resnet(), trial.fixed),
            )
        )  # fmt: skip
    return pareto(found)


def _rounded(
    sources: Sources, deltas: Sequence[float], activation_bits: Sequence[int]
) -> list[Trial]:
    """Round weights and activations."""
    encoding, train = sources.encoding, sources.train
    lift = values_as_relus(sources.lift, sources.units)
    network = on_codes(lift, sources.standard, encoding, sources.X)
    values = sources.codes[train] / 2.0 ** np.array([len(word.bits) for word in encoding.inputs])
    prices = data_prices(network, values[:: max(1, len(values) // PRICED)])
    maxima = [a.max(axis=0, initial=0.0) for a in network.activations(values)]
    trials = []
    for delta, size in product(deltas, activation_bits):
        try:
            fixed, _ = quantise(
                network, input_formats=encoding.formats, delta=delta, activation_bits=size,
                maxima=maxima, prices=prices,
            )  # fmt: skip
        except NetworkError:  # too fine for 62 bits
            continue
        trials.append(sources.trial(network, fixed, num_digits(fixed) * (size + 2)))
    return trials


def _tabulated(sources: Sources, bits: Sequence[int]) -> list[Trial]:
    """Look constituents up; inputs have as many bits as the numbers handed on, one more or less."""
    trials = []
    exact, reads = lift_values(sources.lift, sources.units), readings(sources.lift)
    grains = GRAINS[:1] if sources.problem.decision == "sign" else GRAINS
    for read, handed in sorted(
        {(b, b + more) for b in bits for more in (-1, 0, 1) if b + more > 0}
    ):
        for fixed in tabulated(
            sources.lift, reads, exact, sources.codes[sources.train], sources.encoding,
            decision=sources.problem.decision, input_bits=read, value_bits=handed, grains=grains,
        ):  # fmt: skip
            trials.append(sources.trial(None, fixed, _entry_bits(fixed, handed)))
    return trials


def _entry_bits(fixed: FixedPointResNet, handed: int) -> float:
    """Bits of all entries: about four for an AND node."""
    lo, hi = fixed.ranges.outputs.T
    last = float(np.log2(hi - lo + 1.0).mean())
    return sum(
        g.entries.size * (last if block is fixed.blocks[-1] else handed)
        for block in fixed.blocks if isinstance(block, TableBlock) for g in block.groups
    )  # fmt: skip


def _worth_compiling(trials: list[Trial]) -> list[Trial]:
    """Keep those that no other beats in score and estimated size, evenly if there are many."""
    front: list[Trial] = []
    for trial in sorted(trials, key=lambda t: (t.size, -t.held)):
        if not front or trial.held > front[-1].held:
            front.append(trial)
    if len(front) <= MOST_COMPILED:
        return front
    kept = np.unique(np.linspace(0, len(front) - 1, MOST_COMPILED).round().astype(int))
    return [front[p] for p in kept]
