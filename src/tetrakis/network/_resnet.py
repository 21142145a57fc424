"""The float residual network: one representation for every learner and every measure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import csr_array

from tetrakis.errors import NetworkError
from tetrakis.network._arrays import ROWS_AT_ONCE, frozen_csr, frozen_vector


@dataclass(frozen=True, eq=False)
class Block:
    """A residual block ``z + write @ min(relu(read @ z + bias), cap)``.

    Parameters
    ----------
    read : csr_array, shape (width, stream)
        Weights from the stream to the units. Dense arrays are converted.
    bias : ndarray, shape (width,)
    cap : ndarray, shape (width,)
        Largest activation of every unit; ``inf`` is a plain relu.
    write : csr_array, shape (stream, width)
        Weights from the units back to the stream.

    Raises
    ------
    NetworkError
        If shapes don't fit, or a number is NaN, infinite or (cap) negative.
    """

    read: csr_array
    bias: np.ndarray
    cap: np.ndarray
    write: csr_array
    kind: ClassVar[str] = "relu"

    def __post_init__(self) -> None:
        read = frozen_csr(self.read, np.float64, "read")
        width, stream = read.shape
        write = frozen_csr(self.write, np.float64, "write", shape=(stream, width))
        bias = frozen_vector(self.bias, np.float64, "bias", shape=(width,))
        cap = frozen_vector(self.cap, np.float64, "cap", shape=(width,), finite=False)
        if (cap < 0).any():
            raise NetworkError("cap: expected numbers >= 0, got a negative one.")
        for name, value in (("read", read), ("bias", bias), ("cap", cap), ("write", write)):
            object.__setattr__(self, name, value)

    @property
    def width(self) -> int:
        """Number of units."""
        return int(self.read.shape[0])

    def activate(self, stream: np.ndarray) -> np.ndarray:
        """Compute activations, shape (width, n), for stream values of shape (stream, n)."""
        pre = self.read @ stream + self.bias[:, None]
        return np.minimum(np.maximum(pre, 0.0), self.cap[:, None])


@dataclass(frozen=True, eq=False)
class ResNet:
    """A residual relu network on a box, in float64.

    ``z = read_in @ x``, then every block adds to ``z``, then ``y = read_out @ z + offset``.
    `read_in` and `read_out` are fixed; block weights, biases and `offset` are parameters.

    Parameters
    ----------
    read_in : csr_array, shape (stream, n_inputs)
    blocks : tuple of Block
    read_out : csr_array, shape (n_outputs, stream)
    offset : ndarray, shape (n_outputs,)
    box : ndarray, shape (n_inputs, 2)
        The set Ω on which measures hold: lower and upper end of every input.

    Raises
    ------
    NetworkError
        If shapes don't fit, numbers aren't finite, or the box is empty.

    References
    ----------
    [Jacot25] for the residual form; section 1 of docs/representation.md for the exact semantics.

    Examples
    --------
    >>> import numpy as np
    >>> block = Block([[1.0]], [0.0], np.inf, [[-2.0]])        # |x| = −(x − 2 relu(x))
    >>> net = ResNet([[1.0]], (block,), [[-1.0]], [0.0], [[-1.0, 1.0]])
    >>> net.evaluate([[-0.5], [0.25]]).ravel().tolist()
    [0.5, 0.25]
    """

    read_in: csr_array
    blocks: tuple[Block, ...]
    read_out: csr_array
    offset: np.ndarray
    box: np.ndarray

    def __post_init__(self) -> None:
        read_in = frozen_csr(self.read_in, np.float64, "read_in")
        stream, n_inputs = read_in.shape
        read_out = frozen_csr(self.read_out, np.float64, "read_out", shape=(None, stream))
        offset = frozen_vector(self.offset, np.float64, "offset", shape=(int(read_out.shape[0]),))
        box = frozen_vector(self.box, np.float64, "box", shape=(n_inputs, 2))
        if (box[:, 0] > box[:, 1]).any():
            raise NetworkError("box: expected lower ends <= upper ends.")
        blocks = tuple(self.blocks)
        for index, block in enumerate(blocks):
            check_stream(index, block.read.shape[1], stream)
        for name, value in (
            ("read_in", read_in), ("read_out", read_out), ("offset", offset), ("box", box),
            ("blocks", blocks),
        ):  # fmt: skip
            object.__setattr__(self, name, value)

    @property
    def n_inputs(self) -> int:
        """Number of inputs."""
        return int(self.read_in.shape[1])

    @property
    def n_outputs(self) -> int:
        """Number of outputs."""
        return int(self.read_out.shape[0])

    @property
    def stream(self) -> int:
        """Number of stream coordinates."""
        return int(self.read_in.shape[0])

    def evaluate(self, X: Any) -> np.ndarray:
        """Compute outputs, shape (n, n_outputs), for inputs `X` of shape (n, n_inputs)."""
        X = check_rows(X, self.n_inputs, np.float64)
        y = np.empty((len(X), self.n_outputs))
        for start in range(0, len(X), ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            z = self.read_in @ np.ascontiguousarray(X[rows].T)
            for block in self.blocks:
                z = z + block.write @ block.activate(z)
            y[rows] = (self.read_out @ z + self.offset[:, None]).T
        return y

    def activations(self, X: Any) -> list[np.ndarray]:
        """Compute the activations of every block, shapes (n, width), for inputs `X`."""
        z = self.read_in @ np.ascontiguousarray(check_rows(X, self.n_inputs, np.float64).T)
        found = []
        for block in self.blocks:
            units = block.activate(z)
            z = z + block.write @ units
            found.append(units.T)
        return found


def check_stream(index: int, found: int, expected: int) -> None:
    """Raise NetworkError unless block `index` works on the network's stream."""
    if found != expected:
        raise NetworkError(
            f"block {index}: expected a stream of {expected} coordinates (rows of read_in), "
            f"got {found}."
        )


def check_rows(X: Any, n_inputs: int, dtype: type) -> np.ndarray:
    """Return `X` as a matrix with one column per input, or raise NetworkError."""
    X = np.asarray(X)
    if X.ndim != 2 or X.shape[1] != n_inputs:
        raise NetworkError(f"inputs: expected shape (n, {n_inputs}), got {X.shape}.")
    if dtype is np.int64 and X.dtype.kind not in "biu":
        raise NetworkError(
            f"inputs: expected integer codes, got dtype {X.dtype}.",
            remedy="Encode the values first (round(value / 2**exponent)).",
        )
    return X.astype(dtype, copy=False)
