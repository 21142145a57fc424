"""Sums of trees with float and with integer leaves, and their circuits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tetrakis.circuit import Aig, DecisionTree, simulate_rows, tree_ensemble_circuit
from tetrakis.learners._problem import r2

Decision = Literal["words", "sign", "argmax", "index"]
IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FloatTree:
    """A tree as in `tetrakis.circuit.DecisionTree` with one float per node."""

    feature: IntArray
    threshold: IntArray
    left: IntArray
    right: IntArray
    value: FloatArray

    def leaves(self, codes: IntArray) -> IntArray:
        """Return the leaf that each row reaches."""
        nodes = np.arange(len(self.left))
        tree = DecisionTree(self.feature, self.threshold, self.left, self.right, nodes)
        return tree.evaluate(codes)[:, 0]

    @cached_property
    def reach(self) -> float:
        """Largest less smallest leaf value."""
        leaves = self.value[self.left < 0]
        return float(leaves.max() - leaves.min())


@dataclass(frozen=True, eq=False)
class IntegerTrees:
    """``offset + sum of trees`` in exact integers, and how a prediction is read from it.

    Parameters
    ----------
    trees : tuple of DecisionTree
    offset : tuple of int
        One for each output.
    decision : {"words", "sign", "argmax", "index"}
        As in `tetrakis.circuit.tree_ensemble_circuit`.
    mean, step : float
        For ``"words"``: prediction = mean + step · integer.
    """

    trees: tuple[DecisionTree, ...]
    offset: tuple[int, ...]
    decision: Decision
    mean: float = 0.0
    step: float = 1.0

    def evaluate(self, codes: IntArray) -> IntArray:
        """Return the sums, (rows, n_outputs)."""
        total = np.tile(np.array(self.offset, np.int64), (len(codes), 1))
        for tree in self.trees:
            total += tree.evaluate(codes)
        return total

    def predict(self, codes: IntArray) -> NDArray:
        """Return class indices, or values in units of the target."""
        return decided(self.evaluate(codes), self.decision, self.mean, self.step)

    def circuit(self, bits: Sequence[int]) -> Aig:
        """Compile, not optimised, on unsigned input words of `bits`."""
        return tree_ensemble_circuit(
            [(b, False) for b in bits], self.trees, offset=self.offset, decision=self.decision
        )


@dataclass(frozen=True, eq=False)
class Series:
    """Rounds of float trees, one tree per output in each; a prefix of the rounds is a model.

    Parameters
    ----------
    name, label : str
        The kind of model, and its settings in words.
    rounds : tuple of tuple of FloatTree
    base : ndarray, shape (n_outputs,)
        What the sum starts from.
    decision : {"words", "sign", "argmax", "index"}
        Class indices at the leaves (``"index"``) are integers already.
    """

    name: str
    label: str
    rounds: tuple[tuple[FloatTree, ...], ...]
    base: FloatArray
    decision: Decision

    @cached_property
    def reach(self) -> float:
        """Largest reach of a tree."""
        return max(tree.reach for trees in self.rounds for tree in trees)

    def step(self, leaf_bits: int) -> float:
        """Power of two that gives every leaf at most `leaf_bits` bits above its tree's least."""
        if self.decision == "index" or self.reach == 0:
            return 1.0
        return float(2.0 ** (np.ceil(np.log2(self.reach)) - leaf_bits))

    def integers(self, rounds: int, leaf_bits: int) -> IntegerTrees:
        """Round the leaves of the first `rounds` rounds to multiples of a power of two."""
        step, trees = self.step(leaf_bits), []
        for made in self.rounds[:rounds]:
            for k, tree in enumerate(made):
                value = np.zeros((len(tree.value), len(self.base)), np.int64)
                value[:, k] = np.rint(tree.value / step)
                part = DecisionTree(tree.feature, tree.threshold, tree.left, tree.right, value)
                trees.append(part)
        if self.decision == "words":
            return IntegerTrees(tuple(trees), (0,), "words", float(self.base[0]), step)
        offset = tuple(int(c) for c in np.rint(self.base / step))
        return IntegerTrees(tuple(trees), offset, self.decision)

    def scores(
        self, codes: IntArray, y: NDArray, rounds: Sequence[int], leaf_bits: Sequence[int]
    ) -> dict[tuple[int, int], float]:
        """Score every prefix at every width of the leaves."""
        reached = [[tree.leaves(codes) for tree in made] for made in self.rounds]
        found = {}
        for bits in leaf_bits:
            step = self.step(bits)
            start = np.zeros(1) if self.decision == "words" else np.rint(self.base / step)
            total = np.tile(start, (len(codes), 1))
            for r, made in enumerate(self.rounds, start=1):
                for k, tree in enumerate(made):
                    total[:, k] += np.rint(tree.value / step)[reached[r - 1][k]]
                if r in rounds:
                    guess = decided(total, self.decision, float(self.base[0]), step)
                    found[r, bits] = score(y, guess, self.decision)
        return found


def decided(sums: NDArray, decision: Decision, mean: float, step: float) -> NDArray:
    """Read predictions from integer sums, (rows, n_outputs)."""
    if decision == "words":
        return mean + step * sums[:, 0]
    if decision == "argmax":
        return sums.argmax(axis=1)
    return (sums[:, 0] >= 0).astype(np.int64) if decision == "sign" else sums[:, 0].astype(np.int64)


def score(y: NDArray, guess: NDArray, decision: Decision) -> float:
    """Return R² for words, the accuracy otherwise."""
    return r2(y, guess) if decision == "words" else float(np.mean(y == guess))


def padded(circuit: Aig, width: int) -> Aig:
    """Give a class index the width that the largest class needs."""
    missing = np.zeros(max(0, width - circuit.num_pos), circuit.outputs.dtype)
    return Aig(circuit.num_pis, circuit.fanins, np.concatenate([circuit.outputs, missing]))


@dataclass(frozen=True, eq=False)
class TreeCircuit:
    """A scikit-learn model with integer leaves and the circuit that computes it.

    Parameters
    ----------
    name : str
        ``"decision tree"`` or ``"boosted trees"``.
    label : str
        Its settings, in words.
    model : IntegerTrees
    bits : tuple of int
        Bits of every input word.
    circuit : Aig
    held_out_score, train_score : float
        Accuracy or R².
    """

    name: str
    label: str
    model: IntegerTrees
    bits: tuple[int, ...]
    circuit: Aig
    held_out_score: float
    train_score: float

    @property
    def num_gates(self) -> int:
        """AND nodes of the circuit."""
        return self.circuit.num_gates

    def predict(self, codes: ArrayLike) -> NDArray:
        """Simulate the circuit on codes (rows, n_words): class indices or target values."""
        rows = np.asarray(codes)
        parts = [(rows[:, j, None] >> np.arange(b)) & 1 for j, b in enumerate(self.bits)]
        out = simulate_rows(self.circuit, np.concatenate(parts, axis=1).astype(bool))
        weights = np.int64(1) << np.arange(out.shape[1], dtype=np.int64)
        if self.model.decision == "words":
            weights[-1] = -weights[-1]
            return decided(out @ weights[:, None], "words", self.model.mean, self.model.step)
        return out.astype(np.int64) @ weights
