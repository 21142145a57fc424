"""Networks as ONNX graphs: the float network in double precision, the integer one exactly."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from tetrakis.errors import MissingDependencyError, NetworkError
from tetrakis.network import Block, FixedPointBlock, FixedPointResNet, ResNet, without_tables

OPSET, IR_VERSION = 17, 8
MAX_NUMBERS = 50_000_000


def write_onnx(network: ResNet | FixedPointResNet, path: str | os.PathLike[str]) -> None:
    """Write a network as an ONNX graph (opset 17) that takes any number of rows.

    A `ResNet` becomes a graph in double precision, ``x`` (n, inputs) to ``y`` (n, outputs). A
    `FixedPointResNet` becomes one in int64 that gives exactly its integers, ``codes`` to
    ``outputs``; what these are worth is in the metadata ``input_exponent`` and
    ``output_exponent``. Weights are stored densely.

    Parameters
    ----------
    network : ResNet or FixedPointResNet
    path : path

    Raises
    ------
    MissingDependencyError
        If the package onnx isn't installed.
    NetworkError
        If the dense weights would take more than 50 million numbers.
    """
    onnx = _package()
    if isinstance(network, FixedPointResNet):
        network = without_tables(network)
    total = sum(m.shape[0] * m.shape[1] for m in _matrices(network))
    if total > MAX_NUMBERS:
        raise NetworkError(
            f"ONNX stores weights densely: {total:,} numbers, the limit is {MAX_NUMBERS:,}.",
            remedy="Write C or a circuit instead, or prune and sweep the network first.",
        )
    exact = isinstance(network, FixedPointResNet)
    source, target = ("codes", "outputs") if exact else ("x", "y")
    graph = _Graph(onnx, np.int64 if exact else np.float64)
    z = graph.linear(source, network.read_in)
    for block in _blocks(network):
        z = graph.block(z, block)
    graph.linear(z, network.read_out, network.offset, name=target)
    model = graph.model((source, network.n_inputs), (target, network.n_outputs))
    if isinstance(network, FixedPointResNet):
        worth = {
            "input_exponent": network.input_exponent,
            "output_exponent": network.output_exponent,
        }
        onnx.helper.set_model_props(
            model, {name: " ".join(map(str, value.tolist())) for name, value in worth.items()}
        )
    onnx.checker.check_model(model)
    Path(path).write_bytes(model.SerializeToString(deterministic=True))


def _package() -> Any:
    try:
        with warnings.catch_warnings():  # the package's own affairs
            warnings.simplefilter("ignore")
            import onnx
    except ImportError:
        raise MissingDependencyError(
            "Writing ONNX needs the package onnx.", remedy="pip install 'tetrakis[onnx]'."
        ) from None
    return onnx


def _blocks(network: ResNet | FixedPointResNet) -> Sequence[Block | FixedPointBlock]:
    return network.blocks if isinstance(network, ResNet) else network.relu_blocks


def _matrices(network: ResNet | FixedPointResNet) -> list[csr_array]:
    inner = [m for block in _blocks(network) for m in (block.read, block.write)]
    return [network.read_in, *inner, network.read_out]


class _Graph:
    """Nodes and constants of one graph; every value is named by a running number."""

    def __init__(self, onnx: Any, dtype: type) -> None:
        self.onnx, self.dtype = onnx, dtype
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, values: Any) -> str:
        """Store an array and return its name."""
        name = f"c{len(self.constants)}"
        array: Any = np.asarray(values, self.dtype)
        self.constants.append(self.onnx.numpy_helper.from_array(array, name))
        return name

    def node(self, kind: str, *inputs: str, name: str = "") -> str:
        """Append an operation and return its value's name."""
        name = name or f"v{len(self.nodes)}"
        self.nodes.append(self.onnx.helper.make_node(kind, list(inputs), [name]))
        return name

    def linear(self, source: str, matrix: csr_array, bias: Any = None, *, name: str = "") -> str:
        """Append ``source @ matrix.T + bias``."""
        weights = self.constant(matrix.toarray().T)
        if bias is None:
            return self.node("MatMul", source, weights, name=name)
        product = self.node("MatMul", source, weights)
        return self.node("Add", product, self.constant(bias), name=name)

    def block(self, z: str, block: Block | FixedPointBlock) -> str:
        """Append a residual block; without units it is nothing."""
        if not block.width:
            return z
        pre = self.linear(z, block.read, block.bias)
        units = self.node("Max", pre, self.constant(0))
        if isinstance(block, Block):
            if np.isfinite(block.cap).any():
                units = self.node("Min", units, self.constant(block.cap))
        else:
            if block.shift.any():  # of numbers >= 0, below 2**62: the quotient is the shift
                divisor = np.left_shift(np.int64(1), block.shift)
                units = self.node("Div", units, self.constant(divisor))
            units = self.node("Min", units, self.constant(block.top))
        return self.node("Add", z, self.linear(units, block.write))

    def model(self, source: tuple[str, int], target: tuple[str, int]) -> Any:
        """Return the model with one input and one output."""
        helper = self.onnx.helper
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(self.dtype))
        ends = [
            [helper.make_tensor_value_info(name, kind, ["rows", size])]
            for name, size in (source, target)
        ]
        graph = helper.make_graph(self.nodes, "network", *ends, self.constants)
        opset = [helper.make_opsetid("", OPSET)]
        return helper.make_model(
            graph, opset_imports=opset, ir_version=IR_VERSION, producer_name="tetrakis"
        )
