"""Moves of a precision, and which to make together (ours)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tetrakis.compress._precision import Item


@dataclass(frozen=True, eq=False)
class Move:
    """A step of one item, and what it changed when it was tried."""

    item: Item
    step: int
    gates: float
    errors: np.ndarray


def paid(move: Move, buying: list[Move], room: np.ndarray) -> list[Move]:
    """Add to a move the purchases that free most of the lacking error per gate; empty if none."""
    chosen, lack = [move], move.errors - room
    left = [m for m in buying if m.item != move.item]
    while (lack > 0).any():
        needed = lack > 0
        freed = [float(-np.minimum(m.errors[needed], 0.0).sum()) for m in left]
        order = [
            (f / max(m.gates, 0.5), k) for k, (f, m) in enumerate(zip(freed, left, strict=True))
        ]
        ratio, k = max(order, default=(0.0, -1))
        if ratio <= 0 or len(chosen) > 20:
            return []
        chosen.append(left.pop(k))
        lack = lack + chosen[-1].errors
    return chosen


def exchange(moves: list[Move], room: np.ndarray, share: float) -> list[Move]:
    """Choose at most one move per item: fewest gates for errors that fit into the room.

    Lagrange multipliers: a move is worth making if gates + Σ_k λ_k · error_k < 0. Of these the
    best `share` is taken, by bisection on the size of λ, its direction rising where room lacks.
    """
    if not moves:
        return []
    gates = np.array([m.gates for m in moves], np.float64)
    errors = np.array([m.errors for m in moves])
    prices = np.full(len(room), 1.0 / len(room))
    best: list[int] = []
    least = 0.0
    for _ in range(10):
        low, high = -10.0, 40.0
        used = room
        for _ in range(24):
            middle = (low + high) / 2
            chosen = _worthwhile(gates + errors @ (prices * 2.0**middle), moves, share)
            used = errors[chosen].sum(axis=0)
            if (used <= room).all():
                high = middle
                if gates[chosen].sum() < least:
                    best, least = chosen, float(gates[chosen].sum())
            else:
                low = middle
        scale = np.maximum(np.abs(room), 1e-300)
        prices = prices * np.exp(np.clip(2 * (used - room) / scale, -2, 2))
        prices = prices / prices.sum()
    return [moves[k] for k in best]


def _worthwhile(value: np.ndarray, moves: list[Move], share: float) -> list[int]:
    seen: set[Item] = set()
    chosen: list[int] = []
    for k in np.argsort(value, kind="stable").tolist():
        if value[k] >= -1e-9:
            break
        if moves[k].item not in seen:
            seen.add(moves[k].item)
            chosen.append(k)
    return chosen[: max(1, int(share * len(chosen)))] if chosen else []
