"""Circuits of lifts simplified under the loss of their training rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tetrakis.learners._candidate import Candidate, with_names
from tetrakis.learners._choose import pareto
from tetrakis.learners._compress_sources import Sources
from tetrakis.learners._grounds import Ground, StartCircuit
from tetrakis.learners._teacher import Lesson
from tetrakis.simplify import Schedule

STARTS, MOST_MISS, MOST_TIMES = 3, 3.0, 4


def edited(path: Sequence[Candidate], sources: Sources) -> tuple[Candidate, ...]:
    """Simplify three circuits of a path, from small to large.

    They are the smallest whose miss is at most three times the least, the best of at most four
    times its size, and one between.

    Parameters
    ----------
    path : sequence of Candidate
        From small to large.
    sources : Sources

    Returns
    -------
    tuple of Candidate
        A Pareto front of all circuits.
    """
    encoding = sources.encoding
    widths = np.array([len(word.bits) for word in encoding.inputs], np.int64)
    ground = Ground(
        sources.problem, sources.codes, widths, encoding, encoding, sources.train, sources.held, 0,
        _nothing,
    )  # fmt: skip
    found = list(path)
    least = 1.0 - path[-1].held_out_score
    near = [c for c in path if 1.0 - c.held_out_score <= MOST_MISS * least]
    near = [c for c in near if c.num_gates <= MOST_TIMES * near[0].num_gates]
    chosen = np.unique(np.linspace(0, len(near) - 1, STARTS).round().astype(int))
    for best in (near[k] for k in chosen):
        output = best.encoding.output
        assert output is not None
        start = StartCircuit("lift", best.label, best.circuit, output.offset, output.scale)
        for point in ground.path(start, taught=False, seed=0, schedule=Schedule(), min_gates=0):
            own = encoding.with_output(ground.output(point.circuit, start))
            found.append(
                replace(
                    best, circuit=with_names(point.circuit, own), encoding=own,
                    train_score=point.train_score, held_out_score=point.held_score,
                    label=f"{best.label}, simplified", trained=None,
                )
            )  # fmt: skip
    return pareto(found)


def _nothing() -> Lesson:
    raise AssertionError("a lift has no teacher")
