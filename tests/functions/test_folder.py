"""`tetrakis approximate` and what `tetrakis verify` makes of its folder."""

import json

import pytest

from tetrakis.cli import main
from tetrakis.pipeline import is_approximated, verify_approximation


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("approximate") / "wave"
    line = ["approximate", "sin(3*x)*y", "-b", "x=0:1", "-b", "y=-1:pi/2", "--input-bits", "5,4"]
    assert main([*line, "--epsilon", "0.1", "--out", str(path), "--seconds", "1", "-q"]) == 0
    return path


def test_the_folder_is_whole_and_proved(folder):
    names = {item.name for item in folder.iterdir()}
    assert names >= {"circuit.aig", "circuit.v", "circuit.blif", "encoding.json", "metrics.json",
                     "report.md", "function.png"}  # fmt: skip
    assert is_approximated(folder)
    verdict = verify_approximation(folder)
    assert verdict.status == "proved", verdict
    assert main(["verify", str(folder)]) == 0
    claims = json.loads((folder / "metrics.json").read_text())
    assert claims["epsilon_verified"] <= 0.1 and claims["inputs_simulated"] == 512
    assert "upper bound" in (folder / "report.md").read_text()


@pytest.mark.parametrize("field", ["epsilon_verified", "num_gates", "epsilon", "formula"])
def test_edited_claims_are_refuted(folder, tmp_path, field):
    for item in folder.iterdir():
        (tmp_path / item.name).write_bytes(item.read_bytes())
    claims = json.loads((tmp_path / "metrics.json").read_text())
    claims[field] = "sin(3*x)*y*2" if field == "formula" else claims[field] / 2
    (tmp_path / "metrics.json").write_text(json.dumps(claims))
    assert main(["verify", str(tmp_path)]) == 1


def test_another_circuit_is_refuted(folder, tmp_path):
    for item in folder.iterdir():
        (tmp_path / item.name).write_bytes(item.read_bytes())
    data = bytearray((tmp_path / "circuit.aig").read_bytes())
    data[data.index(b"\n") + 1] ^= 1
    (tmp_path / "circuit.aig").write_bytes(bytes(data))
    assert "circuit.aig" in verify_approximation(tmp_path).refuted


@pytest.mark.parametrize(
    "line",
    [
        ["sni(x)", "-b", "x=0:1"],
        ["x", "-b", "x"],
        ["x", "-b", "x=0:1", "-b", "x=0:2"],
        ["x", "-b", "x=0:1", "--input-bits", "a"],
        ["log(x)", "-b", "x=0:1"],
        ["x", "-b", "x=0:1:2"],
    ],
)
def test_mistakes_end_with_2_and_write_nothing(line, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["approximate", *line, "--epsilon", "0.1", "--out", str(out), "-q"]) == 2
    assert not out.exists() and "tetrakis:" in capsys.readouterr().err
