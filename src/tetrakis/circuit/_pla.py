"""Espresso PLA files as circuits: a sum of products for every output."""

from __future__ import annotations

import gzip
import os
import zlib
from pathlib import Path

from tetrakis.circuit._aig import Aig
from tetrakis.circuit._builder import AigBuilder
from tetrakis.circuit._cover import cube_literal
from tetrakis.errors import FormatError


def read_pla_circuit(path: str | os.PathLike[str]) -> Aig:
    """Read a PLA file as the circuit of its rows.

    An output is 1 where a row that marks it with 1 applies, and 0 elsewhere: don't-cares and,
    in types ``fr`` and ``fdr``, rows that aren't listed count as 0. Equal products are shared.
    To learn a circuit from rows instead, use `tetrakis.datasets.read_table`.

    Parameters
    ----------
    path : path
        Text, or gzipped.

    Raises
    ------
    FormatError
        If the file is malformed; the message names the line.
    """
    from tetrakis.datasets._pla import scan_pla

    path = Path(path)
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise FormatError(f"{path.name}: damaged gzip data ({error}).") from None
    inputs, outputs, cubes, marks = scan_pla(data, source=path.name)
    builder = AigBuilder(len(inputs))
    literals = [builder.input(k) for k in range(len(inputs))]
    products: dict[str, int] = {}
    terms: list[list[int]] = [[] for _ in outputs]
    for cube, mark in zip(cubes, marks, strict=True):
        if "1" not in mark:
            continue
        if cube not in products:
            products[cube] = cube_literal(builder, literals, cube)
        for k, c in enumerate(mark):
            if c == "1":
                terms[k].append(products[cube])
    made = [builder.or_all(dict.fromkeys(found)) for found in terms]
    return builder.build(made, input_names=inputs, output_names=outputs)
