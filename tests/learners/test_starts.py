"""Starts of simplification: each circuit computes its model, whatever the rows."""

import numpy as np
import pytest

from tetrakis.circuit import simulate_rows
from tetrakis.learners._starts import Recipe, recipes

BITS = (3, 1, 2)


def rows_of(codes):
    parts = [(codes[:, [j]] >> np.arange(b)) & 1 for j, b in enumerate(BITS)]
    return np.concatenate(parts, axis=1).astype(bool)


def data(task, n_classes, rng, n=300):
    codes = np.stack([rng.integers(0, 1 << b, n) for b in BITS], axis=1)
    hidden = codes[:, 0] * (1 - codes[:, 1]) + codes[:, 2]
    if task == "regression":
        return codes, hidden + 0.1 * rng.normal(size=n)
    return codes, np.minimum(hidden * n_classes // 8, n_classes - 1)


@pytest.mark.parametrize("kind", ["tree", "boosted", "fringe"])
@pytest.mark.parametrize(
    ("task", "n_classes"), [("classification", 2), ("classification", 3), ("regression", 0)]
)
def test_the_circuit_computes_the_model(kind, task, n_classes):
    rng = np.random.default_rng(0)
    codes, y = data(task, n_classes, rng)
    recipe = Recipe(kind, rounds=5)
    rows = np.arange(200)
    if n_classes == 3:
        rows = rows[y[:200] < 2]  # a fold that lacks a class
    start = recipe.grow(codes, BITS, y, task, rows, n_classes=n_classes, seed=1)
    model, _ = recipe.fit(codes, BITS, y, task, rows, n_classes=n_classes, seed=1)
    assert start.kind == kind and start.circuit.num_pis == sum(BITS)
    out = simulate_rows(start.circuit, rows_of(codes))
    if task == "regression":
        weights = 1 << np.arange(out.shape[1])
        weights[-1] *= -1
        guess = start.offset + start.scale * (out @ weights)
        assert np.corrcoef(guess, y)[0, 1] > 0.9
    else:
        assert out.shape[1] == (max(2, n_classes) - 1).bit_length()
        guess = out @ (1 << np.arange(out.shape[1]))
        assert np.mean(guess[rows] == y[rows]) > 0.9
    assert np.allclose(guess, model.predict(codes))
    again = recipe.grow(codes, BITS, y, task, rows, n_classes=n_classes, seed=1)
    assert again.circuit == start.circuit


def test_fringe_features_find_what_splits_hide():
    rng = np.random.default_rng(1)
    codes = rng.integers(0, 2, (2000, 12))
    a, b, c, d = (codes[:, k] for k in range(4))
    y = (a & b) ^ (c & d)
    bits = (1,) * 12
    sizes = {}
    for kind in ("tree", "fringe"):
        start = Recipe(kind).grow(
            codes, bits, y, "classification", np.arange(2000), n_classes=2, seed=0
        )
        sizes[kind] = start.circuit.num_gates
    assert sizes["fringe"] <= min(sizes["tree"], 12)


def test_recipes_are_hashable_and_of_the_kinds_asked_for():
    found = recipes("classification", 1000, 2, BITS, kinds=("tree", "fringe"))
    assert {r.kind for r in found} == {"tree", "fringe"}
    assert len(set(found)) == len(found)
