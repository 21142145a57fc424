"""Writing, predicting, measuring, exporting."""

import json
import shutil

import numpy as np
import pytest

import results
from tetrakis.circuit import read_aiger
from tetrakis.datasets import Column, Table
from tetrakis.encoding import read_encoding
from tetrakis.errors import ArtifactError, DataError, EncodingError, FormatError
from tetrakis.network import load_network
from tetrakis.pipeline import _data as data_module
from tetrakis.pipeline import _folder as folder_module
from tetrakis.pipeline import (
    export_folder,
    measure_folder,
    predict_folder,
    verify_folder,
    write_folder,
)
from tetrakis.pipeline._claims import statuses

NAMES = {
    "network.npz", "fixed_point.npz", "circuit.aig", "circuit.v", "circuit.blif", "encoding.json",
    "metrics.json", "report.md", "path.png", "path.svg", "network.png", "network.svg",
}  # fmt: skip
PROMISED = [
    "task",
    "score_name",
    "held_out_score",
    "test_score",
    "num_gates",
    "num_levels",
    "num_pis",
    "num_pos",
    "resnet_norm",
    "path_norm",
    "epsilon_certified",
    "seed",
]


@pytest.fixture(scope="module", params=["sign", "argmax", "words"])
def decision(request):
    return request.param


@pytest.fixture(scope="module")
def folder(decision, tmp_path_factory):
    path = tmp_path_factory.mktemp("fitted") / decision
    write_folder(results.result(decision), path)
    return path


def test_files_and_metrics(folder, decision):
    assert {p.name for p in folder.iterdir()} == NAMES | {".tetrakis"}
    metrics = json.loads((folder / "metrics.json").read_text())
    assert set(PROMISED) <= set(metrics)
    circuit = read_aiger(folder / "circuit.aig")
    assert metrics["num_gates"] == circuit.num_gates
    assert metrics["test_score"] is None
    assert metrics["options"] == {"max_gates": 900, "tolerance": None}
    numbers = {n for n, v in metrics.items() if isinstance(v, float)} - {"schema", "seed"}
    assert numbers <= set(metrics["status"])
    kinds = {"exact", "certified", "probable", "held-out", "estimated", "upper bound"}
    assert set(metrics["status"].values()) == kinds
    assert (metrics["epsilon_target"] is None) == (decision != "words")


def test_scores_of_like_settings_are_called_estimates():
    told = statuses("settings", {"settings", "circuit"})
    assert told["held_out_score"] == told["path.score"] == "estimated"
    assert told["test_score"] == told["baselines.score"] == "held-out"
    assert statuses("circuit", {"circuit"})["path.score"] == "held-out"


def test_the_same_result_gives_the_same_bytes(folder, decision, tmp_path):
    write_folder(results.result(decision), tmp_path / "again")
    for name in NAMES:
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes(), name


def test_predict_is_the_networks_decision(folder, decision, monkeypatch):
    data = results.table(decision, rows=100, seed=3)
    encoding = read_encoding(folder / "encoding.json")
    y = load_network(folder / "fixed_point.npz").evaluate_codes(encoding.encode(data))
    if decision == "words":
        expected = 98.5 + 0.75 * y[:, 0]
    else:
        index = (y[:, 0] >= 0).astype(int) if decision == "sign" else y.argmax(axis=1)
        expected = np.array(results.CLASSES[decision], object)[index]
    found = predict_folder(folder, data)
    assert (found == expected).all()
    monkeypatch.setattr(data_module, "ROWS_AT_ONCE", 7)
    assert (predict_folder(folder, data) == expected).all()
    assert predict_folder(folder, data.take(np.arange(0))).shape == (0,)


def test_predict_finds_columns_by_name_and_counts_rows_in_the_whole_table(folder, monkeypatch):
    monkeypatch.setattr(data_module, "ROWS_AT_ONCE", 4)
    data = results.table("sign", rows=10)
    shuffled = Table((*data.columns[::-1], Column("more", np.zeros(10))), None, "new.csv", 10)
    assert (predict_folder(folder, shuffled) == predict_folder(folder, data)).all()
    values = np.array(data.columns[0].values)
    values[6] = np.nan
    broken = Table((Column("size", values), *data.columns[1:]), None, "new.csv", 10)
    with pytest.raises(EncodingError, match=r"'size', row 7 .* of new\.csv"):
        predict_folder(folder, broken)
    with pytest.raises(DataError, match="no column 'size'"):
        predict_folder(folder, Table(data.columns[1:], None, "new.csv", 10))


def test_measure_equals_metrics(folder):
    metrics = json.loads((folder / "metrics.json").read_text())
    found = measure_folder(folder)
    terms = {n.removeprefix("epsilon_from_"): found.pop(n) for n in list(found) if "_from_" in n}
    assert terms == metrics["epsilon_terms"]
    bound = [found.pop(f"occam_{n}", None) for n in ("bound", "bits", "verdict")]
    claim = metrics["occam_bound"] or {}
    assert bound == [claim.get(n) for n in ("value", "bits", "verdict")]
    assert found == {n: metrics[n] for n in found}


@pytest.mark.parametrize("format", ["aig", "aag", "verilog", "blif"])
def test_export(folder, format, tmp_path):
    out = tmp_path / "circuit.txt"
    export_folder(folder, format, out)
    ending = {"aig": "aig", "verilog": "v", "blif": "blif"}.get(format)
    if ending:
        assert out.read_bytes() == (folder / f"circuit.{ending}").read_bytes()
    else:
        assert out.read_bytes().startswith(b"aag ")
        assert read_aiger(out) == read_aiger(folder / "circuit.aig")


def test_export_to_nothing_known(folder, tmp_path):
    with pytest.raises(FormatError, match=r"'vhdl'.*aig, aag, verilog, blif"):
        export_folder(folder, "vhdl", tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
@pytest.mark.parametrize(
    "step", ["save_network", "write_encoding", "write_report", "write_document"]
)
def test_interrupted_write_leaves_the_old_folder(tmp_path, monkeypatch, step, error):
    target = tmp_path / "out"
    fit = results.result("sign")
    write_folder(fit, target)
    (target / "mine.txt").write_text("mine")
    before = {p.name: p.read_bytes() for p in target.iterdir()}

    def fail(*_, **__):
        raise error

    monkeypatch.setattr(folder_module, step, fail)
    with pytest.raises(error):
        write_folder(fit, target)
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    assert {p.name: p.read_bytes() for p in target.iterdir()} == before
    monkeypatch.undo()
    write_folder(fit, target)
    assert {p.name: p.read_bytes() for p in target.iterdir()} == before


def test_foreign_folder_needs_force(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ArtifactError, match="--force"):
        write_folder(results.result("sign"), tmp_path)
    write_folder(results.result("sign"), tmp_path, force=True)
    assert (tmp_path / "mine.txt").exists()


@pytest.mark.parametrize("name", sorted(NAMES - {"metrics.json"}))
def test_missing_and_truncated_files_are_named(folder, name, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    data = (copy / name).read_bytes()
    for content in (None, b"", data[:-5], data[: len(data) // 2]):
        (copy / name).unlink() if content is None else (copy / name).write_bytes(content)
        with pytest.raises(ArtifactError, match=name) as caught:
            verify_folder(copy)
        assert caught.value.remedy
    if name in ("circuit.aig", "encoding.json"):
        with pytest.raises(ArtifactError, match=name):
            predict_folder(copy, results.table("sign"))


def test_missing_and_truncated_metrics(folder, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    text = (copy / "metrics.json").read_text()
    for content in (text[:-3], text[:400], "", "[]", "{}", text.replace('"seed"', '"sead"')):
        (copy / "metrics.json").write_text(content)
        for use in (verify_folder, measure_folder):
            with pytest.raises(ArtifactError, match=r"metrics\.json"):
                use(copy)
    (copy / "metrics.json").unlink()
    with pytest.raises(ArtifactError, match="no such file"):
        verify_folder(copy)
    with pytest.raises(ArtifactError, match="no such folder"):
        verify_folder(tmp_path / "none")


def test_changed_files_are_not_used(folder, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    data = bytearray((copy / "circuit.aig").read_bytes())
    data[-1] ^= 1
    (copy / "circuit.aig").write_bytes(data)
    for use in (
        lambda: predict_folder(copy, results.table("sign")),
        lambda: measure_folder(copy),
        lambda: export_folder(copy, "blif", tmp_path / "x.blif"),
    ):
        with pytest.raises(ArtifactError, match=r"circuit\.aig: not the file"):
            use()
