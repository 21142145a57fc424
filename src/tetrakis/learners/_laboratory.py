"""Training of settings on splits, and what comes out of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tetrakis.encoding import Encoding
from tetrakis.learners._problem import Problem
from tetrakis.learners._views import EncodedView, Split, encode_view
from tetrakis.training import Job, Plan, Settings, TrainedNetwork, to_networks, train

Progress = Callable[[str, float], None]
#: ANDs of the largest network that is simplified; most networks; share of a standard error within
#: which scores count as equal.
NET_GATES = 6000
MOST_NETS = 2
NO_WORSE = 0.25


@dataclass(frozen=True, eq=False)
class Trial:
    """One trained network with its sizes and scores."""

    trained: TrainedNetwork
    where: EncodedView
    num_gates: int
    train_score: float
    held_score: float


class Laboratory:
    """Trains settings on splits and measures what comes out."""

    def __init__(
        self, problem: Problem, impute: str | None, plan: Plan, seed: int, threads: int,
        report: Progress,
    ) -> None:  # fmt: skip
        self.problem, self.impute, self.plan = problem, impute, plan
        self.seed, self.threads, self.report, self.n_trained = seed, threads, report, 0

    def encodings(self, whole: Split, settings: Sequence[Settings]) -> dict[int, Encoding]:
        """Fix the encoding of the rows that the final networks see, for all bits in use."""
        widths = sorted({s.input_bits for s in settings})
        return {b: encode_view(self.problem, whole, b, self.impute).encoding for b in widths}

    def run(
        self, settings: Sequence[Settings], splits: Sequence[Split], likes: dict[int, Encoding],
        span: tuple[float, float], text: str, *, steps: float = 1.0,
    ) -> list[Trial]:  # fmt: skip
        """Train every setting on every split (settings outermost) and measure each network."""
        widths = sorted({s.input_bits for s in settings})
        views = [
            encode_view(self.problem, split, bits, self.impute, like=likes[bits])
            for split in splits
            for bits in widths
        ]
        jobs = [
            Job(s, place * len(widths) + widths.index(s.input_bits))
            for s in settings
            for place in range(len(splits))
        ]
        plan = replace(self.plan, steps=int(self.plan.steps * steps))
        trained = train(
            jobs, [v.view for v in views], self.problem.standardised, plan,
            seed=self.seed + self.n_trained, threads=self.threads,
            progress=lambda f: self.report(text, span[0] + f * (span[1] - span[0])),
        )  # fmt: skip
        self.n_trained += len(jobs)
        return [
            self._measure(network, views[job.view])
            for job, network in zip(jobs, trained, strict=True)
        ]

    def _measure(self, trained: TrainedNetwork, where: EncodedView) -> Trial:
        _, fixed = to_networks(trained, where.view.bits)
        scores = [
            self.problem.score(fixed, where.view.codes, rows) if len(rows) else float("nan")
            for rows in (where.view.rows, where.held)
        ]
        gates = self.problem.compile(fixed, thorough=False).num_gates
        return Trial(trained, where, gates, *scores)


def standard_error(problem: Problem, score: float, n: int) -> float:
    """Binomial for accuracy; for R² that of a mean of n squared errors of a normal variable."""
    miss = 1.0 - score
    if problem.task == "classification":
        return float(np.sqrt(max(miss * (1 - miss), 1 / n) / n))
    return float(max(miss, 0.0) * np.sqrt(2 / n))


def worth_simplifying(
    problem: Problem, n_held: int, scored: Sequence[tuple[float, float, Any]],
    max_gates: Sequence[int],
) -> list[Any]:  # fmt: skip
    """Pick the best of all sizes, and the best of up to a few times each budget.

    Of those as good as the best one, to a quarter of its standard error, the smallest is taken.
    """
    limits = [NET_GATES, *(5 * g for g in max_gates)]
    found = []
    for limit in limits:
        within = [(held, gates, k) for k, (held, gates, _) in enumerate(scored) if gates <= limit]
        if within:
            best = max(held for held, _, _ in within)
            least = best - NO_WORSE * standard_error(problem, best, n_held)
            found.append(min((g, -h, k) for h, g, k in within if h >= least)[2])
    return [scored[k][2] for k in dict.fromkeys(found)][:MOST_NETS]
