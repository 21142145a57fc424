"""Lessons of splits, each fitted once, if wanted while something else runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from threading import Lock

import numpy as np

from tetrakis._background import Background
from tetrakis.learners._problem import Problem
from tetrakis.learners._teacher import Lesson, fit_lesson

#: Tables of more rows have no teacher; Boolean ones of so many neither.
MOST_TAUGHT = 20_000
SMALL = 3000


def teachable(problem: Problem, boolean: bool) -> bool:
    """Whether a teacher helps: rows are few enough to be overfit."""
    n = problem.table.n_rows
    return n <= MOST_TAUGHT and not (boolean and n >= SMALL)


class Lessons:
    """Lessons by their training rows.

    Parameters
    ----------
    problem : Problem
    impute : {"median", "mode"} or None
    seed : int
    beside : Background
        Where lessons are prepared.
    """

    def __init__(self, problem: Problem, impute: str | None, seed: int, beside: Background) -> None:
        self.problem, self.impute, self.seed = problem, impute, seed
        self._made: dict[bytes, Future[Lesson]] = {}
        self._lock = Lock()
        self._beside = beside

    def of(self, rows: np.ndarray) -> Callable[[], Lesson]:
        """Return a function that gives the lesson of some training rows."""
        return lambda: self._lesson(rows)

    def prepare(self, parts: Sequence[np.ndarray]) -> None:
        """Fit the lessons of several sets of training rows, one by one, in the background."""
        for rows in parts:
            self._beside.submit(partial(self._lesson, rows))

    def _lesson(self, rows: np.ndarray) -> Lesson:
        key = rows.tobytes()
        with self._lock:
            first = key not in self._made
            made = self._made.setdefault(key, Future())
        if first:
            try:
                made.set_result(fit_lesson(self.problem, rows, self.impute, self.seed))
            except BaseException as error:
                made.set_exception(error)
                raise
        return made.result()
