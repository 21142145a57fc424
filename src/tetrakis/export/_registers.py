"""Registers between the levels of a circuit."""

from __future__ import annotations

import numpy as np

from tetrakis.circuit import Aig


class Pipeline:
    """Stages of gates and the registers that signals pass on their way to later stages.

    Parameters
    ----------
    aig : Aig
    levels : int or None
        Levels per stage; None for a single stage without registers.
    ports : list of str
        Identifiers of the constant (unused) and of the inputs.

    Attributes
    ----------
    stages : ndarray of int
        Stage of every variable; inputs are in stage 0.
    latency : int
        Stage in which the outputs are read.
    """

    def __init__(self, aig: Aig, levels: int | None, ports: list[str]) -> None:
        depth = np.maximum(aig.levels, 1) - 1
        self.stages = depth // levels if levels else np.zeros_like(depth)
        self.latency = int(self.stages[aig.outputs >> 1].max(initial=0))
        self._ports = ports
        self._delays: dict[int, int] = {}

    def literal(self, x: int, stage: int) -> str:
        """Return a literal as it is in a stage; its registers are noted."""
        v = x >> 1
        if v == 0:
            return f"1'b{x}"
        delay = stage - int(self.stages[v])
        self._delays[v] = max(delay, self._delays.get(v, 0))
        return ("~" if x & 1 else "") + self._name(v, delay)

    def _name(self, v: int, delay: int) -> str:
        if not delay:
            return self._ports[v] if v < len(self._ports) else f"n{v}"
        return f"n{v}_d{delay}" if v >= len(self._ports) else f"i{v - 1}_d{delay}"

    def registers(self) -> list[str]:
        """Return declarations of the registers of all literals asked for so far."""
        return [f"  reg {self._name(v, d)};" for v, d in self._chains()]

    def clocked(self) -> list[str]:
        """Return the statements that move every register's input into it."""
        moves = [f"    {self._name(v, d)} <= {self._name(v, d - 1)};" for v, d in self._chains()]
        return ["  always @(posedge clk) begin", *moves, "  end"] if moves else []

    def _chains(self) -> list[tuple[int, int]]:
        return [(v, d) for v, most in self._delays.items() for d in range(1, most + 1)]
