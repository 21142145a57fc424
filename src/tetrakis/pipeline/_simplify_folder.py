"""The folder of an edited circuit, written: the path with all circuits, and the chosen one."""

from __future__ import annotations

import hashlib
import os
from dataclasses import asdict
from typing import Any

import tetrakis
from tetrakis._files import atomic_folder
from tetrakis.circuit import Aig, write_aiger
from tetrakis.export import FORMATS
from tetrakis.pipeline._documents import sealed, write_document
from tetrakis.pipeline._folder import CIRCUITS, file_record
from tetrakis.pipeline._metrics import SCHEMA
from tetrakis.pipeline._occam import claim_of
from tetrakis.pipeline._simplify_box import sup_error
from tetrakis.pipeline._simplify_rows import EditRows
from tetrakis.pipeline._simplify_values import Simplified
from tetrakis.report import save_figure, simplification_figure

PATH, SUMMARY = "path.json", "summary.json"
_CHOSE = "measured on guard rows that the editor never read; they chose the point"
_STATUS = {
    "score_on_rows": "measured on the rows edited: not held out",
    "guard_score": "held-out: measured on guard rows that neither edited nor chose",
    "sup_error": "verified: found by simulating every input",
    "occam_bound": "holds with probability 1 - delta if the rows are independent draws",
    "num_gates": "upper bound",
    "num_levels": "upper bound",
    "start_num_gates": "upper bound",
}


def task_of(
    start: Aig,
    rows: EditRows,
    guard: EditRows | None,
    *,
    budget: float | None,
    epsilon: float | None,
) -> dict[str, Any]:
    """Return what must be the same when a folder is continued."""
    text = repr((start.num_pis, start.fanins.tolist(), start.outputs.tolist()))
    return {
        "start_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "data": None if rows.record is None else asdict(rows.record),
        "guard": None if guard is None or guard.record is None else asdict(guard.record),
        "budget": budget,
        "epsilon": epsilon,
    }


def path_rows(found: Simplified) -> list[dict[str, Any]]:
    """Lay the path out as table rows: AND nodes, levels, score and guard score, seed, chosen."""
    scored = found.rows.score_name != "sup norm"
    guard = found.guard
    return [
        {
            "num_gates": p.circuit.num_gates,
            "num_levels": p.circuit.num_levels,
            "loss": p.loss,
            "score": found.rows.score(p.loss) if scored else None,
            "guard_loss": p.guard_loss,
            "guard_score": None
            if guard is None or p.guard_loss is None
            else guard.score(p.guard_loss),
            "occam_bound": found.bounds[k].value if found.bounds else None,
            "seed": None if p.seed < 0 else p.seed,
            "chosen": k == found.chosen,
        }
        for k, p in enumerate(found.points)
    ]


def summary_of(found: Simplified, task: dict[str, Any], *, scale: float = 1.0) -> dict[str, Any]:
    """Return the content of summary.json."""
    row = path_rows(found)[found.chosen]
    box = found.rows.score_name == "sup norm"
    error = None
    if box:
        error = scale * sup_error(found.start, found.best.circuit, found.rows)
    claims = {
        "num_gates": row["num_gates"],
        "num_levels": row["num_levels"],
        "start_num_gates": found.start.num_gates,
        "score_name": found.rows.score_name,
        "score_on_rows": row["score"],
        "guard_score": row["guard_score"],
        "sup_error": error,
        "occam_bound": None
        if found.bound is None
        else claim_of(found.bound, found.rows.constant_error),
    }
    status = {**_STATUS, "guard_score": _CHOSE} if found.guard_chose else _STATUS
    return {
        "schema": SCHEMA,
        "kind": "simplify",
        **claims,
        "status": {name: text for name, text in status.items() if claims[name] is not None},
        "rows": found.rows.n_rows,
        "guard_rows": None if found.guard is None else found.guard.n_rows,
        "contradictory_rows": found.contradictions,
        "rule": found.rule,
        "seed": row["seed"],
        "seeds": [run.seed for run in found.runs],
        "interrupted": found.interrupted,
        "task": task,
        "versions": {"tetrakis": tetrakis.__version__},
    }


def write_simplified(
    found: Simplified,
    folder: str | os.PathLike[str],
    *,
    task: dict[str, Any],
    scale: float = 1.0,
    encoding: bytes | None = None,
    force: bool = False,
) -> dict[str, Any]:
    """Write the chosen circuit in three formats, all circuits of the path, and what they reach.

    Parameters
    ----------
    found : Simplified
    folder : path
        Written whole or not at all.
    task : dict
        See `task_of`.
    scale : float
        What a step of the output word is worth, for the verified error.
    encoding : bytes, optional
        Content of encoding.json.
    force : bool
        Write into a folder that has other files; they stay.

    Returns
    -------
    dict
        The content of summary.json.
    """
    summary = summary_of(found, task, scale=scale)
    rows = path_rows(found)
    with atomic_folder(folder, force=force) as target:
        for name, format in CIRCUITS.items():
            FORMATS[format](found.best.circuit, str(target / name))
        write_aiger(found.start, target / "start.aig")
        if encoding is not None:
            (target / "encoding.json").write_bytes(encoding)
        (target / "points").mkdir()
        (target / "runs").mkdir()
        for k, (row, point) in enumerate(zip(rows, found.points, strict=True)):
            row["file"] = f"points/{k:04}.aig"
            write_aiger(point.circuit, target / row["file"])
        runs = []
        for run in found.runs:
            file = f"runs/{run.seed}.aig"
            write_aiger(run.last, target / file)
            runs.append(
                {"seed": run.seed, "finished": run.finished, "min_gates": run.min_gates,
                 "file": file}
            )  # fmt: skip
        if found.rows.score_name != "sup norm":
            figure = simplification_figure(
                rows, score_name=found.rows.score_name, bound="Occam" in found.rule
            )
            save_figure(figure, target / "path")
        write_document(sealed(summary), target / SUMMARY)
        names = sorted(p.name for p in target.iterdir() if p.is_file())
        names += [item["file"] for item in (*rows, *runs)]
        document = {"schema": SCHEMA, "kind": "simplify path", "task": task, "points": rows,
                    "runs": runs, "files": {n: file_record(target / n) for n in names}}  # fmt: skip
        write_document(sealed(document), target / PATH)
    return summary
