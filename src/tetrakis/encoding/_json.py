"""encoding.json: written plainly, read with every field checked."""

from __future__ import annotations

import json
from os import PathLike
from pathlib import Path
from typing import Any

from tetrakis._json import by_lines, read_strict
from tetrakis.encoding._columns import BoxColumn, CategoryColumn, InputColumn, LevelsColumn
from tetrakis.encoding._encoding import Encoding, Word
from tetrakis.encoding._output import Output
from tetrakis.errors import ArtifactError, EncodingError

SCHEMA = 1
_REMEDY = "The file is damaged or was edited; run tetrakis fit again."
_TOP = ("schema", "n_columns", "impute", "dropped", "columns", "inputs", "output", "outputs")
_KINDS: dict[str, tuple[type[InputColumn], dict[str, str]]] = {
    "box": (
        BoxColumn,
        {"lo": "number", "hi": "number", "bits": "integer", "fill": "optional number"},
    ),
    "levels": (LevelsColumn, {"thresholds": "numbers", "fill": "optional number"}),
    "category": (CategoryColumn, {"categories": "texts", "fill": "optional text"}),
}
_OUTPUT = {
    "name": "text",
    "task": "text",
    "decision": "text",
    "bits": "integer",
    "classes": "texts",
    "offset": "number",
    "scale": "number",
}


def encoding_to_json(encoding: Encoding) -> str:
    """Write an encoding as JSON text, the same text for equal encodings."""
    columns = []
    for column in encoding.columns:
        kind = next(k for k, (cls, _) in _KINDS.items() if isinstance(column, cls))
        columns.append({"kind": kind, **vars(column)})
    document = {
        "schema": SCHEMA,
        "n_columns": encoding.n_columns,
        "impute": encoding.impute,
        "dropped": encoding.dropped,
        "columns": columns,
        "inputs": _words(encoding.inputs),
        "output": None if encoding.output is None else vars(encoding.output),
        "outputs": _words(encoding.outputs),
    }
    return by_lines(document)


def write_encoding(encoding: Encoding, path: str | PathLike[str]) -> None:
    """Write encoding.json."""
    Path(path).write_text(encoding_to_json(encoding), encoding="utf-8")


def read_encoding(path: str | PathLike[str]) -> Encoding:
    """Read encoding.json; see `encoding_from_json`."""
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ArtifactError(
            f"{path}: no such file.", remedy="Name a folder that tetrakis fit wrote."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ArtifactError(f"{path}: can't be read ({error}).", remedy=_REMEDY) from None
    return encoding_from_json(text, source=path.name)


def encoding_from_json(text: str, *, source: str = "encoding.json") -> Encoding:
    """Read an encoding and check that all of its fields agree.

    Raises
    ------
    ArtifactError
        For text that isn't JSON, another schema, a missing, unknown or ill-typed field, or one
        that contradicts the others; the field is named.
    """
    try:
        document = read_strict(text)
    except ValueError as error:
        raise ArtifactError(f"{source} isn't valid JSON: {error}.", remedy=_REMEDY) from None
    if not isinstance(document, dict):
        raise _wrong(source, "the whole file", "an object")
    if document.get("schema") != SCHEMA:
        raise ArtifactError(
            f"{source}: expected schema {SCHEMA}, got {document.get('schema')!r}.",
            remedy="Use the version of tetrakis that wrote it, or run tetrakis fit again.",
        )
    _check_keys(document, _TOP, source)
    for name, kind in {
        "n_columns": "integer",
        "impute": "optional text",
        "dropped": "texts",
        "columns": "list",
        "inputs": "list",
        "outputs": "list",
    }.items():
        _check(document[name], kind, f"{source}: {name}")
    if document["impute"] not in (None, "median", "mode"):
        raise _wrong(source, "impute", "null, median or mode")
    encoding = Encoding(
        _read_columns(document["columns"], document["n_columns"], source),
        document["n_columns"],
        _read_output(document["output"], source),
        tuple(document["dropped"]),
        document["impute"],
    )
    for column in encoding.columns:
        if (column.fill is None) != (encoding.impute is None):
            raise _wrong(source, f"fill of column {column.name!r}", "a value as impute says")
    _compare_words(document["inputs"], encoding.inputs, f"{source}: inputs")
    _compare_words(document["outputs"], encoding.outputs, f"{source}: outputs")
    return encoding


def _read_columns(items: list[Any], n_columns: int, source: str) -> tuple[InputColumn, ...]:
    columns: list[InputColumn] = []
    for k, item in enumerate(items):
        place = f"{source}: columns[{k}]"
        if not isinstance(item, dict) or item.get("kind") not in list(_KINDS):
            raise ArtifactError(f"{place}: expected kind {', '.join(_KINDS)}.", remedy=_REMEDY)
        cls, fields = _KINDS[item["kind"]]
        fields = {"name": "text", "index": "integer", **fields}
        columns.append(_build(cls, {n: v for n, v in item.items() if n != "kind"}, fields, place))
    indices = [column.index for column in columns]
    if (
        not columns
        or indices != sorted(set(indices))
        or not 0 <= indices[0] <= indices[-1] < n_columns
    ):
        raise _wrong(
            source, "index of the columns", f"rising numbers below n_columns = {n_columns}"
        )
    if len({column.name for column in columns}) < len(columns):
        raise _wrong(source, "name of the columns", "different names")
    return tuple(columns)


def _read_output(item: Any, source: str) -> Output | None:
    if item is None:
        return None
    if not isinstance(item, dict):
        raise _wrong(source, "output", "null or an object")
    return _build(Output, item, _OUTPUT, f"{source}: output")


def _build(cls: Any, item: dict[str, Any], fields: dict[str, str], place: str) -> Any:
    _check_keys(item, tuple(fields), place)
    values = {}
    for name, kind in fields.items():
        _check(item[name], kind, f"{place}.{name}")
        value = item[name]
        if isinstance(value, list):
            value = tuple(float(v) if kind == "numbers" else v for v in value)
        elif kind.endswith("number") and value is not None:
            value = float(value)
        values[name] = value
    try:
        return cls(**values)
    except EncodingError as error:
        raise ArtifactError(f"{place}.{error.message}", remedy=_REMEDY) from None


def _check_keys(item: dict[str, Any], names: tuple[str, ...], place: str) -> None:
    for name in names:
        if name not in item:
            raise ArtifactError(f"{place}: field {name!r} is missing.", remedy=_REMEDY)
    for name in item:
        if name not in names:
            raise ArtifactError(f"{place}: unknown field {name!r}.", remedy=_REMEDY)


def _check(value: Any, kind: str, place: str) -> None:
    if kind.startswith("optional "):
        if value is None:
            return
        kind = kind.removeprefix("optional ")
    plain = {"text": str, "integer": int, "number": (int, float), "list": list}
    if kind in plain:
        good = isinstance(value, plain[kind]) and not isinstance(value, bool)  # type: ignore[arg-type]
    else:
        element = plain[kind.removesuffix("s")]
        good = isinstance(value, list) and all(
            isinstance(v, element) and not isinstance(v, bool)  # type: ignore[arg-type]
            for v in value
        )
    if not good:
        raise ArtifactError(f"{place}: expected {kind}, got {value!r:.60}.", remedy=_REMEDY)


def _compare_words(items: list[Any], words: tuple[Word, ...], place: str) -> None:
    expected = _words(words)
    if len(items) != len(expected):
        raise ArtifactError(
            f"{place}: expected {len(expected)} words, got {len(items)}.", remedy=_REMEDY
        )
    for k, (item, word) in enumerate(zip(items, expected, strict=True)):
        if json.dumps(item, sort_keys=True) != json.dumps(word, sort_keys=True):
            raise ArtifactError(
                f"{place}[{k}] contradicts the columns: expected {word!r:.90}.", remedy=_REMEDY
            )


def _words(words: tuple[Word, ...]) -> list[dict[str, Any]]:
    return [{"name": w.name, "bits": list(w.bits), "signed": w.signed} for w in words]


def _wrong(source: str, field: str, expected: str) -> ArtifactError:
    return ArtifactError(f"{source}: {field}: expected {expected}.", remedy=_REMEDY)
