"""What a rounding error of each weight does to the output, measured on the data (JAX)."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from tetrakis.training._model import Params, forward, rounded_weights, switch_off
from tetrakis.training._plan import Plan

_SATURATE_ABOVE = 0.995
_FIRST_ALLOWANCE = 1 / 30


def measure(
    params: Params, rounding: Any, fraction: Any, X: Any, key: Any, net: Params, plan: Plan
) -> Any:
    """Measure on rows `X` what each weight's error does to the output (root mean square).

    For a weight from source i to unit j this is sqrt(E[a_i² (∂y/∂s_j)²]), the data's version of
    the ResNet norm's ā_i L̄_j; the expectation over outputs uses one random sign per output.
    """
    allowance, _, steps = rounding
    params = switch_off(params, net, plan)
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
    reached = 1.0 if plan.loss == "sup" else _SATURATE_ABOVE
    for block, (source, unit, slope) in enumerate(zip(read, units, slopes, strict=True)):
        found[f"W{block}"] = jnp.sqrt((source**2).T @ slope**2 / n + 1e-8)
        found[f"V{block}"] = _rows_like(
            jnp.sqrt((unit**2).mean(axis=0) + 1e-6), params[f"V{block}"]
        )
        pre = source @ weights[f"W{block}"] + params[f"b{block}"]
        largest = jnp.quantile(jax.nn.relu(pre), reached, axis=0)
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
