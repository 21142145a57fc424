"""The compiled core of `AigBuilder`: gates, structural hashing and two-level rules.

All state lies in one array of 64-bit integers, so that a call has one array to unpack:
``HEAD`` counters, then the larger fan-in, the smaller one and the level of every variable, the
journal of table slots in order of use, the keys and values of an open hash table, and a mark for
every variable, 0 between calls. Deleting slots in reverse order of use restores the table exactly,
however it was probed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tetrakis.circuit._kernels import inner, kernel

State = NDArray[np.int64]
ROWS, ROOM, KEYS, MASK, FULL, HEAD = 0, 1, 2, 3, 4, 8
NO_ROOM, NO_LITERAL = -1, -2
_GOLDEN = np.int64(-7046029254386353131)  # 2^64 over the golden ratio


def new_state(room: int) -> State:
    """Make an empty state for `room` variables, twice as many keys; `room` a power of two."""
    state = np.zeros(HEAD + 14 * room, np.int64)
    state[ROOM], state[MASK] = room, 4 * room - 1
    return state


@inner
def left_of(s, variable):  # type: ignore[no-untyped-def]
    """Return the larger fan-in of a variable; -1 if it is no gate."""
    return s[HEAD + variable]


@inner
def right_of(s, variable):  # type: ignore[no-untyped-def]
    """Return the smaller fan-in of a variable; -1 if it is no gate."""
    return s[HEAD + s[ROOM] + variable]


@inner
def level_of(s, literal):  # type: ignore[no-untyped-def]
    """Return the depth of a literal in ANDs."""
    return s[HEAD + 2 * s[ROOM] + (literal >> 1)]


@inner
def mark_of(s, literal):  # type: ignore[no-untyped-def]
    """Find the index of the mark of a literal's variable."""
    return HEAD + 13 * s[ROOM] + (literal >> 1)


@inner
def strange(s, literal):  # type: ignore[no-untyped-def]
    """Whether a number is no literal of the circuit so far."""
    return literal < 0 or literal >> 1 >= s[ROWS]


@inner
def slot_of(s, key):  # type: ignore[no-untyped-def]
    """Find where a key is, or where it would go; as an index of the state."""
    first, mask = HEAD + 5 * s[ROOM], s[MASK]
    mixed = key * _GOLDEN
    slot = (mixed ^ (mixed >> 29)) & mask
    while s[first + slot] != 0 and s[first + slot] != key:
        slot = (slot + 1) & mask
    return first + slot


@inner
def known(s, a, b):  # type: ignore[no-untyped-def]
    """Whether ``a AND b`` has been asked for."""
    return s[slot_of(s, a << 32 | b if a < b else b << 32 | a)] != 0


@inner
def insert(s, key):  # type: ignore[no-untyped-def]
    """Take the next journal entry for a key; return the index of its value."""
    slot = slot_of(s, key)
    s[slot] = key
    s[HEAD + 3 * s[ROOM] + s[KEYS]] = slot
    s[KEYS] += 1
    return slot + s[MASK] + 1


@inner
def add_row(s, left, right, level):  # type: ignore[no-untyped-def]
    """Append a variable; return its positive literal."""
    row, room = s[ROWS], s[ROOM]
    s[HEAD + row], s[HEAD + room + row], s[HEAD + 2 * room + row] = left, right, level
    s[ROWS] = row + 1
    return 2 * row


@inner
def against_gate(y, x, x0, x1):  # type: ignore[no-untyped-def]
    """Simplify ``y AND x`` where the variable of x is the gate ``x0 AND x1``; see `rule`."""
    if x & 1:
        if y == x0:
            return 2, y, x1 ^ 1
        if y == x1:
            return 2, y, x0 ^ 1
        return (1, y, 0) if y ^ 1 == x0 or y ^ 1 == x1 else (0, 0, 0)
    if y in (x0, x1):
        return 1, x, 0
    return (1, 0, 0) if y ^ 1 == x0 or y ^ 1 == x1 else (0, 0, 0)


@inner
def both_inverted(a0, a1, b0, b1):  # type: ignore[no-untyped-def]
    """``NOT (s t) AND NOT (s NOT t) = NOT s``; see `rule`."""
    if (a0 == b0 and a1 ^ 1 == b1) or (a0 == b1 and a1 ^ 1 == b0):
        return 1, a0 ^ 1, 0
    if (a1 == b0 and a0 ^ 1 == b1) or (a1 == b1 and a0 ^ 1 == b0):
        return 1, a1 ^ 1, 0
    return 0, 0, 0


@inner
def gate_without_gate(a, a0, a1, b0, b1):  # type: ignore[no-untyped-def]
    """``(a0 a1) AND NOT (b0 b1)`` with ``a`` the literal of ``a0 a1``; see `rule`."""
    if b0 ^ 1 == a0 or b0 ^ 1 == a1 or b1 ^ 1 == a0 or b1 ^ 1 == a1:
        return 1, a, 0
    if b0 in (a0, a1):
        return 2, a, b1 ^ 1
    if b1 in (a0, a1):
        return 2, a, b0 ^ 1
    return 0, 0, 0


@inner
def rule(s, a, b):  # type: ignore[no-untyped-def]
    """Apply two-level rules: (0, …) none, (1, literal, …) it is this, (2, x, y) it is x AND y."""
    a0, a1 = left_of(s, a >> 1), right_of(s, a >> 1)
    b0, b1 = left_of(s, b >> 1), right_of(s, b >> 1)
    found = (0, a, b)
    if a0 >= 0:
        found = against_gate(b, a, a0, a1)
    if found[0] == 0 and b0 >= 0:
        found = against_gate(a, b, b0, b1)
    if found[0] != 0 or a0 < 0 or b0 < 0:
        return found
    if a & 1 and b & 1:
        return both_inverted(a0, a1, b0, b1)
    if a & 1:
        return gate_without_gate(b, b0, b1, a0, a1)
    if b & 1:
        return gate_without_gate(a, a0, a1, b0, b1)
    apart = a0 ^ 1 == b0 or a0 ^ 1 == b1 or a1 ^ 1 == b0 or a1 ^ 1 == b1
    return (1, 0, 0) if apart else (0, 0, 0)


@inner
def and_of(s, a, b):  # type: ignore[no-untyped-def]
    """Return ``a AND b``; means nothing where there is no room, which sets ``s[FULL]``."""
    start, found = s[KEYS], s[FULL]
    while True:
        if a > b:
            a, b = b, a
        if a < 2 or a == b or a ^ b == 1:
            found = b if a == 1 or a == b else 0
            break
        slot = slot_of(s, a << 32 | b)
        if s[slot] != 0:
            found = s[slot + s[MASK] + 1]
            break
        if s[KEYS] >= 2 * s[ROOM] or s[ROWS] >= s[ROOM]:
            s[FULL] = 1
            return found
        insert(s, a << 32 | b)
        kind, x, y = rule(s, a, b)
        if kind < 2:
            level = 1 + max(level_of(s, a), level_of(s, b))
            found = x if kind else add_row(s, b, a, level)
            break
        a, b = x, y
    journal = HEAD + 3 * s[ROOM]
    for k in range(start, s[KEYS]):
        s[s[journal + k] + s[MASK] + 1] = found
    return found


@inner
def or_of(s, a, b):  # type: ignore[no-untyped-def]
    """Return ``a OR b``."""
    return and_of(s, a ^ 1, b ^ 1) ^ 1


@inner
def forget(s, rows, keys):  # type: ignore[no-untyped-def]
    """Return to fewer rows and keys."""
    rows, keys = min(rows, s[ROWS]), min(keys, s[KEYS])
    journal = HEAD + 3 * s[ROOM]
    for k in range(s[KEYS] - 1, keys - 1, -1):
        s[s[journal + k]] = 0
    s[ROWS], s[KEYS], s[FULL] = rows, keys, 0


@kernel
def rollback(s, rows, keys):  # type: ignore[no-untyped-def]
    """Forget what was made after the state had so many rows and keys."""
    forget(s, rows, keys)


@kernel
def add_inputs(s, count):  # type: ignore[no-untyped-def]
    """Append variables that are no gates."""
    for _ in range(count):
        add_row(s, -1, -1, 0)


@kernel
def moved(s, new):  # type: ignore[no-untyped-def]
    """Copy a state into a larger empty one."""
    room = s[ROOM]
    for row in range(s[ROWS]):
        at = HEAD + row
        add_row(new, s[at], s[at + room], s[at + 2 * room])
    for k in range(s[KEYS]):
        slot = s[HEAD + 3 * room + k]
        new[insert(new, s[slot])] = s[slot + s[MASK] + 1]


@kernel
def count_new(s, outputs, first, used):  # type: ignore[no-untyped-def]
    """Count gates from variable `first` on that outputs depend on; `used` is all False."""
    count = 0
    for x in outputs:
        if strange(s, x):
            return NO_LITERAL
    for x in outputs:
        if x >> 1 >= first:
            used[(x >> 1) - first] = True
    for row in range(s[ROWS] - 1, first - 1, -1):
        if used[row - first]:
            count += 1
            for fanin in (left_of(s, row) >> 1, right_of(s, row) >> 1):
                if fanin >= first:
                    used[fanin - first] = True
    return count
