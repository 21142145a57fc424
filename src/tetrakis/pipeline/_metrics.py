"""metrics.json of a fit: its fields, read with every one checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tetrakis.errors import ArtifactError
from tetrakis.pipeline._documents import check_fields, check_files, check_type, read_json

SCHEMA = 3
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
_SOURCE = {"name": "text", "rows": "number", "sha256": "text or null"}
#: Fields of the fields that are objects.
_PARTS = {
    **dict.fromkeys(("source", "validation_source", "test_source"), _SOURCE),
    "occam_bound": _OCCAM,
    "global_gap": _GAP,
}


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
    if not path.exists():
        raise ArtifactError(
            f"{path}: no such file.", remedy="Name a folder that tetrakis fit wrote."
        )
    document = read_json(path, remedy=REMEDY)
    check_type(document, "object", str(path), remedy=REMEDY)
    if document.get("schema") != SCHEMA:
        raise ArtifactError(
            f"{path}: expected schema {SCHEMA}, got {document.get('schema')!r:.40}.",
            remedy="Use the version of tetrakis that wrote it, or run tetrakis fit again.",
        )
    whole = {**dict.fromkeys(LATER), **document}
    check_fields(whole, FIELDS, str(path), remedy=REMEDY)
    _check_parts(document, str(path))
    return dict(document)


def _check_parts(document: dict[str, Any], place: str) -> None:
    for name, fields in _PARTS.items():
        if document.get(name) is not None:
            check_fields(document[name], fields, f"{place}: {name}", remedy=REMEDY)
    check_files(document["files"], place, remedy=REMEDY)
    for name in ("epsilon_terms", "digests", "status"):
        kind = "number" if name == "epsilon_terms" else "text"
        for key, value in document[name].items():
            check_type(value, kind, f"{place}: {name}.{key}", remedy=REMEDY)
    for name in ("path", "baselines"):
        for k, row in enumerate(document[name]):
            check_type(row, "object", f"{place}: {name}[{k}]", remedy=REMEDY)
