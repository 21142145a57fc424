"""Rounds of editing: score everything, accept the best edits, hash, repeat at a higher price."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tetrakis.simplify import _score as scoring
from tetrakis.simplify._apply import apply_edits
from tetrakis.simplify._cones import cone_sizes, free_regions, references
from tetrakis.simplify._graph import COPY, Graph, Ints, Longs, rebuilt, with_copies
from tetrakis.simplify._signals import (
    Floats,
    Words,
    all_codes,
    all_losses,
    simulate_graph,
    transposed,
)

PLANES = 56
PICKS = 2
SCORED_NODES, SCORED_SHARE, MOST_SCORED = 250, 0.4, 2000


@dataclass(frozen=True, eq=False)
class Rows:
    """Packed input rows and what their outputs should read.

    Parameters
    ----------
    words : uint64 array, (num_pis, words)
    low, high, weight : float arrays, (rows,)
        See `row_loss`.
    kind : int
        MISMATCH, SQUARED or INTERVAL.
    signed : bool
        Whether outputs are a two's complement word.
    scale : float
        Integers that scores are computed in, per unit of loss.
    digits : int
        Significant bits of a row's change of loss in scores; 0 for all.
    sample : int
        Rows that a node's edits are scored on, drawn by weight; 0 for all.
    words_scored : int
        Words of 64 rows that edits are scored on, drawn anew in every round; 0 for all.
    """

    words: Words
    low: Floats
    high: Floats
    weight: Floats
    kind: int
    signed: bool
    scale: float = 1.0
    digits: int = 0
    sample: int = 0
    words_scored: int = 0

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.low)

    def losses(self, graph: Graph, values: Words | None = None) -> Floats:
        """Return the loss of every row, (rows,)."""
        if values is None:
            values = node_values(graph, self.words)
        codes, loss = np.zeros(self.n_rows, np.int64), np.zeros(self.n_rows)
        all_codes(graph.outputs, self.signed, values, codes)
        all_losses(self.kind, codes, self.low, self.high, self.weight, loss)
        return loss


def node_values(graph: Graph, words: Words) -> Words:
    """Simulate every variable: uint64 array, (variables, words)."""
    values = np.zeros((len(graph.op), words.shape[1]), np.uint64)
    values[1 : graph.num_pis + 1] = words
    simulate_graph(graph.op, graph.left, graph.right, values)
    return values


@dataclass(eq=False)
class Round:
    """What one round did: loss changes and nodes saved of each accepted edit."""

    changes: Floats = field(default_factory=lambda: np.zeros(0))
    saved: Longs = field(default_factory=lambda: np.zeros(0, np.int64))


class _Scratch:
    """Buffers of one thread, reused over the rounds while circuits shrink."""

    def __init__(self, variables: int, rows: int, words: int) -> None:
        width = variables // 64 + 1
        self.masks = np.zeros((variables, words), np.uint64)
        self.trial = np.zeros((variables, words), np.uint64)
        self.int_rows = np.zeros((4, rows), np.int32)
        self.long_rows = np.zeros((3, rows), np.int64)
        self.word_rows = np.zeros((3, rows), np.uint64)
        self.deltas = np.zeros(rows)
        self.int_nodes = np.zeros((6, 64 * width + 1), np.int32)
        self.planes = np.zeros((PLANES, width), np.uint64)
        self.buffer = np.zeros((5, width), np.uint64)
        self.long_nodes = np.zeros((4, 64 * width + scoring.POOL), np.int64)


class Editor:
    """A circuit under edit with its values on the rows, and their losses."""

    def __init__(self, graph: Graph, rows: Rows, rng: np.random.Generator) -> None:
        self.rows, self.rng = rows, rng
        self.slack = 1e-9 * float(rows.weight.max(initial=0.0))
        self.graph = rebuilt(graph, rng)
        self.scratch = _Scratch(len(self.graph.op) * 2 + 64, rows.n_rows, rows.words.shape[1])
        self.refresh()

    def refresh(self, graph: Graph | None = None) -> None:
        """Hash and reorder, then simulate anew."""
        self.graph = rebuilt(self.graph if graph is None else graph, self.rng)
        self.evaluate()

    def evaluate(self) -> None:
        """Simulate the graph as it is."""
        g = self.graph
        self.values = node_values(g, self.rows.words)
        self.loss = self.rows.losses(g, self.values)
        self.refs = np.zeros(len(g.op), np.int32)
        references(g.op, g.left, g.right, g.outputs, self.refs)

    def candidates(self, price: float, cap: float, pool: int, scored: Ints) -> Longs:
        """Score all edits; return those worth trying, best first, (edits, FIELDS)."""
        g, rows, s = self.graph, self.rows, self.scratch
        n = len(g.op)
        if n > len(s.masks):
            self.scratch = s = _Scratch(2 * n, rows.n_rows, rows.words.shape[1])
        width = n // 64 + 1
        values, picked, share = self.values, np.arange(rows.n_rows), 1.0
        if 0 < rows.words_scored < values.shape[1]:
            words = np.sort(self.rng.choice(values.shape[1], rows.words_scored, replace=False))
            picked = (64 * words[:, None] + np.arange(64)).ravel()
            picked = picked[picked < rows.n_rows]
            values, share = np.ascontiguousarray(values[:, words]), len(picked) / rows.n_rows
        price, cap = price * rows.scale * share, cap * rows.scale * share
        patterns = np.zeros((64 * values.shape[1], width), np.uint64)
        transposed(values, patterns)
        sizes, parent, root = np.zeros((3, n), np.int32)
        cone_sizes(g.op, g.left, g.right, self.refs, s.int_nodes[2], sizes)
        free_regions(g.op, g.left, g.right, g.outputs, self.refs, parent, root)
        begin, members = _regions(root)
        roots = np.flatnonzero(np.diff(begin)).astype(np.int32)
        found = np.zeros((3 * n, scoring.FIELDS), np.int64)
        found[:, 0] = -1
        s.int_nodes[3] = 0
        scoring.score_regions(
            scored, roots, begin, members, parent, g.op, g.left, g.right, g.outputs, rows.signed,
            rows.kind, self.refs, sizes, values, patterns, rows.low[picked], rows.high[picked],
            rows.weight[picked], self.loss[picked], rows.scale, rows.digits, rows.sample,
            self.rng.random(), pool, self.rng.integers(0, 2**40, PICKS),
            price, cap, s.masks, s.trial, found, s.deltas, s.int_rows,
            s.long_rows, s.word_rows, s.int_nodes, s.planes, s.buffer, s.long_nodes,
        )  # fmt: skip
        found = found[found[:, 0] >= 0]
        merit = found[:, 4] - price * found[:, 5]
        return found[np.argsort(merit, kind="stable")]

    def round(
        self, price: float, cap: float, *, pool: int, share: float, room: float = np.inf
    ) -> Round:
        """Accept a batch of edits: at most `share` of the nodes are freed, `room` of loss added."""
        n = len(self.graph.op)
        scored = np.ones(n, np.int32)
        if n > SCORED_NODES / SCORED_SHARE:
            scored[:] = self.rng.random(n) < min(SCORED_SHARE, MOST_SCORED / n)
        elif n > SCORED_NODES:
            scored[:] = self.rng.random(n) < SCORED_NODES / n
        found = self.candidates(price, cap, pool, scored)
        return self._apply(found, price, cap, 0, max(1, int(share * self.graph.size)), room=room)

    def grow(self, price: float, *, pool: int, edges: int, share: float) -> Round:
        """Accept edits that add nodes where each lowers the loss by `price` at least."""
        g = self.graph
        nodes = np.arange(g.num_pis + 1, len(g.op))
        if not len(nodes):
            return Round()
        count = min(edges, 2 * len(nodes))
        picked = np.sort(self.rng.choice(2 * len(nodes), count, replace=False))
        grown = with_copies(g, picked + 2 * nodes[0])
        self.graph = grown
        self.evaluate()
        scored = (grown.op == COPY).astype(np.int32)
        found = self.candidates(price, 0.0, pool, scored)
        most = max(1, int(share * g.size))
        return self._apply(found, price, 0.0, -3, most, most)

    def _apply(
        self, found: Longs, price: float, cap: float, least: int, most_gain: int,
        most: int = 1 << 60, room: float = np.inf,
    ) -> Round:  # fmt: skip
        g, rows, s = self.graph, self.rows, self.scratch
        log = np.zeros((max(len(found), 1), 3))
        op, left, right = g.op.copy(), g.left.copy(), g.right.copy()
        outputs = g.outputs.copy()
        accepted = apply_edits(
            found, least, most_gain, most, price, cap, room, self.slack, op, left, right, outputs,
            rows.signed, rows.kind, self.refs, self.values, s.trial, rows.low, rows.high,
            rows.weight, self.loss, s.int_nodes, s.int_rows[0], s.deltas, s.long_rows[0], log,
        )  # fmt: skip
        self.refresh(Graph(g.num_pis, op, left, right, outputs))
        return Round(log[:accepted, 1], log[:accepted, 2].astype(np.int64))


def _regions(root: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Group nodes by the root of their region, readers first."""
    nodes = np.flatnonzero(root >= 0)[::-1]
    order = nodes[np.argsort(root[nodes], kind="stable")]
    counts = np.bincount(root[nodes], minlength=len(root))
    begin = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    return begin, order.astype(np.int32)
