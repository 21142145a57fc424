"""Which starts of simplification are worth growing for a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tetrakis.learners._starts import KINDS, Recipe
from tetrakis.learners._table_nets import TableSettings

SMALL, MANY, FOR_LARGE = 2000, 20_000, 2000


def recipes(
    task: str,
    n_rows: int,
    n_classes: int,
    bits: Sequence[int],
    *,
    kinds: Sequence[str] = KINDS,
    effort: float = 1.0,
    max_gates: Sequence[int] = (),
) -> list[Recipe]:
    """List the recipes worth growing, most promising first within each kind.

    Parameters
    ----------
    task : {"classification", "regression"}
    n_rows, n_classes : int
    bits : sequence of int
        Of every input word.
    kinds : sequence of {"tree", "boosted", "fringe", "table"}
    effort : float
        One recipe of each kind below 1, all from 2 on; fringe trees' proposals grow with it.
    max_gates : sequence of int
        Sizes that are asked for: with one of 2,000 or more, boosted trees of values on few rows
        are larger, for all sizes.

    Returns
    -------
    list of Recipe
    """
    classes = task == "classification"
    few = n_rows < SMALL and max(bits, default=1) > 1  # numbers rather than logic
    menu = {
        "tree": _trees(n_classes if classes else 0, few),
        "boosted": _boosted(
            classes,
            n_rows,
            n_classes,
            max(bits, default=1),
            max(max_gates, default=0) if effort >= 1 else 0,
        ),
        "fringe": _fringes(classes, n_rows, max(40, round((200 if few else 400) * effort))),
        "table": _tables(
            classes,
            n_rows,
            n_classes,
            max(100, round(2000 * min(effort, 3))),
            max(bits, default=1) == 1,
        ),
    }
    unknown = sorted(set(kinds) - set(menu))
    if unknown:
        raise ValueError(f"kinds: expected some of {', '.join(KINDS)}, got {', '.join(unknown)}.")
    most = 1 if effort < 1 else 2 if effort < 2 else 4
    return [recipe for kind in KINDS if kind in kinds for recipe in menu[kind][:most]]


def _trees(classes: int, few: bool) -> list[Recipe]:
    if few and classes:  # large ones overfit
        return [Recipe("tree", max_leaves=12 * classes, min_leaf=least) for least in (3, 1, 2)]
    full = Recipe("tree", max_leaves=1500 if classes else 400)
    return [replace(full, min_leaf=least) for least in ((1, 2, 5) if classes else (5, 2))]


def _boosted(classes: bool, n_rows: int, n_classes: int, widest: int, largest: int) -> list[Recipe]:
    """Depth, learning rate, rounds, bits of leaves and of inputs."""
    if not classes:
        settings = [(4, 0.2, 40, 5, 5), (2, 0.3, 100, 4, 6), (3, 0.2, 80, 4, 5), (2, 0.3, 60, 3, 5)]
        if n_rows < SMALL:
            settings[0] = (4, 0.2, 40, 5, 6)
            if largest >= FOR_LARGE:
                settings.insert(0, (5, 0.3, 60, 6, 6))
    elif n_classes > 2:
        settings = [(4, 0.3, 12, 2, 3), (3, 0.3, 12, 3, 3), (4, 0.3, 12, 3, 8), (6, 0.3, 6, 3, 3)]
    elif n_rows < SMALL:
        settings = [(1, 0.5, 30, 2, 4), (4, 0.3, 15, 2, 4), (2, 0.3, 40, 3, 4), (3, 0.3, 30, 3, 4)]
    else:
        settings = [(4, 0.3, 80, 3, 5), (6, 0.3, 40, 2, 5), (4, 0.3, 30, 2, 4), (3, 0.3, 60, 3, 8)]
        if n_rows > MANY:
            settings.insert(1, (4, 0.8, 40, 4, 4))
    return [
        Recipe("boosted", depth=d, rate=r, rounds=n, leaf_bits=leaf, kept_bits=min(kept, widest))
        for d, r, n, leaf, kept in settings
    ]


def _fringes(classes: bool, n_rows: int, proposals: int) -> list[Recipe]:
    if not classes:
        return [Recipe("fringe", min_leaf=5, leaf_bits=4, error_price=0.2, proposals=proposals)]
    prices = (1.0, np.inf, 0.5) if n_rows < SMALL else (0.5, np.inf, 0.1)
    if n_rows > MANY:
        prices = (0.1, 0.5, np.inf)
    return [Recipe("fringe", error_price=price, proposals=proposals) for price in prices]


def _tables(classes: bool, n_rows: int, n_classes: int, steps: int, boolean: bool) -> list[Recipe]:
    """Units, wires, bits of entries, penalty, bits of the threshold grid."""
    if classes and n_classes > 2:
        return _counting_tables(n_classes, 2 * steps)
    if not classes:
        settings = [(50, 4, 4, 5e-4, 4), (40, 4, 4, 1e-3, 4), (80, 4, 4, 2e-4, 4)]
    elif n_rows < SMALL:
        settings = [(30, 4, 3, 3e-4, 4), (30, 3, 3, 1e-4, 3), (30, 4, 3, 1e-3, 4)]
    else:
        settings = [(80, 4, 3, 2e-4, 4), (60, 4, 3, 5e-4, 4)]
    return [
        Recipe("table", tables=TableSettings(u, k, q, (), (p,), g, steps, boosted=not boolean))
        for u, k, q, p, g in settings
    ]


def _counting_tables(n_classes: int, steps: int) -> list[Recipe]:
    """One-bit entries, counted for each class: of several classes the most accuracy for a gate."""
    return [
        Recipe("table", tables=TableSettings(each * n_classes, 4, 1, (), (1e-4,), 2, steps))
        for each in (22, 13)
    ]
