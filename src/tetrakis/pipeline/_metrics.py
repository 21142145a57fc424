"""metrics.json: the claims of a fit, written plainly, read with every field checked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tetrakis.errors import ArtifactError

SCHEMA = 2
NAME = "metrics.json"
REMEDY = "The file is damaged or was edited; run tetrakis fit again."

#: Every field and its type. Claims that are numbers are read as any number, so that an edited
#: one is refuted by its check and not by its type.
FIELDS = {
    "schema": "number",
    "task": "text",
    "target": "text",
    "score_name": "text",
    "held_out_score": "number or null",
    "held_out_of": "text",
    "held_out": "text",
    "start": "text",
    "network_of": "text",
    "train_score": "number or null",
    "test_score": "number or null",
    "occam_bound": "object or null",
    "global_gap": "object or null",
    "num_gates": "number",
    "num_levels": "number",
    "num_pis": "number",
    "num_pos": "number",
    "num_weights": "number",
    "num_units": "number",
    "num_bits": "number",
    "resnet_norm": "number",
    "path_norm": "number",
    "lipschitz_bound": "number",
    "epsilon_certified": "number",
    "epsilon_target": "number or null",
    "epsilon_terms": "object",
    "epsilon_scope": "text",
    "epsilon_method": "text",
    "seed": "number",
    "rule": "text",
    "source": "object",
    "validation_source": "object or null",
    "test_source": "object or null",
    "guard_rows": "text or null",
    "chosen": "number",
    "path": "list",
    "baselines": "list",
    "options": "object",
    "notes": "list",
    "versions": "object",
    "status": "object",
    "files": "object",
    "digests": "object",
    "digest": "text",
}
#: Fields that folders of earlier versions lack; they are read as null.
LATER = ("occam_bound", "global_gap")
_OCCAM = {
    **dict.fromkeys(("value", "errors", "rows", "risk", "bits", "encoding_bits"), "number"),
    "code": "text",
    "delta": "number",
    "constant_error": "number",
    "verdict": "text",
}
_GAP = {
    **dict.fromkeys(("value", "objective", "lower_bound", "alpha", "rows"), "number"),
    **dict.fromkeys(("loss", "scope", "method"), "text"),
}
_TYPES: dict[str, Any] = {
    "text": str, "number": (int, float), "object": dict, "list": list, "null": type(None),
}  # fmt: skip
_SOURCE = {"name": "text", "rows": "number", "sha256": "text or null"}
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


def write_metrics(document: Mapping[str, Any], path: Path) -> None:
    """Write metrics.json: a field per line, an element per line where there are several."""
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


def read_metrics(folder: Path) -> dict[str, Any]:
    """Read metrics.json of a folder.

    Raises
    ------
    ArtifactError
        If the folder or the file is missing, isn't JSON, is of another schema, or a field is
        missing, unknown or of the wrong type; the field is named.
    """
    path = folder / NAME
    if not folder.is_dir():
        raise ArtifactError(f"{folder}: no such folder.", remedy="Name one of tetrakis fit.")
    try:
        document = json.loads(
            path.read_text(encoding="utf-8"), parse_constant=_refuse, object_pairs_hook=_once
        )
    except FileNotFoundError:
        raise ArtifactError(
            f"{path}: no such file.", remedy="Name a folder that tetrakis fit wrote."
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise ArtifactError(f"{path} is truncated or no JSON: {error}.", remedy=REMEDY) from None
    _check(document, "object", str(path))
    if document.get("schema") != SCHEMA:
        raise ArtifactError(
            f"{path}: expected schema {SCHEMA}, got {document.get('schema')!r:.40}.",
            remedy="Use the version of tetrakis that wrote it, or run tetrakis fit again.",
        )
    _check_fields({**dict.fromkeys(LATER), **document}, FIELDS, str(path))
    _check_parts(document, str(path))
    return dict(document)


def _check_parts(document: dict[str, Any], place: str) -> None:
    for name in ("source", "validation_source", "test_source"):
        if document[name] is not None:
            _check_fields(document[name], _SOURCE, f"{place}: {name}")
    if document.get("occam_bound") is not None:
        _check_fields(document["occam_bound"], _OCCAM, f"{place}: occam_bound")
    if document.get("global_gap") is not None:
        _check_fields(document["global_gap"], _GAP, f"{place}: global_gap")
    for name, item in document["files"].items():
        if Path(name).name != name:
            raise ArtifactError(f"{place}: files: {name!r} is no file name.", remedy=REMEDY)
        _check(item, "object", f"{place}: files: {name}")
        _check_fields(item, _FILE, f"{place}: files: {name}")
    for name in ("epsilon_terms", "digests", "status"):
        kind = "number" if name == "epsilon_terms" else "text"
        for key, value in document[name].items():
            _check(value, kind, f"{place}: {name}.{key}")
    for name in ("path", "baselines"):
        for k, row in enumerate(document[name]):
            _check(row, "object", f"{place}: {name}[{k}]")


def _check_fields(item: dict[str, Any], fields: Mapping[str, str], place: str) -> None:
    for name, kind in fields.items():
        if name not in item:
            raise ArtifactError(f"{place}: field {name!r} is missing.", remedy=REMEDY)
        _check(item[name], kind, f"{place}: {name}")
    for name in item:
        if name not in fields:
            raise ArtifactError(f"{place}: unknown field {name!r}.", remedy=REMEDY)


def _check(value: Any, kind: str, place: str) -> None:
    kinds = kind.split(" or ")
    if isinstance(value, bool) or not any(isinstance(value, _TYPES[k]) for k in kinds):
        raise ArtifactError(f"{place}: expected {kind}, got {value!r:.60}.", remedy=REMEDY)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _refuse(name: str) -> float:
    raise ValueError(f"{name} isn't a number of JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError(f"a name occurs twice among {sorted(name for name, _ in pairs)}")
    return dict(pairs)
