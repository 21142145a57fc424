"""The compiled training loop: Adam under rounding, for many networks at once (JAX)."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import optax

from tetrakis.training._measure import measure
from tetrakis.training._model import (
    Params,
    data_loss,
    forward,
    initialise,
    rounded_weights,
    switch_off,
    weight_names,
)
from tetrakis.training._plan import Plan

_PROBE_ROWS = 1024


@lru_cache(maxsize=16)
def compiled(plan: Plan, n_inputs: int) -> tuple[Any, Any, Any]:
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
    params = switch_off(params, net, plan)
    return params, rounded_weights(params, allowance, plan), steps


def _chunk(carry: Any, *, index: Any, fraction: Any, net: Params, shared: Any, plan: Plan) -> Any:
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

    rounding = measure(params, rounding, fraction, batch(pick, _PROBE_ROWS)[0], probe, net, plan)

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
    params = switch_off(params, net, plan)
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
