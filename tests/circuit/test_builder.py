"""The compiled builder makes the same gates in the same order as the plain one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circuit.builder_oracle import SlowBuilder
from tetrakis.circuit import AigBuilder
from tetrakis.circuit import _builder as module
from tetrakis.errors import CircuitError

N = 4
CALLS = {"and_": 2, "or_": 2, "xor": 2, "mux": 3, "half_adder": 2, "full_adder": 3, "majority": 3}
columns = st.lists(st.lists(st.integers(0, 99), max_size=6), min_size=1, max_size=5)
steps = st.one_of(
    st.tuples(st.sampled_from(sorted(CALLS)), st.lists(st.integers(0, 99), min_size=3, max_size=3)),
    st.tuples(st.just("or_all"), st.lists(st.integers(0, 99), max_size=6)),
    st.tuples(
        st.just("add_columns"),
        st.tuples(
            columns, st.integers(-40, 40), st.integers(0, 5), st.integers(0, 5), st.booleans()
        ),
    ),
    st.tuples(st.sampled_from(["mark", "rollback"]), st.just([])),
)


@settings(max_examples=300)
@given(st.lists(steps, max_size=25))
def test_same_literals_whatever_is_asked(asked: list) -> None:
    fast, slow = AigBuilder(N), SlowBuilder(N)
    pool, marks = list(range(2 * N + 2)), []
    for name, wanted in asked:
        if name == "mark":
            marks.append((fast.mark(), len(pool)))
            assert marks[-1][0] == slow.mark()
        elif name == "rollback" and marks:
            mark, size = marks.pop()
            assert fast.new_gates(pool, mark) == slow.new_gates(pool, mark)
            fast.rollback(mark)
            slow.rollback(mark)
            del pool[size:]
        elif name != "rollback":
            found = [_called(builder, name, wanted, pool) for builder in (fast, slow)]
            assert found[0] == found[1]
            pool += [x for x in found[0] if x not in pool]
    assert fast.num_gates == slow.num_gates
    assert [fast.level(x) for x in pool] == [slow.level(x) for x in pool]


def _called(builder: AigBuilder | SlowBuilder, name: str, wanted, pool: list[int]) -> list[int]:
    def literal(k: int) -> int:
        return pool[k % len(pool)] ^ (k // len(pool) & 1)

    if name == "add_columns":
        made, constant, low, high, exact = wanted
        bits = [[literal(k) for k in column] for column in made]
        return builder.add_columns(bits, constant, wanted=(low, high), exact=exact)
    chosen = [literal(k) for k in wanted]
    if name == "or_all":
        return [builder.or_all(chosen)]
    found = getattr(builder, name)(*chosen[: CALLS[name]])
    return list(found) if isinstance(found, tuple) else [found]


@pytest.mark.parametrize("n", [0, 1, 40])
def test_growing_changes_nothing(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the smallest state on, one gate and one sum of many bits at a time."""
    monkeypatch.setattr(module, "_LEAST", 1)
    fast, slow = AigBuilder(n), SlowBuilder(n)
    rng = np.random.default_rng(n)
    pool = list(range(2 * n + 2))
    for _ in range(60):
        a, b = (int(x) for x in rng.choice(pool, 2))
        assert fast.and_(a, b) == slow.and_(a, b)
        bits = [[int(x) for x in rng.choice(pool, 9)] for _ in range(4)]
        found = [x.add_columns(bits, 5, wanted=(0, 4), exact=False) for x in (fast, slow)]
        assert found[0] == found[1]
        pool += found[0]
    assert fast.num_gates == slow.num_gates


def test_replayed_circuits_keep_their_function_and_grow_the_state(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_LEAST", 1)
    builder = AigBuilder(3)
    a, b, c = (builder.input(i) for i in range(3))
    total, carry = builder.full_adder(a, b, c)
    aig = builder.build([total, carry ^ 1, 1, a])
    twice = AigBuilder(3)
    inputs = [twice.input(2), twice.input(0) ^ 1, twice.input(1)]
    slow = SlowBuilder(3)
    literals = [0, *inputs]
    for x, y in aig.fanins.tolist():
        literals.append(slow.and_(literals[x >> 1] ^ x & 1, literals[y >> 1] ^ y & 1))
    assert twice.replay(aig, inputs) == [literals[x >> 1] ^ x & 1 for x in aig.outputs.tolist()]
    assert twice.num_gates == slow.num_gates
    assert AigBuilder(0).replay(AigBuilder(0).build([1, 0]), []) == [1, 0]


def test_wide_sums_of_many_equal_bits() -> None:
    """Seventy columns, and a column of hundreds of bits with pairs among them."""
    fast, slow = AigBuilder(N), SlowBuilder(N)
    rng = np.random.default_rng(3)
    wide = [[int(x) for x in rng.integers(0, 2 * N + 2, 3)] for _ in range(70)]
    tall = [[int(x) for x in rng.integers(0, 2 * N + 2, 700)], [], []]
    for columns in (wide, tall):
        found = [
            x.add_columns(columns, 2**69 + 5, wanted=(0, 99), exact=False) for x in (fast, slow)
        ]
        assert found[0] == found[1]


def test_what_is_no_literal_is_refused() -> None:
    builder = AigBuilder(2)
    for bad in (6, -1, 2**40):
        for call in (
            lambda x: builder.and_(x, 2),
            lambda x: builder.half_adder(2, x),
            lambda x: builder.full_adder(2, 4, x),
            lambda x: builder.majority(x, 2, 4),
            lambda x: builder.mux(2, x, 4),
            lambda x: builder.or_all([2, 4, x]),
            lambda x: builder.add_columns([[2, x]], 0, wanted=(0, 1), exact=False),
            lambda x: builder.new_gates([x], builder.mark()),
            lambda x: builder.replay(AigBuilder(1).build([2]), [x]),
            builder.level,
        ):
            with pytest.raises(CircuitError, match="literals from 0 to 5"):
                call(bad)
    with pytest.raises(CircuitError, match="Expected 3 literals"):
        builder.replay(AigBuilder(3).build([2]), [2])
    assert builder.num_gates == 0


def test_a_later_mark_changes_nothing_after_an_earlier_one() -> None:
    builder = AigBuilder(2)
    first = builder.mark()
    builder.xor(2, 4)
    later = builder.mark()
    builder.rollback(first)
    builder.rollback(later)
    assert builder.num_gates == 0 and builder.mark() == first
