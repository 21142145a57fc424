"""Compiled adders of bits and of columns of bits, on the state of `_gate_kernels`.

Every kernel that is called from outside leaves the state as it was and returns -1 (in its first
place) where there is no room for all its gates; -2 if a number is no literal.
"""

from __future__ import annotations

from tetrakis.circuit._gate_kernels import (
    FULL,
    KEYS,
    NO_LITERAL,
    NO_ROOM,
    ROWS,
    and_of,
    forget,
    known,
    level_of,
    mark_of,
    or_of,
    strange,
)
from tetrakis.circuit._kernels import inner, kernel


@inner
def half(s, a, b):  # type: ignore[no-untyped-def]
    """Return (sum, carry) of two bits, three gates."""
    both = and_of(s, a, b)
    if known(s, a, b ^ 1) and known(s, a ^ 1, b):
        return or_of(s, and_of(s, a, b ^ 1), and_of(s, a ^ 1, b)), both
    return and_of(s, both ^ 1, and_of(s, a ^ 1, b ^ 1) ^ 1), both


@inner
def full(s, a, b, c):  # type: ignore[no-untyped-def]
    """Return (sum, carry) of three bits; the adder is self-dual: one polarity of c only."""
    flip = 1 if c & 1 and c > 1 else 0
    partial, generate = half(s, a ^ flip, b ^ flip)
    total, propagate = half(s, partial, c ^ flip)
    return total ^ flip, or_of(s, generate, propagate) ^ flip


@inner
def carry_of(s, a, b, c):  # type: ignore[no-untyped-def]
    """Return the carry of three bits alone, four gates."""
    either = or_of(s, a, b)
    return or_of(s, and_of(s, a, b), and_of(s, either, c))


@inner
def undone(s, rows, keys):  # type: ignore[no-untyped-def]
    """Return to so many rows and keys if there was no room for a gate; whether that was so."""
    if s[FULL]:
        forget(s, rows, keys)
        return True
    return False


@kernel
def and_(s, a, b):  # type: ignore[no-untyped-def]
    """Return ``a AND b``."""
    if strange(s, a) or strange(s, b):
        return NO_LITERAL
    rows, keys = s[ROWS], s[KEYS]
    found = and_of(s, a, b)
    if undone(s, rows, keys):
        return NO_ROOM
    return found


@kernel
def replay(s, fanins, first, literals):  # type: ignore[no-untyped-def]
    """Make gates from the literals of variables before gate `first`; fill in those of the others.

    Returns the first gate for which there was no room, or the number of gates.
    """
    variable = len(literals) - len(fanins)
    for gate in range(first, len(fanins)):
        rows, keys = s[ROWS], s[KEYS]
        a, b = fanins[gate, 0], fanins[gate, 1]
        found = and_of(s, literals[a >> 1] ^ (a & 1), literals[b >> 1] ^ (b & 1))
        if undone(s, rows, keys):
            return gate
        literals[variable + gate] = found
    return len(fanins)


@kernel
def half_adder(s, a, b):  # type: ignore[no-untyped-def]
    """Return (sum, carry) of two bits."""
    if strange(s, a) or strange(s, b):
        return NO_LITERAL, NO_LITERAL
    rows, keys = s[ROWS], s[KEYS]
    found = half(s, a, b)
    if undone(s, rows, keys):
        return NO_ROOM, NO_ROOM
    return found


@kernel
def full_adder(s, a, b, c):  # type: ignore[no-untyped-def]
    """Return (sum, carry) of three bits."""
    if strange(s, a) or strange(s, b) or strange(s, c):
        return NO_LITERAL, NO_LITERAL
    rows, keys = s[ROWS], s[KEYS]
    found = full(s, a, b, c)
    if undone(s, rows, keys):
        return NO_ROOM, NO_ROOM
    return found


@kernel
def majority(s, a, b, c):  # type: ignore[no-untyped-def]
    """Return the carry of three bits."""
    if strange(s, a) or strange(s, b) or strange(s, c):
        return NO_LITERAL
    rows, keys = s[ROWS], s[KEYS]
    found = carry_of(s, a, b, c)
    if undone(s, rows, keys):
        return NO_ROOM
    return found


@kernel
def mux(s, select, then, other):  # type: ignore[no-untyped-def]
    """Return ``then`` where `select` holds, else ``other``."""
    if strange(s, select) or strange(s, then) or strange(s, other):
        return NO_LITERAL
    rows, keys = s[ROWS], s[KEYS]
    if then == other:
        return then
    if then ^ other == 1:
        found = half(s, select, other)[0]
    else:
        found = or_of(s, and_of(s, select, then), and_of(s, select ^ 1, other))
    if undone(s, rows, keys):
        return NO_ROOM
    return found


@inner
def fold(s, items, count, xor):  # type: ignore[no-untyped-def]
    """Join literals by OR or XOR, shallow ones first; `items` has room for twice as many."""
    for k in range(1, count):  # stable insertion sort
        item, depth = items[k], level_of(s, items[k])
        place = k
        while place > 0 and level_of(s, items[place - 1]) > depth:
            items[place] = items[place - 1]
            place -= 1
        items[place] = item
    first = 0
    while count - first > 1:
        a, b = items[first], items[first + 1]
        items[count] = half(s, a, b)[0] if xor else or_of(s, a, b)
        first, count = first + 2, count + 1
    return items[first] if count else 0


@kernel
def or_all(s, items, count):  # type: ignore[no-untyped-def]
    """Return the OR of the first `count` items, which are overwritten."""
    for k in range(count):
        if strange(s, items[k]):
            return NO_LITERAL
    rows, keys = s[ROWS], s[KEYS]
    found = fold(s, items, count, False)
    if undone(s, rows, keys):
        return NO_ROOM
    return found


@inner
def push(heap, size, item):  # type: ignore[no-untyped-def]
    """Put an item on a heap of `size` items."""
    at = size
    while at > 0 and heap[(at - 1) >> 1] > item:
        heap[at] = heap[(at - 1) >> 1]
        at = (at - 1) >> 1
    heap[at] = item


@inner
def pop(heap, size):  # type: ignore[no-untyped-def]
    """Take the least item off a heap of `size` items."""
    least, item, at, under = heap[0], heap[size - 1], 0, 1
    while under < size - 1:
        if under + 1 < size - 1 and heap[under + 1] < heap[under]:
            under += 1
        if heap[under] >= item:
            break
        heap[at] = heap[under]
        at, under = under, 2 * under + 1
    heap[at] = item
    return least & 0xFFFFFFFF


@inner
def without_pairs(s, bits, count, carries):  # type: ignore[no-untyped-def]
    """Use b + b = 2 b and b + NOT b = 1, in place; return how many bits and carries there are."""
    kept, carried, ones = 0, 0, 0
    for k in range(count):
        literal = bits[k]
        mark = mark_of(s, literal)
        if literal < 2:
            ones += literal
        elif s[mark] == 0:
            bits[kept] = literal
            kept += 1
            s[mark] = kept
        else:
            if bits[s[mark] - 1] == literal:
                carries[carried] = literal
                carried += 1
            else:
                ones += 1
            bits[s[mark] - 1] = -1
            s[mark] = 0
    left = 0
    for k in range(kept):
        if bits[k] >= 0:
            s[mark_of(s, bits[k])] = 0
            bits[left] = bits[k]
            left += 1
    for _ in range(ones >> 1):
        carries[carried] = 1
        carried += 1
    if ones & 1:
        bits[left] = 1
        left += 1
    return left, carried


@inner
def reduce(s, heap, bits, count, carries, carried, wanted):  # type: ignore[no-untyped-def]
    """Reduce one column to a bit, earliest arrivals first; return it and the number of carries."""
    for k in range(count):
        push(heap, k, level_of(s, bits[k]) << 32 | bits[k])
    while count > 1:
        a, b = pop(heap, count), pop(heap, count - 1)
        count -= 2
        if count:
            c = pop(heap, count)
            count -= 1
            if count == 0 and not wanted:
                carries[carried] = carry_of(s, a, b, c)
                return 0, carried + 1
            total, carry = full(s, a, b, c)
        elif not wanted:
            carries[carried] = and_of(s, a, b)
            return 0, carried + 1
        else:
            total, carry = half(s, a, b)
        carries[carried] = carry
        carried += 1
        push(heap, count, level_of(s, total) << 32 | total)
        count += 1
    return (heap[0] & 0xFFFFFFFF if count else 0), carried


@kernel
def compress(s, literals, starts, ones, low, high, exact, work, result):  # type: ignore[no-untyped-def]
    """Add columns of literals, least significant first; fill `result` with a literal for each.

    Column j is ``literals[starts[j]:starts[j + 1]]`` and a constant ``ones[j]``. Of `work`, shape
    (3, ·), a row holds all literals and ones, twice over.
    """
    for literal in literals:
        if strange(s, literal):
            return NO_LITERAL
    rows, keys = s[ROWS], s[KEYS]
    bits, carries, heap = work[0], work[1], work[2]
    carried, width = 0, len(result)
    for j in range(width):
        count = 0
        for k in range(starts[j], starts[j + 1]):
            bits[count] = literals[k]
            count += 1
        for k in range(carried):
            bits[count] = carries[k]
            count += 1
        if ones[j]:
            bits[count] = 1
            count += 1
        if j == width - 1:
            result[j] = fold(s, bits, count, not exact)
        else:
            count, carried = without_pairs(s, bits, count, carries)
            wanted = low <= j and j < high
            result[j], carried = reduce(s, heap, bits, count, carries, carried, wanted)
    if undone(s, rows, keys):
        return NO_ROOM
    return 0
