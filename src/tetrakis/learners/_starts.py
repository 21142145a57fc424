"""Starts of simplification: models trained on encoded rows and turned exactly into circuits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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


def _words(settings: TableSettings) -> str:
    layers = "".join(f"{width} hidden, " for width in settings.hidden)
    return (
        f"{layers}{settings.units} tables of {settings.pins} wires, {settings.bits}-bit entries, "
        f"pin penalty {settings.penalties[0]:g}"
    )
