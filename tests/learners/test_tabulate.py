"""Constituents looked up in tables: codes, the network, its place on the path."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tetrakis.circuit import all_patterns, simulate, unpack
from tetrakis.datasets import table_from_arrays
from tetrakis.encoding import fit_encoding
from tetrakis.errors import BudgetError
from tetrakis.graphs import lift, mlp, residual, to_resnet, tree
from tetrakis.learners import CompositionalClassifier, CompositionalRegressor, _compress_edit
from tetrakis.learners._codes import Code, all_levels, input_codes, lloyd, means, places, reflected
from tetrakis.learners._shift import lift_values, values_from
from tetrakis.learners._tabulate import readings, tabulated


def drawn(graph, n=500, columns=4, bits=5, seed=0):
    """A random lift, rows in its units, their codes and the encoding."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, columns))
    table = table_from_arrays(X)
    encoding = fit_encoding(table, bits=bits, trim=0.0)
    return lift(graph, 6, None, rng), X, encoding.encode(table), encoding


def table_net(net, X, codes, encoding, input_bits, value_bits, grain):
    """The network of tables, or None."""
    found = tabulated(
        net, readings(net), lift_values(net, X), codes, encoding, decision="words",
        input_bits=input_bits, value_bits=value_bits, grains=[grain],
    )  # fmt: skip
    return found[0] if found else None


@given(st.integers(1, 4), st.integers(0, 2**31 - 1))
def test_rounded_tables_are_at_least_as_near_as_evenly_rounded_ones(bits, seed):
    rng = np.random.default_rng(seed)
    table, rows = rng.normal(size=64) ** 3, rng.integers(0, 64, 200)
    codes, levels = lloyd(table, rows, bits)
    assert codes.shape == table.shape and codes.max() < len(levels) == 1 << bits
    assert (np.diff(codes[np.argsort(table)]) >= 0).all()
    values = table[rows]
    even = np.linspace(values.min(), values.max(), 1 << bits)
    nearest = np.abs(values[:, None] - even).min(axis=1)
    best = np.abs(values[:, None] - levels).min(axis=1)
    assert (best**2).sum() <= (nearest**2).sum() * (1 + 1e-9)
    centres = means(codes[rows], values, levels)
    assert ((values - centres[codes[rows]]) ** 2).sum() <= (best**2).sum() * (1 + 1e-9)


@given(st.integers(0, 6))
def test_reflected_codes_change_in_one_bit(bits):
    n = 1 << bits
    codes, levels = reflected(np.arange(n), np.arange(n, dtype=float))
    assert sorted(codes) == list(range(n)) and (levels[codes] == np.arange(n)).all()
    assert all((a ^ b).bit_count() == 1 for a, b in pairwise(codes.tolist()))


def test_places_and_levels_agree():
    rng = np.random.default_rng(0)
    codes = [
        Code(tuple((c, b) for b in range(w)), rng.normal(size=1 << w), rng.integers(0, 1 << w, 50))
        for c, w in enumerate((2, 0, 3))
    ]
    for code, levels in zip(codes, all_levels(codes), strict=True):
        assert (levels[places(codes)] == code.levels[code.rows]).all()


@pytest.mark.parametrize("graph", [tree(((0, 1), (2, 3))), mlp(4, 2), residual(4, 2)])
def test_a_vertex_from_what_is_above_it(graph):
    net, X, _, _ = drawn(graph)
    values = lift_values(net, X)
    inputs = {v.name: values[v.name] for v in graph.inputs}
    for name in graph.order:
        assert np.allclose(values_from(net, inputs, name), values[name])
    last = graph.outputs[0].name
    above = {name: values[name] for name in graph.order if name != last}
    assert np.allclose(values_from(net, above, last), values[last])
    network = to_resnet(net, box=[[-5, 5]] * 4)
    assert np.allclose(values[last], network.evaluate(X).T)


@pytest.mark.parametrize("structure", [((0, 1), (2, 3)), (((0, 1), 2), 3), ((0, 2), 1, 3)])
def test_finer_tables_come_nearer_to_the_lift(structure):
    net, X, codes, encoding = drawn(tree(structure), n=4000, bits=5)
    exact, errors = lift_values(net, X)["y"][0], []
    for bits in (2, 3, 4):
        found = table_net(net, X, codes, encoding, bits, bits, -6)
        error = found.evaluate_codes(codes)[:, 0] * 2.0**-6 - exact
        errors.append(np.mean(error**2) / exact.var())
    assert errors[0] > 2 * errors[1] > 4 * errors[2] and errors[2] < 0.1
    grain = 2.0 ** np.array([word.exponent for word in found.inputs])
    whole = found.evaluate_codes(codes) * 2.0**-6
    assert (found.to_resnet().evaluate(codes * grain) == whole).all()  # hence a certificate of 0


def test_entries_are_the_constituents_at_the_levels():
    """One constituent: the table is the function at each code's mean."""
    net, X, codes, encoding = drawn(tree((0, 1)), columns=2, bits=3)
    found = table_net(net, X, codes, encoding, 2, 2, -8)
    pins, entries = found.blocks[0].table(0)
    assert pins.tolist() == [[0, 1], [0, 2], [1, 1], [1, 2]]
    top = codes >> 1
    for place, entry in enumerate(entries):
        point = [X[top[:, c] == (place >> 2 * c & 3), c].mean() for c in (0, 1)]
        assert entry == np.rint(lift_values(net, [point])["y"][0, 0] * 256)


def test_too_many_bits_are_refused():
    net, X, codes, encoding = drawn(mlp(4, 1))
    assert table_net(net, X, codes, encoding, 3, 3, -2) is not None
    assert table_net(net, X, codes, encoding, 4, 3, -2) is None


def test_a_constant_column_takes_no_bits():
    rng = np.random.default_rng(0)
    X = np.stack([rng.normal(size=300), np.zeros(300)], axis=1)
    table = table_from_arrays(X)
    encoding = fit_encoding(table, bits=4, trim=0.0)
    net = lift(tree((0, 1)), 4, None, rng)
    found = table_net(net, X, encoding.encode(table), encoding, 4, 4, -8)
    assert found.n_inputs == 1 and found.blocks[0].table(0)[0].shape == (4, 2)


def test_codes_without_rows_lie_between_their_neighbours():
    """Also where an outlier stretches the column: no code stands for what its box can't hold."""
    X = np.random.default_rng(0).normal(size=(400, 1))
    X[0] = 200.0
    table = table_from_arrays(X)
    encoding = fit_encoding(table, bits=6, trim=0.01)
    code = input_codes(encoding, encoding.encode(table), X, 6)[0]
    assert len(np.unique(code.rows)) < len(code.levels) == 64
    inside = np.sort(X[1:, 0])
    assert (np.diff(code.levels[:-1]) >= 0).all()
    assert inside[0] <= code.levels[0] and code.levels[-2] < inside[-1] + 0.5


def values(n=600, seed=0):
    X = np.random.default_rng(seed).uniform(-1, 1, (n, 4))
    return X, np.abs(X[:, 0] + X[:, 2]) * (X[:, 1] - X[:, 3])


@pytest.fixture(scope="module")
def fitted():
    return CompositionalRegressor(((0, 2), (1, 3)), units=6, max_iter=800, random_state=0).fit(
        *values()
    )


def test_tables_beat_sums_of_relus(fitted):
    options = {"held_out": values(300, 1), "bits": 4, "deltas": [2**-5], "activation_bits": [4]}
    fitted.compress(*values(), **options)
    best = fitted.path_[-1]
    assert "tabulated" in best.label and best.held_out_score > 0.9
    words = simulate(best.circuit, all_patterns(best.circuit.num_pis))
    n = 1 << best.circuit.num_pis
    codes = np.stack([np.arange(n) >> 4 * k & 15 for k in range(4)], axis=1)
    read = best.encoding.output.integers(unpack(words, n))
    assert (read == best.fixed_point.evaluate_codes(codes)[:, 0]).all()
    assert best.certificate.value == 0


def test_simplified_circuits_join_the_path(fitted, monkeypatch):
    monkeypatch.setattr(_compress_edit, "STARTS", 1)
    held = values(300, 1)
    options = {"held_out": held, "bits": 3, "deltas": [2**-3], "activation_bits": [3]}
    rows = [part[:200] for part in values()]
    plain = fitted.compress(*rows, **options).path_
    fitted.compress(*rows, **options, simplify=True)
    assert any(p.label.endswith("simplified") for p in fitted.path_)
    for old in plain:
        assert any(
            new.num_gates <= old.num_gates and new.held_out_score >= old.held_out_score
            for new in fitted.path_
        )
    point = fitted.path_[0]
    fitted.compress(*rows, **options, simplify=True, max_gates=point.num_gates)
    error = fitted.predict_circuit(held[0]) - held[1]
    assert fitted.held_out_score_ == pytest.approx(1 - np.mean(error**2) / held[1].var())


def test_a_compression_that_fails_leaves_the_last_one(fitted):
    options = {"bits": 3, "deltas": [2**-3], "activation_bits": [3]}
    rows = [part[:200] for part in values()]
    fitted.compress(*rows, **options)
    path, circuit = fitted.path_, fitted.circuit_
    with pytest.raises(BudgetError, match="1"):
        fitted.compress(*rows, **options, max_gates=1)
    with pytest.raises(BudgetError, match="no precision"):
        fitted.compress(*rows, deltas=[], activation_bits=[])
    assert fitted.path_ is path and fitted.circuit_ is circuit


@pytest.mark.parametrize("classes", [2, 3])
def test_classes(classes):
    X, y = values()
    labels = np.digitize(y, [0.0] if classes == 2 else [-0.2, 0.2])
    model = CompositionalClassifier(((0, 2), (1, 3)), units=6, max_iter=600, random_state=0)
    model.fit(X, labels).compress(X, labels, bits=3, deltas=[2**-3], activation_bits=[3])
    assert any("tabulated" in p.label for p in model.path_)
    assert np.mean(model.predict_circuit(X) == labels) == model.held_out_score_ > 0.85
