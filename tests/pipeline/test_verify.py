"""Every claim is recomputed, and every edit is caught and named."""

import base64
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import results
import strategies
from tetrakis.circuit import Aig, compile_network, optimise, read_aiger, write_aiger
from tetrakis.circuit import Equivalence as circuit_equivalence
from tetrakis.datasets import Table, read_table
from tetrakis.errors import DataError
from tetrakis.measures import (
    error_certificate,
    num_bits,
    num_units,
    num_weights,
    path_norm,
    resnet_norm,
)
from tetrakis.network import FixedPointBlock, FixedPointFormat, FixedPointResNet
from tetrakis.pipeline import _equivalence, data_record, verify_folder, write_folder
from tetrakis.pipeline._claims import pack_guard_rows, unpack_guard_rows
from tetrakis.pipeline._documents import sealed, write_document
from tetrakis.pipeline._equivalence import compare
from tetrakis.pipeline._recompute import counts, error_bound, norms


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    path = tmp_path_factory.mktemp("fitted") / "out"
    write_folder(results.result("words", test=results.table("words", seed=9)), path)
    return path


@pytest.fixture
def folder(original, tmp_path):
    shutil.copytree(original, tmp_path / "out")
    return tmp_path / "out"


def statuses(verdict):
    return {check.name: check.status for check in verdict.checks}


@pytest.mark.parametrize("decision", ["sign", "argmax", "words"])
def test_a_simplified_circuit_has_its_own_network(decision, tmp_path, monkeypatch):
    folder = tmp_path / "out"
    write_folder(results.result(decision, own=True), folder)
    metrics = json.loads((folder / "metrics.json").read_text())
    assert (metrics["start"], metrics["network_of"]) == ("tree", "circuit")
    assert metrics["epsilon_certified"] == 0
    assert verify_folder(folder).status == "proved"
    monkeypatch.setattr(_equivalence, "EXHAUSTIVE_BITS", 2)
    verdict = verify_folder(folder)
    assert verdict.status == "proved"
    assert any("gate by gate" in check.detail for check in verdict.checks)
    circuit = bytearray((folder / "circuit.aig").read_bytes())
    circuit[circuit.index(b"\n") + 4] ^= 2
    (folder / "circuit.aig").write_bytes(bytes(circuit))
    assert verify_folder(folder).status == "refuted"


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("decision", ["sign", "argmax", "words"])
def test_proved(decision, own, tmp_path):
    write_folder(results.result(decision, own=own), tmp_path / "out")
    verdict = verify_folder(tmp_path / "out")
    assert verdict.status == "proved", verdict
    found = statuses(verdict)
    assert found["train_score"] == found["held_out_score"] == "unchecked"
    assert found["circuit.aig = fixed_point.npz"] == "proved"
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    for name, value in metrics.items():
        if isinstance(value, float) or name.startswith("num_"):
            assert name in found
    data = results.table(decision)
    with_data = statuses(verify_folder(tmp_path / "out", data))
    assert with_data["train_score"] == "proved"
    other = verify_folder(tmp_path / "out", results.table(decision, seed=5, source="other.csv"))
    assert other.status == "proved"
    assert statuses(other)["other.csv"] == "unchecked"
    with pytest.raises(DataError, match="no column"):
        verify_folder(tmp_path / "out", Table(data.columns, None, "x.csv", data.n_rows))


@pytest.mark.parametrize("decision", ["sign", "argmax", "words"])
def test_scores_of_guard_and_test_rows(decision, tmp_path):
    test = results.table(decision, seed=9, source="test.csv")
    fit = results.result(decision, guard=[3, 5, 8, 13, 21, 34], test=test)
    write_folder(fit, tmp_path / "out")
    found = statuses(verify_folder(tmp_path / "out", results.table(decision)))
    assert found["train_score"] == found["held_out_score"] == "proved"
    assert found["test_score"] == "unchecked"
    found = statuses(verify_folder(tmp_path / "out", test))
    assert (found["train_score"], found["test_score"]) == ("unchecked", "proved")


def test_false_scores_are_refuted_by_the_rows(tmp_path):
    fit = results.result("sign", guard=[1, 2], test=results.table("sign", seed=9))
    best = replace(fit.best, train_score=0.9, held_out_score=0.9)
    fit = replace(fit, path=(fit.path[0], best), test_score=0.01)
    write_folder(fit, tmp_path / "out")
    assert verify_folder(tmp_path / "out").status == "proved"
    data = results.table("sign")
    assert set(verify_folder(tmp_path / "out", data).refuted) == {"train_score", "held_out_score"}
    data = results.table("sign", seed=9)
    assert verify_folder(tmp_path / "out", data).refuted == ("test_score",)


def test_built_in_rows_are_at_hand(tmp_path):
    data = read_table("builtin:majority")
    point = results.candidate("sign", replace(data, target=named_target(data)), 0.5)
    fit = replace(
        results.result("sign"), path=(point,), chosen=0, target="y", source=data.source,
        n_rows=data.n_rows, train_data=data_record(data),
    )  # fmt: skip
    write_folder(fit, tmp_path / "out")
    found = statuses(verify_folder(tmp_path / "out"))
    assert found["train_score"] in ("proved", "refuted")  # the toy's classes aren't the table's


def named_target(data):
    texts = replace(data.target, values=data.target.values.astype(int), categories=("no", "yes"))
    return texts


def all_bits(data, step):
    for place in range(0, len(data), step):
        for bit in (0, 3, 7):
            changed = bytearray(data)
            changed[place] ^= 1 << bit
            yield bytes(changed)


@pytest.mark.parametrize(
    ("name", "step"),
    [("circuit.aig", 7), ("circuit.v", 97), ("circuit.blif", 97), ("network.npz", 301),
     ("fixed_point.npz", 401), ("report.md", 301), ("path.png", 5001)],
)  # fmt: skip
def test_every_flipped_bit_is_caught(folder, name, step):
    for data in all_bits((folder / name).read_bytes(), step):
        (folder / name).write_bytes(data)
        verdict = verify_folder(folder)
        assert verdict.status == "refuted"
        assert name in verdict.refuted


def leaves(value, path=()):
    """Every number, text and null in a JSON value, with the way to it."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list):
        for key, item in enumerate(value):
            yield from leaves(item, (*path, key))
    else:
        yield path, value


def edited(document, path, value):
    copy = json.loads(json.dumps(document))
    item = copy
    for key in path[:-1]:
        item = item[key]
    item[path[-1]] = value
    return copy


def other_values(value):
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, (int, float)):
        return [value + 1, value * 1.001 + 1e-6, -value - 1, 0 if value else 5]
    return [f"{value}x"] if isinstance(value, str) else []


@pytest.mark.slow
def test_every_edited_number_of_metrics_is_named(folder):
    """The claim itself is named, and no reader fails on it."""
    path = folder / "metrics.json"
    document = json.loads(path.read_text())
    count = 0
    for where, value in leaves(document):
        if where[0] in ("schema", "digests", "digest") or isinstance(value, str):
            continue
        for new in other_values(value):
            path.write_text(json.dumps(edited(document, where, new)))
            if where[0] == "files" and new > value:
                continue
            verdict = verify_folder(folder)
            assert verdict.status == "refuted", (where, new)
            assert where[0] in verdict.refuted, (where, new)
            count += 1
    assert count > 100


def test_every_edited_text_of_metrics_is_named(folder):
    path = folder / "metrics.json"
    document = json.loads(path.read_text())
    for where, value in leaves(document):
        if isinstance(value, str) and where[0] not in ("digests", "digest"):
            path.write_text(json.dumps(edited(document, where, value + "x")))
            assert where[0] in verify_folder(folder).refuted, where
    path.write_text(json.dumps(edited(document, ("digest",), "0" * 64)))
    assert verify_folder(folder).refuted == ("digest",)
    path.write_text(json.dumps(document, indent=3))  # spelt differently: still true
    assert verify_folder(folder).status == "proved"


def test_every_edited_field_of_the_encoding_is_caught(folder):
    path = folder / "encoding.json"
    document = json.loads(path.read_text())
    for where, value in leaves(document):
        for new in [*other_values(value), None]:
            if new == value:
                continue
            path.write_text(json.dumps(edited(document, where, new), indent=1))
            verdict = verify_folder(folder)
            assert "encoding.json" in verdict.refuted, where
    for way in (("columns",), ("columns", 2, "categories"), ("inputs", 0, "bits")):
        item = document
        for key in way:
            item = item[key]
        path.write_text(json.dumps(edited(document, way, item[::-1])))
        assert "encoding.json" in verify_folder(folder).refuted


RESEALED = {
    "num_gates": 1, "num_levels": 1, "num_pis": 1, "num_pos": 1, "num_weights": 1, "num_units": 1,
    "num_bits": 1, "resnet_norm": 1e-4, "path_norm": 1e-4, "lipschitz_bound": 1e-4,
    "epsilon_certified": -1e-4, "epsilon_target": -1e-4,
}  # fmt: skip


def reseal(folder, **changes):
    """What somebody does who recomputes the digests."""
    document = json.loads((folder / "metrics.json").read_text())
    for name in list(changes.pop("drop", ())):
        document.pop(name)
    claims = {n: v for n, v in document.items() if n not in ("digests", "digest")}
    from tetrakis.pipeline._folder import file_record

    claims.update(changes)
    claims["files"] = {name: file_record(folder / name) for name in claims["files"]}
    write_document(sealed(claims), folder / "metrics.json")


@pytest.mark.parametrize("name", sorted(RESEALED))
def test_recomputable_claims_need_no_digest(folder, name):
    value = json.loads((folder / "metrics.json").read_text())[name]
    reseal(folder, **{name: value + RESEALED[name]})
    assert name in verify_folder(folder).refuted


def test_resealed_circuit_is_refuted_by_simulation(folder):
    aig = read_aiger(folder / "circuit.aig")
    outputs = np.array(aig.outputs)
    outputs[0] ^= 1
    changed = Aig(aig.num_pis, aig.fanins, outputs, aig.input_names, aig.output_names)
    write_aiger(changed, str(folder / "circuit.aig"))
    reseal(folder)
    refuted = verify_folder(folder).refuted
    assert "circuit.aig = fixed_point.npz" in refuted
    assert {"circuit.v = circuit.aig", "circuit.blif = circuit.aig"} <= set(refuted)


def test_resealed_encoding_is_refuted_by_names(folder):
    text = (folder / "encoding.json").read_text()
    (folder / "encoding.json").write_text(text.replace('"size"', '"weight"'))
    reseal(folder)
    assert verify_folder(folder).refuted == ("encoding",)


# -- the parts ---------------------------------------------------------------------------------


@given(strategies.fixed_point_resnets(), st.data())
def test_second_computation_agrees_with_the_measures(fixed, data):
    net = data.draw(strategies.perturbed(fixed))
    path, norm = norms(net)
    assert path == pytest.approx(path_norm(net), rel=1e-12, abs=1e-12)
    assert norm == pytest.approx(resnet_norm(net), rel=1e-12, abs=1e-12)
    assert counts(net, fixed) == {
        "num_weights": num_weights(net), "num_units": num_units(net), "num_bits": num_bits(fixed),
    }  # fmt: skip
    continuous = np.array([f.bits > 1 for f in fixed.inputs], bool)
    certificate = error_certificate(net, fixed, continuous=continuous)
    error = error_bound(net, fixed)
    assert error.value == pytest.approx(certificate.value, rel=1e-8, abs=1e-300)


@given(st.integers(0, 10**6))
def test_second_computation_agrees_where_units_hardly_vary(seed):
    """Large biases and shifts: whole ranges within a step, or beyond the last one."""
    rng = np.random.default_rng(seed)
    n, width = 2, 3
    block = FixedPointBlock(
        rng.integers(-2, 3, (width, n)) * rng.integers(0, 2, (width, n)),
        rng.integers(-40, 60, width), rng.integers(0, 5, width), rng.integers(1, 7, width),
        rng.integers(-3, 4, (n, width)), -2,
    )  # fmt: skip
    fixed = FixedPointResNet(
        (FixedPointFormat(2, 0),) * n, np.eye(n), (block,), rng.integers(-2, 3, (2, n)), [0, 1],
        0, 0,
    )  # fmt: skip
    twin = fixed.to_resnet()
    moved = replace(
        twin.blocks[0],
        bias=twin.blocks[0].bias + rng.normal(size=width),
        read=twin.blocks[0].read.toarray() + rng.normal(size=(width, n)) * rng.integers(0, 2, n),
    )
    net = replace(twin, blocks=(moved,))
    certificate = error_certificate(net, fixed)
    error = error_bound(net, fixed)
    assert error.value == pytest.approx(certificate.value, rel=1e-8, abs=error.rounding)
    assert error.rounding < 1e-10


@given(strategies.fixed_point_resnets(), st.data())
def test_compare(fixed, data):
    decision = data.draw(st.sampled_from(["argmax", "sign", "words"]))
    if decision == "sign" and fixed.n_outputs > 1:
        return
    circuit = optimise(compile_network(fixed, decision=decision))
    assert compare(circuit, fixed, decision).status == "proved"
    if circuit.num_pos:
        flipped = Aig(circuit.num_pis, circuit.fanins, np.array(circuit.outputs) ^ 1)
        assert compare(flipped, fixed, decision).status == "refuted"


@pytest.mark.parametrize("decision", ["sign", "argmax", "words"])
def test_compare_without_simulating_everything(decision, monkeypatch):
    monkeypatch.setattr(_equivalence, "EXHAUSTIVE_BITS", 3)
    point = results.result(decision).best
    found = compare(point.circuit, point.fixed_point, decision)
    assert found.status == "proved"
    assert "node by node" in found.detail
    rough = compile_network(point.fixed_point, decision=decision)
    assert rough.num_gates > point.num_gates
    found = compare(rough, point.fixed_point, decision)
    assert found.status == "proved"
    assert "equal circuit" in found.detail
    undecided = circuit_equivalence("unknown", "no time")
    monkeypatch.setattr(_equivalence, "equivalent", lambda *_, **__: undecided)
    found = compare(rough, point.fixed_point, decision)
    assert found.status == "unknown"
    assert "agreed on" in found.detail
    wrong = Aig(rough.num_pis, rough.fanins, np.array(rough.outputs) ^ 1)
    assert compare(wrong, point.fixed_point, decision).status == "refuted"


def test_guard_rows_survive():
    rows = [0, 3, 17]
    assert np.flatnonzero(unpack_guard_rows(pack_guard_rows(rows, 18), 18)).tolist() == rows
    assert pack_guard_rows(None, 18) is None
    assert len(base64.b64decode(pack_guard_rows(rows, 100_000))) == 12_500


def test_data_record():
    first, second = results.table("sign"), results.table("sign", source="copy.csv")
    assert data_record(first).sha256 == data_record(second).sha256
    assert data_record(first).sha256 != data_record(first.take(np.arange(39))).sha256
    values = np.array(first.columns[0].values)
    values[0] += 1e-9
    moved = replace(first, columns=(replace(first.columns[0], values=values), *first.columns[1:]))
    assert data_record(first).sha256 != data_record(moved).sha256
