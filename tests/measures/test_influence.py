"""What units of integer networks can do to the outputs, against brute force."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies import all_codes, integers, table_networks
from tetrakis.errors import NetworkError
from tetrakis.measures import (
    error_certificate,
    influence,
    num_bits,
    num_units,
    num_weights,
    table_certificate,
)
from tetrakis.network import TableBlock, without_tables


def changed_units(net, index, rng):
    """Outputs when the units of a block take random values of their ranges, one at a time."""
    codes = all_codes(net)
    z = net.read_in @ codes.T
    for block in net.blocks[:index]:
        z = z + block.write @ block.activate(z)
    block = net.blocks[index]
    units = block.activate(z)
    base = finish(net, index, z, units)
    for j in range(block.width):
        other = units.copy()
        lo, hi = net.ranges.units[index][j]
        other[j] = rng.integers(lo, hi + 1, units.shape[1])
        yield j, np.abs(finish(net, index, z, other) - base).max(axis=1)


def finish(net, index, z, units):
    z = z + net.blocks[index].write @ units
    for block in net.blocks[index + 1 :]:
        z = z + block.write @ block.activate(z)
    return np.ldexp((net.read_out @ z).astype(float), net.output_exponent[:, None])


@settings(deadline=None)
@given(table_networks())
def test_no_unit_does_more(net):
    bounds, rng = influence(net), np.random.default_rng(0)
    for index in range(len(net.blocks)):
        for j, moved in changed_units(net, index, rng):
            assert (moved <= bounds.units[index][j] * (1 + 1e-12)).all()


@settings(deadline=None)
@given(table_networks(), st.data())
def test_changed_entries(net, data):
    blocks = []
    for block in net.blocks:
        if isinstance(block, TableBlock):
            moved = block.entries + data.draw(integers(block.entries.shape, -2, 2))
            block = replace(block, entries=moved)
        blocks.append(block)
    other = replace(net, blocks=tuple(blocks))
    codes = all_codes(net)
    error = np.abs(other.evaluate(codes) - net.evaluate(codes)).max()
    assert error <= table_certificate(net, other).value
    assert table_certificate(net, net).value == 0


@settings(deadline=None)
@given(table_networks())
def test_the_network_without_tables_has_no_error_on_codes(net):
    floored = any((b.shift > 0).any() or (b.bits > 1).any() for b in without_tables(net).blocks)
    value = error_certificate(net.to_resnet(), net, continuous=False).value
    assert value == 0 or floored
    assert num_units(net) <= sum(b.width for b in net.blocks)
    assert num_weights(net) >= 0 and num_bits(net) >= 0


def test_other_differences_are_refused():
    from tetrakis.network import FixedPointFormat, FixedPointResNet

    block = TableBlock.of([([(0, 0)], [0, 1], {0: 1})], stream=1)
    net = FixedPointResNet((FixedPointFormat(1, 0),), [[1]], (block,), [[1]], [0], 0, 0)
    with pytest.raises(NetworkError, match="entries of tables only"):
        table_certificate(net, replace(net, offset=[1]))
