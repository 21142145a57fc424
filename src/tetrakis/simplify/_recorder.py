"""What a run of the editor keeps: circuits on the front of size and loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from tetrakis.circuit import Aig, optimise
from tetrakis.simplify._aig_graph import aig_of
from tetrakis.simplify._engine import Rows
from tetrakis.simplify._graph import Graph
from tetrakis.simplify._path import SimplificationPath
from tetrakis.simplify._signals import MISMATCH

PASSES, POLISHED = 6, 3000
Progress = Callable[[int, float, float | None], None]


class Point(NamedTuple):
    """A circuit recorded, with its loss on the rows and on the guard rows (NaN without)."""

    size: int
    loss: float
    guard: float
    circuit: Aig


class Recorder:
    """Keeps circuits that are smaller than all before, or fit better than all that are smaller."""

    def __init__(self, aig: Aig, rows: Rows, guard: Rows | None, progress: Progress | None) -> None:
        self.aig, self.rows, self.guard, self.progress = aig, rows, guard, progress
        self.points: tuple[Point, ...] = ()
        self.rounds = self.scored = 0

    def add(self, graph: Graph, loss: float, circuit: Aig | None = None) -> None:
        """Record a point unless one recorded is no larger and no worse."""
        made = aig_of(graph) if circuit is None else circuit
        size = made.num_gates
        if any(p.size <= size and p.loss <= loss for p in self.points):
            return
        guard = float("nan") if self.guard is None else float(self.guard.losses(graph).sum())
        kept = (p for p in self.points if p.size < size or p.loss < loss)
        self.points = (*kept, Point(size, loss, guard, made))

    def polish(self) -> None:
        """Optimise the circuits as they are, where that takes little time."""
        for point in sorted(self.points, key=lambda p: p.size):
            if point.size > POLISHED:
                return
            made = optimise(point.circuit, max_passes=PASSES)
            if made.num_gates < point.size:
                rest = [p for p in self.points if p is not point]
                better = point._replace(size=made.num_gates, circuit=made)
                kept = (p for p in rest if p.size < better.size or p.loss < better.loss)
                self.points = (*kept, better)

    def tell(self) -> None:
        """Report the latest point."""
        if self.progress is not None:
            size, loss, guard, _ = self.points[-1]
            self.progress(size, loss, None if self.guard is None else guard)

    def path(self, contradictory: int, *, finished: bool, interrupted: bool) -> SimplificationPath:
        """Return the points with the names of the start's inputs and outputs."""
        points = sorted(self.points, key=lambda p: -p.size)
        named = tuple(
            replace(p.circuit, input_names=self.aig.input_names, output_names=self.aig.output_names)
            for p in points
        )
        return SimplificationPath(
            named,
            np.array([p.loss for p in points]),
            None if self.guard is None else np.array([p.guard for p in points]),
            float(self.rows.weight.sum()),
            0.0 if self.guard is None else float(self.guard.weight.sum()),
            contradictory,
            self.rounds,
            finished,
            self.rows.kind == MISMATCH and bool((self.rows.weight == 1).all()),
            interrupted,
            self.scored,
        )
