"""The folder of an edited circuit, read to go on from it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from tetrakis.circuit import Aig, read_aiger
from tetrakis.errors import ArtifactError, TetrakisError
from tetrakis.pipeline._documents import read_json
from tetrakis.pipeline._folder import file_record
from tetrakis.pipeline._simplify_folder import PATH
from tetrakis.pipeline._simplify_rows import EditRows
from tetrakis.pipeline._simplify_values import Earlier, Point, Run

REMEDY = "Run tetrakis simplify without --resume."


def read_earlier(
    folder: str | os.PathLike[str],
    task: dict[str, Any],
    start: Aig,
    rows: EditRows,
    guard: EditRows | None = None,
) -> Earlier:
    """Read the circuits of a folder that is continued; their losses are measured anew.

    Raises
    ------
    ArtifactError
        If the folder has no path, a file of it is damaged, or it was made from another circuit,
        other rows, or another budget.
    """
    folder = Path(folder)
    document = _document(folder)
    for name, value in task.items():
        if document["task"].get(name) != value:
            was, now = (
                json.dumps(v, ensure_ascii=False) for v in (document["task"].get(name), value)
            )
            raise ArtifactError(
                f"{folder} was made from another {name.split('_')[0]}: {was:.120}, not {now:.120}.",
                remedy="Give the same, or run without --resume, or name another folder.",
            )
    try:
        points = [
            Point(
                circuit := _circuit(folder, document, item["file"], start),
                rows.total_loss(circuit),
                None if guard is None else guard.total_loss(circuit),
                -1 if item["seed"] is None else int(item["seed"]),
            )
            for item in document["points"]
        ]
        runs = [
            Run(
                int(item["seed"]),
                _circuit(folder, document, item["file"], start),
                bool(item["finished"]),
                int(item["min_gates"]),
            )
            for item in document["runs"]
        ]
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, TetrakisError):
            raise
        raise ArtifactError(f"{folder / PATH} was edited: {error!r}.", remedy=REMEDY) from None
    return Earlier(tuple(points), tuple(runs))


def _document(folder: Path) -> dict[str, Any]:
    path = folder / PATH
    if not path.is_file():
        raise ArtifactError(
            f"{path}: no such file, so there is nothing to continue.", remedy=REMEDY
        )
    document = read_json(path, remedy=REMEDY)
    kinds = {"task": dict, "points": list, "runs": list, "files": dict}
    whole = isinstance(document, dict) and document.get("kind") == "simplify path"
    if not whole or not all(isinstance(document.get(n), kind) for n, kind in kinds.items()):
        raise ArtifactError(f"{path} isn't the path of tetrakis simplify.", remedy=REMEDY)
    return dict(document)


def _circuit(folder: Path, document: dict[str, Any], name: str, start: Aig) -> Aig:
    """Read a circuit of the folder, refusing one that was changed."""
    path = folder / name
    try:
        same = file_record(path) == document["files"].get(name)
        circuit = read_aiger(path)
    except (OSError, TetrakisError) as error:
        raise ArtifactError(f"{path} is missing or damaged ({error}).", remedy=REMEDY) from None
    if not same or (circuit.num_pis, circuit.num_pos) != (start.num_pis, start.num_pos):
        raise ArtifactError(f"{path} isn't the file that was written.", remedy=REMEDY)
    return circuit
