"""The smallest circuit found for a function of one word, every code in a given interval."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tetrakis.circuit import Aig, AigBuilder, Word, mux_word, optimise
from tetrakis.functions._editing import edited
from tetrakis.functions._segments import (
    Pieces,
    coarsened,
    fit_pieces,
    folded,
    pieces_word,
    table_of,
)

Longs = NDArray[np.int64]
MAX_SEGMENTS, MAX_GUARD, MAX_SPLITS, MAX_APART = 6, 4, 4, 2
HARD = 120.0
EDIT_ROWS = 1 << 14
BUILT, TABLE_BITS = 100, 14


@dataclass(frozen=True)
class Recipe:
    """How a word is built from its input's bits: a tree of folds, halves and pieces.

    Parameters
    ----------
    kind : {"pieces", "pieces, common slope", "table", "halves", "even", "odd", "dropped",
        "one apart", "reversed"}
    estimate : float
        Guessed AND nodes.
    parts : tuple of Recipe
        Of halves: lower, upper. Of a fold: the half from the middle outwards.
    pieces : Pieces or None
    codes : int array or None
        Of a table.
    top : int
        Of an odd fold; number of low bits dropped; number of the segment built apart.
    """

    kind: str
    estimate: float
    parts: tuple[Recipe, ...] = ()
    pieces: Pieces | None = None
    codes: Longs | None = field(default=None, repr=False)
    top: int = 0

    def build(self, builder: AigBuilder, inputs: Sequence[int]) -> Word:
        """Return the word; ``inputs`` are literals, least significant first."""
        if self.kind == "one apart" and self.pieces is not None:
            return self._one_apart(builder, inputs, self.pieces)
        if self.pieces is not None:
            return pieces_word(builder, inputs, self.pieces, common=self.kind != "pieces")
        if self.codes is not None:
            return table_of(builder, inputs, self.codes)
        if self.kind == "reversed":
            return self.parts[0].build(builder, [x ^ 1 for x in inputs])
        if self.kind == "dropped":
            return self.parts[0].build(builder, inputs[self.top :])
        sign = inputs[-1]
        if self.kind == "halves":
            low, high = (part.build(builder, inputs[:-1]) for part in self.parts)
            return mux_word(builder, sign, high, low)
        inside = self.parts[0].build(builder, [builder.xor(x, sign ^ 1) for x in inputs[:-1]])
        return inside if self.kind == "even" else _mirrored(builder, inside, sign, self.top)

    def _one_apart(self, builder: AigBuilder, inputs: Sequence[int], pieces: Pieces) -> Word:
        local, upper = inputs[: pieces.local_bits], inputs[pieces.local_bits :]
        others = builder.or_all(x ^ (self.top >> i & 1) for i, x in enumerate(upper))
        rest = pieces_word(builder, inputs, pieces, common=True)
        return mux_word(builder, others, rest, self.parts[0].build(builder, local))


def _mirrored(builder: AigBuilder, word: Word, keep: int, top: int) -> Word:
    """Return the word where `keep` holds, else ``top − word``, top being −1 or 2^n − 1."""
    lo, hi = min(word.range[0], top - word.range[1]), max(word.range[1], top - word.range[0])
    width = max(hi.bit_length(), (~lo).bit_length() if lo < 0 else 0) + (lo < 0)
    bits = tuple(builder.xor(word.bit(i), keep ^ 1) for i in range(width))
    return Word(bits, lo < 0, lo, hi)


def recipes(
    low: Longs, high: Longs, top: int, *, splits: int = MAX_SPLITS, apart: int = MAX_APART
) -> Iterator[Recipe]:
    """Yield ways to build a word whose code for input c lies in ``[low[c], high[c]]``.

    Parameters
    ----------
    low, high : int array, (2^n,)
    top : int
        Sum of a code and its mirror image in odd functions: −1 for signed words.
    splits : int
        How often halves may be built apart.
    apart : int
        How often one segment of linear pieces may be built apart.
    """
    if low[-1] + high[-1] < low[0] + high[0]:  # rising pieces need no signs
        for found in recipes(low[::-1], high[::-1], top, splits=splits, apart=apart):
            yield Recipe("reversed", found.estimate, (found,))
        return
    yield from _plain(low, high, top, apart)
    for kind, mirror in (("even", None), ("odd", top)):
        met = folded(low, high, mirror)
        if met is not None and len(low) > 2:
            cost = 3.0 * (len(low).bit_length() - 2)
            cost += 0.0 if kind == "even" else 3.0 * _width(low, high)
            for inside in recipes(*met, top, splits=0, apart=apart):
                if kind == "even" or inside.kind != "odd":
                    yield Recipe(kind, cost + inside.estimate, (inside,), top=top)
    if splits and len(low) >= 16:
        yield from _halves(low, high, top, splits)


def _plain(low: Longs, high: Longs, top: int, apart: int) -> Iterator[Recipe]:
    bits, width = len(low).bit_length() - 1, _width(low, high)
    if (low.max() <= high.min()) or bits == 0:
        yield Recipe("table", 0.0, codes=np.full(len(low), low.max()))
        return
    for segment_bits in range(min(MAX_SEGMENTS, bits) + 1):
        for guard in range(MAX_GUARD + 1):
            fitted = fit_pieces(low, high, segment_bits, guard, skip=apart)
            if fitted is None:
                continue
            found, missing = fitted
            cost = found.estimate(width)
            if missing >= 0:
                length = len(low) >> segment_bits
                part = slice(missing * length, (missing + 1) * length)
                inner = list(_coarse(low[part], high[part], top, 0, apart=apart - 1))
                if inner:
                    best = min(inner, key=lambda r: r.estimate)
                    cost += best.estimate + 3.0 * width + segment_bits
                    yield Recipe("one apart", cost, (best,), pieces=found, top=missing)
                continue
            yield Recipe("pieces, common slope", cost, pieces=found)
            if found.slope.min() >= 0 and found.slope.any():
                yield Recipe("pieces", cost, pieces=found)


def _halves(low: Longs, high: Longs, top: int, splits: int) -> Iterator[Recipe]:
    """Build the halves apart; a half that is hard as it is, in halves again."""
    half = len(low) // 2
    best = []
    for part in (slice(0, half), slice(half, None)):
        ends = low[part], high[part]
        found = list(_coarse(*ends, top, 0))
        if splits > 1 and min((r.estimate for r in found), default=np.inf) > HARD:
            found += _coarse(*ends, top, splits - 1)
        if not found:
            return
        best.append(min(found, key=lambda r: r.estimate))
    cost = sum(r.estimate for r in best) + 3.0 * _width(low, high)
    yield Recipe("halves", cost, tuple(best))


def _coarse(
    low: Longs, high: Longs, top: int, splits: int, *, most: int = 1, apart: int = 0
) -> Iterator[Recipe]:
    """Recipes that ignore low bits: as many as possible, or up to `most` fewer."""
    drop = droppable(low, high)
    for lost in range(max(0, drop - most), drop + 1):
        for found in recipes(*coarsened(low, high, lost), top, splits=splits, apart=apart):
            yield Recipe("dropped", found.estimate, (found,), top=lost) if lost else found


def _width(low: Longs, high: Longs) -> int:
    return max(1, int(high.max() - low.min()).bit_length())


def droppable(low: Longs, high: Longs) -> int:
    """Most low bits of the input that may be ignored."""
    drop = 0
    while len(low) >> (drop + 1):
        low_, high_ = coarsened(low, high, drop + 1)
        if (low_ > high_).any():
            break
        drop += 1
    return drop


@dataclass(frozen=True, eq=False)
class Part:
    """A circuit whose outputs are one word, and how it came about.

    Parameters
    ----------
    aig : Aig
        Inputs are the bits of one word.
    kind : str
    """

    aig: Aig
    kind: str


def part_candidates(
    low: Longs, high: Longs, bits: int, *, signed: bool, built: int = BUILT, table: bool = True,
    quick: bool = False,
) -> list[Part]:  # fmt: skip
    """Build the most promising circuits, smallest first.

    Parameters
    ----------
    low, high : int array, (2^n,)
        Codes allowed for each input.
    bits, signed : int, bool
        Of the output word.
    built : int
        Recipes built, of those with the least estimate.
    table : bool
        Add the truth table.
    quick : bool
        Neither halves nor segments built apart.
    """
    n = len(low).bit_length() - 1
    top = -1 if signed else (1 << bits) - 1
    splits, apart, most = (0, 0, 0) if quick else (MAX_SPLITS, MAX_APART, 2)
    found = list(_coarse(low, high, top, splits, most=most, apart=apart))
    found = sorted(found, key=lambda r: r.estimate)[:built]
    if table and n <= TABLE_BITS:
        found.append(Recipe("table", np.inf, codes=(low + high) >> 1))
    parts = [Part(_built(recipe, n, bits), _described(recipe)) for recipe in found]
    return sorted(parts, key=lambda part: part.aig.num_gates)


def _built(recipe: Recipe, n: int, bits: int) -> Aig:
    builder = AigBuilder(n)
    word = recipe.build(builder, [builder.input(i) for i in range(n)])
    return builder.build([word.bit(i) for i in range(bits)])


def _described(recipe: Recipe) -> str:
    if recipe.kind in ("dropped", "reversed"):
        return _described(recipe.parts[0])
    if recipe.kind == "one apart" and recipe.pieces is not None:
        inner = _described(recipe.parts[0])
        return f"{len(recipe.pieces.value)} linear pieces, one of them {inner}"
    if recipe.pieces is not None:
        return f"{len(recipe.pieces.value)} linear pieces"
    if not recipe.parts:
        return "truth table"
    parts = sorted({_described(part) for part in recipe.parts})
    return f"{recipe.kind} ({', '.join(parts)})"


def smallest_part(
    low: Longs, high: Longs, bits: int, *, signed: bool, edits: int = 4, seed: int = 0
) -> Part | None:
    """Return the smallest circuit found: candidates optimised, the best of them edited."""
    parts = part_candidates(low, high, bits, signed=signed)
    tried = {}
    for part in parts[: 2 * edits] + [p for p in parts[2 * edits :] if p.kind == "truth table"]:
        made = optimise(part.aig)
        tried[made] = Part(made, part.kind)
    best = sorted(tried.values(), key=lambda p: p.aig.num_gates)
    if not best or len(low) > EDIT_ROWS:
        return best[0] if best else None
    done = [
        Part(edited(p.aig, low, high, signed=signed, seed=seed) or p.aig, p.kind)
        for p in best[:edits]
    ]
    return min(done, key=lambda p: p.aig.num_gates)
