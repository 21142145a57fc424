"""Building the words of a compiled network under a given plan."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np

from tetrakis.circuit._aig import Aig
from tetrakis.circuit._argmax import argmax_words
from tetrakis.circuit._builder import AigBuilder
from tetrakis.circuit._columns import range_width
from tetrakis.circuit._linear import Atom, Program
from tetrakis.circuit._lookup import build, function_of
from tetrakis.circuit._plan import Expansion, Key, Use, canonical
from tetrakis.circuit._sharing import Sharing
from tetrakis.circuit._table import table_word
from tetrakis.circuit._words import (
    Word,
    at_least_zero,
    constant_word,
    relu_of_sum,
    sum_words,
)

Decision = Literal["words", "sign", "argmax"]
Table = tuple[Word, dict[int, int]]
TABLE_BITS = 6


@dataclass
class _Emitter:
    """Builds the words of a program under one plan; every word is made once."""

    builder: AigBuilder
    program: Program
    expansion: Expansion
    shared: frozenset[Key]
    words: dict[int, Word] = field(default_factory=dict)
    keys: dict[Key, Word] = field(default_factory=dict)
    tables: dict[int, Table | None] = field(default_factory=dict)

    def word(self, ref: int) -> Word:
        """Return the word of an atom or of a sum."""
        found = self.words.get(ref)
        if found is None:
            if ref < 0:
                found = self.sum_word(~ref)
            else:
                atom = self.program.atoms[ref]
                found = (
                    self.lookup(atom)
                    if atom.pins
                    else self.activation(atom.source, atom.shift, atom.bits)
                )
            self.name(ref, found)
            self.words[ref] = found
        return found

    def lookup(self, atom: Atom) -> Word:
        """Return the word of a table, bit by bit from its truth table."""
        literals = [self.word(~source).bit(bit) for source, bit in atom.pins]
        codes = np.array(atom.codes)
        bits = (function_of((codes >> b & 1).astype(bool), codes >= 0) for b in range(atom.bits))
        made = tuple(build(self.builder, function, literals) for function in bits)
        return Word(made, False, atom.lo, atom.hi)

    def name(self, name: Hashable, word: Word) -> None:
        """Make a word known to the sharing of adders."""
        if self.builder.sharing is not None:
            self.builder.sharing.name(name, word)

    def terms(self, source: int) -> tuple[list[tuple[int, Word]], int]:
        """Return the words to add for a sum, after sharing, and the constant."""
        form, constant = self.expansion.of(source)
        if not form:
            return [], constant
        key, content = canonical(form)
        if key not in self.shared:
            return [(c * content, self.word(ref)) for ref, c in key], constant
        if key not in self.keys:
            item = self.program.sums[source]
            ends = sorted(((item.lo - constant) // content, (item.hi - constant) // content))
            parts = [(c, self.word(ref)) for ref, c in key]
            self.keys[key] = sum_words(self.builder, parts, lo=ends[0], hi=ends[1])
            self.name(key, self.keys[key])
        return [(content, self.keys[key])], constant

    def table(self, source: int) -> Table | None:
        """Return the one short word that a sum depends on and the sum's values, if so."""
        if source not in self.tables:
            self.tables[source] = self._table(source)
        return self.tables[source]

    def _table(self, source: int) -> Table | None:
        form, constant = self.expansion.of(source)
        if not form:
            return None
        key, content = canonical(form)
        if key in self.keys:
            word = self.keys[key]
            return self._values(word, lambda x: content * x + constant)
        parts = [(c, self._reference(ref)) for ref, c in form.items()]
        found = [(c, t) for c, t in parts if t is not None]
        if len(found) < len(parts) or len({t[0].bits for _, t in found}) > 1:
            return None
        return self._values(found[0][1][0], lambda x: constant + sum(c * t[1][x] for c, t in found))

    def _reference(self, ref: int) -> Table | None:
        if ref < 0:
            return self.table(~ref)
        if ref < self.program.num_inputs:
            return self._values(self.words[ref], lambda x: x)
        atom = self.program.atoms[ref]
        if atom.pins:
            return None
        under = self.table(atom.source)
        if under is None:
            return None
        return under[0], {x: _activate(v, atom.shift, atom.bits) for x, v in under[1].items()}

    @staticmethod
    def _values(word: Word, function: Callable[[int], int]) -> Table | None:
        if len(word.bits) > TABLE_BITS:
            return None
        return word, {x: function(x) for x in range(word.range[0], word.range[1] + 1)}

    def _or_table(
        self, made: Word, mark: tuple[int, int], source: int, function: Callable[[int], int]
    ) -> Word:
        """Return `made`, or a table of `function` of the sum if that takes fewer gates."""
        table = self.table(source)
        if table is None:
            return made
        size = self.builder.new_gates(made.bits, mark)
        values = {x: function(v) for x, v in table[1].items()}
        looked_up = table_word(self.builder, table[0], values)
        return looked_up if self.builder.new_gates(looked_up.bits, mark) < size else made

    def sum_word(self, source: int) -> Word:
        """Return a sum as a word."""
        item, mark = self.program.sums[source], self.builder.mark()
        terms, constant = self.terms(source)
        made = sum_words(self.builder, terms, constant, lo=item.lo, hi=item.hi)
        return self._or_table(made, mark, source, lambda v: v)

    def sign(self, source: int) -> int:
        """Return a literal of ``sum >= 0``."""
        item, mark = self.program.sums[source], self.builder.mark()
        terms, constant = self.terms(source)
        made = at_least_zero(self.builder, terms, constant, lo=item.lo, hi=item.hi)
        word = Word((made,)) if made > 1 else constant_word(made)
        return self._or_table(word, mark, source, lambda v: int(v >= 0)).bit(0)

    def activation(self, source: int, shift: int, bits: int) -> Word:
        """Return the clipped relu of a sum, by arithmetic or by its truth table."""
        item, mark = self.program.sums[source], self.builder.mark()
        terms, constant = self.terms(source)
        made = relu_of_sum(
            self.builder, terms, constant, lo=item.lo, hi=item.hi, shift=shift, bits=bits
        )
        return self._or_table(made, mark, source, lambda v: _activate(v, shift, bits))


def _activate(value: int, shift: int, bits: int) -> int:
    return min(max(value, 0) >> shift, (1 << bits) - 1)


def _input_words(builder: AigBuilder, program: Program) -> dict[int, Word]:
    words, first = {}, 0
    for k, atom in enumerate(program.atoms[: program.num_inputs]):
        bits = tuple(builder.input(first + i) for i in range(atom.bits))
        words[k] = Word(bits, atom.lo < 0) if bits else constant_word(0)
        first += atom.bits
    return words


def _output_literals(emitter: _Emitter, wanted: list[Use], decision: Decision) -> list[int]:
    if decision == "sign":
        return [emitter.sign(wanted[0].source)]
    words = [emitter.sum_word(use.source) for use in wanted]
    if decision == "argmax":
        return argmax_words(emitter.builder, words)
    literals: list[int] = []
    for use, word in zip(wanted, words, strict=True):
        item = emitter.program.sums[use.source]
        literals += [word.bit(i) for i in range(word_width(item.lo, item.hi))]
    return literals


def word_width(lo: int, hi: int) -> int:
    """Return the two's-complement width of a range."""
    width, signed = range_width(lo, hi)
    return width + (not signed)


class Plan(NamedTuple):
    """What to build: final uses, how they are output, kept sums, shared forms."""

    program: Program
    wanted: list[Use]
    decision: Decision
    kept: frozenset[int]
    shared: frozenset[Key]


def build_plan(plan: Plan, sharing: Sharing | None = None) -> Aig:
    """Build a plan, recording or rewriting its sums with `sharing`."""
    program = plan.program
    num_pis = sum(atom.bits for atom in program.atoms[: program.num_inputs])
    builder = AigBuilder(num_pis, sharing=sharing)
    emitter = _Emitter(builder, program, Expansion(program, plan.kept), plan.shared)
    emitter.words.update(_input_words(builder, program))
    for ref, word in emitter.words.items():
        emitter.name(ref, word)
    return builder.build(_output_literals(emitter, plan.wanted, plan.decision))
