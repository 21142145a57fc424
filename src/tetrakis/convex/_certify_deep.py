"""How far a parallel three-layer network seems to be from the best: recomputed from its weights.

Nothing here comes from the solvers; the local search is shared. No rigorous bound of the dual's
maximum is known for three layers that would be worth computing, so the scope is 'heuristic'.
"""

from __future__ import annotations

import numpy as np

from tetrakis.certificate import Certificate
from tetrakis.convex._deep_search import local_units, unit_starts
from tetrakis.convex._losses import Loss
from tetrakis.errors import NetworkError
from tetrakis.network import ResNet

_STARTS, _CLIMBS = 256, 32
QUANTITY = "path-regularised objective above the optimum of three layers"


def certify_deep(
    network: ResNet, X: np.ndarray, Y: np.ndarray, alpha: float, *, loss: Loss,
    intercept: bool | None,
) -> Certificate:  # fmt: skip
    """Compare L + alpha Σ_k √(Σ_j ‖w_1kj‖² w_2kj²) ‖w_3k‖ with its dual bound.

    Competitors are parallel networks of any number of sub-networks with as many first-layer
    neurons as the largest one here. The bound holds if no unit beats those that were found.
    """
    U, W, A = three_layer_weights(network)
    biased = bool(U[:, -1].any()) if intercept is None else intercept
    if U[:, -1].any() and not biased:
        raise NetworkError("network: expected no biases without an intercept, got some.")
    F = network.evaluate(X)
    if F.shape != Y.shape:
        raise NetworkError(f"network: expected {Y.shape[1]} outputs, got {F.shape[1]}.")
    rows = np.concatenate([X, np.ones((len(X), 1))], axis=1) if biased else X
    V, signs, sizes = _units(U if biased else U[:, :-1], W, A)
    upper = float(loss.value(F, Y)) + alpha * float(sizes.sum())
    nu = loss.dual_point(F, Y)
    fresh, more = unit_starts(rows, _STARTS, V.shape[1], np.random.default_rng(1))
    V, signs = np.concatenate([V, fresh]), np.concatenate([signs, more])
    values = local_units(rows, nu, V, signs, count=_CLIMBS)[2]
    scale = min(1.0, alpha / max(float(values.max(initial=0.0)), 1e-300))
    lower = float(loss.dual_value(scale * nu, Y))
    return Certificate(
        QUANTITY,
        float(np.nextafter(max(upper - lower, 0.0), np.inf)),
        "heuristic",
        f"duality gap; local search over units of {V.shape[1]} first-layer neurons",
        {"objective": upper, "minus the lower bound": -lower},
    )


def three_layer_weights(network: ResNet) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return w_1 with biases (J, d + 1), w_2 (K, J) and w_3 (K, c) of a plain three-layer net."""
    one, two = network.blocks
    first, last = two.read @ network.read_in, network.read_out
    skips = (first, last @ network.read_in, last @ one.write)
    capped = np.isfinite(one.cap).any() or np.isfinite(two.cap).any()
    if any(abs(s).sum() for s in skips) or network.offset.any() or two.bias.any() or capped:
        raise NetworkError(
            "network: expected three layers of relus without caps, skip connections, an output "
            "offset or biases in the second layer.",
            remedy="A constant input takes the place of biases.",
        )
    U = np.concatenate([(one.read @ network.read_in).toarray(), one.bias[:, None]], axis=1)
    return U, (two.read @ one.write).toarray(), (last @ two.write).toarray().T


def _units(
    U: np.ndarray, W: np.ndarray, A: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Put the weights of every sub-network into its first layer; also their path norms."""
    width = max(int((W != 0).sum(axis=1).max(initial=0)), 1)
    V, signs = np.zeros((len(W), width, U.shape[1])), np.ones((len(W), width))
    for k, weights in enumerate(W):
        used = np.flatnonzero(weights)
        V[k, : len(used)] = np.abs(weights[used, None]) * U[used]
        signs[k, : len(used)] = np.sign(weights[used])
    V *= np.linalg.norm(A, axis=1)[:, None, None]
    return V, signs, np.sqrt(np.einsum("kmd,kmd->k", V, V))
