"""What units can do to the outputs where nothing is Lipschitz: tables and thresholds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tetrakis.certificate import Certificate
from tetrakis.errors import NetworkError
from tetrakis.network import FixedPointBlock, FixedPointResNet, TableBlock

_OUTWARD = 1 + 1e-9


@dataclass(frozen=True, eq=False)
class Influence:
    """How far units and stream coordinates can move each output, in output units.

    A stream coordinate that changes by δ codes moves output o by at most
    ``slope[o] · |δ| + jump[o]`` (and not at all if δ = 0): the slope is what passes through sums
    and relus, the jump what passes through a table, a threshold or a rounding.

    Parameters
    ----------
    units : tuple of ndarray, shapes (width, n_outputs)
        Most that a unit of a block can move an output, whatever it changes to within its range.
    slope, jump : tuple of ndarray, shapes (stream, n_outputs)
        Of the stream that block l reads; the last entry is what `read_out` reads.
    """

    units: tuple[np.ndarray, ...]
    slope: tuple[np.ndarray, ...]
    jump: tuple[np.ndarray, ...]


def influence(fixed: FixedPointResNet) -> Influence:
    """Bound what every unit of an integer network can do to every output.

    Backward, in exact ranges: a table passes any change of a bit that it reads on as its whole
    range; a relu passes a change on with its shift, and one step of its rounding; no more than
    its range either.

    Examples
    --------
    >>> from tetrakis.network import FixedPointFormat
    >>> block = TableBlock.of([([(0, 0), (0, 1)], [0, 3, -2, 1], {1: 1})], stream=2)
    >>> net = FixedPointResNet(
    ...     (FixedPointFormat(2, 0),), [[1], [0]], (block,), [[0, 1]], [0], 0, 0)
    >>> influence(net).units[0].tolist(), influence(net).jump[0][:, 0].tolist()
    ([[5.0]], [5.0, 0.0])

    References
    ----------
    Ours.
    """
    out = abs(fixed.read_out).toarray().T * np.exp2(fixed.output_exponent.astype(np.float64))
    slope, jump = [out], [np.zeros_like(out)]
    units: list[np.ndarray] = []
    for index in range(len(fixed.blocks) - 1, -1, -1):
        block, ahead = fixed.blocks[index], (slope[0], jump[0])
        write, read = abs(block.write).T, abs(block.read).T
        own_slope = write @ ahead[0]
        own_jump = (write != 0).astype(np.float64) @ ahead[1]
        reach = np.ptp(fixed.ranges.units[index], axis=1).astype(np.float64)[:, None]
        whole = np.where(reach > 0, own_slope * reach + own_jump, 0.0)
        units.insert(0, whole)
        touched = (read != 0).astype(np.float64)
        if isinstance(block, TableBlock):
            slope.insert(0, ahead[0])
            jump.insert(0, ahead[1] + touched @ whole)
            continue
        smooth = (block.bits > 1)[:, None] & (reach > 0)
        step = np.where(smooth, own_slope * (block.shift > 0)[:, None] + own_jump, whole)
        slope.insert(0, ahead[0] + (read @ np.where(smooth, _shifted(own_slope, block), 0.0)))
        jump.insert(0, ahead[1] + touched @ np.minimum(step, whole))
    return Influence(tuple(units), tuple(slope), tuple(jump))


def _shifted(slope: np.ndarray, block: FixedPointBlock) -> np.ndarray:
    return slope * np.exp2(-block.shift.astype(np.float64))[:, None]


def table_certificate(old: FixedPointResNet, new: FixedPointResNet) -> Certificate:
    """Bound sup |new − old| over all codes for networks that differ in their tables' entries.

    ε = Σ_u e_u slope_u + jump_u [e_u > 0] per output, then the largest output; e_u is the largest
    change of an entry of unit u that the stream's range allows.

    Raises
    ------
    NetworkError
        If anything but entries of tables differs.

    References
    ----------
    THEORY section 3 with the bounds of `influence` (ours).
    """
    _check_alike(old, new)
    bounds = influence(old)
    total = np.zeros(old.n_outputs)
    for index, (a, b) in enumerate(zip(old.blocks, new.blocks, strict=True)):
        if not (isinstance(a, TableBlock) and isinstance(b, TableBlock)):
            continue
        change = np.zeros(a.width)
        possible = a.possible(new.ranges.stream[index])
        for group, other, mask in zip(a.groups, b.groups, possible, strict=True):
            moved = np.abs(group.entries - other.entries)
            change[group.units] = np.where(mask, moved, 0).max(axis=1)
        write = abs(a.write).T
        total += change @ (write @ bounds.slope[index + 1])
        total += (change > 0) @ ((write != 0).astype(np.float64) @ bounds.jump[index + 1])
    return Certificate(
        quantity="sup error",
        value=float(total.max(initial=0.0)) * _OUTWARD,
        scope=f"every code; all {old.n_outputs} outputs",
        method="certified: changed entries of tables (THEORY section 3)",
    )


def _check_alike(old: FixedPointResNet, new: FixedPointResNet) -> None:
    def rest(net: FixedPointResNet) -> list[object]:
        found: list[object] = list(net.inputs)
        for name in ("offset", "stream_exponent", "output_exponent"):
            found.append(getattr(net, name).tolist())
        matrices = [net.read_in, net.read_out]
        for block in net.blocks:
            matrices.append(block.write)
            if isinstance(block, TableBlock):
                found += [block.kind, block.pins.tolist(), block.start.tolist()]
            else:
                matrices.append(block.read)
                found += [block.kind, block.bias.tolist(), block.shift.tolist()]
                found += [block.bits.tolist()]
        found += [(m.shape, m.data.tolist(), m.indices.tolist(), m.indptr.tolist())
                  for m in matrices]  # fmt: skip
        return found

    if rest(old) != rest(new):
        raise NetworkError(
            "expected networks that differ in the entries of tables only.",
            remedy="Change entries with dataclasses.replace, and leave pins and weights alone.",
        )
