"""Two-word sums that several sums have in common (ours).

A sum is a set of digits: words with a shift and a sign. The pair of digits, up to a common
shift and sign, whose own word saves most gates is made a word; repeated until none saves any.

References
----------
The greedy choice of frequent two-term sub-expressions is that of constant-matrix compilers,
for example da4ml (C. Sun et al., 2025); the price is the gate count of `sum_price`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from heapq import heapify, heappop, heappush
from itertools import combinations

import numpy as np

from tetrakis.circuit._columns import range_width, signed_digits
from tetrakis.circuit._plan import sum_price

Part = tuple[int, Hashable, int, bool, int, int]
"""(coefficient, name, bits, signed, lo, hi) of a term."""
Digit = tuple[Hashable, int, bool]
Pair = tuple[Hashable, Hashable, int, bool]
FULL_ADDER = 7
DIGITS = 120
SPREAD = 0.6


class PairSearch:
    """Digits of all sums and the places of every pair of them.

    Parameters
    ----------
    sums : list of lists of parts
    rng : numpy Generator, optional
        Perturbs the choices.
    """

    def __init__(self, sums: list[list[Part]], rng: np.random.Generator | None = None) -> None:
        self.rng = rng
        self.count = 0
        self.words: dict[Hashable, tuple[int, bool, int, int]] = {}
        self.digits: list[list[Digit]] = []
        self.made: list[tuple[Hashable, Pair]] = []
        self.places: dict[Pair, dict[int, list[tuple[Digit, Digit]]]] = defaultdict(dict)
        for parts in sums:
            self.words.update({name: (n, signed, lo, hi) for _, name, n, signed, lo, hi in parts})
            self.digits.append(
                [(p[1], shift, neg) for p in parts for shift, neg in signed_digits(p[0])]
            )
        for number in range(len(self.digits)):
            self._enter(number)

    def _pairs(self, number: int) -> dict[Pair, list[tuple[Digit, Digit]]]:
        found: dict[Pair, list[tuple[Digit, Digit]]] = defaultdict(list)
        wide = [x for x in self.digits[number] if self.words[x[0]][0] > 1]
        if len(wide) > DIGITS:
            return found
        wide.sort(key=lambda x: (x[1], repr(x[0]), x[2]))
        for first, second in combinations(wide, 2):
            if first[0] != second[0]:
                pair = first[0], second[0], second[1] - first[1], first[2] != second[2]
                found[pair].append((first, second))
        return found

    def _enter(self, number: int) -> None:
        for pair, places in self._pairs(number).items():
            self.places[pair][number] = places

    def _leave(self, number: int) -> None:
        for pair in self._pairs(number):
            del self.places[pair][number]
            if not self.places[pair]:
                del self.places[pair]

    def _word(self, pair: Pair) -> tuple[int, bool, int, int]:
        a, b, shift, opposite = pair
        factor = -(1 << shift) if opposite else 1 << shift
        ends = sorted(factor * x for x in self.words[b][2:])
        lo, hi = self.words[a][2] + ends[0], self.words[a][3] + ends[1]
        return (*range_width(lo, hi), lo, hi)

    def _gain(self, pair: Pair) -> int:
        uses = sum(map(len, self.places[pair].values()))
        if uses < 2:
            return 0
        a, b, shift, opposite = pair
        word = self._word(pair)
        saved = self.words[a][0] + self.words[b][0] - word[0]
        if saved <= 0:
            return 0
        factor = -(1 << shift) if opposite else 1 << shift
        terms = [(1, *self.words[a][:2]), (factor, *self.words[b][:2])]
        gain = FULL_ADDER * saved * uses - sum_price(terms, 0, word[2:], "word", 0, 0)
        if self.rng is not None and gain > 0:
            gain = int(gain * (1 + SPREAD * self.rng.random()))
        return gain

    def run(self) -> None:
        """Make words of pairs while that saves gates."""
        heap: list[tuple[int, int, Pair]] = []
        gains: dict[Pair, int] = {}
        self._price(self.places, gains, heap)
        heapify(heap)
        while heap:
            negative, _, pair = heappop(heap)
            if gains.get(pair, 0) != -negative:
                continue  # an entry from before the pair's places changed
            name = ("pair", len(self.made))
            self.made.append((name, pair))
            self.words[name] = self._word(pair)
            changed: dict[Pair, None] = {}
            for number in list(self.places[pair]):
                changed.update(dict.fromkeys(self._pairs(number)))
                places = self.places[pair][number]
                self._leave(number)
                self._replace(number, name, places)
                self._enter(number)
                changed.update(dict.fromkeys(self._pairs(number)))
            self._price(changed, gains, heap)

    def _price(
        self,
        pairs: Iterable[Pair],
        gains: dict[Pair, int],
        heap: list[tuple[int, int, Pair]],
    ) -> None:
        for pair in pairs:
            gain = self._gain(pair) if pair in self.places else 0
            if gain > 0 and gains.get(pair) != gain:
                self.count += 1
                heappush(heap, (-gain, self.count, pair))
            gains[pair] = max(gain, 0)

    def _replace(self, number: int, name: Hashable, places: list[tuple[Digit, Digit]]) -> None:
        digits = self.digits[number]
        for first, second in places:
            if first in digits and second in digits:
                digits.remove(first)
                digits.remove(second)
                digits.append((name, first[1], first[2]))

    def terms(self, number: int) -> list[tuple[int, Hashable]]:
        """Return the (coefficient, name) terms of a sum."""
        total: dict[Hashable, int] = defaultdict(int)
        for name, shift, negative in self.digits[number]:
            total[name] += -(1 << shift) if negative else 1 << shift
        return [(c, name) for name, c in total.items() if c]
