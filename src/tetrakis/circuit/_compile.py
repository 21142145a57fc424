"""Exact compilation of fixed-point networks to circuits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

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
TABLE_BITS = 6
TRIAL_GATES = 150_000


@dataclass
class _Emitter:
    """Builds the words of a program under one plan; every word is made once."""

    builder: AigBuilder
    program: Program
    expansion: Expansion
    shared: frozenset[Key]
    words: dict[int, Word] = field(default_factory=dict)
    keys: dict[Key, Word] = field(default_factory=dict)

    def word(self, ref: int) -> Word:
        """Return the word of an atom or of a sum."""
        found = self.words.get(ref)
        if found is None:
            if ref < 0:
                found = self.sum_word(~ref)
            else:
                atom = self.program.atoms[ref]
                found = self.activation(atom.source, atom.shift, atom.bits)
            self.words[ref] = found
        return found

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
        return [(content, self.keys[key])], constant

    def sum_word(self, source: int) -> Word:
        """Return a sum as a word."""
        item = self.program.sums[source]
        terms, constant = self.terms(source)
        return sum_words(self.builder, terms, constant, lo=item.lo, hi=item.hi)

    def sign(self, source: int) -> int:
        """Return a literal of ``sum >= 0``."""
        item = self.program.sums[source]
        terms, constant = self.terms(source)
        return at_least_zero(self.builder, terms, constant, lo=item.lo, hi=item.hi)

    def activation(self, source: int, shift: int, bits: int) -> Word:
        """Return the clipped relu of a sum, by arithmetic or by its truth table."""
        item = self.program.sums[source]
        terms, constant = self.terms(source)
        mark = self.builder.mark()

        def arithmetic() -> Word:
            return relu_of_sum(
                self.builder, terms, constant, lo=item.lo, hi=item.hi, shift=shift, bits=bits
            )

        made = arithmetic()
        if bits == 1 or len(terms) != 1 or len(terms[0][1].bits) > TABLE_BITS:
            return made
        size = self.builder.new_gates(made.bits, mark)
        self.builder.rollback(mark)
        coefficient, word = terms[0]
        lo, hi = word.range
        top = (1 << bits) - 1
        values = {
            x: min(max(coefficient * x + constant, 0) >> shift, top) for x in range(lo, hi + 1)
        }
        looked_up = table_word(self.builder, word, values)
        if self.builder.new_gates(looked_up.bits, mark) < size:
            return looked_up
        self.builder.rollback(mark)
        return arithmetic()


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


def _build(
    program: Program,
    wanted: list[Use],
    decision: Decision,
    kept: frozenset[int],
    shared: frozenset[Key],
) -> Aig:
    builder = AigBuilder(sum(atom.bits for atom in program.atoms[: program.num_inputs]))
    emitter = _Emitter(builder, program, Expansion(program, kept), shared)
    emitter.words.update(_input_words(builder, program))
    return builder.build(_output_literals(emitter, wanted, decision))


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


def compile_network(fixed: FixedPointLike, *, decision: Decision = "words") -> Aig:
    """Compile a fixed-point network to a circuit that computes the same integers.

    Sums are interval-tight and compressed as in `sum_words`. Stream coordinates are inlined
    into their readers or materialised, and units whose forms differ by a factor and a
    constant share one sum, whichever is smaller.

    Parameters
    ----------
    fixed : FixedPointResNet
        Inputs, in order and least significant bit first, become the circuit's inputs.
    decision : {"words", "sign", "argmax"}
        ``"words"``: every output in two's complement (widths: `output_words`);
        ``"sign"``: one bit, 1 iff the only output is >= 0;
        ``"argmax"``: index of the largest output, ties to the lower index, least
        significant bit first.

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
    candidates: list[tuple[int, int, list[Use], Decision, frozenset[int], frozenset[Key]]] = []
    for wanted, style in _wanted(program, decision):
        for price, kept, shared in plans(program, uses_of(program, wanted)):
            candidates.append((price, len(candidates), wanted, style, kept, shared))
    candidates.sort(key=lambda c: c[:2])
    best: Aig | None = None
    for price, _, wanted, style, kept, shared in candidates:
        if best is not None and (price > TRIAL_GATES or price > 2 * candidates[0][0]):
            break
        sharings = [shared, frozenset[Key]()] if shared and price <= TRIAL_GATES else [shared]
        for keys in sharings:
            aig = _build(program, wanted, style, kept, keys)
            if best is None or aig.num_gates < best.num_gates:
                best = aig
    assert best is not None
    return best


def output_words(fixed: FixedPointLike) -> list[int]:
    """Return the width in bits of each output of ``compile_network(decision="words")``."""
    program = trace(fixed)
    return [_word_width(program.sums[k].lo, program.sums[k].hi) for k in program.outputs]
