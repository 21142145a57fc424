"""A fixed-point network as linear forms over atoms (input words and activations).

Nothing is decided here: every stream coordinate is a `Sum` that the planner may inline into
its readers or materialise as a word. References are integers: ``k >= 0`` is atom ``k``,
``~k`` is sum ``k``.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from tetrakis.circuit._columns import signed_digits
from tetrakis.circuit._table_trace import Patterns, encoded, small_table
from tetrakis.errors import CircuitError
from tetrakis.network import TableBlock

Form = dict[int, int]
INTEGER_LIMIT = 62


class FixedPointLike(Protocol):
    """What the compiler reads of a ``FixedPointResNet``."""

    @property
    def inputs(self) -> Any: ...
    @property
    def read_in(self) -> Any: ...
    @property
    def blocks(self) -> Any: ...
    @property
    def read_out(self) -> Any: ...
    @property
    def offset(self) -> Any: ...


@dataclass(frozen=True)
class Atom:
    """An input word, ``min(max(sum, 0) >> shift, 2^bits - 1)`` (`source` is the sum), or a table.

    A table has `pins`, pairs (sum, bit), pin i being bit i of the place in `codes`; -1 stands
    for a place that can't occur.
    """

    lo: int
    hi: int
    bits: int
    shift: int = 0
    source: int = -1
    pins: tuple[tuple[int, int], ...] = ()
    codes: tuple[int, ...] = ()

    @property
    def sources(self) -> list[int]:
        """The sums that it is a function of."""
        if self.pins:
            return list(dict.fromkeys(source for source, _ in self.pins))
        return [self.source] if self.source >= 0 else []

    def evaluate(self, sums: list[np.ndarray]) -> np.ndarray:
        """Compute its values from those of its sources."""
        if not self.pins:
            return np.minimum(np.maximum(sums[0], 0) >> self.shift, (1 << self.bits) - 1)
        values = dict(zip(self.sources, sums, strict=True))
        place = sum((values[k] >> bit & 1) << i for i, (k, bit) in enumerate(self.pins))
        return np.array(self.codes, np.int64)[place]

    @property
    def word_bits(self) -> tuple[int, bool]:
        """Number of bits and whether they are signed."""
        if self.source < 0:
            return self.bits, self.lo < 0
        return self.hi.bit_length(), False


@dataclass(frozen=True)
class Sum:
    """``constant + sum(coefficient * reference)`` with its exact form over atoms alone.

    Bit k of `below` says that sum k is read, by this sum or by one that it reads.
    """

    terms: Form
    constant: int
    flat: Form
    flat_constant: int
    lo: int
    hi: int
    below: int


class Program:
    """Atoms, sums and outputs (indices of sums) of a network."""

    def __init__(self) -> None:
        self.atoms: list[Atom] = []
        self.sums: list[Sum] = []
        self.outputs: list[int] = []
        self.num_inputs = 0
        self.patterns = Patterns(self)
        self._tables: dict[tuple[Any, Any], int] = {}

    def add_sum(self, terms: Iterable[tuple[int, int]], constant: int) -> int:
        """Append a sum of (coefficient, reference) pairs; trivial sums are substituted."""
        form: Form = {}
        flat: Form = {}
        flat_constant = constant
        below = 0
        for coefficient, ref in terms:
            if ref >= 0:
                _accumulate(form, {ref: 1}, coefficient)
                _accumulate(flat, {ref: 1}, coefficient)
                continue
            inner = self.sums[~ref]
            flat_constant += coefficient * inner.flat_constant
            _accumulate(flat, inner.flat, coefficient)
            if len(inner.terms) < 2:
                constant += coefficient * inner.constant
                _accumulate(form, inner.terms, coefficient)
                below |= inner.below
            else:
                _accumulate(form, {ref: 1}, coefficient)
                below |= inner.below | 1 << ~ref
        lo, hi = self.form_range(flat, flat_constant)
        self.sums.append(Sum(form, constant, flat, flat_constant, lo, hi, below))
        return len(self.sums) - 1

    def form_range(self, form: Form, constant: int) -> tuple[int, int]:
        """Return the exact interval of a form over atoms."""
        lo = hi = constant
        for ref, coefficient in form.items():
            atom = self.atoms[ref]
            ends = coefficient * atom.lo, coefficient * atom.hi
            lo += min(ends)
            hi += max(ends)
        return lo, hi

    def range(self, ref: int) -> tuple[int, int]:
        """Return the range of an atom or a sum."""
        item = self.atoms[ref] if ref >= 0 else self.sums[~ref]
        return item.lo, item.hi

    def add_unit(self, source: int, shift: int, bits: int) -> tuple[int | None, int]:
        """Append the activation of a sum; return (reference or None, constant)."""
        bits = min(bits, INTEGER_LIMIT)
        s = self.sums[source]
        top = (1 << bits) - 1
        lo, hi = (min(max(x, 0) >> shift, top) for x in (s.lo, s.hi))
        if lo == hi:
            return None, lo
        if s.lo >= 0 and shift == 0 and s.hi <= top:
            return ~source, 0
        self.atoms.append(Atom(lo, hi, bits, shift, source))
        return len(self.atoms) - 1, 0

    def add_table(
        self, pins: list[tuple[int, int]], entries: np.ndarray
    ) -> tuple[int | None, int, int]:
        """Append a table; return (reference or None, factor, constant): factor · atom + constant.

        Equal tables of equal pins are one atom.
        """
        known = self.patterns.possible(pins)
        wires, values, possible = small_table(pins, entries, known)
        if not wires:
            return None, 0, int(values[0])
        codes, factor, constant = encoded(values, possible)
        key = wires, tuple(np.where(possible, codes, -1).tolist())
        if key not in self._tables:
            lo, hi = int(codes[possible].min()), int(codes[possible].max())
            self.atoms.append(Atom(lo, hi, hi.bit_length(), pins=wires, codes=key[1]))
            self._tables[key] = len(self.atoms) - 1
        return self._tables[key], factor, constant


def _accumulate(form: Form, other: Form, factor: int) -> None:
    for ref, coefficient in other.items():
        total = form.get(ref, 0) + factor * coefficient
        if total:
            form[ref] = total
        else:
            form.pop(ref, None)


def csr_rows(matrix: Any) -> list[list[tuple[int, int]]]:
    """Return (value, column) pairs of each row of a sparse matrix, as Python integers."""
    matrix = matrix.tocsr()
    starts = matrix.indptr.tolist()
    pairs = list(zip(matrix.data.tolist(), matrix.indices.tolist(), strict=True))
    return [pairs[a:b] for a, b in itertools.pairwise(starts)]


def trace(fixed: FixedPointLike) -> Program:
    """Read a fixed-point network into linear forms with exact integer ranges.

    Raises
    ------
    CircuitError
        If a block is of a kind that has no compiler.
    """
    program = Program()
    for fmt in fixed.inputs:
        n = int(fmt.bits)
        lo = -(1 << (n - 1)) if fmt.signed else 0
        program.atoms.append(Atom(lo, lo + (1 << n) - 1, n))
    program.num_inputs = len(program.atoms)
    stream = [program.add_sum(row, 0) for row in csr_rows(fixed.read_in)]
    for number, block in enumerate(fixed.blocks):
        if isinstance(block, TableBlock):
            stream = _trace_tables(program, block, stream)
            continue
        if not all(hasattr(block, name) for name in ("read", "bias", "shift", "bits", "write")):
            raise CircuitError(
                f"Block {number} is a {type(block).__name__}; the compiler expected read, "
                "bias, shift, bits and write.",
                remedy="Use blocks of relu, clipping, threshold or table units.",
            )
        stream = _trace_block(program, block, stream)
    offsets = [int(c) for c in fixed.offset]
    for row, offset in zip(csr_rows(fixed.read_out), offsets, strict=True):
        program.outputs.append(program.add_sum([(c, ~stream[i]) for c, i in row], offset))
    return program


def _trace_block(program: Program, block: Any, stream: list[int]) -> list[int]:
    units = []
    parameters = zip(
        csr_rows(block.read),
        block.bias.tolist(),
        block.shift.tolist(),
        block.bits.tolist(),
        strict=True,
    )
    for row, bias, shift, bits in parameters:
        source = program.add_sum([(c, ~stream[i]) for c, i in row], bias)
        units.append(program.add_unit(source, shift, bits))
    after = list(stream)
    for i, row in enumerate(csr_rows(block.write)):
        if row:
            constant = sum(c * units[j][1] for c, j in row)
            terms = [(1, ~stream[i])]
            terms += [(c, ref) for c, j in row if (ref := units[j][0]) is not None]
            after[i] = program.add_sum(terms, constant)
    return after


def _trace_tables(program: Program, block: TableBlock, stream: list[int]) -> list[int]:
    units = []
    for j in range(block.width):
        pins, entries = block.table(j)
        units.append(program.add_table([(stream[c], b) for c, b in pins.tolist()], entries))
    after = list(stream)
    for i, row in enumerate(csr_rows(block.write)):
        if row:
            constant = sum(c * units[j][2] for c, j in row)
            terms = [(1, ~stream[i])]
            terms += [(c * units[j][1], ref) for c, j in row if (ref := units[j][0]) is not None]
            after[i] = program.add_sum(terms, constant)
    return after


def compare_outputs(program: Program) -> list[int]:
    """Return sums with the same argmax as the outputs, with the common part removed.

    For every reference the coefficient that leaves the fewest digits is subtracted from all
    outputs, and a constant makes the smallest possible score 0 (ours).
    """
    scores = [program.sums[k] for k in program.outputs]
    common: Form = {}
    for ref in {ref for s in scores for ref in s.terms}:
        values = [s.terms.get(ref, 0) for s in scores]
        cost = {c: sum(len(signed_digits(v - c)) for v in values) for c in {0, *values}}
        common[ref] = min(sorted(cost), key=lambda c: cost[c])
    result = []
    for s in scores:
        form = dict(s.terms)
        _accumulate(form, common, -1)
        result.append(program.add_sum([(c, ref) for ref, c in form.items()], s.constant))
    return result


def non_negative(program: Program, sums: list[int]) -> list[int]:
    """Add one constant to all sums so that the smallest possible value is 0."""
    lowest = min(program.sums[k].lo for k in sums)
    return [
        program.add_sum(
            [(c, ref) for ref, c in program.sums[k].terms.items()],
            program.sums[k].constant - lowest,
        )
        for k in sums
    ]
