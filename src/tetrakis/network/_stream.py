"""The stream of a table network, coordinate by coordinate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import csr_array

from tetrakis.network._fixed import FixedPointResNet
from tetrakis.network._fixed_block import FixedPointBlock, FixedPointFormat
from tetrakis.network._table_block import TableBlock


@dataclass
class StreamBuilder:
    """Stream of a table network in the making: inputs, then one-bit tests and whatever is made.

    Parameters
    ----------
    inputs : tuple of FixedPointFormat
    """

    inputs: tuple[FixedPointFormat, ...]
    tests: dict[tuple[int, int], int] = field(default_factory=dict)
    width: int = 0

    def __post_init__(self) -> None:
        self.width = len(self.inputs)

    def new(self) -> int:
        """Return a fresh coordinate."""
        self.width += 1
        return self.width - 1

    def test(self, word: int, threshold: int) -> tuple[int, int]:
        """Return the pin of ``code[word] >= threshold``: a bit of the word, or a comparator."""
        form = self.inputs[word]
        if not form.signed and 2 * threshold == 1 << form.bits:
            return word, form.bits - 1
        key = (word, threshold)
        if key not in self.tests:
            self.tests[key] = self.new()
        return self.tests[key], 0

    def comparators(self) -> FixedPointBlock:
        """Return the block of the tests."""
        n = len(self.tests)
        word, threshold = np.array(list(self.tests), np.int64).reshape(-1, 2).T
        places, ones = np.array(list(self.tests.values()), np.int64), np.ones(n, np.int64)
        read = csr_array((ones, (np.arange(n), word)), shape=(n, self.width))
        write = csr_array((ones, (places, np.arange(n))), shape=(self.width, n))
        return FixedPointBlock(read, 1 - threshold, ones * 0, ones, write, ones * 0)

    def network(
        self,
        blocks: Sequence[TableBlock],
        outputs: Sequence[int],
        offset: Sequence[int],
        output_exponent: int,
    ) -> FixedPointResNet:
        """Return the network that reads coordinates out, plus an offset for each."""
        n, k = len(self.inputs), len(outputs)
        own = np.arange(n)
        read_in = csr_array((np.ones(n, np.int64), (own, own)), shape=(self.width, n))
        read_out = csr_array(
            (np.ones(k, np.int64), (np.arange(k), np.array(outputs))), shape=(k, self.width)
        )
        exponents = np.zeros(self.width, np.int64)
        exponents[:n] = [f.exponent for f in self.inputs]
        exponents[np.array(outputs, np.int64)] = output_exponent
        first = [self.comparators()] if self.tests else []
        return FixedPointResNet(
            self.inputs, read_in, (*first, *blocks), read_out, np.array(offset, np.int64),
            exponents, np.full(k, output_exponent),
        )  # fmt: skip
