"""A fitted folder in every format."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

import results
from tetrakis.circuit import read_circuit
from tetrakis.errors import ArtifactError, FormatError
from tetrakis.export import FLOAT_FORMATS, FORMATS, INTEGER_FORMATS, SUFFIXES
from tetrakis.pipeline import export_file, export_folder, write_folder

STARTS = {
    "aig": b"aig ",
    "aag": b"aag ",
    "verilog": b"module circuit(",
    "blif": b".model ",
    "c": b"/* ",
    "dot": b"digraph ",
    "c-words": b"/* network",
    "onnx": b"\x08",
    "onnx-float": b"\x08",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fitted") / "out"
    write_folder(results.result("words"), path)
    return path


@pytest.mark.parametrize("format", SUFFIXES)
def test_every_format(folder: Path, tmp_path: Path, format: str) -> None:
    if "onnx" in format and find_spec("onnx") is None:
        pytest.skip("onnx is not installed")
    out = tmp_path / "exported.txt"  # the format counts, not the ending
    export_folder(folder, format, out)
    assert out.read_bytes().startswith(STARTS[format])
    source = "circuit.aig" if format in FORMATS else "fixed_point.npz"
    source = "network.npz" if format in FLOAT_FORMATS else source
    export_file(folder / source, format, tmp_path / "again.txt")
    assert (tmp_path / "again.txt").read_bytes() == out.read_bytes()


def test_tables_of_formats_agree() -> None:
    assert set(SUFFIXES) == {*FORMATS, *INTEGER_FORMATS, *FLOAT_FORMATS} == set(STARTS)


def test_registers_and_round_trips(folder: Path, tmp_path: Path) -> None:
    export_folder(folder, "verilog", tmp_path / "c.v", registers=2)
    assert "always @(posedge clk)" in (tmp_path / "c.v").read_text()
    export_folder(folder, "blif", tmp_path / "c.blif")
    export_file(tmp_path / "c.blif", "aag", tmp_path / "c.aag")
    assert read_circuit(tmp_path / "c.aag").num_pos == read_circuit(folder / "circuit.aig").num_pos


def test_mistakes_write_nothing(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "x"
    with pytest.raises(FormatError, match="There are aig"):
        export_folder(folder, "vhdl", out)
    with pytest.raises(FormatError, match="no registers"):
        export_folder(folder, "blif", out, registers=2)
    with pytest.raises(FormatError, match="needs a FixedPointResNet"):
        export_file(folder / "network.npz", "c-words", out)
    with pytest.raises(ArtifactError):
        export_file(folder / "absent.npz", "c-words", out)
    with pytest.raises(FormatError, match="can't be read"):
        export_file(folder / "absent.aig", "blif", out)
    assert not list(tmp_path.iterdir())
