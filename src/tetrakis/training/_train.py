"""Train many small networks at once under quantisation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import replace
from threading import Lock
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tetrakis.training._batch import per_network, shared_arrays, split_group
from tetrakis.training._loop import compiled
from tetrakis.training._model import Params
from tetrakis.training._plan import Job, Plan, TrainedNetwork, View

_CHUNKS_PER_CALL = 20
GROUP = 16


def train(
    jobs: Sequence[Job],
    views: Sequence[View],
    target: np.ndarray,
    plan: Plan,
    *,
    seed: int,
    threads: int = 1,
    progress: Callable[[float], None] | None = None,
) -> list[TrainedNetwork]:
    """Train one network per job, all at once.

    Parameters
    ----------
    jobs : sequence of Job
        One network each: its settings and the view that it is trained on.
    views : sequence of View
        Encoded inputs with the rows to train on.
    target : ndarray, shape (n,)
        Standardised values, 0/1, or class indices, as the plan's loss wants.
    plan : Plan
    seed : int
    threads : int
        Groups of networks to train side by side; the result doesn't depend on it.
    progress : callable, optional
        Called with the fraction done, from any thread.

    Returns
    -------
    list of TrainedNetwork
    """
    d = views[0].codes.shape[1]
    shared = shared_arrays(views, target)
    functions = compiled(replace(plan, steps=0), shared[0].shape[2])
    size = GROUP
    keys = jax.random.split(jax.random.key(seed), len(jobs))
    tally = _Tally(progress, -(-len(jobs) // size) * _calls(plan))

    def group_from(first: int) -> list[TrainedNetwork]:
        group = list(jobs[first : first + size])
        full = group + [group[-1]] * (size - len(group))
        chosen = keys[np.minimum(np.arange(first, first + size), len(jobs) - 1)]
        net = per_network(full, views, shared)
        return split_group(group, _run(functions, chosen, net, shared, plan, tally), d)

    starts = range(0, len(jobs), size)
    with ThreadPoolExecutor(max(1, threads)) as pool:
        try:
            groups = list(pool.map(group_from, starts))
        except BaseException:
            tally.stopped = True  # the pool waits for its threads
            raise
    return [network for group in groups for network in group]


class _Tally:
    """Counts finished calls over all threads, reports the fraction done, and stops them."""

    def __init__(self, progress: Callable[[float], None] | None, total: int) -> None:
        self.progress, self.total, self.done = progress, total, 0
        self.lock, self.stopped = Lock(), False

    def tick(self) -> None:
        if self.stopped:
            raise CancelledError
        with self.lock:
            self.done += 1
            if self.progress is not None:
                self.progress(self.done / self.total)


def _calls(plan: Plan) -> int:
    """Count the calls of the compiled loop that one group takes."""
    return -(-plan.steps // (plan.refresh * _CHUNKS_PER_CALL))


def _run(
    functions: tuple[Any, Any, Any], keys: Any, net: Params, shared: Any, plan: Plan, tally: _Tally
) -> Any:
    """Train one group of networks; returns latent and rounded weights and activation steps."""
    start, advance, finish = functions
    carry = start(keys, net)
    n_chunks = jnp.float32(-(-plan.steps // plan.refresh))
    for call in range(_calls(plan)):
        # Chunks past the end are skipped inside, so that every call has one shape.
        indices = call * _CHUNKS_PER_CALL + jnp.arange(_CHUNKS_PER_CALL)
        carry = _ready(advance(carry, net, shared, indices, n_chunks))
        tally.tick()
    return jax.tree.map(lambda v: np.asarray(v, np.float64), finish(carry, net))


def _ready(values: Any) -> Any:
    """Wait until `values` are computed."""
    return jax.block_until_ready(values)  # type: ignore[no-untyped-call]
