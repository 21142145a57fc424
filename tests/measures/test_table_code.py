"""The code of networks of tables: Kraft's inequality, what it leaves open, what it refuses."""

from itertools import combinations, combinations_with_replacement, product
from math import comb, perm

import numpy as np
import pytest

from tetrakis.circuit import compile_network
from tetrakis.errors import NetworkError
from tetrakis.measures import circuit_bits, occam_bound, table_bits
from tetrakis.measures._circuit_code import urn_nats
from tetrakis.measures._table_code import _whole_bits
from tetrakis.network import (
    FixedPointBlock,
    FixedPointFormat,
    FixedPointResNet,
    TableBlock,
)


def network(units, n_inputs, n_outputs=1, offset=None, bits=1):
    """Units (inputs, entries, output) over single bits."""
    stream = n_inputs + n_outputs
    block = TableBlock.of(
        [
            ([(i, 0) for i in pins], list(entries), {n_inputs + out: 1})
            for pins, entries, out in units
        ],
        stream,
    )
    read_out = np.eye(n_outputs, stream, n_inputs, dtype=int)
    return FixedPointResNet(
        (FixedPointFormat(bits, 0),) * n_inputs, np.eye(stream, n_inputs, dtype=int), (block,),
        read_out, np.zeros(n_outputs, int) if offset is None else offset, 0, 0,
    )  # fmt: skip


def told(network):
    """Bits of the numbers that are told by themselves, in Elias's code."""
    entries = [0, *network.blocks[0].entries.tolist()]
    numbers = [network.blocks[0].width, min(entries), max(entries) - min(entries) + 1]
    return sum(_whole_bits(x) for x in [*numbers, *network.offset.tolist()])


def test_numbers_have_a_complete_prefix_code():
    lengths = [_whole_bits(x) for x in range(-(2**12), 2**12)]
    assert 0.99 < sum(2.0**-x for x in lengths) <= 1


@pytest.mark.parametrize(("n", "size"), [(3, 1), (2, 2)])
def test_kraft(n, size, monkeypatch):
    """All networks of a size cost together exactly what sequences of distinct wires do."""
    monkeypatch.setattr(
        "tetrakis.measures._table_code.urn_nats", lambda counts: counts.sum() * np.log(len(counts))
    )
    units = [
        (own, entries, out)
        for k in range(3) for own in combinations(range(n), k)
        for entries in product((0, 1), repeat=2**k) for out in (0, 1)
    ]  # fmt: skip
    total = 0.0
    for chosen in combinations_with_replacement(units, size):
        if any(1 in entries for _, entries, _ in chosen):
            net = network(chosen, n, 2)
            total += 2.0 ** (told(net) - table_bits(net))
    expected = 0.0
    for pins in combinations_with_replacement(range(3), size):
        distinct = np.prod([perm(n, k) / n**k for k in pins])
        some = 1 - 2.0 ** -sum(2**k for k in pins)  # entries that aren't all 0
        expected += distinct * some / comb(size + 12, 12)
    assert total == pytest.approx(expected, rel=1e-9) and expected < 1


def test_by_hand():
    """Units of one wire and of none, one of them twice, among four inputs; one output."""
    units = [((0,), (0, 1), 0), ((2,), (1, 0), 0), ((2,), (1, 0), 0), ((), (1,), 0)]
    numbers = _whole_bits(4) + _whole_bits(0) + _whole_bits(2) + _whole_bits(0)
    pins = np.log2(comb(4 + 12, 12)) + np.log2(4)  # how many of each kind; which has none
    wires = urn_nats(np.array([1, 0, 2, 0])) / np.log(2)
    orders = np.log2(4 * 3)  # 4! orders, two of which are alike
    assert numbers == 7 + 1 + 5 + 1
    assert table_bits(network(units, 4)) == pytest.approx(numbers + pins + wires + 7 - orders)
    empty = table_bits(network([((), (1,), 0)], 0))
    assert empty == pytest.approx(_whole_bits(1) + 1 + 5 + 1 + np.log2(13) + 3 + 1)


def test_orders_tell_of_the_same_function():
    rng = np.random.default_rng(0)
    units, other = [], []
    for _ in range(6):
        pins, entries = rng.permutation(8)[:3], rng.integers(0, 4, (2, 2, 2))
        out, order = int(rng.integers(3)), rng.permutation(3)
        moved = entries.transpose(2 - order[::-1])  # axis 0 is the last wire
        units.append((pins.tolist(), entries.ravel().tolist(), out))
        other.append((pins[order].tolist(), moved.ravel().tolist(), out))
    one, two = network(units, 8, 3), network(other[::-1], 8, 3)
    X = rng.integers(0, 2, (50, 8))
    assert (one.evaluate_codes(X) == two.evaluate_codes(X)).all()
    assert table_bits(one) == pytest.approx(table_bits(two), rel=1e-12)


def test_a_bound_of_a_network_of_tables():
    rng = np.random.default_rng(1)
    units = [(rng.permutation(50)[:4].tolist(), rng.integers(0, 2, 16).tolist(), k % 3)
             for k in range(30)]  # fmt: skip
    net = network(units, 50, 3)
    bound = occam_bound(net, errors=100, m=5000)
    assert bound.code == "tables" and bound.bits == table_bits(net)
    assert bound.bits < circuit_bits(compile_network(net, decision="argmax"))[0] / 2
    assert 0.02 < bound.value < 1
    assert occam_bound(net, errors=100, m=5000, extra_bits=1).value > bound.value


def test_other_networks_are_refused():
    plain = network([((0,), (0, 1), 0)], 2)
    relu = FixedPointBlock([[1, 0]], [0], 0, 1, [[0], [1]], 0)
    arithmetic = FixedPointResNet(
        plain.inputs[:1], [[1], [0]], (relu,), [[0, 1]], [0], 0, 0
    )  # fmt: skip
    with pytest.raises(NetworkError, match="one block of tables"):
        table_bits(arithmetic)
    with pytest.raises(NetworkError, match="inputs of one bit"):
        table_bits(network([((0,), (0, 1), 0)], 2, bits=3))
    with pytest.raises(NetworkError, match="table unit 1: expected wires to different inputs"):
        table_bits(network([((0,), (0, 1), 0), ((1, 1), (0, 1, 1, 0), 0)], 2))
    with pytest.raises(NetworkError, match="table unit 0: expected wires to inputs"):
        table_bits(network([((2,), (0, 1), 0)], 2))
    twice = FixedPointResNet(
        plain.inputs, plain.read_in, plain.blocks, 2 * plain.read_out, plain.offset, 0, 0
    )  # fmt: skip
    with pytest.raises(NetworkError, match="added to one output"):
        table_bits(twice)
    uneven = FixedPointResNet(
        plain.inputs, np.eye(4, 2, dtype=int), network([((0,), (0, 1), 0)], 2, 2).blocks,
        np.eye(2, 4, 2, dtype=int), [0, 0], 0, [0, 5],
    )  # fmt: skip
    with pytest.raises(NetworkError, match="worth the same"):
        table_bits(uneven)
