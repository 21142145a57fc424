"""Normalised gradient flows on homogeneous relu networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike, NDArray

from tetrakis.dynamics._equations import FlowLoss, Functions, Method, functions, split
from tetrakis.dynamics._kkt import MOST, kkt_residual
from tetrakis.dynamics._layers import Layers, check_layers, network_of_layers
from tetrakis.errors import BudgetError, DataError
from tetrakis.network import ResNet

Status = Literal["converged", "not separated", "stopped"]
_INTERVAL = 0.25
_ERROR = 1e-4
_STEPS = 5000
_ZERO = -6.0
_NEARBY, _RADIUS = 12, 1e-3


@dataclass(frozen=True, eq=False)
class FlowResult:
    """Where a flow went.

    Parameters
    ----------
    layers : tuple of ndarray
        Final V_l, of unit Frobenius norm.
    rho : ndarray, shape (n_layers,)
        Final ρ_l.
    status : {"converged", "not separated", "stopped"}
        The KKT residual fell to the tolerance; the margin never stayed positive; or neither within
        the limit of log ρ.
    margin : float
        min_n y_n f_V(x_n) at the end.
    best_margin : float
        The largest along the way.
    kkt : float
        KKT residual at the end, see `kkt_residual`.
    log_rho, log_loss, margins, alignment, imbalance, kkts : ndarray, shape (n_times,)
        Along the way: log ∏ρ_l; log of the summed loss; the normalised margin; cosine of (V_l) with
        the final one; max ρ_l² − min ρ_l² (conserved by all three flows); KKT residual.
    rhos : ndarray, shape (n_times, n_layers)
    row_margins : ndarray, shape (n,)
        y_n f_V(x_n) at the end.
    n_steps : int
    box : ndarray, shape (n_inputs, 2)
    """

    layers: Layers
    rho: NDArray[np.float64]
    status: Status
    margin: float
    best_margin: float
    kkt: float
    log_rho: NDArray[np.float64]
    log_loss: NDArray[np.float64]
    margins: NDArray[np.float64]
    alignment: NDArray[np.float64]
    imbalance: NDArray[np.float64]
    kkts: NDArray[np.float64]
    rhos: NDArray[np.float64]
    row_margins: NDArray[np.float64]
    n_steps: int
    box: NDArray[np.float64]

    @property
    def message(self) -> str:
        """The outcome in words."""
        if self.status == "not separated":
            return (
                f"the data was not separated; the best normalised margin is {self.best_margin:.4g}"
            )
        return f"{self.status}: normalised margin {self.margin:.4g}, KKT residual {self.kkt:.2g}"

    @property
    def network(self) -> ResNet:
        """The normalised network f_V."""
        return network_of_layers(self.layers, self.box)


def normalised_flow(
    network: ResNet | Sequence[Any],
    X: ArrayLike,
    y: ArrayLike,
    *,
    method: Method = "plain",
    loss: FlowLoss = "exponential",
    tol: float = 1e-3,
    max_log_rho: float = 12.0,
    solver: Literal["rosenbrock", "diffrax"] = "rosenbrock",
) -> FlowResult:
    """Follow a gradient flow of a homogeneous relu network until its direction is a critical point.

    With W_l = ρ_l V_l and Σ_n ℓ(y_n f(x_n)): the plain gradient flow in W_l, weight normalisation
    (in ρ_l and v_l with V_l = v_l/‖v_l‖, where ‖v_l‖ stays what it is at the start, ρ_l), or the
    Lagrange multiplier flow in ρ_l and V_l. Time is rescaled, which changes no trajectory.

    Parameters
    ----------
    network : ResNet, or sequence of ndarray
        Where to start: a chain of relu layers without biases and with one output; one matrix is a
        linear classifier.
    X : array_like, shape (n, n_inputs)
    y : array_like, shape (n,)
        Labels of two classes; the larger is +1.
    method : {"plain", "weight_norm", "lagrange"}
    loss : {"exponential", "logistic"}
    tol : float
        KKT residual of the margin problem to stop at.
    max_log_rho : float
        Stop when log ∏ρ_l has grown by this much.
    solver : {"rosenbrock", "diffrax"}
        An L-stable Rosenbrock method of order two with steps of local error 1e-4 (the Lagrange
        flow is stiff), or diffrax's Kvaerno5 to 1e-6.

    Raises
    ------
    NetworkError
        If the network isn't homogeneous or no chain.
    DataError
        If there are one class, more than two, or numbers that aren't finite.
    BudgetError
        If an option makes no sense.
    MissingDependencyError
        If diffrax is asked for and isn't installed.

    References
    ----------
    [Poggio19]; THEORY section 10. The integration is ours.

    Examples
    --------
    >>> found = normalised_flow([[[0.3, 1.0]]], [[1.0, 0.0], [-1.0, 0.0]], [1, 0])
    >>> found.status, found.layers[0].round(2).tolist()
    ('converged', [[1.0, 0.0]])
    """
    layers = check_layers(network)
    rows, signs = _rows(X, y, layers[0].shape[1])
    _check_options(method, loss, tol, max_log_rho, solver)
    shapes = tuple((int(w.shape[0]), int(w.shape[1])) for w in layers)
    with jax.enable_x64(True):
        run = functions(shapes, method, loss, _STEPS)
        walk = _Walk(
            run, layers, jnp.asarray(rows.T), jnp.asarray(signs), solver, method != "plain"
        )
        status = walk.go(tol, max_log_rho)
        return walk.result(status, shapes, np.stack([rows.min(0), rows.max(0)], axis=1))


class _Walk:
    """Integrates interval by interval and records what is tracked."""

    def __init__(
        self, run: Functions, layers: Layers, X: Any, y: Any, solver: str, crosses: bool
    ) -> None:
        self.run, self.X, self.y, self.solver = run, X, y, solver
        norms = np.array([np.linalg.norm(w) for w in layers])
        parts = [(w / r).ravel() for w, r in zip(layers, norms, strict=True)]
        self.norms, self.n_layers = jnp.asarray(norms), len(layers)
        self.shapes, self.crosses = [w.shape for w in layers], crosses
        self.state: Any = jnp.asarray(np.concatenate([*parts, np.log(norms)]))
        self.size: Any = 1e-3
        self.states: list[NDArray[np.float64]] = []
        self.losses: list[float] = []
        self.found: list[NDArray[np.float64]] = []
        self.kkts: list[float] = []
        self.n_steps = 0

    def record(self) -> None:
        log_loss, margins = self.run.measure(self.state, self.X, self.y)
        self.states.append(np.asarray(self.state))
        self.losses.append(float(log_loss))
        self.found.append(np.asarray(margins))
        if self.found[-1].min() > 0:
            self.kkts.append(self.residual())
        else:
            self.kkts.append(float("inf"))

    def residual(self) -> float:
        """KKT residual with the gradients of this state and of some nearby.

        At a kink of a relu the gradients of both sides count (Clarke's subdifferential); nearby
        states lie on either side.
        """
        margins = self.found[-1]
        near = np.argsort(margins, kind="stable")[:MOST]
        X, y = self.X[:, near], self.y[near]
        here = np.asarray(self.state)
        slopes = [np.asarray(self.run.gradients(self.state, X, y))]
        if self.n_layers > 1:
            rng = np.random.default_rng(0)
            count = len(here) - self.n_layers
            for _ in range(_NEARBY):
                moved = here.copy()
                moved[:count] += _RADIUS * rng.standard_normal(count) / np.sqrt(count)
                slopes.append(np.asarray(self.run.gradients(jnp.asarray(moved), X, y)))
        return kkt_residual(
            np.tile(margins[near], len(slopes)), np.concatenate(slopes), self.n_layers
        )

    def go(self, tol: float, max_log_rho: float) -> Status:
        self.record()
        start = float(self.states[0][-self.n_layers :].sum())
        for _ in range(int(40 * max_log_rho / _INTERVAL)):
            if self.kkts[-1] <= tol:
                return "converged"
            finished = self.advance()
            self.record()
            grown = float(self.states[-1][-self.n_layers :].sum()) - start
            rate = np.asarray(self.run.rate(self.state, self.norms, self.X, self.y))
            self.cross(rate[-self.n_layers :])
            if not finished or abs(grown) > max_log_rho or np.abs(rate).max() < 1e-7:
                break
        if self.kkts[-1] <= tol:
            return "converged"
        return "stopped" if self.found[-1].min() > 0 else "not separated"

    def cross(self, growth: NDArray[np.float64]) -> None:
        """Let a ρ_l that falls to zero pass it: from −ρ_l on, V_l has the other sign."""
        state = np.array(self.state)
        log_rho = state[-self.n_layers :]
        k = int(log_rho.argmin())
        if not self.crosses or log_rho[k] > _ZERO or growth[k] >= 0:
            return
        start = sum(a * b for a, b in self.shapes[:k])
        stop = start + self.shapes[k][0] * self.shapes[k][1]
        state[start:stop] *= -1.0
        self.state = jnp.asarray(state)

    def advance(self) -> bool:
        if self.solver == "diffrax":
            from tetrakis.dynamics._diffrax import integrate

            self.state, count = integrate(
                self.run.rate, self.state, _INTERVAL, (self.norms, self.X, self.y)
            )
            self.n_steps += int(count)
            return True
        self.state, self.size, count, finished = self.run.interval(
            self.state, self.size, _INTERVAL, self.norms, self.X, self.y, _ERROR
        )
        self.n_steps += int(count)
        return bool(finished)

    def result(self, status: Status, shapes: Any, box: NDArray[np.float64]) -> FlowResult:
        states = np.array(self.states)
        turned, log_rho = states[:, : -self.n_layers], states[:, -self.n_layers :]
        turned = turned / np.sqrt(self.n_layers)
        rhos = np.exp(log_rho)
        least = np.array([m.min() for m in self.found])
        layers, _ = split(states[-1], shapes)
        return FlowResult(
            tuple(np.array(v) for v in layers), rhos[-1], status, float(least[-1]),
            float(least.max()), self.kkts[-1], log_rho.sum(axis=1), np.array(self.losses), least,
            turned @ turned[-1], (rhos**2).max(axis=1) - (rhos**2).min(axis=1),
            np.array(self.kkts), rhos, self.found[-1], self.n_steps, box,
        )  # fmt: skip


def _rows(X: ArrayLike, y: ArrayLike, n_inputs: int) -> tuple[NDArray, NDArray]:
    rows, labels = np.asarray(X, np.float64), np.asarray(y)
    if rows.ndim != 2 or rows.shape[1] != n_inputs or labels.shape != (len(rows),):
        raise DataError(
            f"data: expected X (n, {n_inputs}) and y (n,), got {rows.shape} and {labels.shape}."
        )
    if not np.isfinite(rows).all():
        raise DataError("data: expected finite numbers.")
    classes = np.unique(labels)
    if len(classes) != 2:
        raise DataError(
            f"data: a margin needs two classes, got {len(classes)}: {classes[:4].tolist()}."
        )
    return rows, np.where(labels == classes[1], 1.0, -1.0)


def _check_options(method: str, loss: str, tol: float, most: float, solver: str) -> None:
    for name, value, known in (
        ("method", method, get_args(Method)), ("loss", loss, get_args(FlowLoss)),
        ("solver", solver, ("rosenbrock", "diffrax")),
    ):  # fmt: skip
        if value not in known:
            raise BudgetError(f"{name}: expected one of {', '.join(known)}, got {value!r}.")
    for name, number in (("tol", tol), ("max_log_rho", most)):
        if not 0 < number < np.inf:
            raise BudgetError(f"{name}: expected a number > 0, got {number!r}.")
