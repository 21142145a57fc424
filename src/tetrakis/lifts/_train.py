"""Train many lifts of one shape at once: Adam, or an approximation of gradient flow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike, NDArray

from tetrakis.errors import BudgetError
from tetrakis.graphs import BaseGraph, Lift
from tetrakis.lifts._model import Loss, Params, mean_loss, number_of, outputs, stacked

Solver = Literal["adam", "flow"]
_CHUNK = 50


@dataclass(frozen=True)
class Training:
    """How lifts are trained.

    Parameters
    ----------
    loss : {"squared", "logistic", "softmax"}
    solver : {"adam", "flow"}
        ``adam`` with a learning rate that falls along a half cosine to a hundredth. ``flow``
        approximates gradient flow on all rows: Heun's method, every step so small that Euler's and
        Heun's results differ by at most `flow_error` of the weights' norm.
    steps : int
        Most steps; a step of ``flow`` takes two gradients.
    learning_rate : float
        Of Adam; the first step size of ``flow``.
    batch : int
        Rows per step of Adam; at least the number of rows means full-batch gradients.
    target_loss : float, optional
        A lift stops once its mean loss on all rows is at most this, looked at every 50 steps.
    flow_error : float
    """

    loss: Loss = "squared"
    solver: Solver = "adam"
    steps: int = 2000
    learning_rate: float = 0.01
    batch: int = 256
    target_loss: float | None = None
    flow_error: float = 1e-3

    def __post_init__(self) -> None:
        for name, known in (("loss", ("squared", "logistic", "softmax")),
                            ("solver", ("adam", "flow"))):  # fmt: skip
            if getattr(self, name) not in known:
                raise BudgetError(
                    f"{name}: expected one of {', '.join(known)}, got {getattr(self, name)!r}."
                )
        for name in ("steps", "learning_rate", "batch", "flow_error"):
            if not 0 < getattr(self, name) < np.inf:
                raise BudgetError(f"{name}: expected a number > 0, got {getattr(self, name)!r}.")
        if self.target_loss is not None and not self.target_loss > 0:
            raise BudgetError(f"target_loss: expected a number > 0, got {self.target_loss!r}.")


@dataclass(frozen=True, eq=False)
class TrainedLift:
    """A lift after training.

    Parameters
    ----------
    lift : Lift
        With the weights of the smallest loss seen (at multiples of 50 steps).
    loss : float
        Mean loss on all rows.
    n_steps : int
        Steps taken, up to the target if it was reached.
    losses : ndarray
        Mean loss on all rows at the start and after every 50 steps.
    """

    lift: Lift
    loss: float
    n_steps: int
    losses: NDArray[np.float64]


def train_lifts(
    lifts: Sequence[Lift], X: ArrayLike, y: ArrayLike, plan: Training, *, seed: int = 0,
    progress: Callable[[float], None] | None = None,
) -> list[TrainedLift]:  # fmt: skip
    """Train lifts that have the same graph and numbers of copies, side by side.

    Parameters
    ----------
    lifts : sequence of Lift
    X : array_like, shape (n, n_columns)
        About standardised: the scale of the weights at the start expects it.
    y : array_like
        Values (n, n_outputs), or labels (n,) of 0 and 1 or class indices, as the loss wants.
    plan : Training
    seed : int
        Of the batches.
    progress : callable, optional
        Called with the fraction of steps done.

    Returns
    -------
    list of TrainedLift
    """
    rows = jnp.asarray(np.asarray(X, np.float32).T)
    target = jnp.asarray(np.asarray(y, np.float32).T)
    params, index = stacked(lifts)
    one = len(lifts) == 1
    if one:  # without the axis of lifts, or every gather would be a batched one
        params, index = jax.tree.map(lambda v: v[0], (params, index))
    params, index = jax.tree.map(jnp.asarray, (params, index))
    # These are given when it runs, and don't ask for compiling anew.
    same = replace(plan, steps=1, learning_rate=1.0, target_loss=None)
    run = _compiled(lifts[0].graph, same, one)
    state = run.start(params, jnp.float32(plan.learning_rate))
    kept, best, history, taken = params, None, [], np.zeros(len(lifts), np.int64)
    for step in range(0, plan.steps + _CHUNK, _CHUNK):
        losses = np.atleast_1d(number_of(run.losses(params, index, rows, target)))
        losses = np.where(np.isfinite(losses), losses, np.inf)
        history.append(losses)
        better = losses < (np.inf if best is None else best)
        open_ = np.ones(len(lifts), bool) if best is None else ~_reached(best, plan)
        kept = params if best is None else run.choose(jnp.asarray(better & open_), params, kept)
        taken[open_] = min(step, plan.steps)
        best = losses if best is None else np.where(better & open_, losses, best)
        if progress is not None:
            progress(min(step / plan.steps, 1.0))
        if step >= plan.steps or _reached(best, plan).all():
            break
        params, state = run.advance(
            params, state, index, rows, target, jax.random.key(seed), step, plan.steps
        )
    return _results(lifts, kept, best, taken, np.array(history), one)


def _reached(best: NDArray[np.float64], plan: Training) -> NDArray[np.bool_]:
    return best <= (-np.inf if plan.target_loss is None else plan.target_loss)


def _results(
    lifts: Sequence[Lift], kept: Params, best: Any, taken: NDArray, history: NDArray, one: bool
) -> list[TrainedLift]:
    numbers = jax.tree.map(number_of, kept)
    found = []
    for k, net in enumerate(lifts):
        own = numbers if one else jax.tree.map(partial(_row, k), numbers)
        trained = net.with_weights(own.weights, own.biases)
        found.append(TrainedLift(trained, float(best[k]), int(taken[k]), history[:, k]))
    return found


def _row(k: int, values: Any) -> Any:
    return values[k]


@dataclass(frozen=True)
class _Functions:
    """Compiled functions of one graph and plan."""

    start: Callable[..., Any]
    losses: Callable[..., Any]
    advance: Callable[..., Any]
    choose: Callable[..., Any]


@cache
def _compiled(graph: BaseGraph, plan: Training, one: bool) -> _Functions:
    def value(params: Params, index: Any, X: Any, y: Any) -> Any:
        return mean_loss(plan.loss, outputs(graph, params, index, X), y)

    step = _flow_step(value, plan) if plan.solver == "flow" else _adam_step(value)
    whole = value if one else jax.vmap(value, (0, 0, None, None))
    steps = step if one else jax.vmap(step, (0, 0, 0, None, None, None))

    def advance(
        params: Params, state: Any, index: Any, X: Any, y: Any, key: Any, start: Any, last: Any
    ) -> Any:
        n = X.shape[1]

        def body(carry: Any, number: Any) -> Any:
            share = number / last
            if plan.solver == "adam" and plan.batch < n:
                rows = jax.random.randint(jax.random.fold_in(key, number), (plan.batch,), 0, n)
                return steps(*carry, index, X[:, rows], y[..., rows], share), None
            return steps(*carry, index, X, y, share), None

        return jax.lax.scan(body, (params, state), start + jnp.arange(_CHUNK))[0]

    def start(params: Params, rate: Any) -> Any:
        lead = () if one else params.biases[0].shape[:1]
        zero = jax.tree.map(jnp.zeros_like, params)
        size = jnp.full(lead, rate)
        return size if plan.solver == "flow" else (zero, zero, jnp.zeros(lead), size)

    def choose(mask: Any, new: Params, old: Params) -> Any:
        def pick(a: Any, b: Any) -> Any:
            return jnp.where(mask.reshape(() if one else (-1, *[1] * (a.ndim - 1))), a, b)

        return jax.tree.map(pick, new, old)

    return _Functions(start, jax.jit(whole), jax.jit(advance), jax.jit(choose))


def _adam_step(value: Callable[..., Any]) -> Callable[..., Any]:
    """One step of Adam; the rate falls along a half cosine to a hundredth."""

    def step(params: Params, state: Any, index: Any, X: Any, y: Any, share: Any) -> Any:
        m, v, count, rate = state
        slope = jax.grad(value)(params, index, X, y)
        count = count + 1
        now = rate * (0.505 + 0.495 * jnp.cos(jnp.pi * jnp.minimum(share, 1.0)))
        m = jax.tree.map(lambda a, g: 0.9 * a + 0.1 * g, m, slope)
        v = jax.tree.map(lambda a, g: 0.999 * a + 0.001 * g * g, v, slope)
        top, low = 1 - 0.9**count, 1 - 0.999**count

        def moved(p: Any, a: Any, b: Any) -> Any:
            return p - now * (a / top) / (jnp.sqrt(b / low) + 1e-8)

        return jax.tree.map(moved, params, m, v), (m, v, count, rate)

    return step


def _flow_step(value: Callable[..., Any], plan: Training) -> Callable[..., Any]:
    """One step of Heun's method along −gradient; too large a step is not taken but halved."""

    def step(params: Params, size: Any, index: Any, X: Any, y: Any, share: Any) -> Any:
        slope = jax.grad(value)
        first = slope(params, index, X, y)
        middle = jax.tree.map(lambda p, g: p - size * g, params, first)
        second = slope(middle, index, X, y)
        after = jax.tree.map(lambda p, a, b: p - 0.5 * size * (a + b), params, first, second)
        gap = 0.5 * size * _norm(jax.tree.map(jnp.subtract, first, second))
        error = gap / (plan.flow_error * (_norm(params) + 1e-12))
        good = error <= 1.0
        params = jax.tree.map(lambda a, b: jnp.where(good, a, b), after, params)
        factor = jnp.clip(0.9 / jnp.sqrt(error + 1e-12), 0.3, 2.0)
        return params, size * jnp.where(jnp.isfinite(error), factor, 0.3)

    return step


def _norm(values: Any) -> Any:
    return jnp.sqrt(sum(jnp.sum(v * v) for v in jax.tree.leaves(values)))
