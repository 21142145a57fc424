"""Importance-driven quantisation: digits where they move the output, under a certificate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from tetrakis.certificate import Certificate
from tetrakis.compress._digits import signed_digits
from tetrakis.compress._fix import to_fixed_point, useful_grains
from tetrakis.errors import BudgetError, NetworkError
from tetrakis.measures import (
    BackwardBounds,
    ForwardBounds,
    backward_bounds,
    edge_prices,
    error_certificate,
    interval_ranges,
    range_bounds,
)
from tetrakis.network import Block, FixedPointFormat, FixedPointResNet, ResNet
from tetrakis.network._arrays import with_data

_FINEST = 40  # bits kept below the largest activation of a block, at most


def quantise(
    network: ResNet,
    *,
    input_formats: Sequence[FixedPointFormat],
    delta: float | None = None,
    tolerance: float | None = None,
    activation_bits: int | Sequence[Any] | None = None,
    maxima: Sequence[np.ndarray] | None = None,
    nearest: bool = True,
    continuous: Any = True,
    prices: tuple[ForwardBounds, BackwardBounds] | None = None,
) -> tuple[FixedPointResNet, Certificate]:
    """Turn a network into exact integers, and certify the error.

    A weight gets signed power-of-two digits until residual·ā·L̄ ≤ δ, so weights with little
    influence get few digits or none. An activation keeps the bits that are worth more than δ/L̄,
    and of these its `activation_bits` highest.

    Parameters
    ----------
    network : ResNet
    input_formats : sequence of FixedPointFormat, one per input
    delta : float, optional
        Largest output error that the rounding of one weight may cause, in output units.
    tolerance : float, optional
        Certified error to stay within, in output units: the coarsest δ that does is sought.
        Exactly one of `delta` and `tolerance`.
    activation_bits : int or sequence, optional
        Most bits of every activation: one number, one per block, or an array per block. By
        default there is no limit but δ.
    maxima : sequence of ndarray, shapes (width,), optional
        Empirical largest activations: units saturate there instead of at their interval range.
        The certificate covers what this does on the whole box.
    nearest : bool
        Round activations to the nearest code (half a step is added to the bias) instead of
        down. Costs nothing in logic but a constant.
    continuous : bool or array_like of bool
        See `error_certificate`.
    prices : (ForwardBounds, BackwardBounds), optional
        What δ is compared with, in place of bounds on the whole box, such as means over data. The
        certificate covers the whole box all the same.

    Raises
    ------
    BudgetError
        If `tolerance` can't be certified, or not exactly one of δ and tolerance is given.
    NetworkError
        If the numbers of inputs differ, or integers would leave 62 bits.

    References
    ----------
    THEORY section 3 (ours): b bits relative precision cost 2^-b R(θ).
    """
    budget = tolerance if delta is None else delta
    if (delta is None) == (tolerance is None) or not budget or not 0 < budget < np.inf:
        raise BudgetError(
            f"quantise: expected one positive number, delta or tolerance, got delta={delta} and "
            f"tolerance={tolerance}."
        )
    if len(input_formats) != network.n_inputs:
        raise NetworkError(f"input_formats: expected {network.n_inputs}, got {len(input_formats)}.")
    job = _Quantiser(network, input_formats, activation_bits, maxima, nearest, continuous, prices)
    return job(budget) if tolerance is None else _search(job, tolerance)


def _search(
    job: _Quantiser, tolerance: float, *, steps: int = 24
) -> tuple[FixedPointResNet, Certificate]:
    """Bisect log δ for the coarsest quantisation whose certificate is within `tolerance`."""
    high, low = np.log2(tolerance), np.log2(tolerance) - 48.0
    best, least = None, np.inf
    for step in range(steps):
        middle = low if step == 0 else (low + high) / 2
        try:
            found = job(float(2.0**middle))
        except NetworkError:  # too fine for 62 bits
            low = middle
            continue
        least = min(least, found[1].value)
        if found[1].value <= tolerance:
            best, low = found, middle
        else:
            high = middle
    if best is None:
        raise BudgetError(
            f"tolerance {tolerance:g} can't be certified: the least certified error is {least:g}.",
            remedy="Allow more, or use more input bits or activation bits.",
        )
    return best


class _Quantiser:
    """What doesn't depend on δ, computed once: bounds, ranges, options."""

    def __init__(
        self,
        net: ResNet,
        formats: Sequence[FixedPointFormat],
        bits: Any,
        maxima: Sequence[np.ndarray] | None,
        nearest: bool,
        continuous: Any,
        prices: tuple[ForwardBounds, BackwardBounds] | None,
    ) -> None:
        self.net, self.formats, self.nearest = net, formats, nearest
        self.continuous, self.maxima = continuous, maxima
        if prices is None:
            prices = range_bounds(net)[0], backward_bounds(net, outputs="max")
        self.ahead, self.back = prices
        depth = len(net.blocks)
        self.bits = [bits] * depth if bits is None or np.ndim(bits) == 0 else list(bits)
        if len(self.bits) != depth:
            raise NetworkError(f"activation_bits: expected {depth} blocks, got {len(self.bits)}.")

    def __call__(self, delta: float) -> tuple[FixedPointResNet, Certificate]:
        rounded = self._weights(delta)
        tops = self._largest_activations(rounded)
        wanted = self._wanted_grains(tops, delta)
        sources = np.array([f.exponent for f in self.formats], np.int64)
        grains, exponents = useful_grains(rounded, sources, wanted)
        bits = [activation_bits(t, g, self.nearest) for t, g in zip(tops, grains, strict=True)]
        if self.nearest:
            rounded = with_half_steps(rounded, grains, exponents)
        fixed = to_fixed_point(rounded, input_formats=self.formats, grains=grains, bits=bits)
        return fixed, error_certificate(self.net, fixed, continuous=self.continuous)

    def _weights(self, delta: float) -> ResNet:
        net, ahead, back = self.net, self.ahead, self.back
        out = np.ones(net.n_outputs)
        blocks = []
        for index, block in enumerate(net.blocks):
            unit, after = back.units[index], back.stream[index + 1]
            read = _emit(block.read, ahead.stream[index], unit, delta)
            write = _emit(block.write, ahead.units[index], after, delta)
            blocks.append(Block(read, _round(block.bias, unit, delta), block.cap, write))
        return ResNet(
            _emit(net.read_in, ahead.inputs, back.stream[0], delta),
            tuple(blocks),
            _emit(net.read_out, ahead.stream[-1], out, delta),
            _round(net.offset, out, delta),
            net.box,
        )

    def _largest_activations(self, rounded: ResNet) -> list[np.ndarray]:
        tops = []
        for index, pre in enumerate(interval_ranges(rounded).pre):
            top = np.minimum(np.maximum(pre[:, 1], 0.0), self.net.blocks[index].cap)
            if self.maxima is not None:
                top = np.minimum(top, np.maximum(self.maxima[index], 0.0))
            tops.append(top)
        return tops

    def _wanted_grains(self, tops: list[np.ndarray], delta: float) -> list[np.ndarray]:
        grains = []
        for top, price, size in zip(tops, self.back.units, self.bits, strict=True):
            grain = _grain_of_step(top, price, delta)
            if size is not None:
                wide = np.broadcast_to(np.asarray(size), top.shape)
                grain = np.maximum(grain, _grain_of_bits(top, wide))
            grains.append(grain)
        return grains


def _grain_of_bits(top: np.ndarray, bits: np.ndarray) -> np.ndarray:
    """Find the finest grain with which `bits` bits reach `top`, to half a grain."""
    exponent = np.frexp(np.where(top > 0, top, 1.0))[1].astype(np.int64) - bits
    fits = np.ldexp(top, -exponent) < np.ldexp(1.0, bits) - 0.5
    return np.where(fits, exponent, exponent + 1)


def _grain_of_step(top: np.ndarray, price: np.ndarray, delta: float) -> np.ndarray:
    """Find the coarsest grain whose step moves the output by at most δ.

    It lies between the block's largest activation (where the unit is as good as dropped) and
    the 40th bit below it.
    """
    highest = np.frexp(top.max(initial=0.0) or 1.0)[1]
    step = np.minimum(_allowance(price, delta), np.ldexp(1.0, highest))
    wanted = np.frexp(step)[1].astype(np.int64) - 1
    return np.maximum(wanted, highest - _FINEST)


def _allowance(price: np.ndarray, delta: float) -> np.ndarray:
    with np.errstate(divide="ignore", over="ignore"):
        return np.where(price > 0, delta / price, np.inf)


def _round(values: np.ndarray, price: np.ndarray, delta: float) -> np.ndarray:
    return signed_digits(values, _allowance(price, delta))[0]


def _emit(matrix: csr_array, source: np.ndarray, target: np.ndarray, delta: float) -> csr_array:
    prices = edge_prices(matrix, source, target).data
    return with_data(matrix, _round(matrix.data, prices, delta))


def activation_bits(top: np.ndarray, grain: np.ndarray, nearest: bool) -> np.ndarray:
    """Count the bits of the largest activation's code."""
    codes = np.maximum(np.floor(np.ldexp(top, -grain) + 0.5 * nearest), 1)
    return np.frexp(codes)[1].astype(np.int64)


def with_half_steps(
    net: ResNet, grains: Sequence[np.ndarray], exponents: Sequence[np.ndarray]
) -> ResNet:
    """Add half a grain to the biases of units from which something is shifted out."""
    blocks = tuple(
        Block(b.read, b.bias + np.where(g > e, np.ldexp(0.5, g), 0.0), b.cap, b.write)
        for b, g, e in zip(net.blocks, grains, exponents, strict=True)
    )
    return ResNet(net.read_in, blocks, net.read_out, net.offset, net.box)
