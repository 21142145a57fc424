from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuit.circuit_oracles import aigs, evaluate, every_row
from tetrakis.circuit import (
    Aig,
    AigBuilder,
    all_patterns,
    pack_rows,
    simulate,
    simulate_nodes,
    simulate_rows,
    unpack,
)
from tetrakis.errors import CircuitError


@pytest.mark.parametrize("constant, gates", [(None, 7), (1, 3), (0, 3)])
def test_full_adder_size(constant: int | None, gates: int) -> None:
    builder = AigBuilder(3)
    a, b, c = (builder.input(i) for i in range(3))
    third = c if constant is None else constant
    aig = builder.build(builder.full_adder(a, b, third))
    assert aig.num_gates == gates
    rows = every_row(3)
    total = rows[:, 0].astype(int) + rows[:, 1] + (rows[:, 2] if constant is None else constant)
    got = simulate_rows(aig, rows)
    assert (got[:, 0] + 2 * got[:, 1].astype(int) == total).all()


@given(st.lists(st.booleans(), min_size=3, max_size=3), st.permutations(range(3)))
def test_full_adder_any_polarity(flips: list[bool], order: list[int]) -> None:
    builder = AigBuilder(3)
    a, b, c = (builder.input(i) ^ flips[i] for i in order)
    aig = builder.build([*builder.full_adder(a, b, c), builder.majority(a, b, c)])
    total = (
        (every_row(3) ^ np.array(flips)[None])[:, :].sum(axis=1)
        if order == [0, 1, 2]
        else (every_row(3)[:, order] ^ np.array(flips)[order]).sum(axis=1)
    )
    got = simulate_rows(aig, every_row(3)).astype(int)
    assert (got[:, 0] + 2 * got[:, 1] == total).all() and (got[:, 2] == got[:, 1]).all()


def test_builder_rules() -> None:
    builder = AigBuilder(2)
    a, b = builder.input(0), builder.input(1)
    both = builder.and_(a, b)
    assert builder.half_adder(a, b)[1] == both
    assert builder.and_(a, both) == both
    assert builder.and_(a, both ^ 1) == builder.and_(a, b ^ 1)
    assert builder.and_(both ^ 1, builder.and_(a, b ^ 1) ^ 1) == a ^ 1
    assert builder.and_(a ^ 1, both) == 0
    assert builder.and_(a ^ 1, both ^ 1) == a ^ 1
    assert builder.and_(b, a) == both
    assert builder.mux(a, b, b) == b


def test_rollback_restores_the_builder() -> None:
    builder = AigBuilder(3)
    a, b, c = (builder.input(i) for i in range(3))
    kept = builder.and_(a, b)
    mark = builder.mark()
    made = builder.xor(kept, c)
    assert builder.new_gates([made], mark) == 3
    builder.rollback(mark)
    assert builder.num_gates == 1 and builder.and_(a, b) == kept
    assert builder.xor(kept, c) == made


@given(aigs())
def test_simulation_agrees_with_the_oracle(aig: Aig) -> None:
    rows = every_row(aig.num_pis)
    want = np.array([evaluate(aig, list(row)) for row in rows]).reshape(len(rows), aig.num_pos)
    assert (simulate_rows(aig, rows) == want).all()
    packed = all_patterns(aig.num_pis)
    assert (unpack(simulate(aig, packed), len(rows)) == want).all()
    assert (simulate_nodes(aig, packed)[1 : aig.num_pis + 1] == packed).all()


@given(st.integers(0, 200), st.integers(0, 5), st.integers(0, 2**32))
def test_packing_round_trip(rows: int, columns: int, seed: int) -> None:
    bits = np.random.default_rng(seed).random((rows, columns)) < 0.5
    packed = pack_rows(bits)
    assert packed.shape == (columns, -(-rows // 64)) and packed.dtype == np.uint64
    assert (unpack(packed, rows) == bits).all()


def test_all_patterns_are_rows() -> None:
    assert (unpack(all_patterns(9), 512) == every_row(9)).all()
    part = all_patterns(9, start_word=3, num_words=2)
    assert (unpack(part, 128) == every_row(9)[192:320]).all()


def test_levels_and_equality() -> None:
    aig = Aig(2, np.array([[4, 2], [6, 3]]), np.array([8]))
    assert (aig.num_levels, aig.num_gates, aig.num_pos) == (2, 2, 1)
    assert aig == dataclasses.replace(aig) and hash(aig) == hash(dataclasses.replace(aig))
    assert aig != dataclasses.replace(aig, input_names=("a", "b"))
    with pytest.raises(ValueError):
        aig.fanins[0, 0] = 0


@pytest.mark.parametrize(
    "arguments",
    [
        (1, [[4, 2]], [2]),
        (1, [[2, 2]], [6]),
        (-1, [], []),
        (1, [[-2, 2]], []),
        (1, [], [2], ("a", "b")),
        (1, [], [2], ("a\nb",)),
    ],
)
def test_malformed_circuits_are_refused(arguments: tuple) -> None:
    with pytest.raises(CircuitError):
        Aig(*arguments)


def test_wrong_patterns_are_refused() -> None:
    aig = Aig(2, np.empty((0, 2)), np.array([2]))
    with pytest.raises(CircuitError, match="2 inputs"):
        simulate(aig, np.zeros((3, 1), np.uint64))
    with pytest.raises(CircuitError, match="2 bits"):
        simulate_rows(aig, np.zeros((4, 3), bool))
    with pytest.raises(CircuitError, match="no input 2"):
        AigBuilder(2).input(2)
