"""Starts of simplification: models trained on encoded rows and turned exactly into circuits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tetrakis.circuit import Aig, optimise
from tetrakis.learners._baselines_models import IntArray, IntegerTrees, padded
from tetrakis.learners._starts_columns import ColumnTree
from tetrakis.learners._starts_fringe import Fringe, fringe_tree
from tetrakis.learners._starts_rows import TrainingRows
from tetrakis.learners._starts_trees import boosted, full_tree
from tetrakis.learners._table_nets import TableNet, TableSettings, fit_tables

KINDS = ("tree", "boosted", "fringe", "table")
DEFAULT_TABLES = TableSettings()
SMALL, MANY, FOR_LARGE = 2000, 20_000, 2000
LARGE, MANY_PASSES, FEW_PASSES = 20_000, 12, 2


@dataclass(frozen=True, eq=False)
class Start:
    """A circuit to simplify, and how its outputs are read.

    Parameters
    ----------
    kind : {"tree", "boosted", "fringe", "table"}
    label : str
        Settings, in words.
    circuit : Aig
        Inputs: the bits of every input word, least significant first. Outputs: one bit for two
        classes, a class index for more, a two's complement word for regression.
    offset, scale : float
        For regression: prediction = offset + scale · integer.
    """

    kind: str
    label: str
    circuit: Aig
    offset: float = 0.0
    scale: float = 1.0


@dataclass(frozen=True)
class Recipe:
    """Settings of a start: the same recipe is grown on every fold and on all rows.

    Parameters
    ----------
    kind : {"tree", "boosted", "fringe", "table"}
    criterion : {"entropy", "gini"}
        For classification by a single tree.
    min_leaf : int
        Fewest rows of a leaf of a single tree.
    max_leaves : int
        Most leaves of a full tree.
    depth, rate, rounds : int, float, int
        Of boosted trees.
    leaf_bits : int
        Of values at leaves: boosted trees, and single trees for regression.
    kept_bits : int
        High bits of every input word that tests look at.
    max_gates : int
        Boosting stops where the size, estimated generously, exceeds this many ANDs.
    error_price : float
        ANDs that a fringe tree may spend to mend one wrong row: about 0.1 where labels are noisy
        and rows many, infinity where labels are exact.
    proposals : int
        Sets of features that a fringe tree tries.
    tables : TableSettings
        Of a table network; `leaf_bits` and so on are for the others.
    """

    kind: str
    criterion: str = "entropy"
    min_leaf: int = 1
    max_leaves: int = 1500
    depth: int = 4
    rate: float = 0.3
    rounds: int = 40
    leaf_bits: int = 5
    kept_bits: int = 8
    max_gates: int = 8000
    error_price: float = 0.5
    proposals: int = 400
    tables: TableSettings = DEFAULT_TABLES

    def fit(
        self,
        codes: IntArray,
        bits: Sequence[int],
        y: NDArray,
        task: str,
        rows: IntArray,
        *,
        n_classes: int,
        seed: int,
    ) -> tuple[IntegerTrees | ColumnTree | TableNet, str]:
        """Train the exact integer model on some rows; return it with its settings in words."""
        if self.kind not in KINDS:
            raise ValueError(f"kind: expected one of {', '.join(KINDS)}, got {self.kind!r}.")
        widths = np.asarray(bits, np.int64)
        part = TrainingRows(
            np.asarray(codes, np.int64)[rows], widths, np.asarray(y)[rows], task, n_classes,
            np.maximum(widths - self.kept_bits, 0),
        )  # fmt: skip
        if self.kind == "table":
            (net,) = fit_tables(
                part.codes, widths, part.y, task, self.tables, n_classes=n_classes, seed=seed
            )
            return net, f"table network, {_words(self.tables)}"
        words = f", {self.kept_bits}-bit inputs" if part.shift.any() else ""
        if self.kind == "boosted":
            model, rounds = boosted(
                part, depth=self.depth, rate=self.rate, rounds=self.rounds,
                leaf_bits=self.leaf_bits, max_gates=self.max_gates, seed=seed,
            )  # fmt: skip
            text = f"depth {self.depth}, {rounds} rounds, {self.leaf_bits}-bit leaves"
            return model, f"boosted trees, {text}{words}"
        own = f", at least {self.min_leaf} rows a leaf" if self.min_leaf > 1 else ""
        if task == "classification":
            own += f", {self.criterion}"
        if self.kind == "tree":
            tree = full_tree(
                part, criterion=self.criterion, min_leaf=self.min_leaf,
                max_leaves=self.max_leaves, leaf_bits=self.leaf_bits, seed=seed,
            )  # fmt: skip
            return tree, f"decision tree{own}{words}"
        settings = Fringe(
            self.criterion == "entropy", self.min_leaf, self.error_price, self.proposals,
            leaf_bits=self.leaf_bits,
        )  # fmt: skip
        if np.isfinite(self.error_price):
            own += f", {self.error_price:g} ANDs an error"
        return fringe_tree(part, settings, seed=seed), f"tree with fringe features{own}{words}"

    def grow(
        self,
        codes: IntArray,
        bits: Sequence[int],
        y: NDArray,
        task: str,
        rows: IntArray,
        *,
        n_classes: int,
        seed: int,
    ) -> Start:
        """Train on some rows and compile.

        Parameters
        ----------
        codes : ndarray of int, shape (n, n_words)
            As an `Encoding` gives them, ``0 <= code < 2**bits``.
        bits : sequence of int, length n_words
        y : ndarray, shape (n,)
            Class indices 0 to `n_classes` − 1, or values.
        task : {"classification", "regression"}
        rows : ndarray of int
            Rows to train on; they may lack a class.
        n_classes : int
            Sets the width of the outputs.
        seed : int
            Same seed, same circuit.

        Returns
        -------
        Start

        Raises
        ------
        ValueError
            If the kind is unknown.
        """
        model, label = self.fit(codes, bits, y, task, rows, n_classes=n_classes, seed=seed)
        circuit = model.circuit(bits)
        if task == "classification":
            circuit = padded(circuit, (max(2, n_classes) - 1).bit_length())
        passes = MANY_PASSES if circuit.num_gates <= LARGE else FEW_PASSES
        return Start(self.kind, label, optimise(circuit, max_passes=passes), model.mean, model.step)


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


def _words(settings: TableSettings) -> str:
    layers = "".join(f"{width} hidden, " for width in settings.hidden)
    return (
        f"{layers}{settings.units} tables of {settings.pins} wires, {settings.bits}-bit entries, "
        f"pin penalty {settings.penalties[0]:g}"
    )


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
