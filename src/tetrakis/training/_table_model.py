"""Forward pass of table networks, hard and exact, with the gradients of wires and tables (JAX)."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from tetrakis.training._model import Params, straight_through
from tetrakis.training._table_plan import TablePlan

_SMALL = 1e-6


@partial(jax.custom_vjp, nondiff_argnums=())
def wired(logits: Any, x: Any, temperature: Any) -> Any:
    """Read the candidates of the largest logits: (units, pins, n) of ``x`` (candidates, n).

    Backward, a wire's logits see the softmax of them over all candidates; the candidates see the
    wires that read them.
    """
    return x[jnp.argmax(logits, axis=-1)]


def _wired_forward(logits: Any, x: Any, temperature: Any) -> tuple[Any, Any]:
    return wired(logits, x, temperature), (logits, x, temperature)


def _wired_backward(saved: Any, slope: Any) -> tuple[Any, Any, Any]:
    logits, x, temperature = saved
    effect = jnp.einsum("upn,cn->upc", slope, x)
    share = jax.nn.softmax(logits / temperature, axis=-1)
    moved = share * (effect - (share * effect).sum(axis=-1, keepdims=True)) / temperature
    read = jnp.zeros_like(x).at[jnp.argmax(logits, axis=-1)].add(slope)
    return moved, read, jnp.zeros_like(temperature)


wired.defvjp(_wired_forward, _wired_backward)


def looked_up(tables: Any, bits: Any) -> Any:
    """Look entries up, (units, n), for bits (units, pins, n) of zeros and ones.

    Written as the multilinear form of the bits: at zeros and ones it is the entry, its slope in a
    bit is the difference of two entries, its slope in an entry is 1 at the place that is read.
    """
    value = tables[..., None]
    for i in range(bits.shape[1] - 1, -1, -1):
        half = value.shape[1] // 2
        value = value[:, :half] + bits[:, None, i] * (value[:, half:] - value[:, :half])
    return value[:, 0]


def integer_entries(tables: Any, bits: int) -> Any:
    """Round to integers of `bits` bits, straight through."""
    top = 2.0 ** (bits - 1)
    inside = jnp.clip(tables, -top, top - 1)
    return straight_through(inside, jnp.round(inside))


def bit_entries(tables: Any) -> Any:
    """Round to 0 and 1, backward as a sigmoid."""
    return straight_through(jax.nn.sigmoid(tables), (tables > 0).astype(tables.dtype))


def forward(params: Params, x: Any, temperature: Any, plan: TablePlan) -> Any:
    """Compute outputs (n, n_outputs) for candidates (n_candidates, n)."""
    for layer in range(len(plan.hidden)):
        bits = wired(params[f"logits{layer}"], x, temperature)
        x = jnp.concatenate([x, looked_up(bit_entries(params[f"tables{layer}"]), bits)])
    last = len(plan.hidden)
    bits = wired(params[f"logits{last}"], x, temperature)
    found = looked_up(integer_entries(params[f"tables{last}"], plan.bits), bits)
    pad = -found.shape[0] % plan.n_outputs
    found = jnp.concatenate([found, jnp.zeros((pad, found.shape[1]))])
    sums = found.reshape(-1, plan.n_outputs, found.shape[1]).sum(axis=0)
    bias = straight_through(params["bias"], jnp.round(params["bias"]))
    return jnp.exp(params["log_step"]) * (sums + bias[:, None]).T


def pin_norms(tables: Any, pins: int) -> Any:
    """Norms of the differences that each pin makes to its table, (units, pins)."""
    found = []
    for i in range(pins):
        halves = tables.reshape(tables.shape[0], -1, 2, 1 << i)
        change = halves[:, :, 1] - halves[:, :, 0]
        found.append(jnp.sqrt((change**2).sum(axis=(1, 2)) + _SMALL))
    return jnp.stack(found, axis=1)


def penalty(params: Params, plan: TablePlan) -> Any:
    """Group lasso on pins, Σ ‖T − T flipped at the pin‖, in output units."""
    last = len(plan.hidden)
    step = jax.lax.stop_gradient(jnp.exp(params["log_step"]))
    total = step * pin_norms(params[f"tables{last}"], plan.pins).sum()
    for layer in range(last):
        total += pin_norms(jax.nn.sigmoid(params[f"tables{layer}"]), plan.pins).sum() / 8
    return total


def row_losses(y: Any, target: Any, plan: TablePlan) -> Any:
    """Loss of every row, (n,), for outputs (n, n_outputs)."""
    if plan.loss == "squared":
        return (y[:, 0] - target) ** 2
    if plan.loss == "logistic":
        return jax.nn.softplus((1 - 2 * target) * y[:, 0])
    chosen = jnp.take_along_axis(y, target.astype(jnp.int32)[:, None], axis=1)[:, 0]
    return jax.nn.logsumexp(y, axis=1) - chosen
