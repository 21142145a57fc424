"""Berkeley logic interchange format: one two-input table for each AND gate."""

from __future__ import annotations

import os
import re
from pathlib import Path

from tetrakis.circuit import Aig
from tetrakis.export._names import port_names, printable


def clean_name(name: str) -> str:
    r"""Replace what BLIF gives a meaning (``#``, ``\``, ``=``, a leading ``.``, blanks).

    Examples
    --------
    >>> clean_name(".a b#c=d")
    '_a_b_c_d'
    """
    return re.sub(r"^\.", "_", re.sub(r"[#\\=\"]", "_", printable(name)))


def write_blif(aig: Aig, path: str | os.PathLike[str], *, model: str = "circuit") -> None:
    """Write a circuit as BLIF.

    Parameters
    ----------
    aig : Aig
    path : path
    model : str
        Name of the model.
    """
    inputs, outputs = port_names(aig, clean_name)
    first = aig.num_pis + 1
    names = ["n0", *inputs, *(f"n{first + g}" for g in range(aig.num_gates))]
    lines = [f".model {clean_name(model)}"]
    lines.append(" ".join([".inputs", *inputs]))
    lines.append(" ".join([".outputs", *outputs]))
    if (aig.fanins < 2).any():
        lines.append(".names n0")  # no row: constant false
    for g, (a, b) in enumerate(aig.fanins.tolist()):
        lines.append(f".names {names[a >> 1]} {names[b >> 1]} n{first + g}")
        lines.append(f"{1 - (a & 1)}{1 - (b & 1)} 1")
    for name, x in zip(outputs, aig.outputs.tolist(), strict=True):
        if x < 2:
            lines += [f".names {name}"] + ["1"] * x
        else:
            lines += [f".names {names[x >> 1]} {name}", f"{1 - (x & 1)} 1"]
    Path(path).write_text("\n".join([*lines, ".end", ""]), encoding="ascii")
