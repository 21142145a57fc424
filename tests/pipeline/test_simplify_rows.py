"""Rows to edit on: tables, encoded tables, and every input of a circuit."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import results
from tetrakis.circuit import Aig, AigBuilder, simulate_rows
from tetrakis.datasets import Column, Table
from tetrakis.encoding import write_encoding
from tetrakis.errors import ArtifactError, BudgetError, DataError
from tetrakis.pipeline import Wish, box_rows, box_words, simplify_circuit, table_rows
from tetrakis.pipeline._data import run_circuit, score
from tetrakis.pipeline._inputs import live_inputs
from tetrakis.pipeline._simplify_box import steps_within, sup_error

AND = Aig(2, np.array([[4, 2]]), np.array([6]), ("a", "b"))


def plain(values, target, names=("a", "b")):
    columns = tuple(Column(n, np.array(v, float)) for n, v in zip(names, values, strict=True))
    return Table(columns, Column("y", np.array(target, float)), "t.csv", len(target))


def adder(bits=3):
    """Sum of two words, with three inputs that nothing reads among theirs."""
    builder = AigBuilder(2 * bits + 3)
    a, b = (list(map(builder.input, range(k, k + bits))) for k in (1, bits + 2))
    total, carry = [], 0
    for x, y in zip(a, b, strict=True):
        both = builder.xor(x, y)
        total.append(builder.xor(both, carry))
        carry = builder.or_(builder.and_(x, y), builder.and_(both, carry))
    return builder.build([*total, carry, 0])


def words(circuit, rows):
    found = simulate_rows(circuit, rows).astype(int) << np.arange(circuit.num_pos)
    return found[:, :-1].sum(axis=1) - found[:, -1]


def test_columns_are_matched_by_name_else_in_order():
    first = table_rows(AND, plain([[0, 1], [1, 0]], [0, 1]))
    swapped = table_rows(AND, plain([[1, 0], [0, 1]], [0, 1], ("b", "a")))
    assert (first.bits == swapped.bits).all()
    other = table_rows(AND, plain([[1, 0], [0, 1]], [0, 1], ("p", "q")))
    assert (other.bits == first.bits[:, ::-1]).all()
    assert first.score(first.total_loss(AND)) == 0.5


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (plain([[0, 1]], [0, 1], ("a",)), "has 1 input columns, the circuit 2 inputs"),
        (plain([[0, 2], [0, 1]], [0, 1]), "Expected 0 or 1 at column 'a', row 2.*got 2"),
        (plain([[0, 1], [0, 1]], [0, 2]), "from 0 to 1.*at column 'y', row 2.*got 2"),
        (plain([[0, 1], [0, 1]], [0, -1]), "at column 'y', row 2.*got -1"),
        (plain([[0, 1], [0, 1]], [0, 0.5]), r"at column 'y', row 2.*got 0\.5"),
        (plain([[0, 1], [0, 1]], [0, np.nan]), "target has no value at column 'y', row 2"),
        (replace(plain([[], []], []), n_rows=0), "there are no rows"),
        (replace(plain([[0, 1], [0, 1]], [0, 1]), target=None), "no target column was named"),
        (
            replace(
                plain([[0, 1], [0, 1]], [0, 1]), target=Column("y", np.array([0, 1]), ("n", "y"))
            ),
            "holds texts, the circuit gives numbers",
        ),
    ],
)
def test_mistakes_in_tables_are_named(table, message):
    with pytest.raises(DataError, match=message):
        table_rows(AND, table)


@pytest.mark.parametrize("decision", ["sign", "argmax", "words"])
def test_an_encoding_gives_the_scores_of_the_fit(decision):
    data = results.table(decision)
    point = results.candidate(decision, data, 0.5)
    rows = table_rows(point.circuit, data, point.encoding)
    task = "regression" if decision == "words" else "classification"
    expected = score(data.target, run_circuit(point.circuit, point.encoding, data), task=task)
    found = rows.score(rows.total_loss(point.circuit))
    if decision == "argmax":  # a fourth word counts as the last class in a prediction
        assert found <= expected
    else:
        assert found == pytest.approx(expected, abs=1e-9)
    assert (rows.occam(point.circuit, 3.0) is None) == (decision == "words")


def test_encodings_of_other_circuits_or_classes():
    data = results.table("sign")
    point = results.candidate("sign", data, 0.5)
    with pytest.raises(
        ArtifactError, match=r"describes .* inputs and 1 outputs, the circuit has 2"
    ):
        table_rows(AND, data, point.encoding)
    with pytest.raises(ArtifactError, match="doesn't say what the outputs mean"):
        table_rows(point.circuit, data, replace(point.encoding, output=None))
    strange = replace(data, target=replace(data.target, categories=("no", "perhaps")))
    with pytest.raises(DataError, match=r"Class 'perhaps' at .*row .* is none of the circuit's"):
        table_rows(point.circuit, strange, point.encoding)


@pytest.mark.parametrize("epsilon", [0, 1, 2.5])
def test_the_box_bounds_the_error_on_every_input(epsilon):
    start = adder()
    assert live_inputs(start) == (1, 2, 3, 5, 6, 7)
    rows = box_rows(start, epsilon)
    assert rows.bits.shape == (64, 6)
    found = simplify_circuit(start, rows)
    every = ((np.arange(2**9)[:, None] >> np.arange(9)) & 1).astype(bool)
    for point in found.points:
        gap = np.abs(words(point.circuit, every) - words(start, every)).max()
        assert gap <= epsilon
        assert sup_error(start, point.circuit, rows) == gap
    assert found.best.circuit.num_gates == min(p.circuit.num_gates for p in found.points)
    assert (found.best.circuit.num_gates < start.num_gates) == (epsilon > 0)
    assert found.rule == "smallest within the tolerance on every input"


def test_boxes_that_make_no_sense():
    chain = [[2 * v + 2, 2 if v == 1 else 40 + 2 * v] for v in range(1, 21)]
    wide = Aig(21, np.array(chain), np.array([82]))
    with pytest.raises(BudgetError, match="21 inputs matter: 2\\^21 rows are too many"):
        box_rows(wide, 0)
    with pytest.raises(BudgetError, match="epsilon"):
        box_rows(AND, -1.0)
    with pytest.raises(BudgetError, match="class, which has no distance"):
        box_rows(AND, 1.0, classes=True)
    with pytest.raises(BudgetError, match="Occam bound is about wrong classes"):
        simplify_circuit(AND, box_rows(AND, 0), wish=Wish(choose="occam"))


def test_what_a_word_is_worth(tmp_path):
    point = results.candidate("words", results.table("words"), 0.5)
    write_encoding(point.encoding, tmp_path / "encoding.json")
    assert box_words(point.circuit, tmp_path / "encoding.json") == (0.75, False)
    word = {"bits": ["y[0]", "y[1]"], "signed": True, "exponent": -3}
    for outputs, pos in (([word], 2), ([word, word], 4)):
        (tmp_path / "net.json").write_text(json.dumps({"kind": "network", "outputs": outputs}))
        circuit = Aig(2, np.zeros((0, 2)), np.array([2, 4, 2, 4][:pos]))
        if pos == 2:
            assert box_words(circuit, tmp_path / "net.json") == (0.125, False)
        else:
            with pytest.raises(ArtifactError, match="expected one output word"):
                box_words(circuit, tmp_path / "net.json")


@pytest.mark.parametrize(
    ("epsilon", "scale", "steps"), [(0, 1, 0), (0.3, 0.1, 2), (0.3, 0.3, 1), (1e300, 1, 2**53)]
)
def test_steps_within(epsilon, scale, steps):
    assert steps_within(epsilon, scale) == steps
