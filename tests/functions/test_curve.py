"""Circuit-size curves: exponents, norms, and a folder that is gone on with."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tetrakis.cli import main
from tetrakis.cli._curve import parse_epsilons
from tetrakis.errors import BudgetError, DataError
from tetrakis.functions import approximate, circuit_size_curve, fit_gamma, htmc_norm
from tetrakis.pipeline import is_curve, verify_curve


@given(st.floats(0.2, 4), st.floats(1, 100))
def test_an_exact_power_is_recovered(gamma, constant):
    eps = np.array([0.2, 0.1, 0.03, 0.01])
    fit = fit_gamma(eps, constant * eps**-gamma)
    assert fit.gamma == pytest.approx(gamma) and fit.standard_error < 1e-6
    assert fit.constant == pytest.approx(constant)
    assert htmc_norm(eps, constant * eps**-gamma, gamma) == pytest.approx(constant ** (1 / gamma))


def test_the_standard_error_covers():
    rng = np.random.default_rng(0)
    eps = 0.5 ** np.arange(1, 9)
    inside = 0
    for _ in range(400):
        fit = fit_gamma(eps, eps**-2.0 * np.exp(0.2 * rng.normal(size=8)))
        inside += abs(fit.gamma - 2) <= 2.447 * fit.standard_error  # 95 % of t with 6 degrees
    assert 0.92 <= inside / 400 <= 0.98


def test_too_few_points_have_no_exponent():
    with pytest.raises(DataError, match="two different"):
        fit_gamma([0.1, 0.2], [0, 5])
    with pytest.raises(DataError, match="gamma"):
        htmc_norm([0.1], [5], 0)


def test_sizes_never_fall_with_epsilon_and_hold_for_every_real():
    curve = circuit_size_curve("x*x", {"x": (0, 1)}, [0.2, 0.05, 0.1], seconds=0.3)
    assert curve.epsilons == [0.2, 0.1, 0.05]
    assert curve.sizes == sorted(curve.sizes)
    assert all(p.every_real and p.error < p.epsilon for p in curve.points)


def test_epsilons_out_of_reach_are_listed_without_a_size():
    box = dict.fromkeys(["x", "y", "z"], (0, 1))
    curve = circuit_size_curve("x*y*z", box, [0.4, 1e-6], seconds=0.3)
    assert curve.points[1].num_gates is None and "bits" in curve.points[1].construction
    assert len(curve.reached) == 1


def test_a_folder_is_gone_on_with(tmp_path, monkeypatch, capsys):
    out = tmp_path / "curve"
    line = ["curve", "x*y", "-b", "x=0:1", "-b", "y=0:1", "--input-bits", "3", "--seconds", "1"]
    assert main([*line, "--epsilons", "0.2,0.1", "--out", str(out), "-q"]) == 0
    assert is_curve(out) and verify_curve(out).status == "proved"
    assert main(["verify", str(out)]) == 0

    def never(*args, **options):
        raise AssertionError("searched again")

    monkeypatch.setattr("tetrakis.functions._curve.approximate", never)
    assert main([*line, "--epsilons", "0.2,0.1", "--out", str(out)]) == 0
    assert "AND nodes" in capsys.readouterr().out
    other = ["curve", "x+y", *line[2:], "--epsilons", "0.2", "--out", str(out)]
    assert main(other) == 2
    document = json.loads((out / "curve.json").read_text())
    document["points"][0]["num_gates"] -= 1
    (out / "curve.json").write_text(json.dumps(document))
    assert main(["verify", str(out)]) == 1


@pytest.mark.parametrize(
    ("formula", "changes", "said"),
    [
        ("x*y", ["--epsilons", "-0.1,0.2"], "> 0"),
        ("x*y", ["--input-bits", "30"], "1 to 20"),
        ("x*y", ["--input-bits", "14"], "at most 2^26"),
        ("x*y", ["--input-bits", "3,3,3"], "input bits"),
        ("x*y", ["--input-bits", "3", "--epsilons", "1e-9"], "No epsilon was reached"),
        ("x*y", ["--epsilons", "1e-9"], "13 bits for each variable"),
        ("x*w", [], "w"),
        ("log(x*y)", ["--input-bits", "3"], "finite"),
    ],
)
def test_mistakes_leave_nothing(tmp_path, capsys, formula, changes, said):
    out = tmp_path / "new" / "curve"
    line = ["curve", formula, "-b", "x=0:1", "-b", "y=0:1", "--epsilons", "0.2", "--seconds", "1"]
    assert main([*line, *changes, "--out", str(out), "-q"]) == 2
    assert said in " ".join(capsys.readouterr().err.split())
    assert not list(tmp_path.iterdir())


def test_an_epsilon_out_of_reach_is_listed_where_others_are_reached(tmp_path):
    out = tmp_path / "curve"
    line = ["curve", "x*x", "-b", "x=0:1", "--input-bits", "4", "--seconds", "1", "-q"]
    assert main([*line, "--epsilons", "0.2", "--out", str(out)]) == 0
    assert main([*line, "--epsilons", "1e-9", "--out", str(out)]) == 0
    document = json.loads((out / "curve.json").read_text())
    assert [row["num_gates"] is None for row in document["points"]] == [False, True]
    assert verify_curve(out).status == "proved"


def test_ctrl_c_keeps_what_there_is(tmp_path, monkeypatch, capsys):
    out, whole = tmp_path / "out", tmp_path / "whole"
    line = ["curve", "x*x", "-b", "x=0:1", "--input-bits", "4", "--seconds", "1", "-q"]
    line += ["--epsilons", "1e-9,0.1,0.2", "--out"]
    assert main([*line, str(whole)]) == 0
    calls = []

    def cut(*args, epsilon, **options):
        calls.append(epsilon)
        if len(calls) in (1, 3):
            raise KeyboardInterrupt
        return approximate(*args, epsilon=epsilon, **options)

    with monkeypatch.context() as patch:
        patch.setattr("tetrakis.functions._curve.approximate", cut)
        assert main([*line, str(out)]) == 130
        assert "interrupted; nothing was written" in capsys.readouterr().err
        assert not out.exists()
        assert main([*line, str(out)]) == 130
    assert f"interrupted; {out} holds 1 circuit so far. The same" in capsys.readouterr().err
    assert verify_curve(out).status == "proved"
    assert main([*line, str(out)]) == 0
    assert (out / "curve.json").read_text() == (whole / "curve.json").read_text()


def test_epsilons_are_read():
    assert parse_epsilons("0.4:0.1") == pytest.approx([0.4, 0.282843, 0.2, 0.141421, 0.1])
    assert parse_epsilons("0.4:0.1:3") == pytest.approx([0.4, 0.2, 0.1])
    assert parse_epsilons("0.3,0.2") == [0.3, 0.2]
    for text in ("a", "0.1:0.2", "1:0", "0.2:0.1:1"):
        with pytest.raises(BudgetError):
            parse_epsilons(text)
    with pytest.raises(BudgetError, match="> 0"):
        circuit_size_curve("x", {"x": (0, 1)}, [-1.0])
