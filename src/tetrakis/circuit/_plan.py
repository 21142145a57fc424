"""Choosing which sums become words: inline, materialise, share (ours).

The price of a plan is the number of gates its columns of bits need when no gate is shared;
it is an upper bound and takes microseconds per sum.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from math import gcd
from typing import NamedTuple

from tetrakis.circuit._columns import column_cost, placement, range_width, shape_of
from tetrakis.circuit._linear import Form, Program, _accumulate

Key = tuple[tuple[int, int], ...]
SEARCH_WORK = 400_000


class Use(NamedTuple):
    """What is wanted of a sum: ``"word"``, ``"sign"``, or ``"relu"`` with shift and bits."""

    source: int
    kind: str
    shift: int = 0
    bits: int = 0


def canonical(form: Form) -> tuple[Key, int]:
    """Return the form divided by its signed content, as a key, and that content."""
    items = sorted(form.items())
    content = gcd(*form.values()) * (1 if items[0][1] > 0 else -1)
    return tuple((ref, c // content) for ref, c in items), content


Forms = dict[tuple[int, int], tuple[Form, int]]


class Expansion:
    """Linear forms of all sums when those in `kept` are words.

    Parameters
    ----------
    program : Program
    kept : frozenset of int
    memo : dict, optional
        Shared by expansions of one program: a form depends on the kept sums below it only.
    """

    def __init__(self, program: Program, kept: frozenset[int], memo: Forms | None = None) -> None:
        self.program = program
        self._mask = sum(1 << k for k in kept)
        self._memo: Forms = {} if memo is None else memo

    def place(self, source: int) -> tuple[int, int]:
        """Return what a sum's form depends on: the sum, and a mask of the kept ones below it."""
        return source, self.program.sums[source].below & self._mask

    def of(self, source: int) -> tuple[Form, int]:
        """Return the form over atoms and kept sums, and the constant."""
        place = self.place(source)
        found = self._memo.get(place)
        if found is None:
            item = self.program.sums[source]
            form: Form = {}
            constant = item.constant
            for ref, coefficient in item.terms.items():
                if ref >= 0 or self._mask >> ~ref & 1:
                    _accumulate(form, {ref: 1}, coefficient)
                else:
                    inner, offset = self.of(~ref)
                    _accumulate(form, inner, coefficient)
                    constant += coefficient * offset
            found = self._memo[place] = form, constant
        return found


def uses_of(program: Program, final: Iterable[Use]) -> list[Use]:
    """Return the wanted sums, and all activations and words of tables' pins they depend on."""
    final = list(final)
    needed: set[int] = set()
    stack = [use.source for use in final]
    while stack:
        for ref in program.sums[stack.pop()].flat:
            if ref not in needed:
                needed.add(ref)
                stack += program.atoms[ref].sources
    atoms = [program.atoms[ref] for ref in sorted(needed)]
    read = dict.fromkeys(source for a in atoms if a.pins for source in a.sources)
    final += [Use(source, "word") for source in read if Use(source, "word") not in final]
    return final + [Use(a.source, "relu", a.shift, a.bits) for a in atoms if a.source >= 0]


class _Entry(NamedTuple):
    """A sum's form by the number of its key; the kept sums it reads; constant and content."""

    number: int
    reads: tuple[int, ...]
    content: int
    constant: int


Member = tuple[Use, int, int]


class Pricer:
    """Prices of plans for one program and one list of uses; what plans share is found once."""

    def __init__(self, program: Program, uses: list[Use]) -> None:
        self.program = program
        self.uses = uses
        self._forms: Forms = {}
        self._entries: dict[tuple[int, int], _Entry | None] = {}
        self._keys: dict[Key, int] = {}
        self._listed: list[Key] = []
        self._member = cache(self._member_uncached)
        self._together = cache(self._together_uncached)

    def plan(self, kept: frozenset[int]) -> tuple[int, frozenset[Key]]:
        """Return the price and the forms that are worth a word of their own."""
        expansion = Expansion(self.program, kept, self._forms)
        groups: dict[int, list[Member]] = defaultdict(list)
        total = 0
        stack = list(self.uses)
        seen: set[int] = set()
        while stack:
            use = stack.pop()
            entry = self._entry(expansion, use.source)
            if entry is None:
                continue
            for ref in entry.reads:
                if ref not in seen:
                    seen.add(ref)
                    stack.append(Use(~ref, "word"))
            groups[entry.number].append((use, entry.content, entry.constant))
        shared = set()
        for number, members in groups.items():
            apart = sum(self._member(number, *member) for member in members)
            if len(members) > 1 and len(self._listed[number]) > 1:
                together = self._together(number) + sum(
                    self._member(number, *m, shared=True) for m in members
                )
                if together < apart:
                    shared.add(self._listed[number])
                    apart = together
            total += apart
        return total, frozenset(shared)

    def _entry(self, expansion: Expansion, source: int) -> _Entry | None:
        """Return the entry of a sum; None if it is constant."""
        place = expansion.place(source)
        if place not in self._entries:
            form, constant = expansion.of(source)
            entry = None
            if form:
                key, content = canonical(form)
                if key not in self._keys:
                    self._keys[key] = len(self._listed)
                    self._listed.append(key)
                reads = tuple(ref for ref in form if ref < 0)
                entry = _Entry(self._keys[key], reads, content, constant)
            self._entries[place] = entry
        return self._entries[place]

    def _key_range(self, key: Key) -> tuple[int, int]:
        lo = hi = 0
        for ref, coefficient in key:
            ends = [coefficient * x for x in self.program.range(ref)]
            lo, hi = lo + min(ends), hi + max(ends)
        return lo, hi

    def _together_uncached(self, number: int) -> int:
        key = self._listed[number]
        words = [(c, *self._word_bits(ref)) for ref, c in key]
        return sum_price(words, 0, self._key_range(key), "word", 0, 0)

    def _member_uncached(
        self, number: int, use: Use, content: int, constant: int, shared: bool = False
    ) -> int:
        item = self.program.sums[use.source]
        bounds = item.lo, item.hi
        if shared:
            ends = sorted((x - constant) // content for x in bounds)
            words = [(content, *range_width(*ends))]
        else:
            words = [(c * content, *self._word_bits(ref)) for ref, c in self._listed[number]]
        return sum_price(words, constant, bounds, use.kind, use.shift, use.bits)

    def _word_bits(self, ref: int) -> tuple[int, bool]:
        if ref >= 0:
            return self.program.atoms[ref].word_bits
        return range_width(*self.program.range(ref))


def sum_price(
    words: list[tuple[int, int, bool]],
    constant: int,
    bounds: tuple[int, int],
    kind: str,
    shift: int,
    bits: int,
) -> int:
    """Price a sum of (coefficient, width, signed) words and what is done with it."""
    lo, hi = bounds
    if kind == "relu" and (bits == 1 or hi >> shift <= 1):
        one = 1 << shift
        kind, constant, lo, hi = "sign", constant - one, lo - one, hi - one
    low = shift if kind == "relu" else 10**9 if kind == "sign" else 0
    if kind == "sign" and (lo >= 0 or hi < 0):
        return 0
    if kind == "sign" and len(words) == 1:
        return _comparison_price(words[0], constant)
    counts: list[int] = [0] * 80
    top = 0
    for coefficient, width, signed in words:
        places, offset = placement(coefficient, width, signed)
        constant += offset
        for column, _, _ in places:
            counts[column] += 1
            top = max(top, column)
    shape, constant = shape_of(lo, hi, constant, top, low, positive=kind != "word")
    price = column_cost(counts, constant, shape)
    if kind == "relu" and lo < 0:
        price += min(bits, (hi >> shift).bit_length())
    if kind == "relu" and hi >> shift >= 1 << bits:
        price += bits + (hi >> shift).bit_length() - bits
    return price


def _comparison_price(word: tuple[int, int, bool], constant: int) -> int:
    coefficient, width, signed = word
    threshold = -(constant // coefficient) if coefficient > 0 else constant // -coefficient + 1
    threshold += 1 << (width - 1) if signed else 0
    if threshold <= 0:
        return 0
    return max(0, width - 1 - ((threshold & -threshold).bit_length() - 1))


def candidate_sums(program: Program, uses: list[Use]) -> frozenset[int]:
    """Return sums read by other sums that could become words."""
    found: set[int] = set()
    stack = [use.source for use in uses]
    seen = set(stack)
    while stack:
        for ref in program.sums[stack.pop()].terms:
            if ref < 0:
                found.add(~ref)
                if ~ref not in seen:
                    seen.add(~ref)
                    stack.append(~ref)
    return frozenset(found)


def plans(program: Program, uses: list[Use]) -> list[tuple[int, frozenset[int], frozenset[Key]]]:
    """Return (price, kept sums, shared forms) of the plans worth building, cheapest first."""
    pricer = Pricer(program, uses)
    every = candidate_sums(program, uses)
    starts = {frozenset[int](), every}
    found = {kept: pricer.plan(kept) for kept in starts}
    work = sum(len(program.sums[use.source].flat) for use in uses) * max(1, len(every))
    if work <= SEARCH_WORK:
        best = min(starts, key=lambda kept: found[kept][0])
        best = _descend(pricer, best, every, found)
    ranked = [(price, kept, shared) for kept, (price, shared) in found.items()]
    return sorted(ranked, key=lambda plan: (plan[0], len(plan[1]), sorted(plan[1])))


def _descend(
    pricer: Pricer,
    best: frozenset[int],
    every: frozenset[int],
    found: dict[frozenset[int], tuple[int, frozenset[Key]]],
) -> frozenset[int]:
    """Flip one sum at a time between inline and word while the price falls."""
    plan = pricer.plan(best)
    improved = True
    rounds = 0
    while improved and rounds < 3:
        improved, rounds = False, rounds + 1
        for k in sorted(every):
            other = best ^ {k}
            tried = pricer.plan(other)
            if tried[0] < plan[0]:
                best, plan, improved = other, tried, True
    found[best] = plan
    return best
