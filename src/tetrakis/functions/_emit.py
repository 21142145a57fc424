"""Building a formula's words: tables, products and sums with chosen precisions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tetrakis.circuit import Aig, AigBuilder, Word, sum_words
from tetrakis.functions._dataflow import Node
from tetrakis.functions._target import Grid

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]
PartMaker = Callable[[Longs, Longs, int, bool], "Aig | None"]
Free = Literal["nothing", "offset", "step"]
MAX_TABLE_BITS = 13
MARGIN, MAX_GUARD = 2, 24


class NotBuildable(Exception):
    """These precisions don't go together."""


@dataclass(frozen=True)
class Signal:
    """A word and what it stands for: ``offset + step * code``."""

    word: Word
    step: float
    offset: float


@dataclass(frozen=True)
class Precision:
    """What is free in building a formula.

    Parameters
    ----------
    bits : mapping from Node to int
        About as many codes as 2^bits cover the node's range.
    cut : mapping from Node to int
        Columns of products that aren't made, of those dropped.
    step : float
        Of the output.
    slack : float
        How far a table may be off, in units of its step.
    """

    bits: Mapping[Node, int]
    cut: Mapping[Node, int]
    step: float
    slack: float


class Emitter:
    """Builds nodes, each once for every format asked for.

    Parameters
    ----------
    names : sequence of str
    grid : Grid
    ranges : mapping from Node to (float, float)
    precision : Precision
    make_part : callable
        From intervals of codes, bits and sign to a circuit of one word.
    """

    def __init__(
        self, names: Sequence[str], grid: Grid, ranges: Mapping[Node, tuple[float, float]],
        precision: Precision, make_part: PartMaker,
    ) -> None:  # fmt: skip
        self.builder = AigBuilder(grid.total_bits)
        self.names, self.grid, self.ranges = list(names), grid, ranges
        self.precision, self.make_part = precision, make_part
        self._made: dict[tuple[Node, float, str], Signal] = {}

    def inputs(self, name: str) -> list[int]:
        """Literals of a variable's bits."""
        index = self.names.index(name)
        first = sum(self.grid.bits[:index])
        return [self.builder.input(first + i) for i in range(self.grid.bits[index])]

    def emit(self, node: Node, step: float, free: Free) -> Signal:
        """Build a node in a step; any offset, or any offset and about the step, may be allowed."""
        key = (node, step, free)
        if key not in self._made:
            make = {"leaf": self._leaf, "function": self._function, "sum": self._sum}[node.kind]
            self._made[key] = make(node, step, free)
        return self._made[key]

    def wanted_step(self, node: Node) -> float:
        """Step at which the node's range has as many codes as its precision says."""
        lo, hi = self.ranges[node]
        return (
            max(hi - lo, 1e-12 * max(abs(lo), abs(hi)), 1e-300) / 2.0 ** self.precision.bits[node]
        )

    def _leaf(self, node: Node, step: float, free: Free) -> Signal:
        axis = self.grid.axis(self.names.index(node.variable))
        assert node.expression is not None
        values = np.asarray(node.expression.evaluate({node.variable: axis}))
        return self._table(self.inputs(node.variable), values, step, free)

    def _function(self, node: Node, step: float, free: Free) -> Signal:
        (child,) = node.children
        inside = self.emit(child, self.wanted_step(child), "step")
        width = len(inside.word.bits)
        if width > MAX_TABLE_BITS or inside.word.signed:
            raise NotBuildable
        reached = inside.offset + inside.step * np.arange(1 << width)
        lo, hi = self.ranges[child]
        assert node.expression is not None
        values = np.asarray(node.expression.evaluate({"_": np.clip(reached, lo, hi)}))
        return self._table(list(inside.word.bits), values, step, free)

    def _table(self, inputs: list[int], values: Floats, step: float, free: Free) -> Signal:
        if not np.isfinite(values).all() or not values.shape:
            raise NotBuildable
        lo, hi = float(values.min()), float(values.max())
        if max(abs(lo), abs(hi), hi - lo) / step > 2.0**24:
            raise NotBuildable
        offset = 0.0 if free == "nothing" else lo
        place = (values - offset) / step
        slack = self.precision.slack + 1e-9
        low, high = (f(place + s).astype(np.int64) for f, s in ((np.ceil, -slack),
                                                                (np.floor, slack)))  # fmt: skip
        if lo >= offset:
            low, high = np.maximum(low, 0), np.maximum(high, 0)
        least, most = int(np.rint(place.min())), int(np.rint(place.max()))
        low, high = np.minimum(low, most), np.minimum(high, max(most, 0))
        low, high = np.maximum(low, least), np.maximum(high, least)
        signed = least < 0
        bits = max(most.bit_length(), (~least).bit_length() if signed else 0) + signed
        if bits == 0:
            return Signal(Word(()), step, offset)
        part = self.make_part(low, high, bits, signed)
        if part is None:
            raise NotBuildable
        literals = self.builder.replay(part, inputs)
        return Signal(Word(tuple(literals), signed, least, most), step, offset)

    def _sum(self, node: Node, step: float, free: Free) -> Signal:
        if free == "step":
            step = self._natural_step(node, step)
        guard = self._guard(node, step)
        unit = step / 2.0**guard
        terms: list[tuple[int, Word]] = []
        offset = node.constant
        for coefficient, factors in node.terms:
            if len(factors) == 1:
                offset += self._addend(terms, coefficient, factors[0], unit)
            else:
                offset += self._product(terms, coefficient, factors, unit, node)
        lo, hi = self.ranges[node]
        half = unit * ((1 << guard) - 1) / 2  # floor loses this much on average
        if free != "nothing":
            shift = math.floor((lo - offset) / step) - (MARGIN if guard else 0)
            offset += shift * step
            begin = -shift << guard
        else:
            begin = round((offset + half) / unit)
            offset = 0.0
        terms = [term for term in terms if term[1].bits]
        codes = [math.floor((x - offset) / step) for x in (lo, hi)]
        if free != "nothing":
            offset += half
        least, most = (codes[0] - MARGIN) << guard, (codes[1] + MARGIN + 1) << guard
        if free != "nothing":
            least = max(least, 0)
        word = sum_words(self.builder, terms, begin, lo=least, hi=max(most, least + 1), drop=guard)
        return Signal(word, step, offset)

    def _natural_step(self, node: Node, step: float) -> float:
        """Return a step near the given one that suits variables that can be taken as they are."""
        for coefficient, factors in node.terms:
            raw = [self._raw(factor) for factor in factors]
            own = abs(coefficient)
            for signal in raw:
                usable = signal is not None and (len(raw) == 1 or not signal.offset)
                own *= signal.step if usable and signal is not None else 0.0
            if own:
                return own * 2.0 ** math.floor(math.log2(step / own) + 1e-9)
        return step

    def _guard(self, node: Node, step: float) -> int:
        """Low bits of a sum that are dropped: its terms are as fine as their precision says."""
        finest = step
        for coefficient, factors in node.terms:
            wanted = abs(coefficient)
            for factor in factors:
                raw = self._raw(factor)
                if raw is not None and len(factors) == 1:
                    usable = _near_power(step / (wanted * raw.step))
                else:
                    usable = raw is not None and not raw.offset
                wanted *= raw.step if usable and raw is not None else self.wanted_step(factor)
            finest = min(finest, wanted)
        guard = math.ceil(math.log2(step / finest) - 1e-9)
        if guard > MAX_GUARD:
            raise NotBuildable
        return guard

    def _addend(
        self, terms: list[tuple[int, Word]], factor: float, node: Node, unit: float
    ) -> float:
        """Add ``factor * node`` in units; return the offset that isn't in the word."""
        exact = self._raw(node)
        if exact is not None and _near_whole(factor * exact.step / unit):
            terms.append((round(factor * exact.step / unit), exact.word))
            return factor * exact.offset
        power = _power(self.wanted_step(node) * abs(factor) / unit)
        made = self.emit(node, unit * 2.0**power / abs(factor), "offset")
        terms.append(((1 << power) * (1 if factor > 0 else -1), made.word))
        return factor * made.offset

    def _product(
        self, terms: list[tuple[int, Word]], factor: float, nodes: Sequence[Node], unit: float,
        owner: Node,
    ) -> float:  # fmt: skip
        """Add ``factor * a * b`` as rows of a's bits under b's, without the lowest columns."""
        first, second = sorted(nodes, key=lambda n: self._raw(n) is None)
        a = self._raw(first)
        if a is None or a.offset:
            a = self.emit(first, self.wanted_step(first), "nothing")
        b = self._raw(second)
        if b is None or b.offset or not _near_power(abs(factor) * a.step * b.step / unit):
            power = _power(self.wanted_step(second) * abs(factor) * a.step / unit)
            b = self.emit(second, unit * 2.0**power / (abs(factor) * a.step), "nothing")
        shift = round(math.log2(abs(factor) * a.step * b.step / unit))
        sign = 1 if factor > 0 else -1
        lost = 0.0
        for place, bit in enumerate(b.word.bits):
            negative = b.word.signed and place == len(b.word.bits) - 1
            column = shift + place
            gone = min(max(0, self.precision.cut[owner] - column), len(a.word.bits) - a.word.signed)
            kept = tuple(self.builder.and_(bit, x) for x in a.word.bits[gone:])
            row = Word(kept, a.word.signed) if kept else Word(())
            direction = -sign if negative else sign
            terms.append((direction << (column + gone), row))
            lost += direction * 2.0**column * ((1 << gone) - 1) / 4  # a bit of a row is 1/4
        return lost * unit

    def _raw(self, node: Node) -> Signal | None:
        """Return a variable's own bits as a word, if the node is a variable."""
        if not node.is_variable:
            return None
        index = self.names.index(node.variable)
        step = float(self.grid.steps[index])
        return Signal(Word(tuple(self.inputs(node.variable))), step, self.grid.box[index][0])


def _power(ratio: float) -> int:
    """Largest p >= 0 with 2^p <= ratio, or 0."""
    if not ratio < 2.0**40:
        raise NotBuildable
    return max(0, math.floor(math.log2(ratio) + 1e-9)) if ratio > 0 else 0


def _near_whole(ratio: float) -> bool:
    return abs(ratio - round(ratio)) < 1e-9 and 1 <= abs(ratio) < 2**30


def _near_power(ratio: float) -> bool:
    return ratio > 0 and (p := round(math.log2(ratio))) >= 0 and abs(ratio / 2.0**p - 1) < 1e-12
