"""The error certificate: how far a fixed-point network can be from a float network."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_array

from tetrakis.certificate import Certificate
from tetrakis.errors import NetworkError
from tetrakis.measures._norms import BackwardBounds, backward_bounds
from tetrakis.network import FixedPointBlock, FixedPointResNet, ResNet, without_tables

#: Covers the rounding of all (non-negative) sums below.
_OUTWARD = 1 + 1e-9


def error_certificate(
    net: ResNet, fixed: FixedPointResNet, *, continuous: Any = True
) -> Certificate:
    """Bound sup |fixed(x) − net(x)| over the box and all outputs.

    ε = Σ_e |Δ_e| Ã_src(e) L̄_dst(e) + Σ_j r_j L̄_j + Σ_i h_i L̄_i, per output, then the largest
    output: weights, activations and inputs. Ã are the integer ranges of `fixed`, L̄ the path
    version of `net`, r_j the largest distance of the integer activation from the clipped relu
    on the range of its pre-activation (floor and saturation), h_i half a code step.

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
    THEORY section 3 (ours). A unit's rounding offset c (half a step in its bias) may be
    counted with the activation instead of with the bias: the bound holds for any c, and the
    better of c = 0 and half a step is taken.
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
    weights, activations = _errors(net, fixed, back)
    inputs = (steps * rounded) @ back.inputs
    return {"weights": weights, "activations": activations, "inputs": inputs}


def _errors(
    net: ResNet, fixed: FixedPointResNet, back: BackwardBounds
) -> tuple[np.ndarray, np.ndarray]:
    """Sum the weight and the activation terms, each of shape (n_outputs,)."""
    twin, ranges = fixed.to_resnet(), fixed.ranges
    inputs = _magnitude(ranges.inputs, fixed.input_exponent)
    stream = [_magnitude(r, fixed.stream_exponent) for r in ranges.stream]
    weights = (_change(twin.read_in, net.read_in) @ inputs) @ back.stream[0]
    activations = np.zeros(net.n_outputs)
    for index, block in enumerate(fixed.relu_blocks):
        old, new = net.blocks[index], twin.blocks[index]
        units = _magnitude(ranges.units[index], block.exponent + block.shift)
        bias, rounding = _unit_errors(block, ranges.pre[index], old.bias, new.bias, old.cap)
        moved = _change(new.read, old.read) @ stream[index] + bias
        weights = weights + moved @ back.units[index]
        weights = weights + (_change(new.write, old.write) @ units) @ back.stream[index + 1]
        activations = activations + rounding @ back.units[index]
    weights = weights + _change(twin.read_out, net.read_out) @ stream[-1]
    return weights + np.abs(twin.offset - net.offset), activations


def _unit_errors(
    block: FixedPointBlock, pre: np.ndarray, old: np.ndarray, new: np.ndarray, cap: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Bias change and activation error of every unit, with the better rounding offset."""
    half = np.left_shift(np.int64(1), block.shift) >> 1
    found = []
    for offset in (np.zeros_like(half), half):
        bias = np.abs(new - np.ldexp(offset.astype(np.float64), block.exponent) - old)
        found.append((bias, activation_error(block, pre, cap, offset=offset)))
    (bias, error), (bias_half, error_half) = found
    better = bias_half + error_half < bias + error
    return np.where(better, bias_half, bias), np.where(better, error_half, error)


def activation_error(
    block: FixedPointBlock, pre: np.ndarray, cap: np.ndarray, *, offset: Any = 0
) -> np.ndarray:
    """Bound |value(ã(s)) − min(relu(value(s − offset)), cap)| over integers s in `pre`.

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
    start = np.maximum(top - offset, 0)
    above = np.maximum(_float_up(top - start), _float_up(top) - limit)
    first_end = np.minimum(lo | (step - 1), hi)
    error = np.maximum(np.maximum(above, below(first_end)), np.maximum(below(hi), 0.0))
    return np.ldexp(error, block.exponent)


def _float_up(whole: np.ndarray) -> np.ndarray:
    near = whole.astype(np.float64)
    return np.where(np.abs(near) < 2.0**53, near, np.nextafter(near, np.inf))


def _float_down(whole: np.ndarray) -> np.ndarray:
    return -_float_up(-whole)


def _magnitude(ranges: np.ndarray, exponent: np.ndarray) -> np.ndarray:
    return np.ldexp(_float_up(np.abs(ranges).max(axis=1)), exponent)


def _change(new: csr_array, old: csr_array) -> csr_array:
    return abs(new - old)


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
