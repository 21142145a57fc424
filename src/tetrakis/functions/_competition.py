"""Constructions compete: the smallest candidate that passes the simulation of all inputs wins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tetrakis.errors import BudgetError
from tetrakis.functions._approximation import Approximation, Tried, named
from tetrakis.functions._arithmetic import Arithmetic
from tetrakis.functions._candidate import MOST_WRONG, Candidate, Problem
from tetrakis.functions._constructions import (
    lattice_candidates,
    piece_candidates,
    table_candidates,
)
from tetrakis.functions._editing import EDIT_BITS
from tetrakis.functions._lattice_circuit import MAX_AXES
from tetrakis.functions._verify import Progress, Verification, verify_on_grid

CONSTRUCTIONS = ("table", "pieces", "lattice", "arithmetic", "network")
TABLE_BITS = 12
ATTEMPTS = 6
OF_EACH, SHRINK, WRONG_ROW = 2, 0.75, 0.4  # what editing makes of nodes and wrong inputs


@dataclass(frozen=True, eq=False)
class Competition:
    """Makes candidates, edits the best and verifies them.

    Parameters
    ----------
    problem : Problem
    seconds : float
        For the search for precisions of word arithmetic, for training networks, and for editing
        one candidate.
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
        won = self._best_edited(found) or self._first_verified(found, arithmetic)
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
        several, bits = len(problem.target.names) > 1, problem.grid.total_bits
        if "table" in constructions and bits <= TABLE_BITS:
            self.report("minimising truth tables", 0.12)
            found += table_candidates(problem)
        if "pieces" in constructions and not several:
            self.report("fitting linear pieces", 0.15)
            found += piece_candidates(problem)
        if "lattice" in constructions and 1 < len(problem.target.names) <= MAX_AXES:
            self.report("interpolating on lattices", 0.15)
            found += lattice_candidates(problem)
        if "network" in constructions and several and TABLE_BITS < bits <= EDIT_BITS:
            from tetrakis.functions._trained import network_candidates  # takes seconds to load

            self.report("training networks", 0.2)
            found += network_candidates(problem, seconds=self.seconds)
        if "arithmetic" not in constructions or problem.target.expression is None:
            return found, None
        self.report("searching word arithmetic", 0.35)
        words = Arithmetic(problem.target, problem.grid, problem.epsilon, seed=problem.seed)
        return found + words.candidates(seconds=self.seconds), words

    def _finalists(self, found: Sequence[Candidate]) -> list[tuple[float, Candidate]]:
        """Return the best two of each construction with what they may come to, smallest first."""
        ranked, rows = [], self.problem.grid.rows
        for candidate in found:
            if self.problem.can_edit(candidate):
                moved, wrong = self.problem.centred(candidate)
                if wrong <= MOST_WRONG:
                    size = SHRINK * candidate.aig.num_gates + WRONG_ROW * wrong * rows
                    ranked.append((size, moved if wrong else candidate))
        ranked.sort(key=lambda found: found[0])
        taken, kept = Counter[str](), []
        for size, candidate in ranked:
            taken[candidate.construction] += 1
            if taken[candidate.construction] <= OF_EACH:
                kept.append((size, candidate))
        return kept

    def _best_edited(self, found: Sequence[Candidate]) -> Approximation | None:
        """Edit the finalists; the smallest is edited further and verified."""
        best: Candidate | None = None
        tried: list[Tried] = []
        several = len(self.problem.target.names) > 1
        finalists = self._finalists(found)[: None if several else 1]  # pieces were edited already
        for number, (size, start) in enumerate(finalists):
            if best is not None and size >= best.aig.num_gates:
                tried.append(Tried(start.construction, start.aig.num_gates, None))
                continue
            share = 0.5 + 0.3 * number / len(finalists)
            self.report(f"editing {start.aig.num_gates:,} AND nodes ({start.construction})", share)
            made = self.problem.edited(start, seconds=self.seconds)
            tried.append(Tried(start.construction, (made or start).aig.num_gates, made is not None))
            if made is not None and (best is None or made.aig.num_gates < best.aig.num_gates):
                best = made
        if best is None:
            return None
        if several:
            self.report(f"editing {best.aig.num_gates:,} AND nodes ({best.construction})", 0.8)
            best = self.problem.shaken(best, seconds=self.seconds)
        verified = self._simulated(best)
        if verified.error > self.problem.epsilon:  # a function that isn't the same every time
            return None
        tried.sort(key=lambda t: t.num_gates)
        return self._won(best, verified, tuple(tried))

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
            self.report(what, 0.9 + 0.1 * fraction)

        problem = self.problem
        return verify_on_grid(
            candidate.aig, candidate.format, problem.target, problem.grid, progress=told
        )

    def _won(
        self, candidate: Candidate, verification: Verification, tried: tuple[Tried, ...]
    ) -> Approximation:
        problem = self.problem
        return Approximation(
            named(candidate.aig, problem.target, problem.grid), candidate.format, problem.target,
            problem.grid, problem.epsilon, verification, candidate.construction, tried,
        )  # fmt: skip
