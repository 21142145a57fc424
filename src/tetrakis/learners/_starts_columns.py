"""Binary columns of encoded rows: threshold tests, and ANDs and XORs of two literals of columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tetrakis.circuit import (
    Aig,
    AigBuilder,
    DecisionTree,
    Word,
    compare_constant,
    input_words,
    tree_words,
)
from tetrakis.learners._baselines_models import Decision, FloatArray, IntArray, decided

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Columns:
    """Tests of input words, then columns made of two earlier ones.

    Parameters
    ----------
    word, threshold : int array, (tests,)
        Column ``i`` is 1 where ``code[word[i]] >= threshold[i]``.
    pairs : int array, (pairs, 3)
        The next columns: two literals ``2 * column + complement``, and 1 for their XOR, 0 for
        their AND.
    """

    word: IntArray
    threshold: IntArray
    pairs: IntArray

    def evaluate(self, codes: IntArray) -> Bytes:
        """Return the columns of rows of codes, (rows, columns)."""
        first = len(self.word)
        made = np.empty((first + len(self.pairs), len(codes)), np.uint8)
        made[:first] = (codes[:, self.word] >= self.threshold).T
        for index, pair in enumerate(self.pairs, start=first):
            made[index] = combined(made, pair)
        return np.ascontiguousarray(made.T)

    def literals(self, builder: AigBuilder, words: Sequence[Word]) -> list[int]:
        """Build every column."""
        tests = zip(self.word.tolist(), self.threshold.tolist(), strict=True)
        made = [compare_constant(builder, words[j], t) for j, t in tests]
        for a, b, is_xor in self.pairs.tolist():
            left, right = made[a >> 1] ^ a & 1, made[b >> 1] ^ b & 1
            made.append(builder.xor(left, right) if is_xor else builder.and_(left, right))
        return made

    def own_gates(self, bits: IntArray) -> FloatArray:
        """Bound the ANDs of every column for itself; a test has one per bit above its lowest."""
        low = np.array([(t & -t).bit_length() - 1 for t in self.threshold.tolist()], np.float64)
        tests = np.maximum(bits[self.word] - low - 1, 0.0)
        return np.concatenate([tests, 1.0 + 2.0 * self.pairs[:, 2]])

    def gates(self, own: FloatArray) -> FloatArray:
        """ANDs of every column with all that it is made of, without sharing."""
        total = own.copy()
        for index, (a, b) in enumerate((self.pairs[:, :2] >> 1).tolist(), len(self.word)):
            total[index] += total[a] + total[b]
        return total

    def needed(self, used: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Mark the columns that the `used` ones are made of, and these."""
        needed, first = used.copy(), len(self.word)
        for index in range(len(self.pairs) - 1, -1, -1):
            if needed[first + index]:
                needed[self.pairs[index, :2] >> 1] = True
        return needed

    def users(self, column: int) -> NDArray[np.bool_]:
        """Mark a column and all that are made of it."""
        marked = np.zeros(len(self.word) + len(self.pairs), bool)
        marked[column] = True
        for index, (a, b) in enumerate((self.pairs[:, :2] >> 1).tolist(), len(self.word)):
            marked[index] |= marked[a] | marked[b]
        return marked

    def take(self, kept: NDArray[np.bool_]) -> Columns:
        """Keep the marked columns; they must not be made of others."""
        first, number = len(self.word), np.cumsum(kept) - 1
        pairs = self.pairs[kept[first:]].copy()
        pairs[:, :2] = 2 * number[pairs[:, :2] >> 1] + (pairs[:, :2] & 1)
        return Columns(self.word[kept[:first]], self.threshold[kept[:first]], pairs)


def combined(made: Bytes, pair: IntArray) -> Bytes:
    """Return the AND or XOR of two literals of columns that are stored as rows of `made`."""
    left = made[pair[0] >> 1] ^ np.uint8(pair[0] & 1)
    right = made[pair[1] >> 1] ^ np.uint8(pair[1] & 1)
    return left ^ right if pair[2] else left & right


def threshold_tests(codes: IntArray, shift: IntArray, most: int) -> Columns:
    """Return the tests that tell rows apart, on fewer high bits where they are too many.

    Parameters
    ----------
    shift : ndarray of int64, shape (n_words,)
        Low bits of every word that thresholds leave alone.
    most : int
        As many tests as there are words are made in any case.
    """
    while True:
        found = [np.unique(code >> s)[1:] << s for code, s in zip(codes.T, shift, strict=True)]
        total = sum(len(f) for f in found)
        if total <= most or max(map(len, found), default=0) <= 1:
            break
        shift = np.where([len(f) > 1 for f in found], shift + 1, shift)
    word = np.repeat(np.arange(len(found)), [len(f) for f in found])
    threshold = np.concatenate([np.zeros(0, np.int64), *found])
    return Columns(word, threshold, np.zeros((0, 3), np.int64))


@dataclass(frozen=True, eq=False)
class ColumnTree:
    """A decision tree on columns, with exact integers at its leaves.

    Parameters
    ----------
    columns : Columns
    tree : DecisionTree
        Its features are columns; one output.
    decision : {"index", "words"}
    mean, step : float
        For ``"words"``: prediction = mean + step · integer.
    """

    columns: Columns
    tree: DecisionTree
    decision: Decision
    mean: float = 0.0
    step: float = 1.0

    def predict(self, codes: IntArray) -> NDArray:
        """Return class indices, or values in units of the target."""
        sums = self.tree.evaluate(self.columns.evaluate(codes))
        return decided(sums, self.decision, self.mean, self.step)

    def circuit(self, bits: Sequence[int]) -> Aig:
        """Compile, columns shared, on unsigned input words of `bits`."""
        builder = AigBuilder(sum(bits))
        words = input_words(builder, [(b, False) for b in bits])
        made = [Word((x,)) for x in self.columns.literals(builder, words)]
        (word,) = tree_words(builder, made, self.tree)
        sign = [0] if self.decision == "words" and not word.signed else []
        return builder.build([*word.bits, *sign])
