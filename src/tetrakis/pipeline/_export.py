"""Circuits and networks in other formats, from a folder or a file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from tetrakis._files import atomic_file
from tetrakis.circuit import read_circuit
from tetrakis.errors import FormatError
from tetrakis.export import FLOAT_FORMATS, FORMATS, INTEGER_FORMATS, SUFFIXES, write_verilog
from tetrakis.network import FixedPointResNet, ResNet, load_network, read_integer_network
from tetrakis.pipeline._folder import open_files

PathLike = str | os.PathLike[str]
Writer = Callable[[Any, str], None]


def export_folder(
    folder: PathLike, format: str, out: PathLike, *, registers: int | None = None
) -> None:
    """Write the circuit or a network of a folder of `tetrakis fit` in another format.

    Parameters
    ----------
    folder : path
    format : str
        One of `tetrakis.export.FORMATS`, of the circuit; of ``INTEGER_FORMATS``, of the exact
        integer network; or of ``FLOAT_FORMATS``, of the float network.
    out : path
        File to write, complete or not at all.
    registers : int, optional
        For Verilog: registers after every so many levels.

    Raises
    ------
    FormatError
        If there is no such format, or it has no registers.
    ArtifactError
        If the folder isn't complete and as it was written.
    """
    writer = _writer(format, registers)
    name = "circuit.aig" if format in FORMATS else "fixed_point.npz"
    (value,) = open_files(folder, "network.npz" if format in FLOAT_FORMATS else name)
    _write(writer, value, format, out)


def export_file(
    path: PathLike, format: str, out: PathLike, *, registers: int | None = None
) -> None:
    """Write the circuit or network of a file in another format.

    Parameters
    ----------
    path : path
        .aig, .aag, .blif or .pla for the formats of circuits, .npz or .json for those of networks.
    format, out, registers
        As for `export_folder`.

    Raises
    ------
    FormatError
        If there is no such format, or the file holds something else.
    """
    writer = _writer(format, registers)
    path = Path(path)
    if format in FORMATS:
        _write(writer, read_circuit(path), format, out)
        return
    wanted = ResNet if format in FLOAT_FORMATS else FixedPointResNet
    network = read_integer_network(path) if path.suffix == ".json" else load_network(path)
    if not isinstance(network, wanted):
        raise FormatError(
            f"{path} holds a {type(network).__name__}; {format} needs a {wanted.__name__}.",
            remedy="fixed_point.npz of a folder is the integer network, network.npz the float one.",
        )
    _write(writer, network, format, out)


def _writer(format: str, registers: int | None) -> Writer:
    writers: dict[str, Writer] = {**FORMATS, **INTEGER_FORMATS, **FLOAT_FORMATS}
    if format not in writers:
        raise FormatError(
            f"There is no format {format!r}.", remedy=f"There are {', '.join(writers)}."
        )
    if registers is None:
        return writers[format]
    if format != "verilog":
        raise FormatError(f"{format} has no registers.", remedy="Use --registers with verilog.")
    return partial(write_verilog, registers=registers)


def _write(writer: Writer, value: Any, format: str, out: PathLike) -> None:
    """Write under a name with the format's own ending, which some writers go by."""
    with tempfile.TemporaryDirectory() as folder, atomic_file(out) as file:
        made = Path(folder) / f"written{SUFFIXES[format]}"
        writer(value, str(made))
        file.write_bytes(made.read_bytes())
