"""Train many small networks at once under quantisation: one vmapped, compiled loop (JAX)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import lru_cache, partial
from threading import Lock
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from tetrakis.training._model import (
    Params,
    data_loss,
    forward,
    initialise,
    rounded_weights,
    weight_names,
)
from tetrakis.training._plan import Job, Plan, TrainedNetwork, View

_PROBE_ROWS = 1024
_SATURATE_ABOVE = 0.995
_FIRST_ALLOWANCE = 1 / 30
_CHUNKS_PER_CALL = 20
_SMALL_ROWS = 256
GROUP = 32


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
    shared = _shared(views, target, plan)
    functions = _compiled(replace(plan, steps=0), shared[0].shape[2])
    size = GROUP
    keys = jax.random.split(jax.random.key(seed), len(jobs))
    tally = _Tally(progress, -(-len(jobs) // size) * _calls(plan))

    def group_from(first: int) -> list[TrainedNetwork]:
        group = list(jobs[first : first + size])
        full = group + [group[-1]] * (size - len(group))
        chosen = keys[np.minimum(np.arange(first, first + size), len(jobs) - 1)]
        net = _per_network(full, views, shared)
        return _split(group, _run(functions, chosen, net, shared, plan, tally), d)

    starts = range(0, len(jobs), size)
    with ThreadPoolExecutor(max(1, threads)) as pool:
        groups = list(pool.map(group_from, starts))
    return [network for group in groups for network in group]


class _Tally:
    """Counts finished calls over all threads and reports the fraction done."""

    def __init__(self, progress: Callable[[float], None] | None, total: int) -> None:
        self.progress, self.total, self.done = progress, total, 0
        self.lock = Lock()

    def tick(self) -> None:
        with self.lock:
            self.done += 1
            if self.progress is not None:
                self.progress(self.done / self.total)


def _calls(plan: Plan) -> int:
    """Calls of the compiled loop that one group takes."""
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
        carry = jax.block_until_ready(advance(carry, net, shared, indices, n_chunks))
        tally.tick()
    return jax.tree.map(lambda v: np.asarray(v, np.float64), finish(carry, net))


def _shared(views: Sequence[View], target: np.ndarray, plan: Plan) -> tuple[Any, Any, Any, Any]:
    """Stack the views, padded to round sizes so that similar problems share compiled code."""
    n, d = views[0].codes.shape
    rows = max(len(view.rows) for view in views)
    small = n <= _SMALL_ROWS
    shape = (
        _round_up(len(views), 16 if small else 2), _round_up(n, _SMALL_ROWS), _round_up(d, 16)
    )  # fmt: skip
    data = np.zeros(shape, np.uint8)
    chosen = np.zeros((shape[0], _round_up(rows, _SMALL_ROWS)), np.int32)
    count = np.ones(shape[0], np.int32)
    for index, view in enumerate(views):
        data[index, :n, :d] = view.codes
        chosen[index] = np.resize(view.rows, chosen.shape[1])
        count[index] = len(view.rows)
    padded = np.zeros(shape[1], np.float32)
    padded[:n] = target
    return jnp.asarray(data), jnp.asarray(padded), jnp.asarray(chosen), jnp.asarray(count)


def _round_up(count: int, least: int) -> int:
    """Round up to `least`, a power of two, or above 512 to a sixteenth of one."""
    power = 2 ** math.ceil(math.log2(max(count, least)))
    step = power // 16 if count > 512 else power
    return -(-count // step) * step


def _per_network(jobs: Sequence[Job], views: Sequence[View], shared: Any) -> Params:
    settings = [job.settings for job in jobs]
    d, padded = views[0].codes.shape[1], shared[0].shape[2]
    width = np.ones((len(jobs), padded))
    width[:, :d] = np.stack([views[job.view].bits for job in jobs])
    net = {
        "allowance": np.array([s.allowance for s in settings]),
        "alpha": np.array([s.alpha for s in settings]),
        "bits": np.array([float(s.activation_bits) for s in settings]),
        "hidden": np.array([float(s.hidden) for s in settings]),
        "view": np.array([job.view for job in jobs]),
        "width": width,
    }
    return {name: jnp.asarray(v, _dtype(v)) for name, v in net.items()}


def _split(jobs: Sequence[Job], arrays: Any, d: int) -> list[TrainedNetwork]:
    """Cut a group's arrays into networks, without the padding of the inputs."""
    params, rounded, steps = arrays
    padded = params["S"].shape[1]

    def cut(weights: dict[str, np.ndarray], i: int) -> dict[str, np.ndarray]:
        keep = {n: np.r_[:d, padded : v.shape[1]] for n, v in weights.items() if n[0] in "WS"}
        return {n: v[i][keep[n]] if n in keep else v[i] for n, v in weights.items()}

    return [
        TrainedNetwork(job.settings, cut(params, i), cut(rounded, i), tuple(v[i] for v in steps))
        for i, job in enumerate(jobs)
    ]


def _dtype(values: np.ndarray) -> Any:
    return jnp.float32 if values.dtype.kind == "f" else jnp.int32


@lru_cache(maxsize=16)
def _compiled(plan: Plan, n_inputs: int) -> tuple[Any, Any, Any]:
    """Build the vmapped and compiled start, chunk loop and finish of `plan`."""
    over = partial(jax.vmap, in_axes=(0, 0))
    start = jax.jit(over(partial(_start, plan=plan, n_inputs=n_inputs)))

    def loop(carry: Any, net: Params, shared: Any, indices: Any, n_chunks: Any) -> Any:
        def body(carry: Any, index: Any) -> tuple[Any, None]:
            step = partial(
                _chunk, index=index, fraction=index / n_chunks, net=net, shared=shared, plan=plan
            )
            # The condition is the same for all networks, so vmap keeps it a branch.
            return jax.lax.cond(index < n_chunks, step, lambda same: same, carry), None

        return jax.lax.scan(body, carry, indices)[0]

    advance = jax.jit(jax.vmap(loop, in_axes=(0, 0, None, None, None)), donate_argnums=0)
    return start, advance, jax.jit(over(partial(_finish, plan=plan)))


def _start(key: Any, net: Params, *, plan: Plan, n_inputs: int) -> Any:
    key, drawn = jax.random.split(key)
    params = initialise(drawn, n_inputs, plan)
    state = optax.scale_by_adam().init(params)
    allowance = {name: jnp.zeros_like(params[name]) for name in weight_names(plan)}
    prices = {name: jnp.ones_like(params[name]) for name in weight_names(plan)}
    steps = [jnp.ones(plan.width) for _ in range(plan.n_blocks)]
    return params, state, (allowance, prices, steps), key


def _finish(carry: Any, net: Params, *, plan: Plan) -> Any:
    params, _, (allowance, _, steps), _ = carry
    params = _switch_off(params, net, plan)
    return params, rounded_weights(params, allowance, plan), steps


def _switch_off(params: Params, net: Params, plan: Plan) -> Params:
    """Zero the relus' output weights where a network is linear."""
    return {name: v * net["hidden"] if name[0] == "V" else v for name, v in params.items()}


def _chunk(
    carry: Any, *, index: Any, fraction: Any, net: Params, shared: Any, plan: Plan
) -> Any:
    """Measure prices once, then take `plan.refresh` steps of Adam."""
    params, state, rounding, key = carry
    data, target, all_rows, count = shared
    key, pick, probe, walk = jax.random.split(key, 4)
    rows = all_rows[net["view"]]

    def batch(key: Any, size: int) -> tuple[Any, Any]:
        chosen = rows
        if size < rows.shape[0]:
            chosen = rows[jax.random.randint(key, (size,), 0, count[net["view"]])]
        return data[net["view"], chosen] * jnp.exp2(-net["width"]), target[chosen]

    rounding = _measure(params, rounding, fraction, batch(pick, _PROBE_ROWS)[0], probe, net, plan)

    def step(carry: Any, key: Any) -> tuple[Any, None]:
        params, state, taken = carry
        gradient = jax.grad(_objective)(
            params, rounding, fraction > plan.float_until, batch(key, plan.batch), net, plan
        )
        update, state = optax.scale_by_adam().update(gradient, state)
        rate = _learning_rate(taken, fraction, plan)
        params = jax.tree.map(lambda p, u: p - rate * u, params, update)
        return (params, state, taken + 1), None

    (params, state, _), _ = jax.lax.scan(
        step, (params, state, index * plan.refresh), jax.random.split(walk, plan.refresh)
    )
    return params, state, rounding, key


def _objective(
    params: Params, rounding: Any, rounded: Any, batch: Any, net: Params, plan: Plan
) -> Any:
    allowance, prices, steps = rounding
    params = _switch_off(params, net, plan)
    dyadic = rounded_weights(params, allowance, plan)
    weights = {
        name: params[name] + jax.lax.stop_gradient(dyadic[name] - params[name]) for name in dyadic
    }
    X, target = batch
    no_taps = [0.0] * plan.n_blocks
    y, _, _ = forward(weights, params, steps, net["bits"], rounded, X, no_taps, plan)
    priced = sum(
        (jnp.abs(params[name]) * (prices[name] if plan.penalty == "resnet" else 1.0)).sum()
        for name in prices
    )
    return data_loss(y, target, plan) + net["alpha"] * priced


def _learning_rate(taken: Any, fraction: Any, plan: Plan) -> Any:
    late = (fraction - plan.tighten_until) / (1 - plan.tighten_until)
    decay = 0.5 * (1 + jnp.cos(jnp.pi * jnp.clip(late, 0.0, 1.0)))
    return plan.learning_rate * decay * jnp.minimum(1.0, (taken + 1) / 100) + 1e-5


def _measure(
    params: Params, rounding: Any, fraction: Any, X: Any, key: Any, net: Params, plan: Plan
) -> Any:
    """Measure on rows `X` what each weight's error does to the output (root mean square).

    For a weight from source i to unit j this is sqrt(E[a_i² (∂y/∂s_j)²]), the data's version of
    the ResNet norm's ā_i L̄_j; the expectation over outputs uses one random sign per output.
    """
    allowance, prices, steps = rounding
    params = _switch_off(params, net, plan)
    weights = rounded_weights(params, allowance, plan)
    signs = jax.random.rademacher(key, (X.shape[0], plan.n_outputs), jnp.float32)
    taps = [jnp.zeros((X.shape[0], plan.width)) for _ in range(plan.n_blocks)]
    on = fraction > plan.float_until

    def probe(taps: Any) -> tuple[Any, Any]:
        y, read, units = forward(weights, params, steps, net["bits"], on, X, taps, plan)
        return (signs * y).sum(), (read, units)

    slopes, (read, units) = jax.grad(probe, has_aux=True)(taps)
    n = X.shape[0]
    found: Params = {"S": _rows_like(jnp.sqrt((X**2).mean(axis=0)), params["S"])}
    new_steps = []
    for block, (source, unit, slope) in enumerate(zip(read, units, slopes, strict=True)):
        found[f"W{block}"] = jnp.sqrt((source**2).T @ slope**2 / n + 1e-8)
        found[f"V{block}"] = _rows_like(
            jnp.sqrt((unit**2).mean(axis=0) + 1e-6), params[f"V{block}"]
        )
        pre = source @ weights[f"W{block}"] + params[f"b{block}"]
        largest = jnp.quantile(jax.nn.relu(pre), _SATURATE_ABOVE, axis=0)
        new_steps.append(
            jnp.exp2(jnp.ceil(jnp.log2(jnp.maximum(largest, 1e-3)) - net["bits"] - 1e-6))
        )
    ramp = jnp.clip(
        (fraction - plan.float_until) / (plan.tighten_until - plan.float_until), 0.0, 1.0
    )
    size = jnp.where(on, net["allowance"] * _FIRST_ALLOWANCE ** (1 - ramp), 0.0)
    tight = {
        name: size * jnp.sqrt(_source_bits(name, net, plan)) / jnp.maximum(price, 1e-6)
        for name, price in found.items()
    }
    frozen = fraction > plan.tighten_until + 0.1
    return jax.tree.map(
        lambda old, new: jnp.where(frozen, old, new), rounding, (tight, found, new_steps)
    )


def _rows_like(column: Any, matrix: Any) -> Any:
    return jnp.broadcast_to(column[:, None], matrix.shape)


def _source_bits(name: str, net: Params, plan: Plan) -> Any:
    """Bits of what every row of weight matrix `name` reads, as a column."""
    if name[0] == "V":
        return net["bits"]
    if name == "S":
        return net["width"][:, None]
    units = jnp.full(int(name[1:]) * plan.width, net["bits"])
    return jnp.concatenate([net["width"], units])[:, None]
