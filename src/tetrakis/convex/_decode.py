"""Solutions of convex programs as networks."""

from __future__ import annotations

from typing import Any

import numpy as np

from tetrakis.convex._gated import GatedSolution
from tetrakis.network import ResNet, from_layers, parallel_units


def network_of(V: np.ndarray, A: np.ndarray, *, box: Any, intercept: bool = False) -> ResNet:
    """Build Σ_k (x·v_k)₊ a_k with the norm of every neuron shared by its two layers.

    Parameters
    ----------
    V : ndarray, shape (K, d)
        With `intercept`, the last column belongs to a constant feature 1.
    A : ndarray, shape (K, c)
        Unit rows; the network's Σ ‖u_k‖‖α_k‖ is Σ ‖v_k‖.
    box : array_like, shape (n_inputs, 2)
    """
    root = np.sqrt(np.linalg.norm(V, axis=1))[:, None]
    read, write = V / np.maximum(root, 1e-300), (A * root).T
    bias = read[:, -1] if intercept else np.zeros(len(V))
    read = read[:, :-1] if intercept else read
    return parallel_units(read, bias, write, np.zeros(A.shape[1]), box=box)


def deep_network_of(
    V: np.ndarray, signs: np.ndarray, A: np.ndarray, *, box: Any, intercept: bool = False
) -> ResNet:
    """Build Σ_k (Σ_j I_kj (x·v_kj)₊)₊ a_k as parallel three-layer sub-networks.

    First layers are v_kj/‖v_kj‖, second ones I_kj ‖v_kj‖/‖V_k‖, last ones ‖V_k‖ a_k, so that the
    path norm of a sub-network is ‖V_k‖.

    Parameters
    ----------
    V : ndarray, shape (K, m, d)
        With `intercept`, the last column belongs to a constant feature 1. Zero neurons are left
        out.
    signs : ndarray of ±1, shape (K, m)
    A : ndarray, shape (K, c)
        Unit rows.
    box : array_like, shape (n_inputs, 2)

    References
    ----------
    [Ergen23], THEORY section 7.2.
    """
    sizes = np.sqrt(np.einsum("kmd,kmd->k", V, V))
    lengths = np.linalg.norm(V, axis=2)
    unit, neuron = np.nonzero(lengths)
    length = lengths[unit, neuron]
    read = V[unit, neuron] / length[:, None]
    middle = np.zeros((len(V), len(unit)))
    middle[unit, np.arange(len(unit))] = signs[unit, neuron] * length / sizes[unit]
    bias = read[:, -1] if intercept else np.zeros(len(read))
    read = read[:, :-1] if intercept else read
    last = (A * sizes[:, None]).T
    biases = [bias, np.zeros(len(V)), np.zeros(A.shape[1])]
    return from_layers([read, middle, last], biases, box=box)


def neurons_of_gates(X: np.ndarray, found: GatedSolution) -> tuple[np.ndarray, np.ndarray]:
    """Turn gated units into relus with the same outputs on the rows X.

    1[x·g ≥ 0] x·v is the difference of (x·(v + tg))₊ and (x·tg)₊ where t is large enough for
    v + tg to have the pattern of g. This keeps the fit, not the norm.

    Returns
    -------
    V, A : ndarray, shapes (K, d), (K, c)
        As `network_of` takes them.
    """
    V, A = [np.zeros((0, X.shape[1]))], [np.zeros((0, found.V.shape[2]))]
    for k, pattern in enumerate(found.support):
        gate = found.patterns.gates[pattern]
        reach = X @ gate
        used = np.abs(reach) > 1e-12 * np.linalg.norm(X, axis=1) * np.linalg.norm(gate)
        left, sizes, right = np.linalg.svd(found.V[k], full_matrices=False)
        for j in np.flatnonzero(sizes > 1e-14 * sizes.max(initial=0.0)):
            v, a = left[:, j] * sizes[j], right[j]
            t = float(np.max(-(X[used] @ v) / reach[used], initial=0.0)) * (1 + 1e-9)
            pair = np.array([v + t * gate, t * gate])
            size = np.linalg.norm(pair, axis=1)
            V.append(pair[size > 0])
            A.append(np.outer([1.0, -1.0], a)[size > 0])
    return np.concatenate(V), np.concatenate(A)
