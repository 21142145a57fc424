"""The Occam bound of a fit: claimed, shown, and recomputed."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.stats import binom

import results
from tetrakis.circuit import Aig, simulate_rows
from tetrakis.datasets import Column, Table
from tetrakis.encoding import Output, fit_encoding
from tetrakis.errors import ArtifactError
from tetrakis.measures import circuit_bits, occam_bound
from tetrakis.pipeline import verify_folder, write_folder
from tetrakis.pipeline._documents import sealed, write_document
from tetrakis.pipeline._metrics import read_metrics
from tetrakis.pipeline._occam import bound_of, bound_text, claim_of, occam_claim, priced
from tetrakis.pipeline._occam_check import _fault, log_tail


def check_of(folder, table=None):
    return next(c for c in verify_folder(folder, table).checks if c.name == "occam_bound")


def reseal(folder, **changes):
    document = json.loads((folder / "metrics.json").read_text())
    claims = {n: v for n, v in document.items() if n not in ("digests", "digest")}
    claims["occam_bound"] = {**claims["occam_bound"], **changes}
    write_document(sealed(claims), folder / "metrics.json")


@pytest.mark.parametrize("decision", ["sign", "argmax"])
@pytest.mark.parametrize("guard", [None, [3, 5, 8, 13]])
def test_verify_counts_the_wrong_rows(decision, guard, tmp_path):
    write_folder(results.result(decision, guard=guard), tmp_path / "out")
    claim = read_metrics(tmp_path / "out")["occam_bound"]
    assert claim["rows"] == 40 - len(guard or ())
    assert claim["risk"] <= claim["value"] <= 1
    assert claim["encoding_bits"] > 100  # boxes of floats
    found = check_of(tmp_path / "out")
    assert found.status == "unchecked"
    assert "toy.csv" in found.detail
    assert check_of(tmp_path / "out", results.table(decision)).status == "proved"
    assert check_of(tmp_path / "out", results.table(decision, seed=3)).status == "unchecked"
    report = (tmp_path / "out" / "report.md").read_text()
    assert "says nothing: too few rows for a circuit of this size" in report


CHANGES = {
    "value": -1e-3, "errors": 1, "rows": 1, "risk": 0.01, "bits": -5.0, "encoding_bits": -5.0,
    "delta": 0.01, "constant_error": 0.01,
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_an_edited_bound_is_refuted(name, tmp_path):
    fit = results.result("sign")
    path = tmp_path / "out"
    roomy = claim_of(bound_of(fit.best.circuit, fit.best.encoding, 900, 9000), 0.3)
    write_folder(replace(fit, occam=roomy), path)
    assert roomy["value"] < 1
    assert check_of(path).status == "unchecked"
    assert check_of(path, results.table("sign")).status == "refuted"  # errors and rows aren't so
    reseal(path, **{name: roomy[name] + CHANGES[name]})
    if name != "constant_error":  # needs the rows
        assert check_of(path).status == "refuted"
    assert check_of(path, results.table("sign")).status == "refuted"


def test_folders_without_a_bound_are_read(tmp_path):
    write_folder(results.result("sign"), tmp_path / "out")
    document = json.loads((tmp_path / "out" / "metrics.json").read_text())
    claims = {n: v for n, v in document.items() if n not in ("digests", "digest", "occam_bound")}
    write_document(sealed(claims), tmp_path / "out" / "metrics.json")
    verdict = verify_folder(tmp_path / "out", results.table("sign"))
    assert verdict.status == "proved"
    assert "occam_bound" not in {check.name for check in verdict.checks}
    document["occam_bound"] = {**document["occam_bound"], "bits": "many"}
    write_document(document, tmp_path / "out" / "metrics.json")
    with pytest.raises(ArtifactError, match=r"occam_bound: bits: expected number, got 'many'"):
        verify_folder(tmp_path / "out")


def test_regression_has_none(tmp_path):
    write_folder(results.result("words"), tmp_path / "out")
    assert read_metrics(tmp_path / "out")["occam_bound"] is None
    assert "occam_bound" not in {c.name for c in verify_folder(tmp_path / "out").checks}


def boolean_table(rows, seed=0, constant=True):
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 2, (rows, 3)).astype(float)
    columns = [Column(f"x{j}", X[:, j]) for j in range(3)]
    if constant:
        columns.insert(1, Column("same", np.ones(rows)))
    y = (X[:, 0] * X[:, 2] != (rng.random(rows) < 0.1)).astype(int)
    return Table(tuple(columns), Column("y", y, ("no", "yes")), "b.csv", rows)


def test_boolean_data_pay_for_the_circuit_alone():
    table = boolean_table(3000)
    encoding = fit_encoding(table).with_output(
        Output("y", "classification", "sign", 1, ("no", "yes"))
    )
    circuit = Aig(3, np.array([[6, 2]]), np.array([8]))
    told, extra = priced(circuit, encoding)
    assert (told.num_pis, extra) == (4, 0.0)  # which column was left out isn't known beforehand
    rows = np.array([[0, 1, 0, 1], [1, 0, 1, 1], [1, 1, 0, 0]], bool)
    assert (simulate_rows(told, rows) == simulate_rows(circuit, rows[:, [0, 2, 3]])).all()
    claim = occam_claim(circuit, encoding, table)
    assert claim["bits"] == circuit_bits(told)[0]
    assert claim["risk"] < 0.12 < claim["value"] < 0.15 < claim["constant_error"]
    assert claim["verdict"].startswith("below the")
    assert "at most" in bound_text(claim)
    assert priced(circuit, None) == (circuit, 0.0)


def test_inputs_that_are_not_read_cost_nothing_beside_the_encoding():
    table = boolean_table(50, constant=False)
    columns = tuple(replace(c, values=c.values + 0.25) for c in table.columns)
    encoding = fit_encoding(replace(table, columns=columns))
    circuit = Aig(3, np.array([[6, 2]]), np.array([8]))
    told, extra = priced(circuit, encoding)
    assert told.num_pis == 2
    assert extra > 40


def test_verdicts():
    bound = occam_bound((8, 20, 1), 15, 2000)
    assert "no better than" in claim_of(bound, 0.05)["verdict"]
    assert "below" in claim_of(bound, 0.4)["verdict"]


@pytest.mark.parametrize(("errors", "rows"), [(0, 5), (3, 200), (700, 3000), (5, 5)])
def test_log_tail(errors, rows):
    for p in (0.01, 0.3, 0.7):
        slow = np.logaddexp.reduce(binom.logpmf(np.arange(errors + 1), rows, p))
        assert log_tail(errors, rows, p) == pytest.approx(slow, rel=1e-9, abs=1e-9)
    assert log_tail(0, 3, 1.0) == -np.inf


@example(1, 1.0, 0.0)  # every row wrong
@given(st.integers(1, 10**6), st.floats(0, 1), st.floats(0, 5000))
def test_the_second_computation_accepts_every_true_bound(rows, share, extra):
    circuit = Aig(2, np.array([[4, 2]]), np.array([6]))
    bound = occam_bound(circuit, int(share * rows), rows, extra_bits=extra)
    claim = claim_of(bound, 0.5)
    own = circuit_bits(circuit)[0] + extra
    assert _fault(claim, own, extra) == ""
    assert "too small" in _fault({**claim, "value": claim["value"] * 0.99}, own, extra) or (
        bound.value >= 1 - 1e-9  # a tail of no rows at all can't be told from one
    )
    if 0 < bound.value < 0.98:
        assert "too large" in _fault({**claim, "value": claim["value"] * 1.01}, own, extra)
