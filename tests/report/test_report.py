"""The report: its text, its pictures, and the graph behind the drawing."""

import re
from dataclasses import replace

import matplotlib
import numpy as np
import pytest

import results
from tetrakis.measures import edge_importance
from tetrakis.network import Block, ResNet, parallel_units
from tetrakis.pipeline._claims import claims_of
from tetrakis.report import (
    diagram,
    network_figure,
    path_figure,
    report_text,
    save_figure,
    write_report,
)
from tetrakis.report._save import short

PICTURES = ["network.png", "network.svg", "path.png", "path.svg"]


def written(folder, decision="sign", fit=None):
    fit = fit or results.result(decision)
    best = fit.best
    write_report(folder, claims_of(fit), best.network, best.encoding, best.circuit)
    return fit


@pytest.mark.parametrize("decision", ["sign", "argmax", "words"])
def test_files_are_the_same_whatever_a_persons_settings(decision, tmp_path, recwarn):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    written(tmp_path / "a", decision)
    with matplotlib.rc_context({"font.size": 30, "savefig.dpi": 10, "svg.hashsalt": None}):
        written(tmp_path / "b", decision)
    assert sorted(p.name for p in (tmp_path / "a").iterdir()) == [*PICTURES[:4], "report.md"]
    for name in [*PICTURES, "report.md"]:
        data = (tmp_path / "a" / name).read_bytes()
        assert data == (tmp_path / "b" / name).read_bytes()
        assert len(data) > 1000
    assert not recwarn.list
    svg = (tmp_path / "a" / "path.svg").read_text()
    assert "dc:date" not in svg


@pytest.mark.parametrize("decision", ["sign", "argmax", "words"])
def test_text_tells_every_claim(decision, tmp_path):
    fit = written(tmp_path, decision)
    text = (tmp_path / "report.md").read_text()
    claims = claims_of(fit)
    for name in ("num_gates", "num_levels", "num_weights", "num_bits"):
        assert f"{claims[name]:,}" in text
    for expected in (
        "toy.csv", "40 rows", "seed 7", "max_gates = 900", "decision tree", "certified",
        f"{claims['epsilon_certified']:.4g}", "mean over 5 folds", "column 'x' is left out",
        "![", "`tetrakis verify DIR [DATA]`", "→ | **",
    ):  # fmt: skip
        assert expected in text
    for name in re.findall(r"\]\((.*?)\)", text):
        assert (tmp_path / name).exists()
    assert {"sign": "tells `yes`", "argmax": "largest of 3", "words": "In units of `price`"}[
        decision
    ] in text
    assert len(text.splitlines()) < 70
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert all(line.count(" | ") in (1, 3, 8) for line in table)


def test_text_lists_the_columns_that_are_read():
    fit = results.result("words")
    best = fit.best
    text = report_text(claims_of(fit), best.encoding, best.circuit, diagram(best.network))
    used = set((np.concatenate([best.circuit.fanins.ravel(), best.circuit.outputs]) >> 1).tolist())
    start = 0
    for column, bits in (("`size`", 3), ("`height $x_1$`", 3), ("`colour`", 3)):
        read = len(used & set(range(start + 1, start + bits + 1)))
        assert (f"{column} ({read} of {bits})" in text) == (read > 0)
        start += bits


def test_constant_circuit_and_no_baselines(tmp_path):
    fit = results.result("sign")
    best = fit.best
    stream = best.network.stream
    blocks = tuple(Block(0 * b.read, b.bias, b.cap, 0 * b.write) for b in best.network.blocks)
    network = ResNet(best.network.read_in, blocks, np.zeros((1, stream)), [1.0], best.network.box)
    fit = replace(
        fit,
        path=(replace(best, trained=(network, best.fixed_point)),),
        chosen=0,
        baselines=(),
        notes=(),
        options={},
    )
    assert diagram(network).total == 0
    written(tmp_path, fit=fit)
    text = (tmp_path / "report.md").read_text()
    assert "decision tree" not in text
    assert "## Notes" not in text


def test_diagram_of_parallel_units():
    net = parallel_units(
        [[2.0, 0.0], [1.0, -3.0]], [0.5, 0.0], [[4.0, -1.0]], [0.0], box=[[-1.0, 1.0]] * 2
    )
    graph = diagram(net)
    assert graph.columns == (
        (("input", 0), ("input", 1)), (("unit", 0), ("unit", 1)), (("output", 0),)
    )  # fmt: skip
    assert {(e.source, e.target): e.weight for e in graph.edges} == {
        (("input", 0), ("unit", 0)): 2.0, (("input", 0), ("unit", 1)): 1.0,
        (("input", 1), ("unit", 1)): -3.0, (("unit", 0), ("output", 0)): 4.0,
        (("unit", 1), ("output", 0)): -1.0,
    }  # fmt: skip
    prices = edge_importance(net).blocks[0]
    expected = sorted([*prices.read.data, *prices.write.data])
    assert [e.importance for e in graph.edges] == pytest.approx(expected)


def test_diagram_leaves_out_relays_dead_nodes_and_small_edges():
    read = np.array([[1.0, 0, 0, 0], [1, 1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]])
    write = np.zeros((4, 4))
    write[3] = [0.5, 2.0, 0.0, 0.001]
    block = Block(read, [0.0, -1, 3, -0.1], [np.inf, 5, 5, 5], write)
    box = [[0.0, 1.0]] * 3
    net = ResNet(np.eye(4, 3), (block,), [[0, 0, 0, 1.0]], [0.0], box)
    graph = diagram(net)
    ends = {(e.source, e.target) for e in graph.edges}
    assert (("input", 0), ("output", 0)) in ends  # unit 0 hands input 0 on
    assert not any(("unit", k) in pair for pair in ends for k in (0, 2))
    assert graph.total == 6
    few = diagram(net, max_edges=4)
    assert few.total == 6
    assert len(few.edges) == 4
    assert ("input", 2) not in few.columns[0]


def texts_overlap(figure):
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    hidden = [  # ticks beyond the axis aren't drawn
        label
        for axes in figure.axes
        if axes.axison
        for label in axes.get_yticklabels()
        if not axes.get_ylim()[0] <= label.get_position()[1] <= axes.get_ylim()[1]
    ]
    boxes = [
        item.get_window_extent(renderer)
        for item in figure.findobj(matplotlib.text.Text)
        if item.get_visible() and item.get_text().strip() and item not in hidden
    ]
    inside = all(
        b.x0 >= -1 and b.y0 >= -1 and b.x1 <= figure.bbox.x1 + 1 and b.y1 <= figure.bbox.y1 + 1
        for b in boxes
    )
    pairs = [(a, b) for i, a in enumerate(boxes) for b in boxes[:i] if a.overlaps(b)]
    return bool(pairs), inside


@pytest.mark.parametrize(("inputs", "width", "outputs"), [(2, 1, 1), (12, 16, 3), (64, 24, 10)])
def test_labels_of_the_network_dont_overlap(inputs, width, outputs):
    rng = np.random.default_rng(0)
    net = parallel_units(
        rng.normal(size=(width, inputs)), rng.normal(size=width), rng.normal(size=(outputs, width)),
        np.zeros(outputs), box=[[0.0, 1.0]] * inputs,
    )  # fmt: skip
    graph = diagram(net)
    assert len(graph.edges) <= 200
    names = [f"a column with quite a long name, number {k}" for k in range(inputs)]
    figure = network_figure(
        graph, input_names=names, output_names=[f"class {k}" for k in range(outputs)]
    )
    assert texts_overlap(figure) == (False, True)


@pytest.mark.parametrize("sizes", [[0], [1, 2, 3], [40, 300, 5000], [90, 100, 110], [3, 200_000]])
def test_labels_of_the_path_dont_overlap(sizes):
    rows = [{"score": 0.9 + k / 100, "num_gates": n, "chosen": k == 0} for k, n in enumerate(sizes)]
    baselines = [
        {"name": f"model {n % 5} with quite a long name, {n}", "score": 0.5, "num_gates": n}
        for n in range(1, 40)
    ]
    for others in ([], baselines):
        figure = path_figure(rows, others, score_name="R2")
        assert texts_overlap(figure) == (False, True)


def test_odd_names_are_drawn_and_quoted(tmp_path, recwarn):
    figure = path_figure(
        [{"score": 0.5, "num_gates": 3, "chosen": True}],
        [{"name": "$\\frac{a$ 漢字 _x\n", "score": None, "num_gates": 2}], score_name="accuracy",
    )  # fmt: skip
    save_figure(figure, tmp_path / "path")
    assert not recwarn.list
    assert short("a\tb\nc") == "a b c"
    assert len(short("x" * 80)) == 30
