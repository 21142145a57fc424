"""Uniform precision: one step for all weights, one rule for all activations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from tetrakis.circuit import compile_network
from tetrakis.compress import to_fixed_point
from tetrakis.compress._fix import useful_grains
from tetrakis.compress._quantise import _grain_of_bits, activation_bits, with_half_steps
from tetrakis.errors import NetworkError
from tetrakis.measures import backward_bounds, error_certificate, interval_ranges
from tetrakis.measures._certificate import known_shifts
from tetrakis.network import Block, FixedPointFormat, FixedPointResNet, ResNet


def uniform(
    net: ResNet,
    formats: Sequence[FixedPointFormat],
    step: int,
    kind: str,
    size: int,
    shifts: Sequence[np.ndarray] | None = None,
) -> FixedPointResNet:
    """Round all weights to multiples of ``2**-step``; activations to `size` bits, or to multiples
    of ``2**size``. Shifts are taken from biases and the offset before they are rounded."""
    if shifts is not None:
        *units, last = shifts
        moved = [replace(b, bias=b.bias - s) for b, s in zip(net.blocks, units, strict=True)]
        net = replace(net, blocks=tuple(moved), offset=net.offset - last)

    def rounded(values: np.ndarray) -> np.ndarray:
        return np.ldexp(np.round(np.ldexp(values, step)), -step)

    def matrix(m: csr_array) -> csr_array:
        return csr_array((rounded(m.data), m.indices, m.indptr), m.shape)

    blocks = tuple(
        Block(matrix(b.read), rounded(b.bias), b.cap, matrix(b.write)) for b in net.blocks
    )
    made = ResNet(net.read_in, blocks, net.read_out, rounded(net.offset), net.box)
    pres = interval_ranges(made).pre
    tops = [
        np.minimum(np.maximum(p[:, 1], 0), b.cap) for p, b in zip(pres, net.blocks, strict=True)
    ]
    wanted = [
        _grain_of_bits(t, np.full(len(t), size)) if kind == "bits" else np.full(len(t), size)
        for t in tops
    ]
    sources = np.array([f.exponent for f in formats])
    grains, exponents = useful_grains(made, sources, wanted)
    bits = [activation_bits(t, g, True) for t, g in zip(tops, grains, strict=True)]
    made = with_half_steps(made, grains, exponents)
    return to_fixed_point(made, input_formats=formats, grains=grains, bits=bits)


def best_uniform(
    net: ResNet,
    formats: Sequence[FixedPointFormat],
    decision: Any,
    tolerance: float,
    continuous: Any,
) -> tuple[FixedPointResNet, float] | None:
    """Return the one of fewest AND nodes (effort 0) whose certified error is within the tolerance,
    over 17 steps and 29 rules for activations, biases as they are or centred; and that error.

    None if there is none: caps of the network that aren't a power of two less one step can't be
    met by any uniform step, however fine."""
    rules = [("bits", size) for size in range(1, 13)] + [("step", size) for size in range(-12, 5)]
    best: tuple[int, FixedPointResNet, float] | None = None
    back = backward_bounds(net, outputs="each")
    for step, (kind, size) in product(range(17), rules):
        shifts = None
        for _ in range(2):  # as it is, and with biases that centre its errors
            try:
                fixed = uniform(net, formats, step, kind, size, shifts)
            except NetworkError:
                continue
            error = error_certificate(net, fixed, continuous=continuous).value
            shifts = known_shifts(net, fixed, back)
            if error > tolerance:
                continue
            gates = compile_network(fixed, decision=decision, effort=0).num_gates
            if best is None or gates < best[0]:
                best = gates, fixed, error
    return None if best is None else best[1:]
