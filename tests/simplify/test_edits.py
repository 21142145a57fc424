"""Every candidate changes the loss, and every accepted edit the circuit, by what is promised."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simplify import simplify_oracles as oracles
from tetrakis.circuit import pack_rows
from tetrakis.simplify import (
    classification_loss,
    interval_loss,
    squared_loss,
)
from tetrakis.simplify._aig_graph import graph_of
from tetrakis.simplify._apply import apply_edits
from tetrakis.simplify._engine import Editor, Rows
from tetrakis.simplify._graph import AND, COPY, LEAF, OR, XOR, Graph, with_copies

POOL = 24


@st.composite
def losses(draw, rows, outputs, most_weight=5):
    """A loss of any kind with whole weights, zeros among them."""
    signed = draw(st.booleans())
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    lowest = -(2**outputs) // 2 if signed else 0
    target = rng.integers(lowest, lowest + 2**outputs, rows)
    weight = rng.integers(0, most_weight + 1, rows)
    kind = draw(st.sampled_from(["classification", "squared", "interval"]))
    if kind == "classification":
        return classification_loss(target, weight, signed=signed)
    if kind == "squared":
        return squared_loss(target, weight)
    return interval_loss(target, target + rng.integers(0, 3, rows), weight, signed=signed)


@st.composite
def editors(draw, most_weight=5, **sizes):
    """An editor, its rows of bits, and its loss."""
    aig = draw(oracles.aigs(**sizes))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    bits = rng.random((draw(st.integers(1, 140)), aig.num_pis)) < rng.random(aig.num_pis)
    loss = draw(losses(len(bits), aig.num_pos, most_weight))
    rows = Rows(pack_rows(bits), loss.low, loss.high, loss.weight, loss.kind, loss.signed)
    return Editor(graph_of(aig), rows, rng), bits, loss


def present(editor):
    g = editor.graph
    return Graph(g.num_pis, g.op.copy(), g.left.copy(), g.right.copy(), g.outputs.copy())


def applied(editor, found, *, least, price, cap, most=1 << 60, most_gain=1 << 60, room=np.inf):
    """Apply edits to a copy of an editor's circuit: new circuit, loss of every row, log."""
    g, rows, s = present(editor), editor.rows, editor.scratch
    refs, values, loss = editor.refs.copy(), editor.values.copy(), editor.loss.copy()
    log = np.zeros((max(len(found), 1), 3))
    count = apply_edits(
        found, least, most_gain, most, price, cap, room, 1e-9, g.op, g.left, g.right, g.outputs,
        rows.signed, rows.kind, refs, values, s.trial, rows.low, rows.high, rows.weight, loss,
        s.int_nodes, s.int_rows[0], s.deltas, s.long_rows[0], log,
    )  # fmt: skip
    return g, loss, log[:count]


def check_candidates(editor, bits, loss, price, cap, scored, seen):
    before = present(editor)
    old = oracles.graph_loss(before, bits, loss)
    assert editor.loss.sum() == old
    for node, kind, u, v, change, gain in editor.candidates(price, cap, POOL, scored).tolist():
        seen[kind] += 1
        after = oracles.edited(before, node, kind, u, v)
        assert oracles.graph_loss(after, bits, loss) - old == change
        inside = oracles.below(before, node)
        freed = oracles.cost(before) - oracles.cost(after)
        if v >> 1 in inside or (kind != LEAF and u >> 1 in inside):
            assert kind == LEAF or gain <= freed
        else:
            assert gain == freed
        assert change <= min(cap, price * gain)


@settings(max_examples=40)
@given(editors(), st.sampled_from([0.0, 0.4, 3.0, 1e4]))
def test_candidates_change_the_loss_as_predicted(case, price):
    editor, bits, loss = case
    scored = np.ones(len(editor.graph.op), np.int32)
    check_candidates(editor, bits, loss, price, 1e9 if price else 0.0, scored, Counter())


@settings(max_examples=20)
@given(editors(max_gates=15), st.floats(0.1, 3.0))
def test_candidates_for_new_nodes_change_the_loss_as_predicted(case, price):
    editor, bits, loss = case
    g = editor.graph
    edges = np.arange(2 * (g.num_pis + 1), 2 * len(g.op))
    if not len(edges):
        return
    editor.graph = with_copies(g, edges)
    editor.evaluate()
    scored = (editor.graph.op == COPY).astype(np.int32)
    check_candidates(editor, bits, loss, price, 0.0, scored, Counter())


def test_every_kind_of_candidate_occurs():
    seen, rng = Counter(), np.random.default_rng(0)
    from tetrakis.circuit import Aig

    for _ in range(12):
        pis, gates = 5, 40
        most = 2 * (pis + 1 + np.arange(gates))
        fanins = np.stack([rng.integers(2, most), rng.integers(2, most)], axis=1)
        aig = Aig(pis, fanins, 2 * (pis + gates - np.arange(3)))
        bits = rng.random((100, pis)) < 0.5
        loss = classification_loss(rng.integers(0, 8, 100))
        rows = Rows(pack_rows(bits), loss.low, loss.high, loss.weight, loss.kind, False)
        editor = Editor(graph_of(aig), rows, rng)
        n = len(editor.graph.op)
        check_candidates(editor, bits, loss, 5.0, 1e9, np.ones(n, np.int32), seen)
    assert min(seen[kind] for kind in (LEAF, AND, OR, XOR)) >= 10


@pytest.mark.parametrize("weight", [1, 1 << 22, 1 << 40])
def test_large_weights_stay_exact(weight):
    rng = np.random.default_rng(1)
    from circuit.circuit_oracles import random_logic

    aig = random_logic(0, 6, 40, 1)
    bits = rng.random((3000, 6)) < 0.5
    loss = classification_loss(rng.integers(0, 2, 3000), np.full(3000, weight))
    rows = Rows(pack_rows(bits), loss.low, loss.high, loss.weight, loss.kind, False)
    editor = Editor(graph_of(aig), rows, rng)
    before, old = present(editor), editor.loss.sum()
    found = editor.candidates(9.0 * weight, 1e3 * weight, POOL, np.ones(len(before.op), np.int32))
    assert len(found)
    for node, kind, u, v, change, _ in found[:10].tolist():
        after = oracles.edited(before, node, kind, u, v)
        assert rows.losses(after).sum() - old == change


@settings(max_examples=40)
@given(editors(), st.sampled_from([0.0, 0.4, 3.0, 1e4]), st.data())
def test_accepted_edits_log_what_they_do(case, price, data):
    """After every accepted edit: loss and size by the definition, and the same as logged."""
    editor, bits, loss = case
    cap = 1e9 if price else 0.0
    scored = np.ones(len(editor.graph.op), np.int32)
    found = editor.candidates(price, cap, POOL, scored)
    found = found[np.array(data.draw(st.permutations(range(len(found)))), np.int64)]
    start = present(editor)
    old, size = oracles.graph_loss(start, bits, loss), oracles.cost(start)
    _, _, whole = applied(editor, found, least=0, price=price, cap=cap)
    for k in range(1, len(whole) + 1):
        after, rows, log = applied(editor, found, least=0, price=price, cap=cap, most=k)
        assert (log == whole[:k]).all()
        assert oracles.graph_loss(after, bits, loss) - old == log[:, 1].sum() == rows.sum() - old
        assert size - oracles.cost(after) == log[:, 2].sum()
        assert log[-1, 1] <= min(cap, price * log[-1, 2])


@settings(max_examples=30)
@given(editors(), st.sampled_from([0.0, 0.4, 3.0]), st.integers(0, 40))
def test_rounds_and_growth_keep_their_books(case, price, room):
    editor, bits, loss = case
    for step in range(4):
        before, old = editor.graph.size, editor.loss.sum()
        if step % 2:
            done = editor.grow(price, pool=6, edges=20, share=0.5)
            assert (done.changes <= np.minimum(0.0, price * done.saved)).all()
        else:
            done = editor.round(price, 1e9, pool=6, share=0.5, room=room)
            assert (done.saved >= 0).all()
            assert done.changes.sum() <= room
        assert editor.loss.sum() - old == done.changes.sum()
        assert editor.loss.sum() == oracles.graph_loss(editor.graph, bits, loss)
        assert len(done.changes) or editor.graph.size <= before
