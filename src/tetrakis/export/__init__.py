"""Writers of circuits and networks for other tools, by format name.

A name with an ending that several formats share (``.c``, ``.onnx``) is told by the format.
"""

from __future__ import annotations

from collections.abc import Callable

from tetrakis.circuit import Aig
from tetrakis.circuit import write_aiger as write_aiger
from tetrakis.export._blif import write_blif as write_blif
from tetrakis.export._c_bits import write_c as write_c
from tetrakis.export._c_words import write_c_words as write_c_words
from tetrakis.export._dot import write_dot as write_dot
from tetrakis.export._onnx import write_onnx as write_onnx
from tetrakis.export._verilog import write_verilog as write_verilog
from tetrakis.network import FixedPointResNet, ResNet

FORMATS: dict[str, Callable[[Aig, str], None]] = {
    "aig": write_aiger,
    "aag": write_aiger,
    "verilog": write_verilog,
    "blif": write_blif,
    "c": write_c,
    "dot": write_dot,
}
"""Writers of circuits; ``writer(aig, path)``. AIGER is ASCII iff the path ends in .aag."""

INTEGER_FORMATS: dict[str, Callable[[FixedPointResNet, str], None]] = {
    "c-words": write_c_words,
    "onnx": write_onnx,
}
"""Writers of the exact integer network."""

FLOAT_FORMATS: dict[str, Callable[[ResNet, str], None]] = {"onnx-float": write_onnx}
"""Writers of the float network."""

SUFFIXES: dict[str, str] = {
    "aig": ".aig",
    "aag": ".aag",
    "verilog": ".v",
    "blif": ".blif",
    "c": ".c",
    "dot": ".dot",
    "c-words": ".c",
    "onnx": ".onnx",
    "onnx-float": ".onnx",
}
"""File name suffix of each format."""
