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
    """A bound on the largest output error, its parts for the worst output, and the rounding.

    `rounding` is how much floating point may add where known shifts cancel.
    """

    value: float
    parts: tuple[float, float, float]
    rounding: float


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
    """Bound sup |fixed − net| by carrying errors forward, node by node (THEORY 3, centred).

    What a node is off by is ``known`` plus at most ``error``. Both reach a later node through
    the weights of `net`, an error by their size; every node adds the changes of its own weights
    times the middles and the radii of the integer ranges, and its rounding. None if shapes
    differ or a unit's range is too wide to enumerate.
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
    # columns: errors from weights, activations, inputs; sizes of what known shifts are made of
    error = np.zeros((net.stream, 4))
    error[:, 2] = _magnitudes(net.read_in) @ rounding
    known, error[:, 0], error[:, 3] = _moved(
        twin.read_in, net.read_in, ranges.inputs, fixed.input_exponent, np.zeros(net.n_inputs)
    )
    for index, block in enumerate(fixed.relu_blocks):
        old, new = net.blocks[index], twin.blocks[index]
        reached = ranges.stream[index], fixed.stream_exponent
        shift, spread, size = _moved(new.read, old.read, *reached, known)
        change = new.bias - old.bias
        own = _unit_errors(block, ranges.pre[index], old.cap, shift + change)
        if own is None:
            return None
        unit = _magnitudes(old.read) @ error
        unit[:, 0] += spread + own[0]
        unit[:, 1] += own[2]
        half = np.exp2((block.exponent + block.shift).astype(np.float64))
        unit[:, 3] += size + np.abs(shift) + np.abs(change) + half
        error = error + _magnitudes(old.write) @ unit
        reached = ranges.units[index], block.exponent + block.shift
        shift, spread, size = _moved(new.write, old.write, *reached, own[1])
        known, error[:, 0] = known + shift, error[:, 0] + spread
        error[:, 3] += size + np.abs(known)
    out = _magnitudes(net.read_out) @ error
    reached = ranges.stream[-1], fixed.stream_exponent
    shift, spread, size = _moved(twin.read_out, net.read_out, *reached, known)
    out[:, 0] += spread + np.abs(shift + (twin.offset - net.offset))
    widest = max(m.shape[1] for b in net.blocks for m in (b.read, b.write)) if net.blocks else 0
    rounded = 4 * (widest + net.n_inputs + net.stream + 8) * 2.0**-52 * (out[:, 3] + size)
    worst = out[int(np.argmax(out[:, :3].sum(axis=1)))]
    parts = float(worst[0]), float(worst[1]), float(worst[2])
    return Error(sum(parts), parts, float(rounded.max()))


def _unit_errors(
    block: FixedPointBlock, pre: NDArray[np.int64], cap: Array, shift: Array
) -> tuple[Array, Array, Array] | None:
    """Find what stays of every unit's shift, and its rounding's middle and radius, enumerated."""
    found = np.empty((3, block.width))
    for j in range(block.width):
        step, top = int(block.shift[j]), (1 << int(block.bits[j])) - 1
        unit = 2.0 ** int(block.exponent[j])
        s = _turning_points(int(pre[j, 0]), int(pre[j, 1]), step, top)
        if s is None:
            return None
        value = np.minimum(np.maximum(s, 0) >> step, top).astype(np.float64) * 2.0**step * unit
        ways = []
        for offset in (0, (1 << step) >> 1):
            wanted = np.minimum(np.maximum(s - offset, 0).astype(np.float64) * unit, cap[j])
            low, high = min(0.0, (value - wanted).min()), max(0.0, (value - wanted).max())
            stays = abs(float(shift[j]) - offset * unit)
            ways.append((stays, (low + high) / 2, (high - low) / 2))
        plain, half = (w[0] + abs(w[1]) + w[2] for w in ways)
        found[:, j] = ways[int(half < plain * (1 - 1e-9))]
    return found[0], found[1], found[2]


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


def _moved(
    new: Any, old: Any, ranges: NDArray[np.int64], exponent: NDArray[np.int64], known: Array
) -> tuple[Array, Array, Array]:
    """Find how far ``new @ v`` is from ``old @ (v − known)`` for v in its range.

    Middle, radius, and the size of the terms that make the middle.
    """
    ends = ranges.astype(np.float64) * np.exp2(exponent.astype(np.float64))[:, None]
    change = new.toarray() - old.toarray()
    middle = change @ ends.mean(axis=1) + old.toarray() @ known
    size = np.abs(change) @ np.abs(ends.mean(axis=1)) + _magnitudes(old) @ np.abs(known)
    return middle, np.abs(change) @ ((ends[:, 1] - ends[:, 0]) / 2), size


def _magnitudes(matrix: Any) -> Array:
    return np.abs(matrix.toarray())
