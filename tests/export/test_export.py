from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from circuit.circuit_oracles import random_logic
from export.circuits import ROWS, circuit, constants
from tetrakis.circuit import read_aiger, read_blif, simulate_rows, write_aiger
from tetrakis.errors import FormatError
from tetrakis.export import FORMATS, SUFFIXES, write_blif, write_dot, write_verilog
from tetrakis.export._blif import clean_name
from tetrakis.export._names import port_names, printable
from tetrakis.export._verilog import identifier


def evaluate_blif(text: str) -> np.ndarray:
    """Independent reading of BLIF: every table as a list of cubes."""
    lines = [line for line in text.splitlines() if line]
    fields = {line.split()[0]: line.split()[1:] for line in lines if line[0] == "."}
    values = {name: ROWS[:, i] for i, name in enumerate(fields[".inputs"])}
    k = 0
    while k < len(lines):
        if not lines[k].startswith(".names"):
            k += 1
            continue
        *sources, target = lines[k].split()[1:]
        k += 1
        total = np.zeros(len(ROWS), bool)
        while not lines[k].startswith("."):
            cube = lines[k].split()[0] if sources else ""
            hit = np.ones(len(ROWS), bool)
            for literal, source in zip(cube, sources, strict=True):
                hit &= values[source] == (literal == "1")
            total |= hit
            k += 1
        assert target not in values
        values[target] = total
    return np.stack([values[name] for name in fields[".outputs"]], axis=1)


def evaluate_verilog(text: str) -> np.ndarray:
    """Independent reading of the structural subset."""
    token = r"(\\\S+ |[A-Za-z]\w*|1'b[01])"
    inputs = re.findall(rf"input wire {token}", text)
    outputs = re.findall(rf"output wire {token}", text)
    assert len(set(inputs + outputs)) == len(inputs + outputs)
    values = {name: ROWS[:, i] for i, name in enumerate(inputs)}
    values |= {"1'b0": np.zeros(64, bool), "1'b1": np.ones(64, bool)}
    for target, f, a, g, b in re.findall(
        rf"assign {token} = (~?){token}(?: & (~?){token})?;", text
    ):
        left = values[a] ^ bool(f)
        values[target] = left & (values[b] ^ bool(g)) if b else left
    return np.stack([values[name] for name in outputs], axis=1)


@pytest.mark.parametrize("names", [False, True])
def test_blif_and_verilog_mean_the_circuit(tmp_path: Path, names: bool) -> None:
    aig = circuit(names)
    want = simulate_rows(aig, ROWS)
    write_blif(aig, tmp_path / "c.blif")
    assert (evaluate_blif((tmp_path / "c.blif").read_text()) == want).all()
    write_verilog(aig, tmp_path / "c.v")
    text = (tmp_path / "c.v").read_text()
    assert (evaluate_verilog(text) == want).all()
    assert text.count(" & ") == aig.num_gates


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_writes(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"circuit{SUFFIXES[name]}"
    FORMATS[name](circuit(True), str(path))
    assert path.stat().st_size > 100
    if name in ("aig", "aag"):
        assert read_aiger(path).output_names[-1] == "module"


def test_module_name_must_be_plain(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="plain"):
        write_verilog(circuit(False), tmp_path / "c.v", module="a b")


def test_module_name_and_registers_are_checked(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="positive"):
        write_verilog(circuit(False), tmp_path / "c.v", registers=0)


@pytest.mark.parametrize("suffix", [".blif", ".aag", ".aig"])
def test_abc_reads_and_proves_equal(tmp_path: Path, suffix: str) -> None:
    program = next(filter(None, map(shutil.which, ("berkeley-abc", "yosys-abc", "abc"))), None)
    if program is None:
        pytest.skip("no ABC is installed")
    aig = circuit(False)
    write_aiger(aig, tmp_path / "ref.aig")
    path = tmp_path / f"c{suffix}"
    (write_blif if suffix == ".blif" else write_aiger)(aig, path)
    if suffix == ".aag":  # ABC reads binary only
        write_aiger(read_aiger(path), path := tmp_path / "c2.aig")
    run = subprocess.run(
        [program, "-c", f"cec -n {tmp_path}/ref.aig {path}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "are equivalent" in run.stdout, run.stdout


@pytest.mark.skipif(shutil.which("yosys") is None, reason="yosys is not installed")
@pytest.mark.parametrize("names", [False, True])
@pytest.mark.parametrize("format", ["verilog", "blif"])
def test_yosys_reads(tmp_path: Path, names: bool, format: str) -> None:
    aig = circuit(names)
    path = tmp_path / f"c{SUFFIXES[format]}"
    FORMATS[format](aig, str(path))
    script = f"read_{format} {path}; proc; techmap; aigmap; write_aiger -symbols {tmp_path}/y.aig"
    run = subprocess.run(
        ["yosys", "-q", "-p", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr
    back = read_aiger(tmp_path / "y.aig")  # yosys orders the ports by itself
    inputs, outputs = port_names(aig, printable if format == "verilog" else clean_name)
    rows = ROWS[:, [inputs.index(name) for name in back.input_names]]
    columns = [back.output_names.index(name) for name in outputs]
    assert (simulate_rows(back, rows)[:, columns] == simulate_rows(aig, ROWS)).all()


@pytest.mark.skipif(shutil.which("iverilog") is None, reason="iverilog is not installed")
@pytest.mark.parametrize("registers", [None, 1, 2, 4])
@pytest.mark.parametrize("names", [False, True])
def test_iverilog_simulates_the_module(tmp_path: Path, registers: int | None, names: bool) -> None:
    """New inputs in every cycle; with registers, outputs come `latency` cycles later."""
    aig = circuit(names)
    write_verilog(aig, tmp_path / "c.v", registers=registers)
    latency = (aig.num_levels - 1) // registers if registers else 0
    clocked = ".clk(clk), " if registers else ""
    inputs, outputs = port_names(aig, printable, reserved=("clk",) if registers else ())
    ports = [f".{identifier(x)}(a[{k}])" for k, x in enumerate(inputs)]
    ports += [f".{identifier(x)}(y[{k}])" for k, x in enumerate(outputs)]
    (tmp_path / "bench.v").write_text(
        f"""module bench;
  reg clk = 0; reg [5:0] a = 0; wire [{aig.num_pos - 1}:0] y; integer t;
  circuit c({clocked}{", ".join(ports)});
  initial for (t = 0; t < {64 + latency}; t = t + 1) begin
    a = t; #1 if (t >= {latency}) $display("%b", y); clk = 1; #1 clk = 0;
  end
endmodule
"""
    )
    files = [str(tmp_path / name) for name in ("bench.v", "c.v")]
    subprocess.run(["iverilog", "-g2001", "-Wall", "-o", str(tmp_path / "b"), *files], check=True)
    text = subprocess.run(
        ["vvp", "-n", str(tmp_path / "b")], capture_output=True, text=True, check=True
    ).stdout
    got = np.array([[c == "1" for c in reversed(line)] for line in text.split()])
    assert (got == simulate_rows(aig, ROWS)).all()
    if registers:
        assert f"{latency} clock cycles late" in (tmp_path / "c.v").read_text()


@pytest.mark.parametrize("format", FORMATS)
def test_no_inputs_and_constant_outputs(tmp_path: Path, format: str) -> None:
    path = tmp_path / f"c{SUFFIXES[format]}"
    FORMATS[format](constants(), str(path))
    if format in ("aig", "aag"):
        assert read_aiger(path).outputs.tolist() == [0, 1]
    elif format == "blif":
        assert read_blif(path).outputs.tolist() == [0, 1]
    elif format == "verilog":
        assert "assign o0 = 1'b0;" in path.read_text()


def evaluate_dot(text: str) -> np.ndarray:
    """Independent reading: a point is the AND of its edges, a dashed edge inverts."""
    names = re.findall(r"(v\d+) \[shape=triangle", text)
    values = {name: ROWS[:, k] for k, name in enumerate(names)} | {"v0": np.zeros(64, bool)}
    for source, target, dashed in re.findall(r"(\w+) -> (\w+)( \[style=dashed\])?;", text):
        values[target] = values.get(target, True) & (values[source] ^ bool(dashed))
    return np.stack([values[name] for name in re.findall(r"(o\d+) \[shape", text)], axis=1)


def test_dot_means_the_circuit(tmp_path: Path) -> None:
    write_dot(circuit(True), tmp_path / "c.dot")
    text = (tmp_path / "c.dot").read_text(encoding="utf-8")
    assert (evaluate_dot(text) == simulate_rows(circuit(True), ROWS)).all()
    if shutil.which("dot"):
        subprocess.run(["dot", "-Tsvg", str(tmp_path / "c.dot"), "-o", "/dev/null"], check=True)
    with pytest.raises(FormatError, match="tetrakis draw"):
        write_dot(random_logic(0, 20, 3000, 500), tmp_path / "d.dot")
    assert not (tmp_path / "d.dot").exists()
