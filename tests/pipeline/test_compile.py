"""Compiled folders: written whole, checked, and found out when changed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from circuit.circuit_oracles import codes_of, decode, every_row, random_network
from tetrakis.circuit import Aig, Optimised, output_words, read_aiger, simulate_rows, write_aiger
from tetrakis.errors import ArtifactError, FormatError
from tetrakis.network import FixedPointFormat, FixedPointResNet, save_network
from tetrakis.pipeline import (
    _compile,
    compile_fixed_point,
    read_fixed_point,
    verify_compiled,
    write_compiled,
)

SHARED = Path(__file__).parents[3] / "shared" / "data" / "networks"


def network(outputs: int = 2) -> FixedPointResNet:
    formats = (FixedPointFormat(3, -1, True), FixedPointFormat(2, 0), FixedPointFormat(4, 0))
    return random_network(7, formats, width=4, blocks=2, outputs=outputs)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_compiled(compile_fixed_point(network()), tmp_path / "out", source="n.json")
    return tmp_path / "out"


def test_folder_says_what_the_bits_mean(folder: Path) -> None:
    net, aig = network(), read_aiger(folder / "circuit.aig")
    words = json.loads((folder / "encoding.json").read_text())
    rows = every_row(aig.num_pis)
    bits = simulate_rows(aig, rows)
    want = net.evaluate_codes(codes_of(rows, net.inputs))
    for k, word in enumerate(words["outputs"]):
        assert word["signed"] and word["exponent"] == net.output_exponent[k]
        assert (decode(bits[:, word["bits"]], True) == want[:, k]).all()
    assert [len(w["bits"]) for w in words["outputs"]] == output_words(net)
    assert [len(w["bits"]) for w in words["inputs"]] == [3, 2, 4]
    assert words["inputs"][0] == {"name": "x0", "bits": [0, 1, 2], "signed": True, "exponent": -1}
    assert aig.input_names[:4] == ("x0[0]", "x0[1]", "x0[2]", "x1[0]")
    claims = json.loads((folder / "compile.json").read_text())
    assert claims["num_gates"] == aig.num_gates and claims["verified"] == "every input"
    assert claims["source"] == "n.json"


@pytest.mark.parametrize("decision", ["words", "argmax", "sign"])
def test_verified(tmp_path: Path, decision: str) -> None:
    found = compile_fixed_point(
        network(1 if decision == "sign" else 3), decision=decision, method="none", effort=0
    )
    write_compiled(found, tmp_path / "out")
    verdict = verify_compiled(tmp_path / "out")
    assert verdict.status == "proved", verdict


def test_what_was_changed_is_named(folder: Path) -> None:
    text = (folder / "compile.json").read_text()
    gates = read_aiger(folder / "circuit.aig").num_gates
    (folder / "compile.json").write_text(text.replace(f": {gates},", f": {gates - 1},", 1))
    assert "num_gates" in verify_compiled(folder).refuted
    (folder / "compile.json").write_text(text)
    aig = read_aiger(folder / "circuit.aig")
    names = aig.input_names, aig.output_names
    wrong = Aig(aig.num_pis, aig.fanins, np.array(aig.outputs) ^ 1, *names)
    write_aiger(wrong, folder / "circuit.aig")
    assert verify_compiled(folder).refuted == ("circuit.aig",)
    (folder / "circuit.aig").unlink()
    with pytest.raises(ArtifactError, match=r"circuit\.aig is missing"):
        verify_compiled(folder)
    (folder / "compile.json").write_text(text[:50])
    with pytest.raises(ArtifactError, match="truncated"):
        verify_compiled(folder)
    (folder / "compile.json").write_text(text.replace('"effort": 1', '"effort": "1"'))
    with pytest.raises(ArtifactError, match="effort: expected number"):
        verify_compiled(folder)


def test_resealed_wrong_circuit_is_refuted_by_simulation(folder: Path) -> None:
    found = compile_fixed_point(network())
    wrong = Aig(found.circuit.num_pis, found.circuit.fanins, np.array(found.circuit.outputs) ^ 1,
                found.circuit.input_names, found.circuit.output_names)  # fmt: skip
    write_compiled(replace(found, circuit=wrong), folder)
    assert "circuit.aig = fixed_point.npz" in verify_compiled(folder).refuted


def test_wrong_compilations_are_never_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(aig: Aig, method: str, **_: object) -> Optimised:
        return Optimised(
            Aig(aig.num_pis, aig.fanins, np.array(aig.outputs) ^ 1), method, "done", ""
        )

    monkeypatch.setattr(_compile, "optimise_with", broken)
    with pytest.raises(RuntimeError, match="is wrong"):
        compile_fixed_point(network())


def test_a_failing_optimiser_keeps_the_best_circuit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "abc"
    program.write_text("#!/bin/sh\necho no luck\nexit 9\n")
    program.chmod(0o755)
    monkeypatch.setenv("TETRAKIS_ABC", str(program))
    found = compile_fixed_point(network(), method="abc")
    assert found.optimised.status == "failed" and "no luck" in found.optimised.detail
    assert found.circuit.num_gates <= found.compiled_gates and found.luts is None


def test_kinds_of_network_files(tmp_path: Path) -> None:
    save_network(network(), tmp_path / "n.npz")
    assert read_fixed_point(tmp_path / "n.npz").n_inputs == 3
    save_network(network().to_resnet(), tmp_path / "f.npz")
    with pytest.raises(FormatError, match="float network"):
        read_fixed_point(tmp_path / "f.npz")
    with pytest.raises(FormatError, match="ending"):
        read_fixed_point(tmp_path / "n.txt")
    with pytest.raises(ArtifactError, match="missing or damaged"):
        read_fixed_point(tmp_path / "absent.npz")


def test_no_inputs_and_constant_outputs(tmp_path: Path) -> None:
    zero = FixedPointResNet((), np.zeros((1, 0)), (), [[0]], [-3], 0, 0)
    found = compile_fixed_point(zero)
    assert found.circuit.num_gates == 0 and found.checked.status == "proved"
    write_compiled(found, tmp_path / "out")
    assert verify_compiled(tmp_path / "out").status == "proved"


@pytest.mark.skipif(not SHARED.exists(), reason="the shared networks are not here")
def test_the_shared_network_of_twenty_weights() -> None:
    net = read_fixed_point(SHARED / "a.json")
    found = compile_fixed_point(net, effort=1)
    assert found.circuit.num_gates <= 798
    assert found.checked.detail.startswith("agreed on 1,00")
