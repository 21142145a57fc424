"""A circuit of a function, and what was verified of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tetrakis.circuit import Aig, pack_rows, simulate
from tetrakis.functions._format import OutputFormat, word_codes
from tetrakis.functions._target import Grid, Target
from tetrakis.functions._verify import Verification

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Tried:
    """One candidate of the competition.

    Parameters
    ----------
    construction : str
    num_gates : int
    verified : bool or None
        Whether its error was within epsilon, after edits where there were any; None if it wasn't
        tried: a smaller circuit had been verified, or others promised to become smaller.
    """

    construction: str
    num_gates: int
    verified: bool | None


@dataclass(frozen=True, eq=False)
class Approximation:
    """A circuit with the error that was verified on every representable input.

    Parameters
    ----------
    circuit : Aig
        Size is an upper bound on C(f, ε).
    format : OutputFormat
        What the output's codes stand for.
    target : Target
    grid : Grid
        The representable inputs.
    epsilon : float
        Allowed on the grid: what was asked for, less the input rounding with `every_real`.
    verification : Verification
        Found by simulating every input.
    construction : str
        Which one won.
    tried : tuple of Tried
        All candidates, smallest first.
    """

    circuit: Aig
    format: OutputFormat
    target: Target
    grid: Grid
    epsilon: float
    verification: Verification
    construction: str
    tried: tuple[Tried, ...]

    @property
    def error(self) -> float:
        """Verified error, at most `epsilon`."""
        return self.verification.error

    def values(self, rows: NDArray[np.int64]) -> Floats:
        """Run the circuit on rows of the grid and decode."""
        bits = ((np.asarray(rows)[:, None] >> np.arange(self.grid.total_bits)) & 1) == 1
        codes = word_codes(
            simulate(self.circuit, pack_rows(bits)), len(bits), signed=self.format.signed
        )
        return self.format.values(codes)

    @property
    def num_gates(self) -> int:
        """AND nodes: an upper bound on C(f, ε)."""
        return self.circuit.num_gates


def named(aig: Aig, target: Target, grid: Grid) -> Aig:
    """Name the inputs after the variables and the outputs y."""
    inputs = [
        f"{name}[{i}]" for name, bits in zip(target.names, grid.bits, strict=True)
        for i in range(bits)
    ]  # fmt: skip
    taken = "f" if "y" in target.names else "y"
    outputs = tuple(f"{taken}[{i}]" for i in range(aig.num_pos))
    return Aig(aig.num_pis, aig.fanins, aig.outputs, tuple(inputs), outputs)
