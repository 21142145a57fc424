"""Forward pass of table networks, hard and exact, with the gradients of wires and tables (JAX)."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from tetrakis.training._model import Params, straight_through
from tetrakis.training._table_plan import TablePlan

_SMALL = 1e-6


@partial(jax.custom_vjp, nondiff_argnums=(4,))
def wired(logits: Any, x: Any, temperature: Any, seen: Any = None, block: int = 1) -> Any:
    """Read the candidates of the largest logits: (units, pins, n) of ``x`` (candidates, n).

    A unit's logits are those of the rows of ``x`` that its block sees, ``seen`` of (blocks, few),
    or of all of them. Backward, a wire's logits see the softmax of them over these candidates;
    the candidates see the wires that read them.
    """
    return x[_columns(logits, seen, block)]


def _columns(logits: Any, seen: Any, block: int) -> Any:
    places = jnp.argmax(logits, axis=-1)
    return places if seen is None else seen[jnp.arange(len(places))[:, None] // block, places]


def _effects(slope: Any, x: Any, seen: Any, block: int) -> Any:
    """Sum, over the rows, of the slope of a wire times each candidate: (units, pins, few)."""
    if seen is None:
        return jnp.einsum("upn,cn->upc", slope, x)
    units, pins, n = slope.shape
    whole = jnp.pad(slope, ((0, len(seen) * block - units), (0, 0), (0, 0)))
    found = jnp.einsum("bwn,bcn->bwc", whole.reshape(len(seen), block * pins, n), x[seen])
    return found.reshape(-1, pins, seen.shape[1])[:units]


def _wired_forward(logits: Any, x: Any, temperature: Any, seen: Any, block: int) -> tuple[Any, Any]:
    return wired(logits, x, temperature, seen, block), (logits, x, temperature, seen)


def _wired_backward(block: int, saved: Any, slope: Any) -> tuple[Any, Any, Any, None]:
    logits, x, temperature, seen = saved
    effect = _effects(slope, x, seen, block)
    share = jax.nn.softmax(logits / temperature, axis=-1)
    moved = share * (effect - (share * effect).sum(axis=-1, keepdims=True)) / temperature
    read = jnp.zeros_like(x).at[_columns(logits, seen, block)].add(slope)
    return moved, read, jnp.zeros_like(temperature), None


wired.defvjp(_wired_forward, _wired_backward)


@jax.custom_vjp
def looked_up(tables: Any, bits: Any) -> Any:
    """Look entries up, (units, n), for bits (units, pins, n) of zeros and ones.

    Backward as the multilinear form of the bits: the slope in a bit is the difference of two
    entries, the slope in an entry is 1 at the place that is read.
    """
    return jnp.take_along_axis(tables, _places(bits), axis=1)


def _places(bits: Any) -> Any:
    weight = 2 ** jnp.arange(bits.shape[1])
    return (bits.astype(jnp.int32) * weight[:, None]).sum(axis=1)


def _looked_up_forward(tables: Any, bits: Any) -> tuple[Any, Any]:
    return looked_up(tables, bits), (tables, bits)


def _looked_up_backward(saved: Any, slope: Any) -> tuple[Any, Any]:
    tables, bits = saved
    places = _places(bits)
    here = jnp.take_along_axis(tables, places, axis=1)
    there = [jnp.take_along_axis(tables, places ^ (1 << i), axis=1) for i in range(bits.shape[1])]
    change = (jnp.stack(there, axis=1) - here[:, None]) * (1 - 2 * bits)
    unit = jnp.arange(len(tables))[:, None]
    return jnp.zeros_like(tables).at[unit, places].add(slope), change * slope[:, None]


looked_up.defvjp(_looked_up_forward, _looked_up_backward)


def integer_entries(tables: Any, bits: int) -> Any:
    """Round to integers of `bits` bits, straight through; `inside` keeps entries in range."""
    return straight_through(tables, inside(jnp.round(tables), bits))


def inside(tables: Any, bits: int) -> Any:
    top = 2.0 ** (bits - 1)
    return jnp.clip(tables, -top, top - 1)


def bit_entries(tables: Any) -> Any:
    """Round to 0 and 1, backward as a sigmoid."""
    return straight_through(jax.nn.sigmoid(tables), (tables > 0).astype(tables.dtype))


def forward(
    params: Params, x: Any, temperature: Any, plan: TablePlan, job: Params | None = None
) -> Any:
    """Compute outputs (n, n_outputs) for candidates (n_candidates, n)."""
    last, found = len(plan.hidden), x
    for layer in range(last + 1):
        seen = (job or {}).get(f"seen{layer}")
        bits = wired(params[f"logits{layer}"], x, temperature, seen, plan.block)
        tables = params[f"tables{layer}"]
        entries = bit_entries(tables) if layer < last else integer_entries(tables, plan.bits)
        found = looked_up(entries, bits)
        x = jnp.concatenate([x, found]) if layer < last else x
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
