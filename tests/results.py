"""Small fit results from hand-made networks: no training, every part real."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tetrakis.circuit import compile_network, optimise
from tetrakis.datasets import Column, Table
from tetrakis.encoding import Output, fit_encoding
from tetrakis.learners import Candidate
from tetrakis.network import Block, FixedPointBlock, FixedPointResNet, ResNet
from tetrakis.pipeline import Baseline, FitResult, data_record
from tetrakis.pipeline._data import run_circuit, score
from tetrakis.pipeline._folder import named
from tetrakis.pipeline._occam import occam_claim

CLASSES = {"sign": ("no", "yes"), "argmax": ("low", "mid", "high"), "words": ()}
COLOURS = ("red", "green", "blue | *odd*")


def table(decision, *, rows=40, seed=0, source="toy.csv"):
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2, 3, (rows, 2))
    colour = rng.integers(0, 3, rows)
    hidden = X[:, 0] - 0.5 * X[:, 1] + 0.4 * colour
    columns = (
        Column("size", X[:, 0]),
        Column("height $x_1$", X[:, 1]),
        Column("colour", colour, COLOURS),
    )
    if decision == "words":
        target = Column("price", 100 + 10 * hidden)
    else:
        k = len(CLASSES[decision])
        codes = np.clip(np.floor((hidden + 2) / 6 * k), 0, k - 1).astype(np.int64)
        target = Column("answer", codes, CLASSES[decision])
    return Table(columns, target, source, rows)


def fixed_point(formats, n_outputs, seed=0, width=5):
    """Two blocks; the stream is [inputs | the first block's relus | outputs]."""
    rng = np.random.default_rng(seed)
    n = len(formats)
    stream = n + width + n_outputs
    exponent = np.array([*(f.exponent for f in formats), *[-3] * (width + n_outputs)])

    def draw(shape, share):
        return rng.integers(-3, 4, shape) * (rng.random(shape) < share)

    read, write = np.zeros((width, stream), np.int64), np.zeros((stream, width), np.int64)
    read[:, :n] = draw((width, n), 0.7)
    write[n : n + width] = np.eye(width, dtype=np.int64)
    bits = np.array([1, 2, 3, 62, 3][:width])
    first = FixedPointBlock(read, draw(width, 1), np.ones(width, np.int64), bits, write, -3)
    read, write = np.zeros((width, stream), np.int64), np.zeros((stream, width), np.int64)
    read[:, : n + width] = draw((width, n + width), 0.4)
    write[n + width :] = draw((n_outputs, width), 0.8)
    second = FixedPointBlock(read, draw(width, 1), np.zeros(width, np.int64), bits, write, -3)
    read_out = np.zeros((n_outputs, stream), np.int64)
    read_out[np.arange(n_outputs), n + width + np.arange(n_outputs)] = 1
    return FixedPointResNet(
        formats, np.eye(stream, n, dtype=np.int64), (first, second), read_out,
        draw(n_outputs, 1), exponent, -3,
    )  # fmt: skip


def near(fixed, amount=0.01):
    """A float network whose weights differ a little from those of `fixed`."""
    net = fixed.to_resnet()
    blocks = tuple(
        Block(b.read * (1 + amount), b.bias - amount, b.cap, b.write * (1 - amount))
        for b in net.blocks
    )
    return ResNet(net.read_in, blocks, net.read_out, net.offset + amount, net.box)


def candidate(decision, data, held_out_score, *, bits=3, seed=0):
    encoding = fit_encoding(data, bits=bits)
    n_outputs = 3 if decision == "argmax" else 1
    fixed = fixed_point(encoding.formats, n_outputs, seed)
    circuit = optimise(compile_network(fixed, decision=decision))
    task = "regression" if decision == "words" else "classification"
    scale = {"offset": 98.5, "scale": 0.75} if decision == "words" else {}
    classes = CLASSES[decision]
    output = Output(data.target.name, task, decision, circuit.num_pos, classes, **scale)
    encoding = encoding.with_output(output)
    circuit = named(circuit, encoding)
    trained = score(data.target, run_circuit(circuit, encoding, data), task=task)
    return Candidate(
        circuit, encoding, trained, held_out_score, "settings", f"seed {seed}",
        trained=(near(fixed), fixed),
    )  # fmt: skip


def simplified(point):
    """The same circuit as one that was simplified: its networks are its own."""
    return replace(point, start="tree", trained=None)


def result(decision="sign", *, bits=3, guard=None, test=None, own=False):
    """A fit of two points, the second one chosen; `guard` rows give its held-out score."""
    data = table(decision)
    task = "regression" if decision == "words" else "classification"
    points = [candidate(decision, data, 0.25 + k / 10, bits=bits, seed=k) for k in (0, 2)]
    if own:
        points[1] = simplified(points[1])
    best = points[1]
    test_score = None
    if test is not None:
        test_score = score(test.target, run_circuit(best.circuit, best.encoding, test), task=task)
    if guard is not None:
        split = {
            "train": data.take(np.setdiff1d(np.arange(data.n_rows), guard)),
            "held": data.take(guard),
        }
        scores = {
            k: score(t.target, run_circuit(best.circuit, best.encoding, t), task=task)
            for k, t in split.items()
        }
        points[1] = Candidate(
            best.circuit, best.encoding, scores["train"], scores["held"], "circuit", best.label,
            trained=best.trained,
        )  # fmt: skip
    occam = None
    if task == "classification":
        learnt = data if guard is None else data.take(np.setdiff1d(np.arange(data.n_rows), guard))
        occam = occam_claim(best.circuit, best.encoding, learnt)
    return FitResult(
        task, data.target.name, "R2" if decision == "words" else "accuracy", tuple(points), 1,
        "mean over 5 folds", "the best", (Baseline("decision tree", points[0].circuit, 0.2),),
        test_score, data.source, data.n_rows, 7, {"max_gates": np.int64(900), "tolerance": None},
        ("column 'x' is left out: it is 1 in every row",),
        train_data=data_record(data),
        test_data=None if test is None else data_record(test),
        guard_rows=None if guard is None else tuple(guard),
        occam=occam,
    )  # fmt: skip
