"""Fewer weights: by rank, at random, and without any change of the function."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.sparse import csr_array

from tetrakis.errors import BudgetError
from tetrakis.measures import edge_importance, resnet_norm
from tetrakis.network import Block, ResNet
from tetrakis.network._arrays import with_data


def prune(network: ResNet, *, keep: int, biases: bool = False) -> ResNet:
    """Keep the `keep` block weights of largest |w|·ā·L̄; the others become zero.

    Shapes stay; `sweep` removes what is dead afterwards. Ties keep the earlier weight.

    Parameters
    ----------
    network : ResNet
    keep : int
    biases : bool
        Rank and count biases too; otherwise all of them stay.
    """
    if keep < 0:
        raise BudgetError(f"keep: expected a number of weights >= 0, got {keep}.")
    importance = edge_importance(network)
    parts = []
    for block in importance.blocks:
        parts += [block.read.data, block.write.data]
        if biases:
            parts.append(block.bias)
    scores = np.concatenate([*parts, np.zeros(0)])
    kept = np.zeros(len(scores), bool)
    kept[np.argsort(-scores, kind="stable")[:keep]] = True
    masks = iter(np.split(kept, np.cumsum([len(p) for p in parts])))

    def masked(block: Block) -> Block:
        read = with_data(block.read, block.read.data * next(masks))
        write = with_data(block.write, block.write.data * next(masks))
        return Block(read, block.bias * next(masks) if biases else block.bias, block.cap, write)

    return _rebuilt(network, masked, network.offset)


def random_prune(network: ResNet, expected: float, rng: np.random.Generator) -> ResNet:
    """Keep every parameter with probability q = min(1, N |w| ā L̄ / R), divided by q.

    At most N = `expected` parameters stay on average, the mean of every weight is unchanged,
    and the output error falls like R/√N.

    References
    ----------
    THEORY section 3 (ours).
    """
    total = resnet_norm(network)
    importance = edge_importance(network)

    def drawn(values: np.ndarray, scores: np.ndarray) -> np.ndarray:
        chance = np.minimum(1.0, expected * scores / total) if total > 0 else 0.0 * scores
        kept = rng.random(len(values)) < chance
        return np.where(kept, values / np.where(kept, chance, 1.0), 0.0)

    parts = iter(importance.blocks)

    def sampled(block: Block) -> Block:
        scores = next(parts)
        read = with_data(block.read, drawn(block.read.data, scores.read.data))
        bias = drawn(block.bias, scores.bias)
        write = with_data(block.write, drawn(block.write.data, scores.write.data))
        return Block(read, bias, block.cap, write)

    return _rebuilt(network, sampled, lambda: drawn(network.offset, importance.offset))


def _rebuilt(
    network: ResNet, change: Callable[[Block], Block], offset: np.ndarray | Callable[[], np.ndarray]
) -> ResNet:
    blocks = tuple(change(block) for block in network.blocks)
    last = offset() if callable(offset) else offset
    return ResNet(network.read_in, blocks, network.read_out, last, network.box)


def rows_used(matrix: csr_array) -> np.ndarray:
    """Tell which rows have an entry."""
    return np.diff(matrix.indptr) > 0


def columns_used(matrix: csr_array) -> np.ndarray:
    """Tell which columns have an entry."""
    used = np.zeros(matrix.shape[1], bool)
    used[matrix.indices] = True
    return used
