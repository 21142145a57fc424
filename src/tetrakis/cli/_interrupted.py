"""What Ctrl-C does: a short message, exit code 130, and nothing half-written."""

from __future__ import annotations

import _thread
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer

import typer

INTERRUPTED = 130
DELAY = 0.1


def nothing_written() -> None:
    """Say that an interrupted command left nothing."""
    typer.echo("tetrakis: interrupted; nothing was written.", err=True)


@contextmanager
def goes_on(kept: Callable[[], str]) -> Iterator[None]:
    """Say what an interrupted command has kept, and that it goes on from there.

    Parameters
    ----------
    kept : callable
        Returns what there is, and where; an empty text if there is nothing.
    """
    try:
        yield
    except KeyboardInterrupt:
        said = kept()
        if not said:
            raise
        typer.echo(f"tetrakis: interrupted; {said}. The same command goes on.", err=True)
        raise typer.Exit(INTERRUPTED) from None


@contextmanager
def interruptions_arrive() -> Iterator[None]:
    """Send an interruption again that came where Python can't pass it on.

    While LLVM compiles, signals are handled in its callbacks, which only print exceptions.
    """
    before = sys.unraisablehook
    timers: list[Timer] = []

    def again(lost: sys.UnraisableHookArgs) -> None:
        if not issubclass(lost.exc_type, KeyboardInterrupt):
            before(lost)
            return
        timer = Timer(DELAY, _thread.interrupt_main)
        timer.daemon = True
        timer.start()
        timers.append(timer)

    sys.unraisablehook = again
    try:
        yield
    finally:
        sys.unraisablehook = before
        for timer in timers:
            timer.cancel()
