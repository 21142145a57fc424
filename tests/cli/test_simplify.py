"""`simplify` on real files: what is written, what is said, and how mistakes are told."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import tetrakis
from tetrakis.circuit import AigBuilder, read_aiger, simulate_rows, write_aiger
from tetrakis.cli import main
from tetrakis.datasets import Column, Table
from tetrakis.encoding import Output, fit_encoding, write_encoding

INPUTS = 6


def random_function(inputs=INPUTS, seed=0):
    """A random truth table as a tree of multiplexers."""
    rng, builder = np.random.default_rng(seed), AigBuilder(inputs)
    row = rng.integers(0, 2, 2**inputs).tolist()
    for i in range(inputs):
        row = [
            builder.mux(builder.input(i), b, a) for a, b in zip(row[::2], row[1::2], strict=True)
        ]
    return builder.build(row)


def write_rows(path, circuit, rows, seed, form):
    """Rows with every tenth label wrong, as CSV or PLA."""
    rng = np.random.default_rng(seed)
    bits = (rng.random((rows, circuit.num_pis)) < 0.5).astype(int)
    y = simulate_rows(circuit, bits.astype(bool))[:, 0] ^ (rng.random(rows) < 0.1)
    if form == "pla":
        lines = [f".i {circuit.num_pis}", ".o 1", ".type fr"]
        lines += [f"{''.join(map(str, b))} {int(k)}" for b, k in zip(bits, y, strict=True)]
        path.write_text("\n".join([*lines, ".e"]) + "\n")
        return
    head = ",".join([*(f"x{j}" for j in range(circuit.num_pis)), "y"])
    np.savetxt(path, np.column_stack([bits, y]), "%d", ",", header=head, comments="")


@pytest.fixture
def work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    start = random_function()
    write_aiger(start, "in.aig")
    write_rows(Path("train.pla"), start, 300, 1, "pla")
    write_rows(Path("train.csv"), start, 300, 1, "csv")
    write_rows(Path("guard.csv"), start, 200, 2, "csv")
    return tmp_path


def said(capsys):
    captured = capsys.readouterr()
    return captured.out + captured.err


def summary(folder="out"):
    return json.loads(Path(folder, "summary.json").read_text())


def test_rows_and_guard(work, capsys):
    common = ["simplify", "in.aig", "--out", "out", "--target", "y", "--jobs", "1"]
    assert main([*common, "--data", "train.csv", "--guard", "guard.csv"]) == 0
    shown = said(capsys)
    assert "least loss on the guard rows" in shown
    assert "rows occur with another target as well; no circuit fits them all" in shown
    assert "→" in shown
    found = summary()
    assert read_aiger("out/circuit.aig").num_gates == found["num_gates"]
    assert found["contradictory_rows"] > 0
    assert found["guard_rows"] == 200
    assert Path("out/path.png").stat().st_size > 1000
    assert main([*common, "--data", "train.csv", "--quiet"]) == 0  # over its own folder
    assert capsys.readouterr() == ("", "")
    assert summary()["guard_rows"] is None
    assert main(["verify", "out/circuit.blif", "out/circuit.aig"]) == 0


def test_occam_needs_no_guard_rows(work, capsys):
    arguments = ["simplify", "in.aig", "--data", "train.pla", "--choose", "occam", "--out", "out"]
    assert main(arguments) == 0
    shown = said(capsys)
    assert "error on unseen rows at most" in shown
    assert "bits for the circuit" in shown
    claim = summary()["occam_bound"]
    assert claim["errors"] / 300 == pytest.approx(1 - summary()["score_on_rows"])
    assert summary()["rule"] == "least Occam bound; no guard rows were needed"


def test_sizes_seeds_and_resume(work, capsys):
    arguments = ["simplify", "in.aig", "--data", "train.pla", "--out", "out"]
    assert main([*arguments, "--max-gates", "9", "--seeds", "2"]) == 0
    first = summary()
    assert first["num_gates"] <= 9
    assert first["seeds"] == [0, 1]
    assert main([*arguments, "--resume", "--seed", "2", "--max-gates", "9"]) == 0
    again = summary()
    assert again["seeds"] == [0, 1, 2]
    assert again["score_on_rows"] >= first["score_on_rows"]
    assert main([*arguments, "--resume", "--budget", "0.3"]) == 2
    assert "made from another budget" in said(capsys)
    assert summary() == again
    assert main([*arguments, "--budget", "0.2"]) == 0
    assert summary()["score_on_rows"] >= 0.8


def test_box(work, capsys):
    builder = AigBuilder(6)
    bits = [builder.and_(builder.input(k), builder.input(k + 3)) for k in range(3)]
    write_aiger(builder.build([*bits, 0]), "product.aig")
    assert main(["simplify", "product.aig", "--box", "--epsilon", "1", "--out", "out"]) == 0
    assert "largest error 1, verified on all 64 inputs" in said(capsys)
    assert summary()["num_gates"] == 2
    assert not Path("out/path.png").exists()
    assert "path.png" not in summary()["status"]


def test_encoding(work, capsys):
    rng = np.random.default_rng(0)
    X = np.round(rng.normal(size=(80, 2)), 3)
    y = (X[:, 0] > 0.2).astype(int)
    target = Column("kind", y, ("no", "yes"))
    table = Table((Column("u", X[:, 0]), Column("v", X[:, 1])), target, "n.csv", 80)
    output = Output("kind", "classification", "sign", 1, ("no", "yes"))
    write_encoding(fit_encoding(table, bits=3).with_output(output), "encoding.json")
    lines = [f"{a},{b},{target.categories[k]}" for (a, b), k in zip(X, y, strict=True)]
    Path("n.csv").write_text("\n".join(["u,v,answer", *lines]) + "\n")
    common = ["simplify", "in.aig", "--encoding", "encoding.json", "--out", "out"]
    assert main([*common, "--data", "n.csv", "--target", "answer"]) == 0
    assert "bits for its encoding" in said(capsys)
    assert Path("out/encoding.json").read_bytes() == Path("encoding.json").read_bytes()
    assert main([*common, "--data", "n.csv"]) == 2  # the target's name differs
    assert "no column 'kind'" in said(capsys)
    assert main([*common, "--box", "--epsilon", "1"]) == 2
    assert "class, which has no distance" in said(capsys)


BAD = {
    "width": (["--data", "narrow.csv", "--target", "y"], "has 2 input columns, the circuit 6"),
    "label": (["--data", "label.csv", "--target", "y"], "column 'y', row 2 .* got 3"),
    "value": (["--data", "value.csv", "--target", "y"], "Expected 0 or 1 at column 'x5', row 2"),
    "budget": (["--data", "train.pla", "--budget", "0.001"], "asks for 0.999 at least. Allow a"),
    "empty": (["--data", "train.pla", "--guard", "empty.csv", "--target", "y"], "but no rows"),
    "same": (["--data", "train.pla", "--guard", "train.pla"], "guard nothing"),
    "no guard": (["--data", "train.pla", "--choose", "guard"], "needs guard rows. Give --guard"),
    "luck": (["--data", "train.pla", "--choose", "luck"], "'luck' is not one of"),
    "nan": (["--data", "train.pla", "--budget", "nan"], "--budget"),
    "none": ([], "Expected --data or --box, got neither"),
    "both": (["--data", "train.pla", "--box", "--epsilon", "1"], "got both"),
    "no epsilon": (["--box"], "--box needs --epsilon"),
    "epsilon": (["--data", "train.pla", "--epsilon", "1"], "--epsilon goes with --box"),
    "box guard": (["--box", "--epsilon", "1", "--guard", "guard.csv"], "--guard goes with --data"),
    "box occam": (["--box", "--epsilon", "1", "--choose", "occam"], "--choose goes with --data"),
    "two": (["--data", "train.pla", "--max-gates", "3", "--tolerance", "1"], "contradict"),
    "resume": (["--data", "train.pla", "--resume"], "nothing to continue. Run tetrakis simplify"),
    "missing": (["--data", "nowhere.csv", "--target", "y"], "nowhere.csv"),
    "no target": (["--data", "train.csv"], "no target column was named"),
}


@pytest.mark.parametrize("name", sorted(BAD))
def test_mistakes_end_with_2_and_write_nothing(name, work, capsys):
    Path("narrow.csv").write_text("a,b,y\n0,1,0\n1,1,1\n")
    head = ",".join(f"x{k}" for k in range(6))
    Path("label.csv").write_text(f"{head},y\n0,1,0,1,1,1,1\n0,0,0,0,0,1,3\n")
    Path("value.csv").write_text(f"{head},y\n0,1,0,1,1,1,1\n0,0,0,0,0,2,1\n")
    Path("empty.csv").write_text(f"{head},y\n")
    before = sorted(os.listdir())
    options, message = BAD[name]
    assert main(["simplify", "in.aig", "--out", "out", *options]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err
    assert re.search(message, " ".join(captured.err.replace("│", " ").split()))
    assert sorted(os.listdir()) == before


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("latch.aag", "aag 2 1 1 1 0\n2\n4 2\n4\n"),
        ("latch.blif", ".model x\n.inputs a\n.outputs q\n.latch a q re clk 0\n.end\n"),
    ],
)
def test_circuits_with_latches(file, text, work, capsys):
    Path(file).write_text(text)
    assert main(["simplify", file, "--data", "train.pla", "--out", "out"]) == 2
    shown = said(capsys)
    assert file in shown
    assert "latch" in shown
    assert "first." in shown  # the remedy: cut or unroll them
    assert not Path("out").exists()


def test_a_foreign_folder_is_refused_before_the_work(work, capsys):
    Path("mine").mkdir()
    Path("mine/x.txt").write_text("x")
    assert main(["simplify", "in.aig", "--data", "train.pla", "--out", "mine"]) == 2
    assert "wasn't written by tetrakis" in said(capsys)
    assert os.listdir("mine") == ["x.txt"]


def test_an_interruption_before_the_first_point_writes_nothing(work, capsys, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("tetrakis.circuit.read_circuit", interrupted)
    assert main(["simplify", "in.aig", "--data", "train.pla", "--out", "out"]) == 130
    assert "interrupted; nothing was written" in said(capsys)
    assert not Path("out").exists()


def test_ctrl_c_writes_the_best_so_far(work):
    """As a process of its own: the signal comes while the editor runs, or is too late."""
    start = random_function(11)
    write_aiger(start, "big.aig")
    write_rows(Path("big.pla"), start, 4000, 3, "pla")
    command = [sys.executable, "-m", "tetrakis", "simplify", "big.aig", "--data", "big.pla"]
    process = subprocess.Popen(
        [*command, "--out", "out", "--jobs", "1"], stderr=subprocess.PIPE, stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(tetrakis.__file__).parents[1])},
    )  # fmt: skip
    time.sleep(2.5)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode in (130, 0, -signal.SIGINT)
    left = {name for name in os.listdir() if name.startswith(".tetrakis")}
    assert not left
    if Path("out").exists():
        found = summary()
        assert read_aiger("out/circuit.aig").num_gates == found["num_gates"]
        if found["interrupted"]:
            assert b"Go on with --resume" in errors
    else:
        assert process.returncode != 0
