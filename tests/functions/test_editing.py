"""Editing in the sup norm: starts that are wrong somewhere, and what comes of them."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tetrakis.circuit import Aig, AigBuilder
from tetrakis.functions import approximate
from tetrakis.functions._candidate import Candidate, Problem
from tetrakis.functions._editing import editable, edited, shaken
from tetrakis.functions._format import OutputFormat
from tetrakis.functions._segments import table_of
from tetrakis.functions._target import make_grid, make_target
from tetrakis.functions._trained import network_candidates


def table(codes: np.ndarray) -> Aig:
    """An unsigned word for every input, the slow obvious way."""
    n = len(codes).bit_length() - 1
    builder = AigBuilder(n)
    word = table_of(builder, [builder.input(i) for i in range(n)], codes)
    return builder.build([word.bit(i) for i in range(5)])


def codes_of(aig: Aig) -> np.ndarray:
    """Evaluate gate by gate on every input."""
    rows = np.arange(1 << aig.num_pis)
    values = [np.zeros(len(rows), bool), *(((rows >> i) & 1) == 1 for i in range(aig.num_pis))]
    for a, b in aig.fanins.tolist():
        values.append((values[a >> 1] ^ bool(a & 1)) & (values[b >> 1] ^ bool(b & 1)))
    bits = [values[x >> 1] ^ bool(x & 1) for x in aig.outputs.tolist()]
    return np.array(sum(bit.astype(int) << i for i, bit in enumerate(bits)))


@settings(max_examples=15)
@given(st.lists(st.integers(0, 31), min_size=64, max_size=64), st.data())
def test_wrong_inputs_are_set_right(wanted, data):
    wanted = np.array(wanted)
    start = wanted.copy()
    for row in data.draw(st.lists(st.integers(0, 63), max_size=6)):
        start[row] = data.draw(st.integers(0, 31))
    low, high = np.maximum(wanted - 1, 0), np.minimum(wanted + 1, 31)
    made = edited(table(start), low, high, signed=False, seconds=2.0)
    codes = codes_of(made)
    assert ((low <= codes) & (codes <= high)).all()


def test_a_start_that_is_wrong_nearly_everywhere_is_given_up():
    rng = np.random.default_rng(0)
    wanted = rng.integers(0, 32, 1 << 10)
    assert edited(table(np.zeros(1 << 10, int)), wanted, wanted, signed=False, seconds=0.5) is None


def test_intervals_without_a_code_are_given_up():
    low = np.full(16, 3)
    assert edited(table(np.zeros(16, int)), low, low - (np.arange(16) == 7), signed=False) is None


def test_a_planted_function_is_found_below_its_noise():
    x = np.arange(256)
    wanted = (x >> 4) + (x & 15)
    noisy = wanted ^ (np.random.default_rng(1).random(256) < 0.03)
    made = edited(table(noisy), wanted, wanted, signed=False)
    assert (codes_of(made) == wanted).all()
    assert made.num_gates <= table(wanted).num_gates


def test_shaking_never_makes_it_larger_or_wrong():
    x = np.arange(256)
    wanted = x * x // 2048
    low, high = wanted, np.minimum(wanted + 1, 31)
    start = table(wanted)
    small = edited(start, low, high, signed=False)
    made = shaken(small, low, high, signed=False, seed=0, seconds=5.0)
    codes = codes_of(made)
    assert made.num_gates <= small.num_gates and ((low <= codes) & (codes <= high)).all()


def test_wires_alone_are_a_start_and_may_win():
    x = np.arange(32)
    builder = AigBuilder(5)
    wires = builder.build([builder.input(i) for i in range(5)])
    assert edited(wires, x, x, signed=False) == wires
    one_off = x ^ (x == 9)
    assert (codes_of(edited(wires, one_off, one_off, signed=False)) == one_off).all()
    far = np.random.default_rng(0).integers(0, 32, 1 << 10)
    blank = Aig(10, np.zeros((0, 2), np.int32), np.zeros(5, np.int32))
    assert edited(blank, far, far, signed=False) is None


def test_ctrl_c_while_wrong_inputs_are_set_right_is_passed_on(monkeypatch):
    def cut(*args, **options):
        return SimpleNamespace(finished=False, interrupted=True, circuits=(), losses=())

    monkeypatch.setattr("tetrakis.functions._editing.simplify", cut)
    with pytest.raises(KeyboardInterrupt):
        edited(table(np.zeros(16, int)), np.ones(16, int), np.ones(16, int), signed=False)


def test_what_can_be_edited_fits_into_memory():
    assert editable(16, 20_000) and editable(20, 3_000)
    assert not editable(21, 1) and not editable(20, 5_000)


def distance_problem(input_bits: int, epsilon: float) -> Problem:
    target = make_target(
        lambda p: np.abs(p[:, 0] - p[:, 1]) + 0.5 * p[:, 2], dict.fromkeys("xyz", (0.0, 1.0))
    )
    grid = make_grid(target, input_bits)
    values = target.values(grid.points(np.arange(grid.rows)))
    ends = float(values.min()), float(values.max())
    return Problem(target, grid, epsilon, ends, values, 0)


def test_the_offset_is_moved_to_the_middle_of_the_errors():
    problem = distance_problem(3, 0.1)
    blank = Aig(9, np.zeros((0, 2), np.int32), np.zeros(1, np.int32))
    lo, hi = problem.ends
    moved, wrong = problem.centred(Candidate(blank, OutputFormat(1, 1.0, 17.0), "constant"))
    share = np.mean(np.abs(problem.values - moved.format.offset) > 0.1)
    assert lo <= moved.format.offset <= hi and wrong == pytest.approx(share)


def test_networks_are_candidates_that_editing_sets_right():
    problem = distance_problem(4, 0.15)
    found = network_candidates(problem, seconds=5.0)
    assert {c.construction for c in found} == {"trained network"}
    ranked = sorted(found, key=lambda c: problem.centred(c)[1])
    start, wrong = problem.centred(ranked[0])
    assert wrong < 0.05
    made = problem.edited(start, seconds=30.0)
    errors = made.format.values(codes_signed(made.aig)) - problem.values
    assert np.abs(errors).max() <= 0.15


def codes_signed(aig: Aig) -> np.ndarray:
    codes = codes_of(aig)
    return np.where(codes >> (aig.num_pos - 1) & 1, codes - (1 << aig.num_pos), codes)


def test_a_callable_of_five_variables_has_a_circuit():
    def soft(points):
        return np.maximum(points[:, :3].sum(axis=1) - points[:, 3:].sum(axis=1), 0.0)

    box = {f"x{i}": (0.0, 1.0) for i in range(5)}
    found = approximate(soft, box, epsilon=0.3, input_bits=3, seconds=5, constructions=["network"])
    assert found.construction == "trained network" and found.error <= 0.3
    assert found.verification.rows == 1 << 15


def test_a_limit_counts_nodes_and_not_time(monkeypatch):
    """The same edits whatever the clock says, and fewer where fewer nodes may be scored."""
    wanted = np.arange(256) ** 2 >> 11
    start, low, high = table(wanted), wanted - 1, wanted + 1
    whole = edited(start, low, high, signed=False)
    monkeypatch.setattr("time.monotonic", iter(range(0, 10**9, 10**6)).__next__)
    assert edited(start, low, high, signed=False, seconds=1e3) == whole
    assert edited(start, low, high, signed=False, seconds=1e-3).num_gates > whole.num_gates
