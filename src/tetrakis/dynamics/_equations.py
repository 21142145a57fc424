"""The right-hand sides of the normalised flows, and one way to integrate them.

The state is the vector (V_1, …, V_L, log ρ_1, …, log ρ_L) with unit Frobenius norms. All flows are
autonomous and divided by one positive function of the state, which changes no trajectory, only
the speed: by Σ_n |ℓ'|, so that rates don't vanish as the loss does, and by Σ_l ρ/ρ_l² times the
largest |f_V(x_n)|, so that log ρ grows at a rate of at most about 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp

Method = Literal["lagrange", "weight_norm", "plain"]
FlowLoss = Literal["exponential", "logistic"]
Shapes = tuple[tuple[int, int], ...]
_GAMMA = 1 - 0.5**0.5
_SLIDE = 1e-3


class Functions(NamedTuple):
    """Compiled functions of one architecture.

    Parameters
    ----------
    measure : callable
        State to (log of the summed loss, margins y f_V (n,)).
    gradients : callable
        State to ∂(y_n f_V)/∂V, less its part along each V_l: (n, number of weights).
    interval : callable
        (state, step size, length of the interval) to (state, step size, steps, whether it was
        finished) by an L-stable Rosenbrock method of order two.
    rate : callable
        State to its rate of change.
    """

    measure: Callable[..., Any]
    gradients: Callable[..., Any]
    interval: Callable[..., Any]
    rate: Callable[..., Any]


def split(state: Any, shapes: Shapes) -> tuple[list[Any], Any]:
    """Take the matrices V_l and the vector log ρ out of a state."""
    layers, start = [], 0
    for rows, columns in shapes:
        layers.append(state[start : start + rows * columns].reshape(rows, columns))
        start += rows * columns
    return layers, state[start:]


def _forward(layers: list[Any], X: Any) -> Any:
    values = X
    for layer in layers[:-1]:
        values = jax.nn.relu(layer @ values)
    return (layers[-1] @ values)[0]


@cache
def functions(shapes: Shapes, method: Method, loss: FlowLoss, steps: int) -> Functions:
    """Compile the functions of an architecture; X is (n_inputs, n), y (n,) of ±1."""
    own = _Equations(shapes, method, loss, steps)
    parts = (own.measure, own.gradients, own.interval, own.rate)
    return Functions(*(jax.jit(part) for part in parts))


@dataclass(frozen=True)
class _Equations:
    """The functions of an architecture, not compiled."""

    shapes: Shapes
    method: Method
    loss: FlowLoss
    steps: int

    def log_losses(self, scaled: Any) -> Any:
        return -scaled if self.loss == "exponential" else jnp.log(jax.nn.softplus(-scaled))

    def log_slopes(self, scaled: Any) -> Any:
        return -scaled if self.loss == "exponential" else jax.nn.log_sigmoid(-scaled)

    def rate(self, state: Any, norms: Any, X: Any, y: Any) -> Any:
        layers, log_rho = split(state, self.shapes)
        found, back = jax.vjp(lambda v: _margins(v, X, y), layers)
        share = jax.nn.softmax(self.log_slopes(jnp.exp(log_rho.sum()) * found))
        mean = share @ found
        (slopes,) = back(share)
        per = jnp.exp(-2 * log_rho)  # (ρ/ρ_l²)/ρ
        whole = per.sum() * (jnp.abs(found).max() + 1e-12)
        speed = {
            "lagrange": jnp.ones_like(per), "weight_norm": 1 / norms**2, "plain": per
        }[self.method]  # fmt: skip
        turned = [c * v / whole for c, v in zip(speed, _across(slopes, layers), strict=True)]
        return jnp.concatenate([*turned, per * mean / whole])

    def measure(self, state: Any, X: Any, y: Any) -> Any:
        layers, log_rho = split(state, self.shapes)
        found = _margins(layers, X, y)
        return jax.nn.logsumexp(self.log_losses(jnp.exp(log_rho.sum()) * found)), found

    def gradients(self, state: Any, X: Any, y: Any) -> Any:
        layers, _ = split(state, self.shapes)

        def one(x: Any, label: Any) -> Any:
            slopes = jax.grad(lambda v: _margins(v, x[:, None], label[None])[0])(layers)
            return jnp.concatenate(_across(slopes, layers))

        return jax.vmap(one)(X.T, y)

    def unit(self, state: Any) -> Any:
        """Scale the matrices of a state to unit norm."""
        layers, log_rho = split(state, self.shapes)
        return jnp.concatenate([*((v / jnp.linalg.norm(v)).ravel() for v in layers), log_rho])

    def interval(
        self, state: Any, size: Any, length: Any, norms: Any, X: Any, y: Any, error: Any
    ) -> Any:
        def body(carry: Any) -> Any:
            now, done, size, count = carry
            h = jnp.minimum(size, length - done)
            after, gap = _rosenbrock(lambda s: self.rate(s, norms, X, y), now, h)
            gap = jnp.where(jnp.isfinite(gap), gap, jnp.inf) / error
            # On a kink no step is small enough: there the path slides, in steps this short.
            short = jnp.abs(after - now).max() <= _SLIDE
            good = (gap <= 1.0) | (short & jnp.isfinite(gap))
            factor = jnp.clip(0.85 / jnp.sqrt(gap + 1e-8), 0.2, 3.0)
            factor = jnp.where(good & (gap > 1.0), 1.1, factor)
            next_size = jnp.where(good & (h < size), size, h * factor)
            now = jnp.where(good, self.unit(after), now)
            return now, done + jnp.where(good, h, 0.0), next_size, count + 1

        def more(carry: Any) -> Any:
            return (carry[1] < length * (1 - 1e-9)) & (carry[3] < self.steps)

        now, done, size, count = jax.lax.while_loop(more, body, (state, 0.0, size, 0))
        return now, size, count, done >= length * (1 - 1e-9)


def _margins(layers: list[Any], X: Any, y: Any) -> Any:
    return y * _forward(layers, X)


def _across(slopes: list[Any], layers: list[Any]) -> list[Any]:
    """Gradients less their part along each layer, flat."""
    return [(g - v * (v * g).sum()).ravel() for g, v in zip(slopes, layers, strict=True)]


def _rosenbrock(rate: Callable[[Any], Any], state: Any, h: Any) -> tuple[Any, Any]:
    """Take one step of ROS2 (Verwer et al.): the new state and its largest local error."""
    jacobian = jax.jacfwd(rate)(state)
    factor = jax.scipy.linalg.lu_factor(jnp.eye(len(state)) - _GAMMA * h * jacobian)
    first = jax.scipy.linalg.lu_solve(factor, rate(state))
    second = jax.scipy.linalg.lu_solve(factor, rate(state + h * first) - 2 * first)
    return state + 1.5 * h * first + 0.5 * h * second, jnp.abs(0.5 * h * (first + second)).max()
