from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circuit.circuit_oracles import decode, every_row
from tetrakis.circuit import DecisionTree, simulate_rows, tree_ensemble_circuit
from tetrakis.errors import CircuitError

INPUTS = [(4, False), (3, True), (1, False), (3, False)]


def random_tree(rng: np.random.Generator, inner: int, outputs: int, low: int = -8) -> DecisionTree:
    left, right = [-1], [-1]
    for _ in range(inner):
        leaf = rng.choice([k for k, child in enumerate(left) if child < 0])
        left[leaf], right[leaf] = len(left), len(left) + 1
        left += [-1, -1]
        right += [-1, -1]
    n = len(left)
    value = rng.integers(low, 9, (n, outputs))
    return DecisionTree(rng.integers(0, 4, n), rng.integers(-3, 12, n), left, right, value)


@settings(max_examples=50)
@given(st.integers(0, 2**32), st.integers(1, 4), st.integers(1, 3), st.integers(0, 12))
def test_ensembles_are_exact(seed: int, count: int, outputs: int, inner: int) -> None:
    rng = np.random.default_rng(seed)
    trees = [random_tree(rng, inner, outputs) for _ in range(count)]
    offset = rng.integers(-9, 9, outputs)
    rows, codes, first = every_row(11), [], 0
    for bits, signed in INPUTS:
        codes.append(decode(rows[:, first : first + bits], signed))
        first += bits
    want = offset + sum(tree.evaluate(np.stack(codes, axis=1)) for tree in trees)
    aig = tree_ensemble_circuit(INPUTS, trees, offset=offset, decision="argmax")
    assert (decode(simulate_rows(aig, rows), False) == want.argmax(axis=1)).all()
    if outputs == 1:
        for decision in ("words", "sign"):
            aig = tree_ensemble_circuit(INPUTS, trees, offset=offset, decision=decision)
            got = decode(simulate_rows(aig, rows), decision == "words")
            assert (got == (want[:, 0] if decision == "words" else want[:, 0] >= 0)).all()


def test_class_leaves() -> None:
    rng = np.random.default_rng(0)
    tree = random_tree(rng, 9, 1, low=0)
    rows = every_row(11)
    codes = np.stack(
        [decode(rows[:, a:b], s) for a, b, s in [(0, 4, 0), (4, 7, 1), (7, 8, 0), (8, 11, 0)]], 1
    )
    got = simulate_rows(tree_ensemble_circuit(INPUTS, [tree], decision="index"), rows)
    assert (decode(got, False) == tree.evaluate(codes)[:, 0]).all()


@pytest.mark.parametrize(
    "left, right", [([1, -1], [1, -1]), ([1, -1], [5, -1]), ([1, -1, -1], [-1, -1, -1])]
)
def test_malformed_trees_are_refused(left: list[int], right: list[int]) -> None:
    n = len(left)
    with pytest.raises(CircuitError):
        DecisionTree(np.zeros(n), np.zeros(n), left, right, np.zeros(n))


def test_ensemble_errors() -> None:
    leaf = DecisionTree([0], [0], [-1], [-1], [[1, 2]])
    with pytest.raises(CircuitError, match="at least one tree"):
        tree_ensemble_circuit(INPUTS, [])
    with pytest.raises(CircuitError, match="exactly one output"):
        tree_ensemble_circuit(INPUTS, [leaf], decision="sign")
