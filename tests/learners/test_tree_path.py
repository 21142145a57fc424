"""Small trees as candidates: read as other circuits are, scored on rows that chose nothing."""

import numpy as np
import pytest

from tetrakis.circuit import simulate_rows
from tetrakis.datasets import table_from_arrays
from tetrakis.learners import _search, problem_from_table, search
from tetrakis.learners._baselines import baseline_path
from tetrakis.learners._problem import r2
from tetrakis.learners._tree_path import SMALL_TREE, small_trees
from tetrakis.learners._views import Split, folds, guard_split

RNG = np.random.default_rng(0)
X = RNG.random((300, 4)).round(2)
VALUES = np.where(X[:, 0] > 0.4, X[:, 1], 2.0) + 0.1 * RNG.random(300)
TARGETS = {
    "two classes": np.where(X[:, 0] > 0.4, "b", "a"),
    "three classes": np.array(["a", "b", "c"])[(X[:, 0] > 0.4).astype(int) + (X[:, 1] > 0.7)],
    "values": VALUES,
}


def _problem(name):
    task = "regression" if name == "values" else "classification"
    return problem_from_table(table_from_arrays(X, TARGETS[name]), task)


def _score(candidate, problem, rows):
    encoding = candidate.encoding
    bits = simulate_rows(candidate.circuit, encoding.encode_bits(problem.table.take(rows)))
    guess = encoding.output.predictions(bits)
    if problem.task == "regression":
        return r2(problem.target[rows], guess)
    truth = np.array(problem.classes, object)[problem.target[rows]]
    return np.mean(guess.astype(str) == truth.astype(str))


@pytest.mark.parametrize(
    ("name", "guarded"),
    [("two classes", True), ("three classes", True), ("values", False), ("values", True)],
)
def test_circuits_score_what_they_say(name, guarded):
    problem = _problem(name)
    guard = guard_split(problem, 0.2, 1) if guarded else None
    splits = [guard] if guarded else folds(problem, 3, 0)
    found = small_trees(problem, guard, splits, ("tree", "boosted"), None, 0)
    assert "tree" in {c.start for c in found} <= {"tree", "boosted"}
    rows = guard.train if guarded else np.arange(300)
    for c in found:
        assert c.num_gates <= SMALL_TREE
        assert c.train_score == pytest.approx(_score(c, problem, rows), abs=1e-12)
        assert c.held_out_of == ("circuit" if guarded else "settings")
        if guarded:
            assert c.held_out_score == pytest.approx(_score(c, problem, guard.held), abs=1e-12)
    assert max(c.held_out_score for c in found) > (0.8 if name == "values" else 0.9)


def test_only_kinds_that_were_asked_for():
    problem = _problem("two classes")
    splits = folds(problem, 3, 0)
    assert not small_trees(problem, None, splits, ("resnet", "fringe"), None, 0)
    assert {c.start for c in small_trees(problem, None, splits, ("tree",), None, 0)} == {"tree"}


def test_choosing_on_other_rows_does_not_flatter():
    flattered, honest = [], []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        codes, y = rng.integers(0, 16, (90, 5)), rng.integers(0, 2, 90)
        problem = problem_from_table(table_from_arrays(codes, y), "classification")
        pairs = [[(s.train, s.held) for s in folds(problem, 3, k)] for k in (0, 1)]
        rows = {"train_rows": np.arange(90), "max_gates": 32, "seed": 0}
        task = "classification"
        first = baseline_path(codes, [4] * 5, y, task, folds=pairs[0], **rows)
        other = baseline_path(codes, [4] * 5, y, task, folds=pairs[0], choose_on=pairs[1], **rows)
        flattered.append(max(c.held_out_score for c in first))
        honest.append(np.mean([c.held_out_score for c in other]))
    assert np.mean(flattered) > 0.55
    assert abs(np.mean(honest) - 0.5) < 0.03


def test_a_search_offers_them_beside_the_rest(monkeypatch):
    monkeypatch.setattr(_search, "simplified", lambda *args, **rest: ())
    rng = np.random.default_rng(3)
    bits = rng.integers(0, 2, (160, 6))
    y = (bits[:, 0] & bits[:, 1]) ^ (rng.random(160) < 0.1)
    problem = problem_from_table(table_from_arrays(bits.astype(float), y), "classification")
    found = search(problem, starts=("tree", "fringe"), effort=0.25, jobs=1)
    best = max(found.path, key=lambda c: c.held_out_score)
    read = best.encoding.output.integers(
        simulate_rows(best.circuit, best.encoding.encode_bits(bits.astype(float)))
    )
    assert best.num_gates == 1
    assert read.tolist() == (bits[:, 0] & bits[:, 1]).tolist()


def test_guards_rows_choose_nothing():
    """Other labels for the guard's rows: the same circuits, with other scores."""
    y = TARGETS["two classes"]
    split = Split(np.arange(240), np.arange(240, 300))
    paths = []
    for labels in (y, np.concatenate([y[:240], np.roll(y[240:], 7)])):
        problem = problem_from_table(table_from_arrays(X, labels), "classification")
        paths.append(small_trees(problem, split, [split], ("tree", "boosted"), None, 0))
    assert [c.circuit.outputs.tolist() for c in paths[0]] == [
        c.circuit.outputs.tolist() for c in paths[1]
    ]
    assert [c.held_out_score for c in paths[0]] != [c.held_out_score for c in paths[1]]
