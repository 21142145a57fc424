"""Espresso PLA: semantics of the types, and the line of every mistake."""

import gzip

import numpy as np
import pytest

from tetrakis.datasets import read_table
from tetrakis.errors import DataError, FormatError


@pytest.fixture
def pla(tmp_path):
    def pla(text, **options):
        path = tmp_path / "f.pla.gz"
        path.write_bytes(gzip.compress(text.encode()))
        return read_table(path, **options)

    return pla


def matrix(table):
    return np.stack([column.values for column in table.columns], axis=1)


def test_rows_in_order(pla):
    table = pla("# c\n.i 3\n.o 1\n.p 3\n.type fr\n001 1\n110|0 # c\n1 1 1 1\n.e\nnonsense")
    np.testing.assert_array_equal(matrix(table), [[0, 0, 1], [1, 1, 0], [1, 1, 1]])
    np.testing.assert_array_equal(table.target.values, [1, 0, 1])
    assert table.names == ("x0", "x1", "x2")
    assert table.target.name == "y"
    assert table.boolean
    assert table.notes == ()


def test_names(pla):
    table = pla(".i 2\n.o 2\n.ilb p q\n.ob f g\n.type fr\n01 10\n10 01\n", target="g")
    assert table.names == ("p", "q")
    assert table.target.name == "g"
    np.testing.assert_array_equal(table.target.values, [0, 1])


def test_dont_cares_are_expanded(pla):
    table = pla(".i 3\n.o 1\n.type fr\n1-- 1\n000 0\n001 -\n")
    rows = {(*row, y) for *row, y in np.column_stack([matrix(table), table.target.values])}
    assert rows == {(1, 0, 0, 1), (1, 1, 0, 1), (1, 0, 1, 1), (1, 1, 1, 1), (0, 0, 0, 0)}
    assert "expanded to 5" in table.notes[0]


def test_on_set_types_give_the_truth_table(pla):
    table = pla(".i 2\n.o 1\n1- 1\n01 -\n")  # Espresso's default type is fd
    np.testing.assert_array_equal(matrix(table), [[0, 0], [1, 0], [1, 1]])
    np.testing.assert_array_equal(table.target.values, [0, 1, 1])
    table = pla(".i 2\n.o 1\n.type f\n1- 1\n01 -\n")
    np.testing.assert_array_equal(table.target.values, [0, 0, 1, 1])


def test_repetitions_are_reported(pla):
    table = pla(".i 2\n.o 1\n.type fr\n01 1\n01 0\n01 1\n10 1\n")
    assert table.n_rows == 4
    assert table.notes == (
        "2 rows repeat the inputs of another row",
        "1 inputs occur with both output values",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("01 1\n", "line 1: a row before"),
        (".i 2\n.o 1\n.type fr\n01 1\n011 0\n00\n", r"line 5: expected 2 input and 1 output.* 4"),
        (".i 2\n.o 1\n.type fr\n0x 1\n", "line 4: unexpected character 'x' at position 2"),
        (".i 2\n.o 1\n.type fr\n0~ 1\n", "line 4: unexpected character '~'"),
        (".i two\n", r"line 1: expected \.i NUMBER"),
        (".i 2\n.o 1\n.p 3\n.type fr\n01 1\n", r"\.p announces 3 rows, the file has 1"),
        (".i 2\n.o 1\n.type xyz\n", "line 3"),
        (".i 2\n.o 1\n.phase 1\n", r"line 3: \.phase isn't supported"),
        (".i 2\n.o 1\n.ilb a a\n", "line 3: a name occurs twice"),
        (".i 2\n.o 1\n.type fr\n.ilb a\n01 1\n", r"\.ilb has 1 names, expected 2"),
        (".o 1\n", r"expected \.i with"),
    ],
)
def test_malformed(pla, text, message):
    with pytest.raises(FormatError, match=message):
        pla(text)


def test_unusable(pla):
    with pytest.raises(DataError, match=r"2 outputs.*--target: y0, y1"):
        pla(".i 1\n.o 2\n.type fr\n1 11\n")
    with pytest.raises(DataError, match="no column 'h'"):
        pla(".i 1\n.o 1\n.type fr\n1 1\n", target="h")
    with pytest.raises(DataError, match="truth table is too large"):
        pla(".i 17\n.o 1\n" + "1" * 17 + " 1\n")
    with pytest.raises(DataError, match="at most"):
        pla(".i 30\n.o 1\n.type fr\n" + "-" * 30 + " 1\n")
    with pytest.raises(DataError, match="no rows"):
        pla(".i 2\n.o 1\n.type fr\n01 -\n")
