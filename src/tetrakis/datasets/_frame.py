"""CSV, TSV and Parquet by way of polars."""

from __future__ import annotations

import csv
import io

import numpy as np
import polars as pl

from tetrakis.datasets._table import Column, Table
from tetrakis.errors import DataError, FormatError

MISSING = ("", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "?")
_NEWLINE, _RETURN, _QUOTE = b'\n\r"'


def parse_csv(data: bytes, *, source: str, tabs: bool = False) -> Table:
    """Read comma-, semicolon- or tab-separated text with one header line.

    Raises
    ------
    FormatError
        Not UTF-8, no usable header, duplicate names, ragged lines, an open quote.
    DataError
        A header without rows.
    """
    data = data.removeprefix(b"\xef\xbb\xbf")
    _check_utf8(data, source)
    if _NEWLINE not in data:
        data = data.replace(b"\r", b"\n")
    first = io.StringIO(data[: data.find(b"\n")].decode() if b"\n" in data else data.decode())
    separator = "\t" if tabs else _separator(first.getvalue())
    names = [name.strip() for name in next(csv.reader(first, delimiter=separator), [])]
    _check_header(names, source)
    _check_shape(data, separator, len(names), source)
    frame = _read_frame(data, separator, names, source)
    if frame.height == 0:
        raise DataError(f"{source}: a header, but no rows.", remedy="Name a file with data.")
    columns = tuple(_column(frame[name], source) for name in names)
    return Table(columns, source=source, n_rows=frame.height)


def parse_parquet(data: bytes, *, source: str) -> Table:
    """Read a Parquet file.

    Raises
    ------
    FormatError
        Not a Parquet file, or a column type that is neither a number nor a text.
    DataError
        No rows.
    """
    try:
        frame = pl.read_parquet(io.BytesIO(data))
    except Exception as error:  # polars has many, some of them not its own
        raise FormatError(
            f"{source}: not a readable Parquet file ({_first_line(error)}).",
            remedy="The file is truncated or in another format; write it again.",
        ) from None
    if frame.height == 0:
        raise DataError(f"{source}: no rows.", remedy="Name a file with data.")
    columns = tuple(_column(frame[name], source) for name in frame.columns)
    return Table(columns, source=source, n_rows=frame.height)


def _check_utf8(data: bytes, source: str) -> None:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FormatError(
            f"{source}: line {line} isn't UTF-8 text (byte {data[error.start]:#04x}).",
            remedy="Save the file as UTF-8.",
        ) from None
    if b"\0" in data:
        raise FormatError(f"{source}: zero bytes in a text file.", remedy="Save it as UTF-8 text.")


def _separator(header: str) -> str:
    return max(",;\t", key=lambda mark: (header.count(mark), mark == ","))


def _check_header(names: list[str], source: str) -> None:
    for position, name in enumerate(names, start=1):
        if not name:
            raise FormatError(
                f"{source}, line 1: column {position} has no name.",
                remedy="Name every column in the header line.",
            )
        if name in names[: position - 1]:
            first = names.index(name) + 1
            raise FormatError(
                f"{source}, line 1: columns {first} and {position} are both named {name!r}.",
                remedy="Give every column its own name.",
            )
    if names and all(_is_number(name) for name in names):
        raise FormatError(
            f"{source}, line 1: expected column names, got numbers.",
            remedy="Add a header line with the column names.",
        )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _check_shape(data: bytes, separator: str, expected: int, source: str) -> None:
    """Count the separators of every line, outside quotes, in one pass over the bytes."""
    raw = np.frombuffer(data, dtype=np.uint8)
    ends = np.flatnonzero(raw == _NEWLINE)
    marks = np.flatnonzero(raw == ord(separator))
    if b'"' in data:
        quotes = np.flatnonzero(raw == _QUOTE)
        if len(quotes) % 2:
            line = 1 + int(np.searchsorted(ends, quotes[-1]))
            raise FormatError(
                f"{source}: a quotation mark is never closed (the last one is on line {line}).",
                remedy='Close it, or double a mark inside a text: "".',
            )
        lines = ends
        ends = ends[np.searchsorted(quotes, ends) % 2 == 0]
        marks = marks[np.searchsorted(quotes, marks) % 2 == 0]
    else:
        lines = ends
    starts = np.concatenate([[0], ends + 1])
    stops = np.concatenate([ends, [len(raw)]])
    blank = (stops == starts) | (
        (stops == starts + 1) & (raw[np.minimum(starts, len(raw) - 1)] == _RETURN)
    )
    fields = np.searchsorted(marks, stops) - np.searchsorted(marks, starts) + 1
    bad = np.flatnonzero((fields != expected) & ~blank)
    if len(bad):
        line = 1 + int(np.searchsorted(lines, starts[bad[0]]))
        raise FormatError(
            f"{source}, line {line}: expected {expected} values as in the header, got"
            f" {fields[bad[0]]} ({len(bad)} such lines).",
            remedy="Mend the line; a text that holds the separator needs quotation marks.",
        )


def _read_frame(data: bytes, separator: str, names: list[str], source: str) -> pl.DataFrame:
    if len(names) > 1:  # a blank line is a missing value when there is one column only
        data = data.replace(b"\r\n", b"\n")
        while b"\n\n" in data:
            data = data.replace(b"\n\n", b"\n")
    for rows in (1000, None):
        try:
            frame = pl.read_csv(
                data,
                separator=separator,
                new_columns=names,
                null_values=list(MISSING),
                infer_schema_length=rows,
                raise_if_empty=False,
            )
        except pl.exceptions.PolarsError as error:
            if rows is None:
                raise FormatError(f"{source}: {_first_line(error)}") from None
        else:
            return frame
    raise AssertionError("unreachable")


def _column(series: pl.Series, source: str) -> Column:
    kind = series.dtype
    if kind.is_numeric():
        return _numeric(series)
    if kind == pl.Null:
        return Column(series.name, np.full(len(series), np.nan))
    if kind == pl.Boolean:
        values = series.cast(pl.Int32).fill_null(-1).to_numpy()
        return Column(series.name, values, ("false", "true"))
    if kind not in (pl.String, pl.Categorical, pl.Enum):
        raise FormatError(
            f"{source}: column {series.name!r} holds {kind}, expected numbers or texts.",
            remedy="Convert the column, or remove it.",
        )
    texts = series.cast(pl.String).str.strip_chars()
    texts = texts.set(texts.is_in(MISSING), None)
    numbers = texts.cast(pl.Float64, strict=False)
    if numbers.null_count() == texts.null_count():
        return _numeric(numbers)
    categories = texts.drop_nulls().unique().sort()
    codes = texts.cast(pl.Enum(categories)).to_physical().cast(pl.Int32).fill_null(-1)
    return Column(series.name, codes.to_numpy(), tuple(categories.to_list()))


def _numeric(series: pl.Series) -> Column:
    return Column(series.name, series.cast(pl.Float64).fill_null(float("nan")).to_numpy())


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
