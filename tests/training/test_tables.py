"""Training of table networks: gradients, what comes out, and refusals."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tetrakis.errors import BudgetError, DataError
from tetrakis.network import FixedPointFormat, TableBlock
from tetrakis.training import (
    Candidates,
    TableLayers,
    TablePlan,
    candidates_of,
    to_table_network,
    train_tables,
)
from tetrakis.training._table_model import looked_up, pin_norms, wired
from tetrakis.training._table_redraw import due, redrawn
from tetrakis.training._table_wiring import draw


def test_looking_up_and_its_slopes():
    rng = np.random.default_rng(0)
    tables = rng.normal(size=(5, 8))
    bits = rng.integers(0, 2, (5, 3, 20)).astype(float)
    place = (bits.astype(int) << np.arange(3)[:, None]).sum(axis=1)
    found = np.asarray(looked_up(jnp.asarray(tables), jnp.asarray(bits)))
    np.testing.assert_allclose(found, np.take_along_axis(tables, place, axis=1), rtol=1e-5)
    slope = jax.grad(lambda b: looked_up(jnp.asarray(tables), b).sum())(jnp.asarray(bits))
    for i in range(3):
        change = [np.take_along_axis(tables, place & ~(1 << i) | (v << i), axis=1) for v in (0, 1)]
        np.testing.assert_allclose(slope[:, i], change[1] - change[0], rtol=1e-5, atol=1e-6)


def test_wires_read_the_largest_logit_and_learn_through_the_softmax():
    rng = np.random.default_rng(1)
    x = jnp.asarray(rng.integers(0, 2, (6, 10)).astype(np.float32))
    logits = jnp.asarray(rng.normal(size=(2, 3, 6)), jnp.float32)
    value, back = jax.vjp(lambda a, b: wired(a, b, jnp.float32(0.7)), logits, x)
    assert np.array_equal(value, np.asarray(x)[np.asarray(logits).argmax(axis=-1)])
    slope = jnp.asarray(rng.normal(size=value.shape), jnp.float32)
    moved, _ = back(slope)

    def soft(a):
        return (jnp.einsum("upc,cn->upn", jax.nn.softmax(a / 0.7, axis=-1), x) * slope).sum()

    np.testing.assert_allclose(moved, jax.grad(soft)(logits), rtol=1e-4, atol=1e-6)


def test_wires_of_a_block_see_a_few_candidates():
    rng = np.random.default_rng(4)
    x = jnp.asarray(rng.integers(0, 2, (9, 10)).astype(np.float32))
    seen = jnp.asarray([[5, 0, 8], [1, 2, 3], [7, 6, 4]])
    few = jnp.asarray(rng.normal(size=(5, 2, 3)), jnp.float32)
    block = np.arange(5) // 2  # the last block has one unit
    whole = jnp.full((5, 2, 9), -1e9)
    for u in range(5):
        whole = whole.at[u, :, seen[block[u]]].set(few[u].T)
    value, back = jax.vjp(lambda a, b: wired(a, b, jnp.float32(0.7), seen, 2), few, x)
    same, all_back = jax.vjp(lambda a, b: wired(a, b, jnp.float32(0.7)), whole, x)
    assert np.array_equal(value, same)
    slope = jnp.asarray(rng.normal(size=value.shape), jnp.float32)
    (moved, read), (all_moved, all_read) = back(slope), all_back(slope)
    picked = np.stack([np.asarray(all_moved)[u][:, seen[block[u]]] for u in range(5)])
    np.testing.assert_allclose(moved, picked, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(read, all_read, rtol=1e-4, atol=1e-6)


def test_pin_norms_are_those_of_flips():
    tables = np.random.default_rng(2).normal(size=(4, 8))
    places = np.arange(8)
    for i in range(3):
        flips = np.sqrt(((tables - tables[:, places ^ 1 << i]) ** 2).sum(axis=1) / 2)
        np.testing.assert_allclose(pin_norms(jnp.asarray(tables), 3)[:, i], flips, rtol=1e-4)


def rows_of(n=600, words=5, seed=0):
    return np.random.default_rng(seed).integers(0, 16, (n, words))


PLAN = TablePlan("squared", units=12, pins=3, bits=4, steps=600, batch=128)


@pytest.fixture(scope="module")
def trained():
    codes = rows_of()
    y = (codes[:, 0] >= 8) * 2.0 + (codes[:, 1] >= 4) * (codes[:, 2] >= 12) - 1.0
    y = (y - y.mean()) / y.std()
    candidates = candidates_of(codes, np.full(5, 4), grid_bits=2)
    found = train_tables(candidates.evaluate(codes), y, PLAN, penalties=[1e-3, 3e-2], seed=3)
    return codes, y, candidates, found


def output(layers, candidates, codes):
    """A slow reading of trained layers."""
    x = candidates.evaluate(codes).astype(np.int64)
    for layer, (wires, tables) in enumerate(zip(layers.wires, layers.tables, strict=True)):
        places = (x[:, wires] << np.arange(wires.shape[1])).sum(axis=2)
        found = np.stack([tables[u][places[:, u]] for u in range(len(wires))], axis=1)
        if layer < len(layers.wires) - 1:
            x = np.concatenate([x, found], axis=1)
    k = len(layers.bias)
    return np.stack([found[:, o::k].sum(axis=1) + layers.bias[o] for o in range(k)], axis=1)


def test_a_sum_of_tables_is_found(trained):
    codes, y, candidates, (net, sparse) = trained
    guess = net.layers.step * output(net.layers, candidates, codes)[:, 0]
    assert np.mean((guess - y) ** 2) < 0.03
    assert net.loss == pytest.approx(np.mean((guess - y) ** 2), rel=1e-3)
    assert net.penalty == 1e-3 and np.abs(net.layers.tables[0]).max() <= 8

    def wires(trained):
        net = to_table_network(trained.layers, candidates, [FixedPointFormat(4, 0)] * 5)
        return sum(len(b.pins) for b in net.blocks if isinstance(b, TableBlock))

    assert wires(sparse) < wires(net)


def test_the_network_computes_the_trained_integers(trained):
    codes, _, candidates, found = trained
    for one in found:
        net = to_table_network(one.layers, candidates, [FixedPointFormat(4, 0)] * 5)
        wanted = output(one.layers, candidates, codes)
        assert np.array_equal(net.evaluate_codes(codes), wanted)


def test_hidden_layers_and_several_outputs():
    codes = rows_of(200, seed=5) & 1
    candidates = candidates_of(codes, np.ones(5, int))
    y = (codes[:, 0] ^ codes[:, 1] ^ codes[:, 2]) + codes[:, 3]
    plan = TablePlan("softmax", 3, units=7, hidden=(6, 4), pins=2, bits=3, steps=200, batch=64)
    (found,) = train_tables(candidates.evaluate(codes), y, plan, penalties=[1e-4], seed=0)
    net = to_table_network(found.layers, candidates, [FixedPointFormat(1, 0)] * 5)
    assert np.array_equal(net.evaluate_codes(codes), output(found.layers, candidates, codes))
    again = train_tables(candidates.evaluate(codes), y, plan, penalties=[1e-4], seed=0)[0]
    assert all(map(np.array_equal, again.layers.tables, found.layers.tables))


@pytest.mark.parametrize("hidden", [(), (5,)])
def test_few_candidates_of_many(hidden):
    rng = np.random.default_rng(6)
    X = rng.integers(0, 2, (400, 90)).astype(np.uint8)
    y = (X[:, 3] + X[:, 40] + X[:, 80] >= 2).astype(float)
    plan = TablePlan(
        "logistic", units=23, hidden=hidden, pins=2, bits=3, steps=300, batch=128,
        candidates=30, block=2,
    )  # fmt: skip
    candidates = Candidates(np.arange(90), np.ones(90, np.int64))
    net, other = train_tables(X, y, plan, penalties=[1e-4, 1e-4], seed=0)
    guess = output(net.layers, candidates, X)[:, 0] >= 0
    assert np.mean(guess == y) > 0.9
    assert not np.array_equal(net.layers.wires[0], other.layers.wires[0])
    again = train_tables(X, y, plan, penalties=[1e-4, 1e-4], seed=0)[0]
    assert all(map(np.array_equal, again.layers.wires, net.layers.wires))


def test_candidates_that_no_wire_is_near_are_drawn_anew():
    plan = TablePlan("squared", units=5, pins=2, candidates=8, block=2, hidden=(3,), redraw=100)
    columns, rng = (20, 64), np.random.default_rng(0)
    seen = draw(plan, columns, [], 0, 2)
    before = {name: values.copy() for name, values in seen.items()}
    shapes = {"logits0": (2, 3, 2, 8), "logits1": (2, 5, 2, 8)}
    params = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    ones = {name: np.ones(shape) for name, shape in shapes.items()}
    logits, mean, _, _ = redrawn((params, ones, ones, None), seen, plan, columns, 1)
    for layer, name in enumerate(shapes):
        old, new, block = before[f"seen{layer}"], seen[f"seen{layer}"], np.arange(5) // 2
        assert 0 < (old != new).sum() <= old.size / 2
        assert all(len(set(own)) == 8 for own in new.reshape(-1, 8).tolist())
        assert set(new.ravel()) <= {*range(20), *range(64, 64 + 3 * layer)}
        moved = (old != new)[:, block[: params[name].shape[1]]][:, :, None]
        assert np.array_equal(logits[name].argmax(-1), params[name].argmax(-1))
        assert np.array_equal(mean[name] == 0, np.broadcast_to(moved, mean[name].shape))
        assert np.allclose(np.where(moved, 0, logits[name] - params[name]), 0, atol=1e-6)
    steps = [due(replace(plan, steps=1000), done, 100) for done in range(100, 1001, 100)]
    assert steps == [True] * 6 + [False] * 4
    assert not due(replace(plan, redraw=0), 100, 100)


def test_few_candidates_hold_the_wires_of_a_start(trained):
    codes, y, candidates, (net, _) = trained
    plan = replace(PLAN, steps=1, learning_rate=1e-9, candidates=11, block=2)
    (same,) = train_tables(
        candidates.evaluate(codes), y, plan, penalties=[0.0], starts=[net.layers]
    )
    assert len(candidates.word) > 11
    assert np.array_equal(same.layers.wires[0], net.layers.wires[0])


def test_no_more_candidates_than_there_are():
    codes = rows_of(100)
    candidates = candidates_of(codes, np.full(5, 4), grid_bits=2)
    plan = replace(PLAN, steps=100, batch=32)
    X, y = candidates.evaluate(codes), codes[:, 0] / 8 - 1
    (one,) = train_tables(X, y, plan, penalties=[1e-3])
    (other,) = train_tables(X, y, replace(plan, candidates=10**4), penalties=[1e-3])
    assert np.array_equal(one.layers.wires[0], other.layers.wires[0])


def test_entries_come_back_into_range():
    rng = np.random.default_rng(8)
    X = rng.integers(0, 2, (500, 6)).astype(np.uint8)
    y = X[:, 0] * 2.0 + X[:, 1] - 1.5
    plan = TablePlan("squared", units=30, pins=2, bits=1, steps=500, batch=128)
    far = TableLayers(
        (rng.integers(0, 6, (30, 2)),), (np.full((30, 4), 9.0),), np.zeros(1), 0.3
    )  # fmt: skip
    (net,) = train_tables(X, y, plan, penalties=[0.0], starts=[far])
    assert set(np.unique(net.layers.tables[0])) == {-1, 0}
    assert net.loss < 0.2 * np.var(y)


def test_pins_that_read_the_same_bit_are_joined():
    layers = TableLayers(
        (np.array([[1, 0, 1], [0, 0, 0]]),), (np.array([np.arange(8), [5] * 8]),),
        np.array([2]), 1.0,
    )  # fmt: skip
    candidates = Candidates(np.array([0, 1]), np.array([3, 2]))
    net = to_table_network(layers, candidates, [FixedPointFormat(3, 0)] * 2)
    codes = np.stack(np.meshgrid(np.arange(8), np.arange(8)), axis=-1).reshape(-1, 2)
    assert np.array_equal(net.evaluate_codes(codes), output(layers, candidates, codes))
    assert net.blocks[-1].width == 1 and len(net.blocks[-1].pins) == 2


def test_a_start_is_kept_without_steps(trained):
    codes, y, candidates, (net, _) = trained
    plan = replace(PLAN, steps=1, learning_rate=1e-9)
    (same,) = train_tables(
        candidates.evaluate(codes), y, plan, penalties=[0.0], starts=[net.layers]
    )
    assert np.array_equal(same.layers.wires[0], net.layers.wires[0])
    assert np.array_equal(same.layers.tables[0], net.layers.tables[0])


def test_held_rows_decide_when_to_stop(trained):
    codes, y, candidates, _ = trained
    held = np.arange(len(y)) % 4 == 0
    (net,) = train_tables(candidates.evaluate(codes), y, PLAN, penalties=[1e-3], held=held)
    guess = net.layers.step * output(net.layers, candidates, codes[held])[:, 0]
    assert net.loss == pytest.approx(np.mean((guess - y[held]) ** 2), rel=1e-3)


def test_candidates_tell_rows_apart():
    codes = np.array([[0, 3, 7], [5, 3, 7], [6, 3, 1]])
    found = candidates_of(codes, np.array([3, 3, 3]), grid_bits=3)
    assert list(zip(found.word.tolist(), found.threshold.tolist(), strict=True)) == [
        (0, 4), (0, 6), (2, 4)]  # fmt: skip
    assert np.array_equal(found.evaluate(codes), [[0, 0, 1], [1, 0, 1], [1, 1, 0]])


@pytest.mark.parametrize(
    "settings",
    [
        {"pins": 0},
        {"pins": 13},
        {"bits": 0},
        {"bits": 13},
        {"units": 0},
        {"steps": 0},
        {"candidates": 0},
        {"block": 0},
    ],
)
def test_senseless_plans_are_refused(settings):
    with pytest.raises(BudgetError, match=f"{next(iter(settings))}: expected"):
        TablePlan("squared", **settings)


@pytest.mark.parametrize(
    ("X", "y", "held", "message"),
    [
        (np.zeros((3, 0), np.uint8), np.zeros(3), None, "every one is constant"),
        (np.zeros((3, 2), np.uint8), np.array([0, np.nan, 1]), None, "row 1"),
        (np.zeros((3, 2), np.uint8), np.zeros(4), None, "n targets"),
        (np.zeros((3, 2), np.uint8), np.zeros(3), np.ones(3, bool), "at least one row"),
    ],
)
def test_data_that_cannot_be_learnt(X, y, held, message):
    with pytest.raises(DataError, match=message):
        train_tables(X, y, PLAN, penalties=[0.0], held=held)
