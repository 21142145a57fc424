"""The convex learner: globally optimal two-layer networks along a path of penalties, compiled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np
from joblib import Parallel, delayed

from tetrakis.compress import quantise
from tetrakis.convex import ReLUSolution, alpha_max, network_of, solve_relu
from tetrakis.encoding import Encoding
from tetrakis.errors import NetworkError
from tetrakis.learners._problem import Problem
from tetrakis.learners._views import EncodedView, Split, encode_view
from tetrakis.network import FixedPointResNet, ResNet, common_exponent

Progress = Callable[[str, float], None]
#: Bits of numeric inputs, alphas as shares of alpha_max, and the output error that the rounding
#: of one weight may cause, as shares of the outputs' standard deviation.
BITS = (3, 5)
SHARES = (0.3, 0.1, 0.03, 0.01, 0.003)
DELTAS = (1.0, 0.3, 0.1, 0.03)
QUICK, LONG = 0.25, 2.0
_TOL, _ROUNDS = 1e-3, 20
LOSSES = {"words": "squared", "sign": "logistic", "argmax": "logistic"}


@dataclass(frozen=True, order=True)
class ConvexSettings:
    """Bits of numeric inputs, alpha, and the share of output that one weight's rounding costs."""

    bits: int
    alpha: float
    delta: float

    @property
    def label(self) -> str:
        """In words."""
        return f"convex relu, inputs {self.bits}-bit, δ={self.delta:.3g}, α={self.alpha:.3g}"


@dataclass(frozen=True, eq=False)
class ConvexTrial:
    """A network at some settings on some rows, with its scores."""

    settings: ConvexSettings
    where: EncodedView
    network: ResNet
    fixed: FixedPointResNet
    train_score: float
    held_score: float


def rows_of(codes: np.ndarray, bits: Any) -> np.ndarray:
    """Return what a network reads for codes, and a constant 1 as the last column."""
    return np.concatenate([np.ldexp(codes.astype(np.float64), -np.asarray(bits, np.int64)),
                           np.ones((len(codes), 1))], axis=1)  # fmt: skip


def targets_of(values: np.ndarray, n_outputs: int, decision: str) -> np.ndarray:
    """Return targets (n, n_outputs) of class indices or standardised values, as losses want."""
    if decision == "argmax":
        return np.eye(n_outputs)[values.astype(np.int64)]
    column = values[:, None].astype(np.float64)
    return 2.0 * column - 1.0 if decision == "sign" else column


def convex_trials(
    problem: Problem,
    splits: Sequence[Split],
    whole: Split,
    *,
    impute: str | None,
    effort: float,
    jobs: int,
    report: Progress,
) -> list[list[ConvexTrial]]:
    """Solve the programs on every split, the rows of the final networks last.

    Returns
    -------
    list of list of ConvexTrial
        For every split and then for `whole`, unless that is the only split; all settings are
        there in all of them.
    """
    shares = SHARES[1::2] if effort < QUICK else SHARES if effort >= LONG else SHARES[:4]
    likes = {b: encode_view(problem, whole, b, impute) for b in BITS}
    alphas = {b: _alpha_max(problem, view) * np.array(shares) for b, view in likes.items()}
    parts = [whole] if len(splits) == 1 and splits[0] is whole else [*splits, whole]
    todo = [(part, b) for part in parts for b in BITS]
    done = 0

    def run(part: Split, bits: int) -> list[ConvexTrial]:
        nonlocal done
        like: Encoding = likes[bits].encoding
        view = encode_view(problem, part, bits, impute, like=like)
        found = _trials(problem, view, bits, alphas[bits])
        done += 1
        report("solving convex programs", done / len(todo))
        return found

    made = Parallel(n_jobs=jobs, prefer="threads")(delayed(run)(*item) for item in todo)
    n = len(BITS)
    groups = [list(chain(*made[k * n : (k + 1) * n])) for k in range(len(parts))]
    common = set.intersection(*({t.settings for t in group} for group in groups))
    return [[t for t in group if t.settings in common] for group in groups]


def _targets(problem: Problem, rows: np.ndarray) -> np.ndarray:
    return targets_of(problem.standardised[rows], problem.n_outputs, problem.decision)


def _alpha_max(problem: Problem, view: EncodedView) -> float:
    rows = view.view.rows
    X = rows_of(view.view.codes[rows], view.view.bits)
    return alpha_max(X, _targets(problem, rows), loss=LOSSES[problem.decision])


def _trials(
    problem: Problem, view: EncodedView, bits: int, alphas: np.ndarray
) -> list[ConvexTrial]:
    """Follow the path of optima for falling alpha, and quantise each to several precisions."""
    rows, widths = view.view.rows, np.asarray(view.view.bits, np.int64)
    X, Y = rows_of(view.view.codes[rows], widths), _targets(problem, rows)
    box = np.stack([np.zeros(len(widths)), 1.0 - np.exp2(-widths.astype(np.float64))], axis=1)
    start: ReLUSolution | None = None
    found = []
    for alpha in np.sort(alphas)[::-1]:
        start = solve_relu(
            X, Y, float(alpha), loss=LOSSES[problem.decision], tol=_TOL, max_iter=_ROUNDS,
            start=start,
        )  # fmt: skip
        network = network_of(start.V, start.A, box=box, intercept=True)
        scale = float(np.std(network.evaluate(X[:, :-1]))) or 1.0
        for delta in DELTAS:
            settings = ConvexSettings(bits, float(alpha), delta)
            fixed = _quantised(network, view, delta * scale, problem.decision)
            if fixed is not None:
                scores = [
                    problem.score(fixed, view.view.codes, part) if len(part) else float("nan")
                    for part in (rows, view.held)
                ]
                found.append(ConvexTrial(settings, view, network, fixed, *scores))
    return found


def _quantised(
    network: ResNet, view: EncodedView, delta: float, decision: str
) -> FixedPointResNet | None:
    """Round to integers whose outputs share an exponent; None where they don't fit 62 bits."""
    formats = view.like.formats
    widths = np.array([f.bits for f in formats])
    if (widths != np.asarray(view.view.bits)).any():  # words that the rows don't support
        formats = tuple(
            replace(f, bits=int(b), exponent=-int(b))
            for f, b in zip(formats, view.view.bits, strict=True)
        )
    continuous = np.array([f.bits > 1 for f in formats], bool)
    try:
        fixed, _ = quantise(network, input_formats=formats, delta=delta, continuous=continuous)
        return common_exponent(fixed) if decision == "argmax" else fixed
    except NetworkError:
        return None
