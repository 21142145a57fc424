"""Runs from several seeds, their merged path, the chosen point, and going on from a folder."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tetrakis.circuit import AigBuilder, read_aiger, simulate_rows
from tetrakis.datasets import Column, Table
from tetrakis.errors import ArtifactError, BudgetError
from tetrakis.pipeline import (
    Wish,
    path_rows,
    read_earlier,
    simplify_circuit,
    table_rows,
    task_of,
    write_simplified,
)


def random_function(inputs=7, seed=0):
    """A random truth table as a tree of multiplexers."""
    rng, builder = np.random.default_rng(seed), AigBuilder(inputs)
    row = rng.integers(0, 2, 2**inputs).tolist()
    for i in range(inputs):
        row = [
            builder.mux(builder.input(i), b, a) for a, b in zip(row[::2], row[1::2], strict=True)
        ]
    return builder.build(row)


def noisy(circuit, rows, seed, share=0.1):
    rng = np.random.default_rng(seed)
    bits = rng.random((rows, circuit.num_pis)) < 0.5
    y = simulate_rows(circuit, bits)[:, 0] ^ (rng.random(rows) < share)
    columns = tuple(Column(f"x{j}", bits[:, j].astype(float)) for j in range(circuit.num_pis))
    return Table(columns, Column("y", y.astype(float)), f"{seed}.csv", rows)


@pytest.fixture(scope="module")
def start():
    return random_function()


@pytest.fixture(scope="module")
def rows(start):
    return table_rows(start, noisy(start, 300, 1))


@pytest.fixture(scope="module")
def guard(start):
    return table_rows(start, noisy(start, 200, 2))


@pytest.fixture(scope="module")
def found(start, rows, guard):
    return simplify_circuit(start, rows, guard=guard, seeds=(0, 1))


def test_points_fall_in_size_and_none_beats_another(found, rows, guard):
    sizes = [p.circuit.num_gates for p in found.points]
    assert sizes == sorted(sizes, reverse=True)
    for k, p in enumerate(found.points):
        assert p.loss == rows.total_loss(p.circuit)
        assert p.guard_loss == guard.total_loss(p.circuit)
        for q in found.points[k + 1 :]:
            assert q.loss > p.loss or q.guard_loss > p.guard_loss
    assert {p.seed for p in found.points} <= {-1, 0, 1}
    assert [run.seed for run in found.runs] == [0, 1]
    assert not found.interrupted


def test_threads_give_the_same(found, start, rows, guard):
    again = simplify_circuit(start, rows, guard=guard, seeds=(0, 1), jobs=2)
    assert [p.circuit for p in again.points] == [p.circuit for p in found.points]
    assert again.chosen == found.chosen


def test_rules(start, rows, guard, found):
    sizes = np.array([p.circuit.num_gates for p in found.points])
    held = np.array([p.guard_loss for p in found.points])
    own = np.array([p.loss for p in found.points])

    def best(guard=guard, **wish):
        again = simplify_circuit(start, rows, guard=guard, wish=Wish(**wish), seeds=(0, 1))
        return again.best, again.rule

    assert found.best.guard_loss == held.min()
    assert best(choose="guard")[0].guard_loss == held.min()
    point, rule = best(max_gates=20)
    assert rule == "least loss on the guard rows within 20 AND nodes"
    assert sizes.min() > 20 >= point.circuit.num_gates  # it went on from the end of the path
    point, rule = best(tolerance=0.1)
    assert point.circuit.num_gates == sizes[held <= held.min() + 20 + 1e-9].min()
    point, rule = best(guard=None)
    assert rule == "smallest that is no worse on the rows edited than the start"
    assert point.loss <= rows.total_loss(start) == found.points[0].loss or len(own)
    point, rule = best(choose="rows", tolerance=0.02)
    assert "the rows edited is within 0.02" in rule
    point, rule = best(guard=None, budget=0.2)
    assert point.loss <= 60
    assert rule == "smallest whose score on the rows edited is at least 0.8"
    point, rule = best(guard=None, choose="occam")
    assert "Occam" in rule
    bounds = [rows.occam(p.circuit, p.loss).value for p in found.points]
    assert rows.occam(point.circuit, point.loss).value <= min(bounds)


def test_wishes_that_contradict_each_other(start, rows, guard):
    with pytest.raises(BudgetError, match="--max-gates and --tolerance contradict"):
        Wish(max_gates=3, tolerance=0.1)
    with pytest.raises(BudgetError, match="--tolerance and --choose occam"):
        Wish(tolerance=0.1, choose="occam")
    with pytest.raises(BudgetError, match="expected one of guard, rows, occam, got 'luck'"):
        Wish(choose="luck")
    with pytest.raises(BudgetError, match="budget: expected a number >= 0"):
        Wish(budget=float("nan"))
    with pytest.raises(BudgetError, match="needs guard rows"):
        simplify_circuit(start, rows, wish=Wish(choose="guard"))
    with pytest.raises(BudgetError, match="guard nothing"):
        simplify_circuit(start, rows, guard=rows)
    wrong = table_rows(start, noisy(start, 50, 3, share=0.6))
    with pytest.raises(BudgetError, match=r"start's accuracy .* budget of 0.1 asks for 0.9"):
        simplify_circuit(start, wrong, wish=Wish(budget=0.1))


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("calls", [1, 3])
def test_interrupted_runs_are_written_and_gone_on_with(
    calls, jobs, start, rows, guard, found, tmp_path
):
    seen = []

    def progress(*point):
        seen.append(point)
        if len(seen) == calls:
            raise KeyboardInterrupt

    task = task_of(start, rows, guard, budget=None, epsilon=None)
    cut = simplify_circuit(start, rows, guard=guard, seeds=(0, 1), jobs=jobs, progress=progress)
    assert cut.interrupted
    summary = write_simplified(cut, tmp_path / "out", task=task)
    assert summary["interrupted"]
    assert read_aiger(tmp_path / "out" / "circuit.aig").num_gates == summary["num_gates"]
    earlier = read_earlier(tmp_path / "out", task, start, rows, guard)
    assert len(earlier.points) == len(cut.points)
    again = simplify_circuit(start, rows, guard=guard, seeds=(0, 1), earlier=earlier)
    assert not again.interrupted
    assert again.best.guard_loss <= cut.best.guard_loss
    done = simplify_circuit(
        start, rows, guard=guard, seeds=(0, 1), earlier=type(earlier)(again.points, again.runs)
    )
    assert [p.circuit for p in done.points] == [p.circuit for p in again.points]


def test_a_size_that_an_interruption_kept_out_of_reach(start, rows):
    def progress(*point):
        raise KeyboardInterrupt

    cut = simplify_circuit(start, rows, wish=Wish(max_gates=2), progress=progress)
    assert cut.rule.startswith("smallest so far: interrupted")


def test_the_folder_says_what_it_holds(found, start, rows, guard, tmp_path):
    task = task_of(start, rows, guard, budget=None, epsilon=None)
    summary = write_simplified(found, tmp_path / "out", task=task, encoding=b"{}")
    names = {p.name for p in (tmp_path / "out").iterdir()}
    assert names == {
        ".tetrakis", "circuit.aig", "circuit.v", "circuit.blif", "encoding.json", "path.json",
        "path.png", "path.svg", "points", "runs", "start.aig", "summary.json",
    }  # fmt: skip
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["digest"]
    claim = summary["occam_bound"]
    assert claim["errors"] == found.best.loss
    assert claim["rows"] == 300
    assert set(summary["status"]) <= set(summary)
    assert "they chose the point" in summary["status"]["guard_score"]
    blind = simplify_circuit(start, rows, guard=guard, wish=Wish(choose="occam"))
    assert not blind.guard_chose
    told = write_simplified(blind, tmp_path / "blind", task=task)
    assert told["status"]["guard_score"].startswith("held-out")
    document = json.loads((tmp_path / "out" / "path.json").read_text())
    table = path_rows(found)
    for row, told in zip(document["points"], table, strict=True):
        circuit = read_aiger(tmp_path / "out" / row["file"])
        assert circuit.num_gates == row["num_gates"] == told["num_gates"]
        assert rows.score(rows.total_loss(circuit)) == row["score"]
        assert guard.score(guard.total_loss(circuit)) == row["guard_score"]
    assert sum(row["chosen"] for row in table) == 1


@pytest.mark.parametrize("fault", ["other rows", "missing", "changed", "cut", "none", "kind"])
def test_folders_that_cannot_be_continued(fault, found, start, rows, guard, tmp_path):
    out = tmp_path / "out"
    task = task_of(start, rows, guard, budget=None, epsilon=None)
    if fault != "none":
        write_simplified(found, out, task=task)
    message = {"none": "nothing to continue", "other rows": "made from another guard",
               "missing": "missing or damaged", "changed": "isn't the file that was written",
               "cut": "truncated or no JSON", "kind": "isn't the path of"}[fault]  # fmt: skip
    first = out / "points" / "0000.aig"
    if fault == "other rows":
        task = task_of(start, rows, None, budget=None, epsilon=None)
    elif fault == "missing":
        first.unlink()
    elif fault == "changed":
        first.write_bytes((out / "points" / "0001.aig").read_bytes())
    elif fault == "cut":
        (out / "path.json").write_text((out / "path.json").read_text()[:-30])
    elif fault == "kind":
        (out / "path.json").write_text("[1]")
    with pytest.raises(ArtifactError, match=message):
        read_earlier(out, task, start, rows, guard)
