"""Strict JSON: what is written is read back, and nothing else is taken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tetrakis._json import by_lines, read_strict

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(st.dictionaries(st.text(), VALUES, max_size=4))
def test_documents_are_read_back(document):
    text = by_lines(document)
    assert read_strict(text) == document
    lists = [v for v in document.values() if isinstance(v, list) and v]
    assert text.count("\n") == 2 + max(len(document), 1) + sum(len(v) + 1 for v in lists)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1, "b": {"c": 1, "c": 2}}', "the name 'c' occurs twice"),
        ('{"a": NaN}', "NaN isn't a number of JSON"),
        ('{"a": -Infinity}', "-Infinity isn't a number"),
        ('{"a": [1, 2', "delimiter"),
        ("", "Expecting value"),
        pytest.param("[" * 100_000, "nested too deeply", id="deep"),
    ],
)
def test_what_is_no_plain_json_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        read_strict(text)


def test_nan_is_not_written():
    with pytest.raises(ValueError, match="not JSON compliant"):
        by_lines({"a": [float("nan")]})
