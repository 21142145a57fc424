"""The constructions that compete, but for word arithmetic: tables, linear pieces, lattices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tetrakis.circuit import optimise, pack_rows, simulate
from tetrakis.functions._arithmetic import Candidate
from tetrakis.functions._format import OutputFormat, bits_for, centred, word_codes
from tetrakis.functions._lattice_circuit import MAX_LATTICE, lattice_circuit, lattice_values
from tetrakis.functions._tables import input_orders, table_circuit
from tetrakis.functions._target import Grid, Target
from tetrakis.functions._univariate import edited, smallest_part

SHARES = (1.0, 0.5, 0.25)
EDIT_BITS = 14
LATTICE_SAMPLE = 1 << 14
LATTICE_STEPS = ((1.0, 0), (1.0, 1), (0.5, 0), (0.5, 1))


@dataclass(frozen=True, eq=False)
class Problem:
    """What all constructions are about.

    Parameters
    ----------
    target : Target
    grid : Grid
    epsilon : float
        Largest error allowed on the grid.
    ends : (float, float)
        Least and largest value of the function on the grid.
    values : ndarray or None
        Of the function on the grid; None if they are too many.
    seed : int
    """

    target: Target
    grid: Grid
    epsilon: float
    ends: tuple[float, float]
    values: NDArray[np.float64] | None
    seed: int


def formats(problem: Problem) -> Iterator[OutputFormat]:
    """Output formats of steps up to epsilon."""
    lo, hi = problem.ends
    for share in SHARES:
        step = problem.epsilon * share
        room = 2 * (problem.epsilon - step / 2) * 0.9
        yield centred(lo, hi, bits_for(hi - lo - room, step), step)


def table_candidates(problem: Problem) -> list[Candidate]:
    """Truth tables: the best two, edited."""
    assert problem.values is not None
    made = []
    lo, hi = problem.ends
    room = 2 * problem.epsilon
    whole = centred(lo, hi, bits_for(hi - lo, room), room * (1 - 1e-12))
    for format in (whole, *formats(problem)):
        low, high = format.intervals(problem.values, problem.epsilon)
        if (low > high).any():
            continue
        for order in input_orders(problem.grid):
            aig = optimise(table_circuit((low + high) >> 1, format.bits, order))
            made.append(Candidate(aig, format, "truth table"))
    best = sorted(made, key=lambda c: c.aig.num_gates)[:2]
    return [edited_candidate(problem, candidate) for candidate in best]


def piece_candidates(problem: Problem) -> list[Candidate]:
    """Linear pieces of a function of one variable."""
    assert problem.values is not None
    made = []
    for format in formats(problem):
        low, high = format.intervals(problem.values, problem.epsilon)
        part = smallest_part(low, high, format.bits, signed=False, seed=problem.seed)
        if part is not None:
            made.append(Candidate(part.aig, format, part.kind))
    return made


def lattice_candidates(problem: Problem) -> list[Candidate]:
    """Tetrakis interpolants at the coarsest spacing that suffices on a sample."""
    rows = problem.grid.sample(LATTICE_SAMPLE, np.random.default_rng(problem.seed))
    wanted = problem.target.values(problem.grid.points(rows))
    words = pack_rows(((rows[:, None] >> np.arange(problem.grid.total_bits)) & 1) == 1)
    for local_bits in range(min(problem.grid.bits), 0, -1):
        points = np.prod([(1 << (b - local_bits)) + 1.0 for b in problem.grid.bits])
        if points > MAX_LATTICE:
            break
        values = lattice_values(problem.target.function, problem.grid, local_bits)
        if not np.isfinite(values).all():
            continue
        made = []
        for share, guard in LATTICE_STEPS:
            step = share * problem.epsilon
            aig, format = lattice_circuit(values, problem.grid, local_bits, step=step, guard=guard)
            codes = word_codes(simulate(aig, words), len(rows), signed=format.signed)
            errors = format.values(codes) - wanted
            middle = float(errors.min() + errors.max()) / 2
            if float(errors.max() - errors.min()) / 2 <= problem.epsilon:
                format = replace(format, offset=format.offset - middle)
                made.append(Candidate(optimise(aig), format, "Tetrakis interpolant"))
        if made:
            return [min(made, key=lambda c: c.aig.num_gates)]
    return []


def edited_candidate(problem: Problem, candidate: Candidate) -> Candidate:
    """Edit while every code stays within epsilon, if all inputs can be rows."""
    if problem.values is None or problem.grid.total_bits > EDIT_BITS or not candidate.aig.num_gates:
        return candidate
    format = candidate.format
    low, high = format.intervals(problem.values, problem.epsilon)
    aig = edited(candidate.aig, low, high, signed=format.signed, seed=problem.seed)
    return replace(candidate, aig=aig)
