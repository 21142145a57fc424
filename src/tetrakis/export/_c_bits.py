"""Circuits as C: 64 samples at a time, one bit of each in every machine word."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tetrakis.circuit import Aig
from tetrakis.circuit._aig import reachable
from tetrakis.export._c_main import BITS_MAIN, ROWS
from tetrakis.export._names import port_names, printable

CHUNK = 2000


def write_c(aig: Aig, path: str | os.PathLike[str]) -> None:
    """Write a circuit as C99 that evaluates 64 samples at a time.

    ``circuit(in, out)`` reads one `uint64_t` per input bit and writes one per output bit; bit r
    of a word belongs to sample r. ``circuit_rows(rows, results)`` does the same for 64 samples
    that lie one after the other, each in as many words as its bits need. Only ``stdint.h`` is
    used: no heap, no float. With ``-DTETRAKIS_MAIN`` there is a `main` too: a filter of packed
    words from standard input to standard output, or with a number of rounds a benchmark.

    Parameters
    ----------
    aig : Aig
    path : path

    References
    ----------
    Bit slicing: E. Biham, A fast new DES implementation in software, FSE 1997. The division
    into functions with a shared workspace is ours: compilers slow down on very long functions.
    """
    kept = reachable(aig.num_pis, aig.fanins, aig.outputs)
    aig = Aig(aig.num_pis, *kept, aig.input_names, aig.output_names)
    inputs, outputs = port_names(aig, c_comment)
    slots, size = _slots(aig)
    parts = [
        _head(aig, inputs, outputs),
        *(_function(aig, k, slots) for k in range(num_chunks(aig))),
        _entry(aig, size),
        ROWS,
        BITS_MAIN,
    ]
    Path(path).write_text("\n".join(parts), encoding="ascii")


def c_comment(name: str) -> str:
    """Make a name harmless inside a C comment.

    Examples
    --------
    >>> c_comment("a*/b"), c_comment("what??/")
    ('a*_b', 'what?_/')
    """
    return printable(name).replace("*/", "*_").replace("/*", "/_").replace("??", "?_")


def num_chunks(aig: Aig) -> int:
    """Count the functions that the gates are divided into."""
    return max(1, -(-aig.num_gates // CHUNK))


def _head(aig: Aig, inputs: list[str], outputs: list[str]) -> str:
    lines = [
        f"/* {aig.num_gates} AND nodes, {aig.num_levels} levels; written by tetrakis.",
        "   circuit() evaluates 64 samples: bit r of every word belongs to sample r.",
        *_listed("in", inputs),
        *_listed("out", outputs),
        "*/",
        "#include <stdint.h>",
        "",
        f"#define CIRCUIT_INPUTS {aig.num_pis}",
        f"#define CIRCUIT_OUTPUTS {aig.num_pos}",
        "#define CIRCUIT_ROW_WORDS ((CIRCUIT_INPUTS + 63) / 64)",
        "#define CIRCUIT_RESULT_WORDS ((CIRCUIT_OUTPUTS + 63) / 64)",
        "",
        "void circuit(const uint64_t *in, uint64_t *out);",
        "void circuit_rows(const uint64_t *rows, uint64_t *results);",
        "",
    ]
    return "\n".join(lines)


def _listed(array: str, names: list[str]) -> Iterator[str]:
    for k in range(0, len(names), 4):
        few = enumerate(names[k : k + 4], k)
        yield "   " + "  ".join(f"{array}[{i}] {name}" for i, name in few)


def _slots(aig: Aig) -> tuple[np.ndarray, int]:
    """Place in the workspace of every variable that a later function reads, else -1."""
    gates = np.arange(aig.num_gates)
    made = np.full(1 + aig.num_pis + aig.num_gates, -1, np.int64)
    made[1 + aig.num_pis :] = gates // CHUNK
    last = made.copy()
    np.maximum.at(last, (aig.fanins >> 1).ravel(), np.repeat(gates // CHUNK, 2))
    slots = np.full(len(made), -1, np.int64)
    crossing = np.flatnonzero((made >= 0) & (last > made))
    free: list[int] = []
    ending: list[list[int]] = [[] for _ in range(num_chunks(aig) + 1)]
    size = chunk = 0
    for v in crossing.tolist():
        while chunk < made[v]:  # a place is free again in the function after its last reader
            free += ending[chunk]
            chunk += 1
        if not free:
            free.append(size)
            size += 1
        slots[v] = free.pop()
        ending[last[v]].append(int(slots[v]))
    return slots, size


def _function(aig: Aig, chunk: int, slots: np.ndarray) -> str:
    first = 1 + aig.num_pis
    start, end = chunk * CHUNK, min((chunk + 1) * CHUNK, aig.num_gates)
    names = _Names(aig.num_pis, first + start, slots)
    body = [
        f"    const uint64_t n{first + g} = {names.literal(a)} & {names.literal(b)};"
        for g, (a, b) in enumerate(aig.fanins[start:end].tolist(), start)
    ]
    own = slots[first + start : first + end]
    body += [f"    w[{own[k]}] = n{first + start + k};" for k in np.flatnonzero(own >= 0).tolist()]
    last = num_chunks(aig) - 1
    for k, x in enumerate(aig.outputs.tolist()):
        v = x >> 1
        here = (v - first) // CHUNK == chunk if v >= first else chunk == last
        if here:
            body.append(f"    out[{k}] = {names.literal(x)};")
    unused = "    (void)in; (void)out; (void)w;"
    head = f"static void chunk{chunk}(const uint64_t *in, uint64_t *out, uint64_t *w)"
    return "\n".join([head, "{", unused, *body, "}", ""])


class _Names:
    """How a function calls the variables that it reads."""

    def __init__(self, num_pis: int, first_here: int, slots: np.ndarray) -> None:
        self.num_pis, self.first_here = num_pis, first_here
        self.slots = slots.tolist()

    def literal(self, x: int) -> str:
        """Return the C expression of a literal."""
        v = x >> 1
        if v == 0:
            return "~(uint64_t)0" if x else "(uint64_t)0"
        if v <= self.num_pis:
            name = f"in[{v - 1}]"
        else:
            name = f"n{v}" if v >= self.first_here else f"w[{self.slots[v]}]"
        return f"~{name}" if x & 1 else name


def _entry(aig: Aig, size: int) -> str:
    calls = [f"    chunk{k}(in, out, w);" for k in range(num_chunks(aig))]
    head = "void circuit(const uint64_t *in, uint64_t *out)"
    return "\n".join([head, "{", f"    uint64_t w[{size + 1}];", *calls, "}", ""])
