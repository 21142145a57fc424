"""Lifts: structure, the homomorphism, and exactly the same function as a residual network."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tetrakis.errors import GraphError
from tetrakis.graphs import (
    BaseGraph,
    Edge,
    Vertex,
    binary_tree,
    is_homomorphism,
    lift,
    local_1d,
    mlp,
    parallel,
    residual,
    to_resnet,
    tree,
)


def slow_outputs(net, X):
    """Copy by copy, weight by weight."""
    values = {}
    vertices = net.graph.by_name
    biases = {v.name: b for v, b in zip(net.graph.vertices, net.biases, strict=True)}
    for name in net.graph.order:
        vertex = vertices[name]
        if vertex.kind == "input":
            values[name] = [X[:, c] for c in vertex.columns]
            continue
        rows = []
        for i in range(net.counts[name]):
            total = np.zeros(len(X)) + (biases[name][i] if len(biases[name]) else 0.0)
            for k, edge in enumerate(net.graph.edges):
                if edge.target != name:
                    continue
                if edge.skip:
                    total = total + values[edge.source][i]
                    continue
                parents = net.parents[k]
                copies = range(net.counts[edge.source]) if parents is None else parents[i]
                for j, copy in enumerate(copies):
                    total = total + net.weights[k][i, j] * values[edge.source][copy]
            rows.append(np.maximum(total, 0) if vertex.activation == "relu" else total)
        values[name] = rows
    return np.stack([row for v in net.graph.outputs for row in values[v.name]], axis=1)


@st.composite
def graphs(draw):
    """Any graph of relus, identities and skips on two or three columns."""
    vertices = [Vertex("a", "input", columns=(0, 2)), Vertex("b", "input", columns=(1,))]
    edges = []
    for k in range(draw(st.integers(1, 6))):
        activation = draw(st.sampled_from(["relu", "identity"]))
        size = draw(st.sampled_from([None, None, 2]))
        new = Vertex(f"h{k}", activation=activation, size=size)
        sources = draw(st.lists(st.sampled_from(vertices), min_size=1, unique=True))
        for source in sources:
            same = source.size == size and activation == "identity"
            skip = same and draw(st.booleans())
            edges.append(Edge(source.name, new.name, skip))
        vertices.append(new)
    outs = [Vertex("y", "output", size=2), Vertex("w", "output")]
    lasts = [
        v for v in vertices if v.kind == "hidden" and not any(e.source == v.name for e in edges)
    ]
    for out in outs:
        edges += [Edge(v.name, out.name) for v in lasts]
        if draw(st.booleans()):
            edges.append(Edge("b", out.name))
    return BaseGraph((*vertices, *outs), tuple(edges))


@settings(max_examples=60, deadline=None)
@given(graphs(), st.integers(0, 2**20))
def test_network_computes_the_lift(graph, seed):
    rng = np.random.default_rng(seed)
    net = lift(graph, 3, 2, rng, input_degree=1)
    X = rng.normal(size=(20, 4))
    centre, scale = rng.normal(size=4), rng.uniform(0.5, 2, 4)
    expected = slow_outputs(net, (X - centre) / scale)
    box = np.stack([X.min(0), X.max(0)], axis=1)
    network = to_resnet(net, box=box, centre=centre, scale=scale)
    np.testing.assert_allclose(network.evaluate(X), expected, rtol=1e-9, atol=1e-9)
    assert is_homomorphism(net.labels, net.edges(), graph)


@pytest.mark.parametrize(
    "graph",
    [mlp(3, 3), residual(3, 2), parallel(3, 2, 2), binary_tree(4), tree(((0, 1), (2, 3)),
     values=False), local_1d(5)],
)  # fmt: skip
def test_every_weight_of_the_lift_is_one_of_the_network(graph):
    rng = np.random.default_rng(1)
    net = lift(graph, 6, 3, rng)
    network = to_resnet(net, box=[[-1, 1]] * graph.n_inputs)
    stored = [b.read.data for b in network.blocks] + [b.write.data for b in network.blocks]
    stored += [network.read_in.data, network.read_out.data]
    found = np.sort(np.concatenate(stored))
    ours = np.sort(np.concatenate([w.ravel() for w in net.weights]))
    assert np.isin(ours, found).all()
    extra = found[~np.isin(found, ours)]
    assert (extra == 1.0).all()  # stream positions, nothing else


def test_residual_stream_is_shared():
    net = lift(residual(3, 4), 8, 2, np.random.default_rng(0))
    network = to_resnet(net, box=[[-1, 1]] * 3)
    assert network.stream == 3 + 8 + 1 and len(network.blocks) == 4
    assert all(block.width == 8 for block in network.blocks)


def test_parents_are_distinct_and_uniform():
    net = lift(mlp(2, 2), 40, 3, np.random.default_rng(0))
    drawn = net.parents[1]
    assert drawn.shape == (40, 3) and all(len(set(row)) == 3 for row in drawn.tolist())
    big = lift(mlp(2, 2), {"h1": 20, "h2": 20_000}, 4, np.random.default_rng(0)).parents[1]
    counts = np.bincount(big.ravel(), minlength=20)
    assert abs(counts / 4000 - 1).max() < 0.06  # expected 4,000 each, sd 57
    wide = lift(mlp(2, 2), {"h1": 1000, "h2": 20_000}, 4, np.random.default_rng(0)).parents[1]
    assert (np.diff(wide, axis=1) > 0).all()


def test_a_relabelled_edge_is_no_homomorphism():
    graph = tree(((0, 1), (2, 3)), values=False)
    net = lift(graph, 3, 2, np.random.default_rng(0))
    labels, edges = net.labels, net.edges()
    assert is_homomorphism(labels, edges, graph)
    assert not is_homomorphism(labels, edges[:, ::-1], graph)
    cross = edges.copy()
    cross[0, 0] = net.starts["x3"]  # a column of the other branch
    assert not is_homomorphism(labels, cross, graph)
    with pytest.raises(GraphError, match="indices of"):
        is_homomorphism(labels + 50, edges, graph)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"copies": 3, "in_degree": 4}, "vertex 'h2': in_degree 4 is larger than the 3 parents"),
        ({"copies": 3, "in_degree": 0}, "in_degree: expected"),
        ({"copies": 0, "in_degree": None}, "copies: vertex 'h1'"),
        ({"copies": {"h1": 3}, "in_degree": 1}, "vertex 'h2' has no number"),
        ({"copies": {"h1": 3, "h2": 2, "y": 1}, "in_degree": 1}, "vertex 'y' isn't one"),
        ({"copies": 3, "in_degree": 1, "input_degree": 9}, "vertex 'h1': input_degree 9"),
    ],
)
def test_bad_lifts(options, said):
    with pytest.raises(GraphError, match=said):
        lift(mlp(4, 2), rng=np.random.default_rng(0), **options)


def test_bad_weights_and_boxes():
    net = lift(mlp(2, 1), 3, None, np.random.default_rng(0))
    with pytest.raises(GraphError, match="own shapes"):
        net.with_weights(net.weights[:1], net.biases)
    with pytest.raises(GraphError, match="box"):
        to_resnet(net, box=[[-1, 1]])
    with pytest.raises(GraphError, match="scale"):
        to_resnet(net, box=[[-1, 1]] * 2, scale=[1, 0])
    skip = residual(2, 1)
    with pytest.raises(GraphError, match="vertex 'z1' has 4 copies, but the skip"):
        lift(skip, {"z0": 3, "r1": 2, "z1": 4}, None, np.random.default_rng(0))
