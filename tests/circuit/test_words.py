from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuit.circuit_oracles import decode, every_row
from tetrakis.circuit import (
    AigBuilder,
    Word,
    argmax_words,
    at_least_zero,
    compare_constant,
    greater,
    input_words,
    mux_word,
    relu_of_sum,
    simulate_rows,
    sum_range,
    sum_words,
    table_word,
)
from tetrakis.circuit._columns import column_cost, shape_of, signed_digits
from tetrakis.errors import CircuitError

formats = st.lists(st.tuples(st.integers(1, 4), st.booleans()), min_size=1, max_size=3)


def setup(specs: list[tuple[int, bool]]) -> tuple[AigBuilder, list[Word], np.ndarray, list]:
    builder = AigBuilder(sum(bits for bits, _ in specs))
    rows = every_row(builder.num_pis)
    values, first = [], 0
    for bits, signed in specs:
        values.append(decode(rows[:, first : first + bits], signed))
        first += bits
    return builder, input_words(builder, specs), rows, values


@given(formats, st.data())
def test_sums_are_integer_arithmetic(specs: list, data: st.DataObject) -> None:
    builder, words, rows, values = setup(specs)
    coefficients = [data.draw(st.integers(-20, 20)) for _ in specs]
    constant, drop = data.draw(st.integers(-40, 40)), data.draw(st.integers(0, 4))
    shift, bits = data.draw(st.integers(0, 3)), data.draw(st.sampled_from([1, 2, 3, 62]))
    terms = list(zip(coefficients, words, strict=True))
    want = sum((c * v for c, v in zip(coefficients, values, strict=True)), np.int64(constant))
    want = np.broadcast_to(want, len(rows))
    lo, hi = int(want.min()), int(want.max())
    assert sum_range(terms, constant) == (lo, hi)
    total = sum_words(builder, terms, constant, drop=drop)
    relu = relu_of_sum(builder, terms, constant, lo=lo, hi=hi, shift=shift, bits=bits)
    sign = at_least_zero(builder, terms, constant)
    got = simulate_rows(builder.build([sign, *total.bits, *relu.bits]), rows)
    n = 1 + len(total.bits)
    assert (got[:, 0] == (want >= 0)).all()
    assert (decode(got[:, 1:n], total.signed) == want >> drop).all()
    clipped = np.minimum(np.maximum(want, 0) >> shift, 2**bits - 1)
    assert (decode(got[:, n:], relu.signed) == clipped).all()
    assert total.range == (lo >> drop, hi >> drop)


@given(st.integers(-(10**9), 10**9))
def test_signed_digits_are_sparse(value: int) -> None:
    digits = signed_digits(value)
    assert sum((-1 if negative else 1) << p for p, negative in digits) == value
    positions = [p for p, _ in digits]
    assert all(b - a > 1 for a, b in itertools.pairwise(positions))


def test_column_cost_is_what_compression_makes() -> None:
    builder = AigBuilder(30)
    words = input_words(builder, [(6, False)] * 5)
    total = sum_words(builder, [(1, w) for w in words])
    shape, constant = shape_of(0, 5 * 63, 0, 5)
    assert column_cost([5] * 6, constant, shape) == builder.build(total.bits).num_gates


@pytest.mark.parametrize("signed", [False, True])
def test_comparators_are_minimal_and_right(signed: bool) -> None:
    for threshold in range(-40, 80):
        builder, (word,), rows, (value,) = setup([(6, signed)])
        aig = builder.build([compare_constant(builder, word, threshold)])
        assert (simulate_rows(aig, rows)[:, 0] == (value >= threshold)).all()
        code = threshold + 32 * signed
        inside = 0 < code < 64
        assert aig.num_gates == (5 - ((code & -code).bit_length() - 1) if inside else 0)


@given(formats.filter(lambda f: len(f) > 1), st.data())
def test_argmax_greater_mux(specs: list, data: st.DataObject) -> None:
    builder, words, rows, values = setup(specs)
    k = data.draw(st.integers(1, 5))
    chosen = [data.draw(st.integers(0, len(specs) - 1)) for _ in range(k)]
    index = argmax_words(builder, [words[i] for i in chosen])
    assert len(index) == (k - 1).bit_length()
    above = greater(builder, words[0], words[1])
    larger = mux_word(builder, above, words[0], words[1])
    got = simulate_rows(builder.build([above, *index, *larger.bits]), rows)
    scores = np.stack([values[i] for i in chosen], axis=1)
    assert (decode(got[:, 1 : 1 + len(index)], False) == scores.argmax(axis=1)).all()
    assert (got[:, 0] == (values[0] > values[1])).all()
    largest = np.maximum(values[0], values[1])
    assert (decode(got[:, 1 + len(index) :], larger.signed) == largest).all()


def test_argmax_ties_go_to_the_lower_index() -> None:
    builder, words, rows, _ = setup([(2, False)])
    aig = builder.build(argmax_words(builder, [words[0]] * 3))
    assert aig.num_gates == 0 and not simulate_rows(aig, rows).any()
    with pytest.raises(CircuitError):
        argmax_words(builder, [])


@given(st.integers(1, 5), st.booleans(), st.integers(0, 2**32))
def test_tables(bits: int, signed: bool, seed: int) -> None:
    builder, (word,), rows, (value,) = setup([(bits, signed)])
    rng = np.random.default_rng(seed)
    table = {int(x): int(rng.integers(-9, 9)) for x in np.unique(value)}
    made = table_word(builder, word, table)
    got = decode(simulate_rows(builder.build(made.bits), rows), made.signed)
    assert (got == np.vectorize(table.get)(value)).all()


def test_signed_word_without_bits_is_refused() -> None:
    with pytest.raises(CircuitError):
        Word((), True)
