"""The error certificate: how far a fixed-point network can be from a float network."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array

from tetrakis.certificate import Certificate
from tetrakis.errors import NetworkError
from tetrakis.measures._norms import BackwardBounds, backward_bounds
from tetrakis.network import FixedPointBlock, FixedPointResNet, ResNet, without_tables

#: Covers the rounding of all (non-negative) sums below.
_OUTWARD = 1 + 1e-9
_EPS = float(np.finfo(np.float64).eps)


def error_certificate(
    net: ResNet, fixed: FixedPointResNet, *, continuous: Any = True
) -> Certificate:
    """Bound sup |fixed(x) − net(x)| over the box and all outputs.

    ε = Σ_e |Δ_e| ρ̃_src(e) L̄_dst(e) + Σ_j |s_j| L̄_j + Σ_j r_j L̄_j + Σ_i h_i L̄_i, per output, then
    the largest output: weights, activations and inputs. ρ̃ are the radii of the integer ranges of
    `fixed` and s_j what their middles move the sum at j by, its bias included, as far as that is
    known: signs kept, and followed through later sums. L̄ is the path version of `net`, r_j half
    of how far the integer activation may be from the clipped relu on the range of its
    pre-activation, from the lowest to the highest (floor and saturation), h_i half a code step.

    Parameters
    ----------
    net : ResNet
    fixed : FixedPointResNet
        Of the same shapes, its tables written as threshold units (`without_tables`).
    continuous : bool or array_like of bool, shape (n_inputs,)
        Inputs that take every value of the box and are rounded to the nearest code; the others
        take the values of their codes only, without input error.

    Returns
    -------
    Certificate
        quantity "sup error", in output units; terms "weights", "activations", "inputs" of the
        worst output add up to the value. It speaks about the real function of `net`.

    Raises
    ------
    NetworkError
        If shapes differ, or codes don't reach the whole of `net.box`.

    References
    ----------
    THEORY section 3 (ours), centred: never above Σ_e |Δ_e| Ã L̄ with the largest values Ã, and
    up to half of it where sources have one sign and biases undo the middles. A unit's rounding
    offset c (half a step in its bias) may be counted with the activation instead of with the
    bias: the bound holds for any c, and the better of c = 0 and half a step is taken.
    """
    found = error_terms(net, fixed, continuous=continuous)
    worst = int(np.argmax(sum(found.values())))
    terms = {name: float(values[worst]) * _OUTWARD for name, values in found.items()}
    rounded = np.broadcast_to(np.asarray(continuous, bool), (net.n_inputs,))
    where = "every x in the box, rounded to the nearest code" if rounded.any() else "every code"
    return Certificate(
        quantity="sup error",
        value=sum(terms.values()),
        scope=f"{where}; all {net.n_outputs} outputs",
        method="certified: weight changes, activation and input rounding (THEORY section 3)",
        terms=terms,
    )


def error_terms(
    net: ResNet,
    fixed: FixedPointResNet,
    *,
    continuous: Any = True,
    back: BackwardBounds | None = None,
) -> dict[str, np.ndarray]:
    """Compute the terms of `error_certificate` for every output, not yet rounded outward.

    Parameters
    ----------
    net, fixed, continuous
        As for `error_certificate`.
    back : BackwardBounds, optional
        ``backward_bounds(net, outputs="each")``, where it is at hand already.

    Returns
    -------
    dict
        "weights", "activations" and "inputs", each an ndarray of shape (n_outputs,).
    """
    fixed = without_tables(fixed)
    check_same_shape(net, fixed)
    rounded = np.broadcast_to(np.asarray(continuous, bool), (net.n_inputs,))
    steps = np.ldexp(0.5, fixed.input_exponent)
    _check_box(net, fixed, np.where(rounded, steps, 0.0))
    back = backward_bounds(net, outputs="each") if back is None else back
    weights, activations, _ = _errors(net, fixed, back)
    inputs = (steps * rounded) @ back.inputs
    return {"weights": weights, "activations": activations, "inputs": inputs}


def known_shifts(
    net: ResNet, fixed: FixedPointResNet, back: BackwardBounds
) -> tuple[np.ndarray, ...]:
    """Find by how much the middles of all ranges move every bias's sum, and at last the outputs.

    One array per block, shape (width,), and one of shape (n_outputs,): what taken from the
    biases and the offset of `fixed` centres its errors (up to how this changes ranges).
    """
    return _errors(net, fixed, back)[2]


def _errors(
    net: ResNet, fixed: FixedPointResNet, back: BackwardBounds
) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, ...]]:
    """Sum the weight and the activation terms, shape (n_outputs,), and tell the known shifts."""
    twin, ranges = fixed.to_resnet(), fixed.ranges
    stream = [_interval(r, fixed.stream_exponent) for r in ranges.stream]
    moved = _moved(twin.read_in, net.read_in, _interval(ranges.inputs, fixed.input_exponent))
    weights, activations = moved.spread @ back.stream[0], np.zeros(net.n_outputs)
    drift, shifts = moved.centre, []
    for index, block in enumerate(fixed.relu_blocks):
        old, new = net.blocks[index], twin.blocks[index]
        moved = _moved(new.read, old.read, stream[index], drift)
        shifts.append(moved.centre)
        unit = _unit_errors(block, ranges.pre[index], new.bias - old.bias, moved.centre, old.cap)
        weights = weights + (moved.spread + unit.bias) @ back.units[index]
        activations = activations + unit.spread @ back.units[index]
        sources = _interval(ranges.units[index], block.exponent + block.shift)
        moved = _moved(new.write, old.write, sources, unit.centre)
        drift = drift + moved.centre
        weights = weights + (moved.spread + _EPS * np.abs(drift)) @ back.stream[index + 1]
    moved = _moved(twin.read_out, net.read_out, stream[-1], drift)
    shifted = moved.centre + (twin.offset - net.offset)
    weights = weights + moved.spread + np.abs(shifted)
    return weights, activations, (*shifts, moved.centre)


class _Moved(NamedTuple):
    """A known shift of every sum, and how far it may be from that either way."""

    centre: np.ndarray
    spread: np.ndarray


def _moved(
    new: csr_array, old: csr_array, sources: _Interval, drift: np.ndarray | None = None
) -> _Moved:
    """Follow how ``new @ ã`` differs from ``old @ (ã − drift)`` for ã in its interval."""
    change, size = csr_array(new - old), abs(old)
    terms = max(np.diff(new.indptr).max(initial=0), np.diff(old.indptr).max(initial=0))
    centre, most = change @ sources.middle, abs(change) @ np.abs(sources.middle)
    if drift is not None:
        centre, most = centre + old @ drift, most + size @ np.abs(drift)
    return _Moved(centre, abs(change) @ sources.radius + (2 * terms + 8) * _EPS * most)


class _Unit(NamedTuple):
    """Errors of units: of the bias, with everything known; and of the activation's code."""

    bias: np.ndarray
    centre: np.ndarray
    spread: np.ndarray


def _unit_errors(
    block: FixedPointBlock, pre: np.ndarray, change: np.ndarray, shift: np.ndarray, cap: np.ndarray
) -> _Unit:
    """Follow a shift of the pre-activations, with the better rounding offset of every unit."""
    half = np.left_shift(np.int64(1), block.shift) >> 1
    found = []
    for offset in (np.zeros_like(half), half):
        known = np.ldexp(offset.astype(np.float64), block.exponent)
        bias = np.abs(shift + (change - known))
        bias += 8 * _EPS * (np.abs(shift) + np.abs(change) + known)
        below, above = activation_errors(block, pre, cap, offset=offset)
        centre = (above - below) / 2
        found.append(_Unit(bias, centre, np.maximum(above - centre, below + centre)))
    plain, halved = found
    cost = [u.bias + u.spread + np.abs(u.centre) for u in found]
    better = cost[1] < cost[0] * (1 - 1e-9)  # ties go one way, however they are rounded
    return _Unit(*(np.where(better, b, a) for a, b in zip(plain, halved, strict=True)))


def activation_errors(
    block: FixedPointBlock, pre: np.ndarray, cap: np.ndarray, *, offset: Any = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Bound how far ã(s) falls below and rises above the relu, over integers s in `pre`.

    The relu is min(relu(value(s − offset)), cap); both bounds are non-negative, in value units.

    Within a step of ã the difference falls with s. So it is largest at the start of the last
    step, and smallest at the end of the first step or at the upper end of the range.

    Parameters
    ----------
    block : FixedPointBlock
    pre : ndarray of int64, shape (width, 2)
    cap : ndarray, shape (width,)
        In value units; ``inf`` is none.
    offset : array_like of int, shape (width,)
        In units of the pre-activation, from 0 to 2**shift − 1.
    """
    lo, hi = np.maximum(pre, 0).T
    step = np.left_shift(np.int64(1), block.shift)
    limit = np.ldexp(cap, -block.exponent)

    def code(s: np.ndarray) -> np.ndarray:
        return block.activation(s) << block.shift

    def below(s: np.ndarray) -> np.ndarray:
        wanted = np.maximum(s - offset, 0)
        rest = _float_up(wanted - code(s))
        return np.minimum(rest, limit - _float_down(code(s)))

    top = code(hi)
    start = np.maximum(np.maximum(top, lo) - offset, 0)
    above = np.maximum(_float_up(top - start), _float_up(top) - limit)
    first_end = np.minimum(lo | (step - 1), hi)
    low = np.maximum(np.maximum(below(first_end), below(hi)), 0.0)
    high = np.maximum(above, 0.0)
    return np.ldexp(low, block.exponent), np.ldexp(high, block.exponent)


def _float_up(whole: np.ndarray) -> np.ndarray:
    near = whole.astype(np.float64)
    return np.where(np.abs(near) < 2.0**53, near, np.nextafter(near, np.inf))


def _float_down(whole: np.ndarray) -> np.ndarray:
    return -_float_up(-whole)


class _Interval(NamedTuple):
    """Middle and radius of the values that numbers take."""

    middle: np.ndarray
    radius: np.ndarray


def _interval(ranges: np.ndarray, exponent: np.ndarray) -> _Interval:
    low = np.ldexp(_float_down(ranges[:, 0]), exponent)
    high = np.ldexp(_float_up(ranges[:, 1]), exponent)
    middle = low / 2 + high / 2
    return _Interval(middle, np.maximum(high - middle, middle - low))


def check_same_shape(net: ResNet, fixed: FixedPointResNet) -> None:
    """Raise NetworkError unless both have the same inputs, stream, widths and outputs."""
    shapes = [
        (n.n_inputs, n.stream, tuple(b.width for b in n.blocks), n.n_outputs) for n in (net, fixed)
    ]
    if shapes[0] != shapes[1]:
        raise NetworkError(
            f"expected networks of equal (inputs, stream, widths, outputs), got {shapes[0]} and "
            f"{shapes[1]}.",
            remedy="Quantise the network itself, without sweeping one of the two.",
        )


def _check_box(net: ResNet, fixed: FixedPointResNet, room: np.ndarray) -> None:
    lo = fixed.box[:, 0] - room <= net.box[:, 0]
    hi = net.box[:, 1] <= fixed.box[:, 1] + room
    if not (lo & hi).all():
        worst = int(np.argmin(lo & hi))
        raise NetworkError(
            f"input {worst}: the codes cover {fixed.box[worst].tolist()}, but the box is "
            f"{net.box[worst].tolist()}.",
            remedy="Use more bits or a coarser exponent for this input.",
        )
