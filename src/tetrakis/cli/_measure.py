"""``tetrakis measure``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def measure(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR|FILE",
            help="Folder of tetrakis fit or compile, or an integer network (.npz, .json).",
            show_default=False,
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the size, norms and certificate of a fitted circuit, computed anew from its files.

    Of an integer network, and of a folder of tetrakis compile: its units, tables and wires, and
    what these cost in AND nodes.

    Examples:

    tetrakis measure demo

    tetrakis measure demo/fixed_point.npz
    """
    from tetrakis.pipeline import is_compiled, measure_folder, measure_network

    network = folder.suffix in (".npz", ".json") or is_compiled(folder)
    values = measure_network(folder) if network else measure_folder(folder)
    if as_json:
        typer.echo(json.dumps(values, indent=2))
        return
    width = max(map(len, values), default=0)
    for name, value in values.items():
        shown = f"{value:.6g}" if isinstance(value, float) else str(value)
        typer.echo(f"{name:<{width}}  {shown}")
