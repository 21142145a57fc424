"""The operations a formula may use: names, numpy evaluation, interval evaluation, derivatives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Operation:
    """A function of one or two numbers.

    Parameters
    ----------
    arity : int
    evaluate : callable
        On float64 arrays.
    monotone : {"up", "down", ""}
        Of one argument, on its whole domain.
    """

    arity: int
    evaluate: Callable[..., Any]
    monotone: str = ""


def _reciprocal(x: Any) -> Any:
    return np.divide(1.0, x)


def _relu(x: Any) -> Any:
    return np.maximum(x, 0.0)


OPERATIONS: dict[str, Operation] = {
    "add": Operation(2, np.add),
    "sub": Operation(2, np.subtract),
    "mul": Operation(2, np.multiply),
    "div": Operation(2, np.divide),
    "pow": Operation(2, np.power),
    "maximum": Operation(2, np.maximum),
    "minimum": Operation(2, np.minimum),
    "hypot": Operation(2, np.hypot),
    "arctan2": Operation(2, np.arctan2),
    "neg": Operation(1, np.negative, "down"),
    "reciprocal": Operation(1, _reciprocal),
    "square": Operation(1, np.square),
    "sqrt": Operation(1, np.sqrt, "up"),
    "cbrt": Operation(1, np.cbrt, "up"),
    "exp": Operation(1, np.exp, "up"),
    "exp2": Operation(1, np.exp2, "up"),
    "expm1": Operation(1, np.expm1, "up"),
    "log": Operation(1, np.log, "up"),
    "log2": Operation(1, np.log2, "up"),
    "log10": Operation(1, np.log10, "up"),
    "log1p": Operation(1, np.log1p, "up"),
    "sin": Operation(1, np.sin),
    "cos": Operation(1, np.cos),
    "tan": Operation(1, np.tan),
    "arcsin": Operation(1, np.arcsin, "up"),
    "arccos": Operation(1, np.arccos, "down"),
    "arctan": Operation(1, np.arctan, "up"),
    "sinh": Operation(1, np.sinh, "up"),
    "cosh": Operation(1, np.cosh),
    "tanh": Operation(1, np.tanh, "up"),
    "sigmoid": Operation(1, expit, "up"),
    "relu": Operation(1, _relu, "up"),
    "abs": Operation(1, np.abs),
}

ALIASES = {
    "absolute": "abs", "fabs": "abs", "ln": "log", "asin": "arcsin", "acos": "arccos",
    "atan": "arctan", "atan2": "arctan2", "max": "maximum", "min": "minimum", "power": "pow",
    "expit": "sigmoid", "multiply": "mul", "divide": "div", "subtract": "sub", "negative": "neg",
}  # fmt: skip

CONSTANTS = {"pi": float(np.pi), "e": float(np.e)}


def operation_named(name: str) -> str | None:
    """Return the operation that a name in a formula stands for."""
    name = ALIASES.get(name, name)
    return name if name in OPERATIONS else None
