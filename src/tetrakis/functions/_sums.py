"""Sums of many functions as one circuit, by multilevel Monte Carlo."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tetrakis.circuit import Aig, AigBuilder, Word, sum_words
from tetrakis.errors import BudgetError, DataError
from tetrakis.functions._format import OutputFormat

GUARD = 3


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """Circuits of one summand, each level twice as accurate.

    Parameters
    ----------
    norm : float
        n: level k is within ``n 2^-k`` of the summand.
    levels : sequence of (Aig, OutputFormat)
        Circuits A_0, A_1, …; sizes should be at most about ``2^{γk}``.
    inputs : sequence of int
        Which inputs of the sum a circuit's inputs are.
    """

    norm: float
    levels: Sequence[tuple[Aig, OutputFormat]]
    inputs: Sequence[int]


@dataclass(frozen=True, eq=False)
class Sum:
    """A circuit of a sum.

    Parameters
    ----------
    circuit : Aig
    format : OutputFormat
    draws : tuple of int
        Differences drawn at each level; as many as there are summands where they are all added.
    exact : tuple of bool
        Whether a level is added exactly.
    deviation : float
        Bound on the root mean square of the error by drawing, at any one input.
    rounding : float
        Bound on the error by rounding coefficients.
    truncation : float
        ``Σ n_i 2^-K``: what the last level leaves out.
    """

    circuit: Aig
    format: OutputFormat
    draws: tuple[int, ...]
    exact: tuple[bool, ...]
    deviation: float
    rounding: float
    truncation: float


def level_draws(norms: NDArray[np.float64], last: int, gamma: float, scale: float) -> list[int]:
    """Count the draws of every level: ``⌈scale · 2^{(1 + γ/2)(K − k)}⌉``, at most all summands."""
    counts = [math.ceil(scale * 2 ** ((1 + gamma / 2) * (last - k))) for k in range(last + 1)]
    return [min(count, len(norms)) for count in counts]


def sum_circuits(
    hierarchies: Sequence[Hierarchy],
    epsilon: float,
    gamma: float,
    rng: np.random.Generator,
    *,
    num_pis: int | None = None,
) -> Sum:
    """Build ``Σ f_i`` from the levels of its summands.

    With ``p_i = n_i / Σ n`` and ``D_{i,k} = A_{i,k} − A_{i,k−1}`` (``A_{i,−1} = 0``), level k
    averages ``D_{i,k} / p_i`` over N_k draws of i; where N_k reaches the number of summands they
    are all added instead. The deviation by drawing is at most ``3 Σn 2^-k / √N_k`` at each level,
    and for γ > 2 the total size is of the order of one summand's at the last level.

    Parameters
    ----------
    hierarchies : sequence of Hierarchy
    epsilon : float
        What truncation, drawing (root mean square at any input) and rounding may each be about a
        third of. A drawn sum is random: verify its error on all inputs.
    gamma : float
        Exponent of the sizes.
    rng : Generator
    num_pis : int, optional
        Inputs of the circuit.

    Returns
    -------
    Sum

    Raises
    ------
    DataError
        If there are no summands.
    BudgetError
        If a summand has too few levels for epsilon.

    References
    ----------
    Theorem 1 of [Jacot25], as in THEORY 4.1.
    """
    if not hierarchies:
        raise DataError("There is nothing to add.")
    norms = np.array([h.norm for h in hierarchies], np.float64)
    total = float(norms.sum())
    last = max(0, math.ceil(math.log2(3 * total / epsilon)))
    short = min(len(h.levels) for h in hierarchies)
    if short <= last:
        raise BudgetError(
            f"epsilon {epsilon:g} needs {last + 1} levels of every summand; one has {short}.",
            remedy=f"Give more levels, or an epsilon of {3 * total * 2.0 ** (1 - short):g}.",
        )
    scale = _scale(total, last, gamma, epsilon)
    counts = level_draws(norms, last, gamma, scale)
    exact = [count >= len(norms) for count in counts]
    size = max((max(h.inputs, default=-1) + 1 for h in hierarchies), default=0)
    builder = AigBuilder(max(size, num_pis or 0))
    adder = _Adder(builder, hierarchies, epsilon)
    deviation = 0.0
    for k, count in enumerate(counts):
        if exact[k]:
            adder.add_level(k, dict.fromkeys(range(len(norms)), 1.0))
            continue
        drawn = np.bincount(rng.choice(len(norms), count, p=norms / total), minlength=len(norms))
        factors = {int(i): drawn[i] / count * total / norms[i] for i in np.flatnonzero(drawn)}
        adder.add_level(k, factors)
        deviation += (3 * total * 2.0**-k / math.sqrt(count)) ** 2
    word, offset, rounding = adder.finish()
    format = OutputFormat(max(1, len(word.bits)), adder.step, offset, word.signed)
    return Sum(
        builder.build(word.bits or (0,)), format, tuple(counts), tuple(exact),
        math.sqrt(deviation), rounding, total * 2.0**-last,
    )  # fmt: skip


def _scale(total: float, last: int, gamma: float, epsilon: float) -> float:
    """Draws at the last level for a deviation of a third of epsilon over all levels."""
    variance = sum((3 * total * 2.0**-k) ** 2 / 2 ** ((1 + gamma / 2) * (last - k))
                   for k in range(last + 1))  # fmt: skip
    return variance / (epsilon / 3) ** 2


class _Adder:
    """Terms of a sum of words with real factors, in units of a step."""

    def __init__(
        self, builder: AigBuilder, hierarchies: Sequence[Hierarchy], epsilon: float
    ) -> None:
        self.builder, self.hierarchies = builder, hierarchies
        self.step = epsilon / 3
        self.offset = 0.0
        self._terms: dict[tuple[tuple[int, ...], bool], tuple[float, Word]] = {}
        self._words: dict[tuple[int, int], Word] = {}

    def word(self, i: int, k: int) -> Word:
        """Build level k of summand i."""
        if (i, k) not in self._words:
            own = self.hierarchies[i]
            aig, format = own.levels[k]
            literals = [self.builder.input(j) for j in own.inputs]
            bits = tuple(self.builder.replay(aig, literals))
            self._words[i, k] = Word(bits, format.signed)
        return self._words[i, k]

    def add_level(self, k: int, factors: dict[int, float]) -> None:
        """Add ``factor · (A_k − A_{k−1})`` of some summands."""
        for i, factor in factors.items():
            self._add(i, k, factor)
            if k:
                self._add(i, k - 1, -factor)

    def _add(self, i: int, k: int, factor: float) -> None:
        word, format = self.word(i, k), self.hierarchies[i].levels[k][1]
        self.offset += factor * format.offset
        key = (word.bits, word.signed)
        old = self._terms.get(key, (0.0, word))[0]
        self._terms[key] = (old + factor * format.step, word)

    def finish(self) -> tuple[Word, float, float]:
        """Add the terms; return the word, its offset, and a bound on the rounding."""
        terms = [(f, w) for f, w in self._terms.values() if f and w.bits]
        reach = sum(max(abs(x) for x in w.range) for _, w in terms)
        guard = GUARD + max(0, math.ceil(math.log2(max(reach, 1))))
        unit = self.step / 2**guard
        whole = [(round(f / unit), w) for f, w in terms]
        lost = sum(
            abs(f - c * unit) * max(abs(x) for x in w.range)
            for (f, w), (c, _) in zip(terms, whole, strict=True)
        )
        kept = [(c, w) for c, w in whole if c]
        word = sum_words(self.builder, kept, 1 << (guard - 1), drop=guard)
        return word, self.offset, lost + self.step / 2
