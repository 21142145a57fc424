"""How output bits become a prediction."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tetrakis.errors import EncodingError

Decision = Literal["sign", "argmax", "words"]


@dataclass(frozen=True)
class Output:
    """Meaning of a circuit's output word.

    Parameters
    ----------
    name : str
        Name of the target column.
    task : {"classification", "regression"}
        What is predicted.
    decision : {"sign", "argmax", "words"}
        ``sign``: one bit, the index of one of two classes. ``argmax``: an unsigned class index.
        ``words``: a signed integer, regression only.
    bits : int
        Width of the word.
    classes : tuple of str
        For classification, in index order.
    offset, scale : float
        For regression: prediction = offset + scale · integer, in units of the target.
    """

    name: str
    task: Literal["classification", "regression"]
    decision: Decision
    bits: int = 1
    classes: tuple[str, ...] = ()
    offset: float = 0.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        if self.task not in ("classification", "regression"):
            raise EncodingError(f"task: expected classification or regression, got {self.task!r}.")
        if self.decision not in ("sign", "argmax", "words"):
            raise EncodingError(f"decision: expected sign, argmax or words, got {self.decision!r}.")
        if (self.decision == "words") != (self.task == "regression"):
            raise EncodingError(f"decision: {self.decision!r} doesn't go with {self.task}.")
        if self.task == "regression":
            self._check_numbers()
        else:
            self._check_classes()

    def _check_numbers(self) -> None:
        if not 1 <= self.bits <= 62:
            raise EncodingError(f"bits: expected 1 to 62, got {self.bits}.")
        if self.classes:
            raise EncodingError("classes: expected none for regression.")
        if not math.isfinite(self.offset):
            raise EncodingError(f"offset: expected a finite number, got {self.offset}.")
        if not (math.isfinite(self.scale) and self.scale > 0):
            raise EncodingError(f"scale: expected a positive number, got {self.scale}.")

    def _check_classes(self) -> None:
        if len(self.classes) < 2 or len(set(self.classes)) < len(self.classes):
            raise EncodingError("classes: expected two or more different texts.")
        if self.decision == "sign" and len(self.classes) != 2:
            raise EncodingError(
                f"classes: a sign tells two classes apart, got {len(self.classes)}."
            )
        width = (len(self.classes) - 1).bit_length()
        if self.bits != width:
            raise EncodingError(f"bits: {len(self.classes)} classes need {width}, got {self.bits}.")
        if (self.offset, self.scale) != (0.0, 1.0):
            raise EncodingError("scale: expected offset 0 and scale 1 for classification.")

    @property
    def signed(self) -> bool:
        """Whether the word is two's complement."""
        return self.decision == "words"

    def integers(self, bits: ArrayLike) -> NDArray[np.int64]:
        """Read the word: output bits (n, bits), least significant first, to integers (n,)."""
        bits = np.asarray(bits)
        if bits.ndim != 2 or bits.shape[1] != self.bits:
            raise EncodingError(f"output bits: expected (n, {self.bits}), got {bits.shape}.")
        weights = np.int64(1) << np.arange(self.bits, dtype=np.int64)
        if self.signed:
            weights[-1] = -weights[-1]
        return bits.astype(np.int64) @ weights

    def predictions(self, bits: ArrayLike) -> NDArray:
        """Predictions from output bits (n, bits): class texts, or float64 target values.

        A class index beyond the last class counts as the last class.
        """
        integers = self.integers(bits)
        if self.task == "regression":
            return self.offset + self.scale * integers.astype(np.float64)
        integers = np.minimum(integers, len(self.classes) - 1)
        return np.array(self.classes, dtype=object)[integers]
