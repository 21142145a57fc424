"""A dual point for which the relaxed bound is good: the dual program with bounds for maxima."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.optimize import minimize

from tetrakis.convex._bound import Node, first_node, loosest, relax, settle
from tetrakis.convex._relaxation import Relaxation

#: Smoothing, as a share of alpha, and the most steps with it: first, and after branching.
_STAGES = ((3e-2, 100), (1e-2, 200), (3e-3, 300), (1e-3, 300), (3e-4, 300))
_AGAIN = ((3e-3, 100), (1e-3, 150), (3e-4, 150))


def relaxed_dual_point(
    X: np.ndarray, y: np.ndarray, nu: np.ndarray, alpha: float, *, leaves: tuple[int, ...] = (8,)
) -> np.ndarray:
    """Raise the dual value that can be proved, for the squared loss and one output.

    Bounding max over u of ±νᵀ(Xu)₊ for the residual of a network is loose in rows that lie on
    both sides of many directions. Here ν and the multipliers of both bounds B are chosen together,
    to maximise D(ν alpha/B), D(ν) = ν·y − n‖ν‖²/2; then both are branched, and ν is chosen again
    for the leaves. Signs of ν stay. Any ν gives a valid certificate; this one only gives a better
    one.

    Parameters
    ----------
    X : ndarray, shape (n, d)
    y, nu : ndarray, shape (n,)
    alpha : float
    leaves : tuple of int
        For each further choice, how many leaves each of the two trees has.

    References
    ----------
    Ours.
    """
    if not nu.any():
        return nu
    trees = [(s, [first_node(X, s * nu)]) for s in (1.0, -1.0)]
    found, trees = _optimised(X, y, nu, alpha, trees, _STAGES)
    for count in leaves:
        trees = [(s, _branched(X, s * found, nodes, count)) for s, nodes in trees]
        found, trees = _optimised(X, y, found, alpha, trees, _AGAIN)
    return found if np.isfinite(found).all() and found.any() else nu


def _branched(X: np.ndarray, w: np.ndarray, nodes: list[Node], count: int) -> list[Node]:
    """Split the worst leaf until there are so many, and relax all for the new weights."""
    nodes = [relax(X, w, replace(node, bound=np.inf)) for node in nodes]
    while len(nodes) < count:
        worst = max(nodes, key=lambda node: node.bound)
        row = loosest(X, w, worst)
        if row < 0:
            break
        nodes = [node for node in nodes if node is not worst]
        nodes += [relax(X, w, settle(worst, row, sign)) for sign in (1.0, -1.0)]
    return nodes


_Trees = list[tuple[float, list[Node]]]


def _optimised(
    X: np.ndarray,
    y: np.ndarray,
    nu: np.ndarray,
    alpha: float,
    trees: _Trees,
    stages: tuple[tuple[float, int], ...],
) -> tuple[np.ndarray, _Trees]:
    """Choose ν and the multipliers of all leaves together; return both."""
    n, unit = len(X), float(np.abs(nu).mean())
    flat = [(s, node) for s, nodes in trees for node in nodes]
    forms = [(s, Relaxation(X, s * nu > 0, node.fixed)) for s, node in flat]
    limits = [f.limits(node.second) for (_, f), (_, node) in zip(forms, flat, strict=True)]
    low = np.concatenate([np.where(nu < 0, -np.inf, 0.0), *(low for low, _ in limits)])
    high = np.concatenate([np.where(nu > 0, np.inf, 0.0), *(high for _, high in limits)])
    z = [nu / unit, *(part for _, node in flat for part in (node.first, node.second))]
    z = np.clip(np.concatenate(z), low, high)
    worth = 1e2 / max(float(y @ y) / (2 * n), 1e-300)

    def cost(z: np.ndarray, smoothing: float, power: float) -> tuple[float, np.ndarray]:
        v = z[:n] * unit
        parts = [
            form.evaluate(s * v, z[n * (2 * k + 1) : n * (2 * k + 3)], smoothing)
            for k, (s, form) in enumerate(forms)
        ]
        bounds = np.array([max(p[0], 1e-300) for p in parts])
        top = float(bounds.max())
        bound = top * float(((bounds / top) ** power).sum()) ** (1 / power)  # a smooth maximum
        share = (bounds / bound) ** (power - 1)
        s = alpha / bound
        slope = (s / bound) * (v @ y - s * n * (v @ v))
        pull = sum(a * sign * p[2] for a, (sign, _), p in zip(share, forms, parts, strict=True))
        rest = [-slope * a * p[1] for a, p in zip(share, parts, strict=True)]
        own = (s * (y - s * n * v) - slope * pull) * unit
        value = s * (v @ y) - 0.5 * n * s * s * (v @ v)
        return -worth * float(value), -worth * np.concatenate([own, *rest])

    box = list(zip(low, high, strict=True))
    for share, steps in stages:
        options = {"maxiter": steps, "maxcor": 20, "ftol": 1e-11}
        z = minimize(
            cost, z, args=(share * alpha, min(3 / share, 1e3)), jac=True, method="L-BFGS-B",
            bounds=box, options=options,
        ).x  # fmt: skip
        z = np.clip(z, low, high)
    nodes = iter(
        replace(node, first=z[n * (2 * k + 1) : n * (2 * k + 2)], second=z[n * (2 * k + 2) :][:n])
        for k, (_, node) in enumerate(flat)
    )
    return z[:n] * unit, [(s, [next(nodes) for _ in old]) for s, old in trees]
