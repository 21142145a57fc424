"""Evidence that goes with a number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Certificate:
    """A claimed value with what it covers and how it was obtained.

    Parameters
    ----------
    quantity : str
        What is bounded or computed, for example ``"sup error"``.
    value : float
        The claimed value, in the units of the quantity.
    scope : str
        For which inputs, outputs or patterns the claim holds.
    method : str
        How it was obtained: ``"exact"``, ``"certified"``, ``"verified"``, … with a source.
    terms : Mapping[str, float]
        Parts that add up to `value`, when there are any.
    """

    quantity: str
    value: float
    scope: str
    method: str
    terms: Mapping[str, float] = field(default_factory=dict)
