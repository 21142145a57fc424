"""The folder of a circuit that computes a function, and its verification."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tetrakis
from tetrakis._files import atomic_folder
from tetrakis._json import by_lines, read_strict
from tetrakis.errors import ArtifactError
from tetrakis.export import FORMATS
from tetrakis.functions import (
    Approximation,
    OutputFormat,
    Target,
    input_rounding,
    make_grid,
    make_target,
    verify_on_grid,
)
from tetrakis.pipeline._documents import (
    check_fields,
    check_files,
    read_json,
    sealed,
    write_document,
)
from tetrakis.pipeline._folder import CIRCUITS, exported, file_record, load_file
from tetrakis.pipeline._metrics import NAME
from tetrakis.pipeline._seals import file_checks, seal_checks
from tetrakis.pipeline._verdict import Check, Verdict, agree
from tetrakis.report import function_figure, function_report, save_figure

SCHEMA, KIND = 1, "approximate"
ROUNDING = 1e-9
_FIELDS = {
    "schema": "number", "kind": "text", "formula": "text or null", "variables": "list",
    "output": "object", "epsilon": "number", "epsilon_verified": "number", "worst_point": "list",
    "inputs_simulated": "number", "input_rounding": "number or null", "construction": "text",
    "tried": "list", "num_gates": "number", "num_levels": "number", "num_pis": "number",
    "num_pos": "number", "status": "object", "versions": "object", "files": "object",
    "digests": "object", "digest": "text",
}  # fmt: skip
_REMEDY = "Copy the whole folder again, or run tetrakis approximate again."
_STATUS = {
    "epsilon_verified": "verified: every representable input simulated against float64",
    "input_rounding": "certified: how much the function moves within half an input step, by"
    " interval arithmetic; not part of epsilon_verified",
    "num_gates": "upper bound on C(f, epsilon)",
    "num_levels": "upper bound",
    "inputs_simulated": "exact",
}


def claims_of_approximation(found: Approximation) -> dict[str, Any]:
    """Return the content of metrics.json without files and digests."""
    target, grid, format = found.target, found.grid, found.format
    return {
        "schema": SCHEMA,
        "kind": KIND,
        "formula": None if target.expression is None else target.text,
        "variables": [
            {"name": name, "lo": lo, "hi": hi, "bits": bits}
            for name, (lo, hi), bits in zip(target.names, target.box, grid.bits, strict=True)
        ],
        "output": {
            "bits": format.bits, "signed": format.signed,
            "step": float(format.step), "offset": float(format.offset),
        },
        "epsilon": float(found.epsilon),
        "epsilon_verified": found.error,
        "worst_point": list(found.verification.point),
        "inputs_simulated": found.verification.rows,
        "input_rounding": input_rounding(target, grid),
        "construction": found.construction,
        "tried": [
            {"construction": t.construction, "num_gates": t.num_gates, "verified": t.verified}
            for t in found.tried
        ],
        "num_gates": found.circuit.num_gates,
        "num_levels": found.circuit.num_levels,
        "num_pis": found.circuit.num_pis,
        "num_pos": found.circuit.num_pos,
        "status": _STATUS,
        "versions": {"tetrakis": tetrakis.__version__},
    }  # fmt: skip


def function_interface(claims: dict[str, Any]) -> dict[str, Any]:
    """Return the content of encoding.json: which circuit bits are which number."""
    start, inputs = 0, []
    for variable in claims["variables"]:
        bits = int(variable["bits"])
        inputs.append(
            {"name": variable["name"], "bits": list(range(start, start + bits)),
             "lo": variable["lo"], "hi": variable["hi"]}
        )  # fmt: skip
        start += bits
    output = claims["output"]
    word = {"name": "y", "bits": list(range(output["bits"])), "signed": output["signed"],
            "step": output["step"], "offset": output["offset"]}  # fmt: skip
    return {
        "schema": SCHEMA, "kind": "function",
        "input_value": "lo + code * (hi - lo) / (2^bits - 1)",
        "output_value": "offset + step * code",
        "inputs": inputs, "outputs": [word],
    }  # fmt: skip


def write_approximation(
    found: Approximation, folder: str | os.PathLike[str], *, force: bool = False
) -> dict[str, Any]:
    """Write the circuit in three formats, encoding.json, metrics.json and report.md.

    Parameters
    ----------
    found : Approximation
    folder : path
        Written whole or not at all.
    force : bool
        Write into a folder that has other files; they stay.

    Returns
    -------
    dict
        The content of metrics.json.

    Raises
    ------
    ArtifactError
        If the folder can't be written or isn't tetrakis' own.
    """
    claims = claims_of_approximation(found)
    with atomic_folder(folder, force=force) as target:
        for name, format in CIRCUITS.items():
            FORMATS[format](found.circuit, str(target / name))
        text = by_lines(function_interface(claims))
        (target / "encoding.json").write_text(text, encoding="utf-8")
        figure = function_figure(found)
        if figure is not None:
            save_figure(figure, target / "function")
        text = function_report(claims, picture=figure is not None)
        (target / "report.md").write_text(text, encoding="utf-8")
        claims["files"] = {item.name: file_record(item) for item in sorted(target.iterdir())}
        write_document(sealed(claims), target / NAME)
    return claims


def is_approximated(folder: str | os.PathLike[str]) -> bool:
    """Whether `tetrakis approximate` wrote a folder."""
    try:
        document = read_strict((Path(folder) / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(document, dict) and document.get("kind") == KIND


def verify_approximation(folder: str | os.PathLike[str]) -> Verdict:
    """Recompute every claim from the other files, simulating every input again.

    Raises
    ------
    ArtifactError
        If a file is missing or truncated, or metrics.json has a field missing or of the wrong
        type.
    """
    folder = Path(folder)
    claims = _read(folder)
    seals = seal_checks(claims, NAME)
    needed = (*CIRCUITS, "encoding.json", "report.md")
    files = list(file_checks(folder, claims["files"], needed, NAME, "approximate"))
    if any(check.status == "refuted" for check in files):
        return Verdict((*seals, *files))
    return Verdict((*seals, *files, *_checks(folder, claims)))


def _read(folder: Path) -> dict[str, Any]:
    path = folder / NAME
    document = read_json(path, remedy=_REMEDY)
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise ArtifactError(f"{path}: expected an object of schema {SCHEMA}.", remedy=_REMEDY)
    check_fields(document, _FIELDS, str(path), remedy=_REMEDY)
    variable = {"name": "text", "lo": "number", "hi": "number", "bits": "number"}
    for k, item in enumerate(document["variables"]):
        if not isinstance(item, dict):
            raise ArtifactError(f"{path}: variables[{k}]: expected an object.", remedy=_REMEDY)
        check_fields(item, variable, f"{path}: variables[{k}]", remedy=_REMEDY)
    check_files(document["files"], str(path), remedy=_REMEDY)
    for name in ("bits", "step", "offset", "signed"):
        if not isinstance(document["output"].get(name), (int, float)):
            raise ArtifactError(f"{path}: output: {name}: missing or no number.", remedy=_REMEDY)
    return document


def _checks(folder: Path, claims: dict[str, Any]) -> Iterator[Check]:
    circuit = load_file(folder, "circuit.aig")
    for name in ("num_gates", "num_levels", "num_pis", "num_pos"):
        yield agree(name, claims[name], getattr(circuit, name), "in circuit.aig")
    for name, kind in CIRCUITS.items():
        if kind != "aig":
            same = (folder / name).read_bytes() == exported(circuit, kind)
            said = f"circuit.aig exports to {'the same' if same else 'other'} bytes"
            yield Check(f"{name} = circuit.aig", "proved" if same else "refuted", said)
    text = by_lines(function_interface(claims))
    same = (folder / "encoding.json").read_text(encoding="utf-8") == text
    said = f"the words are {'' if same else 'not '}those of {NAME}"
    yield Check("encoding", "proved" if same else "refuted", said)
    if claims["formula"] is None:
        yield Check("epsilon_verified", "unchecked", "needs the function, which isn't a formula")
        return
    target = claimed_target(claims)
    grid = make_grid(target, [int(v["bits"]) for v in claims["variables"]])
    output = claims["output"]
    format = OutputFormat(
        int(output["bits"]), float(output["step"]), float(output["offset"]), bool(output["signed"])
    )
    if (grid.total_bits, format.bits) != (circuit.num_pis, circuit.num_pos):
        yield Check("epsilon_verified", "refuted", "the words don't fit the circuit")
        return
    found = verify_on_grid(circuit, format, target, grid)
    where = f"from simulating {found.rows:,} inputs"
    yield agree("epsilon_verified", claims["epsilon_verified"], found.error, where,
                rounding=ROUNDING)  # fmt: skip
    small = found.error <= claims["epsilon"] * (1 + ROUNDING)
    said = f"{found.error:.10g} {'<=' if small else '>'} {claims['epsilon']:g}"
    yield Check("error <= epsilon", "proved" if small else "refuted", said)
    yield agree("inputs_simulated", claims["inputs_simulated"], found.rows, "representable inputs")
    yield agree("input_rounding", claims["input_rounding"], input_rounding(target, grid),
                "by interval arithmetic", rounding=1e-6)  # fmt: skip
    yield Check("tried", "unchecked", "needs the search again; unchanged since written")


def claimed_target(claims: dict[str, Any]) -> Target:
    """Return the function that metrics.json names."""
    box = {v["name"]: (float(v["lo"]), float(v["hi"])) for v in claims["variables"]}
    return make_target(str(claims["formula"]), box)
