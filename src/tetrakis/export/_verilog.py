"""Structural Verilog with one assignment for each AND gate."""

from __future__ import annotations

import os
import re
from pathlib import Path

from tetrakis.circuit import Aig
from tetrakis.errors import FormatError
from tetrakis.export._names import port_names, printable
from tetrakis.export._registers import Pipeline

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_RESERVED = (
    "always and assign automatic begin buf bufif0 bufif1 case casex casez cell cmos "
    "config deassign default defparam design disable edge else end endcase endconfig "
    "endfunction endgenerate endmodule endprimitive endspecify endtable endtask event "
    "for force forever fork function generate genvar highz0 highz1 if ifnone incdir "
    "include initial inout input instance integer join large liblist library "
    "localparam macromodule medium module nand negedge nmos nor noshowcancelled not "
    "notif0 notif1 or output parameter pmos posedge primitive pull0 pull1 pulldown "
    "pullup rcmos real realtime reg release repeat rnmos rpmos rtran rtranif0 "
    "rtranif1 scalared showcancelled signed small specify specparam strong0 strong1 "
    "supply0 supply1 table task time tran tranif0 tranif1 tri tri0 tri1 triand trior "
    "trireg unsigned use vectored wait wand weak0 weak1 while wire wor xnor xor logic "
    "bit byte int "
)
_KEYWORDS = frozenset(_RESERVED.split())


def identifier(name: str) -> str:
    r"""Return a Verilog identifier, escaped (``\name`` and a blank) where it must be.

    Examples
    --------
    >>> identifier("x_1"), identifier("x[1]")
    ('x_1', '\\x[1] ')
    """
    if _PLAIN.match(name) and name not in _KEYWORDS:
        return name
    return f"\\{name} "


def write_verilog(
    aig: Aig,
    path: str | os.PathLike[str],
    *,
    module: str = "circuit",
    registers: int | None = None,
) -> None:
    """Write a module whose structure is that of the AND-inverter graph.

    Parameters
    ----------
    aig : Aig
    path : path
    module : str
        Module name.
    registers : int, optional
        Put registers, clocked by a port ``clk``, after every so many levels. All outputs are
        then late by ``(num_levels - 1) // registers`` cycles; inputs may change in every cycle.

    Raises
    ------
    FormatError
        If the module name is no plain identifier, or `registers` isn't positive.
    """
    if not _PLAIN.match(module) or module in _KEYWORDS:
        raise FormatError(
            f"{module!r} is no plain Verilog identifier.", remedy="Use letters and digits."
        )
    if registers is not None and registers < 1:
        raise FormatError(f"registers: expected a positive number of levels, got {registers}.")
    inputs, outputs = port_names(aig, printable, reserved=("clk",) if registers else ())
    first = aig.num_pis + 1
    ports = ["  input wire clk"] if registers else []
    ports += [f"  input wire {identifier(x)}" for x in inputs]
    ports += [f"  output wire {identifier(x)}" for x in outputs]
    pipeline = Pipeline(aig, registers, ["", *map(identifier, inputs)])
    gates = range(first, first + aig.num_gates)
    wires = [f"  wire n{v};" for v in gates]
    body = []
    for v, (a, b) in zip(gates, aig.fanins.tolist(), strict=True):
        left, right = (pipeline.literal(x, int(pipeline.stages[v])) for x in (a, b))
        body.append(f"  assign n{v} = {left} & {right};")
    for name, x in zip(outputs, aig.outputs.tolist(), strict=True):
        body.append(f"  assign {identifier(name)} = {pipeline.literal(x, pipeline.latency)};")
    note = f"// outputs are {pipeline.latency} clock cycles late" if registers else ""
    lines = [note] * bool(note) + [f"module {module}(", ",\n".join(ports), ");"]
    lines += [*wires, *pipeline.registers(), *body, *pipeline.clocked(), "endmodule", ""]
    Path(path).write_text("\n".join(lines), encoding="ascii")
