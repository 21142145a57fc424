"""Circuits from files of any format that is read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from tetrakis.circuit._aig import Aig
from tetrakis.circuit._aiger import read_aiger
from tetrakis.circuit._blif import read_blif
from tetrakis.circuit._pla import read_pla_circuit
from tetrakis.errors import FormatError

READERS: dict[str, Callable[[str | os.PathLike[str]], Aig]] = {
    ".aig": read_aiger,
    ".aag": read_aiger,
    ".blif": read_blif,
    ".pla": read_pla_circuit,
    ".pla.gz": read_pla_circuit,
}
"""Readers by the ending of the file's name."""


def read_circuit(path: str | os.PathLike[str]) -> Aig:
    """Read a circuit; the ending of the name tells the format.

    Parameters
    ----------
    path : path
        A .aig, .aag, .blif or .pla file (.pla also .gz).

    Raises
    ------
    FormatError
        If the ending is unknown, the file can't be read, or its content is malformed; the
        message names the line or byte.
    """
    name = Path(path).name.lower()
    for ending, reader in READERS.items():
        if name.endswith(ending):
            try:
                return reader(path)
            except OSError as error:
                raise FormatError(f"{path}: can't be read ({error.strerror}).") from None
    raise FormatError(
        f"{path}: the ending doesn't tell the format of a circuit.",
        remedy=f"Known: {', '.join(READERS)}.",
    )
