"""The construction by a trained network: small residual networks, fitted on a sample."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tetrakis.circuit import AigBuilder, compile_network, optimise
from tetrakis.functions._candidate import Candidate, Problem
from tetrakis.functions._format import OutputFormat
from tetrakis.functions._target import Grid
from tetrakis.network import FixedPointResNet
from tetrakis.training import Job, Plan, View, grid, to_networks, train

ROWS = 1 << 13
WIDTH, STEPS, SECONDS_A_BATCH = 8, 3000, 5.0
ALLOWANCES = (0.03, 0.07, 0.15, 0.3)
MOST_CODE_BITS = 8


def network_candidates(problem: Problem, *, seconds: float) -> list[Candidate]:
    """Train networks of several precisions.

    Parameters
    ----------
    problem : Problem
    seconds : float
        About how long training may take on one core; 16 networks or more are trained in any case.

    Returns
    -------
    list of Candidate
        Offsets are in the middle of the errors on the problem's sample; many are off by more than
        epsilon somewhere.

    References
    ----------
    Ours: a p-norm of the error under quantisation, then `edited`.
    """
    rows = problem.grid.sample(ROWS, np.random.default_rng(problem.seed))
    values = problem.target.values(problem.grid.points(rows))
    lo, hi = problem.ends
    middle, half = (lo + hi) / 2, (hi - lo) / 2
    share = problem.epsilon / half
    views, jobs = _jobs(problem, problem.grid.codes(rows), share)
    batches = seconds / SECONDS_A_BATCH
    jobs = jobs * max(1, round(batches))
    plan = Plan("sup", 1, width=WIDTH, steps=int(STEPS * min(batches, 1.0)) + 1)
    trained = train(jobs, views, (values - middle) / half, plan, seed=problem.seed)
    found: list[Candidate] = []
    for job, network in zip(jobs, trained, strict=True):
        bits = views[job.view].bits
        _, fixed = to_networks(network, bits)
        made = _circuit(problem, fixed, bits, middle, half)
        found.append(problem.centred(made)[0])
    return found


def _jobs(problem: Problem, codes: NDArray[np.int64], share: float) -> tuple[list[View], list[Job]]:
    """Networks of several precisions; each reads the upper bits of the codes."""
    own = np.array(problem.grid.bits)
    enough = max(2, int(np.ceil(np.log2(1 / share))) + 1)
    widths = sorted({int(min(b, own.max(), MOST_CODE_BITS)) for b in (enough, enough + 1)})
    rows = np.arange(len(codes))
    views = [
        View((codes >> np.maximum(own - b, 0)).astype(np.uint8), np.minimum(own, b), rows)
        for b in widths
    ]
    settings = grid(
        allowances=[share * a for a in ALLOWANCES], alphas=[3e-4 * share], input_bits=widths,
        activation_bits=[enough, enough + 1],
    )  # fmt: skip
    return views, [Job(s, widths.index(s.input_bits)) for s in settings]


def _circuit(
    problem: Problem, fixed: FixedPointResNet, bits: NDArray[np.int64], middle: float, half: float
) -> Candidate:
    """Compile; output bits that are much finer than epsilon are dropped."""
    made = compile_network(fixed)
    builder = AigBuilder(problem.grid.total_bits)
    outputs = builder.replay(made, _upper_bits(builder, problem.grid, bits))
    outputs += 2 * outputs[-1:]  # room for values that this network doesn't reach
    step = float(np.ldexp(half, int(fixed.output_exponent[0])))
    drop = int(np.clip(np.floor(np.log2(0.8 * problem.epsilon / step)), 0, len(outputs) - 1))
    format = OutputFormat(len(outputs) - drop, step * 2.0**drop, middle, True)
    return Candidate(optimise(builder.build(outputs[drop:])), format, "trained network")


def _upper_bits(builder: AigBuilder, grid: Grid, bits: NDArray[np.int64]) -> list[int]:
    """Literals that the network reads: each variable's upper bits."""
    ends = np.cumsum(grid.bits)
    return [
        builder.input(int(i))
        for end, count in zip(ends, bits, strict=True)
        for i in range(end - count, end)
    ]
