"""A strong model that labels more rows than there are, so that circuits don't learn the noise.

References
----------
Stacking by nonnegative least squares: L. Breiman, Stacked regressions, Machine Learning 24, 1996.
Labelling resampled rows by a stronger model: C. Bucilă, R. Caruana, A. Niculescu-Mizil, Model
compression, KDD 2006; measured here in the project's study of simplification.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls
from threadpoolctl import threadpool_limits

from tetrakis.datasets import Column, Table
from tetrakis.encoding import fit_encoding
from tetrakis.learners._problem import Problem
from tetrakis.learners._views import TRIM

Floats = NDArray[np.float64]
Teacher = Callable[[NDArray], Floats]
FOLDS = 3
#: Rows from which on only boosted trees teach, and up to which a kernel machine does too.
MANY_ROWS, KERNEL_ROWS = 8000, 3000
BITS = 8
#: Resampled rows: so many for each true one, but at least and at most so many.
RESAMPLED, LEAST, MOST = 10, 4000, 20_000
AUDITED = 4000
AUDIT_SEED = 7919
#: Share of a resampled row's entries that come from other rows, and how many of these are near.
SHARE, NEAR = 0.5, 10
CONFIDENCE = 4


def fit_teacher(codes: NDArray, y: NDArray, task: str, n_classes: int, seed: int) -> Teacher:
    """Stack a few scikit-learn models on rows of codes.

    Parameters
    ----------
    codes : ndarray of int, shape (n, n_words)
    y : ndarray, shape (n,)
        Class indices or values.
    task : {"classification", "regression"}
    n_classes : int
        Columns of the teacher's output for classification.
    seed : int

    Returns
    -------
    callable
        From codes (n, n_words) to class probabilities (n, n_classes), or values (n, 1).
    """
    X = codes.astype(np.float64)
    models = _models(task, y, seed)
    wanted = np.eye(n_classes)[y] if task == "classification" else y[:, None].astype(np.float64)
    present = np.unique(y) if task == "classification" else None
    with threadpool_limits(1, user_api="openmp"):
        weights = _stacked(models, X, y, wanted, present, seed)
        kept = [(m.fit(X, y), w) for m, w in zip(models, weights, strict=True) if w > 0]

    def teach(rows: NDArray) -> Floats:
        with threadpool_limits(1, user_api="openmp"):
            Z = rows.astype(np.float64)
            total = sum(w * _output(m, Z, n_classes, present) for m, w in kept)
        return np.asarray(total)

    return teach


def _models(task: str, y: NDArray, seed: int) -> list[Any]:
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.ensemble import (
        ExtraTreesClassifier,
        ExtraTreesRegressor,
        HistGradientBoostingClassifier,
        HistGradientBoostingRegressor,
    )
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler, StandardScaler
    from sklearn.svm import SVC

    n, classify = len(y), task == "classification"
    boosted = HistGradientBoostingClassifier if classify else HistGradientBoostingRegressor
    rounds = (
        {"max_iter": 80, "max_depth": 3} if classify else {"max_iter": 300, "max_leaf_nodes": 8}
    )
    models: list[Any] = [boosted(learning_rate=0.1, random_state=seed, **rounds)]
    if n <= MANY_ROWS:
        forest = ExtraTreesClassifier if classify else ExtraTreesRegressor
        models.append(forest(100, random_state=seed))
        linear = LogisticRegression(max_iter=300) if classify else Ridge()
        models.append(make_pipeline(StandardScaler(), linear))
        network = MLPClassifier if classify else MLPRegressor
        for k, penalty in enumerate((1.0, 0.1) if task == "regression" else (1.0,)):
            models.append(
                make_pipeline(
                    StandardScaler(),
                    network(
                        hidden_layer_sizes=(64,) if classify else (64, 64), alpha=penalty,
                        max_iter=250, early_stopping=not classify, random_state=seed + k,
                    ),
                )
            )  # fmt: skip
    if classify and n <= KERNEL_ROWS and np.unique(y, return_counts=True)[1].min() >= FOLDS**2:
        kernel = CalibratedClassifierCV(SVC(C=10), cv=FOLDS, ensemble=False)
        models.append(make_pipeline(MinMaxScaler(), kernel))
    return models


def _stacked(
    models: list[Any], X: Floats, y: NDArray, wanted: Floats, present: Any, seed: int
) -> Floats:
    """Weigh the models by what they predict of rows that they weren't fitted to."""
    from sklearn.base import clone
    from sklearn.model_selection import KFold, StratifiedKFold

    if len(models) == 1 or len(y) < 30:
        return np.full(len(models), 1.0 / len(models))
    stratify = present is not None and np.bincount(y)[present].min() >= FOLDS
    splits = (StratifiedKFold if stratify else KFold)(FOLDS, shuffle=True, random_state=seed)
    outputs = np.zeros((len(models), *wanted.shape))
    for train, held in splits.split(X, y):
        seen = np.unique(y[train]) if present is not None else None
        for k, model in enumerate(models):
            fitted = clone(model).fit(X[train], y[train])
            outputs[k, held] = _output(fitted, X[held], wanted.shape[1], seen)
    centre = 0.0 if present is not None else float(y.mean())
    weights, _ = nnls((outputs - centre).reshape(len(models), -1).T, (wanted - centre).ravel())
    total = float(weights.sum())
    return weights / total if total > 0 else np.full(len(models), 1.0 / len(models))


def _output(model: Any, X: Floats, n_outputs: int, present: Any) -> Floats:
    if present is None:
        return np.asarray(model.predict(X), np.float64)[:, None]
    result = np.zeros((len(X), n_outputs))
    result[:, present] = model.predict_proba(X)
    return result


def resampled(
    table: Table, rows: NDArray, near: NDArray[np.int64], count: int, share: float, seed: int
) -> Table:
    """Draw rows of a table of which a share of the entries come from other rows.

    Parameters
    ----------
    rows : ndarray of int
        Rows to draw from.
    near : ndarray of int, shape (len(rows), k)
        Rows near to each. Every other row drawn takes entries from these, so that it is like true
        ones where columns depend on each other (pixels); the rest take them from anywhere.
    """
    rng = np.random.default_rng([seed, 1])
    base = rng.integers(0, len(rows), count)

    def mixed(column: Column) -> Column:
        other = rng.choice(rows, count)
        other[::2] = near[base[::2], rng.integers(0, near.shape[1], len(base[::2]))]
        taken = np.where(rng.random(count) < share, other, rows[base])
        return replace(column, values=column.values[taken])

    columns = tuple(mixed(column) for column in table.columns)
    return replace(table, columns=columns, target=None, n_rows=count)


def nearest_rows(codes: NDArray, rows: NDArray) -> NDArray[np.int64]:
    """Return the rows nearest to each of `rows`, (len(rows), k): columns have a range of 1.

    Copies of a row count as one, and are not near to themselves.
    """
    from sklearn.neighbors import NearestNeighbors

    own, first, copy = np.unique(codes[rows], axis=0, return_index=True, return_inverse=True)
    if len(own) == 1:
        return rows[:, None]
    own = own / np.maximum(own.max(axis=0) - own.min(axis=0), 1)
    found = NearestNeighbors(n_neighbors=min(NEAR, len(own) - 1)).fit(own)
    with threadpool_limits(1, user_api="openmp"):  # ties mustn't depend on the number
        near = found.kneighbors(return_distance=False)
    return np.asarray(rows)[first[near[copy.reshape(-1)]]]


@dataclass(frozen=True, eq=False)
class Lesson:
    """Resampled rows with a teacher's labels.

    Parameters
    ----------
    table : Table
    labels : ndarray, shape (n,)
        Class indices or values.
    weights : ndarray of float64, shape (n,)
        Whole numbers: 0 where the teacher can't decide, up to CONFIDENCE where it is sure.
    audit : Lesson or None
        Further rows that nothing is learnt from; their weights are the teacher's margins (the
        likeliest class's probability less the next one's), or 1 for regression.
    """

    table: Table
    labels: NDArray
    weights: Floats
    audit: Lesson | None = None


def fit_lesson(problem: Problem, rows: NDArray, impute: str | None, seed: int) -> Lesson:
    """Fit a teacher to some rows of a problem and let it label resampled ones."""
    encoding = fit_encoding(problem.table.take(rows), bits=BITS, impute=impute, trim=TRIM)  # type: ignore[arg-type]
    codes = encoding.encode(problem.table, unknown="ignore")
    teacher = fit_teacher(
        codes[rows], problem.target[rows], problem.task, len(problem.classes), seed
    )
    near = nearest_rows(codes, rows)
    count = max(LEAST, min(RESAMPLED * len(rows), MOST))
    table = resampled(problem.table, rows, near, count, SHARE, seed)
    labels, margins = _taught(teacher, encoding.encode(table, unknown="ignore"), problem.task)
    fresh = resampled(problem.table, rows, near, AUDITED, SHARE, seed + AUDIT_SEED)
    audit = Lesson(fresh, *_taught(teacher, encoding.encode(fresh, unknown="ignore"), problem.task))
    if problem.task == "regression":
        return Lesson(table, labels, margins, audit)
    weights = np.rint(CONFIDENCE * margins)
    kept = weights > 0
    return Lesson(table.take(kept), labels[kept], weights[kept], audit)


def _taught(teacher: Teacher, codes: NDArray, task: str) -> tuple[NDArray, Floats]:
    """Return the teacher's labels and margins; a value's margin is 1."""
    taught = teacher(codes)
    if task == "regression":
        return taught[:, 0], np.ones(len(taught))
    top = np.sort(taught, axis=1)
    return taught.argmax(axis=1), top[:, -1] - top[:, -2]
