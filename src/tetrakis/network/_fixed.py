"""The exact integer twin of the residual network."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from tetrakis.errors import NetworkError
from tetrakis.network._arrays import ROWS_AT_ONCE
from tetrakis.network._fixed_block import (
    EXPONENTS,
    WEIGHTS,
    FixedPointBlock,
    FixedPointFormat,
    check_integers,
    check_weights,
    scaled,
)
from tetrakis.network._ranges import Ranges, integer_affine_range
from tetrakis.network._resnet import ResNet, check_rows, check_stream
from tetrakis.network._table_arithmetic import without_tables
from tetrakis.network._table_block import TableBlock


@dataclass(frozen=True, eq=False)
class FixedPointResNet:
    """A residual network in exact integers: what the compiler turns into a circuit.

    Parameters
    ----------
    inputs : tuple of FixedPointFormat
        One per input.
    read_in : csr_array of int64, shape (stream, n_inputs)
    blocks : tuple of FixedPointBlock or TableBlock
    read_out : csr_array of int64, shape (n_outputs, stream)
    offset : ndarray of int64, shape (n_outputs,)
    stream_exponent : ndarray of int64, shape (stream,)
        Stream coordinate i is worth ``2**stream_exponent[i]``.
    output_exponent : ndarray of int64, shape (n_outputs,)

    Attributes
    ----------
    ranges : Ranges
        Exact integer interval ranges on all input codes; they bound every partial sum.

    Raises
    ------
    NetworkError
        If shapes don't fit, or a sum could reach 2**62 (so int64 can't overflow).

    Examples
    --------
    >>> block = FixedPointBlock([[1]], [-2], 0, 1, [[1]], 0)          # [x >= 3]
    >>> net = FixedPointResNet(
    ...     (FixedPointFormat(3, 0),), [[1], [0]],
    ...     (FixedPointBlock([[1, 0]], [-2], 0, 1, [[0], [1]], 0),), [[0, 1]], [0], 0, 0)
    >>> net.evaluate_codes([[2], [3]]).ravel().tolist()
    [0, 1]
    """

    inputs: tuple[FixedPointFormat, ...]
    read_in: csr_array
    blocks: tuple[FixedPointBlock | TableBlock, ...]
    read_out: csr_array
    offset: np.ndarray
    stream_exponent: np.ndarray
    output_exponent: np.ndarray
    ranges: Ranges = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "inputs", tuple(self.inputs))
        object.__setattr__(self, "blocks", tuple(self.blocks))
        stream, _ = check_weights(self, "read_in", (None, len(self.inputs))).shape
        n_outputs, _ = check_weights(self, "read_out", (None, stream)).shape
        for index, block in enumerate(self.blocks):
            check_stream(index, block.write.shape[0], stream)
        check_integers(self, "offset", n_outputs, -WEIGHTS, WEIGHTS)
        check_integers(self, "stream_exponent", stream, -EXPONENTS, EXPONENTS)
        check_integers(self, "output_exponent", n_outputs, -EXPONENTS, EXPONENTS)
        object.__setattr__(self, "ranges", self._find_ranges())

    def _find_ranges(self) -> Ranges:
        inputs = np.array([(f.lo, f.hi) for f in self.inputs], np.int64).reshape(-1, 2)
        start = np.zeros((self.stream, 2), np.int64)
        stream = [integer_affine_range(self.read_in, inputs, start, "read_in, stream")]
        pres, units = [], []
        for index, block in enumerate(self.blocks):
            pre, unit, after = block.ranges(stream[-1], f"block {index}")
            pres.append(pre)
            units.append(unit)
            stream.append(after)
        outputs = integer_affine_range(
            self.read_out, stream[-1], np.stack([self.offset] * 2, axis=1), "output"
        )
        for array in (inputs, *stream, *pres, *units, outputs):
            array.flags.writeable = False
        return Ranges(inputs, tuple(stream), tuple(pres), tuple(units), outputs)

    @property
    def n_inputs(self) -> int:
        """Number of inputs."""
        return len(self.inputs)

    @property
    def n_outputs(self) -> int:
        """Number of outputs."""
        return int(self.read_out.shape[0])

    @property
    def stream(self) -> int:
        """Number of stream coordinates."""
        return int(self.read_in.shape[0])

    @property
    def has_tables(self) -> bool:
        """Whether a block is a `TableBlock`."""
        return any(isinstance(block, TableBlock) for block in self.blocks)

    @property
    def relu_blocks(self) -> tuple[FixedPointBlock, ...]:
        """The blocks of a network without tables.

        Raises
        ------
        NetworkError
            If there is a table block.
        """
        found = tuple(block for block in self.blocks if isinstance(block, FixedPointBlock))
        if len(found) < len(self.blocks):
            raise NetworkError(
                "expected blocks of relus and thresholds only, got a table block.",
                remedy="Use without_tables(network) first.",
            )
        return found

    @property
    def input_exponent(self) -> np.ndarray:
        """Exponent of every input, shape (n_inputs,)."""
        return np.array([f.exponent for f in self.inputs], np.int64)

    @property
    def box(self) -> np.ndarray:
        """Range of the inputs' values, shape (n_inputs, 2)."""
        codes = self.ranges.inputs.astype(np.float64)
        return np.ldexp(codes, self.input_exponent[:, None])

    def evaluate_codes(self, codes: Any) -> np.ndarray:
        """Compute output codes, int64 of shape (n, n_outputs), for input codes (n, n_inputs).

        Raises
        ------
        NetworkError
            If the shape is wrong or a code is outside its format.
        """
        codes = self._check_codes(codes)
        y = np.empty((len(codes), self.n_outputs), np.int64)
        for start in range(0, len(codes), ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            z = self.read_in @ np.ascontiguousarray(codes[rows].T)
            for block in self.blocks:
                z = z + block.write @ block.activate(z)
            y[rows] = (self.read_out @ z + self.offset[:, None]).T
        return y

    def evaluate(self, codes: Any) -> np.ndarray:
        """Return output values, float64: the codes times ``2**output_exponent``."""
        return np.ldexp(self.evaluate_codes(codes).astype(np.float64), self.output_exponent)

    def activations(self, codes: Any) -> list[np.ndarray]:
        """Compute the activation codes of every block, shapes (n, width)."""
        z = self.read_in @ np.ascontiguousarray(self._check_codes(codes).T)
        found = []
        for block in self.blocks:
            units = block.activate(z)
            z = z + block.write @ units
            found.append(units.T)
        return found

    def to_resnet(self) -> ResNet:
        """Return the float network of exactly these weights; it saturates, but doesn't round.

        Tables become threshold units first (`without_tables`), ramps between the codes.
        """
        plain = without_tables(self)
        return ResNet(
            scaled(plain.read_in, plain.stream_exponent, plain.input_exponent),
            tuple(block.to_block(plain.stream_exponent) for block in plain.relu_blocks),
            scaled(plain.read_out, plain.output_exponent, plain.stream_exponent),
            np.ldexp(plain.offset.astype(np.float64), plain.output_exponent),
            self.box,
        )

    def _check_codes(self, codes: Any) -> np.ndarray:
        codes = check_rows(codes, self.n_inputs, np.int64)
        lo, hi = self.ranges.inputs.T
        outside = ((codes < lo) | (codes > hi)).any(axis=0)
        if outside.any():
            worst = int(np.argmax(outside))
            raise NetworkError(
                f"input {worst}: expected codes in {lo[worst]}..{hi[worst]}, got "
                f"{codes[:, worst].min()}..{codes[:, worst].max()}."
            )
        return codes
