"""Checking a folder that `tetrakis simplify` wrote."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tetrakis.circuit import Aig, read_aiger
from tetrakis.datasets import Table, read_table
from tetrakis.encoding import Encoding, read_encoding
from tetrakis.errors import ArtifactError, TetrakisError
from tetrakis.pipeline._documents import read_json
from tetrakis.pipeline._folder import CIRCUITS, exported
from tetrakis.pipeline._occam_check import check_bound
from tetrakis.pipeline._seals import file_checks, seal_checks
from tetrakis.pipeline._simplify_box import box_rows, box_words, sup_error
from tetrakis.pipeline._simplify_folder import PATH, SUMMARY
from tetrakis.pipeline._simplify_rows import EditRows, table_rows
from tetrakis.pipeline._verdict import Check, Verdict, agree
from tetrakis.simplify import contradictions

ROUNDING = 1e-9
_SEALS: dict[str, type] = {"digests": dict, "digest": str}
_PARTS: dict[str, dict[str, type]] = {
    "simplify": {"task": dict, **_SEALS},
    "simplify path": {"points": list, "files": dict, **_SEALS},
}
_REMEDY = "Copy the whole folder again, or run tetrakis simplify again."


def is_simplified(folder: str | os.PathLike[str]) -> bool:
    """Whether `tetrakis simplify` wrote a folder."""
    return (Path(folder) / SUMMARY).is_file() and (Path(folder) / PATH).is_file()


def verify_simplified(folder: str | os.PathLike[str], table: Table | None = None) -> Verdict:
    """Recompute every claim in summary.json and path.json from the circuits and, if given, rows.

    Parameters
    ----------
    folder : path
    table : Table, optional
        The rows edited or the guard rows, known again by their hash.

    Raises
    ------
    ArtifactError
        If a file is missing or truncated, or a field of a document is missing.
    """
    folder = Path(folder)
    summary, path = (read_document(folder / name) for name in (SUMMARY, PATH))
    checks = [
        *seal_checks(summary, SUMMARY),
        *seal_checks(path, PATH),
        *file_checks(folder, path["files"], CIRCUITS, PATH, "simplify"),
    ]
    if any(check.status == "refuted" for check in checks):
        return Verdict(tuple(checks))
    try:
        return Verdict((*checks, *_checks(folder, summary, path, table)))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        if isinstance(error, TetrakisError):
            raise
        raise ArtifactError(f"{folder}: a field is missing: {error!r}.", remedy=_REMEDY) from None


def edit_table(folder: str | os.PathLike[str], source: str, target: str | None) -> Table:
    """Read a table for a folder's circuit; its target is called as in encoding.json."""
    from dataclasses import replace

    encoding = _encoding(Path(folder))
    name = None if encoding is None or encoding.output is None else encoding.output.name
    table = read_table(source, target=target or name)
    if table.target is not None and name is not None:
        table = replace(table, target=replace(table.target, name=name))
    return table


def read_document(path: Path) -> dict[str, Any]:
    """Read summary.json or path.json of a simplification; an ArtifactError if it isn't one."""
    document = read_json(path, remedy=_REMEDY)
    wanted = _PARTS.get(str(document.get("kind"))) if isinstance(document, dict) else None
    if wanted is None or not all(isinstance(document.get(n), k) for n, k in wanted.items()):
        raise ArtifactError(f"{path} isn't what tetrakis simplify writes.", remedy=_REMEDY)
    return dict(document)


def _encoding(folder: Path) -> Encoding | None:
    """Read encoding.json where it describes columns."""
    path = folder / "encoding.json"
    if not path.is_file():
        return None
    document = read_json(path, remedy=_REMEDY)
    if isinstance(document, dict) and document.get("kind") == "network":
        return None
    return read_encoding(path)


def _checks(
    folder: Path, summary: dict[str, Any], path: dict[str, Any], table: Table | None
) -> Iterator[Check]:
    circuit, start = (read_aiger(folder / name) for name in ("circuit.aig", "start.aig"))
    for name in ("num_gates", "num_levels"):
        yield agree(name, summary[name], getattr(circuit, name), "in circuit.aig")
    yield agree("start_num_gates", summary["start_num_gates"], start.num_gates, "in start.aig")
    for name, format in CIRCUITS.items():
        if format != "aig":
            same = (folder / name).read_bytes() == exported(circuit, format)
            text = f"circuit.aig exports to {'the same' if same else 'other'} bytes"
            yield Check(f"{name} = circuit.aig", "proved" if same else "refuted", text)
    yield _path_check(folder, path["points"], circuit)
    if summary["sup_error"] is not None:
        yield _box_check(folder, summary, start, circuit)
        return
    yield from _row_checks(summary, circuit, _encoding(folder), table)


def _path_check(folder: Path, points: list[dict[str, Any]], circuit: Aig) -> Check:
    """Check the sizes of all points, and that circuit.aig is the chosen one."""
    for row in points:
        found = read_aiger(folder / row["file"])
        if (found.num_gates, found.num_levels) != (row["num_gates"], row["num_levels"]):
            return Check("path", "refuted", f"{row['file']} has another size than it says")
        if row["chosen"]:
            same = found.num_gates == circuit.num_gates
            same = same and bool((found.fanins == circuit.fanins).all())
            if not (same and (found.outputs == circuit.outputs).all()):
                return Check("path", "refuted", f"circuit.aig isn't the chosen {row['file']}")
    return Check("path", "proved", f"sizes of {len(points)} circuits; circuit.aig is the chosen")


def _box_check(folder: Path, summary: dict[str, Any], start: Aig, circuit: Aig) -> Check:
    named = folder / "encoding.json"
    scale, classes = box_words(start, named) if named.is_file() else (1.0, False)
    epsilon = float(summary["task"]["epsilon"])
    rows = box_rows(start, 0.0 if classes else epsilon, scale=scale, classes=classes)
    found = scale * sup_error(start, circuit, rows)
    if found > epsilon:
        return Check("sup_error", "refuted", f"{found:g} is more than the {epsilon:g} allowed")
    where = f"on all {rows.n_rows:,} inputs, against start.aig"
    return agree("sup_error", summary["sup_error"], found, where, rounding=ROUNDING)


def _row_checks(
    summary: dict[str, Any], circuit: Aig, encoding: Encoding | None, table: Table | None
) -> Iterator[Check]:
    """Check what speaks of rows, where they are at hand."""
    at_hand = None if table is None else table_rows(circuit, table, encoding)
    known = {}
    for name in ("data", "guard"):
        record = summary["task"][name]
        own = None if at_hand is None or at_hand.record is None else at_hand.record.sha256
        if record is not None and own == record["sha256"]:
            known[name] = at_hand
    rows, missing = known.get("data"), _missing(summary, "data")
    for claim, name in (("score_on_rows", "data"), ("guard_score", "guard")):
        if summary[claim] is not None:
            yield _score_check(claim, summary, circuit, known.get(name), _missing(summary, name))
    if rows is None:
        yield Check("contradictory_rows", "unchecked", missing)
    else:
        count = contradictions(rows.bits, rows.loss)
        yield agree("contradictory_rows", summary["contradictory_rows"], count, "among the rows")
    if summary["occam_bound"] is not None:
        counts = None
        if rows is not None:
            counts = (round(rows.total_loss(circuit)), rows.n_rows, rows.constant_error)
        yield check_bound(summary["occam_bound"], circuit, encoding, counts, missing)
    if at_hand is not None and not known:
        text = f"these {at_hand.n_rows:,} rows are neither those edited nor the guard rows"
        yield Check("rows", "unchecked", text)


def _missing(summary: dict[str, Any], name: str) -> str:
    record, what = summary["task"][name], {"data": "rows edited", "guard": "guard rows"}[name]
    return f"needs the {what}" + (
        f": {record['name']}, {record['rows']:,} rows" if record is not None else ""
    )


def _score_check(
    claim: str, summary: dict[str, Any], circuit: Aig, rows: EditRows | None, missing: str
) -> Check:
    if rows is None:
        return Check(claim, "unchecked", missing)
    found = rows.score(rows.total_loss(circuit))
    return agree(claim, summary[claim], found, f"on {rows.n_rows:,} rows", rounding=ROUNDING)
