"""Precision where it pays: fewest AND nodes under a certified error (ours)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tetrakis.certificate import Certificate
from tetrakis.compress._precision import Precision
from tetrakis.compress._precision_search import Gates, Price, Search
from tetrakis.errors import BudgetError
from tetrakis.measures import error_certificate
from tetrakis.network import FixedPointFormat, FixedPointResNet, ResNet

_LIST_SHARE = 0.2  # of the time, kept for the price list
_OUTWARD = 1 + 2e-9  # what the certificate adds for rounding


@dataclass(frozen=True)
class Allocation:
    """Outcome of `allocate`.

    Parameters
    ----------
    fixed : FixedPointResNet
    certificate : Certificate
    gates : int
        What the given function counts for `fixed`.
    start_gates : int
        What it counted before the search by actual counts.
    prices : tuple of Price
        The price list at the result: most gates per error first.
    complete : bool
        Whether the search and the list ended by themselves, not by the time limit.
    """

    fixed: FixedPointResNet
    certificate: Certificate
    gates: int
    start_gates: int
    prices: tuple[Price, ...]
    complete: bool


def allocate(
    network: ResNet,
    *,
    input_formats: Sequence[FixedPointFormat],
    tolerance: float,
    gates: Gates,
    sweeps: int = 4,
    kicks: int = 40,
    time_limit: float = 300.0,
    continuous: Any = True,
    accept: Callable[[FixedPointResNet], bool] | None = None,
) -> Allocation:
    """Choose the precision of every weight and activation for the fewest gates.

    First the error budget is spread by a model of the costs, with a price for every output's
    error. Then, sweep by sweep, every weight's last digit and every activation's last bit is
    taken away and added for trial, and the actual gates are counted; the best exchange within
    the budget is made: precision that costs much is sold, precision that costs little bought.
    Biases, which cost few gates, take back what the rounding of a sum shifts on average.

    Parameters
    ----------
    network : ResNet
    input_formats : sequence of FixedPointFormat, one per input
    tolerance : float
        Certified error to stay within, in output units.
    gates : callable
        Counts what is to be minimised, for example
        ``lambda fixed: compile_network(fixed, effort=0).num_gates``.
    sweeps : int
        Most sweeps of the search by actual counts; 0 for the model alone.
    kicks : int
        Random exchanges tried after the sweeps, each filled up greedily.
    time_limit : float
        Seconds after which no further trial begins.
    continuous : bool or array_like of bool
        See `error_certificate`.
    accept : callable, optional
        A further condition, for example that the accuracy on held-out rows doesn't fall.

    Raises
    ------
    BudgetError
        If the tolerance isn't positive, can't be certified, or nothing is accepted.
    NetworkError
        If the numbers of inputs differ.

    References
    ----------
    THEORY section 3: a knapsack whose prices are the certificate's terms. Ours, as are centred
    biases (docs/theory.md, section 3).
    """
    if not 0 < tolerance < np.inf or time_limit <= 0 or sweeps < 0:
        raise BudgetError(
            f"allocate: expected a positive tolerance and time limit and sweeps >= 0, got"
            f" {tolerance}, {time_limit} and {sweeps}."
        )
    precision = Precision(network, input_formats, tolerance, continuous)
    seconds = (1 - _LIST_SHARE) * time_limit
    search = Search(precision, tolerance / _OUTWARD, gates, accept, seconds)
    starts = search.starts()
    first = min((search.improved(p, min(sweeps, 1)) for p in starts), key=lambda p: p.gates)
    point = search.shaken(search.improved(first, max(sweeps - 1, 0)), kicks if sweeps else 0)
    complete = not search.late()
    search.end += _LIST_SHARE * time_limit
    prices = search.prices(point)
    certificate = error_certificate(network, point.fixed, continuous=continuous)
    return Allocation(
        point.fixed,
        certificate,
        point.gates,
        starts[0].gates,
        prices,
        complete and not search.late(),
    )
