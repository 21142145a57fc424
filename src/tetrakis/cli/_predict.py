"""``tetrakis predict``."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Annotated

import typer

from tetrakis.cli._arguments import Data, Folder


def predict(
    folder: Folder,
    data: Data,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="CSV to write; standard output if none."),
    ] = None,
) -> None:
    """Predict the target of every row by running the circuit.

    Writes CSV with one column, named like the target. The rows need the columns that the
    circuit was fitted on, in any order; others are ignored.

    Example:

    tetrakis predict houses new.csv --out prices.csv
    """
    from tetrakis._files import atomic_file
    from tetrakis.datasets import number_text, read_table
    from tetrakis.encoding import read_encoding

    output = read_encoding(folder / "encoding.json").output
    name = "prediction" if output is None else output.name
    table = read_table(data)

    from tetrakis.pipeline import predict_folder

    values = predict_folder(folder, table)
    texts = [v if isinstance(v, str) else number_text(v) for v in values.tolist()]
    rows = [[name], *([text] for text in texts)]
    if out is None:
        csv.writer(sys.stdout, lineterminator="\n").writerows(rows)
        return
    with atomic_file(out) as file, file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(rows)
