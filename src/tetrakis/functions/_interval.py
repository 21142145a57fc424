"""Interval arithmetic on arrays, rounded outwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tetrakis.functions._operations import OPERATIONS

Floats = NDArray[np.float64]
ULPS, TINY = 8 * 2.2e-16, 1e-300


@dataclass(frozen=True, eq=False)
class Interval:
    """Closed intervals ``[lo, hi]``, elementwise; infinite ends say that nothing is known."""

    lo: Floats
    hi: Floats

    def __add__(self, other: Interval) -> Interval:
        return outward(self.lo + other.lo, self.hi + other.hi)

    def __neg__(self) -> Interval:
        return Interval(-self.hi, -self.lo)

    def __sub__(self, other: Interval) -> Interval:
        return self + -other

    def __mul__(self, other: Interval) -> Interval:
        ends = [a * b for a in (self.lo, self.hi) for b in (other.lo, other.hi)]
        ends = [np.where(np.isnan(x), 0.0, x) for x in ends]  # 0 times infinity
        return outward(np.minimum.reduce(ends), np.maximum.reduce(ends))

    def reciprocal(self) -> Interval:
        """Return 1 / x; everything where 0 is inside."""
        across = (self.lo <= 0) & (self.hi >= 0)
        lo, hi = 1.0 / self.hi, 1.0 / self.lo
        return outward(np.where(across, -np.inf, lo), np.where(across, np.inf, hi))

    def magnitude(self) -> Floats:
        """Largest absolute value."""
        return np.maximum(np.abs(self.lo), np.abs(self.hi))

    def monotone(self, function: Callable[[Floats], Floats], *, down: bool = False) -> Interval:
        """Apply a monotone function; ends outside its domain become infinite."""
        low, high = function(self.lo), function(self.hi)
        if down:
            low, high = high, low
        return outward(
            np.where(np.isnan(low), -np.inf, low), np.where(np.isnan(high), np.inf, high)
        )


def outward(lo: Floats, hi: Floats) -> Interval:
    """Widen by a few units in the last place."""
    return Interval(lo - ULPS * np.abs(lo) - TINY, hi + ULPS * np.abs(hi) + TINY)


def point(value: float, like: Interval) -> Interval:
    """Return a constant."""
    return Interval(np.full_like(like.lo, value), np.full_like(like.lo, value))


def square(x: Interval) -> Interval:
    """Return x²."""
    across = (x.lo <= 0) & (x.hi >= 0)
    least = np.where(across, 0.0, np.minimum(np.abs(x.lo), np.abs(x.hi)))
    found = outward(least**2, x.magnitude() ** 2)
    return Interval(np.maximum(found.lo, 0.0), found.hi)


def absolute(x: Interval) -> Interval:
    """Return |x|."""
    across = (x.lo <= 0) & (x.hi >= 0)
    least = np.where(across, 0.0, np.minimum(np.abs(x.lo), np.abs(x.hi)))
    return Interval(least, x.magnitude())


def power(x: Interval, exponent: float) -> Interval:
    """Return x to a constant."""
    if exponent == 0:
        return point(1.0, x)
    if exponent < 0:
        return power(x, -exponent).reciprocal()
    if exponent % 2 == 0:
        return absolute(x).monotone(lambda v: np.power(v, exponent))
    return x.monotone(lambda v: np.power(v, exponent))


def cosine(x: Interval) -> Interval:
    """Return cos x, with the extrema inside."""
    ends = np.cos(x.lo), np.cos(x.hi)
    slack = 1e-9 + 1e-12 * x.magnitude()

    def holds(phase: float) -> NDArray[np.bool_]:
        first = np.ceil((x.lo - slack - phase) / (2 * np.pi))
        return first * 2 * np.pi + phase <= x.hi + slack

    far = ~(x.hi - x.lo < 1e6) | (x.magnitude() > 1e9)
    lo = np.where(holds(np.pi) | far, -1.0, np.minimum(*ends))
    hi = np.where(holds(0.0) | far, 1.0, np.maximum(*ends))
    return outward(lo, hi)


def sine(x: Interval) -> Interval:
    """Return sin x."""
    half = point(np.pi / 2, x)
    return cosine(outward((x - half).lo, (x - half).hi))


def tangent(x: Interval) -> Interval:
    """Return tan x; everything across a pole."""
    pole = np.floor(x.lo / np.pi + 0.5) != np.floor(x.hi / np.pi + 0.5)
    found = x.monotone(np.tan)
    return Interval(np.where(pole, -np.inf, found.lo), np.where(pole, np.inf, found.hi))


def exponential(x: Interval) -> Interval:
    """Return exp x."""
    return x.monotone(np.exp)


def logarithm(x: Interval) -> Interval:
    """Return log x."""
    return x.monotone(np.log)


def larger(x: Interval, y: Interval) -> Interval:
    """Return max(x, y)."""
    return Interval(np.maximum(x.lo, y.lo), np.maximum(x.hi, y.hi))


def step(x: Interval) -> Interval:
    """Return the slope of relu."""
    return Interval(np.where(x.lo > 0, 1.0, 0.0), np.where(x.hi < 0, 0.0, 1.0))


def interval_of(op: str, args: list[Interval], exponent: float | None) -> Interval:
    """Apply an operation of formulas; `exponent` is that of a constant power."""
    x, known = args[0], OPERATIONS[op]
    if known.monotone:
        return x.monotone(known.evaluate, down=known.monotone == "down")
    if op == "pow" and exponent is not None:
        return power(x, exponent)
    unary: dict[str, Callable[[Interval], Interval]] = {
        "reciprocal": Interval.reciprocal, "square": square, "abs": absolute, "sin": sine,
        "cos": cosine, "tan": tangent,
        "cosh": lambda v: absolute(v).monotone(np.cosh),
    }  # fmt: skip
    if op in unary:
        return unary[op](x)
    y = args[1]
    binary: dict[str, Callable[[], Interval]] = {
        "add": lambda: x + y,
        "sub": lambda: x - y,
        "mul": lambda: x * y,
        "div": lambda: x * y.reciprocal(),
        "pow": lambda: exponential(y * logarithm(x)),
        "maximum": lambda: larger(x, y),
        "minimum": lambda: -larger(-x, -y),
        "hypot": lambda: (square(x) + square(y)).monotone(np.sqrt),
        "arctan2": lambda: _angle(x, y),
    }
    return binary[op]()


def _angle(y: Interval, x: Interval) -> Interval:
    found = (y * x.reciprocal()).monotone(np.arctan)
    right = x.lo > 0
    return Interval(np.where(right, found.lo, -np.pi), np.where(right, found.hi, np.pi))
