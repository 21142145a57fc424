"""What is approximated: a function on a box, and the grid of representable inputs."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tetrakis.errors import BudgetError, FormulaError
from tetrakis.functions._expression import Expression, as_array, parse_formula

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]
MAX_VARIABLES, MAX_BITS = 8, 26
CHUNK = 1 << 18


@dataclass(frozen=True)
class Target:
    """A real function on a box.

    Parameters
    ----------
    names : tuple of str
        Of the variables.
    box : tuple of (float, float)
    function : callable
        From points ``(n, d)`` to values ``(n,)`` or ``(n, 1)``, float64.
    text : str
        The formula, or a description.
    expression : Expression or None
        None for a callable.
    """

    names: tuple[str, ...]
    box: tuple[tuple[float, float], ...]
    function: Callable[[Floats], Floats]
    text: str
    expression: Expression | None = None

    def values(self, points: Floats) -> Floats:
        """Evaluate at points, (n, d).

        Raises
        ------
        FormulaError
            If a value isn't finite; the point is named.
        """
        found = np.asarray(self.function(points), np.float64)
        if found.shape == (len(points), 1):
            found = found[:, 0]
        if found.shape != (len(points),):
            raise FormulaError(
                f"The function gave an array of shape {found.shape} for {len(points)} points.",
                remedy="It must take an array (n, d) and return one value per row, (n,).",
            )
        bad = np.flatnonzero(~np.isfinite(found))
        if len(bad):
            at = ", ".join(
                f"{n} = {v:.17g}" for n, v in zip(self.names, points[bad[0]], strict=True)
            )
            raise FormulaError(
                f"{self.text} is {found[bad[0]]} at {at}.",
                remedy="Choose a box on which it is finite.",
            )
        return found


def make_target(
    function: str | Expression | Target | Callable[..., Any], box: Mapping[str, Sequence[float]]
) -> Target:
    """Return a target from a formula or a callable.

    Parameters
    ----------
    function : str or callable
        A formula in the variables of `box`, or a callable: of points ``(n, d)``, or, for several
        variables, of d arrays ``(n,)``: by name if its arguments are named like the variables,
        else in the order of `box`.
    box : mapping from variable to (low, high)

    Raises
    ------
    FormulaError
        If the formula can't be read, the callable takes neither, or the box makes no sense.
    """
    if isinstance(function, Target):
        return function
    names = tuple(box)
    ranges = tuple(_checked_range(name, ends) for name, ends in box.items())
    if not 1 <= len(names) <= MAX_VARIABLES:
        raise FormulaError(
            f"Expected 1 to {MAX_VARIABLES} variables, got {len(names)}.",
            remedy="Give each as --box NAME=LO:HI.",
        )
    if isinstance(function, str):
        expression = parse_formula(function, names)

        def evaluate(points: Floats) -> Floats:
            columns = dict(zip(names, points.T, strict=True))
            return as_array(expression.evaluate(columns), points[:, 0])

        return Target(names, ranges, evaluate, function.strip(), expression)
    if not callable(function):
        raise FormulaError(f"Expected a formula or a callable, got {type(function).__name__}.")
    text = getattr(function, "__name__", type(function).__name__)
    return Target(names, ranges, _of_points(function, names), text)


def _of_points(
    function: Callable[..., Any], names: tuple[str, ...]
) -> Callable[[Floats], Any]:  # fmt: skip
    """Let a callable that has an argument for each variable take points (n, d)."""
    columns, by_name = len(names) > 1, False
    if isinstance(function, np.ufunc):
        columns &= function.nin == len(names)
    else:
        try:
            signature = inspect.signature(function)
        except (TypeError, ValueError):  # of some compiled functions
            return function
        by_name = columns and set(signature.parameters) == set(names) and _takes(signature, *names)
        columns &= by_name or not _takes(signature, 1)
        if not by_name and not _takes(signature, len(names) if columns else 1):
            raise FormulaError(
                f"The function's arguments are {signature}.",
                remedy=f"It must take one array of points, (n, {len(names)}), or one array for"
                f" each of {', '.join(names)}.",
            )
    if not columns:
        return function

    def of_points(points: Floats) -> Any:
        named = dict(zip(names, points.T, strict=True))
        found = np.asarray(function(**named) if by_name else function(*points.T), np.float64)
        return np.full(len(points), found) if found.ndim == 0 else found  # a constant

    return of_points


def _takes(signature: inspect.Signature, *given: int | str) -> bool:
    """Whether it takes so many arguments by position, or arguments of these names."""
    count = given[0] if isinstance(given[0], int) else 0
    try:
        signature.bind(*range(count), **{str(name): 0 for name in given if not count})
    except TypeError:
        return False
    return True


def _checked_range(name: str, ends: Sequence[float]) -> tuple[float, float]:
    if not re.fullmatch(r"[^\W\d]\w*", name):
        raise FormulaError(f"{name!r} is no name for a variable.", remedy="Use letters and digits.")
    try:
        lo, hi = (float(x) for x in ends)
    except (TypeError, ValueError):
        raise FormulaError(f"Box of {name}: expected two numbers, got {ends!r}.") from None
    if not (np.isfinite(lo) and np.isfinite(hi) and lo < hi and np.isfinite(hi - lo)):
        raise FormulaError(f"Box of {name}: expected low < high, finite; got {lo:g} : {hi:g}.")
    return lo, hi


@dataclass(frozen=True)
class Grid:
    """All representable inputs: codes of a few bits for each variable, both ends included.

    Code c of variable i is ``lo + c (hi - lo) / (2^bits - 1)``; row r of the grid holds the bits
    of the first variable lowest.
    """

    box: tuple[tuple[float, float], ...]
    bits: tuple[int, ...]

    @property
    def total_bits(self) -> int:
        """Input bits of the circuit."""
        return sum(self.bits)

    @property
    def rows(self) -> int:
        """Number of representable inputs."""
        return 1 << self.total_bits

    @property
    def steps(self) -> Floats:
        """Distance of neighbouring values of each variable."""
        return np.array(
            [(hi - lo) / ((1 << b) - 1) for (lo, hi), b in zip(self.box, self.bits, strict=True)]
        )

    def axis(self, index: int) -> Floats:
        """Values of one variable, ``(2^bits,)``."""
        lo, hi = self.box[index]
        top = (1 << self.bits[index]) - 1
        codes = np.arange(top + 1)
        return (lo * (top - codes) + hi * codes) / top

    def codes(self, rows: ArrayLike) -> Longs:
        """Codes of every variable at given rows, (n, d)."""
        rows = np.asarray(rows, np.int64)
        found, shift = np.empty((len(rows), len(self.bits)), np.int64), 0
        for i, bits in enumerate(self.bits):
            found[:, i] = (rows >> shift) & ((1 << bits) - 1)
            shift += bits
        return found

    def points(self, rows: ArrayLike) -> Floats:
        """Values of every variable at given rows, (n, d)."""
        codes = self.codes(rows)
        return np.stack([self.axis(i)[codes[:, i]] for i in range(len(self.bits))], axis=1)

    def chunks(self) -> Iterator[tuple[int, int]]:
        """Ranges of rows that together are all."""
        for start in range(0, self.rows, CHUNK):
            yield start, min(start + CHUNK, self.rows)

    def sample(self, count: int, rng: np.random.Generator) -> Longs:
        """Rows: all if they are few, else all corners and faces' midpoints, and random ones."""
        if self.rows <= count:
            return np.arange(self.rows)
        picked = rng.integers(0, self.rows, count)
        ends = [(0, (1 << b) // 2, (1 << b) - 1) for b in self.bits]
        corners = np.stack(np.meshgrid(*ends, indexing="ij"), -1).reshape(-1, len(self.bits))
        shifts = np.concatenate([[0], np.cumsum(self.bits)[:-1]])
        return np.unique(np.concatenate([picked, (corners << shifts).sum(axis=1)]))


def make_grid(target: Target, input_bits: int | Sequence[int]) -> Grid:
    """Return the grid of representable inputs.

    Raises
    ------
    BudgetError
        If a number of bits makes no sense, or there are more inputs than can be simulated.
    """
    d = len(target.names)
    bits = (input_bits,) * d if isinstance(input_bits, int) else tuple(input_bits)
    if len(bits) != d:
        raise BudgetError(f"Expected one number of input bits, or {d}; got {len(bits)}.")
    wrong = [b for b in bits if not (isinstance(b, (int, np.integer)) and 1 <= b <= 20)]
    if wrong:
        raise BudgetError(f"Input bits: expected 1 to 20 for each variable, got {wrong[0]}.")
    if sum(bits) > MAX_BITS:
        raise BudgetError(
            f"{sum(bits)} input bits are 2^{sum(bits)} = {2.0 ** sum(bits):.2g} inputs, about"
            f" {2.0 ** (sum(bits) - 24) * 0.3:.0f} minutes or more; at most 2^{MAX_BITS} are"
            " simulated.",
            remedy=f"Use --input-bits {MAX_BITS // d} for each of the {d} variables, or fewer.",
        )
    return Grid(target.box, tuple(int(b) for b in bits))
