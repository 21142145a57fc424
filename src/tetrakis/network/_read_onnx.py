"""Relu networks from ONNX files."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array, eye_array

from tetrakis.errors import FormatError, MissingDependencyError, NetworkError
from tetrakis.network._resnet import Block, ResNet

Floats = NDArray[np.float64]
SUPPORTED = (
    "Add, Cast, Clip, Constant, Div, Dropout, Flatten, Gemm, Identity, MatMul, Max, Min, Mul, Neg,"
    " Relu, Reshape, Sub, Sum"
)


@dataclass(frozen=True, eq=False)
class _Value:
    """One row of numbers as affine functions of the stream so far."""

    matrix: csr_array
    offset: Floats

    def scaled(self, factor: Any) -> _Value:
        factor = np.broadcast_to(np.asarray(factor, np.float64).ravel(), self.offset.shape)
        return _Value(csr_array(self.matrix.multiply(factor[:, None])), self.offset * factor)


def read_onnx(path: str | os.PathLike[str], box: ArrayLike) -> ResNet:
    """Read a multilayer perceptron or residual network with relus.

    Dense layers, relus, sums of branches and constant factors; every relu layer becomes a block
    that writes into stream coordinates of its own. Weights are taken to float64 exactly.

    Parameters
    ----------
    path : path
    box : array_like, (n_inputs, 2) or (2,)
        Range of every input, or of all: ONNX files have none.

    Returns
    -------
    ResNet

    Raises
    ------
    MissingDependencyError
        If the package onnx isn't installed.
    FormatError
        If the file can't be read, or has an operation that isn't supported; it is named.
    """
    onnx = _package()
    try:
        model = onnx.load(str(path))
        onnx.checker.check_model(model)
    except OSError as error:
        raise FormatError(
            f"{path}: can't be read ({error.strerror or error}).",
            remedy="Name an .onnx file, with the path to it.",
        ) from None
    except Exception as error:  # the package has no common class of errors
        reason = " ".join(str(error).split())[:200]
        raise FormatError(f"{path} is no ONNX model: {reason}") from None
    return _Reader(onnx, model.graph, str(path)).network(box)


def _package() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import onnx
    except ImportError:
        raise MissingDependencyError(
            "Reading ONNX needs the package onnx.", remedy="pip install 'tetrakis[onnx]'."
        ) from None
    return onnx


class _Reader:
    """Values of a graph by name: affine functions of the stream, or constants."""

    def __init__(self, onnx: Any, graph: Any, path: str) -> None:
        self.onnx, self.graph, self.path = onnx, graph, path
        self.values: dict[str, _Value | NDArray] = {
            item.name: onnx.numpy_helper.to_array(item) for item in graph.initializer
        }
        self.blocks: list[tuple[csr_array, Floats, Floats]] = []
        self.stream = 0

    def fail(self, what: str, remedy: str = "") -> FormatError:
        return FormatError(f"{self.path}: {what}", remedy=remedy)

    def network(self, box: ArrayLike) -> ResNet:
        inputs = [i for i in self.graph.input if i.name not in self.values]
        if len(inputs) != 1 or len(self.graph.output) != 1:
            raise self.fail(
                f"expected one input and one output, got {len(inputs)} and"
                f" {len(self.graph.output)}."
            )
        sizes = [d.dim_value for d in inputs[0].type.tensor_type.shape.dim][1:]
        n = int(np.prod(sizes)) if sizes else 0
        if n < 1:
            raise self.fail("the input has no fixed number of features.",
                            "Export it with a fixed shape, such as (rows, 784).")  # fmt: skip
        self.stream = n
        self.values[inputs[0].name] = _Value(csr_array(eye_array(n)), np.zeros(n))
        for node in self.graph.node:
            self._run(node)
        result = self.values.get(self.graph.output[0].name)
        if not isinstance(result, _Value):
            raise self.fail("the output doesn't depend on the input.")
        return self._built(result, n, box)

    def _built(self, result: _Value, n: int, box: ArrayLike) -> ResNet:
        ends = np.asarray(box, np.float64)
        if ends.shape == (2,):
            ends = np.tile(ends, (n, 1))
        if ends.shape != (n, 2):
            raise NetworkError(f"The network has {n} inputs; got a box of shape {ends.shape}.")
        blocks, start = [], n
        for read, bias, cap in self.blocks:
            width = len(bias)
            columns = np.arange(width)
            write = csr_array(
                (np.ones(width), (start + columns, columns)), shape=(self.stream, width)
            )
            blocks.append(Block(_wide(read, self.stream), bias, cap, write))
            start += width
        read_in = csr_array((np.ones(n), (np.arange(n), np.arange(n))), shape=(self.stream, n))
        read_out = _wide(result.matrix, self.stream)
        return ResNet(read_in, tuple(blocks), read_out, result.offset, ends)

    def _run(self, node: Any) -> None:
        table: dict[str, Callable[[Any, list[Any]], Any]] = {
            "Add": self._add, "Sum": self._add, "Sub": self._sub, "Mul": self._mul,
            "Div": self._div, "Neg": lambda _, a: self._need(a[0]).scaled(-1.0),
            "MatMul": self._matmul, "Gemm": self._gemm, "Relu": self._relu, "Clip": self._clip,
            "Max": self._max, "Min": self._min, "Constant": self._constant,
            **dict.fromkeys(("Flatten", "Reshape", "Identity", "Cast", "Dropout"), self._same),
        }  # fmt: skip
        if node.op_type not in table:
            raise self.fail(
                f"operation {node.op_type} ({node.name or node.output[0]}) isn't supported.",
                f"There are {SUPPORTED}.",
            )
        arguments = [self.values.get(name) for name in node.input]
        self.values[node.output[0]] = table[node.op_type](node, arguments)

    def _need(self, value: Any) -> _Value:
        if not isinstance(value, _Value):
            raise self.fail("a layer reads a constant where it should read the input.")
        return value

    def _attribute(self, node: Any, name: str, default: Any) -> Any:
        for item in node.attribute:
            if item.name == name:
                return self.onnx.helper.get_attribute_value(item)
        return default

    def _constant(self, node: Any, _: list[Any]) -> NDArray:
        tensor = self._attribute(node, "value", None)
        if tensor is None:
            raise self.fail("a Constant has no tensor.")
        return np.asarray(self.onnx.numpy_helper.to_array(tensor))

    def _same(self, node: Any, arguments: list[Any]) -> Any:
        return arguments[0]  # one row stays one row, in the same order

    def _add(self, node: Any, arguments: list[Any]) -> Any:
        moving = [a for a in arguments if isinstance(a, _Value)]
        if not moving:
            return sum(np.asarray(a, np.float64) for a in arguments)
        fixed = [np.asarray(a, np.float64).ravel() for a in arguments if not isinstance(a, _Value)]
        total = moving[0]
        for value in moving[1:]:
            if len(value.offset) != len(total.offset):
                raise self.fail(f"{node.op_type} of {len(total.offset)} and {len(value.offset)}"
                                " numbers isn't supported.")  # fmt: skip
            a, b = (_wide(v.matrix, self.stream) for v in (total, value))
            total = _Value(csr_array(a + b), total.offset + value.offset)
        offset = total.offset
        for item in fixed:
            offset = offset + np.broadcast_to(item, offset.shape)
        return _Value(total.matrix, offset)

    def _sub(self, node: Any, arguments: list[Any]) -> Any:
        left, right = arguments
        minus = right.scaled(-1.0) if isinstance(right, _Value) else -np.asarray(right, float)
        return self._add(node, [left, minus])

    def _mul(self, node: Any, arguments: list[Any]) -> Any:
        left, right = arguments
        if isinstance(left, _Value) and isinstance(right, _Value):
            raise self.fail(f"{node.op_type} of two values that depend on the input.",
                            "Only constant factors are supported.")  # fmt: skip
        if isinstance(right, _Value):
            left, right = right, left
        return left.scaled(right) if isinstance(left, _Value) else left * right

    def _div(self, node: Any, arguments: list[Any]) -> Any:
        if isinstance(arguments[1], _Value):
            raise self.fail("Div by a value that depends on the input.")
        return self._mul(node, [arguments[0], 1.0 / np.asarray(arguments[1], np.float64)])

    def _linear(self, value: _Value, weights: Floats) -> _Value:
        """Multiply by weights (outputs, inputs)."""
        if weights.ndim != 2 or weights.shape[1] != len(value.offset):
            raise self.fail(f"weights {weights.shape} don't fit {len(value.offset)} numbers.")
        sparse = csr_array(weights)
        return _Value(csr_array(sparse @ value.matrix), weights @ value.offset)

    def _matmul(self, node: Any, arguments: list[Any]) -> _Value:
        left, right = arguments
        if isinstance(right, _Value):
            raise self.fail("MatMul with the weights on the left.")
        return self._linear(self._need(left), np.asarray(right, np.float64).T)

    def _gemm(self, node: Any, arguments: list[Any]) -> _Value:
        if self._attribute(node, "transA", 0):
            raise self.fail("Gemm with transA.")
        weights = np.asarray(arguments[1], np.float64)
        weights = weights if self._attribute(node, "transB", 0) else weights.T
        alpha, beta = self._attribute(node, "alpha", 1.0), self._attribute(node, "beta", 1.0)
        made = self._linear(self._need(arguments[0]), alpha * weights)
        if len(arguments) < 3 or arguments[2] is None:
            return made
        bias = arguments[2]
        scaled = bias.scaled(beta) if isinstance(bias, _Value) else beta * np.asarray(bias, float)
        return self._need(self._add(node, [made, scaled]))

    def _relu(self, node: Any, arguments: list[Any]) -> _Value:
        return self._units(self._need(arguments[0]), np.inf)

    def _units(self, value: _Value, cap: Any) -> _Value:
        width = len(value.offset)
        start = self.stream
        caps = np.broadcast_to(np.asarray(cap, np.float64).ravel(), (width,)).copy()
        self.blocks.append((value.matrix, value.offset, caps))
        self.stream += width
        columns = np.arange(width)
        matrix = csr_array((np.ones(width), (columns, start + columns)), shape=(width, self.stream))
        return _Value(matrix, np.zeros(width))

    def _clip(self, node: Any, arguments: list[Any]) -> _Value:
        low = arguments[1] if len(arguments) > 1 else self._attribute(node, "min", None)
        high = arguments[2] if len(arguments) > 2 else self._attribute(node, "max", None)
        if low is None or np.any(np.asarray(low) != 0):
            raise self.fail("Clip: only a lower end of 0 is supported.")
        return self._units(self._need(arguments[0]), np.inf if high is None else high)

    def _max(self, node: Any, arguments: list[Any]) -> _Value:
        moving = [a for a in arguments if isinstance(a, _Value)]
        fixed = [a for a in arguments if not isinstance(a, _Value)]
        if len(moving) != 1 or len(fixed) != 1 or np.any(np.asarray(fixed[0]) != 0):
            raise self.fail("Max: only with 0 is supported.")
        return self._units(moving[0], np.inf)

    def _min(self, node: Any, arguments: list[Any]) -> _Value:
        moving = [a for a in arguments if isinstance(a, _Value)]
        fixed = [a for a in arguments if not isinstance(a, _Value)]
        if len(moving) != 1 or len(fixed) != 1:
            raise self.fail("Min: only with a constant is supported.")
        top = np.asarray(fixed[0], np.float64)  # min(v, c) = c − relu(c − v)
        gap = self._need(self._add(node, [moving[0].scaled(-1.0), top]))
        return self._need(self._add(node, [self._units(gap, np.inf).scaled(-1.0), top]))


def _wide(matrix: csr_array, columns: int) -> csr_array:
    """Widen a matrix by empty columns."""
    found = matrix.tocoo()
    return csr_array((found.data, (found.row, found.col)), shape=(matrix.shape[0], columns))
