"""`compile`, `export FILE` and `verify A B` on real files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tetrakis.circuit import Aig, read_aiger, write_aiger
from tetrakis.cli import main

NET = {
    "inputs": 2,
    "input_bits": 4,
    "input_signed": False,
    "blocks": [{"W": [[3, -2]], "b": [-5], "V": [[1], [0]], "shift": 0}],
    "read_out": [[1, 5]],
}


@pytest.fixture
def net(tmp_path: Path) -> Path:
    (tmp_path / "n.json").write_text(json.dumps(NET))
    return tmp_path / "n.json"


def test_compile_verify_export(net: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = net.parent / "out"
    assert main(["compile", str(net), "--effort", "2", "--out", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "AND nodes" in shown and "simulated on all 2^8 patterns" in shown
    assert main(["verify", str(out)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "proved"
    quiet = ["compile", str(net), "--out", str(out), "--quiet", "--optimise", "none"]
    assert main(quiet) == 0
    assert capsys.readouterr() == ("", "")
    for format, name in [("c", "x.c"), ("dot", "x.dot"), ("verilog", "x.v")]:
        made = net.parent / name
        source = str(out / "circuit.aig")
        assert main(["export", source, "--format", format, "--out", str(made)]) == 0
        assert made.stat().st_size > 100
    made = net.parent / "y.v"
    source = str(out / "circuit.blif")
    arguments = ["--format", "verilog", "--registers", "3", "--out", str(made)]
    assert main(["export", source, *arguments]) == 0
    assert "posedge clk" in made.read_text()
    for source in (net, out / "fixed_point.npz"):
        made = net.parent / "n.c"
        assert main(["export", str(source), "--format", "c-words", "--out", str(made)]) == 0
        assert "void network" in made.read_text()


def test_verdicts_on_two_circuits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    both = Aig(2, np.array([[4, 2]]), np.array([6]), ("a", "b"))
    write_aiger(both, tmp_path / "and.aig")
    write_aiger(Aig(2, np.zeros((0, 2)), np.array([2])), tmp_path / "a.aag")
    pair = [str(tmp_path / "and.aig"), str(tmp_path / "a.aag")]
    assert main(["verify", pair[0], pair[0]]) == 0
    assert capsys.readouterr().out.startswith("equal: ")
    assert main(["verify", *pair]) == 1
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].startswith("different: output 0")
    assert shown[1].startswith("inputs   10 ") and shown[2] == "ones     a"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["compile", "{n}", "--out", "{o}", "--effort", "7"], "effort"),
        (["compile", "{n}", "--out", "{o}", "--optimise", "magic"], "optimise"),
        (["compile", "{n}", "--out", "{o}", "--decision", "most"], "decision"),
        (["compile", "{n}.txt", "--out", "{o}"], "ending"),
        (["compile", "absent.json", "--out", "{o}"], "can't be read"),
        (["compile", "bad.json", "--out", "{o}"], "line 1, column 2"),
        (["export", "{n}", "--format", "verilog", "--out", "{o}"], "ending"),
        (["export", "{n}", "--format", "onnx-float", "--out", "{o}"], "needs a ResNet"),
        (["export", "{n}", "--format", "c-words", "--registers", "2", "--out", "{o}"], "registers"),
        (["export", "{n}", "--format", "vhdl", "--out", "{o}"], "There are aig"),
        (["verify", "{n}"], "compare it with"),
        (["verify", "{n}", "{n}"], "ending"),
        (["verify", "cut.aig", "cut.aig"], "cut.aig, line"),
    ],
)
def test_mistakes_end_with_2_and_leave_nothing(
    net: Path,
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(net.parent)
    Path("bad.json").write_text("{]")
    Path("cut.aig").write_bytes(b"aig 3 2 0 1 1\n6\n\x02")
    out = net.parent / "out"
    assert main([a.format(n=net, o=out) for a in arguments]) == 2
    shown = capsys.readouterr()
    assert message in " ".join(shown.err.replace("│", " ").split()), shown.err
    assert shown.out == "" and "Traceback" not in shown.err
    assert sorted(p.name for p in net.parent.iterdir()) == ["bad.json", "cut.aig", "n.json"]


def test_a_missing_optimiser_is_told_before_the_network_is_read(
    net: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tetrakis.circuit._tools.find_abc", lambda: None)
    arguments = ["compile", str(net), "--optimise", "abc", "--out", str(net.parent / "out")]
    assert main(arguments) == 2
    assert "--optimise builtin" in " ".join(capsys.readouterr().err.split())
    assert not (net.parent / "out").exists()


def test_a_circuit_read_back_is_the_same(net: Path) -> None:
    out = net.parent / "out"
    assert main(["compile", str(net), "--out", str(out), "--quiet"]) == 0
    made = net.parent / "x.aag"
    arguments = ["export", str(out / "circuit.aig"), "--format", "aag", "--out", str(made)]
    assert main(arguments) == 0
    assert read_aiger(made) == read_aiger(out / "circuit.aig")
