from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given

from strategies import points, resnets
from tetrakis.compress import prune, random_prune, sweep
from tetrakis.errors import BudgetError
from tetrakis.measures import edge_importance, num_weights, resnet_norm
from tetrakis.network import Block, ResNet, dense, parallel_units


def scores_of(net, *, biases=False):
    found = []
    for block in edge_importance(net).blocks:
        found += [block.read.data, block.write.data] + [block.bias] * biases
    return np.concatenate([*found, np.zeros(0)])


@given(resnets())
def test_prune_keeps_the_most_important_weights(net):
    scores = np.sort(scores_of(net))[::-1]
    for keep in (0, len(scores) // 2, len(scores) + 5):
        small = prune(net, keep=keep)
        count = sum(b.read.nnz + b.write.nnz for b in small.blocks)
        assert count == min(keep, len(scores))
        # What is left, scored in the network it came from, is the top of the ranking.
        kept = [
            np.asarray(s.toarray()[b.toarray() != 0])
            for old, new in zip(edge_importance(net).blocks, small.blocks, strict=True)
            for s, b in ((old.read, new.read), (old.write, new.write))
        ]
        kept = np.concatenate([*kept, np.zeros(0)])
        assert kept.sum() == scores[:keep].sum()
    assert (prune(net, keep=len(scores)).evaluate(points(net)) == net.evaluate(points(net))).all()


def test_prune_can_count_biases():
    net = parallel_units(np.eye(2), [8.0, 0.125], [[1.0, 1.0]], [0.0], box=[[0, 1]] * 2)
    assert prune(net, keep=2, biases=True).blocks[0].bias.tolist() == [8.0, 0.0]
    assert prune(net, keep=2).blocks[0].bias.tolist() == [8.0, 0.125]
    with pytest.raises(BudgetError, match="keep"):
        prune(net, keep=-1)


def test_random_pruning_keeps_the_mean_and_the_number():
    net = dense([4, 30, 2], box=[[-1.0, 1.0]] * 4, rng=np.random.default_rng(0))
    rng = np.random.default_rng(1)
    drawn = [random_prune(net, 60, rng) for _ in range(1000)]
    counts = [num_weights(d) + np.count_nonzero(d.offset) for d in drawn]
    assert 40 < np.mean(counts) < 61
    mean = sum(d.blocks[0].read.toarray() for d in drawn) / len(drawn)
    error = np.abs(mean - net.blocks[0].read.toarray()).mean()
    assert error < 0.1 * np.abs(net.blocks[0].read.toarray()).mean()


def test_random_pruning_falls_like_one_over_root_n():
    rng = np.random.default_rng(0)
    base = dense([1000, 8, 1], box=[[-1.0, 1.0]] * 1000, rng=rng)
    X = rng.uniform(-1, 1, (50, 1000))
    y, numbers = base.evaluate(X), 2.0 ** np.arange(7, 11)
    errors = [
        np.mean([np.abs(random_prune(base, n, rng).evaluate(X) - y).max() for _ in range(40)])
        for n in numbers
    ]
    slope = np.polyfit(np.log(numbers), np.log(errors), 1)[0]
    assert abs(slope + 0.5) < 0.1
    assert errors[-1] < resnet_norm(base) / np.sqrt(numbers[-1])


@given(resnets())
def test_sweep_changes_no_value_on_the_box(net):
    """The numbers are short binary fractions, so even folded constants are exact."""
    X = points(net)
    for compact in (True, False):
        small = sweep(net, compact=compact)
        assert (small.evaluate(X) == net.evaluate(X)).all()
        assert num_weights(small) <= num_weights(net)
        assert resnet_norm(small) <= resnet_norm(net) * (1 + 1e-9) or num_weights(small) == 0
        again = sweep(small, compact=compact)
        assert num_weights(again) == num_weights(small)
    assert sweep(net).stream <= net.stream and small.stream == net.stream


def test_sweep_removes_every_kind_of_dead_unit():
    read = [[1.0, 0], [0, 0], [1, 0], [-1, 0], [1, 0], [0, 1]]
    bias = [0.0, 2.0, 0.0, -0.5, 4.0, 1.0]
    cap = [np.inf, np.inf, np.inf, np.inf, 3.0, np.inf]
    #          live  constant  no write  never on  saturated  reads zero
    write = [[0.0] * 6, [0.0] * 6, [1.0, 1.0, 0.0, 1.0, 1.0, 1.0]]
    first = Block(np.hstack([read, np.zeros((6, 1))]), bias, cap, write)
    second = Block([[0, 0, 1.0]], [0.0], np.inf, [[0], [1.0], [0]])
    net = ResNet([[1.0], [0], [0]], (first, second), [[0, 1.0, 0]], [0.5], [[0.0, 1.0]])
    small = sweep(net)
    assert [b.width for b in small.blocks] == [1, 1]
    assert small.blocks[1].bias.tolist() == [2.0 + 3.0 + 1.0]
    X = np.linspace(0, 1, 9)[:, None]
    assert (small.evaluate(X) == net.evaluate(X)).all()
    unused = dataclasses.replace(net, read_out=np.zeros((1, 3)))
    assert sweep(unused).blocks == () and sweep(unused).stream == 0
    assert sweep(unused).evaluate(X).ravel().tolist() == [0.5] * 9
