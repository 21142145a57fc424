"""How far a two-layer network is from the best of any width: recomputed from the network alone.

Nothing here comes from the solvers: weights are read from the network, its outputs are those of
`ResNet.evaluate`, and every number is rounded outwards.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from tetrakis.certificate import Certificate
from tetrakis.convex._bound import upper_bound
from tetrakis.convex._certify_deep import certify_deep
from tetrakis.convex._climb import local_maxima, starting_points
from tetrakis.convex._cones import MAX_CONE_RANK
from tetrakis.convex._losses import Loss, check_problem
from tetrakis.convex._relaxed_dual import relaxed_dual_point
from tetrakis.convex._sphere import MAX_RANK, sphere_maximum
from tetrakis.errors import BudgetError, NetworkError
from tetrakis.network import ResNet

_EPS = float(np.finfo(float).eps)
#: From so many nodes on, the dual point of the network is branched for as well, and another one
#: is chosen for a tree and not for its root alone.
_MANY_NODES = 10_000
QUANTITY = "regularised objective above the global optimum"


def certify(
    network: ResNet,
    X: Any,
    Y: Any,
    alpha: float,
    *,
    loss: str | Loss = "squared",
    scope: Literal["global", "heuristic"] = "global",
    intercept: bool | None = None,
    nu: np.ndarray | None = None,
    max_nodes: int = 20_000,
) -> Certificate:
    """Bound L(f(X), Y) + alpha Σ_k ‖u_k‖‖α_k‖ minus its minimum over networks of any width.

    With an intercept, biases count in ‖u_k‖ and the competitors have them too.

    Parameters
    ----------
    network : ResNet
        One block of relus that read the inputs, no skip connection, no offset; from anywhere. With
        two blocks (three layers) the norm is that of paths, Σ_k √(Σ_j ‖w_1j‖² w_2kj²) ‖w_3k‖, and
        the scope can only be 'heuristic'.
    X : array_like, shape (n, d)
    Y : array_like, shape (n,) or (n, c)
        See `LOSSES` for the form of targets.
    alpha : float
        In units of the mean loss; for the squared loss 1/(2n) ‖f − y‖².
    scope : {'global', 'heuristic'}
        Whether ‖νᵀ(Xu)₊‖ is bounded over the whole sphere, or searched by local search only.
    intercept : bool, optional
        Whether networks may have biases; whether this one has any by default.
    nu : ndarray, shape (n, c), optional
        Dual point; that of the network's outputs by default. Any is allowed, a poor one gives a
        large value.
    max_nodes : int
        Most nodes of branch and bound, at rank 4 and more.

    Returns
    -------
    Certificate
        Its terms are the objective and minus the lower bound of the optimum.

    Raises
    ------
    NetworkError
        If the network isn't of the form above.

    References
    ----------
    THEORY section 7.3; [Ergen23] for the dual. Bounds: ours.
    """
    X, Y, loss = check_problem(X, Y, loss)
    if not (np.isfinite(alpha) and alpha > 0):
        raise BudgetError(f"alpha: expected a number > 0, got {alpha!r}.")
    if len(network.blocks) == 2:
        if scope != "heuristic":
            raise NetworkError(
                f"network: expected one hidden layer for a {scope!r} certificate, got 2 blocks.",
                remedy="For three layers use scope='heuristic'.",
            )
        return certify_deep(network, X, Y, alpha, loss=loss, intercept=intercept)
    U, A = two_layer_weights(network)
    biased = bool(U[:, -1].any()) if intercept is None else intercept
    if U[:, -1].any() and not biased:
        raise NetworkError("network: expected no biases without an intercept, got some.")
    F = network.evaluate(X)
    if F.shape != Y.shape:
        raise NetworkError(f"network: expected {Y.shape[1]} outputs, got {F.shape[1]}.")
    rows = np.concatenate([X, np.ones((len(X), 1))], axis=1) if biased else X
    U = U if biased else U[:, :-1]
    upper = _objective(rows, Y, U, A, F, alpha, loss)
    point = loss.dual_point(F, Y) if nu is None else np.asarray(nu, np.float64).reshape(Y.shape)
    lower, method = _lower_bound(rows, Y, point, alpha, loss, scope, max_nodes, nu is None)
    return Certificate(
        QUANTITY,
        float(np.nextafter(max(upper - lower, 0.0), np.inf)),
        scope,
        method,
        {"objective, rounded up": upper, "minus the lower bound": -lower},
    )


def holds(
    certificate: Certificate,
    network: ResNet,
    X: Any,
    Y: Any,
    alpha: float,
    *,
    loss: str | Loss = "squared",
    intercept: bool | None = None,
    nu: np.ndarray | None = None,
    max_nodes: int = 20_000,
) -> bool:
    """Say whether a new computation confirms a certificate of this network.

    A network that was changed after its certificate was written fails.
    """
    scope: Any = certificate.scope
    again = certify(
        network,
        X,
        Y,
        alpha,
        loss=loss,
        scope=scope,
        intercept=intercept,
        nu=nu,
        max_nodes=max_nodes,
    )
    same = [k for k in again.terms if "objective" in k and k in certificate.terms]
    slack = 1e-12 * max(abs(again.terms[k]) for k in again.terms)
    agree = all(abs(again.terms[k] - certificate.terms[k]) <= slack for k in same)
    return bool(same) and agree and again.value <= certificate.value + slack


def two_layer_weights(network: ResNet) -> tuple[np.ndarray, np.ndarray]:
    """Return u_k with its bias, shape (K, d + 1), and α_k, shape (K, c)."""
    if len(network.blocks) != 1:
        raise NetworkError(
            f"network: expected one or two hidden layers, got {len(network.blocks)} blocks.",
            remedy="Certificates of optimality are for relu networks of two or three layers.",
        )
    block = network.blocks[0]
    skip = abs(network.read_out @ network.read_in).sum()
    if skip or network.offset.any() or np.isfinite(block.cap).any():
        raise NetworkError(
            "network: expected relus without caps, skip connections or an output offset.",
            remedy="Certificates of optimality are for plain two-layer relu networks.",
        )
    U = (block.read @ network.read_in).toarray()
    A = (network.read_out @ block.write).toarray().T
    return np.concatenate([U, block.bias[:, None]], axis=1), A


def _objective(
    X: np.ndarray,
    Y: np.ndarray,
    U: np.ndarray,
    A: np.ndarray,
    F: np.ndarray,
    alpha: float,
    loss: Loss,
) -> float:
    """Objective, rounded up by the rounding errors of F, of the loss and of the norm."""
    n, terms = len(X), len(U) + X.shape[1] + 8
    off = terms * _EPS * ((np.abs(X) @ np.abs(U).T) @ np.abs(A))
    value, size = (
        float(loss.value(F, Y)),
        float(np.linalg.norm(U, axis=1) @ np.linalg.norm(A, axis=1)),
    )
    slope = float(np.sum(np.abs(loss.dual_point(F, Y)) * off)) + float(np.sum(off * off)) / n
    return (value + alpha * size) * (1 + (n * Y.shape[1] + terms) * _EPS) + slope


def _lower_bound(
    X: np.ndarray,
    Y: np.ndarray,
    nu: np.ndarray,
    alpha: float,
    loss: Loss,
    scope: str,
    max_nodes: int,
    free: bool,
) -> tuple[float, str]:
    """Bound the optimum from below; at a high rank also by another dual point, if free to."""
    chosen = free and scope == "global" and loss.name == "squared" and Y.shape[1] == 1
    chosen = chosen and int(np.linalg.matrix_rank(X)) > MAX_CONE_RANK
    many = max_nodes >= _MANY_NODES
    largest, method = _largest(X, nu, scope, max_nodes if many or not chosen else 1)
    lower = _dual(nu, Y, alpha, largest, loss)
    if not chosen:
        return lower, method
    nu = relaxed_dual_point(X, Y[:, 0], nu[:, 0], alpha, leaves=(8,) if many else ())[:, None]
    largest, other = _largest(X, nu, scope, max_nodes)
    better = _dual(nu, Y, alpha, largest, loss)
    return (better, f"{other}, dual point chosen for it") if better > lower else (lower, method)


def _largest(X: np.ndarray, nu: np.ndarray, scope: str, max_nodes: int) -> tuple[float, str]:
    """Largest ‖νᵀ(Xu)₊‖ over unit vectors u, and how it was found."""
    if scope == "heuristic":
        starts = starting_points(X, 1024, np.random.default_rng(1))
        values = local_maxima(X, nu, starts, count=64)[1] if len(starts) else np.zeros(1)
        return float(values[0]), "duality gap; local search over the sphere"
    if scope != "global":
        raise BudgetError(f"scope: expected 'global' or 'heuristic', got {scope!r}.")
    if np.linalg.matrix_rank(X) <= MAX_RANK:
        _, value, error = sphere_maximum(X, nu)
        return value + error, "duality gap; all cells enumerated"
    value, _, nodes = upper_bound(X, nu, max_nodes=max_nodes)
    return value, f"duality gap; branch and bound over the sphere, {nodes} nodes"


def _dual(nu: np.ndarray, Y: np.ndarray, alpha: float, largest: float, loss: Loss) -> float:
    """Best dual value of the point scaled to be feasible, rounded down."""
    most = alpha / max(largest, 1e-300) * (1 - 8 * _EPS)
    scales = most * np.concatenate([np.linspace(0.3, 1.0, 281), [min(1.0, 1 / most)]])
    values = [float(loss.dual_value(s * nu, Y)) for s in scales]  # any is a lower bound
    scale, value = scales[int(np.argmax(values))], max(values)
    nu = scale * nu
    size = np.sum(np.abs(nu * Y)) + 0.5 * len(Y) * np.sum(nu * nu) + loss.value(np.zeros_like(Y), Y)
    return max(value - 4 * (nu.size + 16) * _EPS * float(size), 0.0)
