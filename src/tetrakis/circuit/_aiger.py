"""AIGER files, binary (.aig) and ASCII (.aag), combinational, with a symbol table."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tetrakis.circuit._aig import Aig
from tetrakis.errors import CircuitError, FormatError

PathLike = str | os.PathLike[str]
_REMEDY = "Write the file again, or check that it was copied as binary and in full."


@njit(cache=True, nogil=True)
def _encode_deltas(first: int, fanins: NDArray[np.int32]) -> NDArray[np.uint8]:
    data = np.empty(fanins.shape[0] * 10, np.uint8)
    size = 0
    for gate in range(fanins.shape[0]):
        high = max(fanins[gate, 0], fanins[gate, 1])
        low = min(fanins[gate, 0], fanins[gate, 1])
        for delta in (2 * (first + gate) - high, high - low):
            while delta >= 128:
                data[size] = delta & 127 | 128
                delta >>= 7
                size += 1
            data[size] = delta
            size += 1
    return data[:size]


@njit(cache=True, nogil=True)
def _decode_deltas(
    first: int, fanins: NDArray[np.int32], data: NDArray[np.uint8]
) -> tuple[int, int]:
    """Fill fan-ins; return (position, gate), the gate being -1 when all went well."""
    position = 0
    for gate in range(fanins.shape[0]):
        literal = np.int64(2 * (first + gate))
        for side in range(2):
            delta, shift = np.int64(0), 0
            while True:
                if position >= data.shape[0] or shift > 28:
                    return position, gate
                byte = np.int64(data[position])
                delta |= (byte & 127) << shift
                position += 1
                shift += 7
                if byte < 128:
                    break
            literal -= delta
            if literal < 0 or (side == 0 and delta == 0):
                return position, gate
            fanins[gate, side] = literal
    return position, -1


def _symbols(aig: Aig) -> bytes:
    lines = [f"i{k} {name}" for k, name in enumerate(aig.input_names)]
    lines += [f"o{k} {name}" for k, name in enumerate(aig.output_names)]
    return "".join(line + "\n" for line in lines).encode()


def write_aiger(aig: Aig, path: PathLike) -> None:
    """Write a circuit as AIGER: ASCII if the name ends in ``.aag``, else binary.

    Parameters
    ----------
    aig : Aig
    path : path

    References
    ----------
    A. Biere, The AIGER And-Inverter Graph Format, version 20071012.
    """
    text = str(path).endswith(".aag")
    last = aig.num_pis + aig.num_gates
    kind = "aag" if text else "aig"
    head = f"{kind} {last} {aig.num_pis} 0 {aig.num_pos} {aig.num_gates}\n"
    outputs = "".join(f"{x}\n" for x in aig.outputs.tolist())
    if text:
        inputs = "".join(f"{2 * i}\n" for i in range(1, aig.num_pis + 1))
        gates = "".join(
            f"{2 * (aig.num_pis + 1 + g)} {a} {b}\n" for g, (a, b) in enumerate(aig.fanins.tolist())
        )
        body = (inputs + outputs + gates).encode()
    else:
        body = outputs.encode() + _encode_deltas(aig.num_pis + 1, aig.fanins).tobytes()
    Path(path).write_bytes(head.encode() + body + _symbols(aig))


def read_aiger(path: PathLike) -> Aig:
    """Read a combinational AIGER file, binary or ASCII (told apart by its first word).

    Parameters
    ----------
    path : path

    Returns
    -------
    Aig

    Raises
    ------
    FormatError
        If the file is not AIGER, has latches, is cut short, has bytes left over, or a
        literal is out of range or order; the message names the line or byte.
    """
    data = Path(path).read_bytes()
    reader = _Reader(data, str(path))
    kind, counts = reader.header()
    try:
        return reader.binary(*counts) if kind == "aig" else reader.ascii(*counts)
    except CircuitError as error:
        raise FormatError(f"{path}: {error.message}", remedy=_REMEDY) from error


class _Reader:
    """A cursor over the bytes of one file."""

    def __init__(self, data: bytes, name: str) -> None:
        self.data, self.name = data, name
        self.position = 0
        self.row = 0

    def fail(self, message: str, remedy: str = _REMEDY) -> FormatError:
        return FormatError(
            f"{self.name}, line {self.row} (byte {self.position}): {message}", remedy=remedy
        )

    def line(self, what: str) -> str:
        self.row += 1
        end = self.data.find(b"\n", self.position)
        if end < 0:
            raise self.fail(f"expected {what}, but the file ends.")
        raw, self.position = self.data[self.position : end], end + 1
        try:
            return raw.decode()
        except UnicodeDecodeError as error:
            raise self.fail(f"expected {what}, found bytes that are not text.") from error

    def numbers(self, what: str, count: int) -> list[int]:
        words = self.line(what).split(" ")
        if len(words) != count or not all(w.isascii() and w.isdigit() for w in words):
            raise self.fail(f"expected {what}: {count} numbers, found {' '.join(words)[:60]!r}.")
        return [int(w) for w in words]

    def header(self) -> tuple[str, tuple[int, int, int]]:
        words = self.line("a header 'aig M I L O A'").split(" ")
        kind, fields = words[0], words[1:]
        valid = len(fields) >= 5 and all(w.isascii() and w.isdigit() for w in fields)
        if kind not in ("aig", "aag") or not valid:
            raise self.fail(
                f"expected a header 'aig M I L O A' or 'aag M I L O A', found "
                f"{' '.join(words)[:60]!r}.",
                remedy="Give an AIGER file.",
            )
        last, pis, latches, pos, gates, *rest = map(int, fields)
        if latches or any(rest):
            raise self.fail(
                f"the file has {latches} latches or other sequential parts; only "
                "combinational circuits are read.",
                remedy="Unroll or cut the latches first.",
            )
        if last < pis + gates or (kind == "aig" and last != pis + gates):
            raise self.fail(f"M is {last}, but I + A is {pis + gates}.")
        if max(last, pos) > len(self.data) and (kind == "aag" or gates + pos > len(self.data)):
            raise self.fail(f"the header announces more than the file's {len(self.data)} bytes.")
        if last >= 2**30:
            raise self.fail(f"M is {last}; at most 2^30 - 1 variables can be read.")
        return kind, (pis, pos, gates)

    def binary(self, pis: int, pos: int, gates: int) -> Aig:
        outputs = [self.numbers(f"output {k}", 1)[0] for k in range(pos)]
        fanins = np.empty((gates, 2), np.int32)
        rest = np.frombuffer(self.data, np.uint8, offset=self.position)
        used, bad = _decode_deltas(pis + 1, fanins, rest)
        self.position += used
        if bad >= 0:
            raise self.fail(f"gate {bad} of {gates} is cut short or not in order.")
        return Aig(pis, fanins, self.literals(outputs), *self.names(pis, pos))

    def ascii(self, pis: int, pos: int, gates: int) -> Aig:
        inputs = [self.numbers(f"input {k}", 1)[0] for k in range(pis)]
        outputs = [self.numbers(f"output {k}", 1)[0] for k in range(pos)]
        rows = [self.numbers(f"gate {k}", 3) for k in range(gates)]
        new = {0: 0}
        for literal in inputs + [row[0] for row in rows]:
            if literal & 1 or literal >> 1 in new:
                raise self.fail(f"literal {literal} is inverted, constant or defined twice.")
            new[literal >> 1] = len(new)

        def moved(literal: int) -> int:
            if literal >> 1 not in new:
                raise self.fail(f"literal {literal} is read but never defined.")
            return 2 * new[literal >> 1] + (literal & 1)

        order = _ordered(rows, self)
        for k, g in enumerate(order):
            new[rows[g][0] >> 1] = pis + 1 + k
        fanins = [sorted((moved(rows[g][1]), moved(rows[g][2])), reverse=True) for g in order]
        moved_outputs = np.array([moved(x) for x in outputs], np.int32)
        return Aig(pis, np.array(fanins).reshape(-1, 2), moved_outputs, *self.names(pis, pos))

    def literals(self, values: list[int]) -> NDArray[np.int32]:
        for k, value in enumerate(values):
            if value >= 2**31:
                raise self.fail(f"output {k} is literal {value}, which is too large.")
        return np.array(values, np.int32)

    def names(self, pis: int, pos: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        names: dict[str, dict[int, str]] = {"i": {}, "o": {}}
        limits = {"i": pis, "o": pos}
        while self.position < len(self.data) and self.data[self.position :] != b"c":
            line = self.line("a symbol 'i0 name' or 'o0 name'")
            if line == "c":
                break
            key, _, name = line.partition(" ")
            number = key[1:]
            if key[:1] not in names or not (number.isascii() and number.isdigit()) or not name:
                raise self.fail(f"bytes left over where a symbol was expected: {line[:60]!r}.")
            if int(number) >= limits[key[0]] or int(number) in names[key[0]]:
                raise self.fail(f"symbol {key} is out of range or given twice.")
            names[key[0]][int(number)] = name
        return self.complete(names["i"], pis, "i"), self.complete(names["o"], pos, "o")

    @staticmethod
    def complete(found: dict[int, str], count: int, letter: str) -> tuple[str, ...]:
        return tuple(found.get(k, f"{letter}{k}") for k in range(count)) if found else ()


def _ordered(rows: list[list[int]], reader: _Reader) -> list[int]:
    """Topological order of ASCII gates, which the format lets stand in any order."""
    gate_of = {row[0] >> 1: g for g, row in enumerate(rows)}
    order: list[int] = []
    state = [0] * len(rows)
    for start in range(len(rows)):
        stack = [start]
        while stack:
            g = stack[-1]
            if state[g] == 2:
                stack.pop()
                continue
            inner = [gate_of[x >> 1] for x in rows[g][1:] if x >> 1 in gate_of]
            waiting = [h for h in inner if state[h] != 2]
            if state[g] == 1 and waiting:
                raise reader.fail(f"the gate of literal {rows[g][0]} depends on itself.")
            state[g] = 1 if waiting else 2
            if not waiting:
                order.append(g)
                stack.pop()
            stack += waiting
    return order
