"""Norms and the certificate a second time, by other formulas than in `tetrakis.measures`.

`tetrakis.measures` runs backwards from the outputs; here everything runs forwards, on dense
matrices, and imports nothing from there. Only the networks are shared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tetrakis.network import (
    FixedPointBlock,
    FixedPointResNet,
    ResNet,
    TableBlock,
    without_tables,
)

Array = NDArray[np.float64]
_ENUMERATED = 1 << 20


@dataclass(frozen=True)
class Error:
    """A bound on the largest output error and its parts for the worst output."""

    value: float
    parts: tuple[float, float, float]


def norms(net: ResNet) -> tuple[float, float]:
    """Path norm P and ResNet norm R of a network.

    One forward pass with |w| on pairs (value, derivative): multiplying every parameter by t
    makes P a polynomial in t, and R = Σ |w| ∂P/∂|w| is its derivative at t = 1 (THEORY 2).
    """
    z = _magnitudes(net.read_in) @ np.abs(net.box).max(axis=1)
    dz = np.zeros_like(z)
    for block in net.blocks:
        read, write, bias = _magnitudes(block.read), _magnitudes(block.write), np.abs(block.bias)
        a = read @ z + bias
        da = a + read @ dz
        z, dz = z + write @ a, dz + write @ (a + da)
    out = _magnitudes(net.read_out)
    path = (out @ z).sum() + np.abs(net.offset).sum()
    return float(path), float((out @ dz).sum() + np.abs(net.offset).sum())


def counts(net: ResNet, fixed: FixedPointResNet) -> dict[str, int]:
    """Count nonzero weights and biases, units in use, and bits of the integers."""
    weights = units = 0
    for block in net.blocks:
        read, write = _magnitudes(block.read), _magnitudes(block.write)
        weights += sum(int(np.count_nonzero(m)) for m in (read, write, block.bias))
        units += int(np.count_nonzero(read.any(axis=1) & write.any(axis=0)))
    bits = 0
    for parameters in _parameters(fixed):
        for value in np.abs(parameters[parameters != 0]).tolist():
            bits += 1 + len(bin(value)[2:].rstrip("0"))
    return {"num_weights": weights, "num_units": units, "num_bits": bits}


def error_bound(
    net: ResNet, fixed: FixedPointResNet, *, rounded_inputs: bool = True
) -> Error | None:
    """Bound sup |fixed − net| by carrying error bounds forward, node by node (THEORY 3).

    An error of a node reaches a later one multiplied by |w| of `net`; every node adds the
    changes of its own weights times the integer ranges, and its rounding. None if shapes differ
    or a unit's range is too wide to enumerate.
    """
    fixed = without_tables(fixed)
    twin = fixed.to_resnet()
    if [b.read.shape for b in net.blocks] != [b.read.shape for b in fixed.relu_blocks]:
        return None
    if net.read_in.shape != fixed.read_in.shape or net.read_out.shape != fixed.read_out.shape:
        return None
    ranges = fixed.ranges
    rounding = np.array(
        [2.0 ** (f.exponent - 1) if f.bits > 1 and rounded_inputs else 0.0 for f in fixed.inputs]
    )
    inputs = _reach(ranges.inputs, fixed.input_exponent)
    # columns: errors from weights, activations, inputs
    error = np.zeros((net.stream, 3))
    error[:, 2] = _magnitudes(net.read_in) @ rounding
    error[:, 0] = _moved(twin.read_in, net.read_in) @ inputs
    for index, block in enumerate(fixed.relu_blocks):
        old, new = net.blocks[index], twin.blocks[index]
        own = _unit_errors(block, ranges.pre[index], old.bias, new.bias, old.cap)
        if own is None:
            return None
        unit = _magnitudes(old.read) @ error
        reach = _reach(ranges.stream[index], fixed.stream_exponent)
        unit[:, 0] += _moved(new.read, old.read) @ reach + own[0]
        unit[:, 1] += own[1]
        error = error + _magnitudes(old.write) @ unit
        reach = _reach(ranges.units[index], block.exponent + block.shift)
        error[:, 0] += _moved(new.write, old.write) @ reach
    out = _magnitudes(net.read_out) @ error
    reach = _reach(ranges.stream[-1], fixed.stream_exponent)
    out[:, 0] += _moved(twin.read_out, net.read_out) @ reach + np.abs(twin.offset - net.offset)
    worst = out[int(np.argmax(out.sum(axis=1)))]
    return Error(float(worst.sum()), (float(worst[0]), float(worst[1]), float(worst[2])))


def _unit_errors(
    block: FixedPointBlock, pre: NDArray[np.int64], old: Array, new: Array, cap: Array
) -> tuple[Array, Array] | None:
    """Bias change and rounding of every unit, enumerated, with the better offset of two."""
    bias, rounding = np.empty(block.width), np.empty(block.width)
    for j in range(block.width):
        shift, top = int(block.shift[j]), (1 << int(block.bits[j])) - 1
        unit = 2.0 ** int(block.exponent[j])
        s = _turning_points(int(pre[j, 0]), int(pre[j, 1]), shift, top)
        if s is None:
            return None
        value = np.minimum(np.maximum(s, 0) >> shift, top).astype(np.float64) * 2.0**shift * unit
        ways = []
        for offset in (0, (1 << shift) >> 1):
            wanted = np.minimum(np.maximum(s - offset, 0).astype(np.float64) * unit, cap[j])
            error = float(np.abs(value - wanted).max())
            ways.append((abs(float(new[j]) - offset * unit - float(old[j])), error))
        bias[j], rounding[j] = min(ways, key=sum)
    return bias, rounding


def _turning_points(lo: int, hi: int, shift: int, top: int) -> NDArray[np.int64] | None:
    """Both sides of every step within the range: the error is monotone between them."""
    last = min(max(hi, 0) >> shift, top)
    first = min(max(lo, 0) >> shift, last)
    if last - first > _ENUMERATED:
        return None
    starts = np.arange(first, last + 1, dtype=np.int64) << shift
    points = np.concatenate([starts, starts - 1, [lo, hi]])
    return points[(points >= lo) & (points <= hi)]


def _parameters(fixed: FixedPointResNet) -> list[NDArray[np.int64]]:
    found = [np.asarray(fixed.offset)]
    for block in fixed.blocks:
        if isinstance(block, TableBlock):
            own = [block.entries]
        else:
            own = [block.read.toarray().ravel(), block.bias]
        found += [*own, block.write.toarray().ravel()]
    return found


def _reach(ranges: NDArray[np.int64], exponent: NDArray[np.int64]) -> Array:
    return np.abs(ranges).max(axis=1).astype(np.float64) * np.exp2(exponent.astype(np.float64))


def _moved(new: Any, old: Any) -> Array:
    return np.abs(new.toarray() - old.toarray())


def _magnitudes(matrix: Any) -> Array:
    return np.abs(matrix.toarray())
