"""The front door: from a file name or a built-in name to a table."""

from __future__ import annotations

import gzip
import zlib
from os import PathLike
from pathlib import Path

import numpy as np

from tetrakis.datasets._builtin import load_builtin
from tetrakis.datasets._frame import parse_csv, parse_parquet
from tetrakis.datasets._pla import parse_pla
from tetrakis.datasets._table import Table
from tetrakis.errors import DataError, FormatError

_ENDINGS = ".csv, .tsv, .tab, .parquet, .pla (the text formats also with .gz)"


def read_table(source: str | PathLike[str], *, target: str | None = None) -> Table:
    """Read a table of data.

    Parameters
    ----------
    source : path or str
        A CSV (comma or semicolon), TSV, Parquet or Espresso PLA file, the text formats also
        gzipped, or ``builtin:NAME``.
    target : str, optional
        Column to predict. A PLA file with one output and the built-in sets have their own;
        otherwise the table has no target when this is left out.

    Returns
    -------
    Table
        Missing values (empty, NA, N/A, NaN, null, ?) are kept as missing: the encoding decides.

    Raises
    ------
    DataError
        File or column not found, no rows, infinite values.
    FormatError
        The content isn't what the ending promises; the message names the line.
    """
    text = str(source)
    if text.startswith("builtin:"):
        table = load_builtin(text.removeprefix("builtin:"))
        return table.with_target(target)
    path = Path(source)
    suffixes = [s.lower() for s in path.suffixes[-2:]]
    zipped = bool(suffixes) and suffixes[-1] == ".gz"
    ending = (suffixes[:-1] if zipped else suffixes)[-1:] or [""]
    if ending[0] not in {".csv", ".tsv", ".tab", ".parquet", ".pla"}:
        raise FormatError(
            f"{path.name}: the ending doesn't tell the format.", remedy=f"Known: {_ENDINGS}."
        )
    data = _bytes(path, zipped)
    if ending[0] == ".pla":
        return parse_pla(data, source=path.name, output=target)
    if ending[0] == ".parquet":
        table = parse_parquet(data, source=path.name)
    else:
        table = parse_csv(data, source=path.name, tabs=ending[0] != ".csv")
    _check_finite(table)
    return table.with_target(target)


def _bytes(path: Path, zipped: bool) -> bytes:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise DataError(
            f"{path}: no such file.", remedy="Check the name; built-in data is builtin:NAME."
        ) from None
    except IsADirectoryError:
        raise DataError(f"{path} is a folder.", remedy="Name a file of data.") from None
    except OSError as error:
        raise DataError(f"{path}: can't be read ({error.strerror}).") from None
    if zipped and data:
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise FormatError(
                f"{path.name}: expected gzip data ({error}).",
                remedy="The file is truncated or not gzipped; fetch or write it again.",
            ) from None
    if not data.strip():
        raise DataError(f"{path.name}: the file is empty.", remedy="Name a file with data.")
    return data


def _check_finite(table: Table) -> None:
    for column in table.columns:
        if not column.is_numeric:
            continue
        rows = np.flatnonzero(np.isinf(column.values))
        if len(rows):
            raise DataError(
                f"Infinite value at {table.place(column.name, rows[0])} ({len(rows)} in the"
                " column).",
                remedy="Replace it by a number, or leave the cell empty and use"
                " --impute median or --impute mode.",
            )
