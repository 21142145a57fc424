"""JSON documents of folders: written plainly and sealed, read with every field checked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tetrakis._json import one_line, read_strict
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
        text = one_line(value)
        if isinstance(value, dict) and len(text) > 90:
            items = (f"    {one_line(k)}: {one_line(v)}" for k, v in value.items())
            text = "{\n" + ",\n".join(items) + "\n  }"
        elif isinstance(value, list) and value:
            text = "[\n" + ",\n".join(f"    {one_line(v)}" for v in value) + "\n  ]"
        fields.append(f"  {one_line(name)}: {text}")
    path.write_text("{\n" + ",\n".join(fields) + "\n}\n", encoding="utf-8")


def read_json(path: Path, *, remedy: str) -> Any:
    """Read strict JSON: no names that occur twice, no numbers that aren't JSON's.

    Raises
    ------
    ArtifactError
    """
    try:
        return read_strict(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
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
