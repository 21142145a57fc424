"""What editing a circuit takes and gives: points, runs, and the merged path."""

from __future__ import annotations

from dataclasses import dataclass

from tetrakis.circuit import Aig
from tetrakis.errors import BudgetError
from tetrakis.measures import OccamBound
from tetrakis.pipeline._simplify_rows import EditRows

CHOOSERS = ("guard", "rows", "occam")


@dataclass(frozen=True, eq=False)
class Point:
    """A circuit of a path.

    Parameters
    ----------
    circuit : Aig
    loss : float
        On the rows edited.
    guard_loss : float or None
        On the guard rows, which the editor never read.
    seed : int
        Of the run that found it; −1 for the start.
    """

    circuit: Aig
    loss: float
    guard_loss: float | None
    seed: int


@dataclass(frozen=True, eq=False)
class Run:
    """One run of the editor.

    Parameters
    ----------
    seed : int
    last : Aig
        The smallest circuit of its path.
    finished : bool
    min_gates : int
        Size that it was to end at.
    """

    seed: int
    last: Aig
    finished: bool
    min_gates: int = 0


@dataclass(frozen=True)
class Wish:
    """What decides which point is taken.

    Parameters
    ----------
    max_gates : int, optional
        Least loss within so many AND nodes.
    tolerance : float, optional
        Smallest point whose score is within this of the best.
    budget : float, optional
        The score on the rows edited never falls below 1 − budget; the smallest such point.
    choose : {"guard", "rows", "occam"}, optional
        What a point is judged by: guard rows, the rows edited, or the Occam bound. The first
        that there is when left out.
    """

    max_gates: int | None = None
    tolerance: float | None = None
    budget: float | None = None
    choose: str | None = None

    def __post_init__(self) -> None:
        if self.choose is not None and self.choose not in CHOOSERS:
            raise BudgetError(
                f"choose: expected one of {', '.join(CHOOSERS)}, got {self.choose!r}."
            )
        if self.choose == "occam" and self.tolerance is not None:
            raise BudgetError(
                "--tolerance and --choose occam contradict each other.",
                remedy="Leave one of them out.",
            )
        given = [n for n in ("max_gates", "tolerance", "budget") if getattr(self, n) is not None]
        if len(given) > 1:
            names = " and ".join(f"--{name.replace('_', '-')}" for name in given)
            raise BudgetError(f"{names} contradict each other.", remedy="Give one of them.")
        for name in given[:1]:
            if not getattr(self, name) >= 0:
                raise BudgetError(f"{name}: expected a number >= 0, got {getattr(self, name)}.")

    def check(self, rows: EditRows, guard: EditRows | None) -> None:
        """Raise if there is nothing to judge by as asked, or the guard rows are those edited.

        Raises
        ------
        BudgetError
        """
        if self.choose == "guard" and guard is None:
            raise BudgetError(
                "Choosing on guard rows needs guard rows.",
                remedy="Give --guard, or --choose occam, which needs none.",
            )
        if self.choose == "occam" and rows.score_name != "accuracy":
            raise BudgetError(
                f"The Occam bound is about wrong classes; the score here is {rows.score_name}.",
                remedy="Choose on guard rows, or with --max-gates.",
            )
        records = [
            None if x is None or x.record is None else x.record.sha256 for x in (rows, guard)
        ]
        if records[0] is not None and records[0] == records[1]:
            raise BudgetError(
                "The guard rows are the very rows edited on, so they guard nothing.",
                remedy="Give other rows with --guard, or --choose occam.",
            )


@dataclass(frozen=True, eq=False)
class Simplified:
    """The merged path of all runs with the chosen point.

    Parameters
    ----------
    start : Aig
    rows, guard : EditRows, EditRows or None
    points : tuple of Point
        Falling in AND nodes; no other is as small and as good on the rows edited and, where
        there are any, on the guard rows.
    chosen : int
    rule : str
        How the point was chosen, in words.
    runs : tuple of Run
    contradictions : int
        Rows whose inputs occur with another target as well.
    bounds : tuple of OccamBound
        Of every point; empty unless the loss counts wrong rows.
    interrupted : bool
    """

    start: Aig
    rows: EditRows
    guard: EditRows | None
    points: tuple[Point, ...]
    chosen: int
    rule: str
    runs: tuple[Run, ...]
    contradictions: int
    bounds: tuple[OccamBound, ...]
    interrupted: bool

    @property
    def best(self) -> Point:
        """The chosen point."""
        return self.points[self.chosen]

    @property
    def guard_chose(self) -> bool:
        """Whether the guard rows chose the point, so that its score on them is no fresh one."""
        return "on the guard rows" in self.rule

    @property
    def bound(self) -> OccamBound | None:
        """The Occam bound of the chosen point."""
        return self.bounds[self.chosen] if self.bounds else None


@dataclass(frozen=True, eq=False)
class Earlier:
    """Points and runs of a folder that is continued."""

    points: tuple[Point, ...] = ()
    runs: tuple[Run, ...] = ()
