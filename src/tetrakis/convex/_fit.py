"""From arrays and options to a network with its certificate: what the estimators run."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np

from tetrakis.certificate import Certificate
from tetrakis.convex._certify import QUANTITY, certify
from tetrakis.convex._climb import local_maxima, starting_points
from tetrakis.convex._decode import deep_network_of, network_of, neurons_of_gates
from tetrakis.convex._deep import solve_deep
from tetrakis.convex._gated import solve_gated
from tetrakis.convex._losses import LOSSES, loss_named
from tetrakis.convex._patterns import Patterns, enumerate_patterns, reduce_rank, sample_patterns
from tetrakis.convex._products import gradient_norms
from tetrakis.convex._relu import ReLUSolution, solve_relu
from tetrakis.convex._sampled import solve_sampled
from tetrakis.convex._sphere import MAX_RANK, sphere_maximum
from tetrakis.errors import BudgetError
from tetrakis.network import ResNet


@dataclass(frozen=True, eq=False)
class Fit:
    """A fitted network with its evidence; `solver_gap` is relative, in the program solved."""

    network: ResNet
    certificate: Certificate
    primal: float
    dual: float
    n_neurons: int
    n_iter: int
    converged: bool
    solver_gap: float
    alpha_max: float


def fit_program(
    X: np.ndarray,
    Y: np.ndarray,
    *,
    loss: str,
    alpha: float,
    depth: int,
    width: int,
    fit_intercept: bool,
    gated: bool,
    patterns: str | int,
    tol: float,
    max_iter: int,
    certificate: str | None,
    rng: np.random.Generator,
) -> Fit:
    """Solve the program that the options describe."""
    _check_options(alpha, depth, width, gated, patterns, tol, max_iter, certificate)
    rows = np.concatenate([X, np.ones((len(X), 1))], axis=1) if fit_intercept else X
    box = np.stack([X.min(axis=0), X.max(axis=0)], axis=1)
    if depth == 3:
        return _fit_deep(rows, X, Y, loss, alpha, width, tol, max_iter, box, fit_intercept, rng)
    given: Patterns | None = None
    if not isinstance(patterns, str):
        given = sample_patterns(rows, int(patterns), rng=rng)
    elif gated:
        given = enumerate_patterns(rows)
    if gated and given is not None:
        return _fit_gated(rows, Y, given, loss, alpha, tol, max_iter, box, fit_intercept)
    options: dict[str, Any] = {"loss": loss, "tol": tol, "max_iter": max_iter}
    if given is None:
        low = patterns == "all" or reduce_rank(rows)[1].shape[1] <= 2
        found = solve_relu(rows, Y, alpha, exact=low, rng=rng, **options)
    else:
        found = solve_sampled(rows, Y, given, alpha, **options)
    network = network_of(found.V, found.A, box=box, intercept=fit_intercept)
    default = "sampled" if given is not None else "global" if patterns == "all" else "heuristic"
    proof, dual = _proof(certificate or default, network, X, Y, alpha, loss, fit_intercept, found)
    largest = alpha_max(rows, Y, loss=loss) if not len(found.V) else np.nan
    return Fit(
        network, proof, found.primal, dual, len(found.V), found.n_iter, found.converged, found.gap,
        largest,
    )  # fmt: skip


def _proof(
    scope: str,
    network: ResNet,
    X: np.ndarray,
    Y: np.ndarray,
    alpha: float,
    loss: str,
    intercept: bool,
    found: ReLUSolution,
) -> tuple[Certificate, float]:
    if scope == "sampled":
        value = max(found.primal - found.dual, 0.0)
        terms = {"objective": found.primal, "minus the lower bound": -found.dual}
        method = "duality gap over the sampled patterns"
        return Certificate(QUANTITY, value, "sampled patterns", method, terms), found.dual
    kind: Any = scope
    best = certify(network, X, Y, alpha, loss=loss, scope=kind, intercept=intercept)
    if scope == "heuristic":
        return best, min(-best.terms["minus the lower bound"], found.primal)
    return best, -best.terms["minus the lower bound"]


def _fit_deep(
    rows: np.ndarray,
    X: np.ndarray,
    Y: np.ndarray,
    loss: str,
    alpha: float,
    width: int,
    tol: float,
    max_iter: int,
    box: np.ndarray,
    intercept: bool,
    rng: np.random.Generator,
) -> Fit:
    found = solve_deep(rows, Y, alpha, width=width, loss=loss, tol=tol, max_iter=max_iter, rng=rng)
    network = deep_network_of(found.V, found.signs, found.A, box=box, intercept=intercept)
    proof = certify(network, X, Y, alpha, loss=loss, scope="heuristic", intercept=intercept)
    dual = min(-proof.terms["minus the lower bound"], found.primal)
    return Fit(
        network, proof, found.primal, dual, len(found.V), found.n_iter, found.converged, found.gap,
        found.largest,
    )  # fmt: skip


def _fit_gated(
    rows: np.ndarray,
    Y: np.ndarray,
    patterns: Patterns,
    loss: str,
    alpha: float,
    tol: float,
    max_iter: int,
    box: np.ndarray,
    intercept: bool,
) -> Fit:
    found = solve_gated(rows, Y, patterns, alpha, loss=loss, tol=tol, max_iter=max_iter)
    V, A = neurons_of_gates(rows, found)
    proof = Certificate(
        "gated objective above its optimum over the patterns",
        max(found.primal - found.dual, 0.0),
        "all patterns" if patterns.complete else "sampled patterns",
        "duality gap of the gated program",
        {"objective": found.primal, "minus the lower bound": -found.dual},
    )
    zero = loss_named(loss).dual_point(np.zeros_like(Y), Y)
    largest = float(gradient_norms(rows, patterns.signs, zero).max())
    return Fit(
        network_of(V, A, box=box, intercept=intercept), proof, found.primal, found.dual, len(V),
        found.n_iter, found.converged, found.gap, largest,
    )  # fmt: skip


def alpha_max(X: np.ndarray, Y: np.ndarray, *, loss: str = "squared") -> float:
    """Smallest alpha that gives the zero network: max over unit u of ‖νᵀ(Xu)₊‖, ν = −∇L(0).

    Exact for rows of rank at most 3; the best of many local searches otherwise.

    Parameters
    ----------
    X : ndarray, shape (n, d)
    Y : ndarray, shape (n, c)
    """
    nu = LOSSES[loss].dual_point(np.zeros_like(Y), Y)
    if reduce_rank(X)[1].shape[1] <= MAX_RANK:
        return sphere_maximum(X, nu)[1]
    starts = starting_points(X, 1024, np.random.default_rng(0))
    return float(local_maxima(X, nu, starts, count=64)[1][0])


def _check_options(
    alpha: Any,
    depth: Any,
    width: Any,
    gated: bool,
    patterns: Any,
    tol: Any,
    max_iter: Any,
    certificate: Any,
) -> None:
    def number(value: Any) -> bool:
        return isinstance(value, Real) and bool(np.isfinite(float(value)))

    def whole(value: Any) -> bool:
        return isinstance(value, Integral) and not isinstance(value, bool)

    counted = whole(patterns) and patterns >= 1
    rules = (
        ("alpha", alpha, number(alpha) and alpha > 0, "a number > 0"),
        ("depth", depth, depth in (2, 3), "2 or 3"),
        ("width", width, whole(width) and width >= 1, "a whole number >= 1"),
        ("patterns", patterns, counted or patterns in ("generate", "all"),
         "'generate', 'all' or a number >= 1"),
        ("tol", tol, number(tol) and tol > 0, "a number > 0"),
        ("max_iter", max_iter, whole(max_iter) and max_iter >= 0,
         "a whole number >= 0"),
        ("certificate", certificate, certificate in (None, "sampled", "heuristic", "global"),
         "'sampled', 'heuristic' or 'global'"),
    )  # fmt: skip
    for name, value, fine, wanted in rules:
        if not fine:
            raise BudgetError(f"{name}: expected {wanted}, got {value!r}.")
    if depth == 3 and (gated or patterns != "generate" or certificate in ("sampled", "global")):
        raise BudgetError(
            "depth: three layers go with gated=False, patterns='generate' and a 'heuristic' "
            f"certificate; got {gated!r}, {patterns!r} and {certificate!r}.",
            remedy="Leave these options at their defaults, or use depth=2.",
        )
    if gated and patterns == "generate":
        raise BudgetError(
            "patterns: the gated program needs 'all' or a number, got 'generate'.",
            remedy="Use patterns=500, for example, or gated=False.",
        )
    if certificate == "sampled" and not counted:
        raise BudgetError(
            f"certificate: 'sampled' needs a number of patterns, got patterns={patterns!r}.",
            remedy="Use 'heuristic' or 'global'.",
        )
    if gated and certificate in ("heuristic", "global"):
        raise BudgetError(
            f"certificate: the gated program has no {certificate!r} one.",
            remedy="Leave certificate at its default; patterns='all' covers all patterns.",
        )
