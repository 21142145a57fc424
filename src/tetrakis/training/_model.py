"""Forward pass with the rounding of the circuit in it, and straight-through gradients (JAX)."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from tetrakis.training._plan import Plan

Params = dict[str, Any]
DIGITS = 4
SUP_POWER = 8


def signed_digits(weight: Any, allowance: Any) -> Any:
    """Round to at most four signed powers of two, stopping when the rest is within `allowance`.

    The nearest power of two of |r| is the one with exponent ⌊log2(4|r|/3)⌋.
    """
    rest = weight
    for _ in range(DIGITS):
        size = jnp.abs(rest)
        exponent = jnp.floor(jnp.log2(jnp.maximum(size, 1e-12) * (4 / 3)))
        rest = rest - jnp.where(size > allowance, jnp.sign(rest) * jnp.exp2(exponent), 0.0)
    return weight - rest


def straight_through(value: Any, rounded: Any) -> Any:
    """Return `rounded` with the gradient of `value`."""
    return value + jax.lax.stop_gradient(rounded - value)


def initialise(key: Any, n_inputs: int, plan: Plan) -> Params:
    """Draw He-scaled weights; the linear part starts at zero."""
    width, k = plan.width, plan.n_outputs
    params: Params = {"S": jnp.zeros((n_inputs, k)), "c": jnp.zeros(k)}
    for block in range(plan.n_blocks):
        key, read, bias, write = jax.random.split(key, 4)
        sources = n_inputs + block * width
        params[f"W{block}"] = jax.random.normal(read, (sources, width)) * jnp.sqrt(2 / sources)
        params[f"b{block}"] = jax.random.uniform(bias, (width,)) - 0.5
        params[f"V{block}"] = jax.random.normal(write, (width, k)) * jnp.sqrt(
            1 / (width * plan.n_blocks)
        )
    return params


def weight_names(plan: Plan) -> list[str]:
    """Names of the weight matrices (not the biases), in order."""
    return [f"{kind}{block}" for block in range(plan.n_blocks) for kind in "WV"] + ["S"]


def switch_off(params: Params, net: Params, plan: Plan) -> Params:
    """Zero the relus' output weights where a network is linear."""
    return {name: v * net["hidden"] if name[0] == "V" else v for name, v in params.items()}


def rounded_weights(params: Params, allowance: Params, plan: Plan) -> Params:
    """Round every weight matrix to signed digits within its allowance."""
    return {name: signed_digits(params[name], allowance[name]) for name in weight_names(plan)}


def activate(pre: Any, step: Any, bits: Any, rounding: Any) -> Any:
    """Relu, floored to multiples of `step` and clipped to `bits` bits when `rounding` is true."""
    unit = jax.nn.relu(pre)
    top = step * (jnp.exp2(bits) - 1)
    floored = jnp.clip(jnp.floor(unit / step) * step, 0.0, top)
    return jnp.where(rounding, straight_through(jnp.minimum(unit, top + step), floored), unit)


def forward(
    weights: Params, params: Params, steps: list[Any], bits: Any, rounding: Any, X: Any,
    taps: list[Any], plan: Plan,
) -> tuple[Any, list[Any], list[Any]]:  # fmt: skip
    """Evaluate: outputs (n, k), what every block reads, and its activations.

    `taps` (one (n, width) array per block) are added to the pre-activations, so that their
    gradient is what a change there does to the output.
    """
    y = X @ weights["S"] + params["c"]
    sources, read, units = X, [], []
    for block in range(plan.n_blocks):
        pre = sources @ weights[f"W{block}"] + params[f"b{block}"] + taps[block]
        unit = activate(pre, steps[block], bits, rounding)
        y = y + unit @ weights[f"V{block}"]
        read.append(sources)
        units.append(unit)
        sources = jnp.concatenate([sources, unit], axis=1)
    return y, read, units


def data_loss(y: Any, target: Any, plan: Plan) -> Any:
    """Mean loss of outputs `y` (n, k) for targets (n,)."""
    if plan.loss == "squared":
        return jnp.mean((y[:, 0] - target) ** 2)
    if plan.loss == "sup":
        return jnp.mean((y[:, 0] - target) ** SUP_POWER + 1e-30) ** (2 / SUP_POWER)
    if plan.loss == "logistic":
        return jnp.mean(jax.nn.softplus((1 - 2 * target) * y[:, 0]))
    chosen = jnp.take_along_axis(y, target.astype(jnp.int32)[:, None], axis=1)[:, 0]
    return jnp.mean(jax.nn.logsumexp(y, axis=1) - chosen)
