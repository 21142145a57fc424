from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circuit.circuit_oracles import codes_of, decode, encode, every_row, random_network, sparse
from tetrakis.circuit import compile_network, output_words, simulate_rows
from tetrakis.errors import CircuitError
from tetrakis.network import FixedPointBlock, FixedPointFormat, FixedPointResNet

small = st.lists(st.tuples(st.integers(1, 3), st.booleans()), min_size=1, max_size=4)


def check(net: FixedPointResNet, rows: np.ndarray, effort: int = 1) -> None:
    codes = codes_of(rows, net.inputs)
    want = np.asarray(net.evaluate_codes(codes))
    words = compile_network(net, effort=effort)
    got, first = simulate_rows(words, rows), 0
    for k, width in enumerate(output_words(net)):
        assert (decode(got[:, first : first + width], True) == want[:, k]).all()
        first += width
    assert first == words.num_pos
    index = simulate_rows(compile_network(net, decision="argmax", effort=effort), rows)
    assert (decode(index, False) == want.argmax(axis=1)).all()
    if want.shape[1] == 1:
        sign = simulate_rows(compile_network(net, decision="sign", effort=effort), rows)
        assert (sign[:, 0] == (want[:, 0] >= 0)).all()


@settings(max_examples=80)
@given(small, st.integers(0, 2**32), st.integers(0, 3), st.integers(1, 4), st.integers(0, 2))
def test_compiled_equals_the_network_on_every_input(
    specs: list, seed: int, blocks: int, outputs: int, effort: int
) -> None:
    inputs = tuple(FixedPointFormat(bits, 0, signed) for bits, signed in specs)
    net = random_network(seed, inputs, width=4, blocks=blocks, outputs=outputs)
    check(net, every_row(sum(bits for bits, _ in specs)), effort)


@pytest.mark.parametrize(
    "bits, signed, n", [(8, True, 12), (5, False, 20), (1, False, 60), (1, True, 40)]
)
def test_compiled_equals_the_network_on_large_inputs(bits: int, signed: bool, n: int) -> None:
    inputs = (FixedPointFormat(bits, 0, signed),) * n
    net = random_network(3, inputs, width=8, blocks=2, outputs=3, density=0.3, largest=9)
    rng = np.random.default_rng(0)
    lo, hi = inputs[0].lo, inputs[0].hi
    corners = rng.choice([lo, hi], (400, n))
    codes = np.concatenate([rng.integers(lo, hi + 1, (400, n)), corners])
    check(net, encode(codes, inputs))


@pytest.mark.parametrize("bits, n", [(1, 24), (4, 8)])
def test_more_effort_is_never_larger_and_sharing_pays(bits: int, n: int) -> None:
    inputs = (FixedPointFormat(bits, 0),) * n
    net = random_network(5, inputs, width=8, blocks=1, outputs=2, density=0.8, largest=9)
    aigs = [compile_network(net, effort=effort) for effort in range(4)]
    sizes = [aig.num_gates for aig in aigs]
    assert sizes == sorted(sizes, reverse=True) and sizes[1] < sizes[0]
    rows = np.random.default_rng(0).random((2000, bits * n)) < 0.5
    want = simulate_rows(aigs[0], rows)
    assert all((simulate_rows(aig, rows) == want).all() for aig in aigs)


def thresholds(n: int, levels: list[int], signs: list[int]) -> FixedPointResNet:
    """Sum of sign * [popcount >= level]."""
    width = len(levels)
    return FixedPointResNet(
        inputs=(FixedPointFormat(1, 0),) * n,
        read_in=sparse(np.eye(n + 1, n)),
        blocks=(
            FixedPointBlock(
                read=sparse(np.hstack([np.ones((width, n)), np.zeros((width, 1))])),
                bias=1 - np.array(levels),
                shift=np.zeros(width, np.int64),
                bits=np.ones(width, np.int64),
                write=sparse(np.vstack([np.zeros((n, width)), np.array([signs])])),
                exponent=np.zeros(width, np.int64),
            ),
        ),
        read_out=sparse([[0] * n + [1]]),
        offset=np.array([-1]),
        stream_exponent=np.zeros(n + 1, np.int64),
        output_exponent=np.zeros(1, np.int64),
    )


def test_a_symmetric_function_builds_its_popcount_once() -> None:
    net = thresholds(16, [3, 5, 8, 11, 14], [1, -1, 1, -1, 1])
    aig = compile_network(net, decision="sign")
    check(net, every_row(16))
    assert aig.num_gates < 125  # the popcount alone takes 89, five of them 445


def test_a_function_of_one_short_word_is_a_table() -> None:
    net = thresholds(16, [3, 4, 6, 7, 9, 11, 12, 14], [-3, 7, -9, 5, -6, 12, -11, 9])
    block = replace(net.blocks[0], bits=np.full(8, 62), shift=np.array([0, 0, 1, 0, 0, 1, 0, 0]))
    net = replace(net, blocks=(block,))
    for effort in range(3):
        check(net, every_row(16), effort)
    assert compile_network(net, decision="sign").num_gates < 105  # its popcount takes 89


def test_one_threshold_is_a_minimal_comparator() -> None:
    net = thresholds(1, [1], [1])
    read = FixedPointBlock(
        read=sparse([[3, 0]]),
        bias=np.array([-100]),
        shift=np.array([0]),
        bits=np.array([1]),
        write=sparse([[0], [1]]),
        exponent=np.array([0]),
    )
    net = FixedPointResNet(
        (FixedPointFormat(7, 0),),
        net.read_in,
        (read,),
        net.read_out,
        net.offset,
        net.stream_exponent,
        net.output_exponent,
    )
    aig = compile_network(net, decision="sign")  # 3 x - 100 >= 1  iff  x >= 34
    assert aig.num_gates == 5
    check(net, every_row(7))


def test_constant_and_dead_parts_cost_nothing() -> None:
    net = thresholds(4, [9, 0], [1, 1])
    aig = compile_network(net, decision="sign")
    assert aig.num_gates == 0 and aig.outputs.tolist() == [1]


def test_errors_name_the_remedy() -> None:
    net = random_network(0, (FixedPointFormat(2, 0),) * 2, width=2, blocks=1, outputs=2)
    with pytest.raises(CircuitError, match="argmax"):
        compile_network(net, decision="sign")
    with pytest.raises(CircuitError, match="Unknown decision"):
        compile_network(net, decision="median")  # type: ignore[arg-type]
    odd = SimpleNamespace(
        inputs=net.inputs,
        read_in=net.read_in,
        blocks=(object(),),
        read_out=net.read_out,
        offset=net.offset,
    )
    with pytest.raises(CircuitError, match="Block 0 is a object"):
        compile_network(odd)


def test_argmax_compares_values_whatever_the_outputs_are_worth() -> None:
    net = random_network(3, (FixedPointFormat(3, 0, True),) * 2, width=4, blocks=1, outputs=3)
    uneven = replace(net, output_exponent=net.output_exponent + np.array([0, 2, -1]))
    rows = every_row(6)
    codes = codes_of(rows, net.inputs)
    values = np.ldexp(np.asarray(uneven.evaluate_codes(codes), float), uneven.output_exponent)
    index = decode(simulate_rows(compile_network(uneven, decision="argmax"), rows), False)
    assert (index == values.argmax(axis=1)).all()
    assert (index != np.asarray(net.evaluate_codes(codes)).argmax(axis=1)).any()
