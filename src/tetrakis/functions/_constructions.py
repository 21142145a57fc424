"""The constructions that compete, but for word arithmetic: tables, linear pieces, lattices."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tetrakis.circuit import optimise
from tetrakis.functions._candidate import MOST_WRONG, Candidate, Problem
from tetrakis.functions._format import OutputFormat, bits_for, centred
from tetrakis.functions._lattice_circuit import MAX_LATTICE, lattice_circuit, lattice_values
from tetrakis.functions._tables import input_orders, table_circuit
from tetrakis.functions._univariate import smallest_part

SHARES = (1.0, 0.5, 0.25)
LATTICE_STEPS = ((1.0, 0), (1.0, 1), (0.5, 0), (0.5, 1))


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
    return [problem.edited(c) or c if problem.can_edit(c) else c for c in best]


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
    """Tetrakis interpolants at the coarsest spacings that suffice, but for a share of inputs."""
    found = []
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
            candidate = Candidate(optimise(aig), format, "Tetrakis interpolant")
            made.append(problem.centred(candidate))
        found += [candidate for candidate, wrong in made if wrong <= MOST_WRONG]
        if any(wrong == 0 for _, wrong in made):
            break
    return found
