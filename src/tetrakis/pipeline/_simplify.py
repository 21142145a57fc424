"""Edit a circuit from several seeds, put the paths together, and choose a point."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from threading import Event

import numpy as np

from tetrakis.circuit import Aig
from tetrakis.errors import BudgetError
from tetrakis.pipeline._simplify_choose import choose, pareto
from tetrakis.pipeline._simplify_rows import EditRows
from tetrakis.pipeline._simplify_values import Earlier, Point, Run, Simplified, Wish
from tetrakis.simplify import Schedule, SimplificationPath, contradictions, simplify

Progress = Callable[[int, int, float, "float | None"], None]
Report = Callable[[int, float, "float | None"], None]
ROUNDING = 1e-9
HEARTBEAT = 0.2


def simplify_circuit(
    start: Aig,
    rows: EditRows,
    *,
    guard: EditRows | None = None,
    wish: Wish | None = None,
    seeds: Sequence[int] = (0,),
    jobs: int = 1,
    earlier: Earlier | None = None,
    progress: Progress | None = None,
) -> Simplified:
    """Edit a circuit once for every seed and choose among all circuits found.

    Parameters
    ----------
    start : Aig
    rows : EditRows
    guard : EditRows, optional
        Never read by the editor.
    wish : Wish, optional
    seeds : sequence of int
        Those that an earlier folder has run to their end aren't run again.
    jobs : int
        Threads; one run each.
    earlier : Earlier, optional
    progress : callable, optional
        Called with seed, AND nodes, loss and guard loss, from any thread.

    Returns
    -------
    Simplified
        Ctrl-C ends all runs and gives the best so far.

    Raises
    ------
    BudgetError
        If no point is small enough, the start is above the budget, or there is nothing to
        choose by as asked.
    """
    wish, earlier = wish or Wish(), earlier or Earlier()
    wish.check(rows, guard)
    first = Point(
        start, rows.total_loss(start), None if guard is None else guard.total_loss(start), -1
    )
    budget = _budget(rows, wish, first.loss)
    least = (wish.max_gates or 0) // 3
    reach = np.inf if wish.max_gates is None else wish.max_gates
    done = {
        r.seed for r in earlier.runs
        if r.finished and r.min_gates <= least and r.last.num_gates <= reach
    }  # fmt: skip
    begin = {r.seed: r.last for r in earlier.runs}
    todo = [seed for seed in seeds if seed not in done]

    def edit(seed: int, report: Report) -> tuple[SimplificationPath, ...]:
        job = _Job(rows, guard, budget, seed, least, report)
        return job.paths(rows.narrowed(begin.get(seed, start)), wish.max_gates)

    found = _run(todo, edit, jobs, progress)
    runs = {run.seed: run for run in earlier.runs}
    points = [*earlier.points, first]
    for seed, paths in found.items():
        for path in paths:
            points += _points(path, [rows.widened(c, start) for c in path.circuits], seed)
        whole = all(path.finished for path in paths)
        runs[seed] = Run(seed, points[-1].circuit, whole, least)
    merged = pareto(points)
    interrupted = len(found) < len(todo) or not all(runs[seed].finished for seed in found)
    bounds = [rows.occam(point.circuit, point.loss) for point in merged]
    known = tuple(bound for bound in bounds if bound is not None)
    chosen, rule = choose(
        merged, rows, guard, wish, first.loss, bounds=known, interrupted=interrupted
    )
    return Simplified(
        start, rows, guard, merged, chosen, rule, tuple(runs[seed] for seed in sorted(runs)),
        contradictions(rows.bits, rows.loss), known, interrupted,
    )  # fmt: skip


def _budget(rows: EditRows, wish: Wish, start_loss: float) -> float | None:
    """Return the most loss allowed; raise if the start has more.

    Raises
    ------
    BudgetError
    """
    if rows.score_name == "sup norm":
        return 0.0
    if wish.budget is None:
        return None
    most = wish.budget * rows.best_constant
    if start_loss > most * (1 + ROUNDING):
        raise BudgetError(
            f"The start's {rows.score_name} on the rows is {rows.score(start_loss):.6g}; a budget"
            f" of {wish.budget:g} asks for {1 - wish.budget:g} at least.",
            remedy=f"Allow a budget of {start_loss / rows.best_constant:.6g} or more, or start"
            " from a circuit that fits better."
            if rows.best_constant > 0
            else "Leave --budget out: the target is the same in every row.",
        )
    return max(most, start_loss)


@dataclass(frozen=True)
class _Job:
    """A run of the editor, but for its start."""

    rows: EditRows
    guard: EditRows | None
    budget: float | None
    seed: int
    min_gates: int
    report: Report

    def paths(self, start: Aig, max_gates: int | None) -> tuple[SimplificationPath, ...]:
        """Edit; go on at higher prices and with larger single edits until a size is reached."""
        schedule = Schedule()
        if self.budget is None:  # else nothing that looks worse on a few rows may be missed
            schedule = schedule.for_rows(self.rows.n_rows)
        found = [self.path(start, schedule)]
        while (
            max_gates is not None and found[-1].finished and found[-1].sizes[-1] > max_gates
            and schedule.cap < 1 and self.budget is None
        ):  # fmt: skip
            cap = max(schedule.cap, 1 / self.rows.n_rows)
            schedule = replace(schedule, cap=min(1.0, 4 * cap), first_price=cap * self.rows.n_rows)
            found.append(self.path(found[-1].circuits[-1], schedule))
        return tuple(found)

    def path(self, start: Aig, schedule: Schedule) -> SimplificationPath:
        """Edit once."""
        guard = None if self.guard is None else (self.guard.bits, self.guard.loss)
        return simplify(
            start, self.rows.bits, self.rows.loss, budget=self.budget, seed=self.seed, guard=guard,
            schedule=schedule, min_gates=self.min_gates, progress=self.report,
        )  # fmt: skip


def _run(
    seeds: Sequence[int],
    edit: Callable[[int, Report], tuple[SimplificationPath, ...]],
    jobs: int,
    progress: Progress | None,
) -> dict[int, tuple[SimplificationPath, ...]]:
    """Edit for every seed; an interruption stops all runs, and keeps what they have so far."""
    stop = Event()

    def one(seed: int) -> tuple[SimplificationPath, ...] | None:
        def report(size: int, loss: float, guard: float | None) -> None:
            if progress is not None:
                progress(seed, size, loss, guard)
            if stop.is_set():
                raise KeyboardInterrupt

        if stop.is_set():
            return None
        paths = edit(seed, report)
        if not paths[-1].finished:
            stop.set()
        return paths

    if jobs == 1 or len(seeds) == 1:  # Ctrl-C reaches the editor itself
        found = {seed: one(seed) for seed in seeds}
    else:
        futures: dict[int, Future[tuple[SimplificationPath, ...] | None]] = {}
        with ThreadPoolExecutor(jobs) as pool:
            try:
                for seed in seeds:
                    futures[seed] = pool.submit(one, seed)
                while wait(futures.values(), timeout=HEARTBEAT).not_done:
                    pass  # a signal may reach another thread; this one sees it when it wakes
            except KeyboardInterrupt:
                stop.set()
                wait(futures.values())
        found = {seed: future.result() for seed, future in futures.items()}
    return {seed: paths for seed, paths in found.items() if paths is not None}


def _points(path: SimplificationPath, circuits: Sequence[Aig], seed: int) -> list[Point]:
    guards = [None] * len(path) if path.guard_losses is None else path.guard_losses.tolist()
    return [
        Point(circuit, float(loss), guard, seed)
        for circuit, loss, guard in zip(circuits, path.losses, guards, strict=True)
    ]
