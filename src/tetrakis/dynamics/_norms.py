"""Margin bounds from norms: figures to set beside the Occam bound, each with its formula."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tetrakis.dynamics._layers import layers_of
from tetrakis.errors import NetworkError
from tetrakis.network import ResNet


@dataclass(frozen=True)
class Figure:
    """A generalisation figure.

    Parameters
    ----------
    name : str
    value : float
        1 and above says nothing.
    formula : str
    """

    name: str
    value: float
    formula: str


def frobenius_product(network: ResNet) -> float | None:
    """Multiply the Frobenius norms of the layers; None if the network is no homogeneous chain."""
    try:
        return float(np.prod([np.linalg.norm(w) for w in layers_of(network)]))
    except NetworkError:
        return None


def margin_bound(
    margins: NDArray[np.float64], norm: float, complexity: float, delta: float
) -> float:
    """Bound the error by margins, for all networks, norms and thresholds at once.

    The least over i of share(margin < 2^i) + 2·2^{j−i}·complexity + √(ln(1/δ_ij)/(2m)), where 2^j
    is the norm rounded up and δ_ij = δ/(9 (1+|i|)² (1+|j|)²) sums to at most δ.

    Parameters
    ----------
    margins : ndarray, shape (m,)
    norm : float
    complexity : float
        Rademacher complexity of the networks of norm at most 1.
    delta : float

    References
    ----------
    V. Koltchinskii, D. Panchenko, Empirical margin distributions, Annals of Statistics 30, 2002;
    M. Mohri et al., Foundations of Machine Learning, theorem 5.9; the union is ours.
    """
    m = len(margins)
    j = int(np.ceil(np.log2(max(norm, 1e-300))))
    best = 1.0
    for i in range(j - 60, j + 10):
        spent = np.log(9 * (1 + abs(i)) ** 2 * (1 + abs(j)) ** 2 / delta)
        share = float(np.mean(margins < 2.0**i))
        best = min(best, share + 2 * 2.0 ** (j - i) * complexity + float(np.sqrt(spent / (2 * m))))
    return best


def norm_figures(
    network: ResNet, margins: NDArray[np.float64], path: float, radius: float, delta: float
) -> tuple[Figure, ...]:
    """Compute margin bounds from the path norm and, for chains, from the Frobenius product.

    Parameters
    ----------
    network : ResNet
        With one output.
    margins : ndarray, shape (m,)
        Of rows that were drawn independently of the network's box.
    path : float
        Path norm, which counts the box in.
    radius : float
        Largest Euclidean norm of a row.
    delta : float
    """
    m, levels = len(margins), len(network.blocks)
    complexity = 2.0**levels * np.sqrt(2 * np.log(2 * (network.n_inputs + 1)) / m)
    found = [
        Figure(
            "path norm", margin_bound(margins, path, float(complexity), delta),
            "least over θ of share(margin < θ) + 2 (P/θ) 2^B √(2 ln(2(d+1))/m) + √(ln(1/δ')/2m), "
            "B blocks",
        )
    ]  # fmt: skip
    product = frobenius_product(network)
    if product is not None:
        complexity = radius * (np.sqrt(2 * np.log(2) * (levels + 1)) + 1) / np.sqrt(m)
        found.append(
            Figure(
                "Frobenius product", margin_bound(margins, product, float(complexity), delta),
                "least over θ of share(margin < θ) + 2 (∏‖W_l‖_F/θ) max‖x‖₂ (√(2 L ln 2) + 1)/√m "
                "+ √(ln(1/δ')/2m)",
            )
        )  # fmt: skip
    return tuple(found)
