"""The convex learner in the main job: trained, compiled, certified, and verified from the files."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tetrakis.circuit import simulate_rows
from tetrakis.datasets import Column, Table
from tetrakis.errors import ArtifactError, BudgetError
from tetrakis.learners import problem_from_table, search
from tetrakis.learners._convex import convex_trials, rows_of
from tetrakis.learners._views import Split, encode_view, folds
from tetrakis.pipeline import fit_table, verify_folder, write_folder
from tetrakis.pipeline._documents import sealed, write_document
from tetrakis.pipeline._metrics import read_metrics

WHOLE = Split(np.arange(60), np.arange(0))


def table(task, seed=0, n=60):
    rng = np.random.default_rng(seed)
    x, flag = rng.uniform(-1, 1, n), rng.integers(0, 2, n)
    hidden = np.abs(x) + 0.3 * flag
    target = {
        "regression": Column("y", 5 + 2 * hidden),
        "two": Column("y", (hidden > 0.6).astype(np.int64), ("no", "yes")),
        "three": Column("y", np.digitize(hidden, [0.4, 0.8]), ("low", "mid", "high")),
    }[task]
    return Table((Column("x", x), Column("flag", flag.astype(float))), target, "t.csv", n)


@pytest.fixture(scope="module", params=["regression", "two", "three"])
def fitted(request, tmp_path_factory):
    rows = table(request.param)
    folder = tmp_path_factory.mktemp("gap") / "out"
    other = table(request.param, seed=1, n=30)
    result = fit_table(rows, validation=other, learner="convex", effort=0.1, tolerance=0.02)
    write_folder(result, folder)
    return rows, result, folder


def check_of(folder, rows=None):
    return next(c for c in verify_folder(folder, rows).checks if c.name == "global_gap")


def reseal(folder, out, **changes):
    document = json.loads((folder / "metrics.json").read_text())
    claims = {n: v for n, v in document.items() if n not in ("digests", "digest")}
    claims["global_gap"] = {**claims["global_gap"], **changes}
    out.mkdir()
    for item in folder.iterdir():
        (out / item.name).write_bytes(item.read_bytes())
    write_document(sealed(claims), out / "metrics.json")
    return out


def test_the_folder_is_proved_with_its_rows(fitted):
    rows, result, folder = fitted
    assert {point.start for point in result.path} == {"convex"}
    assert result.best.network_of == "trained"
    claim = read_metrics(folder)["global_gap"]
    assert claim["scope"] == "global"
    assert claim["rows"] == 60
    assert 0 <= claim["lower_bound"] <= claim["objective"]
    if result.best.network.n_outputs == 1:  # rank 3: all cells enumerated
        assert claim["value"] < 2e-3 * claim["objective"]
    verdict = verify_folder(folder, rows)
    assert verdict.status == "proved"
    assert check_of(folder, rows).status == "proved"
    assert check_of(folder).status == "unchecked"
    assert "no two-layer relu network of any width" in (folder / "report.md").read_text()


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"value": 0.0}, "refuted"),
        ({"objective": 1e-3, "value": 1e-3}, "refuted"),
        ({"alpha": 1e-9}, "refuted"),
        ({"loss": "hinge"}, "refuted"),
        ({"rows": 59}, "refuted"),
        ({"scope": "heuristic"}, "refuted"),
    ],
)
def test_a_changed_claim_is_found_out(fitted, changes, status, tmp_path):
    rows, _, folder = fitted
    assert check_of(reseal(folder, tmp_path / "out", **changes), rows).status == status


def test_a_better_bound_than_can_be_proved_is_unknown(fitted, tmp_path):
    rows, _, folder = fitted
    claim = read_metrics(folder)["global_gap"]
    less = {"value": claim["value"] / 2, "lower_bound": claim["objective"] - claim["value"] / 2}
    assert check_of(reseal(folder, tmp_path / "out", **less), rows).status == "unknown"


def test_a_field_of_the_wrong_type_is_named(fitted, tmp_path):
    _, _, folder = fitted
    with pytest.raises(ArtifactError, match=r"global_gap: alpha: expected number, got 'much'"):
        verify_folder(reseal(folder, tmp_path / "out", alpha="much"))


@pytest.mark.parametrize("guard", [None, Split(np.arange(40), np.arange(40, 60))])
def test_scores_are_those_of_the_circuit(guard):
    problem = problem_from_table(table("three"), "classification")
    found = search(problem, guard=guard, starts=("convex",), simplify=False, effort=0.1)
    rows = np.arange(60) if guard is None else guard.train
    assert {c.held_out_of for c in found.path} == {"settings" if guard is None else "circuit"}
    for point in found.path:
        bits = point.encoding.encode_bits(problem.table)
        index = simulate_rows(point.circuit, bits) @ (1 << np.arange(2))
        right = index == problem.target
        assert point.train_score == pytest.approx(right[rows].mean())
        if guard is not None:
            assert point.held_out_score == pytest.approx(right[guard.held].mean())


def test_settings_are_the_same_on_every_split_and_integers_follow_the_network():
    problem = problem_from_table(table("regression"), "regression")
    splits = folds(problem, 3, 0)
    groups = convex_trials(
        problem, splits, WHOLE, impute=None, effort=0.1, jobs=1, report=lambda text, f: None
    )
    assert len(groups) == 4
    assert len({tuple(t.settings for t in group) for group in groups}) == 1
    finest = min(groups[-1], key=lambda t: (t.settings.delta, t.settings.alpha))
    view = encode_view(problem, WHOLE, finest.settings.bits, None).view
    F = finest.network.evaluate(rows_of(view.codes, view.bits)[:, :-1])
    G = finest.fixed.evaluate_codes(view.codes) * 2.0**finest.fixed.output_exponent
    assert np.abs(F - G).max() < 0.3 * F.std()


def test_simplified_starts_carry_the_learner_s_name():
    problem = problem_from_table(table("two"), "classification")
    guard = Split(np.arange(40), np.arange(40, 60))
    found = search(problem, guard=guard, starts=("convex",), effort=0.25)
    assert {c.start for c in found.path} == {"convex"}
    assert any("simplified" in c.label for c in found.path)
    assert all((c.program is None) == (c.trained is None) for c in found.path)


def test_unknown_learners_are_refused():
    with pytest.raises(BudgetError, match="learner: expected one of resnet, convex, got 'svm'"):
        fit_table(table("two"), learner="svm")
