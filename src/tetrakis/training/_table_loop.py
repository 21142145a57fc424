"""The compiled loops of table networks: start, steps of Adam, and scores (JAX)."""

from __future__ import annotations

from functools import cache
from typing import Any

import jax
import jax.numpy as jnp

from tetrakis.training._model import Params
from tetrakis.training._table_model import forward, inside, penalty, row_losses
from tetrakis.training._table_plan import TablePlan

CHUNK = 100
ROWS_SCORED = 4096
_BETAS = (0.9, 0.99)
#: Bits of rows, targets, and row numbers with how many of them count.
Data = tuple[Any, Any, tuple[Any, Any]]


def initialise(key: Any, n_candidates: int, spread: Any, plan: TablePlan) -> Params:
    """Draw wires and tables; `spread` is the wanted standard deviation of the output."""
    params: Params = {}
    width = n_candidates
    for layer, units in enumerate((*plan.hidden, plan.units)):
        key, wires, tables = jax.random.split(key, 3)
        shape = (units, plan.pins, plan.candidates or width)
        params[f"logits{layer}"] = jax.random.normal(wires, shape)
        size = 1.0 if layer < len(plan.hidden) else 2.0 ** (plan.bits - 3)
        params[f"tables{layer}"] = size * jax.random.normal(tables, (units, 2**plan.pins))
        width += units
    if plan.bits == 1:  # entries are −1 and 0
        params[f"tables{len(plan.hidden)}"] -= 0.5
    each = max(1.0, plan.units / plan.n_outputs) ** 0.5 * 2.0 ** (plan.bits - 3)
    params["log_step"] = jnp.log(spread / each)
    params["bias"] = jnp.zeros(plan.n_outputs)
    return params


def _advance(carry: Any, job: Params, data: Data, chunk: Any, plan: TablePlan, steps: Any) -> Any:
    """Take `CHUNK` steps of Adam; steps past the end change nothing."""
    X, target, (rows, count) = data

    def step(carry: Any, index: Any) -> tuple[Any, None]:
        params, mean, square, key = carry
        done = index / steps
        key, own = jax.random.split(key)
        chosen = rows[jax.random.randint(own, (plan.batch,), 0, count)]
        x = X[chosen].astype(jnp.float32).T
        first, last = plan.temperature
        temperature = first * (last / first) ** jnp.minimum(done / plan.freeze, 1.0)

        def objective(params: Params) -> Any:
            y = forward(params, x, temperature, plan, job)
            ramp = jnp.minimum(1.0, 2.0 * done)
            data_loss = row_losses(y, target[chosen], plan).mean()
            return data_loss + ramp * job["penalty"] * penalty(params, plan)

        slope = jax.grad(objective)(params)
        rate = plan.learning_rate * jnp.minimum(1.0, 1.25 * (1.0 - done)) * (done < 1.0)
        wires = rate * plan.wire_rate * (done < plan.freeze)
        rates = {name: wires if name.startswith("logits") else rate for name in params}
        rates["log_step"] = 0.1 * rate
        mean = jax.tree.map(lambda m, g: _BETAS[0] * m + (1 - _BETAS[0]) * g, mean, slope)
        square = jax.tree.map(lambda s, g: _BETAS[1] * s + (1 - _BETAS[1]) * g * g, square, slope)
        age = index + 1.0
        params = {
            name: p
            - rates[name]
            * (mean[name] / (1 - _BETAS[0] ** age))
            / (jnp.sqrt(square[name] / (1 - _BETAS[1] ** age)) + 1e-10)
            for name, p in params.items()
        }
        final = f"tables{len(plan.hidden)}"
        params[final] = inside(params[final], plan.bits)
        return (params, mean, square, key), None

    indices = chunk * CHUNK + jnp.arange(CHUNK, dtype=jnp.float32)
    return jax.lax.scan(step, carry, indices)[0]


def _score(params: Params, job: Params, data: Data, plan: TablePlan) -> Any:
    """Mean loss over the first so many of the rows listed."""
    X, target, (rows, count) = data
    part = min(ROWS_SCORED, rows.shape[0])
    counted = (jnp.arange(rows.shape[0]) < count).reshape(-1, part)

    def total(own: Any) -> Any:
        chosen, weight = own
        y = forward(params, X[chosen].astype(jnp.float32).T, 1.0, plan, job)
        return (row_losses(y, target[chosen], plan) * weight).sum()

    return jax.lax.map(total, (rows.reshape(-1, part), counted)).sum() / count


@cache
def compiled(plan: TablePlan) -> tuple[Any, Any, Any]:
    """Return jitted (initialise, advance, score), over networks along the first axis."""

    def start(keys: Any, spread: Any, n_candidates: int) -> Any:
        return jax.vmap(lambda key: initialise(key, n_candidates, spread, plan))(keys)

    def advance(carry: Any, jobs: Any, data: Any, chunk: Any, steps: Any) -> Any:
        def one(carry: Any, job: Any) -> Any:
            return _advance(carry, job, data, chunk, plan, steps)

        return jax.vmap(one)(carry, jobs)

    def score(params: Any, jobs: Any, data: Any) -> Any:
        return jax.vmap(lambda p, job: _score(p, job, data, plan))(params, jobs)

    return jax.jit(start, static_argnums=2), jax.jit(advance, donate_argnums=0), jax.jit(score)
