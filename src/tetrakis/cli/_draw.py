"""``tetrakis draw``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tetrakis.cli._arguments import Force, Out


def draw(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="DIR|FILE",
            help="Folder of tetrakis fit or compile, or a circuit (.aig, .aag, .blif, .pla) or"
            " network (.npz, .json) file.",
            show_default=False,
        ),
    ],
    out: Out,
    network: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Of a circuit file: the integer network that it computes, to tell blocks apart.",
            show_default=False,
        ),
    ] = None,
    force: Force = False,
) -> None:
    """Draw the network, and how many nodes of which block each level of the circuit has.

    Example:

    tetrakis draw demo --out pictures
    """
    from tetrakis.pipeline import draw

    for line in draw(source, out, network=network, force=force):
        typer.echo(line)
    typer.echo(f"Written to {out}.")
