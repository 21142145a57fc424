"""Sharing full adders between the columns of different sums (ours).

Three bits of one column with ``a + b + c = s + 2 c'`` cost one full adder wherever they
meet again, in any column of any sum, and so do their three inverses. The compiler builds a
plan once to learn its columns, chooses triples greedily by how often they occur, and builds
the plan again with the columns rewritten.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tetrakis.circuit._builder import AigBuilder
from tetrakis.circuit._pairs import PairSearch, Part
from tetrakis.circuit._words import Word, sum_words

Symbol = tuple[Hashable, int]
Bit = tuple[Symbol, bool]
Columns = list[list[Bit]]
SumKey = tuple[int, frozenset[Part]]
PAIRS_TRIED = 24
SIGNALS = 4000
Random = np.random.Generator | None


@dataclass(frozen=True)
class Pairs:
    """Words ``a + factor b`` by name, and the terms of the sums that use them."""

    words: dict[Hashable, tuple[Hashable, Hashable, int]]
    terms: dict[frozenset[Part], list[tuple[int, Hashable]]]


class Sharing:
    """Names of words, the sums that were seen, and how to rewrite them.

    A bit is ((name of its word, index), inverted); the two outputs of shared adder k are
    ``((None, 2 k), …)`` and ``((None, 2 k + 1), …)``.

    Parameters
    ----------
    pairs : Pairs, optional
        Two-word sums to use.
    columns : dict, optional
        Rewritten columns by sum.
    adders : sequence of three bits each
        The shared full adders that those columns use.
    """

    def __init__(
        self,
        pairs: Pairs | None = None,
        columns: dict[SumKey, Columns] | None = None,
        adders: Sequence[tuple[Bit, ...]] = (),
    ) -> None:
        self.sums: dict[frozenset[Part], None] = {}
        self.columns: dict[SumKey, Columns] = {}
        self.pairs = pairs
        self._new_columns = columns or {}
        self._adders = adders
        self._names: dict[tuple[tuple[int, ...], bool], Hashable] = {}
        self._words: dict[Hashable, Word] = {}
        self._made: dict[int, tuple[int, int]] = {}
        self._inside = False

    def name(self, name: Hashable, word: Word) -> None:
        """Give a word a name that is the same in every build of a plan."""
        self._names.setdefault((word.bits, word.signed), name)
        self._words[name] = word

    def forget(self, first: int) -> None:
        """Forget what uses variables from `first` on."""
        self._made = {k: v for k, v in self._made.items() if max(v) >> 1 < first}
        for name, word in list(self._words.items()):
            if word.bits and max(word.bits) >> 1 >= first:
                del self._words[name]
                if self._names.get((word.bits, word.signed)) == name:
                    del self._names[word.bits, word.signed]

    def _parts(self, terms: Iterable[tuple[int, Word]]) -> frozenset[Part] | None:
        parts = []
        for c, word in terms:
            name = self._names.get((word.bits, word.signed))
            if name is None:
                return None
            parts.append((c, name, len(word.bits), word.signed, *self._words[name].range))
        return frozenset(parts)

    def replaced(
        self, builder: AigBuilder, terms: list[tuple[int, Word]]
    ) -> list[tuple[int, Word]]:
        """Record a sum; return its terms, in two-word sums where these were chosen."""
        parts = None if self._inside else self._parts(terms)
        if parts is None:
            return terms
        self.sums[parts] = None
        if self.pairs is None or parts not in self.pairs.terms:
            return terms
        return [(c, self._word(builder, name)) for c, name in self.pairs.terms[parts]]

    def _word(self, builder: AigBuilder, name: Hashable) -> Word:
        if name not in self._words:
            assert self.pairs is not None
            a, b, factor = self.pairs.words[name]
            terms = [(1, self._word(builder, a)), (factor, self._word(builder, b))]
            outer, self._inside = self._inside, True
            word = sum_words(builder, terms)
            self._inside = outer
            self.name(name, word)
        return self._words[name]

    def rewritten(
        self,
        builder: AigBuilder,
        terms: list[tuple[int, Word]],
        placed: list[tuple[int, int, int, bool]],
        width: int,
    ) -> list[list[int]] | None:
        """Record the columns of a sum; return the literals of the new ones, if any.

        Parameters
        ----------
        builder : AigBuilder
        terms : list of (coefficient, word)
        placed : list of (column, term, bit, inverted)
        width : int
        """
        parts = self._parts(terms)
        if parts is None:
            return None
        key = (width, parts)
        if key in self._new_columns:
            new = self._new_columns[key]
            return [[self._literal(builder, bit) for bit in column] for column in new]
        if key not in self.columns:
            names = [self._names[word.bits, word.signed] for _, word in terms]
            columns: Columns = [[] for _ in range(width)]
            for column, term, bit, inverted in placed:
                if column < width:
                    columns[column].append(((names[term], bit), inverted))
            self.columns[key] = columns
        return None

    def _literal(self, builder: AigBuilder, bit: Bit) -> int:
        (name, index), inverted = bit
        if name is not None:
            return self._word(builder, name).bits[index] ^ inverted
        if index >> 1 not in self._made:
            a, b, c = (self._literal(builder, x) for x in self._adders[index >> 1])
            self._made[index >> 1] = builder.full_adder(a, b, c)
        return self._made[index >> 1][index & 1] ^ inverted


class _Rows:
    """Incidence of signals in columns, +1 or -1 (inverted), and of pairs of signals."""

    def __init__(self, rows: list[list[Bit]], rng: Random = None) -> None:
        self.rng = rng
        self.symbols: list[Symbol] = sorted({s for row in rows for s, _ in row}, key=repr)
        index = {s: k for k, s in enumerate(self.symbols)}
        self.size = min(SIGNALS, 3 * len(self.symbols) + 64)
        self.signs = np.zeros((self.size, len(rows)), np.int8)
        for r, row in enumerate(rows):
            for s, inverted in row:
                self.signs[index[s], r] = -1 if inverted else 1
        plain = self.signs.astype(np.float32)
        self.both = (abs(plain) @ abs(plain).T).astype(np.int16)
        self.even = (plain @ plain.T).astype(np.int16)
        self.partner = np.zeros(self.size, np.int64)
        self.most = np.zeros(self.size, np.int64)
        self._rank(np.arange(self.size))

    def _rank(self, signals: NDArray[Any]) -> None:
        """Find the most frequent partner of some signals; `most` counts its meetings twice."""
        counts = self.both[signals] + abs(self.even[signals])
        counts[np.arange(len(signals)), signals] = 0
        self.partner[signals] = counts.argmax(axis=1)
        self.most[signals] = counts[np.arange(len(signals)), self.partner[signals]]

    def update(self, rows: NDArray[Any], change: dict[int, NDArray[Any]]) -> None:
        """Set signals of some rows, keeping the pair counts right."""
        if not len(rows):
            return
        used = np.flatnonzero(self.signs[:, rows].any(axis=1))
        signals = np.union1d(used, list(change))
        block = np.ix_(signals, signals)
        for step in (-1, 1):
            part = self.signs[np.ix_(signals, rows)].astype(np.int16)
            self.both[block] += step * (abs(part) @ abs(part).T)
            self.even[block] += step * (part @ part.T)
            if step < 0:
                for signal, values in change.items():
                    self.signs[signal, rows] = values
        self._rank(signals)

    def best_triple(self) -> tuple[int, list[tuple[int, int]], NDArray[Any]]:
        """Return (occurrences, three (signal, sign), rows) of a frequent triple."""
        best: tuple[int, list[tuple[int, int]], NDArray[Any]] = (1, [], np.empty(0, int))
        most: NDArray[Any] = self.most
        if self.rng is not None:  # another one among near equals
            most = most + 3 * self.rng.random(len(most))
        order = np.argsort(-most, kind="stable")[:PAIRS_TRIED]
        for a, b in zip(order.tolist(), self.partner[order].tolist(), strict=True):
            if self.most[a] // 2 <= best[0]:
                continue
            if a > b and self.partner[b] == a:
                continue
            sign = 1 if self.even[a, b] >= 0 else -1
            rows = np.flatnonzero(self.signs[a] * self.signs[b] == sign)
            part = self.signs[: len(self.symbols), rows] * self.signs[a, rows]
            even = part.sum(axis=1, dtype=np.int32)
            third = abs(part).sum(axis=1, dtype=np.int32) + abs(even)
            third[[a, b]] = 0
            c = int(third.argmax())
            if third[c] // 2 > best[0]:
                own = 1 if even[c] >= 0 else -1
                best = int(third[c]) // 2, [(a, 1), (b, sign), (c, own)], rows[part[c] == own]
        return best

    def add(self, symbol: Symbol) -> int:
        """Append a signal that no row has yet."""
        self.symbols.append(symbol)
        return len(self.symbols) - 1


def share_words(record: Sharing, rng: Random = None) -> Sharing | None:
    """Choose two-word sums to share; None if none saves gates."""
    sums = list(record.sums)
    search = PairSearch([sorted(parts, key=repr) for parts in sums], rng)
    search.run()
    if not search.made:
        return None
    words = {
        name: (a, b, -(1 << shift) if opposite else 1 << shift)
        for name, (a, b, shift, opposite) in search.made
    }
    return Sharing(Pairs(words, {parts: search.terms(k) for k, parts in enumerate(sums)}))


def share_adders(record: Sharing, rng: Random = None) -> Sharing | None:
    """Choose full adders to share; None if no triple of bits occurs twice."""
    # The top column is left alone: its bits are joined by one gate each.
    places = [(key, j) for key, columns in record.columns.items() for j in range(len(columns) - 1)]
    rows, left = [], []
    for key, j in places:
        column = record.columns[key][j]
        often = Counter(symbol for symbol, _ in column)
        rows.append([bit for bit in column if often[bit[0]] == 1])
        left.append([bit for bit in column if often[bit[0]] > 1])
    if not 0 < len({symbol for row in rows for symbol, _ in row}) <= SIGNALS // 2:
        return None
    inside = [j + 2 < len(record.columns[key]) for key, j in places]
    table = _Rows(rows, rng)
    adders, top = _chosen_adders(table, np.array(inside))
    if not adders:
        return None
    result = {key: [list[Bit]() for _ in columns] for key, columns in record.columns.items()}
    for r, (key, j) in enumerate(places):
        signs = table.signs[:, r]
        bits = [(table.symbols[s], bool(signs[s] < 0)) for s in np.flatnonzero(signs).tolist()]
        result[key][j] = left[r] + bits
        result[key][j + 1] += top[r]  # of the last row only
    for key, columns in record.columns.items():
        result[key][-1] += columns[-1]
    return Sharing(record.pairs, result, adders)


def _chosen_adders(
    table: _Rows, inside: NDArray[np.bool_]
) -> tuple[list[tuple[Bit, ...]], dict[int, list[Bit]]]:
    """Replace frequent triples by adders; return these and the carries into top columns.

    The carry of row r goes to row r + 1 if ``inside[r]``, else to the top column.
    """
    adders: list[tuple[Bit, ...]] = []
    top: dict[int, list[Bit]] = defaultdict(list)
    while len(table.symbols) + 2 <= table.size:
        count, triple, where = table.best_triple()
        if count < 2:
            break
        orientation = table.signs[triple[0][0], where].copy()
        adders.append(tuple((table.symbols[s], sign < 0) for s, sign in triple))
        total = table.add((None, 2 * len(adders) - 2))
        carry = table.add((None, 2 * len(adders) - 1))
        zero = np.zeros(len(where), np.int8)
        table.update(where, {**{s: zero for s, _ in triple}, total: orientation})
        within = inside[where]
        table.update(where[within] + 1, {carry: orientation[within]})
        for r, o in zip(where[~within].tolist(), orientation[~within].tolist(), strict=True):
            top[r].append((table.symbols[carry], o < 0))
    return adders, top
