"""What the parts of an integer network cost in gates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tetrakis.circuit._linear import FixedPointLike, trace
from tetrakis.circuit._plan import Pricer, Use, uses_of
from tetrakis.circuit._table_trace import price


@dataclass(frozen=True)
class GatePrices:
    """AND nodes by what they are for, as if nothing were shared between units or bits.

    Parameters
    ----------
    units : int
        Relus and thresholds, the sums under them included.
    tables : int
        Bits of tables from their truth tables.
    sums : int
        Outputs, and stream coordinates of which tables read bits.
    """

    units: int
    tables: int
    sums: int

    @property
    def total(self) -> int:
        """All of them, without a decision (argmax)."""
        return self.units + self.tables + self.sums


def gate_prices(fixed: FixedPointLike) -> GatePrices:
    """Price relus, tables and sums of a network, each stream coordinate inlined in its readers.

    The circuit is mostly smaller, as it shares; it may be larger where inlining doesn't pay.

    Examples
    --------
    >>> from tetrakis.network import FixedPointFormat, FixedPointResNet, TableBlock
    >>> block = TableBlock.of([([(0, 0), (0, 1)], [0, 1, 1, 0], {1: 1})], stream=2)
    >>> net = FixedPointResNet(
    ...     (FixedPointFormat(2, 0),), [[1], [0]], (block,), [[0, 1]], [0], 0, 0)
    >>> gate_prices(net)
    GatePrices(units=0, tables=3, sums=0)
    """
    program = trace(fixed)
    uses = uses_of(program, [Use(k, "word") for k in program.outputs])
    needed = {ref for use in uses for ref in program.sums[use.source].flat}
    tables = 0
    for ref in needed:
        atom = program.atoms[ref]
        if atom.pins:
            codes = np.array(atom.codes)
            tables += price(codes, codes >= 0)
    parts = [
        Pricer(program, [use for use in uses if (use.kind == "relu") == relu]).plan(frozenset())[0]
        for relu in (True, False)
    ]
    return GatePrices(parts[0], tables, parts[1])
