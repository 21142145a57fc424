"""BLIF and PLA files as circuits."""

from __future__ import annotations

import gzip
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from circuit.circuit_oracles import aigs, every_row, random_logic
from tetrakis.circuit import Aig, read_blif, read_circuit, simulate_rows, write_aiger
from tetrakis.errors import FormatError
from tetrakis.export import write_blif

quick = settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
CUBE = st.text("01-", min_size=3, max_size=3)


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@quick
@given(aigs())
def test_what_is_written_is_read(tmp_path: Path, aig: Aig) -> None:
    write_blif(aig, tmp_path / "x.blif")
    back = read_blif(tmp_path / "x.blif")
    rows = every_row(aig.num_pis)
    assert (simulate_rows(back, rows) == simulate_rows(aig, rows)).all()
    assert len(back.input_names) == aig.num_pis and len(back.output_names) == aig.num_pos


def covered(rows: np.ndarray, cubes: list[str]) -> np.ndarray:
    fits = [[all(c in ("-", "01"[b]) for c, b in zip(q, r, strict=True)) for q in cubes]
            for r in rows.astype(int).tolist()]  # fmt: skip
    return np.array([any(f) for f in fits])


@quick
@given(st.lists(CUBE, max_size=5), st.booleans())
def test_blif_covers_of_either_value(tmp_path: Path, cubes: list[str], one: bool) -> None:
    body = "".join(f"{cube} {int(one)}\n" for cube in cubes)
    text = f".model m\n.inputs a b \\\nc\n.outputs f\n.names a b c f # no more\n{body}.end\n"
    aig = read_blif(written(tmp_path / "x.blif", text))
    rows = every_row(3)
    want = covered(rows, cubes) == one if cubes else np.zeros(8, bool)
    assert (simulate_rows(aig, rows)[:, 0] == want).all()


@quick
@given(st.lists(st.tuples(CUBE, st.text("01-~", min_size=2, max_size=2)), max_size=6))
def test_pla_is_a_sum_of_products(tmp_path: Path, lines: list[tuple[str, str]]) -> None:
    text = ".i 3\n.o 2\n.ilb a b c\n" + "".join(f"{c} {m}\n" for c, m in lines) + ".e\n"
    (tmp_path / "x.pla.gz").write_bytes(gzip.compress(text.encode()))
    aig = read_circuit(tmp_path / "x.pla.gz")
    rows = every_row(3)
    got = simulate_rows(aig, rows)
    for k in range(2):
        assert (got[:, k] == covered(rows, [c for c, m in lines if m[k] == "1"])).all()
    assert aig.input_names == ("a", "b", "c")


def test_tables_in_any_order_constants_and_inputs_as_outputs(tmp_path: Path) -> None:
    text = """# a comment
.model m
.inputs a b
.outputs f a k0 k1 z
.names g b f
0- 1
.names a b g
11 1
.names k0
.names k1
1
.names z
0
.area 3
.end
"""
    aig = read_circuit(written(tmp_path / "x.blif", text))
    rows = every_row(2)
    a, b = rows.T
    want = np.stack([~(a & b), a, a & False, a | True, a & False], axis=1)
    assert (simulate_rows(aig, rows) == want).all()
    assert aig.output_names == ("f", "a", "k0", "k1", "z")


HEAD = ".model m\n.inputs a b\n.outputs f\n"


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "without .end"),
        ("hello\n", "line 1: expected a directive"),
        (HEAD + ".names a b f\n11 1\n", "without .end"),
        (HEAD + ".names a b f\n11 1\n.names a b \\\n", "line 6: the file ends"),
        (HEAD + ".end\n", "line 4: the output 'f' is never driven"),
        (HEAD + ".names a c f\n11 1\n.end\n", "line 4: 'c' is read but never driven"),
        (HEAD + ".names a g f\n11 1\n.names f g\n1 1\n.end\n", "depends on itself: a cycle"),
        (HEAD + ".names f f\n1 1\n.end\n", "line 4: 'f' depends on itself"),
        (HEAD + ".names a f\n1 1\n.names b f\n1 1\n.end\n", "second time; first in line 4"),
        (HEAD + ".names b a\n1 1\n.names a f\n1 1\n.end\n", "an input and driven"),
        (HEAD + ".latch a f re clk 0\n.end\n", "line 4: .latch makes the circuit sequential"),
        (HEAD + ".subckt add a=a f=f\n.end\n", "line 4: .subckt isn't supported"),
        (HEAD + ".model n\n.end\n", "second .model"),
        (HEAD + ".names a b f\n111 1\n.end\n", "line 5: expected 2 characters"),
        (HEAD + ".names a b f\n1x 1\n.end\n", "line 5: expected 0, 1 or -"),
        (HEAD + ".names a b f\n11 1\n00 0\n.end\n", "line 6: rows for 0 and for 1"),
        (HEAD + ".names\n.end\n", "line 4: expected .names"),
        (".model m\n.inputs a a\n.outputs f\n.names f\n.end\n", "names 'a' 2 times"),
        (".model m\n.inputs a\n.outputs f f\n.names f\n.end\n", ".outputs names 'f' 2 times"),
    ],
)
def test_malformed_blif_names_the_line(tmp_path: Path, text: str, message: str) -> None:
    path = written(tmp_path / "bad.blif", text)
    with pytest.raises(FormatError, match=message) as caught:
        read_blif(path)
    assert "bad.blif" in str(caught.value)


@pytest.mark.parametrize(
    "name, data, message",
    [
        ("x.blif", b"\xff\xfe", "byte 0"),
        ("x.pla", b".i 2\n.o 1\n1 1\n.e\n", "line 3"),
        ("x.pla", b"10 1\n", "line 1"),
        ("x.pla", b".i 2\n.o 1\n.p 3\n11 1\n", "announces 3 rows"),
        ("x.pla.gz", b"\x1f\x8b\x08\x00", "gzip"),
        ("x.v", b"module", "Known: .aig"),
        ("absent.aig", None, "can't be read"),
    ],
)
def test_other_bad_files(tmp_path: Path, name: str, data: bytes | None, message: str) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(FormatError, match=message):
        read_circuit(tmp_path / name)


@quick
@given(st.data())
def test_damage_never_escapes_as_another_error(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "x.blif"
    write_blif(random_logic(0, 5, 12, 3), path)
    raw = bytearray(path.read_bytes())
    cut = data.draw(st.integers(0, len(raw) - 6))
    path.write_bytes(raw[:cut])
    with pytest.raises(FormatError):
        read_blif(path)
    raw[cut] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(raw)
    try:
        read_blif(path)
    except FormatError as error:
        assert "x.blif" in str(error)


def test_mapped_blif_of_abc(tmp_path: Path) -> None:
    """Tables of up to six inputs that another program wrote."""
    program = next(filter(None, map(shutil.which, ("berkeley-abc", "yosys-abc", "abc"))), None)
    if program is None:
        pytest.skip("no ABC is installed")
    aig = random_logic(3, 10, 400, 8)
    write_aiger(aig, tmp_path / "x.aig")
    script = f"read_aiger {tmp_path}/x.aig; if -K 6; write_blif {tmp_path}/x.blif"
    subprocess.run([program, "-c", script], check=True, capture_output=True, timeout=60)
    back = read_blif(tmp_path / "x.blif")
    rows = every_row(10)
    assert (simulate_rows(back, rows) == simulate_rows(aig, rows)).all()
