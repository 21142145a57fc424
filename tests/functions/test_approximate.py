"""Circuits of functions: every error is checked against a slow evaluation of every input."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tetrakis.circuit import AigBuilder, simulate_rows
from tetrakis.functions import approximate, make_grid, make_target, verify_on_grid
from tetrakis.functions._format import OutputFormat, bits_for, centred
from tetrakis.functions._segments import coarsened, fit_pieces, folded, pieces_word, table_of
from tetrakis.functions._tables import input_orders, table_circuit
from tetrakis.functions._univariate import edited, part_candidates, smallest_part


def slow_error(found):
    """Largest error over every input, decoded bit by bit."""
    worst = 0.0
    aig, grid = found.circuit, found.grid
    rows = np.arange(grid.rows)
    bits = ((rows[:, None] >> np.arange(grid.total_bits)) & 1) == 1
    outputs = simulate_rows(aig, bits)
    for row in rows:
        code = sum(int(b) << i for i, b in enumerate(outputs[row]))
        if found.format.signed and outputs[row, -1]:
            code -= 1 << len(outputs[row])
        x, shift = [], 0
        for (lo, hi), n in zip(grid.box, grid.bits, strict=True):
            c = int(row) >> shift & ((1 << n) - 1)
            x.append(lo + (hi - lo) * c / ((1 << n) - 1))
            shift += n
        wanted = float(found.target.function(np.array([x]))[0])
        worst = max(worst, abs(found.format.offset + found.format.step * code - wanted))
    return worst


def codes_of(aig, n, signed=False):
    bits = ((np.arange(1 << n)[:, None] >> np.arange(n)) & 1) == 1
    outputs = simulate_rows(aig, bits).astype(int)
    weights = 1 << np.arange(outputs.shape[1])
    if signed:
        weights[-1] *= -1
    return outputs @ weights


@pytest.mark.parametrize(
    ("text", "box", "bits", "epsilon"),
    [
        ("sin(x)", {"x": (0, 6.3)}, 6, 0.05),
        ("sqrt(x)", {"x": (0, 1)}, 7, 0.02),
        ("1/x", {"x": (0.1, 1)}, 7, 0.1),
        ("x*y", {"x": (0, 1), "y": (-1, 2)}, 4, 0.1),
        ("x*exp(-y)", {"x": (-1, 1), "y": (0, 2)}, (4, 5), 0.06),
        ("maximum(x, y) - z/2", {"x": (-1, 1), "y": (0, 2), "z": (0, 1)}, 3, 0.1),
        ("hypot(x - y, z)", {"x": (0, 1), "y": (0, 1), "z": (0, 1)}, 3, 0.1),
        ("x**y", {"x": (1, 2), "y": (-1, 1)}, 4, 0.1),
        ("arctan2(y, x)", {"x": (1, 2), "y": (-1, 1)}, 4, 0.1),
    ],
)
def test_the_verified_error_is_the_largest_over_every_input(text, box, bits, epsilon):
    found = approximate(text, box, epsilon=epsilon, input_bits=bits, seconds=0.3)
    assert found.error <= epsilon
    assert slow_error(found) == pytest.approx(found.error, rel=1e-9)
    assert found.verification.rows == 1 << found.grid.total_bits
    assert found.circuit.input_names[0] == f"{next(iter(box))}[0]"


def test_word_arithmetic_alone_multiplies():
    box = {"x": (0, 1), "y": (0, 1), "z": (0, 1)}
    found = approximate("x*y + z", box, epsilon=0.03, input_bits=5, constructions=["arithmetic"])
    assert found.construction == "word arithmetic"
    assert found.num_gates < 250
    assert slow_error(found) <= 0.03


def test_a_callable_has_no_arithmetic_but_a_table():
    def bump(points):
        return np.exp(-4 * (points**2).sum(axis=1))

    found = approximate(bump, {"x": (-1, 1), "y": (-1, 1)}, epsilon=0.1, input_bits=4)
    assert {t.construction for t in found.tried} == {"truth table", "Tetrakis interpolant"}
    assert slow_error(found) <= 0.1


def test_terms_times_zero_are_left_out():
    found = approximate(
        "x*y - 0*y + x*(0*y)", {"x": (0, 1), "y": (0, 1)}, epsilon=0.1, input_bits=3, seconds=0.3,
        constructions=["arithmetic"],
    )  # fmt: skip
    assert slow_error(found) <= 0.1


def test_a_function_that_hardly_moves_needs_no_gates():
    found = approximate("1 + x/100", {"x": (0, 1)}, epsilon=0.01, input_bits=5)
    assert found.num_gates == 0 and slow_error(found) <= 0.01


def test_every_real_leaves_room_for_rounding_the_input():
    found = approximate("x*x", {"x": (0, 1)}, epsilon=0.05, input_bits=6, every_real=True)
    x = np.linspace(0, 1, 20001)
    codes = np.rint(x * 63).astype(np.int64)
    assert np.abs(found.values(codes) - x * x).max() <= 0.05


def test_the_same_seed_gives_the_same_circuit():
    first, second = (
        approximate("x*y", {"x": (0, 1), "y": (0, 1)}, epsilon=0.1, input_bits=4) for _ in range(2)
    )
    assert first.circuit == second.circuit


def test_verification_finds_a_single_wrong_row():
    target = make_target("x + y", {"x": (0, 7), "y": (0, 7)})
    grid = make_grid(target, 3)
    codes = np.arange(64) % 8 + np.arange(64) // 8
    codes[37] += 1
    aig = table_circuit(codes, 4, input_orders(grid)[-1])
    found = verify_on_grid(aig, OutputFormat(4, 1.0, 0.0), target, grid)
    assert found.error == 1 and found.point == (5.0, 4.0) and 37 in found.worst


INTERVALS = st.integers(1, 6).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(-8, 8), min_size=1 << n, max_size=1 << n),
        st.lists(st.integers(0, 3), min_size=1 << n, max_size=1 << n),
    )
).map(lambda t: (np.array(t[0]), np.array(t[0]) + np.array(t[1])))  # fmt: skip


@given(INTERVALS)
@settings(max_examples=30)
def test_every_candidate_keeps_to_the_intervals(ends):
    low, high = ends
    n = len(low).bit_length() - 1
    for signed in (True, False):
        shift = 0 if signed else 8
        lo, hi = low + shift, high + shift
        for part in part_candidates(lo, hi, 5, signed=signed, built=30):
            codes = codes_of(part.aig, n, signed)
            assert ((lo <= codes) & (codes <= hi)).all(), part.kind


@given(INTERVALS)
@settings(max_examples=10)
def test_the_smallest_part_keeps_to_the_intervals(ends):
    low, high = ends[0] + 8, ends[1] + 8
    n = len(low).bit_length() - 1
    part = smallest_part(low, high, 5, signed=False, edits=1)
    codes = codes_of(part.aig, n)
    assert ((low <= codes) & (codes <= high)).all()


@given(INTERVALS, st.integers(0, 3), st.integers(0, 3))
def test_pieces_are_linear_and_inside(ends, segment_bits, guard):
    low, high = ends
    n = len(low).bit_length() - 1
    found = fit_pieces(low, high, min(segment_bits, n), guard)
    if found is None:
        return
    pieces, missing = found
    codes = (pieces.sums >> guard).ravel()
    assert missing == -1 and ((low <= codes) & (codes <= high)).all()
    for common in (True, False):
        builder = AigBuilder(n)
        word = pieces_word(builder, [builder.input(i) for i in range(n)], pieces, common=common)
        aig = builder.build([word.bit(i) for i in range(7)])
        assert (codes_of(aig, n, signed=True) == codes).all()


@given(
    st.integers(1, 5).flatmap(lambda n: st.lists(st.integers(-9, 9), min_size=2**n, max_size=2**n))
)
def test_tables_hold_their_values(values):
    values = np.array(values)
    n = len(values).bit_length() - 1
    builder = AigBuilder(n)
    word = table_of(builder, [builder.input(i) for i in range(n)], values)
    aig = builder.build([word.bit(i) for i in range(6)])
    assert (codes_of(aig, n, signed=True) == values).all()
    grid = make_grid(make_target("x", {"x": (0, 1)}), n)
    for order in (input_orders(grid)[0], list(range(n))[::-1]):
        assert (codes_of(table_circuit(values & 31, 5, order), n) == values & 31).all()


def test_folding_meets_the_intervals_of_both_halves():
    low = np.array([0, 2, 1, 0])
    met = folded(low, low + 1, None)
    assert met is not None and met[0].tolist() == [2, 0] and met[1].tolist() == [2, 1]
    odd = folded(np.array([0, 1, 2, 3]), np.array([0, 1, 2, 3]), 3)
    assert odd is not None and odd[0].tolist() == [2, 3]
    assert folded(np.arange(4), np.arange(4), None) is None
    assert coarsened(np.arange(4), np.arange(4) + 1, 1)[0].tolist() == [1, 3]


def test_editing_keeps_every_code_in_its_interval():
    x = np.arange(256)
    format = centred(0, 1, bits_for(1, 0.05), 0.05)
    low, high = format.intervals((x / 255) ** 2, 0.05)
    start = part_candidates(low, high, format.bits, signed=False)[0].aig
    small = edited(start, low, high, signed=False)
    codes = codes_of(small, 8)
    assert small.num_gates <= start.num_gates and ((low <= codes) & (codes <= high)).all()


def test_ctrl_c_while_editing_is_not_taken_for_the_end(monkeypatch):
    def cut(*args, **options):
        return SimpleNamespace(finished=False, interrupted=True, circuits=[], losses=[])

    monkeypatch.setattr("tetrakis.functions._editing.simplify", cut)
    with pytest.raises(KeyboardInterrupt):
        approximate("x*x", {"x": (0, 1)}, epsilon=0.1, input_bits=4)
