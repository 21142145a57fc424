"""The table networks of one fit: rows held out for the choice, scores, and the choice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tetrakis.circuit import Aig, optimise
from tetrakis.errors import BudgetError
from tetrakis.learners._problem import Problem, r2
from tetrakis.learners._table_nets import TableNet


@dataclass(frozen=True, eq=False)
class TablePoint:
    """One trained table network: its penalty, its circuit, and what it scores.

    Parameters
    ----------
    net : TableNet
    circuit : Aig
    train_score : float
    held_out_score : float
        On rows that training didn't see; NaN without `validation_fraction`.
    """

    net: TableNet
    circuit: Aig
    train_score: float
    held_out_score: float

    @property
    def num_gates(self) -> int:
        """AND nodes of the circuit."""
        return self.circuit.num_gates


def held_rows(problem: Problem, share: float, seed: int) -> np.ndarray | None:
    """Mark rows to hold out; every class keeps a row to train on."""
    n = problem.table.n_rows
    count = int(share * n)
    if not count:
        return None
    order = np.random.default_rng(seed).permutation(n)
    if problem.task == "classification":
        _, first = np.unique(problem.target[order], return_index=True)
        order = np.concatenate([np.delete(order, first), order[first]])
    held = np.zeros(n, bool)
    held[order[: min(count, n - max(1, len(problem.classes)))]] = True
    return held if held.any() else None


def point_of(
    net: TableNet, problem: Problem, codes: np.ndarray, own: np.ndarray, held: np.ndarray | None
) -> TablePoint:
    """Compile and score a network."""
    guess = net.predict(codes)

    def score(rows: np.ndarray) -> float:
        truth = problem.target[rows]
        if problem.task == "regression":
            return r2(truth, guess[rows])
        return float(np.mean(guess[rows] == truth))

    rest = float("nan") if held is None else score(np.flatnonzero(held))
    return TablePoint(net, optimise(net.circuit()), score(own), rest)


def best_point(path: Sequence[TablePoint], max_gates: int | None) -> TablePoint:
    """Pick the best held-out score (training score without) within the budget."""
    within = [p for p in path if max_gates is None or p.num_gates <= max_gates]
    if not within:
        least = min(p.num_gates for p in path)
        raise BudgetError(
            f"No circuit of at most {max_gates} AND nodes was found; the smallest has {least}.",
            remedy="Allow more, or give larger penalties or fewer tables.",
        )
    held = not np.isnan(within[0].held_out_score)
    return max(within, key=lambda p: (p.held_out_score if held else p.train_score, -p.num_gates))
