"""Table units: their integers, ranges, files, and the same network without tables."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from strategies import all_codes, table_networks
from tetrakis.errors import NetworkError
from tetrakis.network import (
    FixedPointFormat,
    FixedPointResNet,
    TableBlock,
    load_network,
    save_network,
    without_tables,
)


def slowly(net, codes):
    """Evaluate one row at a time with Python integers."""
    rows = []
    for code in codes.tolist():
        z = [sum(int(w) * c for w, c in zip(row, code, strict=True)) for row in dense(net.read_in)]
        for block in net.blocks:
            if isinstance(block, TableBlock):
                units = []
                for j in range(block.width):
                    pins, entries = block.table(j)
                    place = sum((z[c] >> b & 1) << i for i, (c, b) in enumerate(pins.tolist()))
                    units.append(int(entries[place]))
            else:
                units = block.activate(np.array(z)[:, None])[:, 0].tolist()
            z = [v + sum(int(w) * u for w, u in zip(row, units, strict=True))
                 for v, row in zip(z, dense(block.write), strict=True)]  # fmt: skip
        rows.append(
            [int(o) + sum(int(w) * v for w, v in zip(row, z, strict=True))
             for o, row in zip(net.offset, dense(net.read_out), strict=True)]
        )  # fmt: skip
    return np.array(rows)


def dense(matrix):
    return matrix.toarray().tolist()


@given(table_networks())
def test_evaluation_and_ranges(net):
    codes = all_codes(net)
    y = net.evaluate_codes(codes)
    assert (y == slowly(net, codes)).all()
    assert (y >= net.ranges.outputs[:, 0]).all() and (y <= net.ranges.outputs[:, 1]).all()
    for units, bounds in zip(net.activations(codes), net.ranges.units, strict=True):
        assert (units >= bounds[:, 0]).all() and (units <= bounds[:, 1]).all()


@given(table_networks())
def test_without_tables(net):
    codes, plain = all_codes(net), without_tables(net)
    assert not plain.has_tables
    assert (plain.evaluate_codes(codes) == net.evaluate_codes(codes)).all()
    x = np.ldexp(codes.astype(float), net.input_exponent)
    assert (net.to_resnet().evaluate(x) == plain.to_resnet().evaluate(x)).all()
    assert without_tables(plain) is plain


@given(net=table_networks())
def test_files(tmp_path_factory, net):
    path = tmp_path_factory.mktemp("net") / "net.npz"
    save_network(net, path)
    again = load_network(path)
    assert int(np.load(path)["schema"]) == 2
    assert (again.evaluate_codes(all_codes(net)) == net.evaluate_codes(all_codes(net))).all()
    first = path.read_bytes()
    save_network(again, path)
    assert path.read_bytes() == first


def test_a_bit_that_never_changes_narrows_the_range():
    block = TableBlock.of([([(0, 0), (0, 3)], [1, 2, 100, -100], {1: 1})], stream=2)
    net = FixedPointResNet((FixedPointFormat(3, 0),), [[1], [0]], (block,), [[0, 1]], [0], 0, 0)
    assert net.ranges.units[0].tolist() == [[1, 2]]


UNIT = ([(0, 0)], [0, 1], {0: 1})


@pytest.mark.parametrize(
    ("unit", "message"),
    [
        (
            ([(0, b) for b in range(13)], np.zeros(2**13), {0: 1}),
            r"13 pins .* the limit is 2\*\*12",
        ),
        (([(0, 0)], [1, 2, 3], {0: 1}), "expected 2 entries for 1 pins, got 3"),
        (([(2, 0)], [1, 2], {0: 1}), r"unit 1: expected pins with a coordinate in 0..1, got 2"),
        (([(0, 62)], [1, 2], {0: 1}), r"unit 1: expected pins with a bit in 0..61, got 62"),
        (([(0, 0)], [1, 2.5], {0: 1}), "expected integers"),
        (([(0, 0)], [1, np.nan], {0: 1}), "expected integers"),
        (([(0, 0)], [1, 2], {5: 1}), "expected coordinates in 0..1, got 5"),
    ],
)
def test_bad_units_are_refused(unit, message):
    with pytest.raises(NetworkError, match=message):
        TableBlock.of([UNIT, unit], stream=2)


def test_relu_blocks_refuse_tables():
    block = TableBlock.of([UNIT], stream=1)
    net = FixedPointResNet((FixedPointFormat(1, 0),), [[1]], (block,), [[1]], [0], 0, 0)
    with pytest.raises(NetworkError, match="without_tables"):
        _ = net.relu_blocks
    with pytest.raises(NetworkError, match="start"):
        replace(block, start=[1, 1])
