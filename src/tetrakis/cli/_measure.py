"""``tetrakis measure``."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from tetrakis.cli._arguments import Folder


def measure(
    folder: Folder,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the size, norms and certificate of a fitted circuit, computed anew from its files.

    Example:

    tetrakis measure demo
    """
    from tetrakis.pipeline import measure_folder

    values = measure_folder(folder)
    if as_json:
        typer.echo(json.dumps(values, indent=2))
        return
    width = max(map(len, values), default=0)
    for name, value in values.items():
        shown = f"{value:.6g}" if isinstance(value, float) else str(value)
        typer.echo(f"{name:<{width}}  {shown}")
