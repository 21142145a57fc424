"""From an AIG to the graph that is edited, and back."""

from __future__ import annotations

import numpy as np

from tetrakis.circuit import Aig
from tetrakis.circuit._aig import reachable
from tetrakis.circuit._kernels import kernel
from tetrakis.simplify._graph import AND, LEAF, XOR, Graph, Ints, Longs, _node, rebuilt


def graph_of(aig: Aig) -> Graph:
    """Take an AIG apart into AND and XOR nodes."""
    leaves = np.zeros(aig.num_pis + 1, np.int32)
    op = np.concatenate([leaves + LEAF, np.zeros(aig.num_gates, np.int32)]).astype(np.int32)
    left = np.concatenate([leaves, aig.fanins[:, 0]]).astype(np.int32)
    right = np.concatenate([leaves, aig.fanins[:, 1]]).astype(np.int32)
    return rebuilt(
        Graph(aig.num_pis, op, left, right, np.array(aig.outputs, np.int32)),
        np.random.default_rng(0),
    )


@kernel
def _expanded(
    num_pis: int, kinds: Ints, first: Ints, second: Ints, unlike: Ints, outputs: Ints, op: Ints,
    left: Ints, right: Ints, literal: Ints, table: Longs, keys: Longs,
) -> int:  # fmt: skip
    """Rewrite every node as ANDs, an XOR from products of unlike signs if so marked.

    Returns
    -------
    int
        The new size.
    """
    size = np.int64(num_pis + 1)
    for v in range(num_pis + 1):
        literal[v] = 2 * v
    for v in range(num_pis + 1, kinds.shape[0]):
        a = np.int64(literal[first[v] >> 1] ^ (first[v] & 1))
        b = np.int64(literal[second[v] >> 1] ^ (second[v] & 1))
        if kinds[v] != XOR or a < 2 or b < 2 or a >> 1 == b >> 1:
            made, size = _node(np.int64(kinds[v]), a, b, op, left, right, size, table, keys, False)
            literal[v] = made
            continue
        flip = np.int64(unlike[v])
        p, size = _node(AND, a, b ^ flip, op, left, right, size, table, keys, False)
        q, size = _node(AND, a ^ 1, b ^ 1 ^ flip, op, left, right, size, table, keys, False)
        made, size = _node(AND, p ^ 1, q ^ 1, op, left, right, size, table, keys, False)
        literal[v] = made ^ flip
    for k in range(outputs.shape[0]):
        outputs[k] = literal[outputs[k] >> 1] ^ (outputs[k] & 1)
    return int(size)


def _unlike(graph: Graph) -> Ints:
    """Mark the XORs x ⊕ y that share more as ¬(x ∧ ¬y) ∧ ¬(¬x ∧ y), turned over, than otherwise."""
    low, high = np.minimum(graph.left, graph.right), np.maximum(graph.left, graph.right)
    pair = (low >> 1).astype(np.int64) << 31 | high >> 1
    signs = (graph.left ^ graph.right) & 1
    product, exclusive = graph.op == AND, graph.op == XOR
    shared = np.zeros((2, len(graph.op)), np.int64)
    for sign in (0, 1):
        keys, counts = np.unique(pair[product & (signs == sign)], return_counts=True)
        if len(keys):
            at = np.minimum(np.searchsorted(keys, pair), len(keys) - 1)
            shared[sign] = np.where(keys[at] == pair, counts[at], 0)
    own = signs.astype(bool) & exclusive  # signs of the XOR itself turn the two forms around
    shared[:, own] = shared[::-1, own]
    return np.array(exclusive & (shared[1] > shared[0]), np.int32)


def aig_of(graph: Graph) -> Aig:
    """Return the graph as an AIG with structural hashing, reachable gates only."""
    most = graph.num_pis + 1 + graph.size
    op, left, right = np.zeros((3, most), np.int32)
    literal = np.zeros(len(graph.op), np.int32)
    outputs = np.array(graph.outputs, np.int32)
    slots = 1 << int(np.ceil(np.log2(max(4 * most, 16))))
    size = _expanded(
        graph.num_pis, graph.op, graph.left, graph.right, _unlike(graph), outputs, op, left,
        right, literal,
        np.full(slots, -1, np.int64), np.zeros(slots, np.int64),
    )  # fmt: skip
    first = graph.num_pis + 1
    fanins = np.stack([left[first:size], right[first:size]], axis=1)
    kept, moved = reachable(graph.num_pis, fanins, outputs)
    return Aig(graph.num_pis, kept, moved)
