"""Writers of circuits for other tools: AIGER, structural Verilog, BLIF."""

from __future__ import annotations

from collections.abc import Callable

from tetrakis.circuit import Aig
from tetrakis.circuit import write_aiger as write_aiger
from tetrakis.export._blif import write_blif as write_blif
from tetrakis.export._verilog import write_verilog as write_verilog

FORMATS: dict[str, Callable[[Aig, str], None]] = {
    "aig": write_aiger,
    "aag": write_aiger,
    "verilog": write_verilog,
    "blif": write_blif,
}
"""Writers by format name; ``writer(aig, path)``. AIGER is ASCII iff the path ends in .aag."""

SUFFIXES: dict[str, str] = {"aig": ".aig", "aag": ".aag", "verilog": ".v", "blif": ".blif"}
"""File name suffix of each format."""
