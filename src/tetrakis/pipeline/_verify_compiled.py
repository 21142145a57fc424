"""Checking a folder that `tetrakis compile` wrote, and circuits against each other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tetrakis._json import by_lines
from tetrakis.circuit import Aig
from tetrakis.errors import ArtifactError
from tetrakis.network import FixedPointResNet
from tetrakis.pipeline._compile_folder import NAME, SCHEMA
from tetrakis.pipeline._documents import check_fields, check_files, read_json
from tetrakis.pipeline._equivalence import compare
from tetrakis.pipeline._folder import CIRCUITS, exported, load_file
from tetrakis.pipeline._recompute import error_bound
from tetrakis.pipeline._seals import file_checks, seal_checks
from tetrakis.pipeline._verdict import Check, Verdict, agree
from tetrakis.pipeline._words import interface

_FIELDS = {
    "schema": "number",
    "kind": "text",
    "source": "text",
    "decision": "text",
    "effort": "number",
    "num_gates": "number",
    "num_levels": "number",
    "num_pis": "number",
    "num_pos": "number",
    "num_luts": "number or null",
    "num_weights": "number",
    "compiled_gates": "number",
    "optimiser": "text",
    "optimiser_status": "text",
    "optimiser_detail": "text",
    "verified": "text",
    "verified_detail": "text",
    "epsilon_certified": "number or null",
    "status": "object",
    "versions": "object",
    "files": "object",
    "digests": "object",
    "digest": "text",
}
_NAMES = ("fixed_point.npz", *CIRCUITS, "encoding.json")
_REMEDY = "Copy the whole folder again, or run tetrakis compile again."


def is_compiled(folder: str | os.PathLike[str]) -> bool:
    """Whether `tetrakis compile` wrote a folder."""
    return (Path(folder) / NAME).is_file()


def verify_compiled(folder: str | os.PathLike[str], *, time_limit: float = 60.0) -> Verdict:
    """Recompute every claim in compile.json from the other files.

    Parameters
    ----------
    folder : path
    time_limit : float
        Seconds for the proof that the circuit equals the network compiled again.

    Raises
    ------
    ArtifactError
        If a file is missing or truncated, or compile.json has a field missing or of the wrong
        type.
    """
    folder = Path(folder)
    claims = _read(folder)
    seals = seal_checks(claims, NAME)
    files = list(file_checks(folder, claims["files"], _NAMES, NAME, "compile"))
    if any(check.status == "refuted" for check in files):
        return Verdict((*seals, *files))
    circuit, fixed = (load_file(folder, name) for name in ("circuit.aig", "fixed_point.npz"))
    return Verdict((*seals, *files, *_checks(folder, claims, circuit, fixed, time_limit)))


def _read(folder: Path) -> dict[str, Any]:
    path = folder / NAME
    document = read_json(path, remedy=_REMEDY)
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise ArtifactError(f"{path}: expected an object of schema {SCHEMA}.", remedy=_REMEDY)
    check_fields(document, _FIELDS, str(path), remedy=_REMEDY)
    if document["decision"] not in ("words", "sign", "argmax"):
        raise ArtifactError(f"{path}: decision: unknown.", remedy=_REMEDY)
    check_files(document["files"], str(path), remedy=_REMEDY)
    return document


def _checks(
    folder: Path, claims: dict[str, Any], circuit: Aig, fixed: FixedPointResNet, seconds: float
) -> Iterator[Check]:
    for name in ("num_gates", "num_levels", "num_pis", "num_pos"):
        yield agree(name, claims[name], getattr(circuit, name), "in circuit.aig")
    for name, format in CIRCUITS.items():
        if format != "aig":
            same = (folder / name).read_bytes() == exported(circuit, format)
            yield Check(
                f"{name} = circuit.aig",
                "proved" if same else "refuted",
                f"circuit.aig exports to {'the same' if same else 'other'} bytes",
            )
    text = by_lines(interface(fixed, claims["decision"]))
    same = (folder / "encoding.json").read_text(encoding="utf-8") == text
    yield Check(
        "encoding",
        "proved" if same else "refuted",
        f"the words are {'' if same else 'not '}those of fixed_point.npz",
    )
    if claims["epsilon_certified"] is not None:
        yield _epsilon_check(folder, claims["epsilon_certified"], fixed)
    effort = min(max(int(claims["effort"]), 0), 3)
    found = compare(circuit, fixed, claims["decision"], effort=effort, time_limit=seconds)
    yield Check("circuit.aig = fixed_point.npz", found.status, found.detail)
    for name in ("num_luts", "compiled_gates", "optimiser_detail", "verified_detail"):
        yield Check(name, "unchecked", "needs the compilation again; unchanged since written")


def _epsilon_check(folder: Path, claimed: float, fixed: FixedPointResNet) -> Check:
    network = load_file(folder, "network.npz")
    error = error_bound(network, fixed)
    if error is None:
        return Check("epsilon_certified", "unknown", "the networks differ in shape")
    where = "from both networks (THEORY 3)"
    return agree(
        "epsilon_certified", claimed, error.value, where, rounding=1e-7, absolute=error.rounding
    )
