"""The smallest circuit found that computes a function within a verified epsilon."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tetrakis.circuit import Aig, optimise, pack_rows, simulate
from tetrakis.errors import BudgetError
from tetrakis.functions._arithmetic import Arithmetic, Candidate
from tetrakis.functions._expression import Expression
from tetrakis.functions._format import OutputFormat, bits_for, centred, word_codes
from tetrakis.functions._lattice_circuit import (
    MAX_AXES,
    MAX_LATTICE,
    lattice_circuit,
    lattice_values,
)
from tetrakis.functions._rounding import enough_bits, input_rounding
from tetrakis.functions._singular import check_finite
from tetrakis.functions._tables import input_orders, table_circuit
from tetrakis.functions._target import Grid, Target, make_grid, make_target
from tetrakis.functions._univariate import edited, smallest_part
from tetrakis.functions._verify import Progress, Verification, verify_on_grid

Floats = NDArray[np.float64]
SHARES = (1.0, 0.5, 0.25)
TABLE_BITS, EDIT_BITS, KEPT_ROWS = 12, 14, 1 << 22
ATTEMPTS = 6
LATTICE_SAMPLE = 1 << 14
LATTICE_STEPS = ((1.0, 0), (1.0, 1), (0.5, 0), (0.5, 1))
CONSTRUCTIONS = ("table", "pieces", "lattice", "arithmetic")


@dataclass(frozen=True)
class Tried:
    """One candidate of the competition.

    Parameters
    ----------
    construction : str
    num_gates : int
    verified : bool or None
        Whether its error was within epsilon; None if a smaller one had won already.
    """

    construction: str
    num_gates: int
    verified: bool | None


@dataclass(frozen=True, eq=False)
class Approximation:
    """A circuit with the error that was verified on every representable input.

    Parameters
    ----------
    circuit : Aig
        Size is an upper bound on C(f, ε).
    format : OutputFormat
        What the output's codes stand for.
    target : Target
    grid : Grid
        The representable inputs.
    epsilon : float
        Asked for.
    verification : Verification
        Found by simulating every input.
    construction : str
        Which one won.
    tried : tuple of Tried
        All candidates, smallest first.
    """

    circuit: Aig
    format: OutputFormat
    target: Target
    grid: Grid
    epsilon: float
    verification: Verification
    construction: str
    tried: tuple[Tried, ...]

    @property
    def error(self) -> float:
        """Verified error, at most `epsilon`."""
        return self.verification.error

    def values(self, rows: NDArray[np.int64]) -> Floats:
        """Run the circuit on rows of the grid and decode."""
        bits = ((np.asarray(rows)[:, None] >> np.arange(self.grid.total_bits)) & 1) == 1
        codes = word_codes(
            simulate(self.circuit, pack_rows(bits)), len(bits), signed=self.format.signed
        )
        return self.format.values(codes)

    @property
    def num_gates(self) -> int:
        """AND nodes: an upper bound on C(f, ε)."""
        return self.circuit.num_gates


def approximate(
    function: str | Expression | Target | Callable[..., Any],
    box: Mapping[str, Sequence[float]],
    *,
    epsilon: float,
    input_bits: int | Sequence[int] = 8,
    every_real: bool = False,
    seconds: float = 20.0,
    seed: int = 0,
    constructions: Sequence[str] = CONSTRUCTIONS,
    progress: Progress | None = None,
) -> Approximation:
    """Find a small circuit whose output is within `epsilon` of a function on every input.

    Several constructions compete; the smallest circuit that passes the simulation of every
    representable input wins.

    Parameters
    ----------
    function : str or callable
        A formula (see `parse_formula`), or a callable from points ``(n, d)`` to ``(n,)``.
    box : mapping from variable to (low, high)
        In the order of the circuit's input words.
    epsilon : float
        Largest error allowed, in units of the function.
    input_bits : int or sequence of int
        Of each variable; at most 26 together.
    every_real : bool
        Let epsilon hold for every real input in the box, not only for the representable ones:
        the certified `input_rounding` is taken off first.
    seconds : float
        About how long the search for precisions of word arithmetic may take.
    seed : int
        Same seed, same circuit, but for searches that run out of time.
    constructions : sequence of str
        Which may compete: "table", "pieces", "lattice", "arithmetic".
    progress : callable, optional
        Called with what is done and a fraction.

    Returns
    -------
    Approximation

    Raises
    ------
    FormulaError
        If the formula can't be read, or isn't finite on the box.
    BudgetError
        If epsilon or the bits make no sense, or no construction reached epsilon.

    References
    ----------
    C(f, ε): [Jacot25]; the constructions are ours.

    Examples
    --------
    >>> from tetrakis.functions import approximate
    >>> found = approximate("x * x", {"x": (0, 1)}, epsilon=0.1, input_bits=4)
    >>> found.error <= 0.1, found.verification.rows
    (True, 16)
    """
    if not (np.isfinite(epsilon) and epsilon > 0):
        raise BudgetError(f"epsilon: expected a number > 0, got {epsilon:g}.")
    target = make_target(function, box)
    grid = make_grid(target, input_bits)
    unknown = sorted(set(constructions) - set(CONSTRUCTIONS))
    if unknown:
        raise BudgetError(
            f"There is no construction {unknown[0]!r}.",
            remedy=f"There are {', '.join(CONSTRUCTIONS)}.",
        )
    report = progress or (lambda what, fraction: None)
    check_finite(target)
    if every_real:
        epsilon = _room_left(target, grid, epsilon)
    lo, hi, values = _survey(target, grid, report)
    if hi - lo < 2e-15 * max(abs(lo), abs(hi)) or hi - lo <= 2 * epsilon * (1 - 1e-9):
        return _constant(target, grid, epsilon, (lo, hi))
    if epsilon < 1e-7 * (hi - lo):
        raise BudgetError(
            f"epsilon {epsilon:g} is less than 1e-7 of the function's range {hi - lo:g}: words of"
            " that many bits aren't searched for.",
            remedy="Allow more.",
        )
    competition = _Competition(target, grid, epsilon, (lo, hi), values, seconds, seed, report)
    return competition.run(constructions)


def _room_left(target: Target, grid: Grid, epsilon: float) -> float:
    """Return epsilon less the input rounding.

    Raises
    ------
    BudgetError
        If nothing is left; the message says how many input bits would do.
    """
    rounding = input_rounding(target, grid)
    if rounding is not None and rounding < epsilon * (1 - 1e-6):
        return epsilon - rounding
    if rounding is None:
        raise BudgetError(
            "The effect of input rounding can't be bounded: the function is a callable, or its"
            " slope is unbounded in the box.",
            remedy="Leave out --every-real, or choose a smaller box.",
        )
    half, any_ = (enough_bits(target, grid, share * epsilon) for share in (0.5, 0.999))
    needed = half or any_
    raise BudgetError(
        f"epsilon {epsilon:g}: rounding the inputs alone can move the function by {rounding:.4g}.",
        remedy=f"Use --input-bits {needed}, or allow a larger epsilon."
        if needed else "Allow a larger epsilon.",
    )  # fmt: skip


def _survey(target: Target, grid: Grid, report: Progress) -> tuple[float, float, Floats | None]:
    """Range of the function on the grid; the values where they fit into memory."""
    kept, lo, hi = [], np.inf, -np.inf
    for start, stop in grid.chunks():
        values = target.values(grid.points(np.arange(start, stop)))
        lo, hi = min(lo, float(values.min())), max(hi, float(values.max()))
        if grid.rows <= KEPT_ROWS:
            kept.append(values)
        report("evaluating the function", 0.1 * stop / grid.rows)
    return lo, hi, np.concatenate(kept) if kept else None


def _constant(
    target: Target, grid: Grid, epsilon: float, ends: tuple[float, float]
) -> Approximation:
    """Approximate a function that moves by less than 2 epsilon: no gates are needed."""
    format = OutputFormat(1, max(epsilon, 1e-300), (ends[0] + ends[1]) / 2)
    blank = Aig(grid.total_bits, np.zeros((0, 2), np.int32), np.zeros(1, np.int32))
    aig = named(blank, target, grid)
    found = verify_on_grid(aig, format, target, grid)
    return Approximation(
        aig, format, target, grid, epsilon, found, "constant", (Tried("constant", 0, True),)
    )


def named(aig: Aig, target: Target, grid: Grid) -> Aig:
    """Name the inputs after the variables and the outputs y."""
    inputs = [
        f"{name}[{i}]" for name, bits in zip(target.names, grid.bits, strict=True)
        for i in range(bits)
    ]  # fmt: skip
    taken = "f" if "y" in target.names else "y"
    outputs = tuple(f"{taken}[{i}]" for i in range(aig.num_pos))
    return Aig(aig.num_pis, aig.fanins, aig.outputs, tuple(inputs), outputs)


@dataclass(frozen=True, eq=False)
class _Competition:
    target: Target
    grid: Grid
    epsilon: float
    ends: tuple[float, float]
    values: Floats | None
    seconds: float
    seed: int
    report: Progress

    def run(self, constructions: Sequence[str]) -> Approximation:
        found: list[Candidate] = []
        arithmetic = None
        if "table" in constructions and self.grid.total_bits <= TABLE_BITS:
            self.report("minimising truth tables", 0.15)
            found += self._tables()
        if "pieces" in constructions and len(self.target.names) == 1:
            self.report("fitting linear pieces", 0.2)
            found += self._pieces()
        if "lattice" in constructions and 1 < len(self.target.names) <= MAX_AXES:
            self.report("interpolating on lattices", 0.25)
            found += self._lattices()
        if "arithmetic" in constructions and self.target.expression is not None:
            self.report("searching word arithmetic", 0.3)
            arithmetic = Arithmetic(self.target, self.grid, self.epsilon, seed=self.seed)
            found += arithmetic.candidates(seconds=self.seconds)
        won = self._first_verified(found, arithmetic)
        if won is None:
            raise BudgetError(
                f"No construction reached epsilon {self.epsilon:g} on {self.grid.rows:,} inputs.",
                remedy="Allow a larger epsilon, or give fewer input bits.",
            )
        return won

    def _formats(self) -> Iterator[OutputFormat]:
        lo, hi = self.ends
        for share in SHARES:
            step = self.epsilon * share
            room = 2 * (self.epsilon - step / 2) * 0.9
            yield centred(lo, hi, bits_for(hi - lo - room, step), step)

    def _pieces(self) -> list[Candidate]:
        assert self.values is not None
        made = []
        for format in self._formats():
            low, high = format.intervals(self.values, self.epsilon)
            part = smallest_part(low, high, format.bits, signed=False, seed=self.seed)
            if part is not None:
                made.append(Candidate(part.aig, format, part.kind))
        return made

    def _tables(self) -> list[Candidate]:
        assert self.values is not None
        made = []
        lo, hi = self.ends
        room = 2 * self.epsilon
        whole = centred(lo, hi, bits_for(hi - lo, room), room * (1 - 1e-12))
        for format in (whole, *self._formats()):
            low, high = format.intervals(self.values, self.epsilon)
            if (low > high).any():
                continue
            for order in input_orders(self.grid):
                aig = optimise(table_circuit((low + high) >> 1, format.bits, order))
                made.append(Candidate(aig, format, "truth table"))
        best = sorted(made, key=lambda c: c.aig.num_gates)[:2]
        return [self._edited(candidate) for candidate in best]

    def _lattices(self) -> list[Candidate]:
        """Tetrakis interpolants at the coarsest spacing that suffices on a sample."""
        rows = self.grid.sample(LATTICE_SAMPLE, np.random.default_rng(self.seed))
        wanted = self.target.values(self.grid.points(rows))
        words = pack_rows(((rows[:, None] >> np.arange(self.grid.total_bits)) & 1) == 1)
        for local_bits in range(min(self.grid.bits), 0, -1):
            points = np.prod([(1 << (b - local_bits)) + 1.0 for b in self.grid.bits])
            if points > MAX_LATTICE:
                break
            values = lattice_values(self.target.function, self.grid, local_bits)
            if not np.isfinite(values).all():
                continue
            made = []
            for share, guard in LATTICE_STEPS:
                step = share * self.epsilon
                aig, format = lattice_circuit(values, self.grid, local_bits, step=step, guard=guard)
                codes = word_codes(simulate(aig, words), len(rows), signed=format.signed)
                errors = format.values(codes) - wanted
                middle = float(errors.min() + errors.max()) / 2
                if float(errors.max() - errors.min()) / 2 <= self.epsilon:
                    format = replace(format, offset=format.offset - middle)
                    made.append(Candidate(optimise(aig), format, "Tetrakis interpolant"))
            if made:
                return [min(made, key=lambda c: c.aig.num_gates)]
        return []

    def _edited(self, candidate: Candidate) -> Candidate:
        """Edit while every code stays within epsilon, if all inputs can be rows."""
        if self.values is None or self.grid.total_bits > EDIT_BITS or not candidate.aig.num_gates:
            return candidate
        format = candidate.format
        low, high = format.intervals(self.values, self.epsilon)
        aig = edited(candidate.aig, low, high, signed=format.signed, seed=self.seed)
        return replace(candidate, aig=aig)

    def _first_verified(
        self, found: list[Candidate], arithmetic: Arithmetic | None
    ) -> Approximation | None:
        found = sorted(found, key=lambda c: c.aig.num_gates)
        tried: list[Tried] = []
        attempts = 0
        while found:
            candidate = found.pop(0)
            verified = self._verified(candidate)
            ok = verified[1].error <= self.epsilon
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

        def told(what: str, fraction: float) -> None:
            self.report(what, 0.7 + 0.3 * fraction)

        found = verify_on_grid(
            candidate.aig, candidate.format, self.target, self.grid, progress=told
        )
        centre = (found.least + found.most) / 2
        if found.error > self.epsilon and (found.most - found.least) / 2 <= self.epsilon:
            format = replace(candidate.format, offset=candidate.format.offset - centre)
            candidate = replace(candidate, format=format)
            found = verify_on_grid(candidate.aig, format, self.target, self.grid, progress=told)
        return candidate, found

    def _won(
        self, candidate: Candidate, verification: Verification, tried: tuple[Tried, ...]
    ) -> Approximation:
        """Edit the winner as a whole; an edited circuit is simulated again."""
        smaller = self._edited(candidate)
        if smaller.aig.num_gates < candidate.aig.num_gates:
            again = self._verified(smaller)
            if again[1].error <= self.epsilon:
                candidate, verification = again
        return Approximation(
            named(candidate.aig, self.target, self.grid), candidate.format, self.target,
            self.grid, self.epsilon, verification, candidate.construction, tried,
        )  # fmt: skip
