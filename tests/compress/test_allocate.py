"""Allocated precision: certified, counted as told, and smaller than what it started from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import strategies
from tetrakis.circuit import compile_network
from tetrakis.compress import allocate, quantise
from tetrakis.compress._precision import Precision
from tetrakis.compress._spread import Spread
from tetrakis.errors import BudgetError, NetworkError
from tetrakis.measures import error_certificate
from tetrakis.network import FixedPointFormat, FixedPointResNet, ResNet, dense


def gates(fixed: FixedPointResNet) -> int:
    return compile_network(fixed, effort=0).num_gates


def network(seed: int = 0, outputs: int = 1) -> tuple[ResNet, tuple[FixedPointFormat, ...]]:
    rng = np.random.default_rng(seed)
    net = dense([4, 5, outputs], box=[[0.0, 15 / 16]] * 4, rng=rng)
    return net, (FixedPointFormat(4, -4),) * 4


@settings(max_examples=6, phases=[Phase.generate])
@given(strategies.resnets(max_inputs=2, max_width=2, caps=False), st.integers(0, 3))
def test_within_the_tolerance_on_every_code(net: ResNet, fineness: int) -> None:
    """Short binary inputs: the box is what the codes reach."""
    formats = tuple(FixedPointFormat(5, -2, signed=True) for _ in range(net.n_inputs))
    tolerance = 2.0**-fineness
    found = allocate(
        net,
        input_formats=formats,
        tolerance=tolerance,
        gates=lambda fixed: sum(b.read.nnz for b in fixed.blocks),
        sweeps=1,
        continuous=False,
    )
    assert found.certificate == error_certificate(net, found.fixed, continuous=False)
    assert found.certificate.value <= tolerance
    lo, hi = np.ceil(net.box[:, 0] * 4), np.floor(net.box[:, 1] * 4)
    codes = np.random.default_rng(0).integers(lo, hi + 1, (200, net.n_inputs))
    error = np.abs(found.fixed.evaluate(codes) - net.evaluate(codes / 4)).max()
    assert error <= found.certificate.value


@pytest.mark.parametrize("outputs", [1, 3])
def test_search_by_actual_counts_beats_the_model_and_delta(outputs: int) -> None:
    net, formats = network(outputs=outputs)
    tolerance = 0.25
    found = allocate(
        net, input_formats=formats, tolerance=tolerance, gates=gates, sweeps=1, continuous=False
    )
    plain, _ = quantise(net, input_formats=formats, tolerance=tolerance, continuous=False)
    assert found.gates == gates(found.fixed)
    assert found.gates <= found.start_gates <= gates(plain)
    assert found.gates < 0.9 * gates(plain)
    assert found.complete


def test_prices_are_what_taking_away_changes() -> None:
    net, formats = network()
    found = allocate(
        net, input_formats=formats, tolerance=0.25, gates=gates, sweeps=0, continuous=False
    )
    assert found.gates == found.start_gates
    kinds = {price.kind for price in found.prices}
    assert kinds == {"weight", "activation"}
    ratios = [p.gates / max(p.error, 1e-300) for p in found.prices]
    assert ratios == sorted(ratios, reverse=True)
    assert {p.where.split("[")[0] for p in found.prices if p.kind == "weight"} >= {
        "read_in",
        "block 0 read",
    }
    best = max(found.prices, key=lambda p: p.gates)
    assert best.gates > 0


def test_a_condition_of_ones_own_is_kept() -> None:
    net, formats = network()
    codes = np.random.default_rng(0).integers(0, 16, (300, 4))
    want = net.evaluate(codes / 16)

    def accurate(fixed: FixedPointResNet) -> bool:
        return bool(np.abs(fixed.evaluate(codes) - want).mean() < 0.02)

    options = {"input_formats": formats, "gates": gates, "sweeps": 1, "continuous": False}
    found = allocate(net, tolerance=0.4, accept=accurate, **options)
    free = allocate(net, tolerance=0.4, **options)
    assert accurate(found.fixed) and not accurate(free.fixed)
    assert found.gates > free.gates
    with pytest.raises(BudgetError, match="nothing within it was accepted"):
        allocate(net, tolerance=0.4, accept=lambda fixed: False, **options)


def test_limits() -> None:
    net, formats = network()
    with pytest.raises(BudgetError, match="can't be certified"):
        allocate(net, input_formats=formats, tolerance=1e-3, gates=gates)  # inputs are rounded
    with pytest.raises(BudgetError, match="positive"):
        allocate(net, input_formats=formats, tolerance=0.0, gates=gates)
    with pytest.raises(NetworkError, match="expected 4"):
        allocate(net, input_formats=formats[:2], tolerance=1.0, gates=gates)
    hurried = allocate(net, input_formats=formats, tolerance=1.0, gates=gates, time_limit=1e-9)
    assert not hurried.complete and hurried.certificate.value <= 1.0


def test_biases_undo_what_rounding_shifts() -> None:
    """The same digits and bits, with biases as they are and centred."""
    net, formats = network(outputs=2)
    precision = Precision(net, formats, 1.0, False)
    state = next(iter(Spread(precision, 1.0).starts(1.0)))[0]
    centred = precision.build(state)
    made = [m.rounded(d) for m, d in zip(precision.matrices, state.digits, strict=True)]
    none = [np.zeros(b.width) for b in net.blocks]
    plain = precision.built(made, state, (*none, np.zeros(net.n_outputs)))
    for a, b in zip(centred.to_resnet().blocks, plain.to_resnet().blocks, strict=True):
        assert (a.read != b.read).nnz == (a.write != b.write).nnz == 0
    assert (precision.errors(centred) < 0.8 * precision.errors(plain)).all()


def test_outputs_with_room_get_cheaper_weights() -> None:
    """The second output's weights matter a hundred times less: prices fall apart."""
    net, formats = network(outputs=2)
    scale = np.array([1.0, 0.01])
    read_out = net.read_out.toarray() * scale[:, None]
    uneven = ResNet(net.read_in, net.blocks, read_out, net.offset * scale, net.box)
    precision = Precision(uneven, formats, 0.1, False)
    *_, last = Spread(precision, 1.0).starts(0.1)
    first = next(iter(Spread(precision, 1.0).starts(0.1)))
    assert gates(last[1]) <= gates(first[1])
    assert last[2].max() <= 0.1
