"""Table networks trained on encoded rows, with boosted trees as one of the starts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tetrakis.circuit import Aig, compile_network
from tetrakis.learners._baselines_models import Decision, FloatTree, IntArray, decided
from tetrakis.learners._baselines_trees import boosted_trees
from tetrakis.network import FixedPointFormat, FixedPointResNet
from tetrakis.training import (
    Candidates,
    TableLayers,
    TablePlan,
    TrainedTables,
    candidates_of,
    to_table_network,
    train_tables,
)
from tetrakis.training._plan import Loss

Progress = Callable[[float], None]
LOSSES: dict[str, Loss] = {"words": "squared", "sign": "logistic", "argmax": "softmax"}


@dataclass(frozen=True)
class TableSettings:
    """Settings of a table network.

    Parameters
    ----------
    units : int
        Tables to begin with; the penalty empties some.
    pins, bits : int
        Wires of a table, and bits of its entries.
    hidden : tuple of int
        Units of layers that emit one bit each, for data that are logic.
    penalties : tuple of float
        Weights of the group lasso on pins; one network is trained for each.
    grid_bits : int
        A word's thresholds are the multiples of ``2**(bits of the word − grid_bits)``.
    steps, batch : int
    boosted : bool
        Whether the networks start from boosted trees of depth 2 instead of at random.
    candidates : int, optional
        Thresholds that a wire chooses among, drawn at random; all of them if left out.
    """

    units: int = 40
    pins: int = 4
    bits: int = 4
    hidden: tuple[int, ...] = ()
    penalties: tuple[float, ...] = (0.001,)
    grid_bits: int = 4
    steps: int = 2000
    batch: int = 512
    boosted: bool = False
    candidates: int | None = None


@dataclass(frozen=True, eq=False)
class TableNet:
    """A trained table network and how a prediction is read from it.

    Parameters
    ----------
    network : FixedPointResNet
    decision : {"words", "sign", "argmax"}
    penalty : float
    loss : float
        On the held rows, else on the training rows.
    mean, step : float
        For ``"words"``: prediction = mean + step · integer.
    words : ndarray of int64, optional
        The words that are inputs of the network: those that have bits.
    """

    network: FixedPointResNet
    decision: Decision
    penalty: float
    loss: float
    mean: float = 0.0
    step: float = 1.0
    words: IntArray | None = None

    def predict(self, codes: IntArray) -> NDArray:
        """Return class indices, or values in units of the target."""
        own = codes if self.words is None else codes[:, self.words]
        sums = self.network.evaluate_codes(own)
        return decided(sums, self.decision, self.mean, self.step)

    def circuit(self, bits: Sequence[int] = ()) -> Aig:
        """Compile, not optimised; `bits` of the input words are the network's own."""
        decision = self.decision
        assert decision != "index"
        return compile_network(self.network, decision=decision)


def fit_tables(
    codes: IntArray,
    widths: IntArray,
    y: NDArray,
    task: str,
    settings: TableSettings,
    *,
    n_classes: int = 0,
    seed: int = 0,
    held: NDArray[np.bool_] | None = None,
    progress: Progress | None = None,
) -> list[TableNet]:
    """Train one table network for each penalty.

    Parameters
    ----------
    codes : ndarray of int64, shape (n, n_words)
    widths : ndarray of int64, shape (n_words,)
        Bits of every word.
    y : ndarray, shape (n,)
        Class indices 0 to `n_classes` − 1, or values.
    task : {"classification", "regression"}
    held : ndarray of bool, shape (n,), optional
        Rows that are not trained on but decide when to stop.
    """
    words = np.flatnonzero(np.asarray(widths) > 0)
    if len(words) < codes.shape[1]:
        nets = fit_tables(
            codes[:, words], np.asarray(widths)[words], y, task, settings, n_classes=n_classes,
            seed=seed, held=held, progress=progress,
        )  # fmt: skip
        return [replace(net, words=words) for net in nets]
    own = np.ones(len(codes), bool) if held is None else ~held
    decision: Decision = "words"
    mean, scale = 0.0, 1.0
    if task == "classification":
        decision = "sign" if n_classes <= 2 else "argmax"
        target = np.asarray(y, np.float64)
    else:
        mean, scale = float(np.mean(y[own])), float(np.std(y[own])) or 1.0
        target = (y - mean) / scale
    outputs = n_classes if decision == "argmax" else 1
    plan = TablePlan(
        LOSSES[decision], outputs, settings.units, settings.hidden, settings.pins,
        settings.bits, settings.steps, settings.batch, candidates=settings.candidates,
    )  # fmt: skip
    candidates = candidates_of(codes[own], widths, grid_bits=settings.grid_bits)
    formats = tuple(FixedPointFormat(int(b), 0) for b in widths)
    if not len(candidates.word):
        return [_constant(formats, decision, target[own], outputs, mean, p)
                for p in settings.penalties]  # fmt: skip
    starts: list[TableLayers | None] = []
    if settings.boosted and not settings.hidden:
        starts = [_from_boosted(codes[own], target[own], task, candidates, widths, plan, settings,
                                seed)] * len(settings.penalties)  # fmt: skip
    found = train_tables(
        candidates.evaluate(codes), target, plan, penalties=settings.penalties, seed=seed,
        held=held, starts=starts, progress=progress,
    )  # fmt: skip
    return [_net(t, candidates, formats, decision, mean, scale) for t in found]


def _net(
    trained: TrainedTables, candidates: Candidates, formats: tuple[FixedPointFormat, ...],
    decision: Decision, mean: float, scale: float,
) -> TableNet:  # fmt: skip
    network = to_table_network(trained.layers, candidates, formats)
    step = scale * trained.layers.step if decision == "words" else 1.0
    return TableNet(network, decision, trained.penalty, trained.loss, mean, step)


def _constant(
    formats: tuple[FixedPointFormat, ...], decision: Decision, target: NDArray, outputs: int,
    mean: float, penalty: float,
) -> TableNet:  # fmt: skip
    """Return the network of no table, where every input is constant."""
    bias = np.zeros(outputs, np.int64)
    if decision == "sign":
        bias[0] = 0 if target.mean() >= 0.5 else -1
    elif decision == "argmax":
        bias = np.bincount(target.astype(np.int64), minlength=outputs)
    none = np.zeros(0, np.int64)
    layers = TableLayers((none.reshape(0, 1),), (none.reshape(0, 2),), bias, 1.0)
    network = to_table_network(layers, Candidates(none, none), formats)
    return TableNet(network, decision, penalty, float("nan"), mean, 1.0)


def _from_boosted(
    codes: IntArray, target: NDArray, task: str, candidates: Candidates, widths: IntArray,
    plan: TablePlan, settings: TableSettings, seed: int,
) -> TableLayers | None:  # fmt: skip
    """Boost trees of depth 2 (1 for fewer than three pins) on the grid, one tree a table.

    None where a class is missing.
    """
    labels = target.astype(np.int64) if task == "classification" else target
    n_classes = max(2, plan.n_outputs)
    if task == "classification" and len(np.unique(labels)) < n_classes:
        return None
    shift = np.maximum(widths - settings.grid_bits, 0)
    series = boosted_trees(
        codes, labels, task, shift, depth=2 if plan.pins >= 3 else 1, rate=0.3,
        rounds=max(1, plan.units // plan.n_outputs), seed=seed,
    )  # fmt: skip
    step = series.step(plan.bits)
    places = {pair: i for i, pair in enumerate(
        zip(candidates.word.tolist(), candidates.threshold.tolist(), strict=True))}  # fmt: skip
    nearest = _Nearest(candidates, codes, places)
    rng = np.random.default_rng(seed)
    wires = rng.integers(0, len(candidates.word), (plan.units, plan.pins))
    tables = np.zeros((plan.units, 2**plan.pins))
    bias = np.asarray(series.base, np.float64) / step
    made = [(k, tree) for trees in series.rounds for k, tree in enumerate(trees)]
    for u, (k, tree) in enumerate(made[: plan.units]):
        tests, table = _as_table(tree, plan.pins)
        wires[u, : len(tests)] = [nearest.place(*test) for test in tests]
        middle = (table.max() + table.min()) / 2
        tables[u] = (table - middle) / step
        bias[k] += middle / step
    return TableLayers((wires,), (tables,), bias, step)


class _Nearest:
    """Finds the candidate that stands for a test."""

    def __init__(
        self, candidates: Candidates, codes: IntArray, places: dict[tuple[int, int], int]
    ) -> None:
        self.candidates, self.codes, self.places = candidates, codes, places

    def place(self, word: int, threshold: int) -> int:
        """Return the candidate that agrees with ``code[word] >= threshold`` on most rows."""
        found = self.places.get((word, threshold))
        if found is None:
            own = np.flatnonzero(self.candidates.word == word)
            if not len(own):
                return 0
            column = self.codes[:, word]
            above = np.array([(column >= t).sum() for t in self.candidates.threshold[own]])
            found = int(own[np.abs(above - (column >= threshold).sum()).argmin()])
            self.places[word, threshold] = found
        return found


def _as_table(tree: FloatTree, pins: int) -> tuple[list[tuple[int, int]], NDArray]:
    """Return the distinct tests of a small tree and its value at every place."""
    inner = tree.left >= 0
    pairs = zip(tree.feature[inner].tolist(), tree.threshold[inner].tolist(), strict=True)
    tests = list(dict.fromkeys(pairs))
    places = np.arange(1 << pins)
    node = np.zeros(len(places), np.int64)
    for _ in range(len(tests)):
        bit = np.zeros(len(places), bool)
        for i, (word, threshold) in enumerate(tests):
            here = inner[node] & (tree.feature[node] == word) & (tree.threshold[node] == threshold)
            bit = np.where(here, places >> i & 1 == 1, bit)
        node = np.where(inner[node], np.where(bit, tree.right[node], tree.left[node]), node)
    return tests, tree.value[node]
