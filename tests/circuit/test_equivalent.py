"""Verdicts on pairs of circuits: equal, different with a witness, unknown."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circuit.circuit_oracles import aigs, evaluate, every_row, random_logic, random_network
from tetrakis.circuit import (
    Aig,
    AigBuilder,
    compile_network,
    equivalent,
    optimise,
    simulate_rows,
)
from tetrakis.circuit import _equivalent as module
from tetrakis.errors import CircuitError
from tetrakis.network import FixedPointFormat

needs_sat = pytest.mark.skipif(find_spec("pysat") is None, reason="python-sat is not installed")


def changed(aig: Aig, rng: np.random.Generator) -> Aig:
    """Invert one fan-in of one gate."""
    fanins = np.array(aig.fanins)
    fanins[rng.integers(len(fanins)), rng.integers(2)] ^= 1
    return Aig(aig.num_pis, fanins, aig.outputs)


@settings(max_examples=60)
@given(aigs(), st.integers(0, 2**32), st.booleans())
def test_verdicts_are_right(aig: Aig, seed: int, exhaustive: bool) -> None:
    impl = optimise(aig)
    if seed % 2 and aig.num_gates:
        impl = changed(aig, np.random.default_rng(seed))
    rows = every_row(aig.num_pis)
    wrong = (simulate_rows(aig, rows) != simulate_rows(impl, rows)).any()
    limit = 24 if exhaustive or find_spec("pysat") is None else -1
    original, module.EXHAUSTIVE_INPUTS = module.EXHAUSTIVE_INPUTS, limit
    try:
        found = equivalent(aig, impl)
    finally:
        module.EXHAUSTIVE_INPUTS = original
    assert found.status == ("different" if wrong else "equal"), found
    if wrong:
        assert found.witness is not None
        row = list(found.witness)
        assert evaluate(aig, row) != evaluate(impl, row)


def test_twenty_four_inputs_are_exhaustive_and_find_a_needle() -> None:
    builder = AigBuilder(24)
    both = builder.build([builder.or_all(range(2, 50, 2)) ^ 1])
    never = Aig(24, np.zeros((0, 2)), np.array([0]))
    flipped = Aig(24, both.fanins, both.outputs)
    assert equivalent(both, flipped).status == "equal"
    found = equivalent(both, never)
    assert found.status == "different" and found.witness == (False,) * 24


def wide() -> tuple[Aig, Aig]:
    net = random_network(1, (FixedPointFormat(8, 0),) * 6, width=5, blocks=1, outputs=2)
    aig = compile_network(net, effort=0)
    return aig, optimise(aig)


@needs_sat
def test_optimised_network_of_many_inputs_is_proved() -> None:
    aig, small = wide()
    assert small.num_gates < aig.num_gates and aig.num_pis > 24
    found = equivalent(aig, small)
    assert found.status == "equal" and "SAT" in found.detail


@needs_sat
def test_sat_finds_what_simulation_misses() -> None:
    """Equal but for one pattern of 60 input bits that is no corner."""
    pattern = np.random.default_rng(3).integers(0, 2, 60)
    builder = AigBuilder(60)
    factors = [builder.input(k) ^ int(1 - b) for k, b in enumerate(pattern)]
    hit = builder.or_all(x ^ 1 for x in factors) ^ 1
    parity = builder.input(0)
    for k in range(1, 60):
        parity = builder.xor(parity, builder.input(k))
    found = equivalent(builder.build([parity]), builder.build([builder.xor(parity, hit)]))
    assert found.status == "different"
    assert found.witness == tuple(pattern.astype(bool).tolist())


def test_unknown_without_a_solver_or_time(monkeypatch: pytest.MonkeyPatch) -> None:
    aig, small = wide()
    monkeypatch.setattr(module, "is_available", lambda: False)
    found = equivalent(aig, small)
    assert found.status == "unknown" and r"tetrakis[sat]" in found.detail
    monkeypatch.undo()
    if find_spec("pysat") is not None:
        hard = compile_network(
            random_network(1, (FixedPointFormat(8, 0),) * 6, width=5, blocks=2, outputs=2),
            effort=0,
        )
        other = compile_network(
            random_network(1, (FixedPointFormat(8, 0),) * 6, width=5, blocks=2, outputs=2),
            effort=2,
        )
        found = equivalent(hard, other, time_limit=0.0)
        assert found.status == "unknown" and "time limit" in found.detail


def test_interfaces_must_agree() -> None:
    with pytest.raises(CircuitError, match="4 and 5 inputs"):
        equivalent(random_logic(0, 4, 9, 2), random_logic(0, 5, 9, 2))
    with pytest.raises(CircuitError, match="2 and 3 outputs"):
        equivalent(random_logic(0, 4, 9, 2), random_logic(0, 4, 9, 3))


def test_no_inputs() -> None:
    one, zero = (Aig(0, np.zeros((0, 2)), np.array([x])) for x in (1, 0))
    assert equivalent(one, one).status == "equal"
    assert equivalent(one, zero).witness == ()
