"""Search for the precision that takes the fewest gates, by actual counts (ours)."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tetrakis.compress._precision import Item, Precision, State
from tetrakis.compress._precision_moves import Move, exchange, paid
from tetrakis.compress._spread import Spread
from tetrakis.errors import BudgetError, NetworkError
from tetrakis.network import FixedPointResNet

_WEIGHS = (0.5, 1.0, 2.0)
_TRADES = 60
_FINER = 5  # halvings of the tolerance until something is accepted
_NOISE, _SHARES, _REPAIRS = 0.7, (0.02, 0.05, 0.1, 0.25, 0.5), 8
Gates = Callable[[FixedPointResNet], int]


@dataclass(frozen=True)
class Price:
    """What the last digit of a weight, or the last bit of an activation, costs and buys.

    Parameters
    ----------
    where : str
        For example ``"block 0 read[3, 5]"`` or ``"block 0 unit 3"``.
    kind : {"weight", "activation"}
    gates : int
        AND nodes that go with it, counted by compiling without it.
    error : float
        Certified error that goes up without it (of the worst output), in output units.
    """

    where: str
    kind: str
    gates: int
    error: float


@dataclass(frozen=True, eq=False)
class _Point:
    """A state with its network, its errors and its size."""

    state: State
    fixed: FixedPointResNet
    errors: np.ndarray
    gates: int


class Search:
    """Local search over states, by actual counts of gates."""

    def __init__(
        self,
        precision: Precision,
        tolerance: float,
        gates: Gates,
        accept: Callable[[FixedPointResNet], bool] | None,
        seconds: float,
    ) -> None:
        self.precision, self.tolerance, self.gates = precision, tolerance, gates
        self.accept = accept or (lambda fixed: True)
        self.end = time.monotonic() + seconds

    def late(self) -> bool:
        return time.monotonic() > self.end

    def starts(self) -> list[_Point]:
        """Return the smallest accepted of the model's states for every weight of activations.

        Where none at the tolerance is accepted, finer ones are tried.
        """
        reached = False
        for finer in range(_FINER):
            found: list[_Point] = []
            for weigh in _WEIGHS:
                best: _Point | None = None
                spread = Spread(self.precision, weigh)
                for state, fixed, errors in spread.starts(self.tolerance / 2**finer):
                    reached = True
                    if self.accept(fixed):
                        point = _Point(state, fixed, errors, self.gates(fixed))
                        best = point if best is None or point.gates < best.gates else best
                found += [best] if best is not None else []
            if found:
                return sorted(found, key=lambda p: p.gates)
            if not reached or self.late():
                break
        what = "nothing within it was accepted" if reached else "it can't be certified"
        raise BudgetError(
            f"tolerance {self.tolerance:g}: {what}.",
            remedy="Allow more, or use more input bits."
            if not reached
            else "Ask less of the condition, or use more input bits.",
        )

    def point(self, state: State) -> _Point | None:
        """Return the point of a state; None if it isn't within the tolerance or not accepted."""
        found = self.tried(state)
        good = found is not None and found.errors.max(initial=0.0) <= self.tolerance
        return found if found is not None and good and self.accept(found.fixed) else None

    def tried(self, state: State) -> _Point | None:
        try:
            fixed = self.precision.build(state)
        except NetworkError:
            return None
        return _Point(state, fixed, self.precision.errors(fixed), self.gates(fixed))

    def moves(self, point: _Point, steps: Sequence[int]) -> list[Move]:
        """Try every single step from a point; fewer if the time is over."""
        found: list[Move] = []
        for item in self.precision.items(point.state):
            for step in steps:
                if self.late():
                    return found
                if not self.precision.movable(point.state, item, step):
                    continue
                near = self.tried(point.state.moved([(item, step)]))
                if near is None:
                    continue
                change = near.errors - point.errors
                if near.gates != point.gates or (change < 0).any():
                    found.append(Move(item, step, near.gates - point.gates, change))
        return found

    def improved(self, point: _Point, sweeps: int) -> _Point:
        """Sweep until nothing is gained."""
        for _ in range(sweeps):
            if self.late():
                break
            moves = self.moves(point, (-1, 1))
            better = self.filled(self.exchanged(point, moves), moves)
            better = min(better, self.traded(point, moves), key=lambda p: p.gates)
            if better.gates >= point.gates:
                break
            point = better
        return point

    def shaken(self, point: _Point, kicks: int) -> _Point:
        """Exchange at random prices, fill up, and keep what is smaller (iterated local search)."""
        rng = np.random.default_rng(0)
        moves = self.moves(point, (-2, -1, 1, 2)) if kicks else []
        for _ in range(kicks):
            if self.late() or not moves:
                break
            noisy = [
                replace(m, gates=m.gates * float(np.exp(f)))
                for m, f in zip(moves, _NOISE * rng.standard_normal(len(moves)), strict=True)
            ]
            chosen = exchange(noisy, self.tolerance - point.errors, float(rng.choice(_SHARES)))
            some = [m for m in chosen if rng.random() < 0.8]
            found = self.repaired(point, some, [m for m in moves if m.step > 0])
            if found is None:
                continue
            found = self.filled(found, moves)
            if found.gates < point.gates:
                point = self.improved(found, 1)
                moves = self.moves(point, (-2, -1, 1, 2))
        return point

    def repaired(self, point: _Point, chosen: list[Move], buying: list[Move]) -> _Point | None:
        """Make the moves, and of the purchases as few as bring the errors within the tolerance."""
        for _ in range(_REPAIRS):
            found = self.tried(point.state.moved([(m.item, m.step) for m in chosen]))
            if found is None or not chosen:
                return None
            over = found.errors - self.tolerance
            if (over <= 0).all():
                return found if self.accept(found.fixed) else None
            taken = {m.item for m in chosen}
            left = [m for m in buying if m.item not in taken]
            freed = np.array([-np.minimum(m.errors[over > 0], 0.0).sum() for m in left])
            if not left or freed.max() <= 0:
                return None
            price = freed / np.array([max(m.gates, 0.5) for m in left])
            chosen = [*chosen, left[int(price.argmax())]]
        return None

    def exchanged(self, point: _Point, moves: list[Move]) -> _Point:
        """Make many moves at once: the best of several sizes of the exchange."""
        best = point
        for share in (1.0, 0.5, 0.25, 0.1, 0.05):
            chosen = exchange(moves, self.tolerance - point.errors, share)
            while chosen and not self.late():
                found = self.point(point.state.moved([(m.item, m.step) for m in chosen]))
                if found is not None:
                    best = min(best, found, key=lambda p: p.gates)
                    break
                chosen = chosen[: int(0.85 * len(chosen))]
        return best

    def traded(self, point: _Point, moves: list[Move]) -> _Point:
        """Sell one large item and buy what makes room for it, for the most promising ones."""
        best = point
        selling = sorted((m for m in moves if m.gates < 0 and m.step < 0), key=lambda m: m.gates)
        buying = [m for m in moves if m.step > 0]
        for move in selling[:_TRADES]:
            if self.late():
                break
            chosen = paid(move, buying, self.tolerance - point.errors)
            if chosen and sum(m.gates for m in chosen) < 0:
                found = self.repaired(point, chosen, buying)
                if found is not None:
                    best = min(best, found, key=lambda p: p.gates)
        return best

    def filled(self, point: _Point, moves: list[Move]) -> _Point:
        """Sell one by one what still fits into the budget, most gates per error first."""
        selling = [m for m in moves if m.gates < 0 and m.step < 0]
        room = np.maximum(self.tolerance - point.errors, 1e-300)
        for move in sorted(selling, key=lambda m: m.gates / max((m.errors / room).max(), 1e-12)):
            if self.late():
                break
            if not self.precision.movable(point.state, move.item, move.step):
                continue
            if (point.errors + move.errors).max() > self.tolerance * 1.05:
                continue  # the errors of single moves nearly add up
            found = self.point(point.state.moved([(move.item, move.step)]))
            if found is not None and found.gates < point.gates:
                point = found
        return point

    def prices(self, point: _Point) -> tuple[Price, ...]:
        """Return the price list of a point."""
        found = [
            Price(self._where(m.item), m.item.kind, -int(m.gates), float(m.errors.max()))
            for m in self.moves(point, (-1,))
        ]
        return tuple(sorted(found, key=lambda p: (-p.gates / max(p.error, 1e-300), p.where)))

    def _where(self, item: Item) -> str:
        if item.kind == "activation":
            return f"block {item.where} unit {item.place}"
        m = self.precision.matrices[item.where]
        row = int(np.searchsorted(m.matrix.indptr, item.place, side="right")) - 1
        place = f"{m.name}[{row}, {m.matrix.indices[item.place]}]"
        return place if m.name in ("read_in", "read_out") else f"block {m.block} {place}"
