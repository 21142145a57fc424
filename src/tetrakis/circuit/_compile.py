"""Exact compilation of fixed-point networks to circuits."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np

from tetrakis.circuit._aig import Aig
from tetrakis.circuit._argmax import argmax_words
from tetrakis.circuit._builder import AigBuilder
from tetrakis.circuit._columns import range_width
from tetrakis.circuit._linear import (
    FixedPointLike,
    Program,
    compare_outputs,
    non_negative,
    trace,
)
from tetrakis.circuit._plan import Expansion, Key, Use, canonical, plans, uses_of
from tetrakis.circuit._sharing import Sharing, share_adders, share_words
from tetrakis.circuit._table import table_word
from tetrakis.circuit._words import (
    Word,
    at_least_zero,
    constant_word,
    relu_of_sum,
    sum_words,
)
from tetrakis.errors import CircuitError

Decision = Literal["words", "sign", "argmax"]
Table = tuple[Word, dict[int, int]]
TABLE_BITS = 6
TRIAL_GATES = 150_000
SMALL_GATES = 3000
REPEATS = 12


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
                found = self.activation(atom.source, atom.shift, atom.bits)
            self.name(ref, found)
            self.words[ref] = found
        return found

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
        literals += [word.bit(i) for i in range(_word_width(item.lo, item.hi))]
    return literals


def _word_width(lo: int, hi: int) -> int:
    width, signed = range_width(lo, hi)
    return width + (not signed)


class Plan(NamedTuple):
    """What to build: final uses, how they are output, kept sums, shared forms."""

    program: Program
    wanted: list[Use]
    decision: Decision
    kept: frozenset[int]
    shared: frozenset[Key]


def _build(plan: Plan, sharing: Sharing | None = None) -> Aig:
    program = plan.program
    num_pis = sum(atom.bits for atom in program.atoms[: program.num_inputs])
    builder = AigBuilder(num_pis, sharing=sharing)
    emitter = _Emitter(builder, program, Expansion(program, plan.kept), plan.shared)
    emitter.words.update(_input_words(builder, program))
    for ref, word in emitter.words.items():
        emitter.name(ref, word)
    return builder.build(_output_literals(emitter, plan.wanted, plan.decision))


def _with_sharing(plan: Plan, first: Aig, record: Sharing, repeats: int) -> Aig:
    """Build a plan with words and full adders shared between sums; return the smallest.

    All but the first of the `repeats` searches are perturbed at random.
    """
    best = first
    for number in range(repeats):
        rng = np.random.default_rng(number) if number else None
        paired = share_words(record, rng)
        if paired is not None:
            best = min(best, _build(plan, paired), key=lambda a: a.num_gates)
        for start in (record, paired):
            adders = None if start is None else share_adders(start, rng)
            if adders is not None:
                best = min(best, _build(plan, adders), key=lambda a: a.num_gates)
    return best


def _wanted(program: Program, decision: Decision) -> list[tuple[list[Use], Decision]]:
    """Return the ways to state the outputs that are worth trying."""
    outputs = program.outputs
    if decision == "sign":
        return [([Use(outputs[0], "sign")], "sign")]
    if decision == "words":
        return [([Use(k, "word") for k in outputs], "words")]
    if decision != "argmax":
        raise CircuitError(
            f"Unknown decision {decision!r}.", remedy="Use 'words', 'sign' or 'argmax'."
        )
    if len(outputs) == 1:
        return [([], "words")]
    if len(outputs) == 2:
        above = program.add_sum([(1, ~outputs[1]), (-1, ~outputs[0])], -1)
        return [([Use(above, "sign")], "sign")]
    ways = [non_negative(program, outputs), non_negative(program, compare_outputs(program))]
    return [([Use(k, "word") for k in way], "argmax") for way in ways]


def compile_network(fixed: FixedPointLike, *, decision: Decision = "words", effort: int = 1) -> Aig:
    """Compile a fixed-point network to a circuit that computes the same integers.

    Sums are interval-tight and compressed as in `sum_words`. Stream coordinates are inlined
    into their readers or materialised, units whose forms differ by a factor and a constant
    share one sum, and different sums share two-word sums and full adders, whichever is
    smaller.

    Parameters
    ----------
    fixed : FixedPointResNet
        Inputs, in order and least significant bit first, become the circuit's inputs.
    decision : {"words", "sign", "argmax"}
        ``"words"``: every output in two's complement (widths: `output_words`);
        ``"sign"``: one bit, 1 iff the only output is >= 0;
        ``"argmax"``: index of the largest output, ties to the lower index, least
        significant bit first.
    effort : int
        0: one plan without sharing between different sums; 1: sharing in the smallest plan;
        2: sharing in every promising plan; 3: also random variations of the sharing.

    Returns
    -------
    Aig
        Its size is an upper bound of the function's circuit complexity.

    Raises
    ------
    CircuitError
        If `decision` is unknown, or ``"sign"`` is asked of several outputs.

    References
    ----------
    Search over inlining and sharing: ours.
    """
    program = trace(fixed)
    if decision == "sign" and len(program.outputs) != 1:
        raise CircuitError(
            f"A sign needs exactly one output, the network has {len(program.outputs)}.",
            remedy="Use decision='argmax'.",
        )
    found = _plain(program, decision, effort)
    best = found[0][0]
    if effort > 0 and best.num_gates <= TRIAL_GATES:
        plain = 1 if best.num_gates > SMALL_GATES else 2
        for aig, plan, record in found[: plain if effort == 1 else len(found)]:
            repeats = REPEATS if effort > 2 else 1
            shared = _with_sharing(plan, aig, record, repeats)
            best = min(best, shared, key=lambda a: a.num_gates)
    return best


def _plain(program: Program, decision: Decision, effort: int) -> list[tuple[Aig, Plan, Sharing]]:
    """Build the plans of low price without sharing between sums, smallest first."""
    candidates = [
        (price, Plan(program, wanted, style, kept, shared))
        for wanted, style in _wanted(program, decision)
        for price, kept, shared in plans(program, uses_of(program, wanted))
    ]
    candidates.sort(key=lambda c: c[0])
    found: list[tuple[Aig, Plan, Sharing]] = []
    for price, plan in candidates:
        if found and (effort < 1 or price > TRIAL_GATES or price > 2 * candidates[0][0]):
            break
        apart = plan.shared and price <= TRIAL_GATES and effort > 0
        for one in (plan, plan._replace(shared=frozenset())) if apart else (plan,):
            record = Sharing()
            found.append((_build(one, record if effort else None), one, record))
    return sorted(found, key=lambda f: f[0].num_gates)


def output_words(fixed: FixedPointLike) -> list[int]:
    """Return the width in bits of each output of ``compile_network(decision="words")``."""
    program = trace(fixed)
    return [_word_width(program.sums[k].lo, program.sums[k].hi) for k in program.outputs]
