"""Encoded rows of a split, and simplification paths on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tetrakis.circuit import Aig, pack_rows, simulate, unpack
from tetrakis.encoding import Encoding, Output
from tetrakis.learners._problem import Problem, r2
from tetrakis.learners._teacher import CONFIDENCE, Lesson
from tetrakis.learners._views import laid_out
from tetrakis.simplify import RowLoss, Schedule, classification_loss, simplify, squared_loss

#: More training rows are sampled for simplification, of values and of classes; scores are of all.
MOST_ROWS = (30_000, 100_000)


@dataclass(frozen=True, eq=False)
class StartCircuit:
    """A circuit to simplify and how its outputs are read.

    Parameters
    ----------
    kind : {"resnet", "tree", "boosted", "fringe", "table"}
    label : str
    circuit : Aig
    offset, scale : float
        For regression: prediction = offset + scale · integer.
    """

    kind: str
    label: str
    circuit: Aig
    offset: float = 0.0
    scale: float = 1.0


@dataclass(frozen=True, eq=False)
class Point:
    """A circuit of a path with its scores.

    Parameters
    ----------
    circuit : Aig
    train_score, held_score : float
        On the rows it was learnt from, and on held rows.
    audit_score : float
        What the teacher expects on fresh rows, less its own errors; NaN without a teacher.
    """

    circuit: Aig
    train_score: float
    held_score: float
    audit_score: float = float("nan")


@dataclass(eq=False)
class Ground:
    """Encoded rows: those to learn from, those held out, and the teacher of the former.

    Parameters
    ----------
    problem : Problem
    codes : ndarray of int64, shape (n, n_words)
        Of all rows of the problem.
    widths : ndarray of int64, shape (n_words,)
        Bits of every word.
    encoding : Encoding
        Of the words.
    own_encoding : Encoding
        Fixed from the training rows.
    train, held : ndarray of int
        Rows; `held` may be empty.
    seed : int
    lesson : callable
        Returns the resampled rows with labels of the teacher of the training rows.
    """

    problem: Problem
    codes: NDArray[np.int64]
    widths: NDArray[np.int64]
    encoding: Encoding
    own_encoding: Encoding
    train: NDArray[np.int64]
    held: NDArray[np.int64]
    seed: int
    lesson: Callable[[], Lesson]

    @property
    def n_classes(self) -> int:
        """Number of classes; 0 for regression."""
        return len(self.problem.classes)

    def bits(self, codes: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return the circuit's input bits of rows of codes."""
        parts = [(codes[:, j, None] >> np.arange(width)) & 1 for j, width in enumerate(self.widths)]
        return np.concatenate(parts, axis=1).astype(np.bool_)

    @cached_property
    def words(self) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
        """Input bits of the training rows and of the held rows, packed once for all circuits."""
        bits = self.bits(self.codes)
        return pack_rows(bits[self.train]), pack_rows(bits[self.held])

    def read(
        self, circuit: Aig, start: StartCircuit, words: NDArray[np.uint64], n: int
    ) -> NDArray[np.int64]:
        """Run a circuit on `n` packed rows and read its outputs as integers."""
        return self.output(circuit, start).integers(unpack(simulate(circuit, words), n))

    @cached_property
    def taught(self) -> tuple[NDArray[np.int64], NDArray, NDArray]:
        """Codes, targets and weights: training rows, and resampled ones labelled by the teacher."""
        lesson = self.lesson()
        own, target = self.codes[self.train], self.problem.target[self.train]
        more, _ = laid_out(self.own_encoding, self.encoding, lesson.table)
        weight = CONFIDENCE if self.problem.task == "classification" else 1
        return (
            np.concatenate([own, more]),
            np.concatenate([target, lesson.labels.astype(target.dtype)]),
            np.concatenate([np.full(len(own), float(weight)), lesson.weights]),
        )

    def rows_for(self, taught: bool) -> tuple[NDArray[np.int64], NDArray, NDArray]:
        """Return codes, targets and weights to learn from."""
        if taught:
            return self.taught
        rows = self.train
        most = MOST_ROWS[self.n_classes > 0]
        if len(rows) > most:
            rows = np.sort(np.random.default_rng(self.seed).permutation(rows)[:most])
        return self.codes[rows], self.problem.target[rows], np.ones(len(rows))

    def loss(self, target: NDArray, weight: NDArray, start: StartCircuit) -> RowLoss:
        """Return the loss of rows for a start's reading of its outputs."""
        if self.problem.task == "classification":
            return classification_loss(target, weight)
        return squared_loss((target - start.offset) / start.scale, weight)

    def path(
        self, start: StartCircuit, *, taught: bool, seed: int, schedule: Schedule, min_gates: int
    ) -> list[Point]:
        """Simplify a start on the training rows; score every circuit of the path."""
        codes, target, weight = self.rows_for(taught)
        schedule = schedule.sampled() if taught else schedule.for_rows(len(codes))
        found = simplify(
            start.circuit, self.bits(codes), self.loss(target, weight, start), seed=seed,
            schedule=schedule, min_gates=min_gates,
        )  # fmt: skip
        if found.interrupted:
            raise KeyboardInterrupt  # which gives a path that ends early
        return [self.point(circuit, start, audited=taught) for circuit in found.circuits]

    @cached_property
    def audit(self) -> tuple[NDArray[np.uint64], NDArray, NDArray]:
        """Packed inputs, labels and margins of the teacher's rows that nothing is learnt from."""
        lesson = self.lesson().audit
        assert lesson is not None
        codes, _ = laid_out(self.own_encoding, self.encoding, lesson.table)
        return pack_rows(self.bits(codes)), lesson.labels, lesson.weights

    def audit_score(self, circuit: Aig, start: StartCircuit) -> float:
        """Score a circuit on the teacher's fresh rows, as if the teacher were right.

        For classes a disagreement costs the teacher's margin: what it expects to be lost.
        """
        words, labels, margins = self.audit
        read = self.read(circuit, start, words, len(labels))
        if self.problem.task == "regression":
            return float(r2(labels, start.offset + start.scale * read))
        wrong = np.minimum(read, self.n_classes - 1) != labels
        return 1.0 - float(np.mean(margins * wrong))

    def point(self, circuit: Aig, start: StartCircuit, *, audited: bool = False) -> Point:
        """Score a circuit on the training rows and on the held rows."""
        scores = []
        for rows, words in zip((self.train, self.held), self.words, strict=True):
            if not len(rows):
                scores.append(float("nan"))
                continue
            read = self.read(circuit, start, words, len(rows))
            truth = self.problem.target[rows]
            if self.problem.task == "regression":
                scores.append(r2(truth, start.offset + start.scale * read))
            else:
                scores.append(float(np.mean(np.minimum(read, self.n_classes - 1) == truth)))
        audit = self.audit_score(circuit, start) if audited else float("nan")
        return Point(circuit, float(scores[0]), float(scores[1]), audit)

    def output(self, circuit: Aig, start: StartCircuit) -> Output:
        """Describe how a circuit's outputs are read."""
        return self.problem.reading(circuit, start.offset, start.scale)
