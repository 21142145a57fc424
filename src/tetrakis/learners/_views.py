"""Splits of the rows, and what the training sees of each under each encoding."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split

from tetrakis.datasets import Table
from tetrakis.encoding import Encoding, fit_encoding
from tetrakis.learners._problem import Problem
from tetrakis.training import View

TRIM = 0.005


@dataclass(frozen=True, eq=False)
class Split:
    """Rows to train on and rows to measure on."""

    train: np.ndarray
    held: np.ndarray


def guard_split(problem: Problem, share: float, seed: int, rows: np.ndarray | None = None) -> Split:
    """Set a share of the rows, or of some of them, aside, stratified by class if classes allow."""
    rows = np.arange(problem.table.n_rows) if rows is None else rows
    return _set_aside(problem, rows, math.ceil(share * len(rows)), seed)


def second_split(problem: Problem, guard: Split, seed: int) -> Split:
    """Set as many other rows aside as `guard` does."""
    found = _set_aside(problem, guard.train, len(guard.held), seed)
    return Split(np.sort(np.concatenate([found.train, guard.held])), found.held)


def folds(problem: Problem, n_folds: int, seed: int) -> list[Split]:
    """Make cross-validation folds, stratified by class where classes allow."""
    kind = StratifiedKFold if _can_stratify(problem, n_folds) else KFold
    maker = kind(n_folds, shuffle=True, random_state=seed)
    rows = np.zeros(problem.table.n_rows)
    return [Split(train, held) for train, held in maker.split(rows, problem.target)]


def _set_aside(problem: Problem, rows: np.ndarray, count: int, seed: int) -> Split:
    """Set so many of the rows aside."""
    room = min(count, len(rows) - count) >= len(problem.classes)
    strata = problem.target[rows] if room and _can_stratify(problem, 2, rows) else None
    train, held = train_test_split(rows, test_size=count, random_state=seed, stratify=strata)
    return Split(np.sort(train), np.sort(held))


def _can_stratify(problem: Problem, least: int, rows: np.ndarray | None = None) -> bool:
    if problem.task == "regression":
        return False
    target = problem.target if rows is None else problem.target[rows]
    return bool(np.bincount(target, minlength=len(problem.classes)).min() >= least)


@dataclass(frozen=True, eq=False)
class EncodedView:
    """A training view with the encoding that made it; `view.rows` are the rows it trains on.

    The codes stand in the words of `like`.
    """

    view: View
    encoding: Encoding
    held: np.ndarray
    like: Encoding


def encode_view(
    problem: Problem, split: Split, bits: int, impute: str | None, *, like: Encoding | None = None
) -> EncodedView:
    """Fix an encoding from the split's training rows and encode all rows of the table.

    With `like` the codes are laid out in that encoding's words; a word that the training rows
    don't support (a constant column, a category that doesn't occur) is zero.
    """
    table: Table = problem.table
    encoding = fit_encoding(
        table.take(split.train), bits=bits, impute=impute, trim=TRIM,  # type: ignore[arg-type]
        vocabulary=problem.known,
    )  # fmt: skip
    layout = encoding if like is None else like
    codes, widths = laid_out(encoding, layout, table)
    return EncodedView(View(codes, widths, split.train), encoding, split.held, layout)


def laid_out(encoding: Encoding, like: Encoding, table: Table) -> tuple[np.ndarray, np.ndarray]:
    """Encode a table and lay the codes out in the words of another encoding.

    Returns
    -------
    tuple of ndarray
        Codes (n, n_words) and bits of every word (n_words,). A word that `encoding` lacks is zero.
    """
    codes = encoding.encode(table, unknown="ignore")
    widths = np.array([len(word.bits) for word in encoding.inputs], np.int64)
    if like.inputs == encoding.inputs:
        return codes, widths
    names = [word.name for word in encoding.inputs]
    laid = np.zeros((len(codes), len(like.inputs)), np.int64)
    laid_widths = np.ones(len(like.inputs), np.int64)
    for place, word in enumerate(like.inputs):
        if word.name in names:
            laid[:, place] = codes[:, names.index(word.name)]
            laid_widths[place] = widths[names.index(word.name)]
    return laid, laid_widths
