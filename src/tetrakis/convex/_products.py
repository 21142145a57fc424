"""The hot product over all patterns, in blocks of rows: numpy, or JAX on an accelerator."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

Backend = Literal["numpy", "jax"]

#: Entries of a block of pattern signs turned into floats: 32 MB.
_BLOCK = 1 << 22


def gradient_norms(
    X: np.ndarray, signs: np.ndarray, nu: np.ndarray, *, backend: Backend = "numpy"
) -> np.ndarray:
    """Return ‖Xᵀ D_i ν‖ (Frobenius) for every pattern, shape (P,).

    Parameters
    ----------
    X : ndarray, shape (n, d)
    signs : ndarray of uint8, shape (P, n)
    nu : ndarray, shape (n, c)
    """
    G = all_gradients(X, signs, nu, backend=backend)
    return np.sqrt(np.einsum("pk,pk->p", G, G))


def all_gradients(
    X: np.ndarray, signs: np.ndarray, nu: np.ndarray, *, backend: Backend = "numpy"
) -> np.ndarray:
    """Return Xᵀ D_i ν of every pattern as one product Dᵀ(ν ⊙ X), shape (P, d·c).

    Never more than a block of rows of the (n, d·c) right factor and of D in floats exists at a
    time; the (n, P·d) design never does.
    """
    product: Any = _jax_product if backend == "jax" else _numpy_product
    n, d = X.shape
    c, P = nu.shape[1], len(signs)
    total = np.zeros((P, d * c))
    step = max(1, _BLOCK // max(P, d * c))
    for start in range(0, n, step):
        rows = slice(start, start + step)
        right = (X[rows, :, None] * nu[rows, None, :]).reshape(-1, d * c)
        total += product(signs[:, rows], right)
    return total


def _numpy_product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return left.astype(np.float64, copy=False) @ right


def _jax_product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    import jax
    import jax.numpy as jnp

    with jax.enable_x64(True):
        a = jnp.asarray(left).astype(jnp.float64)
        return np.asarray(jnp.matmul(a, jnp.asarray(right), precision="highest"))
