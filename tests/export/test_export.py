from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tetrakis.circuit import Aig, AigBuilder, read_aiger, simulate_rows, write_aiger
from tetrakis.errors import FormatError
from tetrakis.export import FORMATS, SUFFIXES, write_blif, write_verilog
from tetrakis.export._names import port_names, printable

NAMES = ("x[0]", "wire", "n4", "a b", "a_b", "é#=.")


def circuit(names: bool) -> Aig:
    builder = AigBuilder(6)
    rng = np.random.default_rng(5)
    pool = [builder.input(i) for i in range(6)]
    for _ in range(60):
        a, b = rng.integers(0, len(pool), 2)
        pool.append(builder.and_(pool[a] ^ int(rng.integers(2)), pool[b] ^ int(rng.integers(2))))
    outputs = [pool[-1], pool[-2] ^ 1, pool[-3], pool[0], pool[1] ^ 1, 0, 1]
    labels = (*tuple(f"y<{k}>" for k in range(6)), "module")
    return builder.build(
        outputs, input_names=NAMES if names else (), output_names=labels if names else ()
    )


ROWS = (np.arange(64)[:, None] >> np.arange(6) & 1).astype(bool)


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


@pytest.mark.skipif(shutil.which("berkeley-abc") is None, reason="berkeley-abc is not installed")
@pytest.mark.parametrize("suffix", [".blif", ".aag", ".aig"])
def test_abc_reads_and_proves_equal(tmp_path: Path, suffix: str) -> None:
    aig = circuit(False)
    write_aiger(aig, tmp_path / "ref.aig")
    path = tmp_path / f"c{suffix}"
    (write_blif if suffix == ".blif" else write_aiger)(aig, path)
    if suffix == ".aag":  # ABC reads binary only
        write_aiger(read_aiger(path), path := tmp_path / "c2.aig")
    run = subprocess.run(
        ["berkeley-abc", "-c", f"cec -n {tmp_path}/ref.aig {path}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "are equivalent" in run.stdout, run.stdout


@pytest.mark.skipif(shutil.which("yosys") is None, reason="yosys is not installed")
@pytest.mark.parametrize("names", [False, True])
def test_yosys_reads_the_verilog(tmp_path: Path, names: bool) -> None:
    aig = circuit(names)
    write_verilog(aig, tmp_path / "c.v")
    script = f"read_verilog {tmp_path}/c.v; proc; aigmap; write_aiger -symbols {tmp_path}/y.aig"
    run = subprocess.run(
        ["yosys", "-q", "-p", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr
    back = read_aiger(tmp_path / "y.aig")  # yosys orders the ports by itself
    inputs, outputs = port_names(aig, printable)
    rows = ROWS[:, [inputs.index(name) for name in back.input_names]]
    columns = [back.output_names.index(name) for name in outputs]
    assert (simulate_rows(back, rows)[:, columns] == simulate_rows(aig, ROWS)).all()
