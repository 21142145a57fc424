"""What all constructions are about, and what they make."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tetrakis.circuit import Aig, pack_rows, simulate
from tetrakis.functions._editing import editable, edited, shaken
from tetrakis.functions._format import OutputFormat, word_codes
from tetrakis.functions._target import Grid, Target

Floats = NDArray[np.float64]
SAMPLE = 1 << 14
TAIL = 0.01
MOST_WRONG = 0.015


@dataclass(frozen=True, eq=False)
class Candidate:
    """A circuit and the format of its output, not yet verified.

    Parameters
    ----------
    aig : Aig
    format : OutputFormat
    construction : str
        How it was made, in words.
    """

    aig: Aig
    format: OutputFormat
    construction: str


@dataclass(frozen=True, eq=False)
class Problem:
    """What is to be approximated how well.

    Parameters
    ----------
    target : Target
    grid : Grid
    epsilon : float
        Largest error allowed on the grid.
    ends : (float, float)
        Least and largest value of the function on the grid.
    values : ndarray or None
        Of the function on the grid; None if they are too many.
    seed : int
    """

    target: Target
    grid: Grid
    epsilon: float
    ends: tuple[float, float]
    values: Floats | None
    seed: int

    @cached_property
    def sample(self) -> tuple[NDArray[np.uint64], Floats]:
        """Inputs of some rows of the grid, packed, and the function there."""
        rows = self.grid.sample(SAMPLE, np.random.default_rng(self.seed))
        bits = ((rows[:, None] >> np.arange(self.grid.total_bits)) & 1) == 1
        return pack_rows(bits), self.target.values(self.grid.points(rows))

    def centred(self, candidate: Candidate) -> tuple[Candidate, float]:
        """Move the offset to the middle of the errors on the sample.

        Returns
        -------
        candidate : Candidate
        wrong : float
            Share of the sample's rows that are off by more than epsilon.
        """
        words, wanted = self.sample
        format = candidate.format
        codes = word_codes(simulate(candidate.aig, words), len(wanted), signed=format.signed)
        errors = format.values(codes) - wanted
        ends = np.quantile(errors, [0, 1]), np.quantile(errors, [TAIL, 1 - TAIL])
        shares = [
            (float(np.mean(np.abs(errors - e.mean()) > self.epsilon)), float(e.mean()))
            for e in ends
        ]
        wrong, middle = min(shares)
        moved = replace(format, offset=format.offset - middle)
        return replace(candidate, format=moved), wrong

    def can_edit(self, candidate: Candidate) -> bool:
        """Whether all inputs can be rows."""
        size = candidate.aig.num_gates
        return self.values is not None and editable(self.grid.total_bits, size)

    def edited(self, candidate: Candidate, *, seconds: float | None = None) -> Candidate | None:
        """Edit until every code is within epsilon; None if too many inputs stay wrong."""
        aig = edited(candidate.aig, *self._codes(candidate), **self._how(candidate, seconds))
        return None if aig is None else replace(candidate, aig=aig)

    def shaken(self, candidate: Candidate, *, seconds: float) -> Candidate:
        """Edit further a candidate whose codes are all within epsilon."""
        aig = shaken(candidate.aig, *self._codes(candidate), **self._how(candidate, seconds))
        return replace(candidate, aig=aig)

    def _codes(self, candidate: Candidate) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Least and largest code allowed for every input."""
        assert self.values is not None
        return candidate.format.intervals(self.values, self.epsilon)

    def _how(self, candidate: Candidate, seconds: float | None) -> dict[str, Any]:
        return {"signed": candidate.format.signed, "seed": self.seed, "seconds": seconds}
