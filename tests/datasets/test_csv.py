"""CSV, TSV and Parquet: what is read, and what each bad file is told."""

import gzip

import numpy as np
import polars as pl
import pytest

from tetrakis.datasets import read_table
from tetrakis.errors import DataError, FormatError


@pytest.fixture
def write(tmp_path):
    def write(text, name="data.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_columns_and_target(write):
    table = read_table(write("a, b ,y\n1,red,0.5\n2, blue,1\n,red,2\n"), target="y")
    assert table.names == ("a", "b")
    np.testing.assert_array_equal(table.columns[0].values, [1, 2, np.nan])
    assert table.columns[1].categories == ("blue", "red")
    np.testing.assert_array_equal(table.columns[1].values, [1, 0, 1])
    assert table.target.name == "y"
    assert table.n_rows == 3
    with pytest.raises(ValueError, match="read-only"):
        table.columns[0].values[0] = 1


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("zipped", [False, True])
def test_dialects_agree(write, separator, ending, zipped):
    lines = [["a", "b", "c"], ["1", "x", "2.5"], ["-3", "y", "1e3"]]
    data = ending.join(separator.join(line) for line in lines).encode()
    name = "data.tsv" if separator == "\t" else "data.csv"
    path = write(gzip.compress(data) if zipped else data, name + ".gz" * zipped)
    table = read_table(path)
    assert table.names == ("a", "b", "c")
    np.testing.assert_array_equal(table.columns[2].values, [2.5, 1000])


def test_quotes_blank_lines_and_byte_order_mark(write):
    table = read_table(write('\ufeffa,b\n"x, ""y""\nz",1\n\nw,2\n'))
    assert table.columns[0].categories == ("w", 'x, "y"\nz')
    assert table.n_rows == 2


def test_missing_marks(write):
    table = read_table(write("a,b\n?,NA\nnan,\n1, N/A\n"))
    np.testing.assert_array_equal(table.columns[0].missing, [True, True, False])
    assert table.columns[1].missing.all()


def test_late_text_makes_a_categorical_column(write):
    table = read_table(write("a,b\n" + "1,1\n" * 2000 + "2,late\n"))
    assert table.columns[1].categories == ("1", "late")


def test_spaced_numbers_are_numbers(write):
    table = read_table(write("a,b\n1, 2\n3, 4\n"))
    np.testing.assert_array_equal(table.columns[1].values, [2, 4])


def test_take_and_with_target(write):
    table = read_table(write("a,b\n1,x\n2,y\n3,x\n"), target="b")
    some = table.take([2, 0])
    np.testing.assert_array_equal(some.columns[0].values, [3, 1])
    assert list(some.target.texts()) == ["x", "x"]
    assert some.target.categories == ("x", "y")
    swapped = table.with_target("a")
    assert swapped.names == ("b",)
    assert list(swapped.target.texts()) == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("", DataError, "empty"),
        (" \n", DataError, "empty"),
        ("a,b\n", DataError, "no rows"),
        ("a,b,a\n1,2,3\n", FormatError, "columns 1 and 3 are both named 'a'"),
        ("a,,c\n1,2,3\n", FormatError, "column 2 has no name"),
        ("1,2\n3,4\n", FormatError, "Add a header"),
        ("a,b\n1,2\n3\n", FormatError, r"line 3: expected 2 values.* got 1"),
        ("a,b\n1,2,3\n", FormatError, r"line 2: expected 2 values.* got 3"),
        ('a,b\n"x\ny",2\n1\n', FormatError, "line 4"),
        ('a,b\n"x,2\n', FormatError, "never closed"),
        (b"a,b\n1,\xff\n", FormatError, "line 2 isn't UTF-8"),
        (b"a,b\n1,\0\n", FormatError, "zero bytes"),
        ("a,b\n1,2\n3,inf\n", DataError, r"column 'b', row 2 .*data.csv.*--impute"),
    ],
)
def test_bad_csv(write, text, error, message):
    with pytest.raises(error, match=f"(?s){message}"):
        read_table(write(text))


def test_unknown_target_suggests_names(write):
    with pytest.raises(DataError, match="Did you mean 'price'"):
        read_table(write("price,size\n1,2\n"), target="Prise")
    with pytest.raises(DataError, match="'price', 'size'"):
        read_table(write("price,size\n1,2\n"), target="zzz")


def test_bad_paths(write, tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_table(tmp_path / "none.csv")
    with pytest.raises(FormatError, match=r"ending.*\.parquet"):
        read_table(write("a\n1\n", "data.xlsx"))
    with pytest.raises(FormatError, match="gzip"):
        read_table(write(gzip.compress(b"a,b\n1,2\n" * 50)[:-20], "data.csv.gz"))
    with pytest.raises(FormatError, match="gzip"):
        read_table(write("a,b\n1,2\n", "data.csv.gz"))
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(DataError, match="folder"):
        read_table(tmp_path / "folder.csv")


def test_parquet(tmp_path):
    frame = pl.DataFrame({"a": [1, 2, None], "b": ["x", None, "y"], "c": [True, False, None]})
    frame.write_parquet(tmp_path / "data.parquet")
    table = read_table(tmp_path / "data.parquet", target="b")
    np.testing.assert_array_equal(table.columns[0].values, [1, 2, np.nan])
    np.testing.assert_array_equal(table.columns[1].values, [1, 0, -1])
    assert table.target.categories == ("x", "y")


def test_bad_parquet(tmp_path, write):
    with pytest.raises(FormatError, match="Parquet"):
        read_table(write("a,b\n", "data.parquet"))
    path = tmp_path / "list.parquet"
    pl.DataFrame({"a": [[1], [2]]}).write_parquet(path)
    with pytest.raises(FormatError, match="column 'a' holds List"):
        read_table(path)
