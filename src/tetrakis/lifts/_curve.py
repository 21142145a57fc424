"""How wide a lift must be to train reliably: the success fraction against the size."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike, NDArray

from tetrakis.errors import BudgetError, DataError
from tetrakis.graphs import BaseGraph, lift
from tetrakis.lifts._record import Record, fingerprint
from tetrakis.lifts._train import Training, train_lifts
from tetrakis.lifts._wilson import wilson

GROUP = 10


@dataclass(frozen=True, eq=False)
class SuccessCurve:
    """Successes of random lifts by size.

    Parameters
    ----------
    sizes : tuple of int
        Copies of every hidden type.
    edges : tuple of int
        Weights of a lift of that size, biases aside.
    losses : tuple of ndarray, shapes (trials,)
        Least mean loss on the training rows that each trial reached (an infinite one diverged).
    loss : float
        What counts as a success: at most this.
    delta : float
    confidence : float
        Of Wilson's intervals, two-sided, each size by itself.
    """

    sizes: tuple[int, ...]
    edges: tuple[int, ...]
    losses: tuple[NDArray[np.float64], ...]
    loss: float
    delta: float = 0.05
    confidence: float = 0.95

    @property
    def trials(self) -> tuple[int, ...]:
        """Trials of every size."""
        return tuple(len(v) for v in self.losses)

    @property
    def successes(self) -> tuple[int, ...]:
        """Trials that reached the loss."""
        return tuple(int((v <= self.loss).sum()) for v in self.losses)

    @property
    def intervals(self) -> tuple[tuple[float, float], ...]:
        """Wilson's intervals of the success probability."""
        return tuple(
            wilson(s, n, confidence=self.confidence)
            for s, n in zip(self.successes, self.trials, strict=True)
        )

    @property
    def smallest(self) -> int | None:
        """Smallest size whose interval begins at 1 − delta or above; None if there is none."""
        within = [
            size
            for size, (low, _) in zip(self.sizes, self.intervals, strict=True)
            if low >= 1 - self.delta
        ]
        return min(within, default=None)


def success_curve(
    graph: BaseGraph,
    data: tuple[ArrayLike, ArrayLike],
    sizes: Sequence[int],
    trials: int,
    loss: float,
    *,
    in_degree: int | None = 4,
    input_degree: int | None = None,
    training: Training | None = None,
    delta: float = 0.05,
    seed: int = 0,
    jobs: int = 1,
    record: str | os.PathLike[str] | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> SuccessCurve:
    """Train many random lifts of every size and count those that reach a loss.

    Ten lifts are trained side by side (`jax.vmap`); such groups are spread by joblib, so any of its
    back ends serves (``joblib.parallel_config("dask")``). Trial t of a size has the same lift
    whatever else is run.

    Parameters
    ----------
    graph : BaseGraph
    data : (X, y)
        X (n, n_columns), about standardised; y as the loss of `training` wants it, (n,) or
        (n, n_outputs).
    sizes : sequence of int
        Copies of every hidden type.
    trials : int
        For every size.
    loss : float
        Mean loss on these rows that is a success; training stops there.
    in_degree, input_degree
        As in `lift`.
    training : Training, optional
        Its target loss is replaced by `loss`.
    delta : float
        The curve's `smallest` has a lower limit of at least 1 − delta.
    seed : int
    jobs : int
        Processes; −1 for all cores.
    record : path, optional
        File that results are appended to as they come; an interrupted run goes on from it.
    progress : callable, optional
        Called with a text and the fraction done.

    Raises
    ------
    BudgetError
        If a number makes no sense.
    GraphError
        If a size is below the in-degree: the vertex is named.
    ArtifactError
        If the record is damaged or of other settings.

    References
    ----------
    [Robin24] for the claim that success tends to 1; THEORY section 8.
    """
    X, y, plan = _checked(data, trials, loss, delta, training)
    sizes = tuple(sorted({int(s) for s in sizes}))
    if not sizes:
        raise BudgetError("sizes: expected at least one.")
    edges = tuple(  # also refuses a size before any is trained
        lift(graph, s, in_degree, np.random.default_rng(0), input_degree=input_degree).n_edges
        for s in sizes
    )
    settings = {
        "data": fingerprint(X, y), "graph": fingerprint(repr(graph)), "in_degree": in_degree,
        "input_degree": input_degree, "seed": seed, "training": asdict(plan),
    }  # fmt: skip
    kept = Record(record, settings)
    groups = -(-trials // GROUP)
    todo = [(s, g) for s in sizes for g in range(groups) if (s, g) not in kept.groups]
    report = progress or (lambda text, fraction: None)
    count = len(sizes) * groups
    run = Parallel(n_jobs=jobs, return_as="generator_unordered")
    job = delayed(_group)
    for size, group, found in run(
        job(graph, X, y, s, g, in_degree, input_degree, plan, seed) for s, g in todo
    ):
        kept.add(size, group, found)
        done = sum((s, g) in kept.groups for s in sizes for g in range(groups))
        report(f"{size} copies, trials {group * GROUP + 1} to {group * GROUP + GROUP}",
               done / count)  # fmt: skip
    losses = tuple(
        np.concatenate([kept.groups[s, g] for g in range(groups)])[:trials] for s in sizes
    )
    return SuccessCurve(sizes, edges, losses, float(loss), delta)


def _checked(
    data: tuple[ArrayLike, ArrayLike], trials: int, loss: float, delta: float,
    training: Training | None,
) -> tuple[NDArray, NDArray, Training]:  # fmt: skip
    if isinstance(trials, bool) or not hasattr(trials, "__index__") or trials < 1:
        raise BudgetError(f"trials: expected a whole number >= 1, got {trials!r}.")
    if not 0 < delta < 1:
        raise BudgetError(f"delta: expected a number between 0 and 1, got {delta!r}.")
    if not 0 < loss < np.inf:
        raise BudgetError(f"loss: expected a number > 0, got {loss!r}.")
    plan = replace(training or Training(), target_loss=float(loss))
    X, y = np.asarray(data[0], np.float64), np.asarray(data[1], np.float64)
    if X.ndim != 2 or len(y) != len(X) or not len(X):
        raise DataError(f"data: expected X (n, d) and n targets, got {X.shape} and {y.shape}.")
    if not (np.isfinite(X).all() and np.isfinite(y).all()):
        raise DataError("data: expected finite numbers.")
    if plan.loss == "squared":
        y = y.reshape(len(y), -1)
    elif len(np.unique(y)) < 2:
        raise DataError(f"data: expected two classes or more, got one class: {y.flat[0]:g}.")
    return X, y, plan


def _group(
    graph: BaseGraph, X: NDArray, y: NDArray, size: int, group: int, in_degree: int | None,
    input_degree: int | None, plan: Training, seed: int,
) -> tuple[int, int, list[float]]:  # fmt: skip
    nets: list[Any] = []
    for trial in range(group * GROUP, (group + 1) * GROUP):
        rng = np.random.default_rng([seed, size, trial])
        nets.append(lift(graph, size, in_degree, rng, input_degree=input_degree))
    found = train_lifts(nets, X, y, plan, seed=seed)
    return size, group, [f.loss for f in found]
