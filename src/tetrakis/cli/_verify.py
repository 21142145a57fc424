"""``tetrakis verify``."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from tetrakis.cli._arguments import Folder

EXIT_CODES = {"proved": 0, "refuted": 1, "unknown": 3}


def verify(
    folder: Folder,
    data: Annotated[
        str | None,
        typer.Argument(
            metavar="[DATA]", help="Rows to recompute the score on.", show_default=False
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Target column of DATA, where its name differs."),
    ] = None,
) -> None:
    """Recompute every claim in metrics.json from the other files.

    Ends with exit code 0 if all are proved, 1 if one is refuted, 3 if one is unknown, 2 if a file
    is missing, truncated or unreadable. Scores need their rows: DATA, or built-in data; without
    them they are listed as unchecked.

    Examples:

    tetrakis verify demo

    tetrakis verify houses houses.csv
    """
    from tetrakis.datasets import read_table
    from tetrakis.pipeline import target_name, verify_folder

    table = None
    if data is not None:
        name = target_name(folder)
        table = read_table(data, target=target or name)
        if table.target is not None:
            table = replace(table, target=replace(table.target, name=name))
    verdict = verify_folder(folder, table)
    for check in verdict.checks:
        typer.echo(f"{check.status:<9}  {check.name}: {check.detail}".rstrip(": "))
    refuted = [check.name for check in verdict.checks if check.status == "refuted"]
    typer.echo(f"{verdict.status}{': ' if refuted else ''}{', '.join(refuted)}")
    raise typer.Exit(EXIT_CODES[str(verdict.status)])
