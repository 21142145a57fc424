"""Occam bounds: what the size of a circuit promises on unseen data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tetrakis.errors import BudgetError, DataError
from tetrakis.measures._circuit_code import Circuit, circuit_bits, occam_bits
from tetrakis.measures._table_code import table_bits
from tetrakis.measures._tails import binomial_inverse, kl_inverse
from tetrakis.network import FixedPointResNet

Size = tuple[int, int, int]
Told = Circuit | FixedPointResNet | Size
_LN2 = float(np.log(2))
_OUTWARD = 1 + 1e-9


@dataclass(frozen=True)
class OccamBound:
    """A bound on the risk that holds for all circuits at once, with its terms.

    Parameters
    ----------
    value : float
        With probability at least 1 − `delta` over the rows, the risk is at most this. 1 says
        nothing.
    risk : float
        Mean loss on the rows.
    m : int
        Number of rows.
    bits : float
        Length of the circuit's code, with `extra_bits`.
    code : {"counting", "structure", "tables"}
        Which code of a circuit was the shorter, or that of a network of tables.
    extra_bits : float
        Paid for choices outside the circuit.
    delta : float
    method : {"binomial tail", "kl"}
    """

    value: float
    risk: float
    m: int
    bits: float
    code: str
    extra_bits: float
    delta: float
    method: str

    @property
    def terms(self) -> Mapping[str, float]:
        """Parts of the bound: the risk on the rows, and the price in nats per row of each part."""
        rows = max(self.m, 1)
        return {
            "risk on the rows": self.risk,
            "circuit": _LN2 * (self.bits - self.extra_bits) / rows,
            "other choices": _LN2 * self.extra_bits / rows,
            "delta": -float(np.log(self.delta)) / rows,
        }


def occam_bound(
    circuit: Told, errors: int, m: int, delta: float = 0.05, *, extra_bits: float = 0.0
) -> OccamBound:
    """Bound the share of errors on unseen rows by a circuit's size and its errors on m rows.

    ``P(Bin(m, value) <= errors) = delta · 2^-bits``.

    Parameters
    ----------
    circuit : Aig, FixedPointResNet, or (num_pis, num_gates, num_pos)
        Of a size alone the counting code is used, of a network `table_bits`. Which kind is told
        is decided before the rows are seen, or costs an `extra_bits` of 1.
    errors, m : int
        Wrong rows, and rows. The m rows may have been used in any way to find the circuit; they
        are independent draws of what it will be used on.
    delta : float
        Probability that the bound is wrong.
    extra_bits : float
        To pay for other choices that depend on the labels, such as which of 2^b encodings of the
        inputs is used.

    Returns
    -------
    OccamBound

    Raises
    ------
    DataError, BudgetError
        If errors, m or delta make no sense.
    NetworkError
        If a network isn't one block of tables of inputs of one bit.

    References
    ----------
    THEORY 6; [Langford05].

    Examples
    --------
    >>> from tetrakis.measures import occam_bound
    >>> bound = occam_bound((8, 20, 1), errors=15, m=2000)
    >>> round(bound.bits, 1), round(bound.value, 4)
    (165.9, 0.0804)
    """
    if not (0 <= errors <= m and errors == int(errors)):
        raise DataError(f"errors: expected a whole number from 0 to m = {m}, got {errors}.")
    bits, code = _price(circuit, delta, extra_bits)
    log_delta = float(np.log(delta)) - _LN2 * bits
    value = float(binomial_inverse(errors, m, log_delta)) if m else 1.0
    return OccamBound(
        min(value * _OUTWARD, 1.0), errors / max(m, 1), m, bits, code, extra_bits, delta,
        "binomial tail",
    )  # fmt: skip


def occam_bound_of_loss(
    circuit: Told, loss: float, m: int, delta: float = 0.05, *, extra_bits: float = 0.0
) -> OccamBound:
    """Bound the mean of any loss in [0, 1] on unseen rows by its mean on m rows.

    ``kl(loss, value) = (ln 1/delta + bits · ln 2) / m``: Hoeffding's inequality
    ``P(mean <= q) <= exp(−m kl(q, p))`` for one circuit, and a union over all.

    Parameters
    ----------
    circuit, m, delta, extra_bits
        As for `occam_bound`.
    loss : float
        Mean loss on the m rows, between 0 and 1; scales must not depend on the labels.

    Returns
    -------
    OccamBound

    References
    ----------
    THEORY 6; W. Hoeffding, Probability Inequalities for Sums of Bounded Random Variables, 1963,
    theorem 1.
    """
    if not (0 <= loss <= 1 and m >= 0):
        raise DataError(f"loss: expected a mean loss in [0, 1] and m >= 0, got {loss} and {m}.")
    bits, code = _price(circuit, delta, extra_bits)
    budget = (_LN2 * bits - float(np.log(delta))) / max(m, 1)
    value = float(kl_inverse(loss, budget)) if m else 1.0
    return OccamBound(
        min(value * _OUTWARD, 1.0), float(loss), m, bits, code, extra_bits, delta, "kl"
    )


def _price(circuit: Told, delta: float, extra_bits: float) -> tuple[float, str]:
    """Check the arguments; return the bits and the code."""
    if not 0 < delta < 1:
        raise BudgetError(f"delta: expected a number between 0 and 1, got {delta}.")
    if not (np.isfinite(extra_bits) and extra_bits >= 0):
        raise BudgetError(f"extra_bits: expected a number >= 0, got {extra_bits}.")
    if isinstance(circuit, tuple):
        if len(circuit) != 3 or min(circuit) < 0:
            raise BudgetError(f"Expected (num_pis, num_gates, num_pos), got {circuit}.")
        return float(occam_bits(*circuit)) + extra_bits, "counting"
    if isinstance(circuit, FixedPointResNet):
        return table_bits(circuit) + extra_bits, "tables"
    bits, code = circuit_bits(circuit)
    return bits + extra_bits, code
