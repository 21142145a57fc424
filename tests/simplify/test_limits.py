"""Budgets, weights, interruption and bad input."""

import doctest
import importlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simplify import simplify_oracles as oracles
from tetrakis.circuit import Aig, AigBuilder
from tetrakis.errors import BudgetError, DataError
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

QUICK = Schedule(growth=2.0, cycles=1, share=0.2)


def circuit(seed, pis=6, outputs=2):
    """Random truth tables, as trees of multiplexers."""
    rng = np.random.default_rng(seed)
    builder = AigBuilder(pis)
    made = []
    for _ in range(outputs):
        row = rng.integers(0, 2, 2**pis).tolist()
        for i in range(pis):
            row = [
                builder.mux(builder.input(i), b, a)
                for a, b in zip(row[::2], row[1::2], strict=True)
            ]
        made += row
    return builder.build(made)


def bits_of(rows, pis, seed=0):
    return np.random.default_rng(seed).random((rows, pis)) < 0.5


def numbers(aig, rows, *, signed):
    return np.array([oracles.number(oracles.run_aig(aig, row), signed) for row in rows])


@settings(max_examples=25)
@given(oracles.aigs(max_pis=5, max_gates=40), st.integers(0, 3))
def test_a_budget_of_zero_changes_no_given_row(aig, seed):
    bits = bits_of(50, aig.num_pis, seed)
    path = simplify(aig, bits, agreement_loss(aig, bits), budget=0, seed=seed, schedule=QUICK)
    assert path.finished
    assert path.losses.tolist() == [0]
    assert path.circuits[0].num_gates <= aig.num_gates
    expected = [oracles.run_aig(aig, row) for row in bits]
    assert [oracles.run_aig(path.circuits[0], row) for row in bits] == expected


@settings(max_examples=25)
@given(oracles.aigs(max_pis=5, max_gates=40), st.integers(0, 4), st.booleans())
def test_every_input_in_an_interval_bounds_the_sup_norm(aig, epsilon, signed):
    bits = oracles.every_row(aig.num_pis)
    start = numbers(aig, bits, signed=signed)
    near = interval_loss(start - epsilon, start + epsilon, signed=signed)
    path = simplify(aig, bits, near, budget=0, schedule=QUICK)
    for found in path.circuits:
        assert np.abs(numbers(found, bits, signed=signed) - start).max() <= epsilon


@settings(max_examples=25)
@given(
    st.integers(0, 10**6), st.floats(0.0, 1.0), st.sampled_from(["classification", "squared"]),
    st.sampled_from([0, 64]),
)  # fmt: skip
def test_budgets_are_never_exceeded(seed, share, kind, rows):
    """With weights and targets that are no whole numbers."""
    rng = np.random.default_rng(seed)
    aig, bits = circuit(seed), bits_of(70, 6, seed)
    weights = rng.random(70) * (rng.random(70) < 0.8)
    if kind == "classification":
        loss = classification_loss(rng.integers(0, 4, 70), weights)
    else:
        loss = squared_loss(rng.normal(0, 2, 70), weights)
    start = oracles.aig_loss(aig, bits, loss)
    budget = start + share * (loss.weight.sum() - start if kind == "classification" else start)
    schedule = replace(QUICK, rows=rows)
    path = simplify(aig, bits, loss, budget=budget + 1e-9, schedule=schedule)
    assert path.losses.max() <= budget + 1e-9
    for found, own in zip(path.circuits, path.losses, strict=True):
        assert oracles.aig_loss(found, bits, loss) == pytest.approx(own, rel=1e-12, abs=1e-12)
    assert (np.diff(path.sizes) < 0).all()
    assert (np.diff(path.losses) > 0).all()


def test_a_budget_that_the_start_exceeds():
    aig, bits = circuit(0), bits_of(40, 6)
    wrong = 3 - agreement_loss(aig, bits).low
    with pytest.raises(DataError, match="start's loss on the rows is 40, above the budget of 7"):
        simplify(aig, bits, wrong, budget=7)
    with pytest.raises(DataError, match="budget of nan"):
        simplify(aig, bits, wrong, budget=float("nan"))


def test_rows_of_weight_zero_are_as_good_as_absent():
    aig, bits = circuit(1), bits_of(90, 6)
    labels = np.random.default_rng(0).integers(0, 4, 90)
    weights = (np.arange(90) < 60).astype(float)
    loss = classification_loss(labels[:60])
    path = simplify(aig, bits, labels, weights=weights, schedule=QUICK)
    assert path.total_weight == 60
    for found, own in zip(path.circuits, path.losses, strict=True):
        assert oracles.aig_loss(found, bits[:60], loss) == own
    nothing = simplify(aig, bits, labels, weights=np.zeros(90), schedule=QUICK)
    assert nothing.sizes.tolist() == [0]
    assert nothing.losses.tolist() == [0]
    assert nothing.contradictions == 0


@pytest.mark.parametrize("unit", [2.0**-40, 2.0**30])
def test_the_unit_of_weights_does_not_matter(unit):
    aig, bits = circuit(2), bits_of(90, 6)
    labels = np.random.default_rng(0).integers(0, 4, 90)
    plain = simplify(aig, bits, labels, schedule=QUICK)
    scaled = simplify(aig, bits, labels, weights=np.full(90, unit), schedule=QUICK)
    assert scaled.circuits == plain.circuits
    assert (scaled.losses == unit * plain.losses).all()


def test_large_squared_errors_do_not_overflow():
    """The start fits nearly exactly, so that scores are huge in its units."""
    rng = np.random.default_rng(0)
    builder = AigBuilder(24)
    aig = builder.build([2 * (i + 1) for i in range(24)])
    bits = rng.random((300, 24)) < 0.5
    bits[:, 23] = False
    target = (bits @ (1 << np.arange(24))) + rng.normal(0, 1e-9, 300)
    path = simplify(aig, bits, target, loss="squared", schedule=QUICK)
    assert path.losses[0] < 1e-12


def test_seeds_choose_the_path_and_guards_do_not():
    aig, bits = circuit(3), bits_of(200, 6)
    labels = np.random.default_rng(1).integers(0, 4, 200)
    runs = [simplify(aig, bits, labels, seed=s, schedule=QUICK) for s in (0, 0, 1)]
    assert runs[0].circuits == runs[1].circuits != runs[2].circuits
    for seed in range(3):
        rows = bits_of(30 + seed, 6, seed)
        guard = np.random.default_rng(seed).integers(0, 4, len(rows))
        guarded = simplify(aig, bits, labels, guard=(rows, guard), schedule=QUICK)
        assert guarded.circuits == runs[0].circuits
        loss = classification_loss(guard)
        assert guarded.guard_losses.tolist() == [
            oracles.aig_loss(found, rows, loss) for found in guarded.circuits
        ]
        assert guarded.guard_weight == len(rows)


@pytest.mark.parametrize("calls", [1, 2, 4])
def test_an_interruption_returns_the_best_so_far(calls):
    aig, bits = circuit(4), bits_of(100, 6)
    seen = []

    def progress(*point):
        seen.append(point)
        if len(seen) == calls:
            raise KeyboardInterrupt

    labels = np.random.default_rng(0).integers(0, 4, 100)
    path = simplify(aig, bits, labels, progress=progress)
    assert not path.finished and path.interrupted
    assert len(seen) == calls
    assert seen[-1][:2] in zip(path.sizes, path.losses, strict=True)
    if calls == 1:
        assert path.circuits == (aig,)


def test_time_and_size_limits():
    aig, bits = circuit(5), bits_of(100, 6)
    late = simplify(aig, bits, np.zeros(100), max_seconds=0)
    assert not late.finished and not late.interrupted
    labels = np.random.default_rng(0).integers(0, 4, 100)
    path = simplify(aig, bits, labels, min_gates=20)
    assert path.finished
    assert 1 <= path.sizes[-1] <= 20
    assert path.best(max_gates=30) == np.argmax(path.sizes <= 30)
    with pytest.raises(BudgetError, match="smallest has"):
        path.best(max_gates=0)
    assert path.best(tolerance=1e9) == len(path) - 1
    assert path.best(price=1e-6) == 0


@pytest.mark.parametrize("pis", [0, 3])
@pytest.mark.parametrize("output", [0, 1, 2, 5])
def test_circuits_without_gates(pis, output):
    if output > 1 and not pis:
        return
    aig = Aig(pis, np.zeros((0, 2)), [output], ("a", "b", "c")[:pis], ("y",))
    bits = bits_of(20, pis)
    path = simplify(aig, bits, np.arange(20) % 2, guard=(bits, np.zeros(20)))
    assert path.circuits[0].input_names == aig.input_names
    assert path.circuits[0].output_names == ("y",)
    assert path.sizes.tolist() == [0]
    assert path.contradictions > 0
    assert path.losses[0] <= oracles.aig_loss(aig, bits, classification_loss(np.arange(20) % 2))


def test_shared_products_of_exclusive_ors_end():
    """Editing an XOR into the products beside it, which hashing undoes, must not go on forever."""
    builder = AigBuilder(60)
    outputs = []
    for i in range(30):
        a, b = builder.input(2 * i), builder.input(2 * i + 1)
        both, neither = builder.and_(a, b), builder.and_(a ^ 1, b ^ 1)
        outputs += [both, neither ^ 1, builder.and_(both ^ 1, neither ^ 1)]
    aig = builder.build(outputs[:50])
    bits = bits_of(2000, 60)
    path = simplify(aig, bits, agreement_loss(aig, bits), budget=0)
    assert path.rounds < 40
    assert path.finished


def test_contradictions_are_counted():
    bits = np.array([[0, 0], [0, 0], [0, 1], [1, 1], [1, 1], [1, 1]], bool)
    assert contradictions(bits, classification_loss([0, 1, 1, 0, 0, 0])) == 2
    assert contradictions(bits, classification_loss([0, 1, 1, 0, 2, 0])) == 5
    assert contradictions(bits, classification_loss([0, 1, 1, 0, 2, 0], [1, 0, 1, 1, 1, 1])) == 3
    assert contradictions(bits, interval_loss(np.zeros(6), np.ones(6))) == 0
    assert contradictions(bits[:, :0], squared_loss([0.5, 0, 0, 0, 0, 0])) == 6


def test_mixtures_add_up():
    aig, bits = circuit(6), bits_of(40, 6)
    labels = np.random.default_rng(0).integers(0, 4, 40)
    parts = [classification_loss(labels, np.full(40, 3.0)), agreement_loss(aig, bits)]
    path = simplify(aig, np.concatenate([bits, bits]), mixed_loss(parts), schedule=QUICK)
    for found, own in zip(path.circuits, path.losses, strict=True):
        assert sum(oracles.aig_loss(found, bits, part) for part in parts) == own
    with pytest.raises(DataError, match="one kind"):
        mixed_loss([])


@pytest.mark.parametrize(
    ("inputs", "targets", "options", "message"),
    [
        ([0, 1], [0], {}, r"rows of 2 bits.*shape \(2,\)"),
        ([[0, 2]], [0], {}, "inputs: expected 0 or 1 in row 0, column 1, got .*2"),
        ([[0, np.nan]], [0], {}, "expected 0 or 1 in row 0, column 1"),
        ([[0, 1]], [0.5], {}, "Row 0: expected a whole number as class, got 0.5"),
        ([[0, 1]], [np.inf], {}, "Row 0: expected a finite target"),
        ([[0, 1]], ["a"], {}, "Expected numbers"),
        ([[0, 1]], [np.inf], {"loss": "squared"}, "Row 0: expected a finite target"),
        ([[0, 1]], [np.nan], {"loss": "squared"}, "Row 0: expected a number as target, got nan"),
        ([[0, 1]], [1], {"weights": [np.nan]}, "Row 0: expected a finite weight, got nan"),
        ([[0, 1]], [1], {"weights": [np.inf]}, "Row 0: expected a finite weight, got inf"),
        ([[0, 1]], [1], {"weights": [1, 1]}, "one weight for each row"),
        ([[0, 1]], classification_loss([1], signed=True), {}, "wants 1, .* read -1 to 0"),
        ([[0, 1]], [1], {"guard": ([[0]], [1])}, "guard inputs: expected rows of 2 bits"),
        ([[0, 1]], [1], {"guard": ([[0, 1]], [2])}, "wants 2"),
    ],
)
def test_more_mistakes_are_named(inputs, targets, options, message):
    aig = Aig(2, [[4, 2]], [6])
    with pytest.raises(DataError, match=message):
        simplify(aig, inputs, targets, **options)


def test_more_mistakes_in_losses():
    with pytest.raises(DataError, match="Row 1: expected low <= high"):
        interval_loss([0, 2], [1, 1])
    wide = Aig(1, np.zeros((0, 2)), [2] * 54)
    for aig in (wide, Aig(1, np.zeros((0, 2)), [])):
        with pytest.raises(DataError, match="1 to 53 outputs"):
            simplify(aig, [[0]], [0])
        with pytest.raises(DataError, match="1 to 53 outputs"):
            agreement_loss(aig, np.zeros((1, 1), bool))
    fine = Aig(1, np.zeros((0, 2)), [2] * 53)
    assert simplify(fine, [[1]], agreement_loss(fine, np.ones((1, 1), bool))).losses[0] == 0


def test_the_example_of_the_docstring():
    module = importlib.import_module("tetrakis.simplify._simplify")
    assert doctest.testmod(module) == (0, 6)


def test_a_limit_of_nodes_scored():
    aig, bits = circuit(5), bits_of(100, 6)
    labels = np.random.default_rng(0).integers(0, 4, 100)
    whole = simplify(aig, bits, labels)
    assert whole.finished and whole.scored >= whole.rounds
    part = simplify(aig, bits, labels, max_scored=whole.scored / 3)
    assert not part.finished and not part.interrupted
    assert whole.scored / 3 <= part.scored <= whole.scored / 3 + 2 * aig.num_gates
    assert simplify(aig, bits, labels, max_scored=0).rounds == 0
