"""A circuit as a residual network."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tetrakis.circuit import Aig, AigBuilder, network_from_circuit, simulate_rows
from tetrakis.errors import CircuitError
from tetrakis.network import FixedPointFormat


def random_circuit(rng, num_pis, num_gates, num_pos):
    fanins = [
        sorted(rng.integers(0, 2 * (num_pis + 1 + g), 2), reverse=True) for g in range(num_gates)
    ]
    outputs = rng.integers(0, 2 * (num_pis + 1 + num_gates), num_pos)
    return Aig(num_pis, np.reshape(fanins, (-1, 2)), outputs)


@given(st.integers(0, 10**6), st.integers(0, 30), st.integers(1, 4))
def test_the_network_computes_what_the_circuit_does(seed, num_gates, num_pos):
    rng = np.random.default_rng(seed)
    widths = rng.integers(1, 5, rng.integers(1, 4))
    formats = tuple(FixedPointFormat(int(w), int(rng.integers(-6, 3))) for w in widths)
    aig = random_circuit(rng, int(widths.sum()), num_gates, num_pos)
    codes = np.stack([rng.integers(0, 1 << w, 50) for w in widths], axis=1)
    bits = np.concatenate([(codes[:, [j]] >> np.arange(w)) & 1 for j, w in enumerate(widths)], 1)
    out = simulate_rows(aig, bits.astype(bool))
    signs = network_from_circuit(aig, formats)
    assert (signs.evaluate_codes(codes) == 2 * out.astype(int) - 1).all()
    values = np.ldexp(codes.astype(float), [f.exponent for f in formats])
    assert (signs.to_resnet().evaluate(values) == 2.0 * out - 1).all()
    word = network_from_circuit(aig, formats, reading="words").evaluate_codes(codes)[:, 0]
    weights = 1 << np.arange(num_pos)
    weights[-1] *= -1
    assert (word == out @ weights).all()


def test_weights_grow_with_the_gates_alone():
    aig = random_circuit(np.random.default_rng(0), 8, 200, 3)
    net = network_from_circuit(aig)
    assert sum(b.read.nnz + b.write.nnz for b in net.blocks) <= 3 * aig.num_gates
    assert sum(b.width for b in net.blocks) == aig.num_gates
    assert len(net.blocks) == aig.levels.max()


def test_no_inputs_and_constants():
    net = network_from_circuit(Aig(0, np.zeros((0, 2)), [0, 1]))
    assert net.evaluate_codes(np.zeros((1, 0), int)).tolist() == [[-1, 1]]


def test_words_must_fit():
    aig = AigBuilder(3).build([2])
    with pytest.raises(CircuitError, match="unsigned words of 3 bits"):
        network_from_circuit(aig, [FixedPointFormat(2, 0)])
    with pytest.raises(CircuitError, match="unsigned"):
        network_from_circuit(aig, [FixedPointFormat(3, 0, True)])
