"""Three ways in which one column becomes integer codes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tetrakis.datasets import Column, number_text
from tetrakis.errors import EncodingError

MAX_BITS = 8


@dataclass(frozen=True)
class BoxColumn:
    """Numbers on an even grid: ``code = round((x − lo) / (hi − lo) · (2**bits − 1))``, clipped.

    Parameters
    ----------
    name : str
        Column name.
    index : int
        Position among the columns the encoding was fixed from.
    lo, hi : float
        Smallest and largest training value, ``lo < hi``.
    bits : int
        1 to 8.
    fill : float, optional
        Value for a missing one; None where missing values are refused.
    """

    name: str
    index: int
    lo: float
    hi: float
    bits: int
    fill: float | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.bits <= MAX_BITS:
            raise EncodingError(f"bits: expected 1 to {MAX_BITS}, got {self.bits}.")
        if not self.lo < self.hi or not math.isfinite(self.hi - self.lo):
            raise EncodingError(f"box: expected finite lo < hi, got {self.lo} and {self.hi}.")

    @property
    def words(self) -> tuple[tuple[str, int], ...]:
        """Name and bits of every word."""
        return ((self.name, self.bits),)

    def codes(self, values: NDArray[np.float64]) -> NDArray[np.int64]:
        """Encode numbers without NaN, shape (n,); codes have shape (n, 1)."""
        unit = (np.clip(values, self.lo, self.hi) - self.lo) / (self.hi - self.lo)
        return np.rint(unit * (2**self.bits - 1)).astype(np.int64)[:, None]


@dataclass(frozen=True)
class LevelsColumn:
    """Numbers on a grid of their own: the code counts the thresholds ``<= x``.

    Parameters
    ----------
    name, index, fill
        As in `BoxColumn`.
    thresholds : tuple of float
        Strictly rising, 1 to 255 of them.
    """

    name: str
    index: int
    thresholds: tuple[float, ...]
    fill: float | None = None

    def __post_init__(self) -> None:
        steps = np.asarray(self.thresholds, dtype=np.float64)
        if not 1 <= len(steps) < 2**MAX_BITS or not np.all(np.isfinite(steps)):
            raise EncodingError(
                f"thresholds: expected 1 to {2**MAX_BITS - 1} finite numbers, got {len(steps)}."
            )
        if np.any(np.diff(steps) <= 0):
            raise EncodingError("thresholds: expected strictly rising numbers.")

    @property
    def bits(self) -> int:
        """Bits of the word."""
        return len(self.thresholds).bit_length()

    @property
    def words(self) -> tuple[tuple[str, int], ...]:
        """Name and bits of every word."""
        return ((self.name, self.bits),)

    def codes(self, values: NDArray[np.float64]) -> NDArray[np.int64]:
        """Encode numbers without NaN, shape (n,); codes have shape (n, 1)."""
        thresholds = np.asarray(self.thresholds)
        return np.searchsorted(thresholds, values, side="right").astype(np.int64)[:, None]


@dataclass(frozen=True)
class CategoryColumn:
    """Texts, one bit per category; two categories share one bit, 1 for the second.

    Parameters
    ----------
    name, index
        As in `BoxColumn`.
    categories : tuple of str
        Two or more, all different.
    fill : str, optional
        Category for a missing value; None where missing values are refused.
    """

    name: str
    index: int
    categories: tuple[str, ...]
    fill: str | None = None

    def __post_init__(self) -> None:
        if len(self.categories) < 2 or len(set(self.categories)) < len(self.categories):
            raise EncodingError("categories: expected two or more different texts.")
        if self.fill is not None and self.fill not in self.categories:
            raise EncodingError(f"fill: expected one of the categories, got {self.fill!r}.")

    @property
    def words(self) -> tuple[tuple[str, int], ...]:
        """Name and bits of every word."""
        shown = self.categories if len(self.categories) > 2 else self.categories[1:]
        return tuple((f"{self.name}={text}", 1) for text in shown)

    def codes(self, values: NDArray[np.int64]) -> NDArray[np.int64]:
        """Encode category indices, shape (n,), −1 for none of them; shape (n, words)."""
        first = 0 if len(self.categories) > 2 else 1
        return (values[:, None] == np.arange(first, len(self.categories))).astype(np.int64)

    def indices(self, column: Column) -> tuple[NDArray[np.int64], dict[int, str]]:
        """Look up a column's values.

        Returns
        -------
        indices : ndarray of int64, shape (n,)
            Category index, −1 if missing, −2 if unknown.
        unknown : dict from row to text
            The first row of every unknown text.
        """
        if column.categories is not None:
            texts, inverse = [*column.categories, None], column.values
        else:
            distinct, inverse = np.unique(column.values, return_inverse=True)
            texts = [None if np.isnan(v) else number_text(v) for v in distinct]
        table = np.array([self._find(text) for text in texts], dtype=np.int64)
        indices = table[inverse]
        unknown: dict[int, str] = {}
        for k in np.flatnonzero(table == -2):
            rows = np.flatnonzero(inverse == k)
            if len(rows):
                unknown[int(rows[0])] = str(texts[k])
        return indices, unknown

    def _find(self, text: str | None) -> int:
        """Index of a text; a number also matches a category that is the same number."""
        if text is None:
            return -1
        if text in self.categories:
            return self.categories.index(text)
        number = _number(text)
        if number is not None:
            for i, category in enumerate(self.categories):
                if _number(category) == number:
                    return i
        return -2


InputColumn = BoxColumn | LevelsColumn | CategoryColumn


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
