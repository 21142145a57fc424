"""A trained lift, the rows that it is compressed for, and networks in integers made from it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tetrakis.encoding import Encoding, fit_encoding
from tetrakis.graphs import Lift
from tetrakis.learners._on_codes import Standard
from tetrakis.learners._problem import Problem
from tetrakis.learners._views import TRIM
from tetrakis.network import FixedPointResNet, ResNet, common_exponent


@dataclass(frozen=True, eq=False)
class Sources:
    """A lift, and the rows that it is compressed for.

    Parameters
    ----------
    lift : Lift
    standard : Standard
    problem : Problem
        Its table has no columns but those the lift was trained on.
    train, held : ndarray of int
        Rows that fix the encoding and the largest activations, and rows to score on.
    encoding : Encoding
        Fixed from the training rows.
    codes : ndarray of int64, shape (n, n_words)
    """

    lift: Lift
    standard: Standard
    problem: Problem
    train: NDArray
    held: NDArray
    encoding: Encoding
    codes: NDArray

    @classmethod
    def of(
        cls, lift: Lift, standard: Standard, problem: Problem, train: NDArray, held: NDArray,
        *, bits: int,
    ) -> Sources:  # fmt: skip
        """Encode numeric inputs in so many bits."""
        encoding = fit_encoding(problem.table.take(train), bits=bits, trim=TRIM)
        return cls(
            lift, standard, problem, train, held, encoding, encoding.encode(problem.table)
        )  # fmt: skip

    @cached_property
    def X(self) -> NDArray[np.float64]:
        """Columns of the training rows."""
        columns = [column.values[self.train] for column in self.problem.table.columns]
        return np.stack(columns, axis=1).astype(np.float64)

    @cached_property
    def units(self) -> NDArray[np.float64]:
        """Training rows as the lift reads them."""
        return (self.X - self.standard.centre) / self.standard.spread

    def trial(self, network: ResNet | None, fixed: FixedPointResNet, size: float) -> Trial:
        """Score a network in integers."""
        if self.problem.decision == "argmax":
            fixed = common_exponent(fixed)
        held, train = (self.problem.score(fixed, self.codes, r) for r in (self.held, self.train))
        return Trial(held, train, size, network, fixed)


class Trial(NamedTuple):
    """A network in integers, its scores, and what its circuit's size may be proportional to."""

    held: float
    train: float
    size: float
    network: ResNet | None
    fixed: FixedPointResNet
