"""Rows that a start is trained on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tetrakis.learners._baselines_models import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class TrainingRows:
    """Codes and a target.

    Parameters
    ----------
    codes : ndarray of int64, shape (n, n_words)
    bits : ndarray of int64, shape (n_words,)
        Of every input word.
    y : ndarray, shape (n,)
        Class indices, perhaps not all of them, or values.
    task : {"classification", "regression"}
    n_classes : int
    shift : ndarray of int64, shape (n_words,)
        Low bits of every word that thresholds leave alone.
    """

    codes: IntArray
    bits: IntArray
    y: NDArray
    task: str
    n_classes: int
    shift: IntArray

    @property
    def classes(self) -> bool:
        """Whether classes are told apart."""
        return self.task == "classification"

    @property
    def n_groups(self) -> int:
        """Classes; 1 for regression."""
        return self.n_classes if self.classes else 1

    @property
    def group(self) -> IntArray:
        """Class of every row; zeros for regression."""
        return np.asarray(self.y, np.int64) if self.classes else np.zeros(len(self.y), np.int64)

    @property
    def mean(self) -> float:
        """Mean of the values; 0 for classes."""
        return 0.0 if self.classes else float(np.mean(self.y))

    @property
    def weight(self) -> FloatArray | None:
        """Values less their mean; None for classes."""
        return None if self.classes else np.asarray(self.y, np.float64) - self.mean
