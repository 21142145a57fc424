"""The editor's graphs compute what the circuit does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simplify import simplify_oracles as oracles
from tetrakis.circuit import Aig, AigBuilder
from tetrakis.simplify._aig_graph import aig_of, graph_of
from tetrakis.simplify._graph import (
    AND,
    COPY,
    LEAF,
    OR,
    XOR,
    Graph,
    rebuilt,
    with_copies,
)


def table(run, circuit, pis):
    return [run(circuit, row) for row in oracles.every_row(pis)]


def well_formed(graph):
    first = graph.num_pis + 1
    assert (graph.op[:first] == LEAF).all()
    assert np.isin(graph.op[first:], [AND, XOR]).all()
    own = np.arange(len(graph.op))[first:]
    assert (graph.left[first:] >> 1 < own).all()
    assert (graph.right[first:] >> 1 < own).all()
    assert oracles.live(graph) == set(own.tolist())
    keys = list(zip(graph.op[first:], graph.left[first:], graph.right[first:], strict=True))
    assert len(set(keys)) == len(keys)


@given(oracles.aigs(min_outputs=0), st.integers(0, 9))
def test_graphs_keep_the_function(aig, seed):
    expected = table(oracles.run_aig, aig, aig.num_pis)
    graph = graph_of(aig)
    for made in (graph, rebuilt(graph, np.random.default_rng(seed))):
        well_formed(made)
        assert table(oracles.run_graph, made, aig.num_pis) == expected
        assert made.size == oracles.cost(made)
        back = aig_of(made)
        assert table(oracles.run_aig, back, aig.num_pis) == expected
        assert back.num_gates <= min(made.size, aig.num_gates)


@given(st.data())
def test_rebuilding_hashes_any_graph(data):
    """OR and copy nodes, constants, dead and equal nodes, x ∧ x and x ⊕ ¬x."""
    pis = data.draw(st.integers(1, 4))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    count = data.draw(st.integers(0, 25))
    kinds = rng.choice([AND, XOR, OR, COPY], count)
    most = 2 * (pis + 1 + np.arange(count))
    left, right = rng.integers(0, most, (2, count)) if count else np.zeros((2, 0))
    right = np.where(kinds == COPY, left, right)
    leaves = np.zeros(pis + 1)
    graph = Graph(
        pis,
        np.concatenate([leaves + LEAF, kinds]).astype(np.int32),
        np.concatenate([leaves, left]).astype(np.int32),
        np.concatenate([leaves, right]).astype(np.int32),
        rng.integers(0, 2 * (pis + 1 + count), 3).astype(np.int32),
    )
    expected = table(oracles.run_graph, graph, pis)
    made = rebuilt(graph, rng)
    well_formed(made)
    assert made.size <= oracles.cost(graph) + 3 * (made.op == XOR).sum()
    assert table(oracles.run_graph, made, pis) == expected
    assert table(oracles.run_aig, aig_of(made), pis) == expected


@given(oracles.aigs(), st.data())
def test_copies_change_nothing(aig, data):
    graph = graph_of(aig)
    nodes = np.arange(graph.num_pis + 1, len(graph.op))
    every = np.arange(2 * len(nodes)) + 2 * (graph.num_pis + 1)
    chosen = data.draw(st.lists(st.booleans(), min_size=len(every), max_size=len(every)))
    edges = every[np.array(chosen, bool)]
    grown = with_copies(graph, edges)
    assert len(grown.op) == len(graph.op) + len(edges)
    assert (grown.op == COPY).sum() == len(edges)
    assert grown.size == graph.size
    assert table(oracles.run_graph, grown, aig.num_pis) == table(
        oracles.run_graph, graph, aig.num_pis
    )
    well_formed(rebuilt(grown, np.random.default_rng(0)))


def test_orders_differ_by_seed_and_agree_for_one():
    builder = AigBuilder(8)
    pairs = [builder.and_(builder.input(i), builder.input(j)) for i in range(8) for j in range(i)]
    graph = graph_of(builder.build(pairs))
    orders = [rebuilt(graph, np.random.default_rng(s)).left.tolist() for s in (0, 0, 1)]
    assert orders[0] == orders[1] != orders[2]


def test_exclusive_ors_are_single_nodes_and_share_their_ands():
    builder = AigBuilder(2)
    a, b = builder.input(0), builder.input(1)
    both, neither = builder.and_(a, b), builder.and_(a ^ 1, b ^ 1)
    exclusive = builder.and_(both ^ 1, neither ^ 1)
    assert graph_of(builder.build([exclusive])).size == 3
    half_adder = graph_of(builder.build([exclusive, both]))
    assert sorted(half_adder.op[3:].tolist()) == [AND, XOR]
    assert aig_of(half_adder).num_gates == 3
    every = graph_of(builder.build([exclusive, both, neither]))
    assert aig_of(every).num_gates == 3


@pytest.mark.parametrize("outputs", [[0], [1], [2], [5], [0, 1, 4, 4]])
def test_circuits_without_gates(outputs):
    aig = Aig(2, np.zeros((0, 2)), outputs)
    assert aig_of(graph_of(aig)) == aig
