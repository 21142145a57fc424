"""Hypothesis strategies: small random networks whose numbers are short binary fractions.

Sums and products of such numbers are exact in float64, so tests can compare with ==.
"""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tetrakis.network import (
    Block,
    FixedPointBlock,
    FixedPointFormat,
    FixedPointResNet,
    ResNet,
    TableBlock,
)


def integers(shape, low=-6, high=6):
    """Integer arrays, about half of the entries zero."""
    element = st.one_of(st.just(0), st.integers(low, high))
    return hnp.arrays(np.int64, shape, elements=element, fill=st.nothing())


def dyadics(shape, low=-6, high=6, scale=4):
    return integers(shape, low, high).map(lambda a: a / scale)


@st.composite
def boxes(draw, n_inputs):
    lo = draw(dyadics((n_inputs,)))
    return np.stack([lo, lo + draw(dyadics((n_inputs,), 0, 6))], axis=1)


@st.composite
def resnets(draw, *, max_inputs=3, max_width=3, max_depth=2, max_outputs=2, caps=True, skip=True):
    """Residual networks; without `skip`, every path carries a parameter."""
    n_inputs = draw(st.integers(1, max_inputs))
    n_outputs = draw(st.integers(1, max_outputs))
    own = draw(st.integers(1, 2))
    stream = n_inputs + own
    read_in = np.vstack([np.eye(n_inputs), np.zeros((own, n_inputs))])
    read_out = draw(dyadics((n_outputs, stream)))
    if skip:
        read_in = draw(dyadics((stream, n_inputs)))
    else:
        read_out[:, :n_inputs] = 0
    blocks = []
    for _ in range(draw(st.integers(0 if skip else 1, max_depth))):
        width = draw(st.integers(0 if skip else 1, max_width))
        cap = draw(dyadics((width,), 0, 8, 2)) if caps and draw(st.booleans()) else np.inf
        write = draw(dyadics((stream, width)))
        if not skip:
            write[:n_inputs] = 0
        blocks.append(Block(draw(dyadics((width, stream))), draw(dyadics((width,))), cap, write))
    return ResNet(
        read_in, tuple(blocks), read_out, draw(dyadics((n_outputs,))), draw(boxes(n_inputs))
    )


@st.composite
def fixed_point_resnets(draw, *, max_inputs=3, max_width=3, max_depth=2, max_outputs=2):
    """Integer networks with at most 2**9 input codes."""
    n_inputs = draw(st.integers(1, max_inputs))
    formats = tuple(
        FixedPointFormat(
            draw(st.integers(1, 3)), draw(st.integers(-2, 1)), signed=draw(st.booleans())
        )
        for _ in range(n_inputs)
    )
    stream = n_inputs + draw(st.integers(1, 2))
    n_outputs = draw(st.integers(1, max_outputs))
    blocks = []
    for _ in range(draw(st.integers(0, max_depth))):
        width = draw(st.integers(0, max_width))
        blocks.append(
            FixedPointBlock(
                draw(integers((width, stream), -3, 3)),
                draw(integers((width,))),
                draw(integers((width,), 0, 3)),
                np.array([draw(st.sampled_from([1, 2, 3, 62])) for _ in range(width)], np.int64),
                draw(integers((stream, width), -3, 3)),
                draw(integers((width,), -2, 2)),
            )
        )
    return FixedPointResNet(
        formats,
        draw(integers((stream, n_inputs), -2, 2)),
        tuple(blocks),
        draw(integers((n_outputs, stream), -2, 2)),
        draw(integers((n_outputs,))),
        draw(integers((stream,), -2, 2)),
        draw(integers((n_outputs,), -2, 2)),
    )


@st.composite
def perturbed(draw, fixed, *, amount=3):
    """The float network of `fixed` with every number moved a bit, or to zero, or not at all."""
    net = fixed.to_resnet()

    def moved(matrix):
        dense = matrix.toarray() if hasattr(matrix, "toarray") else np.array(matrix)
        return dense + draw(dyadics(dense.shape, -amount, amount, 16))

    blocks = []
    for block in net.blocks:
        cap = draw(
            st.one_of(st.just(block.cap), st.just(np.inf), dyadics(block.cap.shape, 0, 8, 2))
        )
        blocks.append(Block(moved(block.read), moved(block.bias), cap, moved(block.write)))
    return ResNet(
        moved(net.read_in), tuple(blocks), moved(net.read_out), moved(net.offset), net.box
    )


def all_codes(fixed):
    """Every combination of input codes, shape (n, n_inputs)."""
    axes = [np.arange(f.lo, f.hi + 1) for f in fixed.inputs]
    return np.stack([a.ravel() for a in np.meshgrid(*axes, indexing="ij")], axis=1)


def points(net, count=50, seed=0):
    """Corners, and random short binary fractions, of the box, shape (n, n_inputs)."""
    rng = np.random.default_rng(seed)
    share = rng.integers(0, 17, (count, net.n_inputs)) / 16
    share[: count // 4] = np.round(share[: count // 4])
    return net.box[:, 0] + share * (net.box[:, 1] - net.box[:, 0])


@st.composite
def table_networks(draw, *, max_pins=4, max_blocks=3):
    """Integer networks with at least one table block, mixed with relu and threshold blocks."""
    base = draw(fixed_point_resnets(max_inputs=2, max_depth=1))
    stream, blocks = base.stream, list(base.blocks)
    for _ in range(draw(st.integers(1, max_blocks - len(blocks)))):
        units = []
        for _ in range(draw(st.integers(1, 3))):
            k = draw(st.integers(0, max_pins))
            pin = st.tuples(st.integers(0, stream - 1), st.integers(0, 5))
            pins = draw(st.lists(pin, min_size=k, max_size=k))
            entries = draw(integers((2**k,), -5, 5))
            writes = draw(st.dictionaries(st.integers(0, stream - 1), st.integers(-3, 3)))
            units.append((pins, entries, writes))
        block = TableBlock.of(units, stream, exponent=draw(st.integers(-2, 2)))
        blocks.insert(draw(st.integers(0, len(blocks))), block)
    return FixedPointResNet(
        base.inputs, base.read_in, tuple(blocks), base.read_out, base.offset,
        base.stream_exponent, base.output_exponent,
    )  # fmt: skip
