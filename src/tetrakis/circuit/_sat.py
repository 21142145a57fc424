"""Merging equal gates of one circuit by SAT, from the inputs to the outputs."""

from __future__ import annotations

import time
import warnings
from importlib.util import find_spec
from types import TracebackType
from typing import Any, Literal

import numpy as np

from tetrakis.circuit._aig import Aig
from tetrakis.circuit._simulate import Words, pack_rows, simulate_nodes

GATE_CONFLICTS = 300
OUTPUT_CONFLICTS = 20_000
_WORDS = 64
_PASSES = 6
Answer = tuple[Literal["equal", "different", "unknown"], "tuple[bool, ...] | None"]


def is_available() -> bool:
    """Whether python-sat is installed."""
    return find_spec("pysat") is not None


class Sweep:
    """One incremental solver over the gates of a circuit; use it as a context manager.

    Parameters
    ----------
    aig : Aig
    end : float
        When to stop, by `time.monotonic`.

    References
    ----------
    A. Mishchenko, S. Chatterjee, R. Jiang, R. Brayton, FRAIGs: a unifying representation for
    logic synthesis and verification, 2005.
    """

    def __init__(self, aig: Aig, end: float) -> None:
        with warnings.catch_warnings():  # the package's own affairs
            warnings.simplefilter("ignore")
            from pysat.solvers import Glucose4

        self.aig, self.end = aig, end
        self.solver: Any = Glucose4()
        self.solver.add_clause([-1])  # SAT variable v + 1 is circuit variable v; 0 is false
        self.known = np.zeros(1 + aig.num_pis + aig.num_gates, bool)
        self.known[: 1 + aig.num_pis] = True
        self.fanins: list[list[int]] = aig.fanins.tolist()
        self.moved: list[int] = list(range(0, 2 * len(self.known), 2))
        self.proved = 0

    def __enter__(self) -> Sweep:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.solver.delete()

    def merge(self) -> None:
        """Look for gates that agree on all patterns seen and prove them equal.

        A pass goes through the gates once; inputs that tell candidates apart join the patterns
        of the next pass.
        """
        rng = np.random.default_rng(0)
        words = rng.integers(0, 2**64, (self.aig.num_pis, _WORDS), dtype=np.uint64)
        for _ in range(_PASSES):
            rows = self._pass(simulate_nodes(self.aig, words))
            if not rows or time.monotonic() > self.end:
                return
            words = np.concatenate([words, pack_rows(np.array(rows, bool))], axis=1)

    def _pass(self, values: Words) -> list[tuple[bool, ...]]:
        flips = (values[:, 0] & np.uint64(1)).astype(bool)
        values[flips] = ~values[flips]
        heads: dict[bytes, int] = {}
        rows: list[tuple[bool, ...]] = []
        for v in range(len(values)):
            if self.moved[v] != 2 * v:
                continue
            head = heads.setdefault(values[v].tobytes(), v)
            if head == v or v <= self.aig.num_pis:
                continue
            target = 2 * head + int(flips[v] != flips[head])
            status, row = self._ask(2 * v, target, GATE_CONFLICTS)
            if status == "equal":
                self._equate(v, target)
            elif row is not None:
                rows.append(row)
            if time.monotonic() > self.end:
                break
        return rows

    def compare(self, a: int, b: int) -> Answer:
        """Compare two literals, with as many conflicts as the time allows."""
        conflicts = OUTPUT_CONFLICTS
        while True:
            status, row = self._ask(a, b, conflicts)
            if status == "equal" and a >> 1 != b >> 1:
                self._equate(max(a, b) >> 1, min(a, b) ^ (max(a, b) & 1))
            if status != "unknown" or time.monotonic() > self.end:
                return status, row
            conflicts *= 2

    def _resolved(self, literal: int) -> int:
        found = self.moved[literal >> 1] ^ (literal & 1)
        while self.moved[found >> 1] != found & ~1:
            found = self.moved[found >> 1] ^ (found & 1)
        return found

    def _equate(self, v: int, target: int) -> None:
        self.moved[v] = target
        self.proved += 1
        a, b = self._literal(2 * v), self._literal(target)
        self.solver.add_clause([-a, b])
        self.solver.add_clause([a, -b])

    @staticmethod
    def _literal(x: int) -> int:
        return -((x >> 1) + 1) if x & 1 else (x >> 1) + 1

    def _ask(self, a: int, b: int, conflicts: int) -> Answer:
        """Ask for inputs that tell two literals apart."""
        a, b = self._resolved(a), self._resolved(b)
        if a == b:
            return "equal", None
        self._load(a >> 1)
        self._load(b >> 1)
        x, y = self._literal(a), self._literal(b)
        unknown = False
        for assumptions in ([x, -y], [-x, y]):
            self.solver.conf_budget(conflicts)
            found = self.solver.solve_limited(assumptions=assumptions)
            if found:
                return "different", self._inputs()
            unknown |= found is None
        return ("unknown" if unknown else "equal"), None

    def _inputs(self) -> tuple[bool, ...]:
        model = self.solver.get_model()
        bits = [False] * self.aig.num_pis
        for literal in model[1 : self.aig.num_pis + 1]:
            bits[abs(literal) - 2] = literal > 0
        return tuple(bits)

    def _load(self, v: int) -> None:
        """Give the clauses of a gate's cone to the solver, merged gates replaced."""
        stack = [v]
        first = 1 + self.aig.num_pis
        while stack:
            v = stack.pop()
            if self.known[v]:
                continue
            self.known[v] = True
            a, b = (self._resolved(x) for x in self.fanins[v - first])
            out, left, right = v + 1, self._literal(a), self._literal(b)
            self.solver.add_clause([-out, left])
            self.solver.add_clause([-out, right])
            self.solver.add_clause([out, -left, -right])
            stack += [a >> 1, b >> 1]
