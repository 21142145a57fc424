"""Integer networks as JSON: the form in which other programs hand them over."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from tetrakis._json import read_strict
from tetrakis.errors import FormatError, NetworkError
from tetrakis.network._fixed import FixedPointResNet
from tetrakis.network._fixed_block import (
    UNBOUNDED,
    WEIGHTS,
    FixedPointBlock,
    FixedPointFormat,
)

_KEYS = {"inputs", "input_bits", "input_signed", "blocks", "read_out"}
_OPTIONAL = {"offset"}
_BLOCK_KEYS = {"W", "b", "V", "shift"}
_BLOCK_OPTIONAL = {"bits"}
_REMEDY = "docs/representation.md describes the format."


def read_integer_network(path: str | os.PathLike[str]) -> FixedPointResNet:
    """Read an integer residual network from JSON; see docs/representation.md.

    The stream z starts as the n inputs; for each block ``h = max(W z + b, 0) >> shift`` (at
    most ``2**bits − 1``), ``z = z + V h``; then ``y = read_out z + offset``.

    Parameters
    ----------
    path : path

    Raises
    ------
    FormatError
        If the file can't be read, is no JSON (line and column named), or a field is missing,
        unknown, of the wrong type or of the wrong size (the field is named).
    """
    path = Path(path)
    try:
        text = path.read_bytes().decode("utf-8")
        document = read_strict(text)
    except OSError as error:
        raise FormatError(f"{path}: can't be read ({error.strerror}).") from None
    except json.JSONDecodeError as error:
        raise FormatError(
            f"{path.name}, line {error.lineno}, column {error.colno}: no JSON ({error.msg}).",
            remedy="The file is truncated or was edited; write it again.",
        ) from None
    except UnicodeDecodeError as error:
        raise FormatError(f"{path.name}, byte {error.start}: no UTF-8 text.") from None
    except ValueError as error:
        raise FormatError(f"{path.name}: {error}.") from None
    try:
        return _Reader(path.name).network(document)
    except NetworkError as error:
        raise FormatError(f"{path.name}: {error.message}", remedy=error.remedy) from None


class _Reader:
    def __init__(self, name: str) -> None:
        self.name = name

    def fail(self, field: str, expected: str, found: Any) -> FormatError:
        shown = f"{found!r:.40}"
        return FormatError(
            f"{self.name}: {field}: expected {expected}, got {shown}.", remedy=_REMEDY
        )

    def network(self, document: Any) -> FixedPointResNet:
        self.keys("the whole file", document, _KEYS, _OPTIONAL)
        n = document["inputs"]
        if isinstance(n, bool) or not isinstance(n, int) or n < 0:
            raise self.fail("inputs", "the number of inputs", n)
        bits = self.integers("input_bits", document["input_bits"], n, low=1, high=52)
        signed = self.flags("input_signed", document["input_signed"], n)
        formats = tuple(
            FixedPointFormat(int(b), 0, bool(s)) for b, s in zip(bits, signed, strict=True)
        )
        if not isinstance(document["blocks"], list):
            raise self.fail("blocks", "a list", document["blocks"])
        blocks = tuple(self.block(k, item, n) for k, item in enumerate(document["blocks"]))
        read_out = self.matrix("read_out", document["read_out"], None, n)
        offset = self.integers("offset", document.get("offset", 0), len(read_out))
        zeros = np.zeros(n, np.int64), np.zeros(len(read_out), np.int64)
        eye = np.eye(n, dtype=np.int64)
        return FixedPointResNet(formats, eye, blocks, read_out, offset, *zeros)

    def block(self, k: int, item: Any, n: int) -> FixedPointBlock:
        place = f"blocks[{k}]"
        self.keys(place, item, _BLOCK_KEYS, _BLOCK_OPTIONAL)
        read = self.matrix(f"{place}.W", item["W"], None, n)
        width = len(read)
        return FixedPointBlock(
            read,
            self.integers(f"{place}.b", item["b"], width),
            self.integers(f"{place}.shift", item["shift"], width, low=0, high=62),
            self.integers(f"{place}.bits", item.get("bits", UNBOUNDED), width, low=1, high=62),
            self.matrix(f"{place}.V", item["V"], n, width),
            np.zeros(width, np.int64),
        )

    def keys(self, place: str, item: Any, needed: set[str], optional: set[str]) -> None:
        if not isinstance(item, dict):
            raise self.fail(place, "an object", item)
        for name in sorted(needed - item.keys()):
            raise FormatError(f"{self.name}: {place} lacks {name!r}.", remedy=_REMEDY)
        for name in item.keys() - needed - optional:
            raise FormatError(f"{self.name}: {place} has an unknown {name!r}.", remedy=_REMEDY)

    def flags(self, field: str, value: Any, size: int) -> list[bool]:
        items = value if isinstance(value, list) else [value] * size
        if len(items) != size or not all(isinstance(x, bool) for x in items):
            raise self.fail(field, f"true, false or {size} of these", value)
        return items

    def integers(
        self, field: str, value: Any, size: int, *, low: int = -WEIGHTS, high: int = WEIGHTS
    ) -> np.ndarray:
        """One integer for all, or a list of `size`."""
        items = value if isinstance(value, list) else [value] * size
        if len(items) != size:
            raise self.fail(field, f"{size} integers", value)
        return self.row(field, items, low, high)

    def row(self, field: str, items: list[Any], low: int, high: int) -> np.ndarray:
        for k, x in enumerate(items):
            if type(x) is not int or not low <= x <= high:
                raise self.fail(f"{field}[{k}]", f"an integer in {low}..{high}", x)
        return np.array(items, np.int64)

    def matrix(self, field: str, value: Any, rows: int | None, columns: int) -> np.ndarray:
        if not isinstance(value, list) or (rows is not None and len(value) != rows):
            raise self.fail(field, f"{'' if rows is None else rows} rows".strip(), value)
        made = np.zeros((len(value), columns), np.int64)
        for k, items in enumerate(value):
            if not isinstance(items, list) or len(items) != columns:
                raise self.fail(f"{field}[{k}]", f"{columns} integers", items)
            made[k] = self.row(f"{field}[{k}]", items, -WEIGHTS, WEIGHTS)
        return made
