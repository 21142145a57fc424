"""Claims about an edited circuit, recomputed from its folder and from rows."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import results
from tetrakis.circuit import AigBuilder, read_aiger, simulate_rows, write_aiger
from tetrakis.datasets import Column, Table
from tetrakis.errors import ArtifactError
from tetrakis.pipeline import (
    Wish,
    box_rows,
    is_simplified,
    predict_folder,
    simplify_circuit,
    table_rows,
    task_of,
    verify_simplified,
    write_simplified,
)
from tetrakis.pipeline._documents import sealed, write_document
from tetrakis.pipeline._folder import exported, file_record


def start_circuit():
    builder = AigBuilder(5)
    a, b, c, d, e = map(builder.input, range(5))
    odd = builder.xor(builder.xor(a, b), builder.and_(c, d))
    return builder.build([builder.or_(odd, builder.and_(builder.and_(a, e), c))])


def table_of(circuit, rows, seed):
    rng = np.random.default_rng(seed)
    bits = rng.random((rows, 5)) < 0.5
    y = simulate_rows(circuit, bits)[:, 0] ^ (rng.random(rows) < 0.05)
    columns = tuple(Column(f"x{j}", bits[:, j].astype(float)) for j in range(5))
    return Table(columns, Column("y", y.astype(float)), f"{seed}.csv", rows)


def write(folder, start, rows, held=None, **options):
    found = simplify_circuit(start, rows, guard=held, wish=options.pop("wish", None))
    epsilon = options.pop("epsilon", None)
    task = task_of(start, rows, held, budget=None, epsilon=epsilon)
    return write_simplified(found, folder, task=task, **options)


def test_predictions_need_an_encoding(folder, tables):
    with pytest.raises(ArtifactError, match=r"encoding.json.*--encoding"):
        predict_folder(folder, tables[0])


@pytest.fixture
def tables():
    start = start_circuit()
    return table_of(start, 400, 1), table_of(start, 300, 2)


@pytest.fixture
def folder(tables, tmp_path):
    start = start_circuit()
    write(tmp_path / "out", start, *(table_rows(start, t) for t in tables))
    return tmp_path / "out"


def statuses(verdict):
    return {check.name: check.status for check in verdict.checks}


def test_rows_and_guard_are_known_again(folder, tables):
    assert is_simplified(folder)
    assert not is_simplified(folder / "points")
    verdict = verify_simplified(folder)
    assert verdict.status == "proved"
    found = statuses(verdict)
    needy = ("score_on_rows", "guard_score", "contradictory_rows", "occam_bound")
    assert {found[name] for name in needy} == {"unchecked"}
    found = statuses(verify_simplified(folder, tables[0]))
    assert [found[name] for name in needy] == ["proved", "unchecked", "proved", "proved"]
    found = statuses(verify_simplified(folder, tables[1]))
    assert [found[name] for name in needy] == ["unchecked", "proved", "unchecked", "unchecked"]
    found = statuses(verify_simplified(folder, table_of(start_circuit(), 50, 3)))
    assert found["rows"] == "unchecked"


def test_an_encoding_is_paid_for(tmp_path):
    data = results.table("sign", rows=300)
    point = results.candidate("sign", data, 0.5)
    rows = table_rows(point.circuit, data, point.encoding)
    from tetrakis.encoding import write_encoding

    write_encoding(point.encoding, tmp_path / "encoding.json")
    words = (tmp_path / "encoding.json").read_bytes()
    wish = Wish(choose="occam")
    summary = write(tmp_path / "out", point.circuit, rows, wish=wish, encoding=words)
    assert summary["occam_bound"]["encoding_bits"] > 0
    assert statuses(verify_simplified(tmp_path / "out", data))["occam_bound"] == "proved"
    guess = predict_folder(tmp_path / "out", data)
    circuit = read_aiger(tmp_path / "out" / "circuit.aig")
    bits = simulate_rows(circuit, point.encoding.encode_bits(data))
    assert guess.tolist() == point.encoding.output.predictions(bits).tolist()
    (tmp_path / "out" / "encoding.json").write_bytes(words + b" ")
    with pytest.raises(ArtifactError, match="encoding"):
        predict_folder(tmp_path / "out", data)


def test_the_box_is_enumerated_again(tmp_path):
    builder = AigBuilder(6)
    bits = [builder.and_(builder.input(k), builder.input(k + 3)) for k in range(3)]
    start = builder.build([*bits, 0])
    write(tmp_path / "out", start, box_rows(start, 1.0), epsilon=1.0)
    assert statuses(verify_simplified(tmp_path / "out"))["sup_error"] == "proved"


def reseal(folder, name, **changes):
    document = json.loads((folder / name).read_text())
    claims = {n: v for n, v in document.items() if n not in ("digests", "digest")}
    write_document(sealed({**claims, **changes}), folder / name)
    if name == "summary.json":
        path = json.loads((folder / "path.json").read_text())
        files = {**path["files"], name: file_record(folder / name)}
        reseal(folder, "path.json", files=files)


@pytest.mark.parametrize(
    "name", ["num_gates", "num_levels", "start_num_gates", "score_on_rows", "contradictory_rows"]
)
def test_false_claims_are_refuted(name, folder, tables):
    value = json.loads((folder / "summary.json").read_text())[name]
    text = (folder / "summary.json").read_text()
    (folder / "summary.json").write_text(text.replace(f'"{name}": ', f'"{name}": 1', 1))
    assert name in verify_simplified(folder).refuted  # by its digest
    (folder / "summary.json").write_text(text)
    reseal(folder, "summary.json", **{name: value + 1})
    assert verify_simplified(folder, tables[0]).refuted == (name,)


def test_false_bounds_are_refuted(folder, tables):
    claim = json.loads((folder / "summary.json").read_text())["occam_bound"]
    reseal(folder, "summary.json", occam_bound={**claim, "value": claim["value"] / 2})
    assert verify_simplified(folder, tables[0]).refuted == ("occam_bound",)


def test_another_circuit_is_refuted(folder):
    circuit = read_aiger(folder / "circuit.aig")
    outputs = np.array(circuit.outputs) ^ 1
    write_aiger(replace(circuit, outputs=outputs), folder / "circuit.aig")
    assert verify_simplified(folder).refuted == ("circuit.aig",)
    path = json.loads((folder / "path.json").read_text())
    changed = read_aiger(folder / "circuit.aig")
    (folder / "circuit.v").write_bytes(exported(changed, "verilog"))
    names = ("circuit.aig", "circuit.v")
    files = {**path["files"], **{n: file_record(folder / n) for n in names}}
    reseal(folder, "path.json", files=files)
    assert {"path", "circuit.blif = circuit.aig"} <= set(verify_simplified(folder).refuted)


@pytest.mark.parametrize("name", ["summary.json", "path.json"])
def test_damaged_documents(name, folder):
    text = (folder / name).read_text()
    for broken in (text[:-40], "[]", '{"kind": "simplify"}'):
        (folder / name).write_text(broken)
        with pytest.raises(ArtifactError, match=r"truncated or no JSON|isn't what"):
            verify_simplified(folder)
    (folder / name).write_text(text)
    (folder / "points" / "0000.aig").unlink()
    with pytest.raises(ArtifactError, match="missing"):
        verify_simplified(folder)
