"""Peers that are no part of the package: linear models and perceptrons of scikit-learn.

They are quantised by `tetrakis.compress.quantise` and compiled by the same compiler. Trees choose
settings on inner splits and are trained again on all training rows; networks are chosen, as they
are, on the held-out part of one inner split.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from _data import Fold, one_split
from scipy.sparse import csr_array
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor

from tetrakis.circuit import compile_network, optimise
from tetrakis.compress import prune, quantise
from tetrakis.encoding import Encoding, fit_encoding
from tetrakis.learners._baselines import baseline_path
from tetrakis.network import FixedPointResNet, ResNet
from tetrakis.network import from_layers as perceptron

LIMIT = 5000
BINS = 12


@dataclass(frozen=True)
class Point:
    """A compiled peer."""

    gates: int
    held_out_score: float
    test_score: float
    label: str


def score(y: np.ndarray, guess: np.ndarray, task: str) -> float:
    if task == "classification":
        return float(np.mean(y == guess))
    return 1.0 - float(((y - guess) ** 2).sum() / ((y - y.mean()) ** 2).sum())


def tree_points(fold: Fold, seed: int, kind: str) -> list[Point]:
    points = []
    for bits in (1,) if _boolean(fold) else (8,):
        encoding = fit_encoding(fold.X, bits=bits)
        codes, test = encoding.encode(fold.X), encoding.encode(fold.X_test)
        path = baseline_path(
            codes,
            [len(w.bits) for w in encoding.inputs],
            fold.y,
            fold.task,
            train_rows=np.arange(len(fold.y)),
            folds=fold.inner,
            seed=seed,
            max_gates=LIMIT,
            kinds=(kind,),
        )
        points += [
            Point(
                p.num_gates,
                p.held_out_score,
                score(fold.y_test, p.predict(test), fold.task),
                p.label,
            )
            for p in path
        ]
    return points


def _boolean(fold: Fold) -> bool:
    return bool(np.isin(fold.X, (0, 1)).all())


# -- networks ------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Numbers:
    """Codes and a standardised target of some training rows."""

    encoding: Encoding
    codes: np.ndarray
    y: np.ndarray
    task: str
    mean: float
    std: float

    @property
    def x(self) -> np.ndarray:
        """Inputs in network units, [0, 1)."""
        return self.codes * np.array([2.0**f.exponent for f in self.encoding.formats])

    @property
    def box(self) -> np.ndarray:
        tops = np.array([1.0 - 2.0**f.exponent for f in self.encoding.formats])
        return np.stack([np.zeros_like(tops), tops], axis=1)

    @property
    def decision(self) -> str:
        if self.task == "regression":
            return "words"
        return "sign" if self.y.max() == 1 else "argmax"

    def guess(self, fixed: FixedPointResNet, codes: np.ndarray) -> np.ndarray:
        out = fixed.evaluate_codes(codes)
        if self.decision == "argmax":
            return out.argmax(axis=1)
        if self.decision == "sign":
            return (out[:, 0] >= 0).astype(int)
        return self.mean + self.std * 2.0 ** float(fixed.output_exponent[0]) * out[:, 0]


def numbers(X: np.ndarray, y: np.ndarray, task: str, bits: int) -> Numbers:
    encoding = fit_encoding(X, bits=bits)
    mean, std = (float(y.mean()), float(y.std())) if task == "regression" else (0.0, 1.0)
    return Numbers(
        encoding, encoding.encode(X), (y - mean) / std if std != 1 else y, task, mean, std
    )


Made = Iterator[tuple[str, FixedPointResNet]]


def linear_models(data: Numbers, seed: int) -> Made:
    """Yield quantised ridge or logistic models over features kept and coarseness."""
    x, formats = data.x, data.encoding.formats
    width = x.shape[1]
    for strength in (1.0, 100.0, 1e4):
        W, _ = _linear(data, x, strength)
        rank = np.argsort(-np.abs(W * x.std(axis=0)).max(axis=0))
        for keep in sorted({min(width, k) for k in (3, 6, 12, 25, width)}):
            used = np.sort(rank[:keep])
            V, c = _linear(data, x[:, used], strength)
            full = np.zeros((len(V), width))
            full[:, used] = V
            eye = csr_array(np.eye(width))
            net = ResNet(eye, (), csr_array(full), c, data.box)
            size = float(np.abs(full).max()) or 1.0
            for delta in (0.25, 0.1, 0.03, 0.01, 0.003):
                fixed, _ = quantise(net, input_formats=formats, delta=delta * size)
                yield f"C {strength:g}, {keep} inputs, delta {delta:g}", fixed


def _linear(data: Numbers, x: np.ndarray, strength: float) -> tuple[np.ndarray, np.ndarray]:
    if data.task == "regression":
        model = Ridge(alpha=1.0 / strength).fit(x, data.y)
        return model.coef_[None], np.array([model.intercept_])
    model = LogisticRegression(C=strength, max_iter=300).fit(x, data.y)
    return model.coef_, model.intercept_


def perceptrons(data: Numbers, seed: int) -> Made:
    """Yield quantised perceptrons of one hidden layer over width, weights kept and coarseness."""
    x, formats = data.x, data.encoding.formats
    kind = MLPRegressor if data.task == "regression" else MLPClassifier
    for width in (3, 8, 16):
        model = kind(
            hidden_layer_sizes=(width,),
            alpha=1e-2,
            max_iter=150,
            learning_rate_init=0.01,
            random_state=seed,
        )
        model.fit(4.0 * x - 2.0, data.y)
        W, V = 4.0 * model.coefs_[0].T, model.coefs_[1].T
        b = model.intercepts_[0] - 0.5 * W.sum(axis=1)
        net = perceptron([W, V], [b, model.intercepts_[1]], box=data.box)
        edges = W.size + V.size
        for share in (1.0, 0.4, 0.15, 0.06):
            small = prune(net, keep=int(share * edges))
            read = small.blocks[0].read
            s = (read @ np.concatenate([x, np.zeros((len(x), read.shape[1] - x.shape[1]))], 1).T).T
            top = np.maximum(s + b, 0).max(axis=0)
            spread = float(np.abs(small.evaluate(x)).max())
            for delta, bits in ((0.05, 3), (0.02, 4), (0.005, 5)):
                fixed, _ = quantise(
                    small,
                    input_formats=formats,
                    delta=delta * spread,
                    activation_bits=bits,
                    maxima=[top],
                )
                yield f"{width} units, {share:g} of the weights, delta {delta:g}", fixed


def network_points(
    fold: Fold, seed: int, models: Callable[[Numbers, int], Made], widths: tuple[int, ...]
) -> list[Point]:
    """Score and compile the very models trained on the inner training rows.

    Pruned and coarsely rounded networks differ so much from one training to the next that a
    score of settings says little about a network trained again on all rows.
    """
    train, held = one_split(fold)
    settings = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for bits in (1,) if _boolean(fold) else widths:
            data = numbers(fold.X[train], fold.y[train], fold.task, bits)
            codes = data.encoding.encode(fold.X[held])
            for label, fixed in models(data, seed):
                found = score(fold.y[held], data.guess(fixed, codes), fold.task)
                settings.append((estimate(fixed), found, f"{bits} bits, {label}", data, fixed))
    points = []
    for _, found, label, data, fixed in _promising(settings):
        circuit = optimise(compile_network(fixed, decision=data.decision))  # type: ignore[arg-type]
        guess = data.guess(fixed, data.encoding.encode(fold.X_test))
        test = score(fold.y_test, guess, fold.task)
        points.append(Point(circuit.num_gates, found, test, label))
    return points


def _promising(settings: list) -> list:
    """Keep the best two settings of every range of estimated sizes, if worth a look."""
    edges = np.geomspace(10, 2.5 * LIMIT, BINS)
    kept: list = []
    for k, top in enumerate(edges):
        here = [s for s in settings if (edges[k - 1] if k else 0) <= s[0] < top]
        smaller = max((s[1] for s in kept if k > 1 and s[0] < edges[k - 2]), default=-np.inf)
        kept += [s for s in sorted(here, key=lambda s: (-s[1], s[0]))[:2] if s[1] > smaller]
    return kept


def estimate(fixed: FixedPointResNet) -> float:
    """Guess AND nodes from signed digits and widths of words."""
    width = np.full(fixed.read_in.shape[0], 6.0)
    inputs = np.array([f.bits for f in fixed.inputs], float)
    width[: len(inputs)] = inputs
    total = _digits(fixed.read_out) @ width
    for block in fixed.blocks:
        total = np.append(total, _digits(block.read) @ width)
        total = np.append(total, _digits(block.write) @ np.minimum(block.bits, 8))
    return 5.0 * float(np.sum(total))


def _digits(matrix: csr_array) -> csr_array:
    """Signed digits of every entry: bits that differ between 3 w and w."""
    size = np.abs(matrix.data).astype(np.int64)
    flips = (3 * size) ^ size
    count = np.array([int(f).bit_count() for f in flips], float)
    return csr_array((count, matrix.indices, matrix.indptr), shape=matrix.shape)


PEERS: dict[str, Callable[[Fold, int], list[Point]]] = {
    "decision tree": lambda fold, seed: tree_points(fold, seed, "decision tree"),
    "boosted trees": lambda fold, seed: tree_points(fold, seed, "boosted trees"),
    "linear": lambda fold, seed: network_points(fold, seed, linear_models, (1, 3, 5)),
    "quantised MLP": lambda fold, seed: network_points(fold, seed, perceptrons, (1, 3)),
}
