"""Encodings: monotone, exact at the box edges, the same bits whichever door the rows take."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tetrakis.datasets import Column, Table, read_table, table_from_arrays
from tetrakis.encoding import BoxColumn, fit_encoding, quantile_levels
from tetrakis.errors import DataError, EncodingError

NUMBERS = st.floats(-1e9, 1e9, width=32)


def table(**columns):
    made = []
    for name, values in columns.items():
        if any(isinstance(v, str) for v in values):
            categories = tuple(sorted({v for v in values if v is not None}))
            codes = [-1 if v is None else categories.index(v) for v in values]
            made.append(Column(name, codes, categories))
        else:
            made.append(Column(name, values))
    return Table(tuple(made), source="t.csv", n_rows=len(made[0].values))


@given(arrays(float, st.integers(3, 30), elements=NUMBERS), st.integers(1, 8), st.data())
def test_box_codes(values, bits, data):
    values[:3] = [-2e9, 0.5, 2e9]
    encoding = fit_encoding(values[:, None], bits=bits)
    top = 2**bits - 1
    x = np.sort(np.append(data.draw(arrays(float, 20, elements=st.floats(-1e12, 1e12))), values))
    codes = encoding.encode(x[:, None])[:, 0]
    assert np.all(np.diff(codes) >= 0)
    assert codes.min() >= 0
    assert codes.max() <= top
    np.testing.assert_array_equal(
        encoding.encode([[-2e9], [2e9], [-1e300], [1e300]])[:, 0], [0, top, 0, top]
    )
    inside = x[np.abs(x) <= 2e9]
    decoded = -2e9 + encoding.encode(inside[:, None])[:, 0] / top * 4e9
    assert np.all(np.abs(decoded - inside) <= 2e9 / top * (1 + 1e-9))


@given(arrays(float, st.integers(2, 40), elements=st.floats(-5, 5)), st.integers(1, 5), st.data())
def test_quantile_levels(values, bits, data):
    values[:2] = [-9, 9]
    thresholds = quantile_levels(values, bits=bits)
    assert 1 <= len(thresholds) < 2**bits
    X = np.column_stack([values, np.arange(len(values))])
    encoding = fit_encoding(X, bits=[1, 0], levels={"x0": thresholds})
    x = np.sort(data.draw(arrays(float, 20, elements=st.floats(-10, 10))))
    codes = encoding.encode(np.column_stack([x, x]))[:, 0]
    np.testing.assert_array_equal(codes, [(thresholds <= v).sum() for v in x])
    assert encoding.encode(X)[:, 0].max() == len(thresholds)
    assert encoding.num_pis == len(thresholds).bit_length()


@given(st.lists(st.integers(1, 8), min_size=1, max_size=5), st.integers(0, 2**32 - 1))
def test_bits_are_the_codes_least_significant_first(widths, seed):
    rng = np.random.default_rng(seed)
    encoding = fit_encoding(rng.normal(size=(10, len(widths))), bits=widths)
    codes = rng.integers(0, 2 ** np.array(widths), size=(7, len(widths)))
    bits = encoding.codes_to_bits(codes)
    assert bits.shape == (7, sum(widths))
    for k, word in enumerate(encoding.inputs):
        np.testing.assert_array_equal(bits[:, word.bits] @ (1 << np.arange(widths[k])), codes[:, k])
    assert [(f.bits, f.exponent, f.signed) for f in encoding.formats] == [
        (w, -w, False) for w in widths
    ]


def test_two_valued_columns_take_one_bit():
    encoding = fit_encoding(table(a=[-1, 3, 3], b=["x", "y", "x"], c=[1, 2, 3]), bits=4)
    assert encoding.num_pis == 4
    np.testing.assert_array_equal(
        encoding.encode(table(a=[3, -1], b=["y", "x"], c=[3, 1])), [[1, 1, 2], [0, 0, 0]]
    )
    assert encoding.input_names == ("a", "b=y", "c[0]", "c[1]")


def test_whole_numbers_that_fit_are_kept_exactly():
    values = np.array([-2, 0, 3, 11], float)
    encoding = fit_encoding(table(c=values), bits=8)
    assert encoding.num_pis == 4
    np.testing.assert_array_equal(encoding.encode(table(c=values))[:, 0], values + 2)
    np.testing.assert_array_equal(encoding.encode(table(c=[-9, 99]))[:, 0], [0, 15])


def test_trim_leaves_outliers_outside_the_box():
    values = np.r_[np.linspace(0, 1, 998), -1e6, 1e6]
    (column,) = fit_encoding(table(c=values), bits=3, trim=0.005).columns
    assert -0.01 < column.lo < 0.01 and 0.99 < column.hi < 1.01
    (column,) = fit_encoding(table(c=values), bits=3).columns
    assert (column.lo, column.hi) == (-1e6, 1e6)


def test_categories_are_one_hot():
    encoding = fit_encoding(table(c=["r", "g", "b", "r"]))
    assert [w.name for w in encoding.inputs] == ["c=b", "c=g", "c=r"]
    np.testing.assert_array_equal(encoding.encode(table(c=["g", "r"])), [[0, 1, 0], [0, 0, 1]])


def test_unknown_category():
    encoding = fit_encoding(table(c=["r", "g", "b"]))
    rows = table(c=["g", "q", "p"])
    with pytest.raises(EncodingError, match=r"'q' at column 'c', row 2 .*'b', 'g', 'r'"):
        encoding.encode(rows)
    np.testing.assert_array_equal(
        encoding.encode(rows, unknown="ignore"), [[0, 1, 0], [0, 0, 0], [0, 0, 0]]
    )


def test_kinds_may_differ_between_files():
    encoding = fit_encoding(table(c=["1", "2.0", "x"], n=[1, 2, 3]), bits=2)
    np.testing.assert_array_equal(
        encoding.encode(table(c=[2, 1], n=["3", "1"])), [[0, 1, 0, 2], [1, 0, 0, 0]]
    )
    with pytest.raises(EncodingError, match=r"number at column 'n', row 2 .*'many'"):
        encoding.encode(table(c=[1, 1], n=["3", "many"]))


def test_columns_are_found_by_name():
    encoding = fit_encoding(table(a=[0, 1, 2, 3], b=[0, 2, 4, 6]), bits=2)
    np.testing.assert_array_equal(
        encoding.encode(table(b=[6], extra=["?"], a=[1])), encoding.encode([[1.0, 6.0]])
    )
    with pytest.raises(DataError, match="no column 'a'"):
        encoding.encode(table(b=[6]))
    with pytest.raises(EncodingError, match=r"\(n, 2\), got \(1, 3\)"):
        encoding.encode([[1.0, 2.0, 3.0]])


def test_missing_values():
    rows = table(a=[1.0, np.nan, 2, 2, 9], c=["u", "v", None, "v", "w"])
    with pytest.raises(DataError, match=r"column 'a', row 2 .*--impute median"):
        fit_encoding(rows)
    median = fit_encoding(rows, impute="median")
    assert [c.fill for c in median.columns] == [2.0, "v"]
    assert (median.columns[0].lo, median.columns[0].hi) == (1, 16)  # whole numbers, 4 bits
    assert [c.fill for c in fit_encoding(rows, impute="mode").columns] == [2.0, "v"]
    gap = table(a=[np.nan], c=["u"])
    np.testing.assert_array_equal(median.encode(gap), median.encode(table(a=[2], c=["u"])))
    strict = fit_encoding(table(a=[1, 2, 3], c=["u", "v", "w"]))
    with pytest.raises(EncodingError, match=r"column 'a', row 1 .*--impute"):
        strict.encode(gap)
    with pytest.raises(EncodingError, match="column 'c', row 2"):
        strict.encode(table(a=[1, 1], c=["u", None]))


def test_uninformative_columns_are_left_out_with_a_note():
    rows = table(a=[1, 2, 3], k=[5, 5, 5], n=[np.nan] * 3, t=["s", "s", "s"])
    encoding = fit_encoding(rows, bits=2)
    assert encoding.dropped == ("k", "n", "t")
    assert encoding.notes[0] == "column 'k' is left out: it is 5 in every row"
    np.testing.assert_array_equal(encoding.encode(table(a=[3])), [[2]])
    with pytest.raises(DataError, match="no input column"):
        fit_encoding(table(k=[5, 5]))


def test_pla_inputs_stay_in_order_even_when_constant(tmp_path):
    path = tmp_path / "f.pla"
    path.write_text(".i 3\n.o 1\n.type fr\n010 1\n011 0\n")
    rows = read_table(path)
    encoding = fit_encoding(rows, bits=5)
    assert encoding.input_names == ("x0", "x1", "x2")
    np.testing.assert_array_equal(encoding.encode_bits(rows), [[0, 1, 0], [0, 1, 1]])


def test_equal_word_names_are_told_apart():
    encoding = fit_encoding(table(**{"c=y": [1, 2, 3], "c": ["x", "y", "y"]}), bits=1)
    assert len(set(encoding.input_names)) == 2


@pytest.mark.parametrize("bits", [9, -1, 2.5, [1, 2], "3"])
def test_bad_bits(bits):
    with pytest.raises(EncodingError, match="bits"):
        fit_encoding([[0.0], [1.0], [2.0]], bits=bits)


def test_bad_specs():
    for lo, hi in [(1, 1), (2, 1), (-1.7e308, 1.7e308), (np.nan, 1)]:
        with pytest.raises(EncodingError, match="box"):
            BoxColumn("a", 0, lo, hi, 3)
    for thresholds in [[], [2, 1], [1, 1], [np.inf], range(256)]:
        with pytest.raises(EncodingError, match="thresholds"):
            fit_encoding([[0.0], [1.0], [2.0]], levels={"x0": thresholds})


@pytest.mark.parametrize("codes", [[[4, 0]], [[-1, 0]], [[0]], [0, 0], [[0.5, 0.0]]])
def test_bad_codes(codes):
    encoding = fit_encoding(np.arange(8.0).reshape(4, 2), bits=2)
    with pytest.raises(EncodingError, match="codes"):
        encoding.codes_to_bits(codes)


def test_training_rows_alone_decide():
    train = table_from_arrays([[0.0], [1.0], [4.0]])
    encoding = fit_encoding(train, bits=3)
    encoding.encode([[100.0]])
    assert encoding == fit_encoding(train, bits=3)
