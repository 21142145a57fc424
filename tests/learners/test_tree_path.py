"""Small trees as candidates: read as other circuits are, scored on rows that chose nothing."""

import numpy as np
import pytest

from tetrakis.circuit import simulate_rows
from tetrakis.datasets import read_table, table_from_arrays
from tetrakis.learners import _baselines, _search, problem_from_table, search
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
        assert c.held_out_of == ("circuit" if guarded else "twins")
        if guarded:
            assert c.held_out_score == pytest.approx(_score(c, problem, guard.held), abs=1e-12)
    assert max(c.held_out_score for c in found) > (0.8 if name == "values" else 0.9)


def test_only_kinds_that_were_asked_for():
    problem = _problem("two classes")
    splits = folds(problem, 3, 0)
    assert not small_trees(problem, None, splits, ("resnet", "fringe"), None, 0)
    assert {c.start for c in small_trees(problem, None, splits, ("tree",), None, 0)} == {"tree"}


def test_choosing_on_other_rows_flatters_less():
    """Labels are noise, so that .5 is the truth; the best of what is offered, both ways."""
    same, other = [], []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        codes, y = rng.integers(0, 16, (90, 5)), rng.permutation(90) % 2
        problem = problem_from_table(table_from_arrays(codes, y), "classification")
        splits = folds(problem, 3, 0)
        pairs = [(s.train, s.held) for s in splits]
        path = baseline_path(
            codes, [4] * 5, y, "classification", folds=pairs, train_rows=np.arange(90),
            max_gates=32, kinds=("decision tree",),
        )  # fmt: skip
        same.append(max(c.held_out_score for c in path))
        found = small_trees(problem, None, splits, ("tree",), None, 0)
        assert len(found) <= 8
        other.append(max(c.held_out_score for c in found))
    assert np.mean(other) < np.mean(same) - 0.01


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
    for a, b in zip(*paths, strict=True):
        assert (a.circuit.fanins.tolist(), a.circuit.outputs.tolist()) == (
            b.circuit.fanins.tolist(), b.circuit.outputs.tolist(),
        )  # fmt: skip
    assert [c.held_out_score for c in paths[0]] != [c.held_out_score for c in paths[1]]


@pytest.mark.parametrize(("n_train", "n_held"), [(40, 40), (30, 200), (60, 1), (2, 30), (1, 9)])
def test_any_number_of_validation_rows(n_train, n_held):
    n = n_train + n_held
    problem = problem_from_table(table_from_arrays(X[:n], X[:n, 0] > 0.5), "classification")
    split = Split(np.arange(n_train), np.arange(n_train, n))
    found = small_trees(problem, split, [split], ("tree", "boosted"), None, 0)
    assert found or n_train == 1  # one row leaves none to choose on
    for c in found:
        assert c.held_out_score == pytest.approx(_score(c, problem, split.held), abs=1e-12)


def test_scores_are_of_all_rows_where_settings_are_scored_on_some(monkeypatch):
    monkeypatch.setattr(_baselines, "SCORED_ROWS", 20)
    problem = _problem("two classes")
    guard = guard_split(problem, 0.3, 1)
    found = small_trees(problem, guard, [guard], ("tree",), None, 0)
    assert found
    for c in found:
        assert c.train_score == pytest.approx(_score(c, problem, guard.train), abs=1e-12)
        assert c.held_out_score == pytest.approx(_score(c, problem, guard.held), abs=1e-12)


def test_a_class_of_one_row_is_wrong_somewhere():
    """Boosted trees need every class in every fold; leaving that row's fold out would flatter."""
    y = np.where(X[:, 0] > 0.4, "b", "a").astype(object)
    y[7] = "rare"
    problem = problem_from_table(table_from_arrays(X, y), "classification")
    found = small_trees(problem, None, folds(problem, 3, 0), ("tree", "boosted"), None, 0)
    assert {c.start for c in found} == {"tree"}
    assert max(c.held_out_score for c in found) < 1


def test_categories_that_only_guard_rows_have_are_known(tmp_path):
    rows = [[("p", "q")[k % 2], k % 2] for k in range(60)]
    rows[55][0] = "r"
    text = "name,y\n" + "".join(f"{a},{b}\n" for a, b in rows)
    (tmp_path / "t.csv").write_text(text)
    table = read_table(tmp_path / "t.csv", target="y")
    problem = problem_from_table(table, "classification")
    split = Split(np.arange(50), np.arange(50, 60))
    found = small_trees(problem, split, [split], ("tree",), None, 0)
    assert found
    for c in found:
        assert c.encoding.encode(table).shape[0] == 60
