"""``tetrakis export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tetrakis.cli._arguments import Folder


def export(
    folder: Folder,
    format: Annotated[
        str,
        typer.Option(
            "--format", "-f", metavar="NAME", help="aig, aag, verilog, blif.", show_default=False
        ),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="FILE", help="File to write.", show_default=False),
    ],
) -> None:
    """Write the circuit in another format.

    Example:

    tetrakis export demo --format verilog --out demo.v
    """
    from tetrakis.pipeline import export_folder

    export_folder(folder, format, out)
