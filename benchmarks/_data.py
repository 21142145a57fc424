"""Data sets of the benchmarks, with their folds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits, make_friedman1
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split

from tetrakis.datasets import read_table

N_FOLDS = 5
FOLDED = ("breast_cancer", "digits", "friedman1")
CONTEST = ("ex00", "ex10", "ex30", "ex40", "ex50", "ex60", "ex70", "ex75", "ex80")
UCI = ("airfoil", "concrete")  # 10 given splits
NAMES = FOLDED + CONTEST + UCI


@dataclass(frozen=True, eq=False)
class Fold:
    """Training and test rows; `inner` are the splits of the training rows to choose on."""

    task: str
    X: np.ndarray
    y: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    inner: tuple[tuple[np.ndarray, np.ndarray], ...]


def fold_count(name: str) -> int:
    return N_FOLDS if name in FOLDED else 10 if name in UCI else 1


def load_fold(name: str, fold: int, data: Path) -> Fold:
    """Load one fold of a data set; `data` holds the contest's files."""
    if name in CONTEST:
        return _contest(name, data)
    if name in UCI:
        return _uci(name, fold, data)
    if name == "friedman1":
        X, y = make_friedman1(5000, noise=1.0, random_state=0)
        task, splits = "regression", KFold
    else:
        X, y = {"breast_cancer": load_breast_cancer, "digits": load_digits}[name](return_X_y=True)
        task, splits = "classification", StratifiedKFold
    outer = list(splits(N_FOLDS, shuffle=True, random_state=0).split(X, y))
    train, test = outer[fold]
    X, y, X_test, y_test = X[train], y[train], X[test], y[test]
    inner = splits(4, shuffle=True, random_state=1).split(X, y)
    return Fold(task, X, y, X_test, y_test, tuple(inner))


def _contest(name: str, data: Path) -> Fold:
    """Train + validation against test, as the IWLS 2020 contest has it."""
    parts = []
    for part in ("train", "valid", "test"):
        table = read_table(data / "iwls2020" / f"{name}.{part}.pla.gz")
        X = np.stack([column.values for column in table.columns], axis=1)
        assert table.target is not None
        parts.append((X.astype(np.int64), table.target.values.astype(np.int64)))
    (A, a), (B, b), (T, t) = parts
    inner = (np.arange(len(A)), len(A) + np.arange(len(B)))
    X, y = np.concatenate([A, B]), np.concatenate([a, b])
    return Fold("classification", X, y, T, t, (inner,))


def _uci(name: str, fold: int, data: Path) -> Fold:
    """Load a regression table, the target last, with the test rows of one of its splits."""
    rows = np.loadtxt(data / "uci_regression" / name / "data.csv.gz", delimiter=",")
    masks = np.loadtxt(data / "uci_regression" / name / "test_mask.csv.gz", delimiter=",")
    test = masks[:, fold] == 1
    X, y = rows[~test, :-1], rows[~test, -1]
    inner = KFold(4, shuffle=True, random_state=1).split(X, y)
    return Fold("regression", X, y, rows[test, :-1], rows[test, -1], tuple(inner))


def available(name: str, data: Path) -> bool:
    if name in UCI:
        return (data / "uci_regression" / name / "data.csv.gz").exists()
    return name in FOLDED or (data / "iwls2020" / f"{name}.train.pla.gz").exists()


def one_split(fold: Fold) -> tuple[np.ndarray, np.ndarray]:
    """Return a single inner split, for peers that are slow to train."""
    if len(fold.inner) == 1:
        return fold.inner[0]
    strata = fold.y if fold.task == "classification" else None
    train, held = train_test_split(
        np.arange(len(fold.y)), test_size=0.25, random_state=1, stratify=strata
    )
    return train, held


def folds_of(names: list[str], most: int) -> Iterator[tuple[str, int]]:
    for name in names:
        for fold in range(min(most, fold_count(name))):
            yield name, fold
