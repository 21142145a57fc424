"""Integer networks from JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tetrakis.errors import FormatError
from tetrakis.network import read_integer_network

NET: dict[str, Any] = {
    "inputs": 2,
    "input_bits": 3,
    "input_signed": True,
    "blocks": [{"W": [[1, -2], [0, 3]], "b": [1, -4], "V": [[2, 0], [0, -1]], "shift": 1}],
    "read_out": [[1, 1]],
}


def read(path: Path, document: Any) -> Any:
    path.write_text(json.dumps(document))
    return read_integer_network(path)


def test_the_semantics(tmp_path: Path) -> None:
    net = read(tmp_path / "n.json", NET)
    codes = np.stack(np.meshgrid(np.arange(-4, 4), np.arange(-4, 4)), -1).reshape(-1, 2)
    for x, found in zip(codes.tolist(), net.evaluate_codes(codes)[:, 0], strict=True):
        h = [max(x[0] - 2 * x[1] + 1, 0) >> 1, max(3 * x[1] - 4, 0) >> 1]
        z = [x[0] + 2 * h[0], x[1] - h[1]]
        assert found == z[0] + z[1]


def test_optional_fields_and_lists(tmp_path: Path) -> None:
    block = {**NET["blocks"][0], "shift": [0, 1], "bits": [2, 62]}
    more = {**NET, "input_bits": [3, 4], "input_signed": [True, False], "blocks": [block]}
    net = read(tmp_path / "n.json", {**more, "offset": [5]})
    assert [(f.bits, f.signed) for f in net.inputs] == [(3, True), (4, False)]
    (found,) = net.evaluate_codes([[3, 0]])
    assert found == 3 + 2 * 3 + 0 + 5  # min(4, 3) and max(-4, 0)


def changed(**fields: Any) -> dict[str, Any]:
    return {**NET, **fields}


def block(**fields: Any) -> dict[str, Any]:
    return {**NET, "blocks": [{**NET["blocks"][0], **fields}]}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "the whole file: expected an object"),
        ({k: v for k, v in NET.items() if k != "read_out"}, "lacks 'read_out'"),
        (changed(spare=1), "unknown 'spare'"),
        (changed(inputs="two"), "inputs: expected"),
        (changed(inputs=True), "inputs: expected"),
        (changed(input_bits=60), r"input_bits\[0\]: expected an integer in 1..52"),
        (changed(input_bits=[3]), "input_bits: expected 2 integers"),
        (changed(input_signed=1), "input_signed: expected true, false"),
        (changed(read_out=[[1]]), r"read_out\[0\]: expected 2 integers"),
        (changed(read_out=[[1, 0.5]]), r"read_out\[0\]\[1\]: expected an integer"),
        (changed(read_out=[[1, 2**60]]), r"read_out\[0\]\[1\]: expected an integer"),
        (changed(offset=[1, 2]), "offset: expected 1 integers"),
        (changed(blocks={}), "blocks: expected a list"),
        (changed(blocks=[3]), r"blocks\[0\]: expected an object"),
        (block(W=[[1, 2, 3]]), r"blocks\[0\].W\[0\]: expected 2"),
        (block(V=[[1, 2]]), r"blocks\[0\].V: expected 2 rows"),
        (block(b=[1]), r"blocks\[0\].b: expected 2 integers"),
        (block(shift=-1), r"blocks\[0\].shift\[0\]"),
        (block(W=[[2**53, 0], [0, 0]], V=[[2**53, 0], [0, 0]]), "sums may reach"),
    ],
)
def test_mistakes_name_the_field(tmp_path: Path, document: Any, message: str) -> None:
    with pytest.raises(FormatError, match=message) as caught:
        read(tmp_path / "n.json", document)
    assert "n.json" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"inputs": 2,\n "blocks": [', "line 2, column 13"),
        ("", "line 1"),
        ('{"inputs": 2, "inputs": 3}', "'inputs' occurs twice"),
        ('{"inputs": NaN}', "n.json"),
    ],
)
def test_no_json(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "n.json").write_text(text)
    with pytest.raises(FormatError, match=message):
        read_integer_network(tmp_path / "n.json")
    (tmp_path / "n.json").write_bytes(b"\xff" + text.encode())
    with pytest.raises(FormatError, match="byte 0"):
        read_integer_network(tmp_path / "n.json")
    with pytest.raises(FormatError, match="can't be read"):
        read_integer_network(tmp_path / "absent.json")
