"""BLIF files, combinational: tables of cubes between named signals."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tetrakis.circuit._aig import Aig
from tetrakis.circuit._builder import AigBuilder
from tetrakis.circuit._cover import cover_literal
from tetrakis.errors import FormatError

_IGNORED = (
    ".default_input_arrival", ".default_output_required", ".default_input_drive",
    ".default_output_load", ".input_arrival", ".output_required", ".input_drive",
    ".output_load", ".area", ".delay", ".wire_load_slope", ".wire", ".cname",
)  # fmt: skip
_SEQUENTIAL = (".latch", ".clock", ".mlatch", ".start_kiss")


@dataclass
class _Table:
    """One ``.names``: what it reads, its rows (inputs, output), and the line it starts in."""

    sources: list[str]
    line: int
    rows: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class _Model:
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    tables: dict[str, _Table] = field(default_factory=dict)


def read_blif(path: str | os.PathLike[str]) -> Aig:
    """Read a flat combinational BLIF file.

    Parameters
    ----------
    path : path

    Returns
    -------
    Aig
        With the names of the file, in its order.

    Raises
    ------
    FormatError
        If the file isn't BLIF, has latches or subcircuits, a signal is driven twice, never, or
        by itself, or a table is malformed; the message names the line.

    References
    ----------
    Berkeley Logic Interchange Format, University of California, Berkeley, 1992.
    """
    name = Path(path).name
    try:
        text = Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise FormatError(f"{name}, byte {error.start}: no text; BLIF is text.") from None
    return _Reader(name).circuit(text)


class _Reader:
    def __init__(self, name: str) -> None:
        self.name = name

    def fail(self, line: int, message: str, remedy: str = "") -> FormatError:
        return FormatError(f"{self.name}, line {line}: {message}", remedy=remedy)

    def circuit(self, text: str) -> Aig:
        model = self.model(text)
        builder = AigBuilder(len(model.inputs))
        literals = {name: builder.input(k) for k, name in enumerate(model.inputs)}
        for target in self.order(model):
            table = model.tables[target]
            literals[target] = self.literal(builder, table, literals)
        return builder.build(
            [literals[name] for name in model.outputs],
            input_names=model.inputs,
            output_names=model.outputs,
        )

    def lines(self, text: str) -> Iterator[tuple[int, list[str]]]:
        """Yield (line number, words), comments dropped and continued lines joined."""
        words: list[str] = []
        first, continued = 0, False
        for number, raw in enumerate(text.split("\n"), 1):
            line = raw.split("#", 1)[0].rstrip()
            if not continued:
                words, first = [], number
            continued = line.endswith("\\")
            words += line.removesuffix("\\").split()
            if words and not continued:
                yield first, words
        if continued and words:
            raise self.fail(first, "the file ends in a continued line.", "The file is truncated.")

    def model(self, text: str) -> _Model:
        model, table, started = _Model(), None, False
        number = 0
        for number, words in self.lines(text):
            word = words[0]
            if not word.startswith("."):
                if table is None:
                    raise self.fail(number, f"expected a directive, found {word[:40]!r}.")
                self.row(number, words, table)
                continue
            table = None
            if word == ".model":
                if started:
                    raise self.fail(number, "a second .model.", "Flatten the design first.")
                started = True
            elif word == ".end":
                self.check(model, number)
                return model
            elif word == ".names":
                table = self.table(number, words[1:], model)
            else:
                self.other(number, words, model)
        raise self.fail(
            number, "the file ends without .end.", "The file is truncated; write it again."
        )

    def other(self, number: int, words: list[str], model: _Model) -> None:
        word = words[0]
        if word == ".inputs":
            model.inputs += words[1:]
        elif word == ".outputs":
            model.outputs += words[1:]
        elif word in _SEQUENTIAL:
            raise self.fail(
                number,
                f"{word} makes the circuit sequential; only combinational circuits are read.",
                "Cut or unroll the latches first.",
            )
        elif word not in _IGNORED:
            raise self.fail(
                number, f"{word} isn't supported.", "Flatten and map the design to .names first."
            )

    def table(self, number: int, names: list[str], model: _Model) -> _Table:
        if not names:
            raise self.fail(number, "expected .names INPUTS… OUTPUT.")
        *sources, target = names
        if target in model.tables:
            first = model.tables[target].line
            raise self.fail(number, f"{target!r} is driven a second time; first in line {first}.")
        model.tables[target] = _Table(sources, number)
        return model.tables[target]

    def row(self, number: int, words: list[str], table: _Table) -> None:
        cube, value = ("", words[0]) if len(words) == 1 else (words[0], words[1])
        n = len(table.sources)
        if len(words) != 1 + (n > 0) or len(cube) != n or value not in ("0", "1"):
            raise self.fail(
                number, f"expected {n} characters and a 0 or 1, found {' '.join(words)[:60]!r}."
            )
        if cube.strip("01-"):
            raise self.fail(number, f"expected 0, 1 or - for every input, found {cube[:60]!r}.")
        if table.rows and table.rows[0][1] != value:
            raise self.fail(number, "rows for 0 and for 1 in one table.")
        table.rows.append((cube, value))

    def check(self, model: _Model, last: int) -> None:
        for names, what in ((model.inputs, ".inputs"), (model.outputs, ".outputs")):
            name, count = next(iter(Counter(names).most_common(1)), ("", 1))
            if count > 1:
                raise self.fail(last, f"{what} names {name!r} {count} times.")
        for name in model.inputs:
            if name in model.tables:
                line = model.tables[name].line
                raise self.fail(line, f"{name!r} is an input and driven as well.")
        known = set(model.inputs) | set(model.tables)
        for name in model.outputs:
            if name not in known:
                raise self.fail(last, f"the output {name!r} is never driven.")
        for table in model.tables.values():
            for name in table.sources:
                if name not in known:
                    raise self.fail(table.line, f"{name!r} is read but never driven.")

    def order(self, model: _Model) -> list[str]:
        """Topological order of the driven signals."""
        order: list[str] = []
        state: dict[str, int] = {}
        for start in model.tables:
            stack = [start]
            while stack:
                name = stack[-1]
                if state.get(name) == 2:
                    stack.pop()
                    continue
                table = model.tables[name]
                waiting = [s for s in table.sources if s in model.tables and state.get(s) != 2]
                if state.get(name) == 1 and waiting:
                    raise self.fail(table.line, f"{name!r} depends on itself: a cycle.")
                state[name] = 1 if waiting else 2
                if not waiting:
                    order.append(name)
                    stack.pop()
                stack += waiting
        return order

    @staticmethod
    def literal(builder: AigBuilder, table: _Table, literals: dict[str, int]) -> int:
        """Build the function of one table."""
        inputs = [literals[name] for name in table.sources]
        if not table.rows:
            return 0
        made = cover_literal(builder, inputs, [cube for cube, _ in table.rows])
        return made ^ (table.rows[0][1] == "0")
