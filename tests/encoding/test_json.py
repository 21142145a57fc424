"""encoding.json: what is written is what is read, and edits are noticed."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tetrakis.datasets import Column, Table
from tetrakis.encoding import (
    Output,
    encoding_from_json,
    encoding_to_json,
    fit_encoding,
    read_encoding,
    write_encoding,
)
from tetrakis.errors import ArtifactError, EncodingError


def example(impute="mode"):
    columns = (
        Column("height", [1.5, 2.25, 1.0]),
        Column("colour", [0, 1, 2], ("blue", "größer", "rot")),
        Column("rank", [1, 2, 3]),
    )
    encoding = fit_encoding(
        Table(columns, n_rows=3), bits=[3, 1, 2], levels={"rank": [1.5, 2.5]}, impute=impute
    )
    return encoding.with_output(Output("y", "classification", "argmax", 2, ("a", "b", "c")))


@given(
    arrays(float, (6, 3), elements=st.floats(-1e6, 1e6), unique=True),
    st.lists(st.integers(1, 8), min_size=3, max_size=3),
    st.sampled_from([None, "median", "mode"]),
)
def test_round_trip(X, bits, impute):
    output = Output("y", "regression", "words", 9, offset=float(X[0, 0]), scale=0.1)
    encoding = fit_encoding(X, bits=bits, impute=impute).with_output(output)
    text = encoding_to_json(encoding)
    again = encoding_from_json(text)
    assert again == encoding
    assert encoding_to_json(again) == text
    np.testing.assert_array_equal(again.encode(X), encoding.encode(X))


def test_round_trip_of_all_kinds(tmp_path):
    for encoding in (example(), example(None), fit_encoding([[0.0], [1.0]])):
        write_encoding(encoding, tmp_path / "encoding.json")
        assert read_encoding(tmp_path / "encoding.json") == encoding


def test_layout_that_scripts_rely_on():
    document = json.loads(encoding_to_json(example()))
    assert document["inputs"][0] == {"name": "height", "bits": [0, 1, 2], "signed": False}
    assert document["inputs"][1] == {"name": "colour=blue", "bits": [3], "signed": False}
    assert document["outputs"] == [{"name": "y", "bits": [0, 1], "signed": False}]


def paths(value, prefix=()):
    yield prefix
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, item in items:
        yield from paths(item, (*prefix, key))


DOCUMENT = json.loads(encoding_to_json(example()))
PATHS = [path for path in paths(DOCUMENT) if path]


@pytest.mark.parametrize("path", PATHS, ids=lambda p: ".".join(map(str, p)))
@pytest.mark.parametrize("value", [None, True, "?", -7, 99, [], {}], ids=repr)
def test_an_edited_field_is_noticed_or_harmless(path, value):
    """Every field set to a value of a wrong kind or range; what passes must be a valid encoding."""
    document = json.loads(json.dumps(DOCUMENT))
    *parents, last = path
    place = document
    for key in parents:
        place = place[key]
    place[last] = value
    try:
        encoding = encoding_from_json(json.dumps(document))
    except ArtifactError as error:
        assert "encoding.json" in error.message
        assert error.remedy
    else:
        assert json.loads(encoding_to_json(encoding)) == document


@pytest.mark.parametrize("path", [p for p in PATHS if isinstance(p[-1], str)], ids=str)
def test_a_missing_field_is_named(path):
    document = json.loads(json.dumps(DOCUMENT))
    place = document
    for key in path[:-1]:
        place = place[key]
    del place[path[-1]]
    with pytest.raises(ArtifactError, match=r"missing|schema|kind|contradicts"):
        encoding_from_json(json.dumps(document))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "valid JSON"),
        (encoding_to_json(example())[:200], "valid JSON"),
        ("[]", "an object"),
        ('{"schema": 2}', "expected schema 1"),
        (encoding_to_json(example()).replace("1.0", "NaN", 1), "NaN"),
        (encoding_to_json(example()).replace("{", '{"schema": 1,', 1), "twice"),
        (encoding_to_json(example()).replace("{", '{"more": 1,', 1), "unknown field 'more'"),
        (
            encoding_to_json(example()).replace('"bits": [0, 1, 2]', '"bits": [0, 2, 1]'),
            r"inputs\[0\] contradicts",
        ),
        (encoding_to_json(example()).replace('"bits": 3', '"bits": 4'), "contradicts"),
        (encoding_to_json(example()).replace('"hi": 2.25', '"hi": 0.5'), r"columns\[0\].box"),
    ],
)
def test_tampering_is_named(text, message):
    with pytest.raises(ArtifactError, match=message):
        encoding_from_json(text)


def test_missing_file(tmp_path):
    with pytest.raises(ArtifactError, match="no such file"):
        read_encoding(tmp_path / "encoding.json")


def test_predictions():
    bits = np.array([[0, 0], [1, 0], [0, 1]], dtype=bool)
    argmax = Output("y", "classification", "argmax", 2, ("a", "b", "c"))
    assert list(argmax.predictions(bits)) == ["a", "b", "c"]
    assert list(argmax.predictions([[1, 1]])) == ["c"]  # beyond the last class
    words = Output("y", "regression", "words", 2, offset=10.0, scale=0.5)
    np.testing.assert_array_equal(words.predictions(bits), [10, 10.5, 9])
    sign = Output("y", "classification", "sign", 1, ("no", "yes"))
    assert list(sign.predictions([[0], [1]])) == ["no", "yes"]
    with pytest.raises(EncodingError, match="output bits"):
        sign.predictions(bits)


@pytest.mark.parametrize(
    "fields",
    [
        {"task": "ranking", "decision": "sign"},
        {"task": "regression", "decision": "sign"},
        {"task": "classification", "decision": "sign", "classes": ("a", "b", "c")},
        {"task": "classification", "decision": "argmax", "bits": 3, "classes": ("a", "b")},
        {"task": "classification", "decision": "argmax", "classes": ("a", "a")},
        {"task": "classification", "decision": "sign", "classes": ("a", "b"), "scale": 2.0},
        {"task": "regression", "decision": "words", "scale": 0.0},
        {"task": "regression", "decision": "words", "offset": float("nan")},
        {"task": "regression", "decision": "words", "bits": 63},
        {"task": "regression", "decision": "words", "classes": ("a", "b")},
    ],
)
def test_bad_outputs(fields):
    with pytest.raises(EncodingError):
        Output("y", **fields)
