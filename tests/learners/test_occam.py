"""Plans, curves, and what circuits found on all rows are expected to score."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from tetrakis._background import Background
from tetrakis.circuit import AigBuilder, simulate_rows
from tetrakis.datasets import table_from_arrays
from tetrakis.learners import _networks, _occam, _search
from tetrakis.learners._grounds import Point
from tetrakis.learners._lessons import Lessons
from tetrakis.learners._occam import SIZES, Curve, Options, Plan, _candidate, _expected, _run
from tetrakis.learners._problem import problem_from_table
from tetrakis.learners._search import search
from tetrakis.learners._simplified import StartOptions, _grounds, tree_plans
from tetrakis.learners._starts import Recipe
from tetrakis.learners._teacher import _models, fit_lesson, fit_teacher, nearest_rows, resampled
from tetrakis.learners._views import Split
from tetrakis.simplify import Schedule
from tetrakis.training import Plan as TrainingPlan
from tetrakis.training import Settings


def test_curves_hold_below_and_above_what_the_splits_reached():
    held, fitted = np.full(len(SIZES), np.nan), np.full(len(SIZES), np.nan)
    held[10:20], fitted[10:20] = np.linspace(0.5, 0.9, 10), 1.0
    curve = Curve(held, fitted, held + 0.05)
    assert curve.at(1) == curve.at(int(np.ceil(SIZES[10]))) == (0.5, 1.0, 0.55)
    assert curve.at(10**6) == (0.9, 1.0, pytest.approx(0.95))
    assert curve.at(int(np.ceil(SIZES[15]))) == (held[15], 1.0, held[15] + 0.05)
    empty = Curve(np.full(len(SIZES), np.nan), fitted, held)
    assert empty.at(100)[0] == float("-inf")


def test_expected_scores_follow_the_audit_and_without_it_the_fit():
    circuit = AigBuilder(1).build([2])
    word = SimpleNamespace(
        with_output=lambda output: SimpleNamespace(input_names=("x",), output_names=("y",))
    )
    start = SimpleNamespace(label="a start", kind="tree", circuit=None)
    flat = np.full(len(SIZES), 0.8)
    for task, audit, train, held in (
        ("regression", 0.94, 0.7, 0.83),
        ("classification", 0.94, 0.7, 0.8),
        ("classification", 0.86, 0.99, 0.77),
        ("regression", np.nan, 0.7, 0.6),
        ("classification", np.nan, 0.7, 0.6),
    ):
        ground = SimpleNamespace(
            encoding=word, output=lambda circuit, start: None, problem=SimpleNamespace(task=task)
        )
        points = [Point(circuit, t, 0.0, audit) for t in (train, 0.9)]
        curve = Curve(flat, flat, flat + 0.1)
        found = _expected([(ground, start, points)], curve)
        assert found[0].held_out_score == pytest.approx(held)


@pytest.mark.parametrize("n_rows", [400, 3100])
def test_starts_give_a_path_on_boolean_rows(n_rows):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 2, (n_rows, 8)).astype(float)
    y = ((X[:, 0] * X[:, 1]) != X[:, 2]).astype(float)
    problem = problem_from_table(table_from_arrays(X, y), "classification")
    found = search(problem, seed=0, starts=("tree",), effort=0.1)
    best = max(found.path, key=lambda c: c.held_out_score)
    assert best.num_gates <= 4 and best.held_out_score == best.train_score == 1.0
    assert (best.start, best.network_of, best.held_out_of) == ("tree", "circuit", "settings")
    again = search(problem, seed=0, starts=("tree",), effort=0.1, jobs=2)
    assert [c.circuit for c in again.path] == [c.circuit for c in found.path]


def test_circuits_of_many_rows_are_scored_on_rows_they_never_saw():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 2, (20_100, 8)).astype(float)
    y = ((X[:, 0] * X[:, 1]) != X[:, 2]) ^ (rng.random(len(X)) < 0.05)
    problem = problem_from_table(table_from_arrays(X, y.astype(float)), "classification")
    found = search(problem, seed=0, starts=("tree",), effort=0.1)
    best = max(found.path, key=lambda c: c.held_out_score)
    assert best.num_gates <= 4 and best.held_out_of == "circuit"
    held = found.split.held
    bits = simulate_rows(best.circuit, best.encoding.encode_bits(problem.table.take(held)))
    right = best.encoding.output.integers(bits) == problem.target[held]
    assert best.held_out_score == right.mean()


def test_networks_that_guard_rows_chose_are_trained_again_without_others(monkeypatch):
    plan = TrainingPlan(loss="logistic", n_outputs=1, width=4, steps=60, batch=64)
    monkeypatch.setattr(_search, "plan_for", lambda problem, whole, effort: plan)
    seen = []
    monkeypatch.setattr(_search, "simplified", lambda *args, nets, **rest: seen.extend(nets) or ())
    monkeypatch.setattr(_search, "small_trees", lambda *args: ())
    looked_at, near = [], _networks.neighbours
    monkeypatch.setattr(
        _networks, "neighbours",
        lambda scored, sizes, *rest, **named: looked_at.append(sizes)
        or near(scored, sizes, *rest, **named),
    )  # fmt: skip
    rng = np.random.default_rng(0)
    X = rng.integers(0, 2, (3100, 6)).astype(float)
    table = replace(table_from_arrays(X, X[:, 0] * X[:, 1]), boolean=True)
    problem = problem_from_table(table, "classification")
    found = search(
        problem, settings=[Settings(0.3, 0.003, 1, 2)], starts=("resnet",), effort=0.25,
        max_gates=(10, 20),
    )  # fmt: skip
    assert looked_at == [[10, 20, 80]] * 2  # starts are better larger than what is wanted
    for start in seen:
        (other, _), (whole, _) = start.networks
        assert not set(other.held) & set(found.split.held) and len(whole.held) == 0
        assert sorted([*other.view.rows, *other.held]) == list(range(3100))
        assert len(whole.view.rows) == 3100
    assert seen


def test_networks_larger_than_all_simplified_circuits_stay():
    trained = [SimpleNamespace(num_gates=g) for g in (3, 50, 51, 400)]
    edited = [SimpleNamespace(num_gates=g) for g in (0, 50)]
    assert [c.num_gates for c in _search._beyond(trained, edited)] == [51, 400]


def test_fringe_trees_of_values_grow_on_a_sample(monkeypatch):
    monkeypatch.setattr(_occam, "MOST_FRINGE_ROWS", 30)
    X = np.random.default_rng(0).random((90, 3))
    problem = problem_from_table(table_from_arrays(X, X[:, 0]), "regression")
    split = Split(np.arange(90), np.arange(0))
    options = StartOptions(("fringe",), (), None, 0, 1, 1.0, lambda text, fraction: None)
    lessons = Lessons(problem, None, 0, Background())
    (ground,) = _grounds(problem, [split], lessons, options)
    seen = {}

    def grow(codes, bits, y, task, rows, **rest):
        seen[kind] = rows
        return Recipe("boosted", rounds=1).grow(codes, bits, y, task, rows, **rest)

    for kind in ("fringe", "tree"):
        Plan(SimpleNamespace(kind=kind, grow=grow), taught=False).start(ground, 0, seed=0)
    assert len(set(seen["fringe"].tolist())) == 30
    assert seen["tree"].tolist() == list(range(90))


def test_resampled_rows_are_made_of_rows_near_and_far():
    rng = np.random.default_rng(5)
    codes = np.stack([np.arange(60), rng.permutation(60)], axis=1)
    rows = np.arange(10, 50)
    near = nearest_rows(codes, rows)
    scaled = codes[rows] / np.ptp(codes[rows], axis=0)
    apart = np.linalg.norm(scaled[:, None] - scaled[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    assert near.shape == (40, 10)
    for k, found in enumerate(near):
        assert rows[k] not in found
        kept = np.isin(rows, found)
        assert apart[k][kept].max() <= apart[k][~kept].min() + 1e-6
    table = table_from_arrays(np.stack([np.arange(60)] * 40, axis=1), np.zeros(60))
    drawn = resampled(table, rows, near, 200, 0.5, 0)
    values = np.stack([c.values for c in drawn.columns], axis=1).astype(int)
    assert np.isin(values, rows).all()
    base = [np.bincount(v).argmax() for v in values]
    for v, b in zip(values[::2], base[::2], strict=True):
        assert set(v) <= {b, *near[b - 10]}
    assert 8 < np.mean([len(set(v)) for v in values[::2]]) <= 11  # of the row and ten near ones
    assert 15 < np.mean([len(set(v)) for v in values[1::2]]) < 20
    assert nearest_rows(codes, rows[:1]).tolist() == [[10]]


def test_copies_of_a_row_are_not_near_to_it():
    codes = np.repeat(np.arange(12), 20)[:, None]
    rows = np.arange(240)
    near = nearest_rows(codes, rows)
    assert near.shape == (240, 10)
    for k, found in enumerate(near):
        values = codes[found, 0]
        assert len(set(values)) == 10
        others = np.abs(np.delete(np.arange(12), codes[k, 0]) - codes[k, 0])
        assert np.array_equal(np.sort(np.abs(values - codes[k, 0])), np.sort(others)[:10])
    assert (nearest_rows(codes[:20], rows[:20]) == rows[:20, None]).all()


@pytest.mark.parametrize("task", ["classification", "regression"])
@pytest.mark.filterwarnings("ignore")
def test_lessons_repeat_and_know_the_rows_they_came_from(task):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 4))
    y = X[:, 0] + X[:, 1] if task == "regression" else (X[:, 0] > 0).astype(float)
    problem = problem_from_table(table_from_arrays(X, y), task)
    lesson, again = (fit_lesson(problem, np.arange(80), None, 3) for _ in range(2))
    assert (lesson.labels == again.labels).all()
    assert set(lesson.table.columns[2].values) <= set(X[:80, 2])
    assert lesson.audit is not None and lesson.audit.audit is None
    assert not np.array_equal(
        lesson.audit.table.columns[0].values[:50], lesson.table.columns[0].values[:50]
    )
    assert ((lesson.audit.weights >= 0) & (lesson.audit.weights <= 1)).all()
    truth = lesson.table.columns[0].values
    if task == "classification":
        assert set(lesson.weights) <= {1, 2, 3, 4}
        assert np.average(lesson.labels == (truth > 0), weights=lesson.weights) > 0.9
    else:
        truth = truth + lesson.table.columns[1].values
        assert np.corrcoef(lesson.labels, truth)[0, 1] > 0.95


def test_ctrl_c_is_not_taken_for_the_end_of_an_edit(monkeypatch):
    def cut(*args, **options):
        return SimpleNamespace(finished=False, interrupted=True, circuits=[], losses=[])

    monkeypatch.setattr("tetrakis.learners._grounds.simplify", cut)
    X = np.random.default_rng(0).integers(0, 2, (60, 3)).astype(float)
    problem = problem_from_table(table_from_arrays(X, X[:, 0]), "classification")
    with pytest.raises(KeyboardInterrupt):
        search(problem, seed=0, starts=("tree",), effort=0.1)


def test_ctrl_c_is_not_taken_for_the_end_of_a_teacher(monkeypatch):
    """Networks of scikit-learn only warn of it."""
    from sklearn.neural_network import MLPClassifier

    def start(*args):
        MLPClassifier().fit([[0.0], [1.0]], [0, 1])
        raise AssertionError("went on")

    def cut(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(MLPClassifier, "_backprop", cut)
    options = SimpleNamespace(max_gates=(), seed=0, jobs=1)
    with pytest.raises(KeyboardInterrupt):
        _run([(SimpleNamespace(start=start), None, 0, 0)], options, (0, 1), "")


def test_trees_are_points_of_their_own_path_and_given_networks_are_not():
    """Networks as they were trained are candidates that keep their float network."""
    rng = np.random.default_rng(1)
    bits = rng.integers(0, 2, (300, 7)).astype(float)
    y = ((bits[:, 0] + bits[:, 1] + bits[:, 2] >= 2) ^ (rng.random(300) < 0.2)).astype(float)
    problem = problem_from_table(table_from_arrays(bits, y), "classification")
    split = Split(np.arange(200), np.arange(200, 300))
    told = StartOptions(("tree",), (), None, 0, 1, 1.0, lambda *args: None)
    quick = Schedule(growth=2.0, pool=2, cycles=1, share=0.1)
    options = Options((), 0, 1, 1, lambda *args: None, quick)
    with Background() as beside:
        (ground,) = _grounds(problem, [split], Lessons(problem, None, 0, beside), told)
        grown = Plan(Recipe("tree", min_leaf=1, max_leaves=200), taught=False)
        given = Plan(None, taught=False, given=(grown.start(ground, 0, 0),))
        jobs = [(plan, ground, 0, 0) for plan in (grown, given)]
        (ground, start, points), (_, _, edited) = _run(jobs, options, (0, 1), "")
    assert points[0].circuit is start.circuit
    sizes = [p.circuit.num_gates for p in points]
    assert sizes == sorted(sizes, reverse=True) and sizes[0] > sizes[1]
    assert [p.circuit.num_gates for p in edited] == sizes[1:]
    labels = [_candidate(p, ground, start, 0.5, "settings").label for p in points]
    assert [label.endswith(", simplified") for label in labels] == [False] + [True] * len(edited)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("least", "kernel"), [(9, True), (8, False)])
def test_a_kernel_machine_teaches_classes_of_enough_rows(least, kernel):
    """Folds of folds of a class need a row each."""
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 32, (60, 3))
    y = (np.arange(60) >= least).astype(np.int64)
    models = _models("classification", y, 0)
    assert [type(m[-1]).__name__ for m in models[4:]] == ["CalibratedClassifierCV"] * kernel
    taught = fit_teacher(codes, y, "classification", 2, 0)(codes)
    assert taught.shape == (60, 2)
    assert np.allclose(taught.sum(axis=1), 1) and (taught >= 0).all()


def test_networks_of_several_classes_are_tried_in_two_sizes():
    rng = np.random.default_rng(0)
    X, y = rng.random((200, 3)), np.arange(200) % 3
    for n_classes, sizes in ((3, [66, 39]), (2, [30])):
        table = table_from_arrays(X, y % n_classes)
        problem = problem_from_table(table, "classification")
        split = Split(np.arange(150), np.arange(150, 200))
        options = StartOptions(("table",), (), None, 0, 1, 1.0, lambda *args: None)
        with Background() as beside:
            (ground,) = _grounds(problem, [split], Lessons(problem, None, 0, beside), options)
        plans = tree_plans(problem, ground, options)
        assert [p.recipe.tables.units for p in plans] == sizes
        assert {p.recipe.tables.bits for p in plans} == {1 if n_classes > 2 else 3}
