"""Work beside the main thread that an interruption or an error drops."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread
from types import TracebackType
from typing import Any, Self, TypeVar

_T = TypeVar("_T")


class Background:
    """Runs calls one after the other in a thread of its own; use it as a context.

    When the context ends, calls that haven't begun are dropped, and one under way is waited for,
    except after an interruption: it can't keep the process from ending.
    """

    def __init__(self) -> None:
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._thread: Thread | None = None
        self._over = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._over = True
        self._calls.put(None)
        if self._thread is not None and kind is not KeyboardInterrupt:
            self._thread.join()

    def submit(self, call: Callable[[], _T]) -> Future[_T]:
        """Run a call after those submitted before; returns its future."""
        made: Future[_T] = Future()
        self._calls.put((made, call))
        if self._thread is None:
            self._thread = Thread(target=self._work, daemon=True)
            self._thread.start()
        return made

    def _work(self) -> None:
        while (item := self._calls.get()) is not None:
            made, call = item
            if self._over:
                made.cancel()
            if not made.set_running_or_notify_cancel():
                continue
            try:
                made.set_result(call())
            except BaseException as error:
                made.set_exception(error)
