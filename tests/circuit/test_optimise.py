from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from circuit.circuit_oracles import aigs, every_row, random_logic, random_network
from tetrakis.circuit import Aig, AigBuilder, compile_network, optimise, simulate, simulate_rows
from tetrakis.circuit._structures import MAX_NODES, VARIABLES, structures
from tetrakis.network import FixedPointFormat


@settings(max_examples=150)
@given(aigs(max_pis=7, max_gates=120))
def test_never_larger_and_equal_on_every_input(aig: Aig) -> None:
    small = optimise(aig)
    rows = every_row(aig.num_pis)
    assert small.num_gates <= aig.num_gates
    assert (simulate_rows(small, rows) == simulate_rows(aig, rows)).all()
    assert (small.input_names, small.output_names) == (aig.input_names, aig.output_names)


@pytest.mark.parametrize("seed", range(5))
def test_larger_random_logic(seed: int) -> None:
    aig = random_logic(seed, 12, 2000, 20)
    small = optimise(aig)
    rows = every_row(12)
    assert small.num_gates < aig.num_gates
    assert (simulate_rows(small, rows) == simulate_rows(aig, rows)).all()


def test_compiled_network() -> None:
    net = random_network(1, (FixedPointFormat(6, 0),) * 8, width=6, blocks=2, outputs=2)
    aig = compile_network(net)
    small = optimise(aig)
    words = np.random.default_rng(0).integers(0, 2**63, (aig.num_pis, 200)).astype(np.uint64)
    assert small.num_gates <= aig.num_gates
    assert (simulate(small, words) == simulate(aig, words)).all()


def test_it_finds_a_multiplexer() -> None:
    builder = AigBuilder(3)
    s, a, b = (builder.input(i) for i in range(3))
    wasteful = builder.or_(
        builder.and_(builder.and_(s, a), b),
        builder.or_(
            builder.and_(builder.and_(s, a), b ^ 1),
            builder.or_(
                builder.and_(builder.and_(s ^ 1, b), a), builder.and_(builder.and_(b, s ^ 1), a ^ 1)
            ),
        ),
    )
    assert optimise(builder.build([wasteful])).num_gates == 3


def test_structures_compute_their_functions() -> None:
    library = structures()
    functions = np.flatnonzero(library.size < 127)
    assert library.size.max() == 127 and library.size[functions].max() <= MAX_NODES
    for table in functions[::97].tolist():
        values = VARIABLES.tolist()
        for a, b in library.nodes[table, : library.size[table]].tolist():
            pair = [values[x >> 1] ^ (65535 * (x & 1)) for x in (a, b)]
            values.append(pair[0] & pair[1])
        out = int(library.output[table])
        got = values[out >> 1] ^ (65535 * (out & 1)) if out >= 0 else 65535 * (-1 - out)
        assert got == table
