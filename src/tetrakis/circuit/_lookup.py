"""Small incompletely specified functions as gates (ours).

A function of n variables is a pair of integers of 2**n bits: `on`, and `care`, the places that
matter (`on` is within it). Don't-cares let variables drop out; functions of up to four variables
come from a table of small structures; larger ones are split at the variable that costs least.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tetrakis.circuit._builder import AigBuilder
from tetrakis.circuit._structures import structures

Function = tuple[int, int, int]
FREE = 10  # most don't-cares of which all fillings are tried
WIDE = 6  # most variables of which every one is tried as the first
UNKNOWN = 127


class Choice(NamedTuple):
    """How a function is built: its gates, the kind of step, the variable, what is left."""

    cost: int
    kind: str
    variable: int
    parts: tuple[Function, ...] = ()


def function_of(values: NDArray[np.bool_], possible: NDArray[np.bool_]) -> Function:
    """Return the function with these values where `possible`, don't-cares elsewhere."""
    on = int.from_bytes(np.packbits(values & possible, bitorder="little").tobytes(), "little")
    care = int.from_bytes(np.packbits(possible, bitorder="little").tobytes(), "little")
    return on, care, len(values).bit_length() - 1


@cache
def _low_mask(i: int, j: int, n: int) -> int:
    """Places where variable i is 1 and j is 0."""
    return sum(1 << p for p in range(1 << n) if p >> i & 1 and not p >> j & 1)


def split(function: Function, i: int) -> tuple[Function, Function]:
    """Return the cofactors at 0 and 1 of variable i; the last variable takes its place."""
    halves = []
    on, care, n = function
    for table in (on, care):
        if i < n - 1:
            shift = (1 << (n - 1)) - (1 << i)
            moved = (table ^ (table >> shift)) & _low_mask(i, n - 1, n)
            table ^= moved ^ (moved << shift)
        size = 1 << (n - 1)
        halves.append((table & ((1 << size) - 1), table >> size))
    return (halves[0][0], halves[1][0], n - 1), (halves[0][1], halves[1][1], n - 1)


@lru_cache(maxsize=200_000)
def best(function: Function) -> Choice:
    """Find how to build a function with few gates.

    Examples
    --------
    >>> best((0b0110, 0b1111, 2)).cost, best((0b0110, 0b0111, 2)).cost
    (3, 1)
    """
    on, care, n = function
    if on == 0 or on == care:
        return Choice(0, "constant", int(on > 0))
    halves = [split(function, i) for i in range(n)]
    dropped = [_joined(zero, one) for zero, one in halves]
    kept = [(best(f).cost, i, f) for i, f in enumerate(dropped) if f is not None]
    if kept:
        cost, i, rest = min(kept, key=lambda k: k[:2])
        return Choice(cost, "drop", i, (rest,))
    if n <= 4:
        size, filled = _filled(on, care, n)
        if size < UNKNOWN:
            return Choice(size, "structure", filled)
    tried = range(n) if n <= WIDE else _promising(halves, 2 if n <= 8 else 1)
    found = [step for i in range(n) for step in _simple_steps(i, *halves[i])]
    if not found:
        found = [Choice(3 + _sum(halves[i]), "mux", i, halves[i]) for i in tried]
    return min(found, key=lambda choice: choice[:3])


def _joined(f: Function, g: Function) -> Function | None:
    """Return a function that agrees with both, if there is one."""
    if (f[0] ^ g[0]) & f[1] & g[1]:
        return None
    return f[0] | g[0], f[1] | g[1], f[2]


def _inverse(f: Function) -> Function:
    return f[1] & ~f[0], f[1], f[2]


def _sum(functions: tuple[Function, ...]) -> int:
    return sum(best(f).cost for f in functions)


def _simple_steps(i: int, zero: Function, one: Function) -> list[Choice]:
    """ANDs, ORs and XORs of variable i with what is left."""
    found = []
    for value, constant, rest in ((0, zero, one), (1, one, zero)):
        if constant[0] == 0:  # x AND rest, or NOT x AND rest
            found.append(Choice(1 + best(rest).cost, f"and{1 - value}", i, (rest,)))
        if constant[0] == constant[1]:
            found.append(Choice(1 + best(rest).cost, f"or{value}", i, (rest,)))
    both = _joined(zero, _inverse(one))
    if both is not None:
        found.append(Choice(3 + best(both).cost, "xor", i, (both,)))
    return found


def _promising(halves: list[tuple[Function, Function]], most: int) -> list[int]:
    """Variables whose two cofactors differ most."""

    def differ(i: int) -> int:
        zero, one = halves[i]
        return ((zero[0] ^ one[0]) & zero[1] & one[1]).bit_count()

    return sorted(range(len(halves)), key=lambda i: (-differ(i), i))[:most]


def _filled(on: int, care: int, n: int) -> tuple[int, int]:
    """Return the size and the 16-bit table of the smallest known structure that fits."""
    for width in range(n, 4):
        on, care = on | on << (1 << width), care | care << (1 << width)
    free = [p for p in range(1 << n) if not care >> p & 1]
    fillings = np.array([on], np.int64)
    if len(free) <= FREE:
        for p in free:
            copies = sum(1 << q for q in range(16) if q % (1 << n) == p)
            fillings = np.concatenate([fillings, fillings | copies])
    sizes = structures().size[fillings]
    return int(sizes.min()), int(fillings[sizes.argmin()])


def build(builder: AigBuilder, function: Function, inputs: Sequence[int]) -> int:
    """Build a function of literals; variable i is ``inputs[i]``.

    Examples
    --------
    >>> builder = AigBuilder(3)
    >>> majority = build(builder, (0b11101000, 0b11111111, 3), [2, 4, 6])
    >>> builder.num_gates
    4
    """
    choice = best(function)
    if choice.kind == "constant":
        return choice.variable
    if choice.kind == "structure":
        return _structure(builder, choice.variable, inputs)
    x = inputs[choice.variable]
    rest = [*inputs[: choice.variable], inputs[-1], *inputs[choice.variable + 1 : -1]]
    if choice.variable == len(inputs) - 1:
        rest = list(inputs[:-1])
    made = [build(builder, part, rest) for part in choice.parts]
    if choice.kind == "drop":
        return made[0]
    if choice.kind == "xor":
        return builder.xor(x, made[0])
    if choice.kind == "mux":
        return builder.mux(x, made[1], made[0])
    x ^= choice.kind[-1] == "0"
    return (builder.and_ if choice.kind.startswith("and") else builder.or_)(x, made[0])


def _structure(builder: AigBuilder, table: int, inputs: Sequence[int]) -> int:
    known = structures()
    literals = [*inputs, *[0] * (4 - len(inputs))]
    for a, b in known.nodes[table, : known.size[table]].tolist():
        literals.append(builder.and_(literals[a >> 1] ^ a & 1, literals[b >> 1] ^ b & 1))
    output = int(known.output[table])
    return -1 - output if output < 0 else literals[output >> 1] ^ output & 1
