"""One class per failure; every message says what was expected, what came, where, and the remedy."""

from __future__ import annotations

import shlex


class TetrakisError(Exception):
    """Base of all errors that a person can cause and mend.

    Parameters
    ----------
    message : str
        What was expected, what came, and where.
    remedy : str, optional
        What to do about it; printed after the message.
    """

    def __init__(self, message: str, *, remedy: str = "") -> None:
        self.message = message
        self.remedy = remedy
        super().__init__(f"{message} {remedy}".strip())


class DataError(TetrakisError, ValueError):
    """A table, a column or a row can't be used."""


class FormatError(TetrakisError, ValueError):
    """A file isn't in the format that its name promises."""


class EncodingError(TetrakisError, ValueError):
    """A value has no place in the encoding that was fixed from the training rows."""


class NetworkError(TetrakisError, ValueError):
    """Shapes, ranges or numbers of a network don't fit together."""


class GraphError(TetrakisError, ValueError):
    """A computation graph is malformed, or can't be lifted as asked."""


class CircuitError(TetrakisError, ValueError):
    """A circuit is malformed or doesn't match its inputs."""


class ArtifactError(TetrakisError):
    """A folder or file that tetrakis wrote is missing, damaged or was edited."""


class BudgetError(TetrakisError, ValueError):
    """A limit (gates, tolerance, time) can't be met or makes no sense."""


class MissingDependencyError(TetrakisError, ImportError):
    """An optional package or tool is not installed."""


class ToolError(TetrakisError):
    """An external program failed, or its answer can't be used.

    Parameters
    ----------
    message : str
    binary : str
        The program.
    command : tuple of str
        Its command line.
    output : str
        What it printed, the last part of it in the message.
    """

    def __init__(
        self, message: str, *, binary: str, command: tuple[str, ...], output: str, remedy: str = ""
    ) -> None:
        self.binary, self.command, self.output = binary, command, output
        tail = " ".join(output.split())[-300:]
        said = f"It printed: {tail}" if tail else "It printed nothing."
        super().__init__(
            f"{binary}: {message} Command: {shlex.join(command)}. {said}", remedy=remedy
        )


class FormulaError(TetrakisError, ValueError):
    """A formula can't be read, or has no finite value somewhere in its box."""
