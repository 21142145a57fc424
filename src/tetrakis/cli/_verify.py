"""``tetrakis verify``."""

from __future__ import annotations

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

    Ends with exit code 0 if all are proved, 1 if one is refuted, 3 if one is unknown, 2 if the
    folder can't be read.

    Examples:

    tetrakis verify demo

    tetrakis verify houses houses.csv
    """
    from tetrakis.datasets import read_table
    from tetrakis.encoding import read_encoding

    table = None
    if data is not None:
        output = read_encoding(folder / "encoding.json").output
        table = read_table(data, target=target or (output.name if output else None))

    from tetrakis.pipeline import verify_folder

    verdict = verify_folder(folder, table)
    for check in verdict.checks:
        typer.echo(f"{check.status:<9}  {check.name}: {check.detail}".rstrip(": "))
    refuted = [check.name for check in verdict.checks if check.status == "refuted"]
    typer.echo(f"{verdict.status}{': ' if refuted else ''}{', '.join(refuted)}")
    raise typer.Exit(EXIT_CODES[str(verdict.status)])
