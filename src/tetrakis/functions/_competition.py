"""Constructions compete: the smallest candidate that passes the simulation of all inputs wins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tetrakis.errors import BudgetError
from tetrakis.functions._approximation import Approximation, Tried, named
from tetrakis.functions._arithmetic import Arithmetic, Candidate
from tetrakis.functions._constructions import (
    Problem,
    edited_candidate,
    lattice_candidates,
    piece_candidates,
    table_candidates,
)
from tetrakis.functions._lattice_circuit import MAX_AXES
from tetrakis.functions._verify import Progress, Verification, verify_on_grid

CONSTRUCTIONS = ("table", "pieces", "lattice", "arithmetic")
TABLE_BITS = 12
ATTEMPTS = 6


@dataclass(frozen=True, eq=False)
class Competition:
    """Makes candidates and verifies them, smallest first.

    Parameters
    ----------
    problem : Problem
    seconds : float
        For the search for precisions of word arithmetic.
    report : callable
        Called with what is done and a fraction.
    """

    problem: Problem
    seconds: float
    report: Progress

    def run(self, constructions: Sequence[str]) -> Approximation:
        """Return the winner.

        Raises
        ------
        BudgetError
            If no candidate reached epsilon.
        """
        found, arithmetic = self._candidates(constructions)
        won = self._first_verified(found, arithmetic)
        if won is None:
            raise BudgetError(
                f"No construction reached epsilon {self.problem.epsilon:g} on"
                f" {self.problem.grid.rows:,} inputs.",
                remedy="Allow a larger epsilon, or give fewer input bits.",
            )
        return won

    def _candidates(
        self, constructions: Sequence[str]
    ) -> tuple[list[Candidate], Arithmetic | None]:
        problem, found = self.problem, list[Candidate]()
        if "table" in constructions and problem.grid.total_bits <= TABLE_BITS:
            self.report("minimising truth tables", 0.15)
            found += table_candidates(problem)
        if "pieces" in constructions and len(problem.target.names) == 1:
            self.report("fitting linear pieces", 0.2)
            found += piece_candidates(problem)
        if "lattice" in constructions and 1 < len(problem.target.names) <= MAX_AXES:
            self.report("interpolating on lattices", 0.25)
            found += lattice_candidates(problem)
        if "arithmetic" not in constructions or problem.target.expression is None:
            return found, None
        self.report("searching word arithmetic", 0.3)
        words = Arithmetic(problem.target, problem.grid, problem.epsilon, seed=problem.seed)
        return found + words.candidates(seconds=self.seconds), words

    def _first_verified(
        self, found: list[Candidate], arithmetic: Arithmetic | None
    ) -> Approximation | None:
        found = sorted(found, key=lambda c: c.aig.num_gates)
        tried: list[Tried] = []
        attempts = 0
        while found:
            candidate = found.pop(0)
            verified = self._verified(candidate)
            ok = verified[1].error <= self.problem.epsilon
            tried.append(Tried(candidate.construction, candidate.aig.num_gates, ok))
            if ok:
                rest = [Tried(c.construction, c.aig.num_gates, None) for c in found]
                return self._won(*verified, (*tried, *rest))
            if candidate.construction == "word arithmetic" and arithmetic is not None:
                attempts += 1
                if attempts > ATTEMPTS:
                    continue
                arithmetic.add_rows(verified[1].worst)
                others = [c for c in found if c.construction != "word arithmetic"]
                again = arithmetic.candidates(seconds=self.seconds / 4)
                found = sorted([*others, *again], key=lambda c: c.aig.num_gates)
        return None

    def _verified(self, candidate: Candidate) -> tuple[Candidate, Verification]:
        """Simulate everything; once more if another offset makes the error small enough."""
        found, epsilon = self._simulated(candidate), self.problem.epsilon
        centre = (found.least + found.most) / 2
        if found.error > epsilon and (found.most - found.least) / 2 <= epsilon:
            format = replace(candidate.format, offset=candidate.format.offset - centre)
            candidate = replace(candidate, format=format)
            found = self._simulated(candidate)
        return candidate, found

    def _simulated(self, candidate: Candidate) -> Verification:
        def told(what: str, fraction: float) -> None:
            self.report(what, 0.7 + 0.3 * fraction)

        problem = self.problem
        return verify_on_grid(
            candidate.aig, candidate.format, problem.target, problem.grid, progress=told
        )

    def _won(
        self, candidate: Candidate, verification: Verification, tried: tuple[Tried, ...]
    ) -> Approximation:
        """Edit the winner as a whole; an edited circuit is simulated again."""
        problem = self.problem
        smaller = edited_candidate(problem, candidate)
        if smaller.aig.num_gates < candidate.aig.num_gates:
            again = self._verified(smaller)
            if again[1].error <= problem.epsilon:
                candidate, verification = again
        return Approximation(
            named(candidate.aig, problem.target, problem.grid), candidate.format, problem.target,
            problem.grid, problem.epsilon, verification, candidate.construction, tried,
        )  # fmt: skip
