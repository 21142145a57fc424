"""Mean losses with their duals: what every program, solver and bound of the package shares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit, log_softmax, softmax, xlogy

from tetrakis.errors import DataError

_Pair = Callable[[np.ndarray, np.ndarray], Any]


@dataclass(frozen=True)
class Loss:
    """A smooth convex loss L(F) = (1/n) Σ_i l(f_i, y_i) of predictions F, shape (n, c).

    Parameters
    ----------
    name : str
    value : callable
        ``value(F, Y)`` is L(F).
    dual_point : callable
        ``dual_point(F, Y)`` is ν = −∇L(F), shape (n, c).
    dual_value : callable
        ``dual_value(nu, Y)`` is −L*(−ν); −inf outside the domain of L*.
    curvature : callable
        ``curvature(F, Y)``, shape (n,): n ∇²L at F is at most this diagonal.
    root : callable
        ``root(F, Y)``: R with RᵀR = ∇²L(F), a diagonal (n, c) or row by row (n, c, c).
    """

    name: str
    value: _Pair
    dual_point: _Pair
    dual_value: _Pair
    curvature: _Pair
    root: _Pair


def _squared(F: np.ndarray, Y: np.ndarray) -> float:
    return 0.5 * float(np.sum((F - Y) ** 2)) / len(Y)


def _squared_dual(nu: np.ndarray, Y: np.ndarray) -> float:
    return float(np.sum(nu * Y) - 0.5 * len(Y) * np.sum(nu * nu))


def _logistic(F: np.ndarray, Y: np.ndarray) -> float:
    if Y.shape[1] == 1:
        return float(np.logaddexp(0.0, -Y * F).sum()) / len(Y)
    return -float(np.sum(Y * log_softmax(F, axis=1))) / len(Y)


def _logistic_point(F: np.ndarray, Y: np.ndarray) -> np.ndarray:
    if Y.shape[1] == 1:
        return Y * expit(-Y * F) / len(Y)
    return (Y - softmax(F, axis=1)) / len(Y)


def _logistic_dual(nu: np.ndarray, Y: np.ndarray) -> float:
    p = len(Y) * nu * Y if Y.shape[1] == 1 else Y - len(Y) * nu
    if p.min() < -1e-12 or p.max() > 1 + 1e-12:
        return -np.inf
    p = np.clip(p, 0.0, 1.0)
    entropy = -np.sum(xlogy(p, p))
    if Y.shape[1] == 1:
        entropy -= np.sum(xlogy(1 - p, 1 - p))
    return float(entropy) / len(Y)


def _logistic_curvature(F: np.ndarray, Y: np.ndarray) -> np.ndarray:
    if Y.shape[1] == 1:
        p = expit(-Y * F)[:, 0]
        return p * (1 - p)
    p = softmax(F, axis=1)
    return 2 * (p * (1 - p)).max(axis=1)


def _logistic_root(F: np.ndarray, Y: np.ndarray) -> np.ndarray:
    if Y.shape[1] == 1:
        p = expit(-Y * F)
        return np.sqrt(p * (1 - p) / len(Y))
    p = softmax(F, axis=1)
    q = np.sqrt(p)
    eye = np.eye(Y.shape[1]) * q[:, None, :]
    return (eye - q[:, :, None] * p[:, None, :]) / np.sqrt(len(Y))


def _hinge(F: np.ndarray, Y: np.ndarray) -> float:
    return 0.5 * float(np.sum(np.maximum(1 - Y * F, 0.0) ** 2)) / len(Y)


def _hinge_dual(nu: np.ndarray, Y: np.ndarray) -> float:
    p = len(Y) * nu * Y
    if p.min() < -1e-12:
        return -np.inf
    return float(np.sum(p - 0.5 * p * p)) / len(Y)


#: The losses by name. Targets Y, shape (n, c): numbers (squared); one column of ±1, or one-hot
#: rows for the softmax loss (logistic); ±1 in every column (squared_hinge).
LOSSES: dict[str, Loss] = {
    "squared": Loss(
        "squared",
        _squared,
        lambda F, Y: (Y - F) / len(Y),
        _squared_dual,
        lambda F, Y: np.ones(len(Y)),
        lambda F, Y: np.full(Y.shape, len(Y) ** -0.5),
    ),
    "logistic": Loss(
        "logistic",
        _logistic,
        _logistic_point,
        _logistic_dual,
        _logistic_curvature,
        _logistic_root,
    ),
    "squared_hinge": Loss(
        "squared_hinge",
        _hinge,
        lambda F, Y: Y * np.maximum(1 - Y * F, 0.0) / len(Y),
        _hinge_dual,
        lambda F, Y: (Y * F < 1).any(axis=1).astype(np.float64),
        lambda F, Y: (Y * F < 1) * len(Y) ** -0.5,
    ),
}


def loss_named(loss: str | Loss) -> Loss:
    """Return the loss of that name, or raise DataError."""
    if isinstance(loss, Loss):
        return loss
    if loss not in LOSSES:
        raise DataError(f"loss: expected one of {', '.join(LOSSES)}, got {loss!r}.")
    return LOSSES[loss]


def relative_gap(primal: float, dual: float) -> float:
    """Return (primal − dual) / primal, and 0 where rounding puts the dual above."""
    return max(primal - dual, 0.0) / max(primal, 1e-300)


def check_problem(X: Any, Y: Any, loss: str | Loss) -> tuple[np.ndarray, np.ndarray, Loss]:
    """Return X (n, d) and Y (n, c) in float64, or raise DataError.

    Raises
    ------
    DataError
        If shapes don't fit, a number is NaN or infinite, or targets don't suit the loss.
    """
    loss = loss_named(loss)
    X = np.ascontiguousarray(X, dtype=np.float64)
    Y = np.asarray(Y, dtype=np.float64)
    Y = np.ascontiguousarray(Y[:, None] if Y.ndim == 1 else Y)
    if X.ndim != 2 or Y.ndim != 2 or len(X) != len(Y) or 0 in (*X.shape, *Y.shape):
        raise DataError(f"expected X (n, d) and y (n,) or (n, c), got {X.shape} and {Y.shape}.")
    for name, array in (("X", X), ("y", Y)):
        if not np.isfinite(array).all():
            bad = np.argwhere(~np.isfinite(array))[0]
            raise DataError(
                f"{name}: expected finite numbers, got {array[tuple(bad)]} in row {bad[0]}, "
                f"column {bad[1]}.",
                remedy="Fill in or drop the row.",
            )
    one_hot = loss.name == "logistic" and Y.shape[1] > 1
    if loss.name != "squared" and not np.isin(Y, (0.0, 1.0) if one_hot else (-1.0, 1.0)).all():
        wanted = "one-hot rows" if one_hot else "targets -1 and 1"
        raise DataError(f"y: the {loss.name} loss needs {wanted}.", remedy="Encode the classes.")
    if one_hot and not (Y.sum(axis=1) == 1).all():
        raise DataError("y: the logistic loss of several outputs needs one 1 in every row.")
    return X, Y, loss
