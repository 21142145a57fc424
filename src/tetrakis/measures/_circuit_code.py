"""Prefix-free codes of circuits: how many bits it takes to tell one."""

from __future__ import annotations

from typing import Literal, Protocol

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

Doubles = NDArray[np.float64]
Longs = NDArray[np.int64]
_LN2 = float(np.log(2))
_URNS = (4.0, 1.0, 0.5, 0.25, 1 / 16, 1 / 64, 1 / 256)  # and one that never learns: 8 in all
_NONE, _AND, _XOR, _MUX = range(4)


class Circuit(Protocol):
    """What is read of a circuit; `tetrakis.circuit.Aig` has it."""

    @property
    def num_pis(self) -> int:
        """Number of inputs."""

    @property
    def fanins(self) -> NDArray[np.int32]:
        """Literals of every AND, shape (num_gates, 2)."""

    @property
    def outputs(self) -> NDArray[np.int32]:
        """Literals of the outputs, shape (num_pos,)."""


def occam_bits(num_pis: ArrayLike, num_gates: ArrayLike, num_pos: ArrayLike) -> Doubles:
    """Return the bits of the counting code: a size, and which of the circuits of that size.

    ``N log2(2 v²) − log2 N! + k log2(2 v + 2) + log2((N + 1)(N + 2))`` with v = n + N. Arguments
    broadcast, so whole paths are priced at once.

    Parameters
    ----------
    num_pis, num_gates, num_pos : array_like of int
        n, N and k; n and k are known beforehand, N is paid for.

    Notes
    -----
    Every AND takes an unordered pair of literals, of which there are at most (2v)²/2. A
    structurally hashed graph has no automorphism, so N! labelled graphs are the same one. A
    circuit that isn't hashed may be priced by its own size, since hashing it gives no larger one.

    References
    ----------
    THEORY 6, with N = 0 allowed.
    """
    n, size, k = (np.asarray(x, np.float64) for x in (num_pis, num_gates, num_pos))
    v = np.maximum(n + size, 1)
    pairs = size * (1 + 2 * np.log2(v)) - gammaln(size + 1) / _LN2
    return np.asarray(pairs + k * np.log2(2 * v + 2) + np.log2((size + 1) * (size + 2)))


def circuit_bits(circuit: Circuit) -> tuple[float, Literal["counting", "structure"]]:
    """Return the bits of a circuit's shorter code, one of them for the choice, and its name.

    Parameters
    ----------
    circuit : Aig

    Notes
    -----
    The structure code first reads three ANDs as one XOR or multiplexer where it can. It then
    walks from the outputs down, depth first. Each of E edges leads to a new node of one of three
    kinds, to an input (or the constant), or back to a node seen before. Told are: the numbers of
    nodes, of each kind, and of the S nodes that are read again; then, by enumeration, which edges
    are of which kind, which are inverted (never at an XOR or a selecting bit), and which nodes
    are read again; then the inputs by a Pólya urn (the best of eight, 3 bits), and the nodes read
    again with log2 S bits each. The two sides of an AND or XOR have no order: as many bits are
    saved as there are such nodes, since so many times two walks tell of the same circuit and
    have the same length. A circuit with constants or equal nodes has the counting code only.

    References
    ----------
    Ours, after THEORY 6 ('any prefix-free code of the file').
    """
    fanins, outputs = np.asarray(circuit.fanins, np.int64), np.asarray(circuit.outputs, np.int64)
    counting = float(occam_bits(circuit.num_pis, len(fanins), len(outputs)))
    structure = float("inf")
    if _is_hashed(fanins):
        found = _nodes(circuit.num_pis, np.ascontiguousarray(fanins), outputs)
        structure = _structure_bits(circuit.num_pis, len(outputs), *found)
    if structure < counting:
        return 1 + structure, "structure"
    return 1 + counting, "counting"


def _is_hashed(fanins: Longs) -> bool:
    """Whether no AND reads a constant or one variable twice, and no two read the same literals."""
    if not len(fanins):
        return True
    plain = (fanins > 1).all() and (fanins[:, 0] >> 1 != fanins[:, 1] >> 1).all()
    return bool(plain) and len(np.unique(np.sort(fanins, axis=1), axis=0)) == len(fanins)


@njit(cache=True, nogil=True)
def _pattern(
    gate: int, first: int, fanins: Longs, reads: Longs
) -> tuple[int, int, int, int]:  # pragma: no cover - compiled
    """Read a gate and the two below it as a node: its kind and its literals.

    A multiplexer's first literal selects the second (1) or the third (0).
    """
    x, y = fanins[gate, 0], fanins[gate, 1]
    if x & 1 == 0 or y & 1 == 0 or x >> 1 < first or y >> 1 < first:
        return _AND, x, y, 0
    above, below = fanins[(x >> 1) - first], fanins[(y >> 1) - first]
    one, other = reads[x >> 1] == 1, reads[y >> 1] == 1
    for i in range(2):
        for j in range(2):
            if above[i] == below[j] ^ 1:
                if above[1 - i] == below[1 - j] ^ 1 and (one or other):
                    return _XOR, above[0], above[1], 0
                if one and other:
                    return _MUX, above[i], above[1 - i], below[1 - j]
    return _AND, x, y, 0


@njit(cache=True, nogil=True)
def _nodes(
    num_pis: int, fanins: Longs, outputs: Longs
) -> tuple[Longs, Longs, Longs, int]:  # pragma: no cover - compiled
    """Return each gate's kind, its literals, how often every variable is read, and inversions."""
    first, size = num_pis + 1, len(fanins)
    reads, read = np.zeros(first + size, np.int64), np.zeros(first + size, np.int64)
    for gate in range(size):
        reads[fanins[gate, 0] >> 1] += 1
        reads[fanins[gate, 1] >> 1] += 1
    for literal in outputs:
        reads[literal >> 1] += 1
        read[literal >> 1] += 1
    kind, kids = np.zeros(size, np.int64), np.zeros((size, 3), np.int64)
    for gate in range(size - 1, -1, -1):
        if read[first + gate] == 0:
            continue
        k, a, b, c = _pattern(gate, first, fanins, reads)
        kind[gate], kids[gate, 0], kids[gate, 1], kids[gate, 2] = k, a, b, c
        for side in range(3 if k == _MUX else 2):
            read[kids[gate, side] >> 1] += 1
    flip, inverted = np.zeros(first + size, np.int64), 0
    for gate in range(size):  # a node may stand for the complement of its gate
        for side in range(3):
            kids[gate, side] ^= flip[kids[gate, side] >> 1]
        a, b, c = kids[gate]
        if kind[gate] == _AND:
            inverted += (a & 1) + (b & 1)
        elif kind[gate] == _XOR:  # the gate is ¬(ab) ¬(¬a ¬b)
            flip[first + gate] = (a ^ b) & 1
        elif kind[gate] == _MUX:  # the gate is the complement of the multiplexer
            flip[first + gate] = 1
            inverted += (b & 1) + (c & 1)
    for literal in outputs:
        inverted += (literal ^ flip[literal >> 1]) & 1
    return kind, kids, read, inverted


def _structure_bits(
    num_pis: int, num_pos: int, kind: Longs, kids: Longs, read: Longs, inverted: int
) -> float:
    """Bits of the structure code; infinite if two XORs are of the same nodes."""
    xors = np.sort(kids[kind == _XOR, :2] >> 1, axis=1)
    if len(np.unique(xors, axis=0)) < len(xors):
        return float("inf")
    inputs, nodes = read[: num_pis + 1], read[num_pis + 1 :][kind != _NONE]
    counts = np.bincount(kind, minlength=4)[1:]
    size, again = len(nodes), int(nodes.sum()) - len(nodes)
    known, shared = int(inputs.sum()), int((nodes > 1).sum())
    edges = size + again + known
    signs = int(2 * counts[0] + 2 * counts[2]) + num_pos
    bits = float(np.log2((size + 1.0) * (size + 2))) + 3 * np.log2(size + 1)
    bits += np.log2(known + again + 1) + np.log2(signs + 1) + again * np.log2(max(shared, 1))
    nats = gammaln(edges + 1) - sum(gammaln(x + 1) for x in (*counts, again, known))
    nats += _choose(signs, inverted) + _choose(size, shared) + urn_nats(inputs)
    return float(bits + nats / _LN2 - counts[0] - counts[1])


def urn_nats(counts: Longs) -> float:
    """Nats of a sequence with these counts under the best Pólya urn."""
    total, kinds, drawn = counts.sum(), len(counts), counts[counts > 0]
    if not total:
        return float(np.log(1 + len(_URNS)))
    found = [
        gammaln(kinds * a + total) - gammaln(kinds * a) - (gammaln(drawn + a) - gammaln(a)).sum()
        for a in _URNS
    ]
    return float(min([total * np.log(kinds), *found])) + float(np.log(1 + len(_URNS)))


def _choose(n: int, k: int) -> float:
    return float(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1))
