"""Success curves: intervals, resuming, bad input, the command."""

import json

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import norm

from tetrakis.cli import main
from tetrakis.errors import ArtifactError, BudgetError, DataError, GraphError
from tetrakis.graphs import mlp
from tetrakis.lifts import SuccessCurve, Training, success_curve, train_lifts, wilson
from tetrakis.report import base_graph_figure, lift_figure, success_figure

PLAN = Training(steps=150, learning_rate=0.05)


def rows(n=40):
    X = np.random.default_rng(0).normal(size=(n, 2))
    return X, np.abs(X[:, 0])


@pytest.mark.parametrize(("wins", "trials"), [(3, 10), (40, 80), (79, 80), (0, 5), (5, 5)])
def test_wilson_solves_its_equation(wins, trials):
    """The limits are where the observed share is z standard errors away."""
    z, share = norm.ppf(0.975), wins / trials

    def distance(p):
        return (share - p) ** 2 - z * z * p * (1 - p) / trials

    low = brentq(distance, 0, share) if wins > 0 else 0.0
    high = brentq(distance, share, 1) if wins < trials else 1.0
    if 0 < wins < trials:
        assert wilson(wins, trials) == pytest.approx((low, high), abs=1e-9)
    elif wins == trials:
        assert wilson(wins, trials) == pytest.approx((trials / (trials + z * z), 1.0))
    else:
        assert wilson(wins, trials) == pytest.approx((0.0, z * z / (trials + z * z)))


def test_curve_is_resumed_and_does_not_depend_on_how_it_is_run(tmp_path):
    file = tmp_path / "trials.jsonl"
    whole = success_curve(mlp(2, 1), rows(), [2, 4], 20, 0.05, training=PLAN, record=file)
    assert whole.sizes == (2, 4) and whole.trials == (20, 20)
    assert whole.edges == (2 * 2 + 2, 4 * 2 + 4)
    assert whole.successes[0] <= whole.successes[1]
    lines = file.read_text().splitlines()
    assert len(lines) == 5
    cut = "\n".join(lines[:3]) + '\n{"size": 4, "gro'
    file.write_text(cut)
    seen = []
    again = success_curve(
        mlp(2, 1), rows(), [2, 4], 20, 0.05, training=PLAN, record=file,
        progress=lambda text, share: seen.append(share),
    )  # fmt: skip
    assert len(seen) == 2 and seen[-1] == 1.0
    for a, b in zip(whole.losses, again.losses, strict=True):
        np.testing.assert_array_equal(a, b)
    assert sorted(file.read_text().splitlines()) == sorted(lines)
    with pytest.raises(ArtifactError, match=r"other settings \(seed\)"):
        success_curve(mlp(2, 1), rows(), [2], 20, 0.05, training=PLAN, record=file, seed=1)
    more = success_curve(mlp(2, 1), rows(), [2], 10, 0.05, training=PLAN, record=file)
    np.testing.assert_array_equal(more.losses[0], whole.losses[0][:10])


def test_damaged_record(tmp_path):
    file = tmp_path / "trials.jsonl"
    file.write_text("hello\n")
    with pytest.raises(ArtifactError, match="no record of a success curve"):
        success_curve(mlp(2, 1), rows(), [2], 10, 0.05, training=PLAN, record=file)
    with pytest.raises(ArtifactError, match="can't be written"):
        success_curve(mlp(2, 1), rows(), [2], 10, 0.05, record=tmp_path / "no" / "file")


def test_smallest_size_and_pictures():
    good, bad = np.zeros(80), np.ones(80)
    curve = SuccessCurve((4, 8, 16), (10, 20, 40), (bad, np.r_[good[:78], 1, 1], good), 0.1)
    assert curve.successes == (0, 78, 80) and curve.smallest == 16
    assert SuccessCurve((4,), (10,), (good[:72],), 0.1).smallest is None
    assert len(success_figure(curve, curve, labels=("a", "b")).axes) == 1
    from tetrakis.graphs import lift, residual

    graph = residual(3, 2)
    assert base_graph_figure(graph).axes
    figure = lift_figure(lift(graph, 40, 2, np.random.default_rng(0)))
    assert "edges" in figure.axes[0].get_title(loc="right")


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"trials": 0}, BudgetError, "trials"),
        ({"sizes": []}, BudgetError, "sizes"),
        ({"loss": -1}, BudgetError, "loss"),
        ({"delta": 1}, BudgetError, "delta"),
        ({"graph": mlp(2, 2), "sizes": [2]}, GraphError, "vertex 'h2': in_degree 4 is larger"),
        ({"data": (np.ones((3, 2)), np.ones(4))}, DataError, "n targets"),
        ({"data": (np.full((3, 2), np.nan), np.ones(3))}, DataError, "finite"),
        ({"training": Training("logistic"), "data": (np.ones((3, 2)), np.ones(3))}, DataError,
         "one class"),
    ],
)  # fmt: skip
def test_bad_input(change, error, said):
    options = {
        "graph": mlp(2, 1), "data": rows(), "sizes": [2], "trials": 10, "loss": 0.1, **change
    }  # fmt: skip
    with pytest.raises(error, match=said):
        success_curve(**options)


def test_ctrl_c_keeps_what_there_is(tmp_path, monkeypatch, capsys):
    out, calls = tmp_path / "out", []
    line = ["lift", "builtin:friedman1", "--loss", "0.1", "--sizes", "4", "--trials", "20"]
    line += ["--graph", "mlp:1", "--steps", "20", "-q", "--out", str(out)]

    def cut(*args, **options):
        calls.append(args)
        if len(calls) in (1, 3):
            raise KeyboardInterrupt
        return train_lifts(*args, **options)

    with monkeypatch.context() as patch:
        patch.setattr("tetrakis.lifts._curve.train_lifts", cut)
        assert main(line) == 130
        assert "interrupted; nothing was written" in capsys.readouterr().err
        assert not out.exists()
        assert main(line) == 130
    assert f"interrupted; {out} holds 10 trials so far. The same" in capsys.readouterr().err
    assert [item.name for item in out.iterdir()] == ["trials.jsonl"]
    assert main(line) == 0
    assert (out / "success.csv").is_file()


@pytest.mark.parametrize(
    "change", [["--loss", "-1"], ["--loss", "nan"], ["--graph", "mlp:2", "--sizes", "2"]]
)
def test_mistakes_leave_nothing(tmp_path, change):
    out = tmp_path / "new" / "out"
    line = ["lift", "builtin:friedman1", "--loss", "0.1", "-q", "--out", str(out)]
    assert main([*line, *change]) == 2
    assert not list(tmp_path.iterdir())
    out.mkdir(parents=True)
    (out / "mine.txt").write_text("mine")
    assert main([*line, *change]) == 2
    assert [item.name for item in out.iterdir()] == ["mine.txt"]


def test_command(tmp_path, capsys):
    data = tmp_path / "data.csv"
    rng = np.random.default_rng(0)
    pairs = zip(rng.normal(size=60), rng.integers(2, size=60), strict=True)
    lines = [f"{a:.3f},{'red' if b else 'blue'},{abs(a) + b:.3f}" for a, b in pairs]
    data.write_text("a,colour,y\n" + "\n".join(lines) + "\n")
    out = tmp_path / "out"
    options = "--target y --loss 0.2 --graph mlp:1 --sizes 2,6 --trials 10 --steps 100 --rate 0.05"
    command = ["lift", str(data), *options.split(), "-o", str(out)]
    assert main([*command, "-q"]) == 0
    pictures = {f"{n}.{e}" for n in ("success", "graph", "lift") for e in ("png", "svg")}
    assert {item.name for item in out.iterdir()} == {"trials.jsonl", "success.csv", *pictures}
    assert main(command) == 0
    shown = capsys.readouterr().out
    assert "copies" in shown and "73 trials" in shown
    assert len((out / "success.csv").read_text().splitlines()) == 3
    assert json.loads((out / "trials.jsonl").read_text().splitlines()[0])["in_degree"] == 4
    for change, said in (
        (["--sizes", "2,x"], "--sizes"),
        (["--graph", "cnn"], "expected one of mlp"),
        (["--graph", "mlp:2"], "in_degree 4 is larger than the 2 parents"),
        (["--loss", "-1"], "loss"),
        (["--solver", "sgd"], "solver"),
        (["--out", str(data)], "is a file"),
        (["--target", "z"], "z"),
    ):
        assert main([*command, *change]) == 2
        assert said in capsys.readouterr().err
