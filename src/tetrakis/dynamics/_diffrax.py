"""Integration by diffrax, where it is installed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import jax

from tetrakis.errors import MissingDependencyError


def integrate(
    rate: Callable[..., Any], state: Any, length: float, rest: tuple[Any, ...]
) -> tuple[Any, Any]:
    """Integrate an autonomous flow with Kvaerno5; return the state and the number of steps.

    Raises
    ------
    MissingDependencyError
        If diffrax isn't installed.
    """
    try:
        import diffrax
    except ImportError:
        raise MissingDependencyError(
            "diffrax is not installed.", remedy="Run: pip install 'tetrakis[dynamics]'"
        ) from None
    return _compiled(diffrax, rate, length)(state, rest)


@cache
def _compiled(diffrax: Any, rate: Callable[..., Any], length: float) -> Callable[..., Any]:
    def run(state: Any, rest: tuple[Any, ...]) -> Any:
        found = _solve(diffrax, rate, length, state, rest)
        return found.ys[0], found.stats["num_steps"]

    return jax.jit(run)


def _solve(
    diffrax: Any, rate: Callable[..., Any], length: float, state: Any, rest: tuple[Any, ...]
) -> Any:
    return diffrax.diffeqsolve(
        diffrax.ODETerm(lambda t, y, args: rate(y, *args)),
        diffrax.Kvaerno5(),
        t0=0.0, t1=length, dt0=None, y0=state, args=rest,
        stepsize_controller=diffrax.PIDController(rtol=1e-6, atol=1e-6),
        saveat=diffrax.SaveAt(t1=True),
        max_steps=20_000,
    )  # fmt: skip
