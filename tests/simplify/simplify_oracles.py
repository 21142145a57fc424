"""Slow, obvious references for the editor: one loop per line of the definition."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from tetrakis.circuit import Aig
from tetrakis.simplify._graph import AND, COPY, LEAF, OR, XOR, Graph
from tetrakis.simplify._signals import INTERVAL, MISMATCH, SQUARED

COSTS = {AND: 1, OR: 1, XOR: 3, LEAF: 0, COPY: 0}


def every_row(n: int) -> np.ndarray:
    return (np.arange(2**n)[:, None] >> np.arange(n) & 1).astype(bool)


def run_graph(graph: Graph, row) -> list[bool]:
    """Outputs of a graph on one row."""
    values = [False, *map(bool, row)]

    def value(literal):
        return values[literal >> 1] ^ bool(literal & 1)

    for v in range(graph.num_pis + 1, len(graph.op)):
        a, b = value(int(graph.left[v])), value(int(graph.right[v]))
        values.append({AND: a and b, OR: a or b, XOR: a ^ b, COPY: a}[int(graph.op[v])])
    return [value(int(x)) for x in graph.outputs]


def run_aig(aig: Aig, row) -> list[bool]:
    values = [False, *map(bool, row)]

    def value(literal):
        return values[literal >> 1] ^ bool(literal & 1)

    for a, b in aig.fanins.tolist():
        values.append(value(a) and value(b))
    return [value(int(x)) for x in aig.outputs]


def number(bits, signed: bool) -> int:
    code = sum(1 << j for j, bit in enumerate(bits) if bit)
    return code - (1 << len(bits)) if signed and bits[-1] else code


def loss_of(code: int, kind: int, low: float, high: float, weight: float) -> float:
    if kind == MISMATCH:
        return weight * (code != low)
    if kind == SQUARED:
        return weight * (code - low) ** 2
    assert kind == INTERVAL
    return weight * (not low <= code <= high)


def losses(outputs, loss) -> list[float]:
    """Loss of every row from its list of output bits."""
    return [
        loss_of(number(bits, loss.signed), loss.kind, *limits)
        for bits, *limits in zip(outputs, loss.low, loss.high, loss.weight, strict=True)
    ]


def graph_loss(graph: Graph, rows, loss) -> float:
    return sum(losses([run_graph(graph, row) for row in rows], loss))


def aig_loss(aig: Aig, rows, loss) -> float:
    return sum(losses([run_aig(aig, row) for row in rows], loss))


def live(graph: Graph) -> set[int]:
    """Nodes that an output depends on."""
    stack, found = [int(x) >> 1 for x in graph.outputs], set()
    while stack:
        v = stack.pop()
        if v not in found and graph.op[v] != LEAF:
            found.add(v)
            stack += [int(graph.left[v]) >> 1, int(graph.right[v]) >> 1]
    return found


def cost(graph: Graph) -> int:
    """AND nodes that live nodes cost, no two of them merged."""
    return sum(COSTS[int(graph.op[v])] for v in live(graph))


def below(graph: Graph, node: int) -> set[int]:
    """The node and all that only it needs."""
    gone = Graph(graph.num_pis, graph.op, graph.left, graph.right, graph.outputs)
    without = live(edited(gone, node, LEAF, 0, 0))
    return live(graph) - without


def edited(graph: Graph, node: int, kind: int, u: int, v: int) -> Graph:
    """Let all readers of `node` read literal `v`, or give `node` a new function."""
    op, left, right = graph.op.copy(), graph.left.copy(), graph.right.copy()
    outputs = graph.outputs.copy()
    if kind != LEAF:
        op[node], left[node], right[node] = kind, u, v
        return Graph(graph.num_pis, op, left, right, outputs)
    for column in (left, right, outputs):
        for i in range(len(column)):
            if column[i] >> 1 == node and (column is outputs or op[i] != LEAF):
                column[i] = v ^ (column[i] & 1)
    return Graph(graph.num_pis, op, left, right, outputs)


@st.composite
def aigs(draw, max_pis=5, max_gates=30, max_outputs=3, min_outputs=1) -> Aig:
    """Random circuits, many XORs among them; constants and inputs may be outputs."""
    pis = draw(st.integers(1, max_pis))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    fanins: list[tuple[int, int]] = []
    for _ in range(draw(st.integers(0, max_gates))):
        most = 2 * (pis + 1 + len(fanins))
        a, b = (int(x) for x in rng.integers(0 if rng.random() < 0.1 else 2, most, 2))
        if rng.random() < 0.3:
            first = 2 * (pis + 1 + len(fanins))
            fanins += [(a, b), (a ^ 1, b ^ 1), (first + 1, first + 3)]
        else:
            fanins.append((a, b))
    outputs = rng.integers(
        0, 2 * (pis + 1 + len(fanins)), draw(st.integers(min_outputs, max_outputs))
    )
    return Aig(pis, np.array(fanins).reshape(-1, 2), outputs)
