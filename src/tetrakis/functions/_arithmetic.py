"""The construction by word arithmetic: how precise each intermediate word must be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tetrakis.circuit import Aig, optimise, pack_rows, simulate
from tetrakis.functions._candidate import Candidate
from tetrakis.functions._dataflow import Node, dataflow, evaluate_nodes
from tetrakis.functions._emit import Emitter, NotBuildable, PartMaker, Precision
from tetrakis.functions._format import OutputFormat, word_codes
from tetrakis.functions._target import Grid, Target
from tetrakis.functions._univariate import part_candidates, smallest_part

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]
STEPS = (1.5, 1.0, 0.7, 0.5)
REFINED = 3
SAMPLE, QUICK = 1 << 15, 10
START_BITS, MAX_WORD = 2, 14
SLACKS = (0.5, 0.7, 1.0)
# seconds that steps take on one core, about: counted in place of the clock, whose results vary
A_BUILD, A_NODE = 3e-3, 6e-6
A_PART = {True: (1e-2, 1.5e-4), False: (0.1, 2e-3)}  # quick or small: and for each entry


@dataclass(frozen=True, eq=False)
class Sample:
    """Rows of the grid with the function's values, packed input bits, and ranges of all nodes."""

    words: NDArray[np.uint64]
    values: Floats
    ranges: Mapping[Node, tuple[float, float]]


class Arithmetic:
    """Search for the cheapest precisions of a formula's words.

    Parameters
    ----------
    target : Target
    grid : Grid
    epsilon : float
    seed : int
    """

    def __init__(self, target: Target, grid: Grid, epsilon: float, *, seed: int = 0) -> None:
        self.target, self.grid, self.epsilon = target, grid, epsilon
        self.rng = np.random.default_rng(seed)
        assert target.expression is not None
        self.root = dataflow(target.expression)
        self._parts: dict[tuple[bytes, bytes, int, bool, bool], Aig | None] = {}
        self.spent = 0.0
        self.rows = grid.sample(SAMPLE, self.rng)
        self.sample = self._sampled()

    def _sampled(self) -> Sample | None:
        """Evaluate the sample; None if a word of the formula isn't finite somewhere."""
        if self.root is None or self.root.kind == "leaf":
            return None
        points = self.grid.points(self.rows)
        columns = dict(zip(self.target.names, points.T, strict=True))
        found = evaluate_nodes(self.root, columns)
        ranges = {}
        for node, values in found.items():
            if not np.isfinite(values).all():
                return None
            ranges[node] = (float(np.min(values)), float(np.max(values)))
        bits = ((self.rows[:, None] >> np.arange(self.grid.total_bits)) & 1).astype(np.bool_)
        return Sample(pack_rows(bits), self.target.values(points), ranges)

    def add_rows(self, rows: Longs) -> None:
        """Look at further rows of the grid from now on."""
        self.rows = np.unique(np.concatenate([self.rows, rows]))
        self.sample = self._sampled()

    def build(self, precision: Precision, make_part: PartMaker) -> tuple[Aig, OutputFormat, float]:
        """Build; return the circuit, its format centred on the sample, and its error there.

        Raises
        ------
        NotBuildable
        """
        assert self.sample is not None and self.root is not None
        emitter = Emitter(self.target.names, self.grid, self.sample.ranges, precision, make_part)
        made = emitter.emit(self.root, precision.step, "step")
        aig = emitter.builder.build(made.word.bits)
        self.spent += A_BUILD + A_NODE * aig.num_gates
        codes = word_codes(
            simulate(aig, self.sample.words), len(self.rows), signed=made.word.signed
        )
        errors = made.offset + made.step * codes - self.sample.values
        middle = (errors.min() + errors.max()) / 2
        format = OutputFormat(aig.num_pos, made.step, made.offset - middle, made.word.signed)
        return aig, format, float((errors.max() - errors.min()) / 2)

    def quick_part(self, low: Longs, high: Longs, bits: int, signed: bool) -> Aig | None:
        """Return a circuit of a table within a fraction of a second."""
        return self._part(low, high, bits, signed, True)

    def small_part(self, low: Longs, high: Longs, bits: int, signed: bool) -> Aig | None:
        """Return a table's smallest circuit that can be found within seconds."""
        return self._part(low, high, bits, signed, False)

    def _part(self, low: Longs, high: Longs, bits: int, signed: bool, quick: bool) -> Aig | None:
        key = (low.tobytes(), high.tobytes(), bits, signed, quick)
        if key not in self._parts:
            once, entry = A_PART[quick]
            self.spent += once + entry * len(low)
            if quick:
                table = len(low) <= 256
                found = part_candidates(low, high, bits, signed=signed, built=QUICK, table=table,
                                        quick=True)  # fmt: skip
                found = found or part_candidates(low, high, bits, signed=signed, built=QUICK)
                self._parts[key] = found[0].aig if found else None
            else:
                best = smallest_part(low, high, bits, signed=signed, edits=2)
                self._parts[key] = None if best is None else best.aig
        return self._parts[key]

    def start(self, factor: float) -> Precision | None:
        """Return precisions that are surely good enough, for an output step of `factor` ε."""
        assert self.sample is not None and self.root is not None
        lo, hi = self.sample.ranges[self.root]
        whole = max(1, int(np.ceil(np.log2(max((hi - lo) / self.epsilon, 2.0)))))
        for more in range(START_BITS, START_BITS + 6):
            made = Precision(
                dict.fromkeys(self.sample.ranges, min(whole + more, MAX_WORD)),
                dict.fromkeys(self.sample.ranges, 0), factor * self.epsilon, 0.5,
            )  # fmt: skip
            if self._gates(made) is not None:
                return made
        return None

    def _gates(self, precision: Precision) -> int | None:
        """AND nodes of quick parts, or None if the error is too large."""
        try:
            aig, _, error = self.build(precision, self.quick_part)
        except NotBuildable:
            return None
        return aig.num_gates if error <= self.epsilon * (1 - 1e-6) else None

    def descend(self, start: Precision, deadline: float) -> tuple[int, Precision]:
        """Take precision away wherever that saves gates and the error allows it."""
        best, gates = start, self._gates(start)
        assert gates is not None
        moved = True
        while moved and self.spent < deadline:
            moved = False
            for name, node, change in self._moves():
                while self.spent < deadline:
                    trial = _changed(best, name, node, change)
                    found = None if trial is None else self._gates(trial)
                    if trial is None or found is None or found >= gates:
                        break
                    best, gates, moved = trial, found, True
        return gates, best

    def _moves(self, *, back: bool = False) -> list[tuple[str, Node, int]]:
        """List changes that take precision away, or with `back` give some, in a random order."""
        assert self.sample is not None
        moves = []
        for node in self.sample.ranges:
            moves.append(("bits", node, 1 if back else -1))
            if node.kind == "sum":
                moves.append(("cut", node, -1 if back else 1))
        order = self.rng.permutation(len(moves))
        return [moves[i] for i in order]

    def candidates(self, *, seconds: float) -> list[Candidate]:
        """Search for about `seconds`, by counting steps; smallest first."""
        if self.sample is None:
            return []
        begin = self.spent
        found = []
        for index, factor in enumerate(STEPS):
            start = self.start(factor)
            if start is not None:
                deadline = begin + 0.4 * seconds * (index + 1) / len(STEPS)
                found.append(self.descend(start, deadline))
        found.sort(key=lambda pair: pair[0])
        made = []
        for index, (_, precision) in enumerate(found[:REFINED]):
            deadline = begin + seconds * (0.4 + 0.6 * (1 + index) / REFINED)
            made += self.refined(precision, deadline)
        return sorted(made, key=lambda c: c.aig.num_gates)

    def refined(self, precision: Precision, deadline: float) -> list[Candidate]:
        """Go on with small parts: one bit more or less anywhere, while that saves gates."""
        best, made = precision, self.finished(precision)
        moved = True
        while moved and self.spent < deadline:
            moved = False
            for name, node, change in [*self._moves(), *self._moves(back=True)]:
                trial = _changed(best, name, node, change)
                if trial is None or self.spent >= deadline:
                    continue
                found = self.finished(trial)
                least = min((c.aig.num_gates for c in made), default=np.inf)
                if found and min(c.aig.num_gates for c in found) < least:
                    best, moved = trial, True
                    made += found
        return made

    def finished(self, precision: Precision) -> list[Candidate]:
        """Build with small parts, at several slacks of the tables."""
        made = []
        for slack in SLACKS:
            try:
                aig, format, error = self.build(replace(precision, slack=slack), self.small_part)
            except NotBuildable:
                continue
            if error <= self.epsilon * (1 - 1e-6):
                made.append(Candidate(optimise(aig), format, "word arithmetic"))
        return made


def _changed(precision: Precision, name: str, node: Node, change: int) -> Precision | None:
    values = dict(precision.bits if name == "bits" else precision.cut)
    values[node] += change
    if values[node] < (name == "bits") or (name == "bits" and values[node] > MAX_WORD):
        return None
    if name == "bits":
        return replace(precision, bits=values)
    return replace(precision, cut=values)
