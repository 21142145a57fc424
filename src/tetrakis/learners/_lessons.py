"""Lessons of splits, each fitted once, if wanted while something else runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from types import TracebackType

import numpy as np

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
    """Lessons by their training rows. Use it as a context: what is under way is awaited or dropped.

    Parameters
    ----------
    problem : Problem
    impute : {"median", "mode"} or None
    seed : int
    """

    def __init__(self, problem: Problem, impute: str | None, seed: int) -> None:
        self.problem, self.impute, self.seed = problem, impute, seed
        self._made: dict[bytes, Future[Lesson]] = {}
        self._lock = Lock()
        self._early = ThreadPoolExecutor(1)

    def __enter__(self) -> Lessons:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._early.shutdown(wait=kind is None, cancel_futures=True)

    def of(self, rows: np.ndarray) -> Callable[[], Lesson]:
        """Return a function that gives the lesson of some training rows."""
        return lambda: self._lesson(rows)

    def prepare(self, parts: Sequence[np.ndarray]) -> None:
        """Fit the lessons of several sets of training rows, one by one, in the background."""
        for rows in parts:
            self._early.submit(self._lesson, rows)

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
