"""Espresso PLA files as tables of a Boolean function's rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tetrakis.datasets._table import Column, Table, missing_column
from tetrakis.errors import DataError, FormatError

_TYPES = ("f", "fd", "fr", "fdr")
_MAX_ROWS = 1 << 20
_MAX_INPUTS = 16


@dataclass
class _Header:
    inputs: int = -1
    outputs: int = -1
    products: int = -1
    kind: str = "fd"
    input_names: list[str] = field(default_factory=list)
    output_names: list[str] = field(default_factory=list)


def read_pla(path: str | PathLike[str], *, output: str | None = None) -> Table:
    """Read an Espresso PLA file that isn't gzipped; see `parse_pla`."""
    path = Path(path)
    return parse_pla(path.read_bytes(), source=path.name, output=output)


def parse_pla(data: bytes, *, source: str, output: str | None = None) -> Table:
    """Read the rows of one output of a PLA file.

    Types ``fr`` and ``fdr`` list the rows of both values. Types ``f`` and ``fd`` list the rows
    where the function is 1, all others are 0: these become the whole truth table, up to 16
    inputs. A ``-`` in an input stands for both values and is expanded.

    Parameters
    ----------
    data : bytes
        Content of the file.
    source : str
        Name for messages.
    output : str, optional
        Name or number (from 0) of the output; needed when there are several.

    Raises
    ------
    FormatError
        The file is malformed; the message names the line.
    DataError
        The output isn't there, or the file doesn't define a data set.
    """
    header, rows, lines = _scan(data, source)
    cube, values = _planes(header, rows, lines, source)
    index = _output_index(header, output, source)
    value = values[:, index]
    notes: list[str] = []
    if header.kind in ("f", "fd"):
        bits, labels = _truth_table(header, cube, value, source)
        notes.append(f"type {header.kind}: all {len(bits)} rows of the truth table are used")
    else:
        known = (value == ord("0")) | (value == ord("1"))
        bits, labels = _expand(cube[known], value[known] == ord("1"), source, notes)
    if not len(bits):
        raise DataError(f"{source}: no rows with a known output.", remedy="Name another file.")
    notes.extend(_repetitions(bits, labels))
    names = _input_names(header)
    outputs = _output_names(header)
    columns = tuple(Column(name, bits[:, j]) for j, name in enumerate(names))
    target = Column(outputs[index], labels)
    return Table(columns, target, source, len(bits), boolean=True, notes=tuple(notes))


def scan_pla(data: bytes, *, source: str) -> tuple[list[str], list[str], list[str], list[str]]:
    """Read the rows of a PLA file as they stand: input names, output names, cubes, marks.

    A cube has one of ``01-`` per input, a mark one of ``01-~`` per output.

    Raises
    ------
    FormatError
        The file is malformed; the message names the line.
    """
    header, rows, lines = _scan(data, source)
    cube, values = _planes(header, rows, lines, source)
    cubes, marks = ([row.tobytes().decode("latin-1") for row in plane] for plane in (cube, values))
    return _input_names(header), _output_names(header), cubes, marks


def _scan(data: bytes, source: str) -> tuple[_Header, list[str], list[int]]:
    """Split into header, rows without blanks, and the line number of every row."""
    header, rows, numbers = _Header(), [], []
    for number, line in enumerate(data.decode("latin-1").splitlines(), start=1):
        line = line.split("#", 1)[0].strip()
        if not line:
            continue
        if line.startswith("."):
            if line.split()[0] in (".e", ".end"):
                break
            _directive(header, line.split(), f"{source}, line {number}")
            continue
        if header.inputs < 0 or header.outputs < 0:
            raise FormatError(
                f"{source}, line {number}: a row before .i and .o.",
                remedy="Start the file with .i INPUTS and .o OUTPUTS.",
            )
        row = "".join(line.replace("|", " ").split())
        if len(row) != header.inputs + header.outputs:
            raise FormatError(
                f"{source}, line {number}: expected {header.inputs} input and {header.outputs}"
                f" output characters, got {len(row)} in all."
            )
        rows.append(row)
        numbers.append(number)
    _check_header(header, len(rows), source)
    return header, rows, numbers


def _directive(header: _Header, words: list[str], place: str) -> None:
    name, arguments = words[0], words[1:]
    counts = {".i": "inputs", ".o": "outputs", ".p": "products"}
    if name in counts:
        if len(arguments) != 1 or not arguments[0].isdecimal():
            raise FormatError(f"{place}: expected {name} NUMBER, got {' '.join(words)!r}.")
        setattr(header, counts[name], int(arguments[0]))
    elif name == ".type":
        if arguments not in [[kind] for kind in _TYPES]:
            raise FormatError(
                f"{place}: expected .type {', '.join(_TYPES)}, got {' '.join(arguments)!r}."
            )
        header.kind = arguments[0]
    elif name in (".ilb", ".ob"):
        if len(set(arguments)) < len(arguments):
            raise FormatError(f"{place}: a name occurs twice.", remedy="Make the names differ.")
        setattr(header, "input_names" if name == ".ilb" else "output_names", arguments)
    else:
        raise FormatError(
            f"{place}: {name} isn't supported.",
            remedy="Known: .i .o .p .type .ilb .ob .e; convert the file.",
        )


def _check_header(header: _Header, rows: int, source: str) -> None:
    if header.inputs < 1 or header.outputs < 1:
        missing = ".i" if header.inputs < 1 else ".o"
        raise FormatError(f"{source}: expected {missing} with a positive number.")
    if header.products >= 0 and header.products != rows:
        raise FormatError(
            f"{source}: .p announces {header.products} rows, the file has {rows}.",
            remedy="The file is truncated, or its .p is wrong.",
        )
    for names, count, word in (
        (header.input_names, header.inputs, ".ilb"),
        (header.output_names, header.outputs, ".ob"),
    ):
        if names and len(names) != count:
            raise FormatError(f"{source}: {word} has {len(names)} names, expected {count}.")


def _planes(
    header: _Header, rows: list[str], lines: list[int], source: str
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    text = "".join(rows).encode("latin-1")
    plane = np.frombuffer(text, dtype=np.uint8).reshape(len(rows), header.inputs + header.outputs)
    plane = np.where(plane == ord("2"), ord("-"), np.where(plane == ord("4"), ord("1"), plane))
    plane = plane.astype(np.uint8)
    allowed = np.isin(plane, np.frombuffer(b"01-~", dtype=np.uint8))
    allowed[:, : header.inputs] &= plane[:, : header.inputs] != ord("~")
    bad = np.argwhere(~allowed)
    if len(bad):
        row, column = bad[0]
        raise FormatError(
            f"{source}, line {lines[row]}: unexpected character {rows[row][column]!r} at"
            f" position {column + 1}; expected 0, 1 or -."
        )
    return plane[:, : header.inputs], plane[:, header.inputs :]


def _input_names(header: _Header) -> list[str]:
    return header.input_names or [f"x{j}" for j in range(header.inputs)]


def _output_names(header: _Header) -> list[str]:
    if header.output_names:
        return header.output_names
    return ["y"] if header.outputs == 1 else [f"y{k}" for k in range(header.outputs)]


def _output_index(header: _Header, output: str | None, source: str) -> int:
    names = _output_names(header)
    if output is None:
        if header.outputs > 1:
            raise DataError(
                f"{source} has {header.outputs} outputs; one is learnt at a time.",
                remedy=f"Choose one with --target: {', '.join(names[:12])}.",
            )
        return 0
    if output in names:
        return names.index(output)
    if output.isdecimal() and int(output) < header.outputs:
        return int(output)
    raise missing_column(output, names, source)


def _expand(
    cube: NDArray[np.uint8], labels: NDArray[np.bool_], source: str, notes: list[str]
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Replace every row with ``-`` by the rows it stands for."""
    free = cube == ord("-")
    counts = free.sum(axis=1)
    if not counts.any():
        return cube - ord("0"), labels
    total = float(np.sum(2.0**counts))
    if total > _MAX_ROWS:
        raise DataError(
            f"{source}: its don't-care inputs (-) stand for {total:.3g} rows, at most"
            f" {_MAX_ROWS} are expanded.",
            remedy="List the rows that matter, without -.",
        )
    parts = []
    for row, mask in zip(cube, free, strict=True):
        k = int(mask.sum())
        part = np.repeat((row == ord("1")).astype(np.uint8)[None, :], 1 << k, axis=0)
        part[:, mask] = (np.arange(1 << k)[:, None] >> np.arange(k)) & 1
        parts.append(part)
    notes.append(f"don't-care inputs: {len(cube)} rows expanded to {int(total)}")
    return np.concatenate(parts), np.repeat(labels, 1 << counts)


def _truth_table(
    header: _Header, cube: NDArray[np.uint8], value: NDArray[np.uint8], source: str
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    n = header.inputs
    if n > _MAX_INPUTS:
        raise DataError(
            f"{source}: type {header.kind} lists only the rows where the output is 1; with {n}"
            f" inputs the truth table is too large (limit {_MAX_INPUTS}).",
            remedy="Write .type fr and list rows of both values.",
        )
    bits = ((np.arange(1 << n)[:, None] >> np.arange(n - 1, -1, -1)) & 1).astype(np.uint8)
    on, dont_care = (_covered(bits, cube[value == ord(mark)]) for mark in ("1", "-"))
    keep = on | ~dont_care if header.kind == "fd" else np.ones(len(bits), dtype=bool)
    return bits[keep], on[keep]


def _covered(bits: NDArray[np.uint8], cubes: NDArray[np.uint8]) -> NDArray[np.bool_]:
    covered = np.zeros(len(bits), dtype=bool)
    for cube in cubes:
        fixed = np.flatnonzero(cube != ord("-"))
        covered |= np.all(bits[:, fixed] == (cube[fixed] == ord("1")), axis=1)
    return covered


def _repetitions(bits: NDArray[np.uint8], labels: NDArray[np.bool_]) -> list[str]:
    packed = np.packbits(bits, axis=1)
    keys = np.ascontiguousarray(packed).view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, inverse = np.unique(keys, return_inverse=True)
    ones = np.bincount(inverse, weights=labels)
    counts = np.bincount(inverse)
    notes = []
    if len(counts) < len(bits):
        notes.append(f"{len(bits) - len(counts)} rows repeat the inputs of another row")
    contradictions = int(np.sum((ones > 0) & (ones < counts)))
    if contradictions:
        notes.append(f"{contradictions} inputs occur with both output values")
    return notes
