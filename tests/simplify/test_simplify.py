"""The editor: exact scores, exact changes of loss, and paths that hold what they say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tetrakis.circuit import Aig, AigBuilder, DecisionTree, simulate_rows, tree_ensemble_circuit
from tetrakis.errors import DataError
from tetrakis.simplify import (
    Schedule,
    agreement_loss,
    classification_loss,
    contradictions,
    interval_loss,
    mixed_loss,
    simplify,
    squared_loss,
)
from tetrakis.simplify._aig_graph import aig_of, graph_of
from tetrakis.simplify._engine import Editor
from tetrakis.simplify._simplify import _packed

QUICK = Schedule(growth=1.8, cycles=2, share=0.1)


def random_circuit(rng, num_pis=5, num_gates=25, num_pos=2):
    fanins = [
        sorted(rng.integers(2, 2 * (num_pis + 1 + g), 2), reverse=True) for g in range(num_gates)
    ]
    outputs = rng.integers(
        2 * (num_pis + num_gates - num_pos), 2 * (num_pis + 1 + num_gates), num_pos
    )
    return Aig(num_pis, np.reshape(fanins, (-1, 2)), outputs)


def codes(aig, bits, *, signed):
    out = simulate_rows(aig, bits)
    weights = 1 << np.arange(out.shape[1])
    if signed:
        weights[-1] *= -1
    return out @ weights


def slow_loss(aig, bits, loss):
    y = codes(aig, bits, signed=loss.signed)
    if loss.name == "squared":
        return float((loss.weight * (y - loss.low) ** 2).sum())
    return float(loss.weight[(y < loss.low) | (y > loss.high)].sum())


def a_loss(kind, rng, rows, num_pos):
    weights = rng.integers(0, 4, rows)
    if kind == "classification":
        return classification_loss(rng.integers(0, 2**num_pos, rows), weights)
    if kind == "squared":
        return squared_loss(rng.integers(-3, 4, rows), weights)
    low = rng.integers(-3, 3, rows)
    return interval_loss(low, low + rng.integers(0, 3, rows), weights)


@pytest.mark.parametrize("kind", ["classification", "squared", "interval"])
@given(seed=st.integers(0, 10**6))
@settings(max_examples=10)
def test_accepted_edits_change_the_loss_as_logged(kind, seed):
    rng = np.random.default_rng(seed)
    aig = random_circuit(rng, num_gates=40)
    bits = rng.random((90, aig.num_pis)) < 0.5
    loss = a_loss(kind, rng, len(bits), aig.num_pos)
    editor = Editor(graph_of(aig), _packed(bits, loss, graph_of(aig), Schedule()), rng)
    for price in (0.0, 1.0, 3.0):
        before, size = editor.loss.sum(), editor.graph.size
        done = editor.round(price, 8.0, pool=4, share=0.3)
        assert editor.loss.sum() - before == pytest.approx(done.changes.sum())
        assert editor.graph.size <= size - done.saved.sum()
        assert slow_loss(aig_of(editor.graph), bits, loss) == pytest.approx(editor.loss.sum())


@pytest.mark.parametrize("kind", ["classification", "squared"])
def test_paths_hold_what_they_say(kind):
    rng = np.random.default_rng(1)
    aig = random_circuit(rng, 8, 120, 3)
    bits, held = rng.random((400, 8)) < 0.5, rng.random((100, 8)) < 0.5
    loss, guard = (a_loss(kind, rng, len(b), 3) for b in (bits, held))
    seen = []
    path = simplify(
        aig, bits, loss, guard=(held, guard), schedule=QUICK,
        progress=lambda *point: seen.append(point),
    )  # fmt: skip
    assert path.finished and len(seen) >= len(path)
    assert (np.diff(path.sizes) < 0).all() and (np.diff(path.losses) > 0).all()
    assert path.losses[0] <= slow_loss(aig, bits, loss)
    for circuit, own, other in zip(path.circuits, path.losses, path.guard_losses, strict=True):
        assert slow_loss(circuit, bits, loss) == pytest.approx(own)
        assert slow_loss(circuit, held, guard) == pytest.approx(other)
    again = simplify(aig, bits, loss, guard=(held[:50], classification_loss(np.zeros(50)))
                     if kind == "classification" else None, schedule=QUICK)  # fmt: skip
    assert again.circuits == path.circuits  # the guard isn't read, and nothing is random


def test_budgets_are_kept():
    rng = np.random.default_rng(2)
    aig = random_circuit(rng, 6, 80, 2)
    bits = ((np.arange(64)[:, None] >> np.arange(6)) & 1).astype(bool)
    same = simplify(aig, bits, agreement_loss(aig, bits), budget=0, schedule=QUICK)
    for circuit in same.circuits:
        assert (simulate_rows(circuit, bits) == simulate_rows(aig, bits)).all()
    some = simplify(aig, bits, agreement_loss(aig, bits), budget=5, schedule=QUICK)
    assert some.losses.max() <= 5
    y = codes(aig, bits, signed=True)
    near = simplify(aig, bits, interval_loss(y - 1, y + 1), budget=0, schedule=QUICK)
    assert abs(codes(near.circuits[-1], bits, signed=True) - y).max() <= 1
    with pytest.raises(DataError, match="above the budget"):
        simplify(aig, bits, 3 - (y & 3), budget=0)


def test_a_planted_function_is_found_in_a_big_tree():
    from sklearn.tree import DecisionTreeClassifier

    rng = np.random.default_rng(0)
    bits = rng.random((2000, 12)) < 0.5
    y = ((bits[:, 0] & bits[:, 1]) ^ bits[:, 2]) | (bits[:, 3] & ~bits[:, 4])
    noisy = y ^ (rng.random(2000) < 0.03)
    tree = DecisionTreeClassifier(random_state=0).fit(bits, noisy).tree_
    value = np.where(tree.children_left < 0, tree.value[:, 0, :].argmax(axis=1), 0)
    start = tree_ensemble_circuit(
        [(1, False)] * 12,
        [DecisionTree(tree.feature, np.ceil(tree.threshold), tree.children_left,
                      tree.children_right, value)],
        decision="index",
    )  # fmt: skip
    assert start.num_gates > 150
    path = simplify(start, bits, noisy)
    small = path.circuits[path.best(price=10)]
    assert small.num_gates <= 8
    assert (simulate_rows(small, bits)[:, 0] == y).all()


def test_constants_inputs_and_interruption():
    bits = np.array([[False, True], [True, True]])
    for output in (0, 1, 2, 5):
        path = simplify(Aig(2, np.zeros((0, 2)), [output]), bits, [0, 1])
        assert path.sizes.tolist() == [0]
    assert contradictions(bits[[0, 0, 1]], classification_loss([0, 1, 1])) == 2

    def stop(*_):
        stop.calls += 1
        if stop.calls == 2:
            raise KeyboardInterrupt

    stop.calls = 0
    aig = random_circuit(np.random.default_rng(3), 6, 60, 1)
    rows = np.random.default_rng(0).random((100, 6)) < 0.5
    path = simplify(aig, rows, np.zeros(100), progress=stop)
    assert not path.finished and len(path) >= 1


@pytest.mark.parametrize(
    ("inputs", "targets", "options", "message"),
    [
        ([[0]], [0], {}, "rows of 2 bits"),
        ([[0, 1]], [0, 1], {}, "1 rows, but 2 targets"),
        ([[0, 1]], [2], {}, "wants 2, but 1 output bits read 0 to 1"),
        ([[0, 1]], [-1], {}, "wants -1"),
        ([[0, 1]], [np.nan], {}, "number as target"),
        ([[0, 1]], [1], {"weights": [-1]}, "weight >= 0"),
        ([[0, 1]], [1], {"loss": "cubic"}, "expected one of"),
        (np.zeros((0, 2)), [], {}, "no rows"),
        ([[0, 1]], [1], {"guard": (np.zeros((0, 2)), [])}, "no rows"),
    ],
)
def test_mistakes_are_named(inputs, targets, options, message):
    builder = AigBuilder(2)
    aig = builder.build([builder.and_(2, 4)])
    with pytest.raises(DataError, match=message):
        simplify(aig, inputs, targets, **options)


def test_losses_mix():
    aig = AigBuilder(2).build([2])
    bits = np.array([[True, False], [False, True]])
    mixed = mixed_loss([classification_loss([0, 0], [3, 3]), agreement_loss(aig, bits)])
    assert mixed.low.tolist() == [0, 0, 1, 0] and mixed.weight.tolist() == [3, 3, 1, 1]
    with pytest.raises(DataError, match="one kind"):
        mixed_loss([squared_loss([1.0]), classification_loss([1])])


def test_the_occam_bound_chooses_a_point_without_guard_rows():
    rng = np.random.default_rng(0)
    bits = rng.random((1500, 8)) < 0.5
    labels = (bits[:, 0] ^ (bits[:, 1] & bits[:, 2])).astype(int)
    noisy = labels ^ (rng.random(1500) < 0.05)
    builder = AigBuilder(8)
    start = builder.build([overfit(builder, bits, noisy, np.arange(1500), 0)])
    path = simplify(start, bits, noisy)
    bounds = path.occam_bounds()
    index, bound = path.least_risk()
    assert bound == bounds[index] == min(bounds, key=lambda b: b.value)
    assert bound.m == 1500
    assert bound.risk == path.losses[index] / 1500
    assert path.sizes[index] <= 6
    unseen = every_input(8)
    wrong = simulate_rows(path.circuits[index], unseen)[:, 0] != (
        unseen[:, 0] ^ (unseen[:, 1] & unseen[:, 2])
    )
    assert not wrong.any()
    assert path.least_risk(extra_bits=50)[1].value > bound.value
    weighted = simplify(start, bits, noisy, weights=np.full(1500, 2.0), max_seconds=0)
    with pytest.raises(DataError, match="each row counted once"):
        weighted.occam_bounds()


def overfit(builder, bits, labels, rows, depth):
    """A full tree of multiplexers over the inputs in their order."""
    if depth == bits.shape[1] or len(set(labels[rows])) < 2:
        return int(len(rows) and 2 * labels[rows].sum() > len(rows))
    one = bits[rows, depth]
    sides = [overfit(builder, bits, labels, rows[one == k], depth + 1) for k in (False, True)]
    return builder.mux(builder.input(depth), sides[1], sides[0])


def every_input(n):
    return ((np.arange(2**n)[:, None] >> np.arange(n)) & 1).astype(bool)
