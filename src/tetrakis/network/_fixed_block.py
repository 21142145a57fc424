"""Integer formats and the exact integer block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import csr_array

from tetrakis.errors import NetworkError
from tetrakis.network._arrays import frozen_csr, frozen_vector, rows_of, with_data
from tetrakis.network._ranges import integer_affine_range
from tetrakis.network._resnet import Block

#: `bits` of a unit that never saturates.
UNBOUNDED = 62
EXPONENTS = 256
WEIGHTS = 2**53


@dataclass(frozen=True)
class FixedPointFormat:
    """Integers of `bits` bits; a code is worth ``code * 2**exponent``.

    Raises
    ------
    NetworkError
        If `bits` isn't in 1..52 or `exponent` isn't in −256..256.
    """

    bits: int
    exponent: int
    signed: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.bits <= 52:
            raise NetworkError(f"bits: expected 1 to 52, got {self.bits}.")
        if abs(self.exponent) > EXPONENTS:
            raise NetworkError(f"exponent: expected -256 to 256, got {self.exponent}.")

    @property
    def lo(self) -> int:
        """Smallest code."""
        return -(2 ** (self.bits - 1)) if self.signed else 0

    @property
    def hi(self) -> int:
        """Largest code."""
        return 2 ** (self.bits - self.signed) - 1


def check_integers(owner: Any, name: str, size: int, low: int, high: int) -> None:
    """Replace a field by its checked, read-only int64 vector."""
    values = frozen_vector(getattr(owner, name), np.int64, name, shape=(size,))
    if size and (values.min() < low or values.max() > high):
        raise NetworkError(
            f"{name}: expected integers in {low}..{high}, got {values.min()}..{values.max()}."
        )
    object.__setattr__(owner, name, values)


def check_weights(
    owner: Any, name: str, shape: tuple[int | None, int | None] = (None, None)
) -> csr_array:
    """Replace a field by its checked, read-only int64 matrix, and return it."""
    matrix = frozen_csr(getattr(owner, name), np.int64, name, shape=shape)
    if matrix.nnz and max(matrix.data.max(), -matrix.data.min()) > WEIGHTS:
        raise NetworkError(f"{name}: expected weights of magnitude at most 2**53.")
    object.__setattr__(owner, name, matrix)
    return matrix


@dataclass(frozen=True, eq=False)
class FixedPointBlock:
    """``z + write @ min(max(read @ z + bias, 0) >> shift, 2**bits − 1)`` in exact integers.

    The pre-activation of unit j is worth ``2**exponent[j]``, its activation
    ``2**(exponent[j] + shift[j])``. ``bits = 1`` is the threshold ``[s >= 2**shift]``;
    ``bits = 62`` never saturates.

    Parameters
    ----------
    read : csr_array of int64, shape (width, stream)
    bias, shift, bits : ndarray of int64, shape (width,)
    write : csr_array of int64, shape (stream, width)
    exponent : ndarray of int64, shape (width,)

    Raises
    ------
    NetworkError
        If shapes don't fit, a number isn't an integer, or one is out of range.
    """

    read: csr_array
    bias: np.ndarray
    shift: np.ndarray
    bits: np.ndarray
    write: csr_array
    exponent: np.ndarray
    kind: ClassVar[str] = "relu"

    def __post_init__(self) -> None:
        width, stream = check_weights(self, "read").shape
        check_weights(self, "write", (stream, width))
        check_integers(self, "bias", width, -WEIGHTS, WEIGHTS)
        check_integers(self, "shift", width, 0, 62)
        check_integers(self, "bits", width, 1, UNBOUNDED)
        check_integers(self, "exponent", width, -EXPONENTS, EXPONENTS)

    @property
    def width(self) -> int:
        """Number of units."""
        return int(self.read.shape[0])

    @property
    def top(self) -> np.ndarray:
        """Largest activation code of every unit, ``2**bits − 1``."""
        return np.left_shift(np.int64(1), self.bits) - 1

    def activation(self, pre: np.ndarray) -> np.ndarray:
        """Compute activation codes of pre-activations, units along the first axis."""
        column = (slice(None),) + (None,) * (pre.ndim - 1)
        return np.minimum(np.maximum(pre, 0) >> self.shift[column], self.top[column])

    def activate(self, stream: np.ndarray) -> np.ndarray:
        """Compute activation codes, shape (width, n), for stream codes of shape (stream, n)."""
        return self.activation(self.read @ stream + self.bias[:, None])

    def ranges(self, stream: np.ndarray, where: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Find ranges of pre-activations, activations and the new stream, each (…, 2)."""
        pre = integer_affine_range(
            self.read, stream, np.stack([self.bias] * 2, axis=1), f"{where}, unit"
        )
        units = self.activation(pre)
        return pre, units, integer_affine_range(self.write, units, stream, f"{where}, stream")

    def to_block(self, stream_exponent: np.ndarray) -> Block:
        """Return the float block whose weights are worth exactly what these are."""
        grain = self.exponent + self.shift
        cap = np.ldexp(self.top.astype(np.float64), grain)
        return Block(
            scaled(self.read, self.exponent, stream_exponent),
            np.ldexp(self.bias.astype(np.float64), self.exponent),
            np.where(self.bits == UNBOUNDED, np.inf, cap),
            scaled(self.write, stream_exponent, grain),
        )


def scaled(matrix: csr_array, row: np.ndarray, column: np.ndarray) -> csr_array:
    """Scale to ``matrix[i, j] * 2**(row[i] − column[j])``, exactly."""
    power = row[rows_of(matrix)] - column[matrix.indices]
    return with_data(matrix, np.ldexp(matrix.data.astype(np.float64), power))
