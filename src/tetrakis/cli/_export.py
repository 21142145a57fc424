"""``tetrakis export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def export(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="DIR|FILE",
            help="Folder of tetrakis fit, or a circuit (.aig, .aag, .blif, .pla) or network"
            " (.npz, .json) file.",
            show_default=False,
        ),
    ],
    format: Annotated[
        str,
        typer.Option(
            "--format",
            "-f",
            metavar="NAME",
            help="The circuit as aig, aag, verilog, blif, c (64 samples at a time) or dot (small"
            " ones); the exact integer network as c-words (plain integer C) or onnx; the float"
            " network as onnx-float.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="FILE", help="File to write.", show_default=False),
    ],
    registers: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Verilog: registers after every N levels.", show_default=False
        ),
    ] = None,
) -> None:
    """Write a circuit or a network in another format.

    Examples:

    tetrakis export demo --format verilog --out demo.v

    tetrakis export demo --format c --out demo.c

    tetrakis export adder.blif --format aig --out adder.aig
    """
    from tetrakis.pipeline import export_file, export_folder

    write = export_folder if source.is_dir() or not source.exists() else export_file
    write(source, format, out, registers=registers)
