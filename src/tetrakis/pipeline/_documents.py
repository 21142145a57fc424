"""JSON documents of folders: written plainly and sealed, read with every field checked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tetrakis.errors import ArtifactError

_TYPES: dict[str, Any] = {
    "text": str, "number": (int, float), "object": dict, "list": list, "null": type(None),
}  # fmt: skip
_FILE = {"bytes": "number", "sha256": "text"}


def fingerprint(value: Any) -> str:
    """Hash a JSON value; the spelling in the file doesn't matter."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def sealed(claims: Mapping[str, Any]) -> dict[str, Any]:
    """Add one short digest per field, and one over everything."""
    document = dict(claims)
    document["digests"] = {name: fingerprint(value)[:16] for name, value in claims.items()}
    document["digest"] = fingerprint(document)
    return document


def broken_seals(document: Mapping[str, Any]) -> list[str]:
    """Names of the fields that aren't what was written; ``digest`` if only that differs."""
    claims = {n: v for n, v in document.items() if n not in ("digests", "digest")}
    expected = sealed(claims)
    found = document["digests"]
    names = [n for n in claims if found.get(n) != expected["digests"][n]]
    if not names and document["digest"] != expected["digest"]:
        names = ["digest"]
    return names


def write_document(document: Mapping[str, Any], path: Path) -> None:
    """Write a document: a field per line, an element per line where there are several."""
    fields = []
    for name, value in document.items():
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        if isinstance(value, dict) and len(text) > 90:
            items = (f"    {_text(k)}: {_text(v)}" for k, v in value.items())
            text = "{\n" + ",\n".join(items) + "\n  }"
        elif isinstance(value, list) and value:
            text = "[\n" + ",\n".join(f"    {_text(v)}" for v in value) + "\n  ]"
        fields.append(f"  {_text(name)}: {text}")
    path.write_text("{\n" + ",\n".join(fields) + "\n}\n", encoding="utf-8")


def read_json(path: Path, *, remedy: str) -> Any:
    """Read strict JSON: no names that occur twice, no numbers that aren't JSON's.

    Raises
    ------
    ArtifactError
    """
    try:
        return json.loads(
            path.read_text(encoding="utf-8"), parse_constant=_refuse, object_pairs_hook=_once
        )
    except (OSError, ValueError, RecursionError) as error:
        raise ArtifactError(f"{path} is truncated or no JSON: {error}.", remedy=remedy) from None


def check_fields(
    item: Mapping[str, Any], fields: Mapping[str, str], place: str, *, remedy: str
) -> None:
    """Check that an object has these fields of these types, and no others.

    Raises
    ------
    ArtifactError
        Names the field.
    """
    for name, kind in fields.items():
        if name not in item:
            raise ArtifactError(f"{place}: field {name!r} is missing.", remedy=remedy)
        check_type(item[name], kind, f"{place}: {name}", remedy=remedy)
    for name in item:
        if name not in fields:
            raise ArtifactError(f"{place}: unknown field {name!r}.", remedy=remedy)


def check_type(value: Any, kind: str, place: str, *, remedy: str) -> None:
    """Check that a value is of a type, such as ``"number or null"``.

    Raises
    ------
    ArtifactError
    """
    kinds = kind.split(" or ")
    if isinstance(value, bool) or not any(isinstance(value, _TYPES[k]) for k in kinds):
        raise ArtifactError(f"{place}: expected {kind}, got {value!r:.60}.", remedy=remedy)


def check_files(files: Mapping[str, Any], place: str, *, remedy: str) -> None:
    """Check the records of files.

    Raises
    ------
    ArtifactError
    """
    for name, record in files.items():
        if Path(name).name != name:
            raise ArtifactError(f"{place}: files: {name!r} is no file name.", remedy=remedy)
        check_type(record, "object", f"{place}: files: {name}", remedy=remedy)
        check_fields(record, _FILE, f"{place}: files: {name}", remedy=remedy)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _refuse(name: str) -> float:
    raise ValueError(f"{name} isn't a number of JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError(f"a name occurs twice among {sorted(name for name, _ in pairs)}")
    return dict(pairs)
