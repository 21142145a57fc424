"""Decision trees and sums of trees as circuits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tetrakis.circuit._aig import Aig
from tetrakis.circuit._argmax import argmax_words
from tetrakis.circuit._builder import TRUE, AigBuilder
from tetrakis.circuit._columns import range_width
from tetrakis.circuit._words import (
    Word,
    at_least_zero,
    compare_constant,
    constant_word,
    mux_word,
    sum_range,
    sum_words,
)
from tetrakis.errors import CircuitError

IntArray = NDArray[np.int64]
TreeDecision = Literal["words", "sign", "argmax", "index"]


@dataclass(frozen=True)
class DecisionTree:
    """A binary decision tree on integer codes.

    At an inner node the right child is taken where ``code[feature] >= threshold``.

    Parameters
    ----------
    feature, threshold : int array, (nodes,)
        Ignored at leaves.
    left, right : int array, (nodes,)
        Children; -1 at leaves. Node 0 is the root.
    value : int array, (nodes, n_outputs) or (nodes,)
        Integer outputs, read at leaves only.
    """

    feature: IntArray
    threshold: IntArray
    left: IntArray
    right: IntArray
    value: IntArray

    def __post_init__(self) -> None:
        for name in ("feature", "threshold", "left", "right", "value"):
            array = np.array(getattr(self, name), dtype=np.int64)
            if name == "value" and array.ndim == 1:
                array = array[:, None]
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        n = len(self.left)
        lengths = {len(getattr(self, k)) for k in ("feature", "threshold", "right", "value")}
        if lengths != {n} or not n:
            raise CircuitError(f"The arrays of a tree differ in length: {sorted(lengths | {n})}.")
        inner = self.left >= 0
        if ((self.right >= 0) != inner).any() or max(self.left.max(), self.right.max()) >= n:
            raise CircuitError("A tree node has one child only, or a child that doesn't exist.")
        self.order()

    def order(self) -> list[int]:
        """Return the nodes under the root, parents first.

        Raises
        ------
        CircuitError
            If a node is reached twice.
        """
        order = [0]
        for node in order:
            if self.left[node] >= 0:
                order += [int(self.left[node]), int(self.right[node])]
            if len(order) > len(self.left):
                raise CircuitError("A tree node is reached by two paths.")
        return order

    def evaluate(self, codes: ArrayLike) -> IntArray:
        """Return the leaf values of rows of codes, (rows, n_outputs)."""
        rows = np.asarray(codes)
        node = np.zeros(len(rows), np.int64)
        while (inner := self.left[node] >= 0).any():
            code = rows[np.arange(len(rows)), np.where(inner, self.feature[node], 0)]
            child = np.where(code >= self.threshold[node], self.right[node], self.left[node])
            node = np.where(inner, child, node)
        return self.value[node]


def tree_words(builder: AigBuilder, inputs: Sequence[Word], tree: DecisionTree) -> list[Word]:
    """Return one word for each output of a tree, by muxes or by its paths, the smaller."""
    inner = [node for node in tree.order() if tree.left[node] >= 0]
    takes_right = {
        node: compare_constant(builder, inputs[tree.feature[node]], int(tree.threshold[node]))
        for node in inner
    }
    mark = builder.mark()
    by_muxes = _by_muxes(builder, tree, takes_right)
    size = builder.new_gates((x for word in by_muxes for x in word.bits), mark)
    builder.rollback(mark)
    by_paths = _by_paths(builder, tree, takes_right)
    if builder.new_gates((x for word in by_paths for x in word.bits), mark) < size:
        return by_paths
    builder.rollback(mark)
    return _by_muxes(builder, tree, takes_right)


def _by_muxes(builder: AigBuilder, tree: DecisionTree, takes_right: dict[int, int]) -> list[Word]:
    words: dict[int, list[Word]] = {}
    for node in reversed(tree.order()):
        if tree.left[node] < 0:
            words[node] = [constant_word(int(v)) for v in tree.value[node]]
            continue
        left, right = words[int(tree.left[node])], words[int(tree.right[node])]
        words[node] = [
            mux_word(builder, takes_right[node], r, s) for r, s in zip(right, left, strict=True)
        ]
    return words[0]


def _by_paths(builder: AigBuilder, tree: DecisionTree, takes_right: dict[int, int]) -> list[Word]:
    paths = {0: TRUE}
    leaves = []
    for node in tree.order():
        if tree.left[node] < 0:
            leaves.append(node)
            continue
        select = takes_right[node]
        paths[int(tree.right[node])] = builder.and_(paths[node], select)
        paths[int(tree.left[node])] = builder.and_(paths[node], select ^ 1)
    words = []
    for column in tree.value[leaves].T.tolist():
        lo, hi = min(column), max(column)
        width, signed = range_width(lo, hi)
        bits = []
        for b in range(width):
            sides = [
                [paths[n] for n, v in zip(leaves, column, strict=True) if v >> b & 1 == side]
                for side in (0, 1)
            ]
            side = int(len(sides[1]) <= len(sides[0]))
            bits.append(builder.or_all(sides[side]) ^ 1 ^ side)
        words.append(Word(tuple(bits), signed, lo, hi))
    return words


def tree_ensemble_circuit(
    inputs: Sequence[tuple[int, bool]],
    trees: Sequence[DecisionTree],
    *,
    offset: Sequence[int] | None = None,
    decision: TreeDecision = "words",
) -> Aig:
    """Compile ``offset + sum of trees`` exactly.

    Parameters
    ----------
    inputs : sequence of (bits, signed)
        The input words, least significant bit first.
    trees : sequence of DecisionTree
        All with the same number of outputs.
    offset : sequence of int, optional
        One for each output; 0 by default.
    decision : {"words", "sign", "argmax", "index"}
        As in `compile_network`; ``"index"`` writes each output as an unsigned word (class
        numbers at the leaves of a single tree).

    Returns
    -------
    Aig

    Raises
    ------
    CircuitError
        If there is no tree, shapes differ, or a sign is asked of several outputs.
    """
    if not trees or len({tree.value.shape[1] for tree in trees}) != 1:
        raise CircuitError("Expected at least one tree, all with the same number of outputs.")
    outputs = trees[0].value.shape[1]
    offset = [0] * outputs if offset is None else [int(c) for c in offset]
    if len(offset) != outputs or (decision == "sign" and outputs != 1):
        raise CircuitError(
            f"The trees have {outputs} outputs, but {len(offset)} offsets were given"
            + (" and a sign needs exactly one output." if decision == "sign" else ".")
        )
    if decision == "argmax" and outputs == 2:  # index 1 iff y1 - y0 - 1 >= 0
        trees = [_with_value(t, t.value[:, 1:] - t.value[:, :1]) for t in trees]
        offset, decision, outputs = [offset[1] - offset[0] - 1], "sign", 1
    builder = AigBuilder(sum(bits for bits, _ in inputs))
    words = input_words(builder, inputs)
    low = [tree.value[tree.left < 0].min(axis=0) for tree in trees]
    parts = [
        tree_words(builder, words, _with_value(tree, tree.value - least))
        for tree, least in zip(trees, low, strict=True)
    ]
    totals = [
        ([(1, part[k]) for part in parts], offset[k] + sum(int(least[k]) for least in low))
        for k in range(outputs)
    ]
    return builder.build(_decided(builder, totals, decision))


def input_words(builder: AigBuilder, inputs: Sequence[tuple[int, bool]]) -> list[Word]:
    """Return the builder's inputs as words of (bits, signed), least significant bit first."""
    words, first = [], 0
    for bits, signed in inputs:
        literals = tuple(builder.input(first + i) for i in range(bits))
        words.append(Word(literals, signed) if bits else constant_word(0))
        first += bits
    return words


def _with_value(tree: DecisionTree, value: IntArray) -> DecisionTree:
    return DecisionTree(tree.feature, tree.threshold, tree.left, tree.right, value)


def _decided(
    builder: AigBuilder, totals: list[tuple[list[tuple[int, Word]], int]], decision: TreeDecision
) -> list[int]:
    if decision == "sign":
        return [at_least_zero(builder, *totals[0])]
    if decision == "argmax":
        lowest = min(sum_range(*total)[0] for total in totals)
        scores = [sum_words(builder, terms, c - lowest) for terms, c in totals]
        return argmax_words(builder, scores)
    literals: list[int] = []
    for terms, constant in totals:
        word = sum_words(builder, terms, constant)
        if decision == "index" and word.signed:
            raise CircuitError("Leaf classes must not be negative.")
        literals += word.bits
        if decision == "words" and not word.signed:
            literals.append(0)
    return literals
