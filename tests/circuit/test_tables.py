"""Compiled table units, small functions with don't-cares, and trees as tables."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies import all_codes, table_networks
from tetrakis.circuit import (
    AigBuilder,
    DecisionTree,
    compile_network,
    network_from_trees,
    output_words,
    simulate_rows,
)
from tetrakis.circuit._linear import trace
from tetrakis.circuit._lookup import build, function_of
from tetrakis.errors import CircuitError
from tetrakis.network import FixedPointFormat, FixedPointResNet, TableBlock, without_tables


def input_bits(net, codes):
    parts = [(codes[:, k, None] >> np.arange(f.bits)) & 1 for k, f in enumerate(net.inputs)]
    return np.concatenate(parts, axis=1).astype(bool)


def read_words(bits, widths):
    found, first = [], 0
    for width in widths:
        weights = 1 << np.arange(width, dtype=np.int64)
        weights[-1:] *= -1
        found.append(bits[:, first : first + width].astype(np.int64) @ weights)
        first += width
    return np.stack(found, axis=1)


@settings(deadline=None)
@given(table_networks(), st.integers(0, 2))
def test_circuits_compute_the_network(net, effort):
    codes = all_codes(net)
    y, bits = net.evaluate_codes(codes), input_bits(net, codes)
    words = compile_network(net, effort=effort)
    assert (read_words(simulate_rows(words, bits), output_words(net)) == y).all()
    if net.n_outputs > 1:
        index = simulate_rows(compile_network(net, decision="argmax", effort=effort), bits)
        assert (index @ (1 << np.arange(index.shape[1])) == y.argmax(axis=1)).all()
    else:
        sign = simulate_rows(compile_network(net, decision="sign", effort=effort), bits)
        assert (sign[:, 0] == (y[:, 0] >= 0)).all()


@settings(deadline=None)
@given(st.integers(0, 6), st.data())
def test_small_functions_agree_where_it_matters(n, data):
    values = np.array(data.draw(st.lists(st.booleans(), min_size=2**n, max_size=2**n)))
    care = np.array(data.draw(st.lists(st.booleans(), min_size=2**n, max_size=2**n)))
    builder = AigBuilder(n)
    literal = build(builder, function_of(values, care), [builder.input(i) for i in range(n)])
    circuit = builder.build([literal])
    rows = (np.arange(2**n)[:, None] >> np.arange(n) & 1).astype(bool)
    got = simulate_rows(circuit, rows)[:, 0]
    assert (got[care] == values[care]).all()


def test_impossible_patterns_of_thresholds_cost_nothing():
    """x >= 5 without x >= 3 can't occur, so a table that is odd only there is a constant."""
    net = comparators_and_table([0, 1, 1, 2])  # pins [x >= 3], [x >= 5]: place 2 is impossible
    odd = comparators_and_table([0, 1, 77, 2])
    assert compile_network(net).num_gates == compile_network(odd).num_gates
    constant = comparators_and_table([4, 4, 9, 4])
    assert compile_network(constant).num_gates == 0
    assert trace(constant).sums[-1].lo == trace(constant).sums[-1].hi == 4


def comparators_and_table(entries):
    plain = network_from_trees(
        [FixedPointFormat(3, 0)],
        [DecisionTree([0, 0, 0, 0, 0], [5, 3, 0, 0, 0], [1, 2, -1, -1, -1],
                      [4, 3, -1, -1, -1], [0, 0, 0, 1, 2])],
    )  # fmt: skip
    first = plain.blocks[0]
    five, three = (int(first.write[:, [j]].nonzero()[0][0]) for j in range(2))
    order = [five, three] if first.bias[0] == -2 else [three, five]
    out = int(plain.read_out.indices[0])
    table = TableBlock.of([([(order[0], 0), (order[1], 0)], entries, {out: 1})], plain.stream)
    return FixedPointResNet(
        plain.inputs, plain.read_in, (first, table), plain.read_out, [0],
        plain.stream_exponent, plain.output_exponent,
    )  # fmt: skip


def test_tables_take_fewer_gates_than_their_thresholds():
    rng = np.random.default_rng(0)
    pins = [[(int(i), 0) for i in rng.permutation(6)[:4]] for _ in range(8)]
    block = TableBlock.of([(p, rng.integers(0, 4, 16), {6: 1}) for p in pins], stream=7)
    net = FixedPointResNet(
        (FixedPointFormat(1, 0),) * 6, np.eye(7, 6, dtype=int), (block,), [[0] * 6 + [1]], [0], 0, 0
    )
    assert 2 * compile_network(net).num_gates < compile_network(without_tables(net)).num_gates


@st.composite
def trees(draw, n_words, depth, outputs):
    """Random trees on 3-bit words."""
    feature, threshold, left, right = [], [], [], []

    def grow(level):
        node = len(feature)
        feature.append(draw(st.integers(0, n_words - 1)))
        threshold.append(draw(st.integers(-1, 9)))
        left.append(-1)
        right.append(-1)
        if level < depth and draw(st.integers(0, 3)):
            left[node] = grow(level + 1)
            right[node] = grow(level + 1)
        return node

    grow(0)
    count = len(feature) * outputs
    values = draw(st.lists(st.integers(-9, 9), min_size=count, max_size=count))
    return DecisionTree(
        *(np.array(v) for v in (feature, threshold, left, right)),
        np.array(values).reshape(-1, outputs),
    )


@settings(deadline=None)
@given(st.data(), st.integers(1, 2), st.integers(3, 6), st.booleans())
def test_trees_are_tables(data, outputs, most_pins, signed):
    made = [data.draw(trees(3, 4, outputs)) for _ in range(data.draw(st.integers(1, 3)))]
    formats = [FixedPointFormat(3, 0, signed)] * 3
    net = network_from_trees(formats, made, offset=[3] * outputs, most_pins=most_pins)
    codes = all_codes(net)
    wanted = 3 + sum(tree.evaluate(codes) for tree in made)
    assert (net.evaluate_codes(codes) == wanted).all()
    assert all(np.diff(b.start).max(initial=0) <= most_pins for b in net.blocks
               if isinstance(b, TableBlock))  # fmt: skip
    circuit = compile_network(net)
    got = read_words(simulate_rows(circuit, input_bits(net, codes)), output_words(net))
    assert (got == wanted).all()


def test_bad_trees_are_refused():
    leaf = DecisionTree([0], [0], [-1], [-1], [1])
    test = DecisionTree([4, 0, 0], [1, 0, 0], [1, -1, -1], [2, -1, -1], [0, 1, 2])
    formats = [FixedPointFormat(2, 0)]
    for message, call in {
        "at least one tree": lambda: network_from_trees(formats, []),
        "tests input 4": lambda: network_from_trees(formats, [test]),
        "most_pins": lambda: network_from_trees(formats, [leaf], most_pins=13),
        "2 offsets": lambda: network_from_trees(formats, [leaf], offset=[1, 2]),
    }.items():
        with pytest.raises(CircuitError, match=message):
            call()
    assert network_from_trees(formats, [leaf]).evaluate_codes([[3]]).tolist() == [[1]]
