"""The folder of a circuit-size curve: grows point by point, can be stopped and gone on with."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

import tetrakis
from tetrakis._files import atomic_file, check_folder
from tetrakis._json import read_strict
from tetrakis.circuit import read_aiger, write_aiger
from tetrakis.errors import ArtifactError, BudgetError, TetrakisError
from tetrakis.functions import (
    Approximation,
    Curve,
    CurvePoint,
    OutputFormat,
    circuit_size_curve,
    htmc_norm,
    make_grid,
    make_target,
    verify_on_grid,
)
from tetrakis.pipeline._documents import sealed, write_document
from tetrakis.pipeline._seals import seal_checks
from tetrakis.pipeline._verdict import Check, Verdict, agree
from tetrakis.report import curve_figure, save_figure

NAME, KIND, SCHEMA = "curve.json", "curve", 1
_REMEDY = "Name another folder, or run tetrakis curve again with a new one."
_STATUS = {
    "num_gates": "upper bound on C(f, epsilon)",
    "error": "verified: every representable input simulated against float64",
    "gamma": "least squares over the points, with its standard error",
    "htmc_norm": "largest epsilon * num_gates^(1/gamma) over the points measured: each term is an"
    " upper bound",
}


class CurveFolder:
    """Points and circuits in a folder; each is written as soon as it is found.

    The folder is made with the first circuit.

    Parameters
    ----------
    folder : path
    task : dict
        What must be the same to go on: formula, box, input bits, seed.
    gamma : float or None
        Of the norm; the fitted one when left out.
    force : bool
        Use a folder that has other files.

    Raises
    ------
    ArtifactError
        If the folder holds a curve of something else.
    """

    def __init__(
        self, folder: str | os.PathLike[str], task: Mapping[str, Any], gamma: float | None,
        *, force: bool = False,
    ) -> None:  # fmt: skip
        self.folder, self.task, self.gamma = Path(folder), dict(task), gamma
        self.rows: dict[float, dict[str, Any]] = {}
        if self.is_made:
            document = _read(self.folder)
            if document["task"] != json.loads(json.dumps(self.task)):
                raise ArtifactError(
                    f"{self.folder} holds the curve of another task: {document['task']}.",
                    remedy=_REMEDY,
                )
            self.rows = {row["epsilon"]: row for row in document["points"]}
        else:
            check_folder(self.folder, force=force)

    @property
    def known(self) -> dict[float, CurvePoint]:
        """Points that are there already."""
        return {epsilon: _point(row) for epsilon, row in self.rows.items()}

    def add(self, point: CurvePoint, made: Approximation | None) -> None:
        """Write a point and its circuit; points without one wait for the first that has one."""
        row = asdict(point)
        if made is not None:
            self._make()
            row["file"] = f"points/{point.epsilon:.6g}.aig"
            row["output"] = {
                "bits": made.format.bits, "signed": made.format.signed,
                "step": float(made.format.step), "offset": float(made.format.offset),
            }  # fmt: skip
            with atomic_file(self.folder / row["file"]) as path:
                write_aiger(made.circuit, path)
        self.rows[point.epsilon] = row
        if self.is_made:
            self.write(None)

    @property
    def is_made(self) -> bool:
        """Whether there is a folder that can be gone on with."""
        return (self.folder / NAME).is_file()

    def _make(self) -> None:
        """Make the folder; curve.json comes first, so that it is known as ours from the start."""
        (self.folder / "points").mkdir(parents=True, exist_ok=True)
        if not self.is_made:
            self.write(None)

    def write(self, curve: Curve | None) -> dict[str, Any]:
        """Write curve.json, and the picture and table of a complete curve."""
        rows = [self.rows[e] for e in sorted(self.rows, reverse=True)]
        shown = curve or Curve(tuple(_point(row) for row in rows))
        fit = shown.fit()
        gamma = self.gamma if self.gamma is not None else None if fit is None else fit.gamma
        norm = None
        if gamma is not None and gamma > 0:
            norm = htmc_norm(shown.epsilons, shown.sizes, gamma)
            norm = norm if np.isfinite(norm) else None
        document = {
            "schema": SCHEMA, "kind": KIND, "task": self.task, "points": rows,
            "gamma": None if fit is None else fit.gamma,
            "gamma_standard_error": None if fit is None or fit.points < 3 else fit.standard_error,
            "norm_gamma": gamma, "htmc_norm": norm,
            "status": _STATUS, "versions": {"tetrakis": tetrakis.__version__},
        }  # fmt: skip
        with atomic_file(self.folder / NAME) as path:
            write_document(sealed(document), path)
        if curve is not None and curve.reached:
            figure = curve_figure(curve, str(self.task["formula"]))
            save_figure(figure, self.folder / "curve")
        return document


def curve_folder(
    formula: str, box: Mapping[str, Sequence[float]], epsilons: Sequence[float],
    folder: str | os.PathLike[str], *, input_bits: int | Sequence[int] | None = None,
    gamma: float | None = None, seed: int = 0, force: bool = False, progress: Any = None,
    **options: Any,
) -> tuple[Curve, dict[str, Any]]:  # fmt: skip
    """Compute a curve into a folder, going on where an earlier run was stopped.

    Returns
    -------
    Curve
    dict
        The content of curve.json.

    Raises
    ------
    BudgetError
        If no epsilon was reached and the folder holds no curve; it isn't made.
    """
    target = make_target(formula, box)
    task = {
        "formula": target.text,
        "box": {n: list(ends) for n, ends in zip(target.names, target.box, strict=True)},
        "input_bits": list(input_bits) if isinstance(input_bits, (list, tuple)) else input_bits,
        "seed": seed,
    }
    place = CurveFolder(folder, task, gamma, force=force)
    curve = circuit_size_curve(
        target, box, epsilons, input_bits=input_bits, known=place.known, found=place.add,
        progress=progress, seed=seed, **options,
    )  # fmt: skip
    if not place.is_made:
        reasons = "; ".join(f"epsilon {p.epsilon:g}: {p.construction}" for p in curve.points[:3])
        raise BudgetError(f"No epsilon was reached. {reasons}".rstrip(".") + ".",
                          remedy="Allow larger epsilons.")  # fmt: skip
    return curve, place.write(curve)


def is_curve(folder: str | os.PathLike[str]) -> bool:
    """Whether `tetrakis curve` wrote a folder."""
    return (Path(folder) / NAME).is_file()


def kept_points(folder: str | os.PathLike[str]) -> int:
    """Count the epsilons that a folder has a circuit for; 0 if it is no curve that can be read."""
    try:
        return sum(row.get("file") is not None for row in _read(Path(folder))["points"])
    except ArtifactError:
        return 0


def verify_curve(folder: str | os.PathLike[str]) -> Verdict:
    """Simulate every circuit of a curve on every input again.

    Raises
    ------
    ArtifactError
        If a file is missing or unreadable.
    """
    folder = Path(folder)
    document = _read(folder)
    checks = seal_checks(document, NAME)
    return Verdict((*checks, *_point_checks(folder, document)))


def _point_checks(folder: Path, document: dict[str, Any]) -> Iterator[Check]:
    task = document["task"]
    target = make_target(str(task["formula"]), task["box"])
    for row in document["points"]:
        if row.get("file") is None:
            continue
        name = f"epsilon {row['epsilon']:g}"
        try:
            circuit = read_aiger(folder / row["file"])
        except (OSError, TetrakisError) as error:
            raise ArtifactError(f"{error}", remedy="Copy the whole folder again.") from None
        output = row["output"]
        format = OutputFormat(output["bits"], output["step"], output["offset"], output["signed"])
        found = verify_on_grid(circuit, format, target, make_grid(target, row["input_bits"]))
        yield agree(f"{name}: num_gates", row["num_gates"], circuit.num_gates, f"in {row['file']}")
        yield agree(f"{name}: error", row["error"], found.error,
                    f"from simulating {found.rows:,} inputs", rounding=1e-9)  # fmt: skip
        small = found.error <= row["epsilon"] * (1 + 1e-9)
        yield Check(f"{name}: error <= epsilon", "proved" if small else "refuted", "")


def _read(folder: Path) -> dict[str, Any]:
    path = folder / NAME
    try:
        document = read_strict(path.read_text(encoding="utf-8"))
        for row in document["points"]:
            _point(row)
        assert document["kind"] == KIND and document["schema"] == SCHEMA
        assert isinstance(document["task"]["box"], dict) and document["digests"]
    except (OSError, ValueError, KeyError, TypeError, AssertionError) as error:
        raise ArtifactError(f"{path} is no curve: {error!r:.80}.", remedy=_REMEDY) from None
    return dict(document)


def _point(row: Mapping[str, Any]) -> CurvePoint:
    names = ("epsilon", "num_gates", "error", "input_bits", "every_real", "construction")
    point = {name: row[name] for name in names}
    return CurvePoint(**{**point, "input_bits": tuple(point["input_bits"])})
