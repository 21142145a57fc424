"""``tetrakis verify``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tetrakis.pipeline import Verdict

EXIT_CODES = {"proved": 0, "equal": 0, "refuted": 1, "different": 1, "unknown": 3}


def verify(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR|CIRCUIT",
            help="Folder of tetrakis fit, compile, simplify or approximate; or a circuit file"
            " (.aig, .aag, .blif, .pla).",
            show_default=False,
        ),
    ],
    data: Annotated[
        str | None,
        typer.Argument(
            metavar="[DATA|CIRCUIT]",
            help="Rows to recompute the score on; or the circuit to compare with.",
            show_default=False,
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Target column of DATA, where its name differs."),
    ] = None,
    time_limit: Annotated[
        float, typer.Option(min=0.0, metavar="S", help="Seconds for the SAT solver.")
    ] = 60.0,
) -> None:
    """Recompute every claim about a folder from its files, or compare two circuits.

    Ends with exit code 0 if all is proved (the circuits are equal), 1 if something is refuted
    (different; the inputs that show it are printed), 3 if something is unknown, 2 if a file is
    missing, truncated or unreadable. Scores need their rows: DATA, or built-in data; without them
    they are listed as unchecked.

    Examples:

    tetrakis verify demo

    tetrakis verify houses houses.csv

    tetrakis verify circuit.aig optimised.blif
    """
    if folder.is_file():
        raise typer.Exit(_compare(folder, data, time_limit))
    from tetrakis.pipeline import (
        edit_table,
        is_approximated,
        is_compiled,
        is_curve,
        is_simplified,
        verify_approximation,
        verify_compiled,
        verify_curve,
        verify_simplified,
    )

    if is_approximated(folder):
        verdict = verify_approximation(folder)
    elif is_curve(folder):
        verdict = verify_curve(folder)
    elif is_compiled(folder):
        verdict = verify_compiled(folder, time_limit=time_limit)
    elif is_simplified(folder):
        rows = None if data is None else edit_table(folder, data, target)
        verdict = verify_simplified(folder, rows)
    else:
        verdict = _verify_fit(folder, data, target)
    for check in verdict.checks:
        typer.echo(f"{check.status:<9}  {check.name}: {check.detail}".rstrip(": "))
    refuted = [check.name for check in verdict.checks if check.status == "refuted"]
    typer.echo(f"{verdict.status}{': ' if refuted else ''}{', '.join(refuted)}")
    raise typer.Exit(EXIT_CODES[str(verdict.status)])


def _verify_fit(folder: Path, data: str | None, target: str | None) -> Verdict:
    from tetrakis.datasets import read_table
    from tetrakis.pipeline import target_name, verify_folder

    table = None
    if data is not None:
        name = target_name(folder)
        table = read_table(data, target=target or name)
        if table.target is not None:
            table = replace(table, target=replace(table.target, name=name))
    return verify_folder(folder, table)


def _compare(spec: Path, impl: str | None, time_limit: float) -> int:
    """Compare two circuit files; print the verdict and return the exit code."""
    from tetrakis.circuit import equivalent, read_circuit

    if impl is None:
        raise typer.BadParameter(
            f"{spec} is a file: name the circuit to compare it with, or a folder."
        )
    first, second = read_circuit(spec), read_circuit(impl)
    found = equivalent(first, second, time_limit=time_limit)
    typer.echo(f"{found.status}: {found.detail}")
    if found.witness is not None:
        names = first.input_names or [f"i{k}" for k in range(first.num_pis)]
        ones = [name for name, bit in zip(names, found.witness, strict=True) if bit]
        typer.echo(f"inputs   {''.join('01'[bit] for bit in found.witness)} (first input first)")
        typer.echo(f"ones     {' '.join(ones) or 'none'}")
    return EXIT_CODES[found.status]
