"""Arguments that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

Folder = Annotated[
    Path, typer.Argument(metavar="DIR", help="Folder written by tetrakis fit.", show_default=False)
]
Data = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="A .csv, .tsv, .parquet or .pla file (text also .gz), or builtin:NAME.",
        show_default=False,
    ),
]
Out = Annotated[
    Path, typer.Option("--out", "-o", metavar="DIR", help="Folder to write.", show_default=False)
]
Force = Annotated[bool, typer.Option("--force", help="Write into a folder that has other files.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show nothing but errors.")]
Target = Annotated[str | None, typer.Option(metavar="COLUMN", help="Target column.")]
Formula = Annotated[
    str,
    typer.Argument(
        metavar="FORMULA",
        help="In the variables of the box: numbers, + - * / **, parentheses, pi, e and numpy's"
        " functions (sin, exp, sqrt, maximum, …).",
        show_default=False,
    ),
]
Box = Annotated[
    list[str],
    typer.Option(
        "--box", "-b", metavar="NAME=LO:HI", help="Range of a variable; one for each, up to 8.",
        show_default=False,
    ),
]  # fmt: skip
Bits = Annotated[
    str,
    typer.Option(
        "--input-bits", metavar="N[,N…]",
        help="Bits of every variable, or of each; at most 26 together.",
    ),
]  # fmt: skip


def seed_option(help: str) -> Any:
    """Return the option of a seed."""
    return typer.Option(min=0, max=2**31, metavar="S", help=help)


SearchSeed = Annotated[int, seed_option("Of the search.")]
Seconds = Annotated[
    float,
    typer.Option(
        min=0.1,
        metavar="S",
        help="For each search (precisions, weights, edits of one circuit), counted in steps.",
    ),
]
