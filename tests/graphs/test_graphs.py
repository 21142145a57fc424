"""Base graphs: constructors, order, bad graphs, networkx."""

import numpy as np
import pytest

from tetrakis.errors import GraphError
from tetrakis.graphs import (
    BaseGraph,
    Edge,
    Vertex,
    balanced,
    binary_tree,
    from_networkx,
    local_1d,
    local_2d,
    mlp,
    named,
    parallel,
    residual,
    to_networkx,
    tree,
)

X = Vertex("x", "input", columns=(0, 1))
H, Y = Vertex("h"), Vertex("y", "output")
SHIPPED = [
    mlp(3, 4), residual(2, 3, n_outputs=2), parallel(4, 3, 2), binary_tree(5),
    binary_tree(8, values=False), tree(((0, 1, 2), (3, (4, 6)))), local_1d(9, 3, 2), local_2d(5, 4),
]  # fmt: skip


@pytest.mark.parametrize("graph", SHIPPED)
def test_order_is_topological(graph):
    place = {name: k for k, name in enumerate(graph.order)}
    assert sorted(place) == sorted(v.name for v in graph.vertices)
    assert all(place[e.source] < place[e.target] for e in graph.edges)


def test_constructors_count():
    assert [v.name for v in residual(2, 1).vertices] == ["x", "z0", "r1", "z1", "y"]
    assert len(parallel(4, 3, 2).hidden) == 6
    assert balanced(range(4)) == ((0, 1), (2, 3))
    values = [v for v in binary_tree(8).hidden if v.activation == "identity"]
    assert len(values) == 6 and all(v.size == 1 for v in values)
    assert len(binary_tree(8, values=False).hidden) == 7
    windows = local_1d(9, 3, 2)
    assert windows.parents("l1_1") == ("x2", "x3", "x4")
    assert windows.parents("l2_1") == ("l1_1", "l1_2", "l1_3")  # the last ends at the border
    assert windows.parents("y") == ("l3_0",)
    image = local_2d(4, 4, 3, 2)
    assert image.parents("l1_0_1") == tuple(f"x{4 * r + c}" for r in range(3) for c in range(1, 4))
    assert tree(((0, 1), (5, 2))).n_inputs == 6
    assert named("parallel:3", 2) == parallel(2, 3)


@pytest.mark.parametrize("graph", SHIPPED)
def test_networkx_and_back(graph):
    pytest.importorskip("networkx", reason="networkx is not installed")
    other = from_networkx(to_networkx(graph))
    assert other.vertices == graph.vertices and set(other.edges) == set(graph.edges)


def test_networkx_without_attributes():
    networkx = pytest.importorskip("networkx", reason="networkx is not installed")
    found = from_networkx(networkx.DiGraph([("a", "h"), ("b", "h"), ("h", "out")]))
    assert {v.name: v.columns for v in found.inputs} == {"a": (0,), "b": (1,)}
    assert [v.name for v in found.outputs] == ["out"]
    with pytest.raises(GraphError, match="DiGraph"):
        from_networkx(networkx.Graph([(0, 1)]))
    with pytest.raises(GraphError, match="vertex 'h': leads to no output"):
        bad = networkx.DiGraph([("a", "h"), ("a", "out")])
        bad.nodes["h"]["kind"] = "hidden"
        from_networkx(bad)


@pytest.mark.parametrize(
    ("vertices", "edges", "said"),
    [
        ((X, H, Vertex("g"), Y), [("x", "h"), ("h", "g"), ("g", "h"), ("g", "y")],
         "vertex '[hg]': lies on the cycle"),
        ((X, H, Y), [("h", "y")], "vertex 'y': this output can't be reached"),
        ((X, H, Vertex("g"), Y), [("x", "h"), ("h", "y"), ("g", "y")],
         "vertex 'g': can't be reached from an input"),
        ((X, H, Vertex("g"), Y), [("x", "h"), ("h", "y"), ("h", "g")],
         "vertex 'g': leads to no output"),
        ((X, H, H, Y), [("x", "h"), ("h", "y")], "vertex 'h': there are two"),
        ((X, H, Y), [("x", "h"), ("h", "z")], "no vertex 'z'"),
        ((X, H, Y), [("x", "h"), ("h", "x"), ("h", "y")], "vertex 'x': an edge enters this input"),
        ((X, H, Y), [("x", "y"), ("y", "h")], "vertex 'y': an edge leaves this output"),
        ((X, H, Y), [("x", "h"), ("x", "h"), ("h", "y")], "vertex 'h': two edges from 'x'"),
        ((X, H, Y), [("x", "h"), Edge("h", "y", True)], "vertex 'y': a skip edge needs"),
        ((X, H), [("x", "h")], "expected an output vertex"),
        ((H, Y), [("h", "y")], "expected an input vertex"),
    ],
)  # fmt: skip
def test_bad_graphs_name_the_vertex(vertices, edges, said):
    with pytest.raises(GraphError, match=said):
        BaseGraph(vertices, tuple(edges))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Vertex("a", "input"), "vertex 'a': expected an input to name"),
        (lambda: Vertex("a", columns=(1,)), "vertex 'a': only inputs"),
        (lambda: Vertex("a", activation="tanh"), "vertex 'a': expected activation"),
        (lambda: Vertex("a", "middle"), "vertex 'a': expected kind"),
        (lambda: Vertex("a", size=0), "vertex 'a': expected a size"),
        (lambda: mlp(3, 0), "depth"),
        (lambda: mlp(0), "n_inputs"),
        (lambda: tree(((0, 1), "23")), "node 'g_1'"),
        (lambda: tree(((0, 1), ())), "node 'g_1'"),
        (lambda: tree((0, 0)), "node 'g': a column occurs twice"),
        (lambda: tree(3), "expected a node with children"),
        (lambda: tree((0, -1)), "columns >= 0"),
        (lambda: local_1d(5, 3, 4), "stride"),
        (lambda: named("cnn", 3), "expected one of mlp"),
        (lambda: named("mlp:x", 3), "expected one of mlp"),
        (lambda: named("mlp:0", 3), "depth"),
    ],
)
def test_bad_arguments(make, said):
    with pytest.raises(GraphError, match=said):
        make()


def test_graphs_are_values():
    assert mlp(3, 2) == mlp(3, 2)
    assert np.unique([hash(g) for g in SHIPPED]).size == len(SHIPPED)
